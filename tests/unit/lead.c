/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_lead(void);

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 3, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id running(void)
{
	dtss_task_id id = engine_task(&e, "job");

	engine_pump(&e);
	ck_assert_int_eq(engine_started(&e, id), 0);
	return id;
}

/* Each in both ways: loaded from the records, or the standby goes on. */
static void change_leader(int standby)
{
	if (!standby)
		engine_restart(&e);
	else
		engine_takeover(&e);
}

START_TEST(a_lease_starts_again_in_full)
{
	dtss_task_id id = running();

	w->silent = 1;
	engine_pass(&e, 29000);
	change_leader(_i);
	engine_pass(&e, 29900);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0); /* and its report is still believed */
	id = (engine_beat(&e, w), running());
	change_leader(_i);
	engine_pass(&e, 30100);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY); /* L2 */
}
END_TEST

START_TEST(what_runs_is_found_again_by_heartbeats)
{
	dtss_task_id id = running();
	uint64_t fence = engine_fence(&e, id);

	change_leader(_i);
	engine_beat(&e, w);
	engine_pass(&e, 100000);
	ck_assert_uint_eq(engine_fence(&e, id), fence);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
}
END_TEST

/* L2: the worker died together with the scheduler */
START_TEST(what_ran_on_a_worker_that_never_comes_back_runs_elsewhere)
{
	dtss_task_id id = running();

	w->silent = 1;
	change_leader(_i);
	engine_join(&e, "v", 1, NULL);
	engine_pass(&e, 31000);
	ck_assert_ptr_eq(engine_holder(&e, id), &e.agents[1]);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_OFFLINE);
}
END_TEST

START_TEST(every_worker_is_suspicious_until_it_speaks)
{
	dtss_task_id id = engine_task(&e, "job");

	engine_store(&e); /* ready, and not dispatched */
	change_leader(_i);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_SUSPICIOUS);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	engine_sleep(&e, 19000);
	engine_pump(&e);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_SUSPICIOUS);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_ONLINE);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

/* S12 over a restart */
START_TEST(a_backoff_goes_on_with_what_was_left_of_it)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	spec.retry.attempts_max = 3;
	spec.retry.backoff_ms_min = 10000;
	spec.retry.jitter = DTSS_JITTER_OFF;
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_exit(&e, id, 1);
	engine_pass(&e, 4000);
	change_leader(_i);
	engine_beat(&e, w);
	engine_pass(&e, 5900);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	engine_pass(&e, 200);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	engine_exit(&e, id, 1);
	e.now.wall_ns -= INT64_C(86400000000000); /* the clock went back a day: not more than it was */
	change_leader(_i);
	engine_beat(&e, w);
	engine_pass(&e, 20100);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

/* Another machine: its monotonic clock has nothing to do with ours. */
START_TEST(the_monotonic_clock_may_start_anew)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, run = running();

	spec.start_deadline_ms = 20000;
	spec.not_before_ns = e.now.wall_ns + INT64_C(60000000000);
	id = engine_submit(&e, &spec);
	engine_pass(&e, 15000);
	e.now.mono_ns = 1;
	w->beat_ns = 0;
	change_leader(_i);
	engine_beat(&e, w);
	engine_pass(&e, 4900);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
	engine_pass(&e, 200);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_EXPIRED);
	ck_assert_int_eq(engine_exit(&e, run, 0), 0);
}
END_TEST

/* S1: what was not stored never happened; S6: and its fence is free again, because nobody was told of it */
START_TEST(what_was_not_stored_is_gone)
{
	dtss_task_id id = engine_task(&e, "job"), again;

	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	change_leader(_i);
	ck_assert_int_eq(dtss_sched_task_get(e.s, id, &(struct dtss_task_view){ 0 }), DTSS_E_NOT_FOUND);
	again = engine_task(&e, "another");
	ck_assert_uint_eq(again.v, id.v);
}
END_TEST

