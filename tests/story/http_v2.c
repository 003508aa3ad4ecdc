/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/json.h"
#include "support/dtssd.h"

/* The API as people use it, each test with a dtssd of its own. */

#define TASKS "/api/v2/tasks"

static struct dtssd_run run;
static struct http_reply reply;

static void setup(void)
{
	dtssd_start(&run, NULL);
}

static void teardown(void)
{
	http_free(&reply);
	dtssd_clean(&run);
}

static void submit(const char *body, long status)
{
	http_post(&reply, &run, TASKS, body);
	ck_assert_msg(reply.status == status, "%ld %s", reply.status, reply.body);
}

START_TEST(a_task_keeps_all_that_it_was_given)
{
	static const char body[] =
		"{\"name\":\"n\",\"key\":\"k\",\"queue\":\"q\",\"argv\":[\"a\",\"\",\"c\"],\"env\":{\"A\":\"1\"},\"cwd\":\"/tmp\","
		"\"tags\":[\"gpu\"],\"resources\":{\"memory_mb\":512},\"priority\":-5,\"not_before\":\"2099-01-02T03:04:05.678+01:00\","
		"\"timeout_ms\":1000,\"start_deadline_ms\":999999999,\"retry\":{\"attempts_max\":3,\"lost_max\":2,\"backoff_ms_min\":1,"
		"\"backoff_ms_max\":2,\"multiplier\":1.5,\"jitter\":false,\"rules\":[{\"on\":[\"exit\",\"timeout\"],\"exit_min\":1,"
		"\"exit_max\":3,\"action\":\"ignore\"}]},\"labels\":{\"l\":\"v\"}}";
	json_t *sent = json_loads(body, 0, NULL), *member;
	const char *name;

	submit(body, 201);
	json_object_foreach (sent, name, member)
		if (strcmp(name, "not_before") != 0)
			ck_assert_msg(json_equal(json_object_get(reply.json, name), member), "%s: %s", name,
				      reply.body);
	ck_assert_str_eq(http_text(&reply, "not_before"), "2099-01-02T02:04:05.678Z");
	ck_assert_str_eq(http_text(&reply, "state"), "delayed");
	ck_assert_int_eq(http_int(&reply, "id"), 1);
	submit(body, 200); /* the key is known, and it is the same task */
	ck_assert_int_eq(http_int(&reply, "id"), 1);
	json_decref(sent);
}
END_TEST

START_TEST(an_array_is_taken_whole_or_not_at_all)
{
	submit("[{\"argv\":[\"true\"]},{\"argv\":[\"true\"],\"after\":[77]}]", 404);
	submit("[{\"argv\":[\"true\"]},{\"argv\":[]}]", 400);
	ck_assert_str_eq(http_text(&reply, "field"), "[1].argv");
	http_get(&reply, &run, TASKS);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.json, "tasks")), 0);
	submit("[{\"argv\":[\"true\"],\"key\":\"k\"},{\"argv\":[\"false\"],\"key\":\"k\"}]", 409);
	ck_assert_str_eq(http_text(&reply, "error"), "[1].key: expected a key that no other task of this request has");
	submit("[{\"argv\":[\"true\"]},{\"argv\":[\"false\"]}]", 201);
	ck_assert_int_eq(http_int(&reply, "tasks.0.id") + 1, http_int(&reply, "tasks.1.id"));
	ck_assert_str_eq(http_text(&reply, "tasks.1.argv.0"), "false");
}
END_TEST

START_TEST(ten_thousand_at_once)
{
	json_t *array = json_array(), *task = json_pack("{s:[s]}", "argv", "true");
	char *body;

	for (int i = 0; i < DTSS_SUBMIT_MANY_MAX; i++)
		json_array_append(array, task);
	body = json_dumps(array, JSON_COMPACT);
	submit(body, 201);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.json, "tasks")), DTSS_SUBMIT_MANY_MAX);
	free(body);
	json_array_append(array, task);
	body = json_dumps(array, JSON_COMPACT);
	submit(body, 400);
	ck_assert_str_eq(http_text(&reply, "code"), "TOO_BIG");
	free(body);
	json_decref(array);
	json_decref(task);
}
END_TEST

START_TEST(lists_go_on_where_they_ended)
{
	submit("[{\"argv\":[\"a\"],\"queue\":\"q\",\"labels\":{\"l\":\"1\"}},{\"argv\":[\"b\"],\"name\":\"n\"},"
	       "{\"argv\":[\"c\"],\"labels\":{\"l\":\"2\"}}]",
	       201);
	http_post(&reply, &run, TASKS "/2/cancel", "");
	ck_assert_str_eq(http_text(&reply, "state"), "cancelled");
	http_get(&reply, &run, TASKS "?limit=2");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 1);
	ck_assert_int_eq(http_int(&reply, "tasks.1.id"), 2);
	ck_assert_int_eq(http_int(&reply, "next"), 2);
	http_get(&reply, &run, TASKS "?limit=2&after=2");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 3);
	ck_assert(json_is_null(json_object_get(reply.json, "next")));
	http_get(&reply, &run, TASKS "?state=cancelled,succeeded");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 2);
	http_get(&reply, &run, TASKS "?queue=q");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 1);
	http_get(&reply, &run, TASKS "?name=n");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 2);
	http_get(&reply, &run, TASKS "?label=l=2");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 3);
	http_get(&reply, &run, TASKS "?label=l");
	ck_assert_uint_eq(json_array_size(json_object_get(reply.json, "tasks")), 2);
}
END_TEST

