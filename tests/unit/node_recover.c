/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_recover(void);

static uint64_t begin_submit(struct rig *r, const char *name)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec(name);

	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	return rig_begin(r, &request);
}

static int ask_submit(struct rig *r, const char *name)
{
	uint64_t token = begin_submit(r, name);
	struct dtss_answer answer;
	int i;

	for (i = 0; i < 8; i++) {
		if (rig_answered(r, token, &answer))
			return answer.result;
		(void)dtss_node_step(r->node, rig_now(r));
	}
	ck_abort_msg("no answer");
	return 0;
}

START_TEST(an_unknown_commit_that_was_lost)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t loads;

	rig_open(&r);
	loads = r.gate->loads;
	r.gate->commit = DTSS_E_UNKNOWN;
	ck_assert_int_eq(ask_submit(&r, "a"), DTSS_E_UNKNOWN);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_RECOVERING);
	ck_assert_int_eq(rig_error(&r), DTSS_E_UNKNOWN);
	ck_assert_uint_eq(r.gate->loads, loads); /* not at once */
	ck_assert_int_eq(ask_submit(&r, "b"), DTSS_E_NOT_LEADER);
	r.gate->commit = 0;
	rig_pass(&r, 200);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_int_eq(rig_error(&r), 0);
	ck_assert_uint_eq(r.gate->loads, loads + 1);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, (dtss_task_id){ 1 }, &answer), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(ask_submit(&r, "a"), 0);
	rig_close(&r);
}
END_TEST

START_TEST(an_unknown_commit_that_was_applied)
{
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	r.gate->commit = DTSS_E_UNKNOWN;
	r.gate->commit_applied = 1;
	ck_assert_int_eq(ask_submit(&r, "a"), DTSS_E_UNKNOWN);
	r.gate->commit = 0;
	rig_pass(&r, 200);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, (dtss_task_id){ 1 }, &answer), 0);
	ck_assert_str_eq(answer.u.task->spec->name, "a");
	rig_close(&r);
}
END_TEST

