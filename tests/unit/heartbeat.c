/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_heartbeat(void);

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 2, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* A task that runs, or is leased, on "w". */
static dtss_task_id given(int started)
{
	dtss_task_id id = engine_task(&e, "job");

	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	if (started)
		engine_started(&e, id);
	return id;
}

START_TEST(an_agent_is_seen_as_it_says)
{
	struct dtss_worker_view v;
	struct engine_agent *a = engine_agent(&e, "gpu1", 4, "gpu");
	struct dtss_heartbeat hb;

	a->address = "10.0.0.1:80";
	a->tags[a->tag_count++] = "big";
	a->resources[a->resource_count++] = (struct dtss_resource){ "vram", 24 };
	hb = engine_heartbeat(&e, a);
	hb.sent_wall_ns = e.now.wall_ns - 5000000000;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	engine_pump(&e);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "gpu1", &v), 0);
	ck_assert_str_eq(v.tags[0], "big"); /* sorted */
	ck_assert_str_eq(v.tags[1], "gpu");
	ck_assert_str_eq(v.resources[0].name, "vram");
	ck_assert_uint_eq(v.resources[0].amount, 24);
	ck_assert_str_eq(v.address, "10.0.0.1:80");
	ck_assert_uint_eq(v.max_tasks, 4);
	ck_assert_uint_eq(v.status, DTSS_WORKER_ONLINE);
	ck_assert_int_eq(v.skew_ns, -5000000000);
	ck_assert_int_eq(v.last_seen_ns, e.now.wall_ns);
	ck_assert_uint_eq(v.number, 2);
}
END_TEST

START_TEST(a_heartbeat_without_news_writes_nothing)
{
	struct dtss_batch b;
	struct dtss_heartbeat hb = engine_heartbeat(&e, w);

	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 0);
	ck_assert_uint_le(dtss_sched_seq(e.s), e.seq); /* and its answer waits for nothing */
	hb = engine_heartbeat(&e, w);
	hb.max_tasks = 3;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	ck_assert_uint_gt(dtss_sched_seq(e.s), e.seq);
}
END_TEST

START_TEST(listed_attempts_keep_their_lease_for_any_time)
{
	dtss_task_id id = given(1);

	engine_pass(&e, 600000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
}
END_TEST

/* L2: TTL, then it is reclaimed while other work goes on */
START_TEST(a_silent_worker_loses_its_attempts_when_the_lease_expires)
{
	dtss_task_id id = given(1), other;
	struct dtss_stats st;

	engine_join(&e, "other", 1, NULL);
	other = engine_task(&e, "background");
	engine_pump(&e);
	ck_assert_ptr_eq(engine_holder(&e, other), &e.agents[1]);
	w->silent = 1;
	engine_pass(&e, 29900);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
	ck_assert_int_eq(engine_exit(&e, other, 0), 0);
	engine_pass(&e, 200);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED); /* again, elsewhere */
	ck_assert_uint_eq(engine_attempt(&e, id), 2);
	ck_assert_ptr_eq(engine_holder(&e, id), &e.agents[1]);
	dtss_sched_stats(e.s, &st);
	ck_assert_uint_eq(st.losses, 1);
	ck_assert_uint_eq(st.retries, 1);
}
END_TEST

START_TEST(silence_makes_suspicious_then_offline_and_a_heartbeat_brings_back)
{
	dtss_task_id id;

	w->silent = 1;
	engine_pass(&e, 9900);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_ONLINE);
	engine_pass(&e, 200);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_SUSPICIOUS);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY); /* it gets no new work */
	engine_pass(&e, 10000);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_OFFLINE);
	ck_assert_uint_eq(e.last.from, DTSS_WORKER_SUSPICIOUS);
	ck_assert_uint_eq(e.last.to, DTSS_WORKER_OFFLINE);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_ONLINE);
	ck_assert_uint_eq(e.last.from, DTSS_WORKER_OFFLINE);
	ck_assert_uint_eq(e.last.to, DTSS_WORKER_ONLINE);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_worker_that_was_offline_for_a_day_is_forgotten)
{
	struct dtss_worker_view v;
	dtss_task_id id = given(1);

	engine_exit(&e, id, 0);
	w->silent = 1;
	engine_pass(&e, 86400000 - 1000);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_OFFLINE);
	engine_pass(&e, 2000);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "w", &v), DTSS_E_NOT_FOUND);
	engine_restart(&e);
	engine_beat(&e, w);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "w", &v), 0);
	ck_assert_uint_eq(v.number, 2); /* never used again */
}
END_TEST

