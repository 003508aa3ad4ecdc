/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/engine.h"
#include "support/engine.h"

Suite *suite_unit_attempt(void);

static struct engine e;
static struct engine_agent *w;
static struct dtss_task_spec spec;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
	spec = engine_spec("job");
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id submit(void)
{
	dtss_task_id id = engine_submit(&e, &spec);

	engine_pump(&e);
	return id;
}

/* It is given to a worker again, and ends so. */
static void end_again(dtss_task_id id, uint32_t cause, int32_t exit_code)
{
	struct dtss_outcome o = { cause, exit_code, cause == DTSS_CAUSE_SIGNAL ? 9 : 0, 0, NULL };

	engine_wait(&e, id, DTSS_TASK_LEASED, 600000);
	ck_assert_int_eq(engine_started(&e, id), 0);
	ck_assert_int_eq(engine_ended(&e, id, &o), 0);
}

static void expect(dtss_task_id id, uint32_t state, uint32_t cause)
{
	ck_assert_str_eq(dtss_task_state_name(engine_state(&e, id)), dtss_task_state_name(state));
	ck_assert_str_eq(dtss_cause_name(engine_cause(&e, id)), dtss_cause_name(cause));
}

START_TEST(without_a_policy_a_failure_is_the_end)
{
	const uint32_t causes[] = { DTSS_CAUSE_EXIT, DTSS_CAUSE_SIGNAL, DTSS_CAUSE_TIMEOUT, DTSS_CAUSE_OOM };
	size_t i;

	for (i = 0; i < 4; i++) {
		dtss_task_id id = submit();

		end_again(id, causes[i], 3);
		expect(id, DTSS_TASK_FAILED, causes[i]);
	}
}
END_TEST

/* S11 */
START_TEST(failures_are_bounded_by_attempts_max)
{
	struct dtss_stats st;
	dtss_task_id id;

	spec.retry.attempts_max = 3;
	id = submit();
	end_again(id, DTSS_CAUSE_EXIT, 1);
	expect(id, DTSS_TASK_DELAYED, DTSS_CAUSE_EXIT);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 1);
	end_again(id, DTSS_CAUSE_SIGNAL, 0);
	engine_restart(&e); /* the counters are durable */
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 2);
	end_again(id, DTSS_CAUSE_EXIT, 1);
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_EXIT);
	ck_assert_uint_eq(engine_attempt(&e, id), 3);
	dtss_sched_stats(e.s, &st);
	ck_assert_uint_eq(st.grants, 3);
	ck_assert_uint_eq(st.retries, 2);
}
END_TEST

START_TEST(the_third_attempt_may_succeed)
{
	dtss_task_id id;

	spec.retry.attempts_max = 3;
	id = submit();
	end_again(id, DTSS_CAUSE_EXIT, 1);
	end_again(id, DTSS_CAUSE_EXIT, 1);
	end_again(id, DTSS_CAUSE_EXIT, 0);
	expect(id, DTSS_TASK_SUCCEEDED, DTSS_CAUSE_EXIT);
}
END_TEST

START_TEST(the_first_rule_that_matches_decides)
{
	const struct dtss_retry_rule rules[] = {
		{ 1u << DTSS_CAUSE_EXIT, DTSS_RETRY_FAIL, 64, 78 },
		{ 1u << DTSS_CAUSE_EXIT, DTSS_RETRY_QUARANTINE, 79, 79 },
		{ 1u << DTSS_CAUSE_EXIT | 1u << DTSS_CAUSE_SIGNAL, DTSS_RETRY_IGNORE, 0, 0 },
		{ 0, DTSS_RETRY_RETRY, 0, 0 },
	};
	dtss_task_id id;

	spec.retry.attempts_max = 10;
	spec.retry.rules = rules;
	spec.retry.rule_count = 4;
	id = submit();
	end_again(id, DTSS_CAUSE_EXIT, 63);
	end_again(id, DTSS_CAUSE_SIGNAL, 0);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 0); /* ignored */
	end_again(id, DTSS_CAUSE_OOM, 0);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 1);
	end_again(id, DTSS_CAUSE_EXIT, 64);
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_EXIT);
	id = submit();
	end_again(id, DTSS_CAUSE_EXIT, 79);
	expect(id, DTSS_TASK_QUARANTINED, DTSS_CAUSE_RULE);
}
END_TEST

