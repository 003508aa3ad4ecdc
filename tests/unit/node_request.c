/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_request(void);

static int ask_submit(struct rig *r, const struct dtss_task_spec *specs, size_t count, struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);

	request.u.submit.specs = specs;
	request.u.submit.count = count;
	return rig_ask(r, &request, ret_answer);
}

START_TEST(each_verb_reaches_the_engine)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_HOLD, id, &answer), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_HELD);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_EXPLAIN, id, &answer), 0);
	ck_assert_uint_eq(answer.u.explanation->why, DTSS_WHY_HELD);
	ck_assert_uint_gt(strlen(answer.u.explanation->text), 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_RELEASE, id, &answer), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_READY);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_RETRY, id, &answer), DTSS_E_STATE);
	ck_assert_str_eq(answer.problem.field, "state");
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_CANCEL, id, &answer), 0);
	ck_assert_uint_eq(answer.u.cancel.stopping, 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_CANCELLED);
	rig_close(&r);
}
END_TEST

START_TEST(cancelling_what_runs_says_that_it_is_stopping)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	ck_assert_uint_eq(r.assign.task.v, id.v);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_CANCEL, id, &answer), 0);
	ck_assert_uint_eq(answer.u.cancel.stopping, 1);
	rig_step(&r);
	rig_listen(&r);
	ck_assert_int_eq(r.stops, 1);
	ck_assert_uint_eq(r.stop.cause, DTSS_CAUSE_CANCEL);
	rig_close(&r);
}
END_TEST

START_TEST(workers_are_drained_by_name)
{
	static const uint32_t types[] = { DTSS_REQUEST_DRAIN, DTSS_REQUEST_CORDON, DTSS_REQUEST_UNCORDON };
	struct dtss_request workers = rig_request(DTSS_REQUEST_WORKERS);
	struct dtss_request request;
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t i;

	rig_open(&r);
	rig_heartbeat(&r);
	for (i = 0; i < 3; i++) {
		request = rig_request(types[i]);
		request.u.worker = "nobody";
		ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_NOT_FOUND);
		request.u.worker = NULL;
		ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_INVALID);
		ck_assert_str_eq(answer.problem.field, "worker");
		request.u.worker = "w";
		ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
		ck_assert_int_eq(rig_ask(&r, &workers, &answer), 0);
		ck_assert_uint_eq(answer.u.workers.count, 1);
		ck_assert_uint_eq(answer.u.workers.workers[0].draining, i < 2);
		ck_assert_uint_eq(answer.u.workers.workers[0].cordoned, i == 1);
	}
	rig_close(&r);
}
END_TEST

START_TEST(bad_requests_are_answered_with_the_field)
{
	struct dtss_task_spec specs[2] = { rig_spec("a"), rig_spec("b") };
	struct dtss_request request = rig_request(DTSS_REQUEST_HEARTBEAT);
	struct dtss_heartbeat hb = {
		.size = sizeof hb, .name = "p", .kind = DTSS_WORKER_PLACEMENT, .max_tasks = 65536
	};
	const char *tags[] = { "" };
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	ck_assert_int_eq(ask_submit(&r, NULL, 1, &answer), DTSS_E_INVALID);
	ck_assert_str_eq(answer.problem.field, "tasks");
	ck_assert_int_eq(ask_submit(&r, specs, DTSS_SUBMIT_MANY_MAX + 1, &answer), DTSS_E_INVALID);
	ck_assert_int_eq(ask_submit(&r, specs, 0, &answer), DTSS_E_INVALID);
	specs[1].tags = tags;
	specs[1].tag_count = 1;
	ck_assert_int_lt(ask_submit(&r, specs, 2, &answer), 0);
	ck_assert_ptr_nonnull(strstr(answer.problem.field, "tags"));
	ck_assert_uint_eq(answer.problem.index, 1);
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_INVALID);
	request.u.heartbeat = &hb;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_TOO_BIG);
	ck_assert_str_eq(answer.problem.field, "max_tasks");
	request.type = DTSS_REQUEST_LOG_READ + 1;
	ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), DTSS_E_INVALID);
	request.type = DTSS_REQUEST_STATS;
	request.size = 0;
	ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), DTSS_E_INVALID);
	ck_assert_uint_eq(rig_task_state(&r, rig_submit(&r, "first")), DTSS_TASK_READY);
	rig_close(&r);
}
END_TEST

