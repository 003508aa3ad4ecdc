/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_after(void);

static struct dtss_after after(uint64_t id)
{
	struct dtss_after a = { { id }, 0, 0 };

	return a;
}

static int submit_after(struct rig *r, const struct dtss_after *parents, size_t count, struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec("child");

	spec.after = parents;
	spec.after_count = count;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	return rig_ask(r, &request, ret_answer);
}

START_TEST(finished_parents_are_looked_up)
{
	struct dtss_after parents[2];
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	parents[0] = after(rig_history(&r, "a", 0).v);
	parents[1] = after(rig_history(&r, "b", 0).v);
	ck_assert_int_eq(submit_after(&r, parents, 2, &answer), 0);
	ck_assert_uint_eq(rig_task_state(&r, answer.u.submit.ids[0]), DTSS_TASK_READY);
	ck_assert_uint_eq(r.gate->gets, 2);
	rig_close(&r);
}
END_TEST

START_TEST(a_parent_that_failed_skips_the_child)
{
	struct dtss_after parents[3];
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	parents[0] = after(rig_history(&r, "a", 0).v);
	parents[1] = after(rig_history(&r, "b", 1).v);
	parents[2] = after(rig_submit(&r, "live").v);
	ck_assert_int_eq(submit_after(&r, parents, 3, &answer), 0);
	ck_assert_uint_eq(rig_task_state(&r, answer.u.submit.ids[0]), DTSS_TASK_SKIPPED);
	rig_close(&r);
}
END_TEST

START_TEST(a_live_parent_blocks_and_needs_no_store)
{
	struct dtss_after parents[2];
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id child;

	rig_open(&r);
	parents[0] = after(rig_history(&r, "a", 0).v);
	parents[1] = after(rig_submit(&r, "live").v);
	ck_assert_int_eq(submit_after(&r, &parents[1], 1, &answer), 0);
	ck_assert_uint_eq(r.gate->gets, 0);
	ck_assert_int_eq(submit_after(&r, parents, 2, &answer), 0);
	child = answer.u.submit.ids[0];
	ck_assert_uint_eq(r.gate->gets, 1);
	ck_assert_uint_eq(rig_task_state(&r, child), DTSS_TASK_BLOCKED);
	rig_close(&r);
}
END_TEST

START_TEST(a_parent_that_nobody_knows_is_named)
{
	struct dtss_after parents[3];
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	parents[0] = after(rig_history(&r, "a", 0).v);
	parents[1] = after(rig_submit(&r, "live").v);
	parents[2] = after(4711);
	ck_assert_int_eq(submit_after(&r, parents, 3, &answer), DTSS_E_NOT_FOUND);
	ck_assert_str_eq(answer.problem.field, "after");
	ck_assert_uint_eq(answer.problem.index, 2);
	ck_assert_uint_eq(rig_submit(&r, "next").v, 3);
	rig_close(&r);
}
END_TEST

/* The parent leaves the engine while the others are being looked up. */
START_TEST(a_parent_that_ends_meanwhile_is_found_too)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec("child");
	struct dtss_after parents[2];
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t token;
	dtss_task_id id;

	rig_open(&r);
	parents[0] = after(rig_history(&r, "a", 0).v);
	id = rig_submit(&r, "b");
	r.slots = 1;
	rig_heartbeat(&r);
	parents[1] = after(id.v);
	spec.after = parents;
	spec.after_count = 2;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	r.gate->shut = 1;
	token = rig_begin(&r, &request);
	memset(parents, 0xff, sizeof parents); /* it was borrowed for the call */
	r.slots = 0;
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 0);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, 0);
	ck_assert_uint_eq(rig_task_state(&r, answer.u.submit.ids[0]), DTSS_TASK_READY);
	rig_close(&r);
}
END_TEST