START_TEST(negative_exit_codes_match_too)
{
	const struct dtss_retry_rule rules[] = { { 0, DTSS_RETRY_FAIL, -5, -1 } };
	dtss_task_id id;

	spec.retry.attempts_max = 10;
	spec.retry.rules = rules;
	spec.retry.rule_count = 1;
	id = submit();
	end_again(id, DTSS_CAUSE_SIGNAL, 0); /* bounds are for exits */
	expect(id, DTSS_TASK_DELAYED, DTSS_CAUSE_SIGNAL);
	end_again(id, DTSS_CAUSE_EXIT, -3);
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_EXIT);
}
END_TEST

/* S11 */
START_TEST(a_task_that_takes_workers_down_is_quarantined)
{
	dtss_task_id id = submit();
	int i;

	for (i = 0; i < 3; i++) {
		engine_wait(&e, id, DTSS_TASK_LEASED, 1000);
		engine_started(&e, id);
		engine_reborn(w); /* it crashed */
		engine_beat(&e, w);
	}
	expect(id, DTSS_TASK_QUARANTINED, DTSS_CAUSE_LOST_MAX);
	ck_assert_uint_eq(engine_attempt(&e, id), 3);
	spec.retry.lost_max = 1;
	id = submit();
	engine_reborn(w);
	engine_beat(&e, w);
	expect(id, DTSS_TASK_QUARANTINED, DTSS_CAUSE_LOST_MAX);
}
END_TEST

START_TEST(what_counts_nowhere_backs_off_so_that_it_cannot_spin)
{
	dtss_task_id id = submit();
	uint64_t begin, waited = 0;
	int i;

	for (i = 0; i < 12; i++) {
		engine_wait(&e, id, DTSS_TASK_LEASED, 10000);
		engine_cause_end(&e, id, i % 2 ? DTSS_CAUSE_RELEASED : DTSS_CAUSE_REJECTED);
		expect(id, DTSS_TASK_DELAYED, i % 2 ? DTSS_CAUSE_RELEASED : DTSS_CAUSE_REJECTED);
		begin = e.now.mono_ns;
		engine_wait(&e, id, DTSS_TASK_LEASED, 10000);
		ck_assert_uint_ge(e.now.mono_ns - begin, 100000000);
		ck_assert_uint_ge((e.now.mono_ns - begin + 50000000) / 1000000, waited);
		waited = (e.now.mono_ns - begin) / 1000000;
	}
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 0);
	ck_assert_uint_eq(engine_view(&e, id).lost_count, 0);
	engine_exit(&e, id, 0);
	expect(id, DTSS_TASK_SUCCEEDED, DTSS_CAUSE_EXIT);
}
END_TEST

/* S11: all attempts together are at most 1,000 */
START_TEST(every_loop_is_bounded)
{
	dtss_task_id id = submit();
	int i;

	w->silent = 1;
	for (i = 0; i < DTSS_ATTEMPTS_MAX; i++) {
		ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
		engine_cause_end(&e, id, DTSS_CAUSE_REJECTED);
		engine_sleep(&e, 6400);
		engine_beat(&e, w);
		e.sent_count = 0;
	}
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_ATTEMPTS);
	ck_assert_uint_eq(engine_attempt(&e, id), DTSS_ATTEMPTS_MAX);
}
END_TEST

/* S6: nothing is granted twice under one fence, over restarts and takeovers */
START_TEST(fences_grow_for_ever)
{
	uint64_t fence = 0;
	dtss_task_id id;
	int i;

	spec.retry.attempts_max = 100;
	spec.retry.backoff_ms_min = 1;
	id = submit();
	for (i = 0; i < 10; i++) {
		engine_wait(&e, id, DTSS_TASK_LEASED, 600000);
		ck_assert_uint_gt(engine_fence(&e, id), fence);
		fence = engine_fence(&e, id);
		end_again(id, DTSS_CAUSE_EXIT, 1);
		if (i % 3 == 0)
			engine_restart(&e);
		if (i % 3 == 1)
			engine_takeover(&e);
		engine_beat(&e, w);
	}
}
END_TEST

/* A start that is never confirmed does not block the task for ever. */
START_TEST(an_attempt_that_is_listed_and_never_starts_is_given_back)
{
	dtss_task_id id = submit();

	engine_pass(&e, 59000);
	expect(id, DTSS_TASK_LEASED, DTSS_CAUSE_NONE);
	engine_pass(&e, 1500);
	ck_assert_uint_eq(engine_attempt(&e, id), 2);
	ck_assert_uint_ge(engine_count(&e, DTSS_MESSAGE_STOP, "w"), 1);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 0);
}
END_TEST

