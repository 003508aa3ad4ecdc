/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_cancel(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static int cancel(dtss_task_id id)
{
	int stopping = -1;

	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, &stopping), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
	ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_CANCEL);
	return stopping;
}

/* A task that is leased to a new agent of two slots. */
static dtss_task_id leased(void)
{
	dtss_task_id id;

	engine_join(&e, "w", 2, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	return id;
}

START_TEST(what_waits_is_gone_at_once)
{
	struct dtss_task_spec spec = engine_spec("later");
	dtss_task_id ready = engine_task(&e, "ready"), blocked, held, delayed;

	blocked = engine_after(&e, "blocked", ready);
	spec.flags = DTSS_SPEC_HELD;
	held = engine_submit(&e, &spec);
	spec.flags = 0;
	spec.not_before_ns = e.now.wall_ns + 1000000000;
	delayed = engine_submit(&e, &spec);
	ck_assert_int_eq(cancel(blocked), 0);
	ck_assert_int_eq(cancel(held), 0);
	ck_assert_int_eq(cancel(delayed), 0);
	ck_assert_int_eq(cancel(ready), 0);
	engine_join(&e, "w", 5, NULL);
	engine_pass(&e, 5000);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, NULL), 0); /* S22: no grant after a cancel */
}
END_TEST

/* S22, S13: the attempt keeps its slot until it is gone */
START_TEST(a_running_task_is_cancelled_at_once_and_its_attempt_keeps_the_slot)
{
	dtss_task_id id = leased(), second, third;

	engine_started(&e, id);
	ck_assert_int_eq(cancel(id), 1);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->task, id.v);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->cause, DTSS_CAUSE_CANCEL);
	ck_assert_uint_eq(engine_view(&e, id).stopping, 1);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, engine_fence(&e, id)), 1);
	second = engine_task(&e, "second");
	third = engine_task(&e, "third");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, second), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, third), DTSS_TASK_READY);
	ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_CANCEL), 0);
	ck_assert_uint_eq(engine_state(&e, third), DTSS_TASK_LEASED);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, engine_fence(&e, id)), 0);
}
END_TEST

/* S22, S10: never both */
START_TEST(a_success_that_comes_after_the_cancel_changes_nothing)
{
	dtss_task_id id = leased();

	engine_started(&e, id);
	cancel(id);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
	ck_assert_int_eq(engine_exit(&e, id, 0), DTSS_E_FENCED);
}
END_TEST

START_TEST(a_leased_task_that_was_told_is_stopped)
{
	dtss_task_id id = leased();

	ck_assert_int_eq(cancel(id), 1);
	ck_assert_int_eq(engine_started(&e, id), 0); /* it crossed the stop: believed, and changes nothing */
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
	ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_CANCEL), 0);
}
END_TEST

START_TEST(what_the_agent_was_never_told_of_needs_no_stop)
{
	dtss_task_id id, next;
	int stopping;

	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0); /* granted, and not yet stored */
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, &stopping), 0);
	ck_assert_int_eq(stopping, 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, NULL), 0);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, NULL), 0);
	next = engine_task(&e, "next");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, next), DTSS_TASK_LEASED);
}
END_TEST

/* The same while the batch with the grant is being stored. */
START_TEST(a_cancel_that_overtakes_the_assignment_hides_it)
{
	dtss_task_id id;
	int stopping;

	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(engine_batch(&e), 1);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, &stopping), 0);
	ck_assert_int_eq(stopping, 0);
	engine_stored(&e);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_CANCELLED);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, NULL), 0);
}
END_TEST

/* S13 until then, L2 at last */
START_TEST(the_slot_comes_back_when_the_lease_of_a_stopping_attempt_expires)
{
	dtss_task_id id = leased(), rest[2];

	e.agents[0].silent = 1;
	cancel(id);
	engine_join(&e, "live", 1, "other");
	engine_pass(&e, 29000);
	ck_assert_uint_eq(engine_view(&e, id).stopping, 1);
	engine_pass(&e, 1100);
	ck_assert_int_eq(dtss_sched_fence_live(e.s, id, engine_fence(&e, id)), 0);
	e.agents[0].held_count = 0;
	engine_beat(&e, &e.agents[0]);
	rest[0] = engine_task(&e, "a");
	rest[1] = engine_task(&e, "b");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, rest[0]), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, rest[1]), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_stop_that_was_lost_is_said_again)
{
	dtss_task_id id = leased();
	size_t stops;

	engine_started(&e, id);
	cancel(id);
	stops = engine_count(&e, DTSS_MESSAGE_STOP, "w");
	engine_beat(&e, &e.agents[0]); /* it lists the attempt as running */
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, "w"), stops + 1);
	e.agents[0].held[0].state = DTSS_ATTEMPT_STOPPING;
	engine_beat(&e, &e.agents[0]);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, "w"), stops + 1);
}
END_TEST

START_TEST(a_cancelled_attempt_is_stopping_after_a_restart_too)
{
	dtss_task_id id = leased();

	engine_started(&e, id);
	cancel(id);
	engine_restart(&e);
	ck_assert_uint_eq(engine_view(&e, id).stopping, 1);
	engine_beat(&e, &e.agents[0]);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_STOP)->task, id.v);
	ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_CANCEL), 0);
	ck_assert_int_eq(dtss_sched_task_get(e.s, id, &(struct dtss_task_view){ 0 }), DTSS_E_NOT_FOUND);
}
END_TEST

/* S10 */
START_TEST(what_has_ended_cannot_be_cancelled)
{
	dtss_task_id id = leased();
	uint64_t digest;

	cancel(id);
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ 99 }, NULL), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ 0 }, NULL), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ UINT64_MAX }, NULL), DTSS_E_NOT_FOUND);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
}
END_TEST

/* S1, S22: nobody is told of what a crash would lose */
START_TEST(the_stop_leaves_when_the_cancel_is_durable)
{
	dtss_task_id id = leased();
	struct dtss_action action;

	engine_started(&e, id);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &action), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_STOP, "w"), 1);
}
END_TEST

Suite *suite_unit_cancel(void)
{
	Suite *s = suite_create("unit_cancel");
	TCase *c = tcase_create("cancel");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_waits_is_gone_at_once);
	tcase_add_test(c, a_running_task_is_cancelled_at_once_and_its_attempt_keeps_the_slot);
	tcase_add_test(c, a_success_that_comes_after_the_cancel_changes_nothing);
	tcase_add_test(c, a_leased_task_that_was_told_is_stopped);
	tcase_add_test(c, what_the_agent_was_never_told_of_needs_no_stop);
	tcase_add_test(c, a_cancel_that_overtakes_the_assignment_hides_it);
	tcase_add_test(c, the_slot_comes_back_when_the_lease_of_a_stopping_attempt_expires);
	tcase_add_test(c, a_stop_that_was_lost_is_said_again);
	tcase_add_test(c, the_stop_leaves_when_the_cancel_is_durable);
	tcase_add_test(c, a_cancelled_attempt_is_stopping_after_a_restart_too);
	tcase_add_test(c, what_has_ended_cannot_be_cancelled);
	suite_add_tcase(s, c);
	return s;
}
