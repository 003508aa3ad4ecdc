/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_stats(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static struct dtss_stats stats(void)
{
	struct dtss_stats st;

	dtss_sched_stats(e.s, &st);
	return st;
}

/* S23 */
START_TEST(tasks_are_counted_by_state)
{
	dtss_task_id a = engine_task(&e, "a"), b = engine_task(&e, "b"), c;
	struct dtss_stats st;

	c = engine_after(&e, "c", a);
	engine_join(&e, "w", 1, NULL);
	engine_started(&e, a);
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, b), 0);
	st = stats();
	ck_assert_uint_eq(st.live[DTSS_TASK_RUNNING], 1);
	ck_assert_uint_eq(st.live[DTSS_TASK_HELD], 1);
	ck_assert_uint_eq(st.live[DTSS_TASK_BLOCKED], 1);
	ck_assert_uint_eq(st.totals[0], 3);
	engine_exit(&e, a, 1);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, b, NULL), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, c), DTSS_TASK_SKIPPED);
	st = stats();
	ck_assert_uint_eq(st.totals[DTSS_TASK_FAILED], 1);
	ck_assert_uint_eq(st.totals[DTSS_TASK_CANCELLED], 1);
	ck_assert_uint_eq(st.totals[DTSS_TASK_SKIPPED], 1);
	ck_assert_uint_eq(st.live[DTSS_TASK_RUNNING] + st.live[DTSS_TASK_HELD] + st.live[DTSS_TASK_BLOCKED], 0);
	ck_assert_uint_eq(st.grants, 1);
}
END_TEST

START_TEST(workers_and_slots_are_counted)
{
	struct engine_agent *a = engine_join(&e, "a", 4, NULL);
	struct dtss_stats st;

	engine_join(&e, "b", 3, NULL);
	engine_task(&e, "job");
	engine_pump(&e);
	st = stats();
	ck_assert_uint_eq(st.workers[DTSS_WORKER_ONLINE], 2);
	ck_assert_uint_eq(st.slots, 7);
	ck_assert_uint_eq(st.used, 1);
	a->silent = 1;
	engine_pass(&e, 15000);
	st = stats();
	ck_assert_uint_eq(st.workers[DTSS_WORKER_ONLINE], 1);
	ck_assert_uint_eq(st.workers[DTSS_WORKER_SUSPICIOUS], 1);
	ck_assert_uint_eq(st.slots, 3); /* of online workers */
	engine_pass(&e, 10000);
	ck_assert_uint_eq(stats().workers[DTSS_WORKER_OFFLINE], 1);
	e.agents[1].max_tasks = 10;
	engine_beat(&e, &e.agents[1]);
	ck_assert_uint_eq(stats().slots, 10);
	engine_beat(&e, a);
	ck_assert_uint_eq(stats().slots, 14);
}
END_TEST

START_TEST(where_the_log_stands_is_told)
{
	uint64_t seq = stats().seq;

	ck_assert_uint_eq(stats().epoch, 1);
	engine_task(&e, "job");
	ck_assert_uint_eq(stats().seq, seq + 1);
	engine_takeover(&e);
	ck_assert_uint_eq(stats().epoch, 2);
}
END_TEST

Suite *suite_unit_stats(void)
{
	Suite *s = suite_create("unit_stats");
	TCase *c = tcase_create("stats");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, tasks_are_counted_by_state);
	tcase_add_test(c, workers_and_slots_are_counted);
	tcase_add_test(c, where_the_log_stands_is_told);
	suite_add_tcase(s, c);
	return s;
}
