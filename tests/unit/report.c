/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_report(void);

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id leased(void)
{
	dtss_task_id id = engine_task(&e, "job");

	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	return id;
}

/* An attempt whose worker went silent: lost, and the task waits for another. */
static dtss_task_id lost(void)
{
	dtss_task_id id = leased();

	engine_started(&e, id);
	w->silent = 1;
	engine_pass(&e, 31000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_LOST);
	return id;
}

static uint64_t fenced(void)
{
	struct dtss_stats st;

	dtss_sched_stats(e.s, &st);
	return st.fenced;
}

START_TEST(a_run_is_told_with_its_times)
{
	dtss_task_id id = leased();
	struct dtss_task_view v;
	int64_t granted = e.now.wall_ns;

	engine_pass(&e, 1000);
	ck_assert_int_eq(engine_started(&e, id), 0);
	ck_assert_int_eq(engine_started(&e, id), 0); /* repeated */
	ck_assert_uint_eq(e.tasks[id.v].steps, 3);
	engine_after(&e, "child", id); /* keeps its parent loaded, so that it can be looked at */
	engine_sleep(&e, 500);
	v = engine_view(&e, id);
	ck_assert_uint_eq(v.state, DTSS_TASK_RUNNING);
	ck_assert_int_eq(v.started_ns, granted + 1000000000);
	ck_assert_uint_eq(v.attempt_count, 1);
	ck_assert_str_eq(v.attempts[0].worker, "w");
	ck_assert_int_eq(v.attempts[0].granted_ns, granted);
	ck_assert_int_eq(v.attempts[0].started_ns, granted + 1000000000);
	ck_assert_int_eq(v.attempts[0].ended_ns, 0);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
	ck_assert_int_eq(dtss_sched_task_get(e.s, id, &v), DTSS_E_NOT_FOUND); /* stored, so it is history */
}
END_TEST

START_TEST(an_end_implies_the_start)
{
	dtss_task_id id = leased();
	struct dtss_report r = { .size = sizeof r, .task = id, .attempt = 1, .kind = DTSS_REPORT_ENDED };

	r.fence = engine_fence(&e, id);
	r.outcome.cause = DTSS_CAUSE_EXIT;
	engine_forget(&e, id);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	ck_assert_int_eq(engine_view(&e, id).started_ns, e.now.wall_ns);
	ck_assert_int_eq(engine_view(&e, id).attempts[0].started_ns, e.now.wall_ns);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
}
END_TEST

START_TEST(what_could_not_start_has_not_started)
{
	struct dtss_outcome o = { DTSS_CAUSE_START_FAILED, 0, 0, 2, "no such file" };
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_task_view v;
	dtss_task_id id;

	spec.retry.attempts_max = 2;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	ck_assert_int_eq(engine_ended(&e, id, &o), 0);
	v = engine_view(&e, id);
	ck_assert_int_eq(v.started_ns, 0);
	ck_assert_int_eq(v.attempts[0].started_ns, 0);
	ck_assert_int_eq(v.attempts[0].outcome.err, 2);
	ck_assert_str_eq(v.attempts[0].outcome.detail, "no such file");
	engine_restart(&e);
	ck_assert_str_eq(engine_view(&e, id).attempts[0].outcome.detail, "no such file");
}
END_TEST

/* S4, S5 */
START_TEST(a_second_end_is_fenced_and_counted)
{
	dtss_task_id id = leased();
	uint64_t digest;

	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	digest = dtss_sched_digest(e.s);
	ck_assert_int_eq(engine_exit(&e, id, 1), DTSS_E_FENCED);
	ck_assert_int_eq(engine_exit(&e, id, 0), DTSS_E_FENCED);
	ck_assert_uint_eq(dtss_sched_digest(e.s), digest);
	ck_assert_uint_eq(fenced(), 2);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
}
END_TEST

/* S4, S5: finished work is not thrown away while nobody else was given the task */
START_TEST(a_late_success_of_a_lost_attempt_counts)
{
	dtss_task_id id = lost();
	uint64_t fence = engine_fence(&e, id);

	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_STARTED, 0, 0), DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), DTSS_E_FENCED);
}
END_TEST

START_TEST(a_late_success_counts_while_the_task_is_held_too)
{
	dtss_task_id id = lost();

	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
	engine_restart(&e);
	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
}
END_TEST

