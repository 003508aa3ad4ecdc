/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_list(void);

static int ask_list(struct rig *r, uint64_t from, uint32_t limit, struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LIST);

	request.u.list.after = from;
	request.u.list.limit = limit;
	return rig_ask(r, &request, ret_answer);
}

/* 1 and 3 history, 2 and 4 live, and so on */
static void fill(struct rig *r, int pairs)
{
	int i;

	rig_open(r);
	for (i = 0; i < pairs; i++) {
		(void)rig_history(r, "odd", 0);
		dtss_task_id id = rig_submit(r, "even");
		struct dtss_answer answer;

		ck_assert_int_eq(rig_ask_task(r, DTSS_REQUEST_HOLD, id, &answer), 0);
	}
}

START_TEST(history_and_what_lives_are_one_list)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t i;

	fill(&r, 3);
	ck_assert_int_eq(ask_list(&r, 0, 100, &answer), 0);
	ck_assert_uint_eq(answer.u.list.count, 6);
	ck_assert_uint_eq(answer.u.list.next, 0);
	for (i = 0; i < 6; i++) {
		ck_assert_uint_eq(answer.u.list.tasks[i]->id.v, i + 1);
		ck_assert_str_eq(answer.u.list.tasks[i]->spec->name, i % 2 ? "even" : "odd");
		ck_assert_uint_eq(answer.u.list.tasks[i]->state, i % 2 ? DTSS_TASK_HELD : DTSS_TASK_SUCCEEDED);
	}
	rig_close(&r);
}
END_TEST

START_TEST(pages_of_every_size_show_each_task_once)
{
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint32_t limit;

	fill(&r, 4);
	for (limit = 1; limit <= 9; limit++) {
		uint64_t next = 0, seen = 0;
		int pages = 0;

		do {
			size_t i;

			ck_assert_int_eq(ask_list(&r, next, limit, &answer), 0);
			ck_assert_uint_le(answer.u.list.count, limit);
			for (i = 0; i < answer.u.list.count; i++)
				ck_assert_uint_eq(answer.u.list.tasks[i]->id.v, ++seen);
			next = answer.u.list.next;
			ck_assert_int_le(++pages, 9);
		} while (next != 0);
		ck_assert_uint_eq(seen, 8);
		ck_assert_int_eq(pages, (int)((8 + limit - 1) / limit));
	}
	rig_close(&r);
}
END_TEST

/* However long the tasks are that live: an answer of gigabytes would end the program. */
START_TEST(a_page_of_long_tasks_ends_early)
{
	static char payload[200000];
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec("long");
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t next = 0, seen = 0;
	size_t i;

	rig_open(&r);
	spec.payload = payload;
	spec.payload_len = sizeof payload;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	do {
		ck_assert_int_eq(ask_list(&r, next, 1000, &answer), 0);
		ck_assert_uint_gt(answer.u.list.count, 0);
		ck_assert_uint_le(answer.u.list.count, DTSS_LIST_BYTES_MAX / sizeof payload + 1);
		for (i = 0; i < answer.u.list.count; i++)
			ck_assert_uint_eq(answer.u.list.tasks[i]->id.v, ++seen);
		next = answer.u.list.next;
	} while (next != 0);
	ck_assert_uint_eq(seen, 100);
	rig_close(&r);
}
END_TEST

START_TEST(a_filter_holds_for_both)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LIST);
	struct dtss_answer answer;
	struct rig r = { 0 };

	fill(&r, 3);
	request.u.list.limit = 100;
	request.u.list.name = "odd";
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	ck_assert_uint_eq(answer.u.list.count, 3);
	request.u.list.name = NULL;
	request.u.list.states = 1u << DTSS_TASK_HELD;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	ck_assert_uint_eq(answer.u.list.count, 3);
	ck_assert_str_eq(answer.u.list.tasks[2]->spec->name, "even");
	request.u.list.queue = "no such queue";
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	ck_assert_uint_eq(answer.u.list.count, 0);
	ck_assert_uint_eq(answer.u.list.next, 0);
	rig_close(&r);
}
END_TEST