START_TEST(a_new_incarnation_ends_the_old_leases_at_once)
{
	dtss_task_id id = given(1);
	uint64_t fence = engine_fence(&e, id);

	engine_reborn(w);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_attempt(&e, id), 2);
	ck_assert_uint_gt(engine_fence(&e, id), fence);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->incarnation, w->incarnation);
	ck_assert_int_eq(engine_report(&e, id, fence, DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), DTSS_E_FENCED);
}
END_TEST

START_TEST(an_older_incarnation_is_refused)
{
	struct dtss_heartbeat old = engine_heartbeat(&e, w);
	dtss_task_id id;

	engine_reborn(w);
	engine_beat(&e, w);
	id = given(1);
	old.number = 99;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &old), DTSS_E_STALE);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
}
END_TEST

/* One that was made before the assignment arrives after it, twice, and after a newer one. */
START_TEST(late_and_repeated_heartbeats_hide_nothing)
{
	struct dtss_heartbeat early = engine_heartbeat(&e, w), newer;
	dtss_task_id id = given(0);

	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &early), 0); /* it has not seen the assignment */
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
	newer = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &newer), 0);
	early.fence_seen = UINT64_MAX;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &early), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(an_attempt_that_was_seen_and_is_not_listed_is_taken_back)
{
	dtss_task_id id = given(1);

	engine_forget(&e, id);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED); /* not when its lease ends, and not at once */
	ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_REJECTED);
	engine_pass(&e, 101);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_view(&e, id).failed_count, 0);
	ck_assert_uint_eq(engine_view(&e, id).lost_count, 0);
}
END_TEST

START_TEST(an_assignment_that_was_lost_is_sent_again)
{
	dtss_task_id id;

	w->deaf = 1;
	id = given(0);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 1);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 2);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->fence, engine_fence(&e, id));
	w->deaf = 0;
	engine_beat(&e, w);
	ck_assert_ptr_eq(engine_holder(&e, id), w);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 3);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
}
END_TEST

/* With a whole lease it would run on after its task was given to another. */
START_TEST(an_assignment_that_is_sent_again_has_what_is_left_of_its_lease)
{
	uint64_t whole;

	w->deaf = 1;
	w->silent = 1;
	given(0);
	whole = engine_last(&e, DTSS_MESSAGE_ASSIGN)->lease_ms;
	engine_pass(&e, 5000);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 2);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->lease_ms, whole - 5000);
}
END_TEST

/* Behind what is not stored it waits, and its lease runs on meanwhile. */
START_TEST(an_assignment_that_waited_for_the_store_has_what_is_left_of_its_lease)
{
	struct dtss_task_spec spec = engine_spec("b");
	struct dtss_heartbeat hb;
	dtss_task_id id;
	uint64_t whole;

	w->deaf = 1;
	w->silent = 1;
	given(0);
	whole = engine_last(&e, DTSS_MESSAGE_ASSIGN)->lease_ms;
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->heartbeat, w->number);
	spec.flags = DTSS_SPEC_HELD;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id), 0);
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	ck_assert_int_eq(engine_batch(&e), 1);
	engine_sleep(&e, 3000);
	engine_stored(&e);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 2);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->lease_ms, whole - 3000);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->heartbeat, hb.number);
}
END_TEST

