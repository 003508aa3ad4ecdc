/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_log(void);

static int append(struct rig *r, dtss_task_id id, uint64_t fence, uint64_t offset, const char *text,
		  struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LOG_APPEND);

	request.u.log_append.task = id;
	request.u.log_append.chunk.fence = fence;
	request.u.log_append.chunk.stream = 1;
	request.u.log_append.chunk.offset = offset;
	request.u.log_append.chunk.data = text;
	request.u.log_append.chunk.len = strlen(text);
	return rig_ask(r, &request, ret_answer);
}

static int read_log(struct rig *r, dtss_task_id id, uint32_t attempt, uint64_t offset, struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LOG_READ);

	request.u.log_read.task = id;
	request.u.log_read.attempt = attempt;
	request.u.log_read.chunk.stream = 1;
	request.u.log_read.chunk.offset = offset;
	request.u.log_read.chunk.len = 100;
	return rig_ask(r, &request, ret_answer);
}

static dtss_task_id running(struct rig *r)
{
	dtss_task_id id;

	rig_open(r);
	id = rig_submit(r, "a");
	r->slots = 1;
	rig_heartbeat(r);
	ck_assert_uint_eq(r->assign.task.v, id.v);
	return id;
}

START_TEST(what_is_appended_can_be_read)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id = running(&r);

	ck_assert_int_eq(append(&r, id, r.assign.fence, 0, "hello ", &answer), 0);
	ck_assert_uint_eq(answer.u.log.offset, 6);
	ck_assert_int_eq(append(&r, id, r.assign.fence, 6, "world", &answer), 0);
	ck_assert_uint_eq(answer.u.log.offset, 11);
	ck_assert_int_eq(append(&r, id, r.assign.fence, 20, "gap", &answer), DTSS_E_OFFSET);
	ck_assert_uint_eq(answer.u.log.offset, 11);
	ck_assert_int_eq(read_log(&r, id, 0, 0, &answer), 0);
	ck_assert_uint_eq(answer.u.log.len, 11);
	ck_assert_mem_eq(answer.u.log.data, "hello world", 11);
	ck_assert_uint_eq(answer.u.log.attempt, 1);
	ck_assert_uint_eq(answer.u.log.ended, 0);
	ck_assert_int_eq(read_log(&r, id, 1, 6, &answer), 0);
	ck_assert_mem_eq(answer.u.log.data, "world", 5);
	rig_close(&r);
}
END_TEST

START_TEST(a_stale_fence_appends_nothing)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id = running(&r);
	uint64_t fence = r.assign.fence;

	ck_assert_int_eq(append(&r, id, fence + 1, 0, "x", &answer), DTSS_E_FENCED);
	ck_assert_int_eq(append(&r, (dtss_task_id){ 99 }, fence, 0, "x", &answer), DTSS_E_FENCED);
	rig_reports(&r, id, fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(append(&r, id, fence, 0, "x", &answer), DTSS_E_FENCED);
	ck_assert_int_eq(read_log(&r, id, 0, 0, &answer), 0);
	ck_assert_uint_eq(answer.u.log.len, 0);
	ck_assert_uint_eq(answer.u.log.ended, 1);
	rig_close(&r);
}
END_TEST

START_TEST(a_log_of_history_is_read_and_has_ended)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id = running(&r);

	ck_assert_int_eq(append(&r, id, r.assign.fence, 0, "last words", &answer), 0);
	rig_reports(&r, id, r.assign.fence, DTSS_REPORT_ENDED, 0);
	rig_heartbeat(&r);
	ck_assert_int_eq(read_log(&r, id, 0, 0, &answer), 0);
	ck_assert_mem_eq(answer.u.log.data, "last words", 10);
	ck_assert_uint_eq(answer.u.log.ended, 1);
	ck_assert_int_eq(read_log(&r, id, 2, 0, &answer), DTSS_E_NOT_FOUND);
	ck_assert_str_eq(answer.problem.field, "attempt");
	ck_assert_int_eq(read_log(&r, (dtss_task_id){ 99 }, 0, 0, &answer), DTSS_E_NOT_FOUND);
	ck_assert_str_eq(answer.problem.field, "id");
	rig_close(&r);
}
END_TEST

START_TEST(a_task_that_never_started_has_an_empty_log)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	ck_assert_int_eq(read_log(&r, id, 0, 0, &answer), 0);
	ck_assert_uint_eq(answer.u.log.len, 0);
	ck_assert_uint_eq(answer.u.log.ended, 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_CANCEL, id, &answer), 0);
	rig_step(&r);
	ck_assert_int_eq(read_log(&r, id, 0, 0, &answer), 0);
	ck_assert_uint_eq(answer.u.log.ended, 1);
	rig_close(&r);
}
END_TEST

START_TEST(bad_chunks_are_refused)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LOG_APPEND);
	struct dtss_answer answer;
	struct rig r = { 0 };

	request.u.log_append.task = running(&r);
	request.u.log_append.chunk.fence = r.assign.fence;
	request.u.log_append.chunk.len = 1;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_INVALID);
	ck_assert_str_eq(answer.problem.field, "stream");
	request.u.log_append.chunk.stream = 2;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_INVALID);
	ck_assert_str_eq(answer.problem.field, "data");
	request.u.log_append.chunk.data = "";
	request.u.log_append.chunk.len = DTSS_LOG_CHUNK_MAX + 1;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_TOO_BIG);
	ck_assert_str_eq(answer.problem.field, "len");
	rig_close(&r);
}
END_TEST

START_TEST(a_full_disk_is_said_to_who_appends)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	dtss_task_id id = running(&r);

	r.gate->append = DTSS_E_NOSPC;
	ck_assert_int_eq(append(&r, id, r.assign.fence, 0, "x", &answer), DTSS_E_NOSPC);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_log(void)
{
	Suite *s = suite_create("unit_node_log");
	TCase *t = tcase_create("log");

	tcase_add_test(t, what_is_appended_can_be_read);
	tcase_add_test(t, a_stale_fence_appends_nothing);
	tcase_add_test(t, a_log_of_history_is_read_and_has_ended);
	tcase_add_test(t, a_task_that_never_started_has_an_empty_log);
	tcase_add_test(t, bad_chunks_are_refused);
	tcase_add_test(t, a_full_disk_is_said_to_who_appends);
	suite_add_tcase(s, t);
	return s;
}
