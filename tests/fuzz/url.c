/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/http.h"

/*
 * Paths and queries: each line of the input is METHOD PATH?NAME=VALUE&…, as libmicrohttpd gives them (unescaped). There is
 * one task of which worker a wrote a log. A page is never longer than was asked for, and goes on behind what was asked for.
 */
#define LINES_MAX 16
#define LINE_MAX 512

static const char written[] = "0123456789abcdef";

static void begin(void)
{
	static const char *const submits[] = { "{\"argv\":[\"a\"],\"queue\":\"q\"}", "{\"argv\":[\"b\"],\"hold\":true}",
					       "{\"argv\":[\"c\"],\"labels\":{\"l\":\"v\"},\"name\":\"n\"}" };
	struct http_ask log = { .method = "POST", .path = "/api/v2/workers/a/log", .body = written, .len = 16 };
	struct http_reply reply;
	json_t *json;
	size_t i;

	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(http_json("POST", "/api/v2/tasks", submits[i], &json), 201);
		json_decref(json);
	}
	ck_assert_uint_eq(http_json("POST", "/api/v2/workers/a/poll",
				    "{\"name\":\"a\",\"incarnation\":1,\"number\":1,\"max_tasks\":1}", &json),
			  200);
	json_decref(json);
	log.args[log.arg_count++] = (struct http_arg){ "task", "1" };
	log.args[log.arg_count++] = (struct http_arg){ "fence", "1" };
	http_ask(&log, &reply);
	ck_assert_uint_eq(reply.status, 200);
	http_reply_free(&reply);
}

static const char *value_of(const struct http_ask *ask, const char *name)
{
	size_t i;

	for (i = 0; i < ask->arg_count; i++)
		if (strcmp(ask->args[i].name, name) == 0 && ask->args[i].value && ask->args[i].value[0])
			return ask->args[i].value;
	return NULL;
}

static void is_page(const struct http_ask *ask, const struct http_reply *reply)
{
	const char *limit = value_of(ask, "limit"), *from = value_of(ask, "after");
	json_t *tasks = json_object_get(reply->json, "tasks"), *task;
	json_int_t last = from ? atoll(from) : 0;
	size_t i;

	ck_assert(json_is_array(tasks));
	ck_assert_uint_le(json_array_size(tasks), limit ? (size_t)atoll(limit) : LIST_LIMIT_DEFAULT);
	json_array_foreach (tasks, i, task) {
		json_int_t id = json_integer_value(json_object_get(task, "id"));

		ck_assert_int_gt(id, last);
		last = id;
	}
}

static void is_log(const struct http_ask *ask, const struct http_reply *reply)
{
	const char *offset = value_of(ask, "offset");
	size_t at = offset && strlen(offset) < 3 ? (size_t)atoll(offset) : offset ? 16 : 0;

	if (value_of(ask, "stream") || at > 16)
		return;
	ck_assert_uint_eq(reply->len, 16 - at);
	ck_assert_mem_eq(reply->body, written + at, 16 - at);
}

static void split_query(char *query, struct http_ask *ask)
{
	char *one;

	while (query && (one = strsep(&query, "&")) != NULL && ask->arg_count < HTTP_ARGS_MAX) {
		struct http_arg *arg = &ask->args[ask->arg_count++];

		arg->name = strsep(&one, "=");
		arg->value = one;
	}
}

static void one_line(char *line)
{
	struct http_ask ask = { 0 };
	struct http_reply reply;
	char *path;

	ask.method = strsep(&line, " ");
	if (!line)
		return;
	path = strsep(&line, "?");
	ask.path = path;
	split_query(line, &ask);
	http_ask(&ask, &reply);
	if (reply.status == 200 && strcmp(path, "/api/v2/tasks") == 0)
		is_page(&ask, &reply);
	if (reply.status == 200 && strcmp(path, "/api/v2/tasks/1/log") == 0 && strcmp(ask.method, "GET") == 0)
		is_log(&ask, &reply);
	http_reply_free(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	char line[LINE_MAX];
	int lines;

	http_open();
	begin();
	for (lines = 0; at < end && lines < LINES_MAX; lines++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at), n = len < LINE_MAX ? len : LINE_MAX - 1;

		memcpy(line, at, n);
		line[n] = '\0';
		one_line(line);
		at += len + 1;
	}
	http_close();
	return 0;
}