/* A link cut one way: it would take task after task down, or the same one for ever. */
START_TEST(a_worker_that_speaks_and_does_not_hear_gets_no_more_work)
{
	dtss_task_id id;

	w->deaf = 1;
	id = given(0);
	engine_pass(&e, 40000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_gt(engine_count(&e, DTSS_MESSAGE_STOP, "w"), 0);
	engine_pass(&e, 600000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
	w->deaf = 0;
	w->fence_seen = engine_fence(&e, id); /* as an agent that was told to stop it */
	engine_pass(&e, 10000);
	ck_assert_ptr_eq(engine_holder(&e, id), w);
	ck_assert_uint_eq(engine_attempt(&e, id), 2);
}
END_TEST

START_TEST(what_is_not_ours_is_to_be_stopped_and_takes_a_slot)
{
	dtss_task_id id = given(1), second;

	w->held[w->held_count++] = (struct dtss_held){ { 4711 }, 3, 1, DTSS_ATTEMPT_RUNNING };
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->task, 4711);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->cause, DTSS_CAUSE_LOST);
	second = engine_task(&e, "second");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_READY); /* S13 */
	w->held_count--;
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
}
END_TEST

/* It ended, and waits for its report to be acknowledged: nothing is to be stopped. */
START_TEST(an_ended_attempt_may_stay_listed)
{
	dtss_task_id id = given(1);

	ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), 0);
	w->held[0].state = DTSS_ATTEMPT_ENDED;
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, NULL), 0);
}
END_TEST

START_TEST(an_agent_that_is_stopping_gets_no_more_work)
{
	dtss_task_id id;

	w->flags = DTSS_HEARTBEAT_STOPPING;
	engine_beat(&e, w);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	engine_reborn(w);
	w->flags = 0;
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
}
END_TEST

/* S13: no new work until it fits again; what runs goes on, over a restart too */
START_TEST(a_worker_may_shrink_below_what_it_runs)
{
	dtss_task_id a = given(1), b = given(1), c = engine_task(&e, "c");

	w->max_tasks = 1;
	engine_beat(&e, w);
	engine_restart(&e);
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_state(&e, a), DTSS_TASK_RUNNING);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_RUNNING);
	engine_exit(&e, a, 0);
	ck_assert_uint_eq(engine_state(&e, c), DTSS_TASK_READY);
	engine_exit(&e, b, 0);
	ck_assert_uint_eq(engine_state(&e, c), DTSS_TASK_LEASED);
}
END_TEST

Suite *suite_unit_heartbeat(void)
{
	Suite *s = suite_create("unit_heartbeat");
	TCase *c = tcase_create("heartbeat");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, an_agent_is_seen_as_it_says);
	tcase_add_test(c, a_heartbeat_without_news_writes_nothing);
	tcase_add_test(c, listed_attempts_keep_their_lease_for_any_time);
	tcase_add_test(c, a_silent_worker_loses_its_attempts_when_the_lease_expires);
	tcase_add_test(c, silence_makes_suspicious_then_offline_and_a_heartbeat_brings_back);
	tcase_add_test(c, a_worker_that_was_offline_for_a_day_is_forgotten);
	tcase_add_test(c, a_new_incarnation_ends_the_old_leases_at_once);
	tcase_add_test(c, an_older_incarnation_is_refused);
	tcase_add_test(c, late_and_repeated_heartbeats_hide_nothing);
	tcase_add_test(c, an_attempt_that_was_seen_and_is_not_listed_is_taken_back);
	tcase_add_test(c, an_assignment_that_was_lost_is_sent_again);
	tcase_add_test(c, an_assignment_that_is_sent_again_has_what_is_left_of_its_lease);
	tcase_add_test(c, an_assignment_that_waited_for_the_store_has_what_is_left_of_its_lease);
	tcase_add_test(c, a_worker_that_speaks_and_does_not_hear_gets_no_more_work);
	tcase_add_test(c, what_is_not_ours_is_to_be_stopped_and_takes_a_slot);
	tcase_add_test(c, an_ended_attempt_may_stay_listed);
	tcase_add_test(c, an_agent_that_is_stopping_gets_no_more_work);
	tcase_add_test(c, a_worker_may_shrink_below_what_it_runs);
	suite_add_tcase(s, c);
	return s;
}
