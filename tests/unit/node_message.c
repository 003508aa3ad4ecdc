/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_message(void);

START_TEST(a_heartbeat_is_answered_with_who_we_are)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct rig r = { 0 };

	r.sched.lease_ms = 12345;
	rig_open(&r);
	rig_heartbeat(&r);
	dtss_node_info(r.node, &info);
	ck_assert_int_eq(r.answers, 1);
	ck_assert_int_eq(r.answer.result, 0);
	ck_assert_uint_eq(r.answer.number, 1);
	ck_assert_uint_eq(r.answer.incarnation, 7);
	ck_assert_uint_eq(r.answer.epoch, info.epoch);
	ck_assert_mem_eq(r.answer.identity, info.identity, DTSS_IDENTITY_LEN);
	ck_assert_uint_eq(r.answer.lease_ms, 12345);
	ck_assert_uint_eq(r.answer.heartbeat_ms, 12345 / 5); /* a short lease asks for more of them */
	rig_close(&r);
}
END_TEST

START_TEST(an_answer_waits_for_what_it_acknowledges)
{
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	ck_assert_int_eq(r.answers, 1);
	r.gate->shut = 1;
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	rig_heartbeat(&r); /* this one rests on nothing that is not stored */
	ck_assert_int_eq(r.answers, 2);
	ck_assert_uint_eq(r.answer.number, 3);
	ck_assert_uint_eq(r.answer.ack_count, 0);
	r.gate->shut = 0;
	rig_step(&r);
	rig_listen(&r);
	ck_assert_int_eq(r.answers, 3);
	ck_assert_uint_eq(r.answer.number, 2);
	ck_assert_uint_eq(r.answer.ack_count, 1);
	ck_assert_uint_eq(r.acks[0].task.v, id.v);
	ck_assert_int_eq(r.acks[0].kind, DTSS_REPORT_ENDED);
	ck_assert_int_eq(r.acks[0].result, 0);
	rig_close(&r);
}
END_TEST

/* S5: what is refused is acknowledged as refused, so that the agent need not say it again. */
START_TEST(a_stale_report_is_acknowledged_as_fenced)
{
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	rig_holds(&r, id, r.assign.fence, DTSS_ATTEMPT_RUNNING);
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_STARTED, 0);
	rig_reports(&r, id, r.assign.fence + 5, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_uint_eq(r.answer.ack_count, 2);
	ck_assert_int_eq(r.acks[0].result, 0);
	ck_assert_int_eq(r.acks[1].result, DTSS_E_FENCED);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_RUNNING);
	rig_close(&r);
}
END_TEST

static void say(struct rig *r, const char *name, const uint8_t *identity, uint64_t incarnation)
{
	struct dtss_message message;

	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_HEARTBEAT;
	message.u.heartbeat.heartbeat.size = sizeof message.u.heartbeat.heartbeat;
	message.u.heartbeat.heartbeat.name = name;
	message.u.heartbeat.heartbeat.incarnation = incarnation;
	message.u.heartbeat.heartbeat.number = ++r->number;
	message.u.heartbeat.heartbeat.kind = DTSS_WORKER_AGENT;
	message.u.heartbeat.heartbeat.max_tasks = 1;
	if (identity != NULL)
		memcpy(message.u.heartbeat.identity, identity, DTSS_IDENTITY_LEN);
	ck_assert_int_eq(r->far->ops->send(r->far, NULL, &message), 0);
	rig_step(r);
	rig_listen(r);
}

START_TEST(an_agent_of_another_store_is_told_ours_and_nothing_is_applied)
{
	uint8_t other[DTSS_IDENTITY_LEN] = { 1, 2, 3 };
	struct dtss_node_info info = { .size = sizeof info };
	struct rig r = { 0 };

	rig_open(&r);
	say(&r, "w", other, 7);
	dtss_node_info(r.node, &info);
	ck_assert_int_eq(r.answers, 1);
	ck_assert_int_ne(r.answer.result, 0);
	ck_assert_mem_eq(r.answer.identity, info.identity, DTSS_IDENTITY_LEN);
	ck_assert_int_eq(dtss_sched_worker_get(dtss_node_sched(r.node), "w", &(struct dtss_worker_view){ 0 }),
			 DTSS_E_NOT_FOUND);
	say(&r, "w", info.identity, 7);
	ck_assert_int_eq(r.answer.result, 0);
	rig_close(&r);
}
END_TEST

START_TEST(an_older_incarnation_is_told_that_it_is_stale)
{
	struct rig r = { 0 };

	rig_open(&r);
	say(&r, "w", NULL, 9);
	ck_assert_int_eq(r.answer.result, 0);
	say(&r, "w", NULL, 8);
	ck_assert_int_eq(r.answer.result, DTSS_E_STALE);
	ck_assert_uint_eq(r.answer.incarnation, 8);
	rig_close(&r);
}
END_TEST

START_TEST(nobody_speaks_for_somebody_else)
{
	struct dtss_message message;
	struct rig r = { 0 };

	rig_open(&r);
	say(&r, "v", NULL, 9);
	ck_assert_int_eq(r.answers, 0);
	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_STOP; /* nor what only a scheduler says */
	ck_assert_int_eq(r.far->ops->send(r.far, NULL, &message), 0);
	rig_step(&r);
	rig_listen(&r);
	ck_assert_int_eq(r.answers, 0);
	ck_assert_int_eq(dtss_sched_worker_get(dtss_node_sched(r.node), "v", &(struct dtss_worker_view){ 0 }),
			 DTSS_E_NOT_FOUND);
	rig_close(&r);
}
END_TEST

/* S11: the grant is stored before it is sent. */
START_TEST(an_assignment_leaves_when_it_is_stored)
{
	struct rig r = { 0 };

	rig_open(&r);
	rig_heartbeat(&r);
	(void)rig_submit(&r, "a");
	rig_step(&r);
	r.gate->shut = 1;
	r.slots = 1;
	rig_heartbeat(&r);
	rig_step(&r);
	rig_listen(&r);
	ck_assert_int_eq(r.assigns, 0);
	r.gate->shut = 0;
	rig_step(&r);
	rig_listen(&r);
	ck_assert_int_eq(r.assigns, 1);
	ck_assert_uint_gt(r.assign.fence, 0);
	ck_assert_uint_eq(r.assign.incarnation, 7);
	rig_close(&r);
}
END_TEST

/* What is here already must not lose against its own lease. */
START_TEST(a_report_comes_before_the_tick)
{
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	r.ms += 3 * DTSS_LEASE_MS_DEFAULT; /* nobody stepped the node */
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(r.acks[0].result, 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_message(void)
{
	Suite *s = suite_create("unit_node_message");
	TCase *t = tcase_create("message");

	tcase_add_test(t, a_heartbeat_is_answered_with_who_we_are);
	tcase_add_test(t, an_answer_waits_for_what_it_acknowledges);
	tcase_add_test(t, a_stale_report_is_acknowledged_as_fenced);
	tcase_add_test(t, an_agent_of_another_store_is_told_ours_and_nothing_is_applied);
	tcase_add_test(t, an_older_incarnation_is_told_that_it_is_stale);
	tcase_add_test(t, nobody_speaks_for_somebody_else);
	tcase_add_test(t, an_assignment_leaves_when_it_is_stored);
	tcase_add_test(t, a_report_comes_before_the_tick);
	suite_add_tcase(s, t);
	return s;
}
