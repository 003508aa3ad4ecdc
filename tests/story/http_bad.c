/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/limits.h"
#include "dtss/limits.h"
#include "support/dtssd.h"

/* Bad input: a clear error that names the field and what was expected, and nothing has changed. */

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

/* The last reply was that error; field NULL: none. */
static void is_error(long status, const char *code, const char *field, const char *sentence)
{
	ck_assert_msg(reply.status == status, "expected %ld, got %ld %s", status, reply.status, reply.body);
	ck_assert_str_eq(http_text(&reply, "code"), code);
	ck_assert_msg(strstr(http_text(&reply, "error"), sentence) != NULL, "%s", reply.body);
	ck_assert_msg(strcmp(http_text(&reply, "field"), field ? field : "") == 0, "%s", reply.body);
	ck_assert(strstr(reply.headers, "Content-Type: application/json") != NULL);
}

static void nothing_changed(void)
{
	http_get(&reply, &run, "/api/v2/stats");
	ck_assert_int_eq(http_int(&reply, "totals.submitted"), 0);
	ck_assert_int_eq(http_int(&reply, "seq"), 1); /* that it leads */
}

static const struct {
	const char *body;
	const char *code;
	const char *field;
	const char *sentence;
} bad_tasks[] = {
	{ "", "INVALID", NULL, "the body is empty" },
	{ "  \n", "INVALID", NULL, "the body is empty" },
	{ "hello", "INVALID", NULL, "not JSON" },
	{ "{\"argv\":[\"true\"]", "INVALID", NULL, "not JSON" },
	{ "{\"argv\":[\"true\"]} x", "INVALID", NULL, "not JSON" },
	{ "7", "INVALID", NULL, "expected a JSON object" },
	{ "null", "INVALID", NULL, "expected a JSON object" },
	{ "[]", "INVALID", NULL, "1..10000" },
	{ "[7]", "INVALID", "[0]", "expected a JSON object" },
	{ "{\"argv\":[\"true\"],\"argv\":[\"false\"]}", "INVALID", "argv", "duplicate field" },
	{ "{\"argv\":[\"true\"],\"env\":{\"A\":\"1\",\"A\":\"2\"}}", "INVALID", "A", "duplicate field" },
	{ "{\"argv\":\"true\"}", "INVALID", "argv", "array of strings" },
	{ "{\"argv\":[\"true\",1]}", "INVALID", "argv[1]", "a string" },
	{ "{\"argv\":null}", "INVALID", "argv", "array of strings" },
	{ "{}", "INVALID", "argv", "at least one" },
	{ "{\"argv\":[]}", "INVALID", "argv", "at least one" },
	{ "{\"argv\":[\"true\"],\"nmae\":\"x\"}", "INVALID", "nmae", "did you mean \"name\"?" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"atempts_max\":2}}", "INVALID", "retry.atempts_max", "\"attempts_max\"?" },
	{ "{\"argv\":[\"true\"],\"frobnicate\":1}", "INVALID", "frobnicate", "unknown field" },
	{ "{\"argv\":[\"true\"],\"payload\":\"aGk=\"}", "INVALID", "payload", "unknown field" },
	{ "{\"argv\":[\"true\"],\"name\":\"a\\u0000b\"}", "INVALID", "name", "without NUL" },
	{ "{\"argv\":[\"a\\u0000b\"]}", "INVALID", "argv[0]", "without NUL" },
	{ "{\"argv\":[\"true\"],\"labels\":{\"a\":\"\\u0000\"}}", "INVALID", "labels.a", "without NUL" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"attempts_max\":0}}", "INVALID", "retry.attempts_max", "1..1000" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"attempts_max\":1001}}", "INVALID", "retry.attempts_max", "1..1000" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"attempts_max\":\"3\"}}", "INVALID", "retry.attempts_max", "an integer" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"multiplier\":0.5}}", "INVALID", "retry.multiplier", "1..1000" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"jitter\":1}}", "INVALID", "retry.jitter", "true or false" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"rules\":[{\"on\":[\"exlt\"]}]}}", "INVALID", "retry.rules[0].on", "exit" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"rules\":[{\"on\":[\"exit\\u0000\"]}]}}", "INVALID", "retry.rules[0].on",
	  "exit" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"rules\":[{\"action\":\"fail\\u0000\"}]}}", "INVALID",
	  "retry.rules[0].action", "quarantine" },
	{ "{\"argv\":[\"true\"],\"retry\":{\"rules\":[{\"on\":[]}]}}", "INVALID", "retry.rules[0].action",
	  "quarantine" },
	{ "{\"argv\":[\"true\"],\"retry\":[]}", "INVALID", "retry", "object" },
	{ "{\"argv\":[\"true\"],\"priority\":2147483648}", "INVALID", "priority", "-2147483648..2147483647" },
	{ "{\"argv\":[\"true\"],\"priority\":99999999999999999999999999}", "INVALID", "priority", "integer" },
	{ "{\"argv\":[\"true\"],\"priority\":1.5}", "INVALID", "priority", "integer" },
	{ "{\"argv\":[\"true\"],\"timeout_ms\":-1}", "INVALID", "timeout_ms", "0.." },
	{ "{\"argv\":[\"true\"],\"not_before\":\"tomorrow\"}", "INVALID", "not_before", "RFC 3339" },
	{ "{\"argv\":[\"true\"],\"not_before\":\"2026-02-30T00:00:00Z\"}", "INVALID", "not_before", "RFC 3339" },
	{ "{\"argv\":[\"true\"],\"resources\":{\"memory_mb\":0}}", "INVALID", "resources.memory_mb", "1.." },
	{ "{\"argv\":[\"true\"],\"tags\":[\"\"]}", "INVALID", "tags", "empty" },
	{ "{\"argv\":[\"true\"],\"hold\":\"yes\"}", "INVALID", "hold", "true or false" },
};

