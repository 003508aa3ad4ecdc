/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_get(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* S26: reads see what was written before, stored or not */
START_TEST(a_task_is_seen_at_once_and_its_answer_waits_for_its_commit)
{
	dtss_task_id id = engine_task(&e, "job");
	uint64_t seq = dtss_sched_seq(e.s);

	ck_assert_uint_gt(seq, e.seq);
	ck_assert_str_eq(engine_view(&e, id).spec->name, "job");
	ck_assert_uint_eq(dtss_sched_seq(e.s), seq);
	engine_pump(&e);
	ck_assert_uint_le(dtss_sched_seq(e.s), e.seq);
}
END_TEST

START_TEST(a_standby_can_be_looked_at)
{
	struct dtss_task_filter filter = { .queue = "default" };
	dtss_task_id id = engine_task(&e, "job");
	struct dtss_task_view v;

	engine_join(&e, "w", 1, NULL);
	engine_pump(&e);
	ck_assert_uint_eq(dtss_sched_check(e.standby, NULL, 0), 0);
	ck_assert_int_eq(dtss_sched_task_get(e.standby, id, &v), 0);
	ck_assert_uint_eq(v.state, DTSS_TASK_LEASED);
	ck_assert_int_eq(dtss_sched_task_next(e.standby, &filter, &v), 0);
	ck_assert_uint_eq(v.id.v, id.v);
	filter.queue = "other";
	ck_assert_int_eq(dtss_sched_task_next(e.standby, &filter, &v), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_explain(e.standby, e.now, id, &(struct dtss_explanation){ 0 }), DTSS_E_NOT_LEADER);
}
END_TEST

/* S26: each that was there before is given exactly once, while others come and go */
START_TEST(a_walk_gives_each_task_once)
{
	struct dtss_task_filter filter = { 0 };
	struct dtss_task_view v;
	uint64_t next = 1;
	size_t i;

	for (i = 0; i < 100; i++)
		engine_task(&e, "old");
	engine_pump(&e);
	while (dtss_sched_task_next(e.s, &filter, &v) == 0 && v.id.v <= 100) {
		ck_assert_uint_eq(v.id.v, next++);
		filter.after = v.id.v;
		engine_task(&e, "new");
		if (v.id.v % 10 == 5)
			ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, v.id, NULL), 0);
		if (v.id.v % 10 == 0)
			engine_pump(&e);
	}
	ck_assert_uint_eq(next, 101);
}
END_TEST

START_TEST(a_walk_takes_what_the_filter_wants)
{
	const struct dtss_pair blue[] = { { "team", "blue" } };
	struct dtss_task_spec spec = engine_spec("x");
	struct dtss_task_filter filter = { 0 };
	struct dtss_task_view v;
	dtss_task_id a, b, c;

	spec.queue = "night";
	a = engine_submit(&e, &spec);
	spec.labels = blue;
	spec.label_count = 1;
	b = engine_submit(&e, &spec);
	spec = engine_spec("y");
	spec.flags = DTSS_SPEC_HELD;
	c = engine_submit(&e, &spec);
	engine_pump(&e);
	filter.queue = "night";
	ck_assert_int_eq(dtss_sched_task_next(e.s, &filter, &v), 0);
	ck_assert_uint_eq(v.id.v, a.v);
	filter.label_name = "team";
	filter.label_value = "blue";
	ck_assert_int_eq(dtss_sched_task_next(e.s, &filter, &v), 0);
	ck_assert_uint_eq(v.id.v, b.v);
	memset(&filter, 0, sizeof filter);
	filter.states = 1u << DTSS_TASK_HELD;
	ck_assert_int_eq(dtss_sched_task_next(e.s, &filter, &v), 0);
	ck_assert_uint_eq(v.id.v, c.v);
	filter.states = 1u << DTSS_TASK_RUNNING;
	ck_assert_int_eq(dtss_sched_task_next(e.s, &filter, &v), DTSS_E_NOT_FOUND);
	memset(&filter, 0, sizeof filter);
	filter.after = UINT64_MAX;
	ck_assert_int_eq(dtss_sched_task_next(e.s, &filter, &v), DTSS_E_NOT_FOUND);
}
END_TEST

/* S26 */
START_TEST(workers_are_walked_by_name)
{
	const char *names[] = { "b", "a", "ab", "c" }, *order[] = { "a", "ab", "b", "c" }, *after = NULL;
	struct dtss_worker_view v;
	size_t i;

	for (i = 0; i < 4; i++)
		engine_join(&e, names[i], 1, NULL);
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(dtss_sched_worker_next(e.s, after, &v), 0);
		ck_assert_str_eq(v.name, order[i]);
		after = order[i];
	}
	ck_assert_int_eq(dtss_sched_worker_next(e.s, after, &v), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_worker_next(e.s, "aa", &v), 0);
	ck_assert_str_eq(v.name, "ab");
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "z", &v), DTSS_E_NOT_FOUND);
}
END_TEST

START_TEST(all_attempts_of_a_task_are_told)
{
	struct dtss_outcome o = { DTSS_CAUSE_SIGNAL, 0, 9, 0, "killed" };
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_task_view v;
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	spec.retry.attempts_max = 3;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_ended(&e, id, &o);
	engine_wait(&e, id, DTSS_TASK_LEASED, 10000);
	engine_restart(&e);
	v = engine_view(&e, id);
	ck_assert_uint_eq(v.attempt_count, 2);
	ck_assert_uint_eq(v.attempts[0].attempt, 1);
	ck_assert_uint_eq(v.attempts[0].state, DTSS_ATTEMPT_ENDED);
	ck_assert_uint_eq(v.attempts[0].outcome.cause, DTSS_CAUSE_SIGNAL);
	ck_assert_uint_eq(v.attempts[0].outcome.signal, 9);
	ck_assert_str_eq(v.attempts[0].outcome.detail, "killed");
	ck_assert_uint_eq(v.attempts[1].state, DTSS_ATTEMPT_LEASED);
	ck_assert_uint_gt(v.attempts[1].fence, v.attempts[0].fence);
	ck_assert_str_eq(v.attempts[1].worker, "w");
	ck_assert_int_eq(v.due_ns, 0);
}
END_TEST

Suite *suite_unit_get(void)
{
	Suite *s = suite_create("unit_get");
	TCase *c = tcase_create("get");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_standby_can_be_looked_at);
	tcase_add_test(c, a_task_is_seen_at_once_and_its_answer_waits_for_its_commit);
	tcase_add_test(c, a_walk_gives_each_task_once);
	tcase_add_test(c, a_walk_takes_what_the_filter_wants);
	tcase_add_test(c, workers_are_walked_by_name);
	tcase_add_test(c, all_attempts_of_a_task_are_told);
	suite_add_tcase(s, c);
	return s;
}