START_TEST(hold_and_release)
{
	submit("{\"argv\":[\"true\"],\"hold\":true}", 201);
	ck_assert_str_eq(http_text(&reply, "state"), "held");
	http_post(&reply, &run, TASKS "/1/release", "");
	ck_assert_str_eq(http_text(&reply, "state"), "ready");
	http_post(&reply, &run, TASKS "/1/hold", "");
	ck_assert_str_eq(http_text(&reply, "state"), "held");
}
END_TEST

START_TEST(explain_says_what_is_missing)
{
	http_beat(&reply, &run, "gpu", 1, 0, "[]", "[]");
	submit("{\"argv\":[\"true\"],\"tags\":[\"gpuu\"]}", 201);
	http_get(&reply, &run, TASKS "/1/explain");
	ck_assert_str_eq(http_text(&reply, "text"), "no worker has tag \"gpuu\" (did you mean \"gpu\"?)");
	ck_assert_str_eq(http_text(&reply, "why"), "no_tag");
	ck_assert_str_eq(http_text(&reply, "near"), "gpu");
}
END_TEST

START_TEST(workers_are_shown_and_cordoned)
{
	http_beat(&reply, &run, "a", 1, 0, "[]", "[]");
	http_post(&reply, &run, "/api/v2/workers/a/cordon", "");
	ck_assert_int_eq(reply.status, 200);
	http_post(&reply, &run, "/api/v2/workers/a/drain", "");
	ck_assert_int_eq(reply.status, 200);
	http_get(&reply, &run, "/api/v2/workers");
	ck_assert_str_eq(http_text(&reply, "workers.0.name"), "a");
	ck_assert_str_eq(http_text(&reply, "workers.0.status"), "online");
	ck_assert(json_is_true(json_object_get(json_array_get(json_object_get(reply.json, "workers"), 0), "cordoned")));
	submit("{\"argv\":[\"true\"]}", 201);
	http_get(&reply, &run, TASKS "/1/explain");
	ck_assert_str_eq(http_text(&reply, "why"), "not_online");
	http_post(&reply, &run, "/api/v2/workers/a/uncordon", "");
	http_beat(&reply, &run, "a", 2, 3000, "[]", "[]");
	ck_assert_int_eq(http_int(&reply, "assign.0.task"), 1);
}
END_TEST

/* The description knows every route, and every field that a task may have. */
START_TEST(openapi_is_in_step)
{
	json_t *properties, *member;
	const char *name;
	char body[256];

	http_get(&reply, &run, "/api/v2/openapi.json");
	ck_assert_str_eq(http_text(&reply, "openapi"), "3.0.3");
	ck_assert_uint_eq(json_object_size(json_object_get(reply.json, "paths")), 21);
	properties = json_object_get(
		json_object_get(json_object_get(json_object_get(reply.json, "components"), "schemas"), "Spec"),
		"properties");
	ck_assert_uint_eq(json_object_size(properties), 16);
	json_object_foreach (properties, name, member) {
		struct json_reader r = { 0 };
		struct dtss_task_spec spec;
		json_t *task;

		snprintf(body, sizeof body, "{\"%s\":null}", name); /* a known field of the wrong type */
		task = json_read_text(&r, body, strlen(body));
		ck_assert_int_eq(json_read_task(&r, task, 0, &spec), DTSS_E_INVALID);
		ck_assert_msg(strstr(r.problem.sentence, "unknown") == NULL, "%s", r.problem.sentence);
		json_reader_fini(&r);
		json_decref(task);
	}
}
END_TEST

Suite *suite_story_http_v2(void);
Suite *suite_story_http_v2(void)
{
	Suite *suite = suite_create("story/http_v2");
	TCase *tc = tcase_create("v2");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_task_keeps_all_that_it_was_given);
	tcase_add_test(tc, an_array_is_taken_whole_or_not_at_all);
	tcase_add_test(tc, ten_thousand_at_once);
	tcase_add_test(tc, lists_go_on_where_they_ended);
	tcase_add_test(tc, hold_and_release);
	tcase_add_test(tc, explain_says_what_is_missing);
	tcase_add_test(tc, workers_are_shown_and_cordoned);
	tcase_add_test(tc, openapi_is_in_step);
	suite_add_tcase(suite, tc);
	return suite;
}