START_TEST(a_task_that_is_wrong)
{
	http_post(&reply, &run, TASKS, bad_tasks[_i].body);
	is_error(400, bad_tasks[_i].code, bad_tasks[_i].field, bad_tasks[_i].sentence);
	nothing_changed();
}
END_TEST

START_TEST(an_after_that_nobody_knows)
{
	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"],\"after\":[99]}");
	ck_assert_int_eq(reply.status, 404);
	ck_assert_str_eq(http_text(&reply, "code"), "NOT_FOUND");
	ck_assert(strncmp(http_text(&reply, "field"), "after", 5) == 0);
	nothing_changed();
}
END_TEST

START_TEST(ten_thousand_tags)
{
	json_t *task = json_pack("{s:[s], s:[]}", "argv", "true", "tags");
	char tag[16], *body;

	for (int i = 0; i < 10000; i++) {
		snprintf(tag, sizeof tag, "t%d", i);
		json_array_append_new(json_object_get(task, "tags"), json_string(tag));
	}
	body = json_dumps(task, 0);
	http_post(&reply, &run, TASKS, body);
	is_error(400, "TOO_BIG", "tags", "64");
	nothing_changed();
	free(body);
	json_decref(task);
}
END_TEST

START_TEST(a_task_over_its_limit)
{
	size_t len = DTSS_SPEC_BYTES_MAX + 1;
	char *body = malloc(len + 64);

	ck_assert(body != NULL);
	snprintf(body, 64, "{\"argv\":[\"true\",\"");
	memset(body + strlen(body), 'x', len);
	strcpy(body + strlen("{\"argv\":[\"true\",\"") + len, "\"]}");
	http_post(&reply, &run, TASKS, body);
	ck_assert_int_eq(reply.status, 400);
	ck_assert_str_eq(http_text(&reply, "code"), "TOO_BIG");
	nothing_changed();
	free(body);
}
END_TEST

START_TEST(a_body_over_the_limit)
{
	char *body = calloc(1, HTTP_BODY_MAX + 2);

	ck_assert(body != NULL);
	memset(body, ' ', HTTP_BODY_MAX + 1);
	http_call(&reply, &run, "POST", TASKS, NULL, body, HTTP_BODY_MAX + 1);
	is_error(413, "TOO_BIG", NULL, "8388608");
	http_call(&reply, &run, "POST", TASKS, "Expect:", body, HTTP_BODY_MAX + 1);
	is_error(413, "TOO_BIG", NULL, "8388608");
	http_call(&reply, &run, "POST", TASKS, "Transfer-Encoding: chunked", body, HTTP_BODY_MAX + 1);
	is_error(413, "TOO_BIG", NULL, "8388608");
	http_call(&reply, &run, "POST", TASKS, NULL, body, HTTP_BODY_MAX);
	is_error(400, "INVALID", NULL, "empty");
	nothing_changed();
	free(body);
}
END_TEST

