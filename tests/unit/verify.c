/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/engine.h"
#include "support/engine.h"

Suite *suite_unit_verify(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* Exactly that identifier is among what does not hold. */
static void expect(const char *id)
{
	struct dtss_violation v[8];
	size_t count = dtss_sched_check(e.s, v, 8), i;
	int found = 0;

	for (i = 0; i < count && i < 8; i++)
		found |= strcmp(v[i].id, id) == 0 && v[i].text[0];
	ck_assert_msg(found, "%s was not noticed", id);
}

/* Each is broken by hand, noticed by name, and mended. */
START_TEST(a_broken_invariant_is_named)
{
	dtss_task_id id, waits;
	struct task *t, *b;
	struct worker *w;

	engine_join(&e, "w", 2, NULL);
	id = engine_task(&e, "job");
	waits = engine_after(&e, "waits", id);
	engine_pump(&e);
	t = task_find(e.s, id.v);
	b = task_find(e.s, waits.v);
	w = worker_find(e.s, "w");
	engine_check(&e);
	t->attempts[0].fence += 100;
	expect("S6");
	t->attempts[0].fence -= 100;
	t->failed_count = 5;
	expect("S11");
	t->failed_count = 0;
	t->attempts[0].state = DTSS_ATTEMPT_RUNNING;
	expect("S9");
	t->attempts[0].state = DTSS_ATTEMPT_LEASED;
	w->leased++;
	expect("S23");
	w->leased--;
	w->most_tasks = 0;
	expect("S13");
	w->most_tasks = 2;
	b->waiting++;
	expect("S14");
	b->waiting--;
	e.s->meta.next_task = 1;
	expect("S3");
	e.s->meta.next_task = 3;
	e.s->meta.seq++;
	expect("S19");
	e.s->meta.seq--;
	e.s->stats.live[DTSS_TASK_LEASED]++;
	expect("S23");
	e.s->stats.live[DTSS_TASK_LEASED]--;
	wheel_cancel(&e.s->wheel, &t->timer);
	expect("L2");
	task_arm(e.s, e.now, t);
	engine_check(&e);
}
END_TEST

START_TEST(as_many_are_written_as_there_is_room_for)
{
	struct dtss_violation v[2] = { { NULL, NULL, 0, 0 }, { NULL, NULL, 0, 0 } };

	engine_join(&e, "a", 1, NULL);
	engine_join(&e, "b", 1, NULL);
	worker_find(e.s, "a")->leased++;
	worker_find(e.s, "b")->leased++;
	ck_assert_uint_ge(dtss_sched_check(e.s, v, 1), 2);
	ck_assert_uint_eq(v[0].worker, 1);
	ck_assert_ptr_null(v[1].id);
	worker_find(e.s, "a")->leased--;
	worker_find(e.s, "b")->leased--;
}
END_TEST

Suite *suite_unit_verify(void)
{
	Suite *s = suite_create("unit_verify");
	TCase *c = tcase_create("verify");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_broken_invariant_is_named);
	tcase_add_test(c, as_many_are_written_as_there_is_room_for);
	suite_add_tcase(s, c);
	return s;
}
