/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_action(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

START_TEST(an_assignment_carries_what_the_agent_needs)
{
	struct dtss_task_spec spec = engine_spec("job"), *told;
	struct dtss_action a;
	dtss_task_id id;
	int sends = 0;

	spec.timeout_ms = 77;
	engine_join(&e, "w", 1, NULL);
	id = engine_submit(&e, &spec);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(engine_batch(&e), 1);
	dtss_sched_stored(e.s, e.now, e.closed);
	while (dtss_sched_next_action(e.s, &a)) {
		const struct dtss_message_assign *m;

		if (a.type != DTSS_ACTION_SEND)
			continue;
		m = &a.u.send.message->u.assign;
		sends++;
		ck_assert_str_eq(a.u.send.worker, "w");
		ck_assert_uint_eq(a.u.send.message->type, DTSS_MESSAGE_ASSIGN);
		ck_assert_uint_eq(m->task.v, id.v);
		ck_assert_uint_eq(m->attempt, 1);
		ck_assert_uint_eq(m->epoch, 1);
		ck_assert_uint_eq(m->incarnation, e.agents[0].incarnation);
		ck_assert_uint_eq(m->lease_ms, DTSS_LEASE_MS_DEFAULT);
		ck_assert_int_eq(dtss_spec_decode(m->spec, m->spec_len, dtss_mem_libc(), &told), 0);
		ck_assert_str_eq(told->name, "job");
		ck_assert_uint_eq(told->timeout_ms, 77);
		dtss_spec_free(told, dtss_mem_libc());
	}
	ck_assert_int_eq(sends, 1);
}
END_TEST

/* S1: what caused it must be stored first */
START_TEST(actions_are_released_by_what_was_stored)
{
	struct dtss_action a;
	dtss_task_id first = engine_task(&e, "a");

	ck_assert_int_eq(engine_batch(&e), 1);
	engine_task(&e, "b");
	dtss_sched_stored(e.s, e.now, e.closed);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &a), 1);
	ck_assert_uint_eq(a.type, DTSS_ACTION_EVENT);
	ck_assert_uint_eq(a.u.event.task, first.v);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &a), 0);
}
END_TEST

START_TEST(an_assignment_that_was_overtaken_is_not_sent)
{
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	engine_reborn(&e.agents[0]); /* it restarts while the grant is stored */
	engine_beat(&e, &e.agents[0]);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 1);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->fence, engine_fence(&e, id));
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->incarnation, e.agents[0].incarnation);
}
END_TEST

START_TEST(thousands_that_nobody_takes_out_wait_in_their_order)
{
	struct dtss_action a;
	uint64_t seq = e.seq;
	size_t i;

	for (i = 0; i < 3000; i++) {
		engine_task(&e, "job");
		if (i % 500 == 0) {
			ck_assert_int_eq(engine_batch(&e), 1);
			dtss_sched_stored(e.s, e.now, e.closed);
		}
	}
	ck_assert_int_eq(engine_batch(&e), 1);
	dtss_sched_stored(e.s, e.now, e.closed);
	while (dtss_sched_next_action(e.s, &a))
		if (a.u.event.seq != ++seq)
			ck_abort_msg("S19: a gap");
	ck_assert_uint_eq(seq, e.closed);
}
END_TEST

/* It was to be sent again, and waited; meanwhile the report came that it runs. */
START_TEST(what_runs_is_not_assigned_once_more)
{
	struct engine_agent *w = engine_join(&e, "w", 1, NULL);
	struct dtss_heartbeat hb;
	struct dtss_action a;
	dtss_task_id id;
	struct dtss_report r = { .size = sizeof r, .attempt = 1, .kind = DTSS_REPORT_STARTED };

	w->deaf = 1;
	id = engine_task(&e, "job");
	engine_pump(&e);
	engine_task(&e, "something that is not stored yet");
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &a), 0); /* it releases nobody that waits before it */
	r.task = id;
	r.fence = engine_fence(&e, id);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 1);
}
END_TEST

Suite *suite_unit_action(void)
{
	Suite *s = suite_create("unit_action");
	TCase *c = tcase_create("action");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, an_assignment_carries_what_the_agent_needs);
	tcase_add_test(c, actions_are_released_by_what_was_stored);
	tcase_add_test(c, an_assignment_that_was_overtaken_is_not_sent);
	tcase_add_test(c, thousands_that_nobody_takes_out_wait_in_their_order);
	tcase_add_test(c, what_runs_is_not_assigned_once_more);
	suite_add_tcase(s, c);
	return s;
}