/* The agent stops it long before; one that does not must not keep the task for ever. */
START_TEST(the_run_timeout_has_a_backstop)
{
	dtss_task_id id;

	spec.timeout_ms = 5000;
	id = submit();
	engine_started(&e, id);
	engine_pass(&e, 5000 + 10000 + 30000 - 1000);
	expect(id, DTSS_TASK_RUNNING, DTSS_CAUSE_NONE);
	engine_pass(&e, 2000);
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_TIMEOUT);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->cause, DTSS_CAUSE_TIMEOUT);
}
END_TEST

/* S1: nobody is told of what a crash would lose */
START_TEST(the_stop_of_a_timeout_leaves_when_the_end_is_durable)
{
	struct dtss_action action;
	dtss_task_id id;

	spec.timeout_ms = 5000;
	id = submit();
	engine_started(&e, id);
	engine_pass(&e, 5000 + 10000 + 30000 - 1000);
	expect(id, DTSS_TASK_RUNNING, DTSS_CAUSE_NONE);
	engine_sleep(&e, 1000);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &action), 0);
	engine_pump(&e);
	expect(id, DTSS_TASK_FAILED, DTSS_CAUSE_TIMEOUT);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, "w"), 1);
}
END_TEST

START_TEST(a_run_without_a_timeout_may_take_hours)
{
	dtss_task_id id = submit();
	int i;

	engine_started(&e, id);
	w->silent = 1;
	for (i = 0; i < 2000; i++) {
		engine_sleep(&e, 9000);
		engine_beat(&e, w);
	}
	expect(id, DTSS_TASK_RUNNING, DTSS_CAUSE_NONE);
}
END_TEST

/* The agent cannot know of it before: a slow disk takes nothing from its lease. */
START_TEST(the_lease_runs_from_when_the_grant_is_durable)
{
	dtss_task_id id = engine_submit(&e, &spec);

	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	engine_sleep(&e, 25000);
	engine_store(&e);
	w->silent = 1;
	engine_pass(&e, 29000);
	expect(id, DTSS_TASK_LEASED, DTSS_CAUSE_NONE);
	engine_pass(&e, 2000);
	expect(id, DTSS_TASK_READY, DTSS_CAUSE_LOST);
}
END_TEST

/* Room for more attempts is made for a task wherever it stands, in its worker's list too. */
START_TEST(a_live_task_stays_in_its_list_when_its_attempts_move)
{
	static const char *const tags[] = { "x" };
	dtss_task_id ids[3];
	size_t i;

	engine_join(&e, "v", 3, "x");
	spec.tags = tags;
	spec.tag_count = 1;
	for (i = 0; i < 3; i++)
		ids[i] = submit();
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(attempt_reserve(e.s, task_find(e.s, ids[i].v), DTSS_ATTEMPTS_MAX), 0);
	engine_check(&e);
	for (i = 0; i < 3; i++) {
		engine_exit(&e, ids[2 - i], 0);
		engine_pump(&e);
		engine_check(&e);
	}
}
END_TEST

Suite *suite_unit_attempt(void)
{
	Suite *s = suite_create("unit_attempt");
	TCase *c = tcase_create("attempt");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, without_a_policy_a_failure_is_the_end);
	tcase_add_test(c, failures_are_bounded_by_attempts_max);
	tcase_add_test(c, the_third_attempt_may_succeed);
	tcase_add_test(c, the_first_rule_that_matches_decides);
	tcase_add_test(c, negative_exit_codes_match_too);
	tcase_add_test(c, a_task_that_takes_workers_down_is_quarantined);
	tcase_add_test(c, what_counts_nowhere_backs_off_so_that_it_cannot_spin);
	tcase_add_test(c, every_loop_is_bounded);
	tcase_add_test(c, fences_grow_for_ever);
	tcase_add_test(c, an_attempt_that_is_listed_and_never_starts_is_given_back);
	tcase_add_test(c, the_run_timeout_has_a_backstop);
	tcase_add_test(c, the_stop_of_a_timeout_leaves_when_the_end_is_durable);
	tcase_add_test(c, a_run_without_a_timeout_may_take_hours);
	tcase_add_test(c, the_lease_runs_from_when_the_grant_is_durable);
	tcase_add_test(c, a_live_task_stays_in_its_list_when_its_attempts_move);
	suite_add_tcase(s, c);
	return s;
}