START_TEST(paths_methods_and_parameters)
{
	http_get(&reply, &run, "/api/v2/task");
	is_error(404, "NOT_FOUND", NULL, "no path");
	http_get(&reply, &run, "/api/v2/tasks/17");
	is_error(404, "NOT_FOUND", NULL, "no task 17");
	http_get(&reply, &run, "/api/v2/tasks/1x");
	is_error(404, "NOT_FOUND", NULL, "no task 1x");
	http_get(&reply, &run, "/api/v2/tasks/99999999999999999999/log");
	is_error(404, "NOT_FOUND", NULL, "no task");
	http_get(&reply, &run, "/api/v2/tasks/17/log?follow=1");
	is_error(404, "NOT_FOUND", NULL, "no task 17");
	http_post(&reply, &run, "/api/v2/tasks/17/cancel", "");
	is_error(404, "NOT_FOUND", NULL, "no task 17");
	http_post(&reply, &run, "/api/v2/workers/nobody/drain", "");
	is_error(404, "NOT_FOUND", NULL, "no worker nobody");
	http_call(&reply, &run, "DELETE", "/api/v2/tasks", NULL, NULL, 0);
	is_error(405, "UNSUPPORTED", NULL, "expected POST, GET");
	ck_assert(strstr(reply.headers, "Allow: POST, GET") != NULL);
	http_get(&reply, &run, "/api/v2/tasks?stat=ready");
	is_error(400, "INVALID", "stat", "did you mean \"state\"?");
	http_get(&reply, &run, "/api/v2/tasks?state=redy");
	is_error(400, "INVALID", "state", "ready");
	http_get(&reply, &run, "/api/v2/tasks?limit=0");
	is_error(400, "INVALID", "limit", "1..1000");
	http_get(&reply, &run, "/api/v2/tasks?limit=1001");
	is_error(400, "INVALID", "limit", "1..1000");
	http_get(&reply, &run, "/api/v2/tasks?after=x");
	is_error(400, "INVALID", "after", "integer");
	nothing_changed();
}
END_TEST

START_TEST(a_key_for_another_task)
{
	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"],\"key\":\"k\"}");
	ck_assert_int_eq(reply.status, 201);
	http_post(&reply, &run, TASKS, "{\"argv\":[\"false\"],\"key\":\"k\"}");
	is_error(409, "CONFLICT", "key", "task 1");
	http_post(&reply, &run, TASKS, "[{\"argv\":[\"ls\"]},{\"argv\":[\"false\"],\"key\":\"k\"}]");
	is_error(409, "CONFLICT", "[1].key", "task 1");
	http_get(&reply, &run, "/api/v2/stats");
	ck_assert_int_eq(http_int(&reply, "totals.submitted"), 1);
}
END_TEST

START_TEST(a_task_that_has_ended)
{
	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"]}");
	http_post(&reply, &run, "/api/v2/tasks/1/retry", "");
	is_error(409, "STATE", "state", "has ended");
	http_post(&reply, &run, "/api/v2/tasks/1/cancel", "");
	ck_assert_int_eq(reply.status, 200);
	http_post(&reply, &run, "/api/v2/tasks/1/cancel", "");
	is_error(409, "STATE", NULL, "has ended");
	http_post(&reply, &run, "/api/v2/tasks/1/hold", "");
	is_error(409, "STATE", NULL, "has ended");
}
END_TEST

START_TEST(a_full_queue)
{
	char path[96];
	FILE *conf;

	snprintf(path, sizeof path, "%s/conf", run.dir);
	conf = fopen(path, "w");
	ck_assert(conf != NULL);
	fputs("# small\nqueue_tasks_max = 2\n", conf);
	fclose(conf);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	dtssd_again(&run, "--config", path, NULL);
	http_post(&reply, &run, TASKS, "[{\"argv\":[\"true\"]},{\"argv\":[\"true\"]}]");
	ck_assert_int_eq(reply.status, 201);
	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"]}");
	ck_assert_int_eq(reply.status, 429);
	ck_assert_str_eq(http_text(&reply, "code"), "FULL");
	ck_assert(strstr(reply.headers, "Retry-After: ") != NULL);
	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"],\"queue\":\"other\"}");
	ck_assert_int_eq(reply.status, 201);
}
END_TEST

static const struct {
	const char *path;
	const char *body;
	const char *field;
	const char *sentence;
} bad_polls[] = {
	{ "/api/v2/workers/a/poll", "{\"name\":\"b\",\"incarnation\":1}", "name", "the name in the path" },
	{ "/api/v2/workers/a/poll", "{\"name\":\"a\"}", "incarnation", "above 0" },
	{ "/api/v2/workers/a/poll", "{\"incarnation\":1}", "name", "not empty" },
	{ "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":1,\"max_tasks\":65536}", "max_tasks", "65535" },
	{ "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":1,\"tasg\":[]}", "tasg", "\"tags\"?" },
	{ "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":1,\"held\":[{\"task\":0}]}", "held[0].task",
	  "1.." },
	{ "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":1,\"identity\":\"xy\"}", "identity", "32 hex" },
	{ "/api/v2/workers/a/poll?wait_ms=soon", "{\"name\":\"a\",\"incarnation\":1}", "wait_ms", "integer" },
	{ "/api/v2/workers/a/log?fence=1", "x", "task", "above 0" },
	{ "/api/v2/workers/a/log?task=1", "x", "fence", "above 0" },
	{ "/api/v2/workers/a/log?task=1&fence=1&stream=3", "x", "stream", "stdout or stderr" },
};

