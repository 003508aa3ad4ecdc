/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_hold(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static void hold(dtss_task_id id)
{
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_HELD);
}

static void release(dtss_task_id id, uint32_t expected)
{
	ck_assert_int_eq(dtss_sched_release(e.s, e.now, id), 0);
	engine_pump(&e);
	ck_assert_str_eq(dtss_task_state_name(engine_state(&e, id)), dtss_task_state_name(expected));
}

/* Neither verb, and no trace of it. */
static void expect_refused(dtss_task_id id, int error)
{
	uint64_t digest = dtss_sched_digest_all(e.s);

	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), error);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	ck_assert_int_eq(dtss_sched_release(e.s, e.now, id), error);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
}

START_TEST(a_held_task_is_not_given_away_until_it_is_released)
{
	dtss_task_id id = engine_task(&e, "job");

	hold(id);
	engine_join(&e, "w", 1, NULL);
	engine_pass(&e, 10000);
	engine_restart(&e);
	engine_beat(&e, &e.agents[0]);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_HELD);
	release(id, DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_task_may_begin_as_held)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	spec.flags = DTSS_SPEC_HELD;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_HELD);
	release(id, DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_release_goes_where_it_would_be_without_the_hold)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id parent = engine_task(&e, "parent"), blocked = engine_after(&e, "blocked", parent), delayed;

	spec.not_before_ns = e.now.wall_ns + 10000000000;
	delayed = engine_submit(&e, &spec);
	hold(blocked);
	hold(delayed);
	release(blocked, DTSS_TASK_BLOCKED);
	release(delayed, DTSS_TASK_DELAYED);
	hold(delayed);
	engine_pass(&e, 10001);
	release(delayed, DTSS_TASK_READY);
	release((hold(parent), parent), DTSS_TASK_READY);
}
END_TEST

START_TEST(a_backoff_goes_on_while_it_is_held)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	spec.retry.attempts_max = 3;
	spec.retry.backoff_ms_min = 10000;
	spec.retry.jitter = DTSS_JITTER_OFF;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_exit(&e, id, 1);
	hold(id);
	engine_pass(&e, 4000);
	release(id, DTSS_TASK_DELAYED);
	hold(id);
	engine_restart(&e);
	engine_pass(&e, 6001);
	release(id, DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_held_task_can_expire)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	spec.flags = DTSS_SPEC_HELD;
	spec.start_deadline_ms = 5000;
	id = engine_submit(&e, &spec);
	engine_pass(&e, 4999);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_HELD);
	engine_pass(&e, 1);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_EXPIRED);
}
END_TEST

START_TEST(holding_works_before_leasing_only)
{
	dtss_task_id id = engine_task(&e, "job");

	ck_assert_int_eq(dtss_sched_release(e.s, e.now, id), DTSS_E_STATE);
	engine_join(&e, "w", 1, NULL);
	expect_refused(id, DTSS_E_STATE);
	engine_started(&e, id);
	expect_refused(id, DTSS_E_STATE);
	engine_exit(&e, id, 0);
	expect_refused(id, DTSS_E_NOT_FOUND);
	id = engine_task(&e, "second");
	hold(id);
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), DTSS_E_STATE);
}
END_TEST

/* S10 */
START_TEST(what_has_ended_and_is_not_stored_yet_cannot_be_held)
{
	dtss_task_id id = engine_task(&e, "job");

	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	expect_refused(id, DTSS_E_STATE);
}
END_TEST

Suite *suite_unit_hold(void)
{
	Suite *s = suite_create("unit_hold");
	TCase *c = tcase_create("hold");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_held_task_is_not_given_away_until_it_is_released);
	tcase_add_test(c, a_task_may_begin_as_held);
	tcase_add_test(c, a_release_goes_where_it_would_be_without_the_hold);
	tcase_add_test(c, a_backoff_goes_on_while_it_is_held);
	tcase_add_test(c, a_held_task_can_expire);
	tcase_add_test(c, holding_works_before_leasing_only);
	tcase_add_test(c, what_has_ended_and_is_not_stored_yet_cannot_be_held);
	suite_add_tcase(s, c);
	return s;
}
