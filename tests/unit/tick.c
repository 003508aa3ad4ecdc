/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_tick(void);

#define SECOND INT64_C(1000000000)

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id not_before(int64_t wall_ns)
{
	struct dtss_task_spec spec = engine_spec("later");
	dtss_task_id id;

	spec.not_before_ns = wall_ns;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	return id;
}

/* The wall clock is set; and as everywhere, something ticks now and then. */
static void set_wall(int64_t seconds)
{
	e.now.wall_ns += seconds * SECOND;
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	engine_pump(&e);
}

START_TEST(an_idle_engine_wants_no_tick)
{
	ck_assert_uint_eq(dtss_sched_next_ns(e.s), DTSS_NEVER);
	engine_task(&e, "job");
	ck_assert_uint_eq(dtss_sched_next_ns(e.s), 0);
	engine_pump(&e);
	ck_assert_uint_eq(dtss_sched_next_ns(e.s), DTSS_NEVER);
	engine_join(&e, "w", 1, "other");
	ck_assert_uint_gt(dtss_sched_next_ns(e.s), e.now.mono_ns);
	ck_assert_uint_lt(dtss_sched_next_ns(e.s), DTSS_NEVER);
}
END_TEST

START_TEST(a_tick_too_early_or_once_more_does_nothing)
{
	uint64_t digest;

	not_before(e.now.wall_ns + SECOND);
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	ck_assert_int_eq(dtss_sched_tick(e.standby, e.now), DTSS_E_NOT_LEADER);
}
END_TEST

START_TEST(a_task_waits_for_its_time)
{
	dtss_task_id id = not_before(e.now.wall_ns + 90 * SECOND), past = not_before(e.now.wall_ns - SECOND);

	ck_assert_uint_eq(engine_state(&e, past), DTSS_TASK_READY);
	engine_pass(&e, 89999);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	engine_pass(&e, 1);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

/* S18, P11: it follows the wall clock in both directions, and is neither lost nor early */
START_TEST(not_before_follows_a_wall_clock_that_jumps)
{
	dtss_task_id id = not_before(e.now.wall_ns + 3600 * SECOND), second;

	set_wall(-600);
	engine_pass(&e, 3600 * 1000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED); /* 10 minutes more */
	engine_pass(&e, 600 * 1000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	second = not_before(e.now.wall_ns + 3600 * SECOND);
	set_wall(1800);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_DELAYED);
	set_wall(1799);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_DELAYED);
	set_wall(2);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_READY);
}
END_TEST