START_TEST(ten_thousand_finished_parents_are_no_trouble)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	static struct dtss_task_spec specs[DTSS_AFTER_MAX];
	static struct dtss_after parents[DTSS_AFTER_MAX];
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t i;

	rig_open(&r);
	for (i = 0; i < DTSS_AFTER_MAX; i++)
		specs[i] = rig_spec("p");
	request.u.submit.specs = specs;
	request.u.submit.count = DTSS_AFTER_MAX;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	for (i = 0; i < DTSS_AFTER_MAX; i++)
		parents[i] = after(answer.u.submit.ids[i].v);
	for (i = 0; i < DTSS_AFTER_MAX; i++) {
		request = rig_request(DTSS_REQUEST_CANCEL);
		request.token = ++r.token;
		request.u.task = parents[i].task;
		ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), 0);
	}
	rig_step(&r);
	while (dtss_node_answer(r.node, &answer) == 1)
		ck_assert_int_eq(answer.result, 0);
	ck_assert_int_eq(submit_after(&r, parents, DTSS_AFTER_MAX, &answer), 0);
	ck_assert_uint_eq(rig_task_state(&r, answer.u.submit.ids[0]), DTSS_TASK_SKIPPED);
	rig_close(&r);
}
END_TEST

START_TEST(retry_of_history_looks_its_parents_up_likewise)
{
	struct dtss_after parent;
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id child;

	rig_open(&r);
	parent = after(rig_history(&r, "a", 0).v);
	ck_assert_int_eq(submit_after(&r, &parent, 1, &answer), 0);
	child = answer.u.submit.ids[0];
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_CANCEL, child, &answer), 0);
	rig_step(&r);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_RETRY, child, &answer), 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, answer.u.retry, &answer), 0);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_READY);
	ck_assert_uint_eq(answer.u.task->retry_of.v, child.v);
	ck_assert_uint_eq(answer.u.task->spec->after_count, 1);
	rig_close(&r);
}
END_TEST

#define YOUNGER 4711 /* a task that the next leader has taken */

static void younger_lives(struct dtss_store_done *done)
{
	static struct dtss_record_body body = { .kind = DTSS_RECORD_TASK };
	static struct dtss_record record = { .kind = DTSS_RECORD_TASK, .id = YOUNGER };
	static uint8_t data[256];

	if (done->type != DTSS_STORE_GET || done->result != DTSS_E_NOT_FOUND)
		return;
	body.u.task.id = YOUNGER;
	body.u.task.state = DTSS_TASK_READY;
	record.data = data;
	record.len = dtss_record_encode(&body, data, sizeof data);
	ck_assert_uint_le(record.len, sizeof data);
	done->result = 0;
	done->u.rows.records = &record;
	done->u.rows.count = 1;
}

/* One that was deposed and whose clock stands still said that it has a bug. */
START_TEST(a_parent_that_only_the_next_leader_knows)
{
	struct dtss_after parent = after(YOUNGER);
	struct dtss_answer answer;
	struct rig r = { .lead_expires = _i };

	rig_open(&r);
	r.gate->mix = younger_lives;
	ck_assert_int_eq(submit_after(&r, &parent, 1, &answer), _i ? DTSS_E_NOT_LEADER : DTSS_E_BUG);
	ck_assert_uint_eq(rig_submit(&r, "next").v, 1);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_after(void)
{
	Suite *s = suite_create("unit_node_after");
	TCase *t = tcase_create("after");

	tcase_add_test(t, finished_parents_are_looked_up);
	tcase_add_test(t, a_parent_that_failed_skips_the_child);
	tcase_add_test(t, a_live_parent_blocks_and_needs_no_store);
	tcase_add_test(t, a_parent_that_nobody_knows_is_named);
	tcase_add_test(t, a_parent_that_ends_meanwhile_is_found_too);
	tcase_add_test(t, ten_thousand_finished_parents_are_no_trouble);
	tcase_add_test(t, retry_of_history_looks_its_parents_up_likewise);
	tcase_add_loop_test(t, a_parent_that_only_the_next_leader_knows, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