START_TEST(the_limit_has_limits)
{
	struct dtss_answer answer;
	struct rig r = { 0 };

	rig_open(&r);
	ck_assert_int_eq(ask_list(&r, 0, 0, &answer), DTSS_E_INVALID);
	ck_assert_str_eq(answer.problem.field, "limit");
	ck_assert_str_eq(answer.problem.expected, "1..1000");
	ck_assert_int_eq(ask_list(&r, 0, DTSS_LIST_MAX + 1, &answer), DTSS_E_INVALID);
	ck_assert_int_eq(ask_list(&r, 0, DTSS_LIST_MAX, &answer), 0);
	rig_close(&r);
}
END_TEST

/* It leaves the engine between the two looks, or is about to: neither hides it, neither shows it twice. */
START_TEST(a_task_that_becomes_history_meanwhile_is_there_once)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LIST);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t before, behind;
	dtss_task_id id;

	rig_open(&r);
	id = rig_submit(&r, "a");
	(void)rig_submit(&r, "b");
	r.slots = 2;
	rig_heartbeat(&r);
	ck_assert_int_eq(r.assigns, 2);
	request.u.list.limit = 10;
	r.gate->shut = 1;
	before = rig_begin(&r, &request);
	rig_reports(&r, id, 1, DTSS_REPORT_ENDED, 0);
	rig_holds(&r, (dtss_task_id){ 2 }, 2, DTSS_ATTEMPT_LEASED);
	rig_heartbeat(&r);
	behind = rig_begin(&r, &request);
	rig_step(&r);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(rig_answered(&r, before, &answer), 1);
	ck_assert_uint_eq(answer.u.list.count, 2);
	ck_assert_uint_eq(answer.u.list.tasks[0]->id.v, id.v);
	ck_assert_uint_eq(answer.u.list.tasks[1]->id.v, 2);
	ck_assert_int_eq(rig_answered(&r, behind, &answer), 1);
	ck_assert_uint_eq(answer.u.list.count, 2);
	ck_assert_uint_eq(answer.u.list.tasks[0]->id.v, id.v);
	ck_assert_uint_eq(answer.u.list.tasks[0]->state, DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

/* Nothing of the history passes the filter: the store gives up after DTSS_SCAN_MAX rows, and the page ends there. */
START_TEST(a_scan_that_ends_early_skips_nothing_that_lives)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	static struct dtss_task_spec specs[DTSS_SUBMIT_MANY_MAX];
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t next = 0;
	size_t i, found = 0;

	rig_open(&r);
	for (i = 0; i < DTSS_SUBMIT_MANY_MAX; i++)
		specs[i] = rig_spec("p");
	request.u.submit.specs = specs;
	request.u.submit.count = DTSS_SUBMIT_MANY_MAX;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	(void)rig_submit(&r, "last");
	for (i = 1; i <= DTSS_SUBMIT_MANY_MAX; i++) {
		request = rig_request(DTSS_REQUEST_CANCEL);
		request.u.task.v = i;
		ck_assert_int_eq(dtss_node_request(r.node, rig_now(&r), &request), 0);
	}
	rig_step(&r);
	while (dtss_node_answer(r.node, &answer) == 1)
		ck_assert_int_eq(answer.result, 0);
	request = rig_request(DTSS_REQUEST_LIST);
	request.u.list.limit = 5;
	request.u.list.name = "last";
	for (i = 0; i < 10; i++) {
		request.u.list.after = next;
		ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
		found += answer.u.list.count;
		next = answer.u.list.next;
		if (next == 0)
			break;
	}
	ck_assert_uint_eq(next, 0);
	ck_assert_uint_eq(found, 1);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_list(void)
{
	Suite *s = suite_create("unit_node_list");
	TCase *t = tcase_create("list");

	tcase_add_test(t, history_and_what_lives_are_one_list);
	tcase_add_test(t, pages_of_every_size_show_each_task_once);
	tcase_add_test(t, a_page_of_long_tasks_ends_early);
	tcase_add_test(t, a_filter_holds_for_both);
	tcase_add_test(t, the_limit_has_limits);
	tcase_add_test(t, a_task_that_becomes_history_meanwhile_is_there_once);
	tcase_add_test(t, a_scan_that_ends_early_skips_nothing_that_lives);
	suite_add_tcase(s, t);
	return s;
}