START_TEST(everything_that_rests_on_it_is_unknown_and_nothing_else)
{
	struct dtss_request stats = rig_request(DTSS_REQUEST_STATS);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t first, second, third;
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	r.gate->shut = 1;
	first = begin_submit(&r, "b");
	rig_step(&r); /* in flight */
	second = begin_submit(&r, "c");
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	third = rig_begin(&r, &stats);
	ck_assert_int_eq(rig_answered(&r, third, &answer), 1);
	ck_assert_int_eq(answer.result, 0);
	r.gate->commit = DTSS_E_UNKNOWN;
	r.gate->commit_applied = 1;
	r.gate->shut = 0;
	(void)dtss_node_step(r.node, rig_now(&r));
	ck_assert_int_eq(rig_answered(&r, first, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_UNKNOWN);
	ck_assert_int_eq(rig_answered(&r, second, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_UNKNOWN);
	rig_listen(&r);
	ck_assert_int_eq(r.answers, 1); /* the report was not acknowledged */
	r.gate->commit = 0;
	rig_pass(&r, 200);
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(r.acks[0].result, 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

START_TEST(it_tries_again_with_a_growing_distance)
{
	struct rig r = { 0 };
	size_t loads;

	rig_open(&r);
	r.gate->load = DTSS_E_NOMEM;
	r.gate->commit = DTSS_E_UNKNOWN;
	ck_assert_int_eq(ask_submit(&r, "a"), DTSS_E_UNKNOWN);
	loads = r.gate->loads;
	rig_pass(&r, 100);
	ck_assert_uint_eq(r.gate->loads, loads + 1);
	rig_pass(&r, 199);
	ck_assert_uint_eq(r.gate->loads, loads + 1);
	rig_pass(&r, 1);
	ck_assert_uint_eq(r.gate->loads, loads + 2);
	rig_pass(&r, 60000);
	ck_assert_uint_ge(r.gate->loads, loads + 2 + 60000 / 5000);
	ck_assert_uint_le(r.gate->loads, loads + 8 + 60000 / 5000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_RECOVERING);
	ck_assert_int_eq(rig_error(&r), DTSS_E_NOMEM);
	r.gate->load = 0;
	r.gate->commit = 0;
	rig_pass(&r, 5000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	rig_close(&r);
}
END_TEST

/* P8, and: a full disk does not kill running work. */
START_TEST(a_full_disk_renews_leases_and_refuses_writes)
{
	struct dtss_request list = rig_request(DTSS_REQUEST_LIST);
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id;
	int i, answers, before;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 2;
	rig_heartbeat(&r);
	rig_holds(&r, id, r.assign.fence, DTSS_ATTEMPT_RUNNING);
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_STARTED, 0);
	rig_heartbeat(&r);
	r.gate->commit = DTSS_E_NOSPC;
	ck_assert_int_eq(ask_submit(&r, "b"), DTSS_E_NOSPC);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_RECOVERING);
	ck_assert_int_eq(rig_error(&r), DTSS_E_NOSPC);
	answers = before = r.answers;
	for (i = 0; i < 100; i++) { /* five minutes, ten leases long */
		rig_pass(&r, 3000);
		rig_holds(&r, id, r.assign.fence, DTSS_ATTEMPT_RUNNING);
		rig_heartbeat(&r);
		answers += r.answer.result == 0;
		ck_assert_int_eq(ask_submit(&r, "c"), DTSS_E_NOSPC);
		ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
		ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_RUNNING);
	}
	list.u.list.limit = 5;
	ck_assert_int_eq(rig_ask(&r, &list, &answer), 0);
	ck_assert_int_eq(r.answers, before + 100);
	ck_assert_int_eq(answers, before + 100);
	ck_assert_int_eq(r.stops, 0);
	r.gate->commit = 0;
	rig_pass(&r, 6000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(r.acks[0].result, 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	ck_assert_int_eq(ask_submit(&r, "d"), 0);
	rig_close(&r);
}
END_TEST

/* The end that one attempt reports needs the disk; the lease of the other must not wait for it. */
START_TEST(a_report_that_cannot_be_stored_does_not_cost_the_others_their_lease)
{
	struct rig r = { 0 };
	dtss_task_id a, b;
	int i, answered = 0;

	rig_open(&r);
	a = rig_submit(&r, "a");
	b = rig_submit(&r, "b");
	r.slots = 2;
	rig_heartbeat(&r);
	ck_assert_int_eq(r.assigns, 2);
	r.gate->commit = DTSS_E_NOSPC;
	for (i = 0; i < 20; i++) {
		r.answers = 0;
		rig_holds(&r, a, 1, DTSS_ATTEMPT_RUNNING);
		rig_holds(&r, b, 2, DTSS_ATTEMPT_ENDED);
		rig_reports(&r, b, 2, DTSS_REPORT_ENDED, 0);
		rig_heartbeat(&r);
		answered += r.answers;
		if (r.answers)
			ck_assert_uint_eq(r.answer.ack_count, 0);
		rig_pass(&r, 3000);
	}
	ck_assert_int_ge(answered, 19); /* the first one found out */
	ck_assert_int_eq(r.stops, 0);
	r.gate->commit = 0;
	rig_pass(&r, 5000);
	rig_holds(&r, a, 1, DTSS_ATTEMPT_RUNNING);
	rig_reports(&r, b, 2, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(r.acks[0].result, 0);
	ck_assert_uint_eq(rig_task_state(&r, b), DTSS_TASK_SUCCEEDED);
	ck_assert_uint_eq(rig_task_state(&r, a), DTSS_TASK_LEASED);
	rig_close(&r);
}
END_TEST

START_TEST(a_failed_disk_is_failed_for_good)
{
	static const int32_t errors[] = { DTSS_E_IO, DTSS_E_CORRUPT };
	struct dtss_request stats = rig_request(DTSS_REQUEST_STATS);
	struct dtss_answer answer;
	struct dtss_work work;
	dtss_task_id id;
	size_t i;

	for (i = 0; i < 2; i++) {
		struct dtss_task_spec spec = rig_spec("c");
		struct rig r = { 0 };

		rig_open(&r);
		r.gate->commit = errors[i];
		ck_assert_int_eq(ask_submit(&r, "a"), errors[i]);
		ck_assert_uint_eq(rig_state(&r), DTSS_NODE_FAILED);
		r.gate->commit = 0;
		rig_pass(&r, 60000);
		ck_assert_uint_eq(rig_state(&r), DTSS_NODE_FAILED);
		ck_assert_int_eq(dtss_node_step(r.node, rig_now(&r)), errors[i]);
		ck_assert_int_eq(rig_ask(&r, &stats, &answer), errors[i]);
		ck_assert_int_eq(dtss_node_submit(r.node, rig_now(&r), &spec, &id), errors[i]);
		ck_assert_int_eq(dtss_node_take(r.node, rig_now(&r), &work), errors[i]);
		ck_assert_ptr_null(dtss_node_sched(r.node));
		rig_step(&r);
		ck_assert_uint_eq(dtss_node_next_ns(r.node), DTSS_NEVER);
		rig_close(&r);
	}
}
END_TEST

START_TEST(lookups_in_flight_are_answered_when_it_fails)
{
	struct dtss_request get = rig_request(DTSS_REQUEST_GET);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t first, second;

	rig_open(&r);
	get.u.task = rig_history(&r, "old", 0);
	r.gate->shut = 1;
	r.gate->commit = DTSS_E_IO;
	first = begin_submit(&r, "a");
	rig_step(&r);
	r.gate->shut = 0;
	second = rig_begin(&r, &get);
	(void)dtss_node_step(r.node, rig_now(&r));
	ck_assert_int_eq(rig_answered(&r, first, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_IO);
	ck_assert_int_eq(rig_answered(&r, second, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_IO);
	rig_close(&r);
}
END_TEST

/* S7, P4: what a deposed leader has in memory is worth nothing. */
START_TEST(a_lost_epoch_is_asked_for_again)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct rig r = { 0 };
	uint64_t epoch;

	rig_open(&r);
	dtss_node_info(r.node, &info);
	epoch = info.epoch;
	r.gate->commit = DTSS_E_EPOCH;
	r.gate->lead = DTSS_E_NOT_LEADER;
	ck_assert_int_lt(ask_submit(&r, "a"), 0);
	ck_assert_ptr_null(dtss_node_sched(r.node));
	rig_pass(&r, 500);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_STANDBY);
	rig_heartbeat(&r);
	ck_assert_int_eq(r.answers, 0); /* who does not lead renews nothing */
	r.gate->commit = 0;
	r.gate->lead = 0;
	rig_pass(&r, 1500);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	dtss_node_info(r.node, &info);
	ck_assert_uint_ge(info.epoch, epoch);
	ck_assert_int_eq(ask_submit(&r, "a"), 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_store_that_takes_nothing_is_tried_again)
{
	struct rig r = { 0 };

	rig_open(&r);
	r.gate->refuse = DTSS_E_FULL;
	ck_assert_int_eq(ask_submit(&r, "a"), DTSS_E_UNKNOWN);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_RECOVERING);
	r.gate->refuse = 0;
	rig_pass(&r, 200);
	ck_assert_int_eq(ask_submit(&r, "a"), 0);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_recover(void)
{
	Suite *s = suite_create("unit_node_recover");
	TCase *t = tcase_create("recover");

	tcase_add_test(t, an_unknown_commit_that_was_lost);
	tcase_add_test(t, an_unknown_commit_that_was_applied);
	tcase_add_test(t, everything_that_rests_on_it_is_unknown_and_nothing_else);
	tcase_add_test(t, it_tries_again_with_a_growing_distance);
	tcase_add_test(t, a_full_disk_renews_leases_and_refuses_writes);
	tcase_add_test(t, a_report_that_cannot_be_stored_does_not_cost_the_others_their_lease);
	tcase_add_test(t, a_failed_disk_is_failed_for_good);
	tcase_add_test(t, lookups_in_flight_are_answered_when_it_fails);
	tcase_add_test(t, a_lost_epoch_is_asked_for_again);
	tcase_add_test(t, a_store_that_takes_nothing_is_tried_again);
	suite_add_tcase(s, t);
	return s;
}