START_TEST(many_small_steps_of_the_wall_clock_add_up)
{
	dtss_task_id id = not_before(e.now.wall_ns + 1000 * SECOND);
	int i;

	for (i = 0; i < 2000; i++) {
		e.now.wall_ns += SECOND / 2;
		ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	}
	engine_pass(&e, 1000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

/* What happens to leases, backoffs and deadlines, with the wall clock going mad or not. */
static uint64_t story(int mad)
{
	static const int64_t jumps[] = { 3600, -7200, 100000000, -90000000, -1, 1 };
	struct dtss_task_spec spec = engine_spec("job");
	uint64_t sum = 0;
	size_t i, step;

	engine_close(&e);
	engine_open(&e, NULL);
	engine_join(&e, "a", 2, NULL);
	engine_join(&e, "b", 2, NULL);
	spec.retry.attempts_max = 5;
	spec.start_deadline_ms = 50000;
	spec.timeout_ms = 20000;
	for (i = 0; i < 8; i++)
		engine_submit(&e, &spec);
	e.agents[0].silent = 1;
	for (step = 0; step < 400; step++) {
		if (mad && step % 5 == 0)
			e.now.wall_ns += jumps[step / 5 % 6] * SECOND;
		engine_pass(&e, 250);
		if (step % 20 == 7)
			for (i = 1; i <= 8; i++)
				if (engine_state(&e, (dtss_task_id){ i }) == DTSS_TASK_LEASED && (i + step) % 3)
					engine_exit(&e, (dtss_task_id){ i }, (int32_t)(step % 2));
		for (i = 1; i <= 8; i++)
			sum = sum * 31 + engine_state(&e, (dtss_task_id){ i }) + 100 * e.tasks[i].attempt;
	}
	return sum;
}

/* S18: the twin run */
START_TEST(leases_backoffs_and_deadlines_do_not_see_the_wall_clock)
{
	ck_assert_uint_eq(story(0), story(1));
}
END_TEST

START_TEST(the_start_deadline_ends_what_waited_too_long)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id ready, blocked, delayed, running;
	struct dtss_after after;

	spec.start_deadline_ms = 5000;
	engine_join(&e, "w", 1, NULL);
	running = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_started(&e, running);
	ready = engine_submit(&e, &spec);
	after.task = running;
	after.outcome = after.reserved = 0;
	spec.after = &after;
	spec.after_count = 1;
	blocked = engine_submit(&e, &spec);
	spec.after_count = 0;
	spec.not_before_ns = e.now.wall_ns + 60 * SECOND;
	delayed = engine_submit(&e, &spec);
	engine_pass(&e, 4999);
	ck_assert_uint_eq(engine_state(&e, ready), DTSS_TASK_READY);
	engine_pass(&e, 1);
	ck_assert_uint_eq(engine_state(&e, ready), DTSS_TASK_EXPIRED);
	ck_assert_uint_eq(engine_cause(&e, ready), DTSS_CAUSE_DEADLINE);
	ck_assert_uint_eq(engine_state(&e, blocked), DTSS_TASK_EXPIRED);
	ck_assert_uint_eq(engine_state(&e, delayed), DTSS_TASK_EXPIRED);
	ck_assert_uint_eq(engine_state(&e, running), DTSS_TASK_RUNNING); /* it is for the first start only */
}
END_TEST

START_TEST(the_start_deadline_does_not_end_a_retry)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	spec.start_deadline_ms = 5000;
	spec.retry.attempts_max = 2;
	spec.retry.backoff_ms_min = 60000;
	engine_join(&e, "w", 1, NULL);
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_started(&e, id);
	engine_exit(&e, id, 1);
	engine_pass(&e, 50000);
	engine_restart(&e);
	engine_pass(&e, 9000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	engine_pass(&e, 20000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

/* L1, L4: the machine slept; whatever became due meanwhile is done in bounded steps */
START_TEST(a_long_sleep_is_caught_up_with)
{
	dtss_task_id id[3000];
	size_t i;

	for (i = 0; i < 3000; i++) {
		struct dtss_task_spec spec = engine_spec("later");

		spec.not_before_ns = e.now.wall_ns + (int64_t)(i + 1) * SECOND;
		ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id[i]), 0);
	}
	engine_pump(&e);
	engine_sleep(&e, 10000 * 1000);
	engine_pump(&e);
	for (i = 0; i < 3000; i++)
		ck_assert_uint_eq(engine_state(&e, id[i]), DTSS_TASK_READY);
}
END_TEST

/* P11: it jumps, and is set right again */
START_TEST(a_wall_clock_that_jumps_and_comes_back_changes_nothing)
{
	dtss_task_id id = not_before(e.now.wall_ns + 60 * SECOND);

	set_wall(-3600);
	engine_pass(&e, 1000);
	set_wall(3600);
	engine_pass(&e, 58000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	engine_pass(&e, 1000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

Suite *suite_unit_tick(void)
{
	Suite *s = suite_create("unit_tick");
	TCase *c = tcase_create("tick");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, an_idle_engine_wants_no_tick);
	tcase_add_test(c, a_tick_too_early_or_once_more_does_nothing);
	tcase_add_test(c, a_task_waits_for_its_time);
	tcase_add_test(c, not_before_follows_a_wall_clock_that_jumps);
	tcase_add_test(c, many_small_steps_of_the_wall_clock_add_up);
	tcase_add_test(c, leases_backoffs_and_deadlines_do_not_see_the_wall_clock);
	tcase_add_test(c, the_start_deadline_ends_what_waited_too_long);
	tcase_add_test(c, the_start_deadline_does_not_end_a_retry);
	tcase_add_test(c, a_long_sleep_is_caught_up_with);
	tcase_add_test(c, a_wall_clock_that_jumps_and_comes_back_changes_nothing);
	suite_add_tcase(s, c);
	return s;
}
