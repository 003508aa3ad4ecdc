/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/http.h"

/*
 * The bodies of /api/v2, each behind a letter that says where it goes, parted by the byte 0x1e:
 *
 *	t  tasks   n  tasks, a line each   p  the poll of worker a, who holds task 1   b  of worker b   l  a's log of task 1
 *
 * What was made can be asked for, each line has its outcome, and a log reads as it was written.
 */
#define BODIES_MAX 8
#define PART '\x1e'

static char stored[8192]; /* the log, as it must be */
static size_t stored_len;

static const char hello[] = "{\"name\":\"a\",\"incarnation\":1,\"number\":1,\"max_tasks\":2}";

/* Task 1, which worker a has got; its fence. */
static json_int_t begin(void)
{
	json_t *json;
	json_int_t fence;

	ck_assert_uint_eq(http_json("POST", "/api/v2/tasks", "{\"argv\":[\"true\"]}", &json), 201);
	json_decref(json);
	ck_assert_uint_eq(http_json("POST", "/api/v2/workers/a/poll", hello, &json), 200);
	fence = json_integer_value(json_object_get(json_array_get(json_object_get(json, "assign"), 0), "fence"));
	json_decref(json);
	if (fence == 0) { /* it comes with the next */
		struct dtss_task_view view;

		ck_assert_int_eq(dtss_sched_task_get(http_sched(), (dtss_task_id){ 1 }, &view), 0);
		ck_assert_uint_eq(view.attempt_count, 1);
		fence = (json_int_t)view.attempts[0].fence;
	}
	return fence;
}

static void can_be_asked_for(const json_t *task)
{
	static const char *const members[] = { "name",  "key",    "queue",      "argv",  "env",  "cwd",      "tags",
					       "after", "labels", "not_before", "retry", "hold", "resources" };
	json_int_t id = json_integer_value(json_object_get(task, "id"));
	char path[64];
	json_t *json;
	size_t i;

	ck_assert_int_gt(id, 0);
	snprintf(path, sizeof path, "/api/v2/tasks/%lld", (long long)id);
	ck_assert_uint_eq(http_json("GET", path, NULL, &json), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(json, "id")), id);
	for (i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *now = json_object_get(json, members[i]), *then = json_object_get(task, members[i]);

		ck_assert_msg(then ? json_equal(now, then) : !now, "%s", members[i]);
	}
	json_decref(json);
	snprintf(path, sizeof path, "/api/v2/tasks/%lld/explain", (long long)id);
	ck_assert_uint_eq(http_json("GET", path, NULL, &json), 200);
	json_decref(json);
}

static void submitted(const struct http_reply *reply)
{
	json_t *tasks = json_object_get(reply->json, "tasks"), *task;
	size_t i;

	if (reply->status >= 400)
		return;
	if (!tasks)
		can_be_asked_for(reply->json);
	json_array_foreach (tasks, i, task)
		can_be_asked_for(task);
}

static size_t lines_of(const char *text, size_t len)
{
	size_t i, lines = 0;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines + (len > 0);
}

/* Appended at 0: what is there already stays, and only what is behind it is new. */
static void appended(const struct http_ask *ask)
{
	struct http_ask read = { .method = "GET", .path = "/api/v2/tasks/1/log", .args = { { "attempt", "1" } } };
	struct http_reply reply;

	for (; stored_len < ask->len && stored_len < sizeof stored; stored_len++)
		stored[stored_len] = ((const char *)ask->body)[stored_len];
	read.arg_count = 1;
	http_ask(&read, &reply);
	ck_assert_uint_eq(reply.status, 200);
	ck_assert_uint_eq(reply.len, stored_len);
	ck_assert(memcmp(reply.body, stored, stored_len) == 0);
	http_reply_free(&reply);
}

static void one_body(char where, const char *body, size_t len, const char *fence)
{
	struct http_ask ask = { .method = "POST", .path = "/api/v2/tasks", .body = body, .len = len };
	struct http_reply reply;

	if (where == 'n')
		ask.type = "application/x-ndjson";
	if (where == 'p' || where == 'b')
		ask.path = where == 'p' ? "/api/v2/workers/a/poll" : "/api/v2/workers/b/poll";
	if (where == 'l') {
		ask.path = "/api/v2/workers/a/log";
		ask.args[ask.arg_count++] = (struct http_arg){ "task", "1" };
		ask.args[ask.arg_count++] = (struct http_arg){ "fence", fence };
	}
	http_ask(&ask, &reply);
	if (where == 'n' && len > 0) {
		ck_assert_uint_eq(reply.status, 200);
		ck_assert_uint_eq(lines_of(reply.body, reply.len), lines_of(body, len));
	} else if (where == 't') {
		submitted(&reply);
	} else if (where == 'l' && reply.status == 200) {
		appended(&ask);
	}
	http_reply_free(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	char fence[24];
	int bodies;

	stored_len = 0;
	http_open();
	snprintf(fence, sizeof fence, "%lld", (long long)begin());
	for (bodies = 0; at < end && bodies < BODIES_MAX && size <= sizeof stored; bodies++) {
		const char *part = memchr(at, PART, (size_t)(end - at));
		size_t len = (size_t)((part ? part : end) - at);

		if (len > 0)
			one_body(at[0], at + 1, len - 1, fence);
		at += len + 1;
	}
	http_close();
	return 0;
}
