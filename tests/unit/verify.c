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
	t->tries->at[0].fence += 100;
	expect("S6");
	t->tries->at[0].fence -= 100;
	t->failed_count = 5;
	expect("S11");
	t->failed_count = 0;
	t->tries->at[0].state = DTSS_ATTEMPT_RUNNING;
	expect("S9");
	t->tries->at[0].state = DTSS_ATTEMPT_LEASED;
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

#define BREAK(id, field, value)                                                                                        \
	do {                                                                                                           \
		__typeof__(field) kept_ = (field);                                                                     \
		(field) = (__typeof__(field))(value);                                                                  \
		expect(id);                                                                                            \
		(field) = kept_;                                                                                       \
	} while (0)

/* Tasks in each state, of two workers; and all that counts them. */
START_TEST(each_count_and_each_link_is_compared)
{
	struct dtss_task_spec spec = engine_spec("key");
	dtss_task_id running, blocked, delayed, keyed, ended;
	struct worker *w, *other;
	struct task *t;

	engine_join(&e, "w", 3, NULL);
	running = engine_task(&e, "runs");
	engine_pump(&e);
	engine_started(&e, running);
	blocked = engine_after(&e, "blocked", running);
	spec.retry.attempts_max = 2;
	delayed = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_exit(&e, delayed, 1);
	spec.key = "k";
	keyed = engine_submit(&e, &spec);
	engine_pump(&e);
	ended = engine_task(&e, "cancelled");
	engine_pump(&e);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, ended, NULL), 0);
	engine_join(&e, "x", 1, NULL);
	w = worker_find(e.s, "w");
	other = worker_find(e.s, "x");
	engine_check(&e);
	t = task_find(e.s, running.v);
	BREAK("S9", t->tries->at[0].state, DTSS_ATTEMPT_LEASED);
	BREAK("S9", t->tries->at[0].state, DTSS_ATTEMPT_ENDED);
	BREAK("S11", t->lost_count, 1000);
	BREAK("S6", t->tries->at[0].fence, 0);
	BREAK("S23", t->tries->at[0].worker, other);
	BREAK("S14", t->waiting, 1);
	BREAK("S15", t->state, DTSS_TASK_FAILED);
	t = task_find(e.s, blocked.v);
	BREAK("L1", t->waiting, 0);
	BREAK("S9", t->state, DTSS_TASK_LEASED);
	BREAK("L4", t->state, DTSS_TASK_READY);
	t = task_find(e.s, delayed.v);
	BREAK("L1", t->timer.link, NULL);
	BREAK("S9", t->state, DTSS_TASK_RUNNING);
	t = task_find(e.s, keyed.v);
	BREAK("S2", t->key->task, NULL);
	BREAK("S10", t->state, DTSS_TASK_FAILED);
	BREAK("S9", t->tries->at[0].state, DTSS_ATTEMPT_ENDED);
	t = task_any(e.s, ended.v);
	BREAK("S10", t->tries->at[0].state, DTSS_ATTEMPT_RUNNING);
	BREAK("L2", w->timer.link, NULL);
	engine_wait(&e, delayed, DTSS_TASK_LEASED, 600000);
	t = task_find(e.s, delayed.v);
	BREAK("S4", t->tries->at[0].state, DTSS_ATTEMPT_RUNNING);
	BREAK("S23", e.s->stats.slots, 0);
	BREAK("S23", e.s->stats.used, 0);
	BREAK("S23", e.s->key_count, 7);
	BREAK("S19", e.s->stored_seq, e.s->closed_seq + 1);
	BREAK("S19", e.s->closed_seq, e.s->meta.seq + 1);
	BREAK("S26", e.s->first_worker, other);
	BREAK("S26", e.s->first_worker->next, NULL);
	BREAK("S26", e.s->roster, NULL);
	BREAK("S21", w->entry.slot, w->entry.slot + 1);
	engine_check(&e);
}
END_TEST

START_TEST(keys_that_do_not_leave_oldest_first_are_noticed)
{
	struct dtss_task_spec spec = engine_spec("key");
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	for (spec.key = "a"; spec.key; spec.key = strcmp(spec.key, "a") == 0 ? "b" : NULL) {
		id = engine_submit(&e, &spec);
		engine_pump(&e);
		engine_exit(&e, id, 0);
		engine_sleep(&e, 5);
	}
	engine_check(&e);
	ck_assert_uint_eq(e.s->key_count, 2);
	BREAK("S2", e.s->key_head->expires_ns, e.s->key_tail->expires_ns + 1);
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
	tcase_add_test(c, each_count_and_each_link_is_compared);
	tcase_add_test(c, keys_that_do_not_leave_oldest_first_are_noticed);
	tcase_add_test(c, as_many_are_written_as_there_is_room_for);
	suite_add_tcase(s, c);
	return s;
}
