/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_retry(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
	engine_join(&e, "w", 1, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id retry(dtss_task_id id, const struct dtss_task_spec *spec)
{
	dtss_task_id again = { 0 };

	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, id, spec, &again), 0);
	ck_assert_uint_gt(again.v, id.v);
	engine_pump(&e);
	return again;
}

START_TEST(a_task_that_has_just_ended_runs_again_as_a_new_one)
{
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_task_view v;
	dtss_task_id id, again;

	spec.key = "k";
	spec.priority = 4;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_STARTED, 0, 0), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0); /* stopping, so it is still loaded */
	again = retry(id, NULL);
	v = engine_view(&e, again);
	ck_assert_uint_eq(v.retry_of.v, id.v);
	ck_assert_str_eq(v.spec->name, "job");
	ck_assert_int_eq(v.spec->priority, 4);
	ck_assert_ptr_null(v.spec->key); /* without its key */
	ck_assert_uint_eq(v.attempt_count, 0);
	engine_restart(&e);
	ck_assert_uint_eq(engine_view(&e, again).retry_of.v, id.v);
}
END_TEST

START_TEST(one_that_left_is_run_again_by_the_specification_of_the_store)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, again = { 0 };

	spec.key = "k";
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_exit(&e, id, 1);
	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, id, NULL, &again), DTSS_E_NOT_FOUND);
	again = retry(id, &spec);
	ck_assert_uint_eq(engine_state(&e, again), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_view(&e, again).retry_of.v, id.v);
	engine_exit(&e, again, 0);
	ck_assert_uint_ne(retry(id, &spec).v, again.v); /* as often as one likes */
}
END_TEST

START_TEST(what_has_not_ended_is_not_run_again)
{
	dtss_task_id id = engine_task(&e, "job"), again = { 9 };
	struct dtss_task_spec spec = engine_spec("job");
	uint64_t digest;

	engine_pump(&e);
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, id, NULL, &again), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, id, &spec, &again), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, (dtss_task_id){ 99 }, NULL, &again), DTSS_E_NOT_FOUND);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	ck_assert_uint_eq(again.v, 9);
}
END_TEST

/* It ran, so all that it waited for had succeeded: they need not be there any more. */
START_TEST(dependencies_of_what_ran_are_over)
{
	dtss_task_id parent = engine_task(&e, "parent"), child = engine_after(&e, "child", parent), again;

	engine_pump(&e);
	engine_exit(&e, parent, 0);
	engine_started(&e, child);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, child, NULL), 0);
	again = retry(child, NULL);
	engine_cause_end(&e, child, DTSS_CAUSE_CANCEL);
	ck_assert_uint_eq(engine_state(&e, again), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_full_table_refuses_a_retry_too)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, again;

	engine_close(&e);
	cfg.tasks_max = 1;
	engine_open(&e, &cfg);
	id = engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	engine_pump(&e);
	engine_task(&e, "b");
	ck_assert_int_eq(dtss_sched_retry(e.s, e.now, id, &spec, &again), DTSS_E_FULL);
}
END_TEST

Suite *suite_unit_retry(void)
{
	Suite *s = suite_create("unit_retry");
	TCase *c = tcase_create("retry");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_task_that_has_just_ended_runs_again_as_a_new_one);
	tcase_add_test(c, one_that_left_is_run_again_by_the_specification_of_the_store);
	tcase_add_test(c, what_has_not_ended_is_not_run_again);
	tcase_add_test(c, dependencies_of_what_ran_are_over);
	tcase_add_test(c, a_full_table_refuses_a_retry_too);
	suite_add_tcase(s, c);
	return s;
}
