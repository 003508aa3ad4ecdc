/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_hold(void);

static uint64_t begin_submit(struct rig *r, const char *name, const char *key)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec(name);

	spec.key = key;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	return rig_begin(r, &request);
}

/* P1: nothing is acknowledged that a crash would lose. */
START_TEST(an_answer_waits_until_it_is_stored)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t token;

	rig_open(&r);
	r.gate->shut = 1;
	token = begin_submit(&r, "a", NULL);
	rig_step(&r);
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 0);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, 0);
	ck_assert_uint_eq(r.gate->last_seq, dtss_sched_seq(dtss_node_sched(r.node)));
	rig_close(&r);
}
END_TEST

START_TEST(refusals_and_repetitions_wait_for_what_they_rest_on)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t first, same, other;
	dtss_task_id id;

	rig_open(&r);
	r.gate->shut = 1;
	first = begin_submit(&r, "a", "k");
	same = begin_submit(&r, "a", "k");
	other = begin_submit(&r, "b", "k");
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, first, &answer), 0);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, first, &answer), 1);
	ck_assert_uint_eq(answer.u.submit.known[0], 0);
	id = answer.u.submit.ids[0];
	ck_assert_int_eq(rig_answered(&r, same, &answer), 1);
	ck_assert_uint_eq(answer.u.submit.known[0], 1);
	ck_assert_uint_eq(answer.u.submit.ids[0].v, id.v);
	ck_assert_int_eq(rig_answered(&r, other, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_CONFLICT);
	ck_assert_uint_eq(answer.u.submit.conflict.v, id.v);
	rig_close(&r);
}
END_TEST

START_TEST(a_query_of_what_is_not_stored_waits_too)
{
	struct dtss_request get = rig_request(DTSS_REQUEST_GET);
	struct dtss_request list = rig_request(DTSS_REQUEST_LIST);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t submit, got, listed;

	rig_open(&r);
	r.gate->shut = 1;
	submit = begin_submit(&r, "a", NULL);
	get.u.task.v = 1;
	list.u.list.limit = 10;
	got = rig_begin(&r, &get);
	listed = rig_begin(&r, &list);
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, submit, &answer), 0);
	ck_assert_uint_gt(dtss_sched_seq(dtss_node_sched(r.node)), dtss_node_stored(r.node));
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_uint_eq(dtss_sched_seq(dtss_node_sched(r.node)), dtss_node_stored(r.node));
	ck_assert_int_eq(rig_answered(&r, submit, &answer), 1);
	ck_assert_int_eq(rig_answered(&r, got, &answer), 1);
	ck_assert_int_eq(answer.result, 0);
	ck_assert_str_eq(answer.u.task->spec->name, "a");
	ck_assert_int_eq(rig_answered(&r, listed, &answer), 1);
	ck_assert_uint_eq(answer.u.list.count, 1);
	rig_close(&r);
}
END_TEST

/* COMPAT: placements are reservations, and need no write. */
START_TEST(answers_about_volatile_things_do_not_wait)
{
	struct dtss_request beat = rig_request(DTSS_REQUEST_HEARTBEAT);
	struct dtss_request place = rig_request(DTSS_REQUEST_PLACE);
	struct dtss_heartbeat hb = {
		.size = sizeof hb, .name = "p", .kind = DTSS_WORKER_PLACEMENT, .max_tasks = 2, .address = "h:1"
	};
	struct dtss_request stats = rig_request(DTSS_REQUEST_STATS);
	struct dtss_request workers = rig_request(DTSS_REQUEST_WORKERS);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t token;

	rig_open(&r);
	beat.u.heartbeat = &hb;
	r.gate->shut = 1;
	token = rig_begin(&r, &beat); /* the first one registers, and that is durable */
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 0);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, 0);

	r.gate->shut = 1;
	(void)begin_submit(&r, "a", NULL);
	rig_step(&r);
	token = rig_begin(&r, &beat);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	token = rig_begin(&r, &place);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, 0);
	ck_assert_str_eq(answer.u.placement.worker, "p");
	ck_assert_str_eq(answer.u.placement.address, "h:1");
	token = rig_begin(&r, &workers);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_uint_eq(answer.u.workers.count, 1);
	ck_assert_uint_eq(answer.u.workers.workers[0].used, 1);
	token = rig_begin(&r, &stats);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_uint_eq(answer.u.stats->placements, 1);
	token = rig_begin(&r, &place);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	token = rig_begin(&r, &place);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_NO_WORKER);
	rig_close(&r);
}
END_TEST