START_TEST(a_late_failure_changes_nothing)
{
	dtss_task_id id = lost();
	uint64_t fence = engine_fence(&e, id);

	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 1), DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_SIGNAL, 0), DTSS_E_FENCED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

/* The process was frozen, and another worker has the task now. */
START_TEST(a_success_after_the_next_grant_is_refused)
{
	dtss_task_id id = lost();
	uint64_t fence = engine_fence(&e, id);

	engine_join(&e, "second", 1, NULL);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), DTSS_E_FENCED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
}
END_TEST

START_TEST(a_late_success_of_a_cancelled_task_is_refused)
{
	dtss_task_id id = lost();

	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0),
			 DTSS_E_FENCED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
}
END_TEST

/* S5 */
START_TEST(fences_of_others_are_refused)
{
	dtss_task_id id = leased(), other;
	uint64_t fence = engine_fence(&e, id);

	engine_join(&e, "v", 1, NULL);
	other = leased();
	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, other), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0),
			 DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, id, fence + 1000, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, id, 0, DTSS_REPORT_STARTED, 0, 0), DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, (dtss_task_id){ 4711 }, fence, DTSS_REPORT_STARTED, 0, 0), DTSS_E_FENCED);
	ck_assert_int_eq(engine_report(&e, (dtss_task_id){ UINT64_MAX }, fence, DTSS_REPORT_STARTED, 0, 0),
			 DTSS_E_FENCED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, other), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_fence_is_live_from_the_grant_to_the_end)
{
	dtss_task_id id = leased();
	uint64_t fence = engine_fence(&e, id);

	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, fence), 1);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, fence + 1), 0);
	engine_restart(&e);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, fence), 1);
	engine_exit(&e, id, 0);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, fence), 0);
}
END_TEST

START_TEST(what_is_wrong_with_a_report_is_named)
{
	char detail[DTSS_DETAIL_LEN_MAX + 2];
	dtss_task_id id = leased();
	struct dtss_report r = { .size = sizeof r, .task = id, .attempt = 1, .kind = 3 };
	struct dtss_problem problem;

	r.fence = engine_fence(&e, id);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), DTSS_E_INVALID);
	r.kind = DTSS_REPORT_ENDED;
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), DTSS_E_INVALID);
	dtss_sched_problem(e.s, &problem);
	ck_assert_str_eq(problem.field, "outcome.cause");
	r.outcome.cause = DTSS_CAUSE_SIGNAL;
	r.outcome.signal = 256;
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), DTSS_E_INVALID);
	memset(detail, 'x', sizeof detail - 1);
	detail[sizeof detail - 1] = '\0';
	r.outcome.signal = 9;
	r.outcome.detail = detail;
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), DTSS_E_TOO_BIG);
	detail[sizeof detail - 2] = '\0';
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	engine_forget(&e, id);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_FAILED);
}
END_TEST

/* S5: late success is believed of lost attempts alone; this one was given back by its own agent */
START_TEST(a_success_after_the_attempt_was_given_back_is_refused)
{
	dtss_task_id id = leased();

	engine_started(&e, id);
	ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_RELEASED), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0),
			 DTSS_E_FENCED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
}
END_TEST

Suite *suite_unit_report(void)
{
	Suite *s = suite_create("unit_report");
	TCase *c = tcase_create("report");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_run_is_told_with_its_times);
	tcase_add_test(c, an_end_implies_the_start);
	tcase_add_test(c, what_could_not_start_has_not_started);
	tcase_add_test(c, a_second_end_is_fenced_and_counted);
	tcase_add_test(c, a_late_success_of_a_lost_attempt_counts);
	tcase_add_test(c, a_late_success_counts_while_the_task_is_held_too);
	tcase_add_test(c, a_late_failure_changes_nothing);
	tcase_add_test(c, a_success_after_the_next_grant_is_refused);
	tcase_add_test(c, a_late_success_of_a_cancelled_task_is_refused);
	tcase_add_test(c, fences_of_others_are_refused);
	tcase_add_test(c, a_fence_is_live_from_the_grant_to_the_end);
	tcase_add_test(c, what_is_wrong_with_a_report_is_named);
	tcase_add_test(c, a_success_after_the_attempt_was_given_back_is_refused);
	suite_add_tcase(s, c);
	return s;
}