START_TEST(an_agent_that_is_wrong)
{
	http_post(&reply, &run, bad_polls[_i].path, bad_polls[_i].body);
	is_error(400, "INVALID", bad_polls[_i].field, bad_polls[_i].sentence);
	nothing_changed();
}
END_TEST

START_TEST(a_stale_fence)
{
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1", "late words");
	is_error(409, "FENCED", NULL, "stale");
}
END_TEST

START_TEST(a_line_that_is_wrong_is_alone)
{
	const char *body =
		"{\"argv\":[\"true\"]}\n{\"argv\":[]}\n\n{\"argv\":[\"true\"],\"key\":\"k\"}\n{\"argv\":[\"ls\"],\"key\":\"k\"}\n";
	static const char *const expected[] = { "{\"id\":1,", "{\"error\":\"argv", "{\"error\":\"the body is empty",
						"{\"id\":2,", "{\"error\":\"key: already used for task 2" };
	char *line, *rest;

	http_call(&reply, &run, "POST", TASKS, "Content-Type: application/x-ndjson", body, strlen(body));
	ck_assert_int_eq(reply.status, 200);
	ck_assert(strstr(reply.headers, "Content-Type: application/x-ndjson") != NULL);
	rest = reply.body;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		line = strsep(&rest, "\n");
		ck_assert_msg(line && strncmp(line, expected[i], strlen(expected[i])) == 0, "line %zu: %s", i, line);
	}
	ck_assert_str_eq(rest, "");
}
END_TEST

/* Each is answered once, and what follows it is no second request. */
START_TEST(a_request_whose_end_is_a_matter_of_taste)
{
	static const char *const heads[] = { "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
					     "Content-Length: 0\r\nContent-Length: 21\r\n",
					     "Content-Length: +5\r\n",
					     "Transfer-Encoding: gzip, chunked\r\n",
					     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
					     "Host: y\r\n" };
	char request[512], buf[4096];

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		int fd;

		snprintf(
			request, sizeof request,
			"POST /api/v2/tasks HTTP/1.1\r\nHost: localhost\r\n%s\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
			heads[i]);
		fd = http_raw(&run, request, strlen(request));
		ck_assert_msg(http_raw_until(fd, buf, sizeof buf, "HTTP/1.1 400"), "%s: %s", heads[i], buf);
		ck_assert_int_eq(http_raw_until(fd, buf, sizeof buf, "HTTP/1.1 200"), 0);
		close(fd);
	}
	nothing_changed();
}
END_TEST

/* Any page that somebody looks at can send such a request to loopback. */
START_TEST(a_web_page)
{
	const char *body = "{\"argv\":[\"true\"]}";

	http_call(&reply, &run, "POST", TASKS, "Origin: http://example.com", body, strlen(body));
	is_error(403, "INVALID", NULL, "web page");
	http_call(&reply, &run, "GET", "/healthz", "Origin: http://example.com", NULL, 0);
	ck_assert_int_eq(reply.status, 200);
	nothing_changed();
}
END_TEST

START_TEST(a_request_that_is_no_http)
{
	static const char *const garbage[] = {
		"\r\n\r\nhello\r\n\r\n", "GET\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
		"POST /api/v2/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"
	};
	char buf[4096];

	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		int fd = http_raw(&run, garbage[i], strlen(garbage[i]));

		shutdown(fd, SHUT_WR);
		ck_assert_int_eq(http_raw_until(fd, buf, sizeof buf, "HTTP/1.1 200"), 0);
		close(fd);
	}
	nothing_changed();
}
END_TEST

Suite *suite_story_http_bad(void);
Suite *suite_story_http_bad(void)
{
	Suite *suite = suite_create("story/http_bad");
	TCase *tc = tcase_create("bad");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_task_that_is_wrong, 0, sizeof bad_tasks / sizeof bad_tasks[0]);
	tcase_add_test(tc, an_after_that_nobody_knows);
	tcase_add_test(tc, ten_thousand_tags);
	tcase_add_test(tc, a_task_over_its_limit);
	tcase_add_test(tc, a_body_over_the_limit);
	tcase_add_test(tc, paths_methods_and_parameters);
	tcase_add_test(tc, a_key_for_another_task);
	tcase_add_test(tc, a_task_that_has_ended);
	tcase_add_test(tc, a_full_queue);
	tcase_add_loop_test(tc, an_agent_that_is_wrong, 0, sizeof bad_polls / sizeof bad_polls[0]);
	tcase_add_test(tc, a_stale_fence);
	tcase_add_test(tc, a_line_that_is_wrong_is_alone);
	tcase_add_test(tc, a_request_whose_end_is_a_matter_of_taste);
	tcase_add_test(tc, a_web_page);
	tcase_add_test(tc, a_request_that_is_no_http);
	suite_add_tcase(suite, tc);
	return suite;
}