START_TEST(what_comes_while_a_batch_is_in_flight_shares_the_next)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t first;
	size_t commits;
	int i;

	rig_open(&r);
	commits = r.gate->commits;
	r.gate->shut = 1;
	first = begin_submit(&r, "a", NULL);
	rig_step(&r);
	for (i = 0; i < 100; i++)
		(void)begin_submit(&r, "b", NULL);
	rig_step(&r);
	ck_assert_uint_eq(r.gate->commits, commits + 1);
	r.gate->shut = 0;
	rig_step(&r);
	for (i = 0; i < 101; i++) {
		ck_assert_int_eq(rig_answered(&r, first + (uint64_t)i, &answer), 1);
		ck_assert_int_eq(answer.result, 0);
		ck_assert_uint_eq(answer.u.submit.ids[0].v, (uint64_t)i + 1);
	}
	ck_assert_uint_eq(r.gate->commits, commits + 2);
	rig_close(&r);
}
END_TEST

START_TEST(events_come_when_they_are_stored_and_without_gaps)
{
	struct dtss_event event;
	struct rig r = { 0 };
	uint64_t seq;

	rig_open(&r);
	seq = r.gate->last_seq;
	r.gate->shut = 1;
	(void)begin_submit(&r, "a", NULL);
	(void)begin_submit(&r, "b", NULL);
	(void)dtss_node_step(r.node, rig_now(&r));
	ck_assert_int_eq(dtss_node_event(r.node, &event), 0);
	r.gate->shut = 0;
	(void)dtss_node_step(r.node, rig_now(&r));
	while (dtss_node_event(r.node, &event) == 1)
		ck_assert_uint_eq(event.seq, ++seq);
	ck_assert_uint_eq(seq, r.gate->last_seq);
	ck_assert_uint_eq(event.task, 2);
	ck_assert_uint_eq(event.to, DTSS_TASK_READY);
	rig_close(&r);
}
END_TEST

START_TEST(there_is_a_bound_on_requests)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_GET);
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t i;

	rig_open(&r);
	request.u.task.v = 99;
	for (i = 0; i < DTSS_NODE_REQUESTS_MAX; i++)
		ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), 0);
	ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), DTSS_E_FULL);
	for (i = 0; i < DTSS_NODE_REQUESTS_MAX;) {
		rig_step(&r);
		while (dtss_node_answer(r.node, &answer) == 1) {
			ck_assert_int_eq(answer.result, DTSS_E_NOT_FOUND);
			i++;
		}
	}
	ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), 0);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_hold(void)
{
	Suite *s = suite_create("unit_node_hold");
	TCase *t = tcase_create("hold");

	tcase_add_test(t, an_answer_waits_until_it_is_stored);
	tcase_add_test(t, refusals_and_repetitions_wait_for_what_they_rest_on);
	tcase_add_test(t, a_query_of_what_is_not_stored_waits_too);
	tcase_add_test(t, answers_about_volatile_things_do_not_wait);
	tcase_add_test(t, what_comes_while_a_batch_is_in_flight_shares_the_next);
	tcase_add_test(t, events_come_when_they_are_stored_and_without_gaps);
	tcase_add_test(t, there_is_a_bound_on_requests);
	suite_add_tcase(s, t);
	return s;
}