START_TEST(many_are_all_or_nothing)
{
	struct dtss_task_spec specs[3] = { rig_spec("a"), rig_spec("b"), rig_spec("c") };
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	specs[2].key = "k";
	ck_assert_int_eq(ask_submit(&r, specs, 3, &answer), 0);
	ck_assert_uint_eq(answer.u.submit.count, 3);
	ck_assert_uint_eq(answer.u.submit.ids[2].v, 3);
	ck_assert_int_eq(ask_submit(&r, specs, 3, &answer), 0);
	ck_assert_uint_eq(answer.u.submit.known[1], 0);
	ck_assert_uint_eq(answer.u.submit.known[2], 1);
	ck_assert_uint_eq(answer.u.submit.ids[2].v, 3);
	specs[2].name = "d";
	ck_assert_int_eq(ask_submit(&r, specs, 3, &answer), DTSS_E_CONFLICT);
	ck_assert_uint_eq(answer.u.submit.conflict.v, 3);
	ck_assert_uint_eq(rig_submit(&r, "next").v, 6);
	rig_close(&r);
}
END_TEST

START_TEST(an_unknown_task_is_not_found_by_any_of_them)
{
	static const uint32_t types[] = { DTSS_REQUEST_CANCEL,  DTSS_REQUEST_RETRY, DTSS_REQUEST_HOLD,
					  DTSS_REQUEST_RELEASE, DTSS_REQUEST_GET,   DTSS_REQUEST_EXPLAIN };
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t i;

	rig_open(&r);
	for (i = 0; i < sizeof types / sizeof *types; i++) {
		ck_assert_int_eq(rig_ask_task(&r, types[i], (dtss_task_id){ 77 }, &answer), DTSS_E_NOT_FOUND);
		ck_assert_str_eq(answer.problem.field, "id");
	}
	rig_close(&r);
}
END_TEST

START_TEST(history_is_found_in_the_store)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_history(&r, "old", 3);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_FAILED);
	ck_assert_str_eq(answer.u.task->spec->name, "old");
	ck_assert_uint_eq(answer.u.task->attempt_count, 1);
	ck_assert_int_eq(answer.u.task->attempts[0].outcome.exit_code, 3);
	ck_assert_str_eq(answer.u.task->attempts[0].worker, "w");
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_EXPLAIN, id, &answer), 0);
	ck_assert_uint_eq(answer.u.explanation->why, DTSS_WHY_FINISHED);
	ck_assert_ptr_nonnull(strstr(answer.u.explanation->text, "failed"));
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_RETRY, id, &answer), 0);
	id = answer.u.retry;
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->retry_of.v, 1);
	ck_assert_str_eq(answer.u.task->spec->name, "old");
	rig_close(&r);
}
END_TEST

/* S26: the end is in the engine, and what the store says is older. */
START_TEST(a_task_whose_end_is_on_the_way_is_not_seen_running)
{
	struct dtss_request get = rig_request(DTSS_REQUEST_GET);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t token;

	rig_open(&r);
	get.u.task = rig_submit(&r, "a");
	r.slots = 1;
	rig_heartbeat(&r);
	rig_holds(&r, get.u.task, r.assign.fence, DTSS_ATTEMPT_RUNNING);
	rig_reports(&r, get.u.task, r.assign.fence, DTSS_REPORT_STARTED, 0);
	rig_heartbeat(&r);
	ck_assert_uint_eq(rig_task_state(&r, get.u.task), DTSS_TASK_RUNNING);
	r.gate->shut = 1;
	rig_reports(&r, get.u.task, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	token = rig_begin(&r, &get);
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 0);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_request(void)
{
	Suite *s = suite_create("unit_node_request");
	TCase *t = tcase_create("request");

	tcase_add_test(t, each_verb_reaches_the_engine);
	tcase_add_test(t, cancelling_what_runs_says_that_it_is_stopping);
	tcase_add_test(t, workers_are_drained_by_name);
	tcase_add_test(t, bad_requests_are_answered_with_the_field);
	tcase_add_test(t, many_are_all_or_nothing);
	tcase_add_test(t, an_unknown_task_is_not_found_by_any_of_them);
	tcase_add_test(t, history_is_found_in_the_store);
	tcase_add_test(t, a_task_whose_end_is_on_the_way_is_not_seen_running);
	suite_add_tcase(s, t);
	return s;
}