START_TEST(totals_and_numbers_go_on)
{
	struct dtss_stats before, after;
	dtss_task_id id = running();

	engine_exit(&e, id, 0);
	dtss_sched_stats(e.s, &before);
	change_leader(_i);
	dtss_sched_stats(e.s, &after);
	ck_assert_mem_eq(before.totals, after.totals, sizeof before.totals);
	ck_assert_uint_eq(after.grants, before.grants);
	ck_assert_uint_eq(after.epoch, before.epoch + 1);
	ck_assert_uint_eq(engine_task(&e, "next").v, id.v + 1);
}
END_TEST

START_TEST(an_epoch_of_nothing_is_refused)
{
	ck_assert_int_eq(dtss_sched_lead(e.standby, e.now, 0), DTSS_E_EPOCH);
	ck_assert_int_eq(dtss_sched_lead(e.s, e.now, 9), DTSS_E_STATE);
}
END_TEST

/* Its child was cancelled before it was told, and then the scheduler was killed. */
START_TEST(a_finished_parent_without_children_leaves)
{
	dtss_task_id a = engine_task(&e, "a"), b;

	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, a), 0);
	b = engine_after(&e, "b", a);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, b, NULL), 0);
	engine_store(&e);
	ck_assert_uint_eq(e.tasks[a.v].retired, 0);
	change_leader(_i);
	ck_assert_uint_eq(e.tasks[a.v].retired, 1);
}
END_TEST

/* That the worker began anew was stored; that its attempts are lost with that, not yet. */
START_TEST(what_an_incarnation_that_is_gone_had_is_lost_at_once)
{
	dtss_task_id id = engine_task(&e, "job");
	struct dtss_heartbeat hb;
	uint64_t fence;

	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	fence = engine_fence(&e, id);
	engine_reborn(w);
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	engine_store(&e);
	ck_assert_uint_eq(engine_fence(&e, id), fence);
	engine_restart(&e);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_LOST);
}
END_TEST

/* What a half lead had joined outlived what it was joined to: tasks on their workers, keys, parents. */
START_TEST(a_standby_that_had_no_memory_to_lead_goes_on)
{
	dtss_task_id id = running(), other;
	struct dtss_task_spec spec = engine_spec("job");
	size_t fail_at;
	int error;

	spec.key = "k";
	other = engine_submit(&e, &spec);
	engine_after(&e, "child", id);
	engine_after(&e, "child", other);
	engine_pump(&e);
	fail_at = e.standby_mem.fail_at = e.standby_mem.count + (size_t)_i;
	error = dtss_sched_lead(e.standby, e.now, 2);
	e.standby_mem.fail_at = 0;
	ck_assert_int_eq(error, e.standby_mem.count < fail_at ? 0 : DTSS_E_NOMEM);
	if (!error)
		return; /* it needs fewer */
	ck_assert_int_eq(engine_exit(&e, other, 0), 0);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	engine_pump(&e);
	engine_takeover(&e);
	engine_pump(&e);
}
END_TEST

Suite *suite_unit_lead(void)
{
	Suite *s = suite_create("unit_lead");
	TCase *c = tcase_create("lead");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_lease_starts_again_in_full, 0, 2);
	tcase_add_loop_test(c, what_runs_is_found_again_by_heartbeats, 0, 2);
	tcase_add_loop_test(c, what_ran_on_a_worker_that_never_comes_back_runs_elsewhere, 0, 2);
	tcase_add_loop_test(c, every_worker_is_suspicious_until_it_speaks, 0, 2);
	tcase_add_loop_test(c, a_backoff_goes_on_with_what_was_left_of_it, 0, 2);
	tcase_add_loop_test(c, the_monotonic_clock_may_start_anew, 0, 2);
	tcase_add_loop_test(c, what_was_not_stored_is_gone, 0, 2);
	tcase_add_loop_test(c, totals_and_numbers_go_on, 0, 2);
	tcase_add_test(c, an_epoch_of_nothing_is_refused);
	tcase_add_test(c, what_an_incarnation_that_is_gone_had_is_lost_at_once);
	tcase_add_loop_test(c, a_finished_parent_without_children_leaves, 0, 2);
	tcase_add_loop_test(c, a_standby_that_had_no_memory_to_lead_goes_on, 1, 30);
	suite_add_tcase(s, c);
	return s;
}
