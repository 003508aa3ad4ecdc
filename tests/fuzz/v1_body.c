/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/http.h"

/*
 * The bodies of /api/v1: each line of the input is one, behind h (heartbeat) or s (schedule). Who was taken in is listed
 * as it said, and who is chosen has what was asked for.
 */
#define LINES_MAX 16

static json_t *workers(void)
{
	json_t *list;

	ck_assert_uint_eq(http_json("GET", "/api/v1/workers", NULL, &list), 200);
	ck_assert(json_is_array(list));
	return list;
}

/* The worker of that name in the list, or NULL. */
static json_t *find(json_t *list, const json_t *name)
{
	json_t *worker;
	size_t i;

	json_array_foreach (list, i, worker)
		if (json_equal(json_object_get(worker, "WorkerID"), name))
			return worker;
	return NULL;
}

static int has_tag(const json_t *worker, const json_t *tag)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(worker, "ResourceTags"), i, one)
		if (json_equal(one, tag))
			return 1;
	return json_string_length(tag) == 0; /* the empty one means none */
}

static void heartbeat_taken(const json_t *sent)
{
	json_t *list = workers(), *worker = find(list, json_object_get(sent, "worker_id")), *tag;
	const json_t *max_tasks = json_object_get(sent, "max_tasks");
	size_t i;

	ck_assert_ptr_nonnull(worker);
	/* beside a number of more than 64 bits all are read as reals */
	ck_assert_int_eq(json_integer_value(json_object_get(worker, "MaxTasks")),
			 (json_int_t)json_number_value(max_tasks));
	ck_assert_str_eq(json_string_value(json_object_get(worker, "Status")), "online");
	json_array_foreach (json_object_get(sent, "resource_tags"), i, tag)
		ck_assert(has_tag(worker, tag));
	json_decref(list);
}

static void placed(const json_t *sent, const json_t *reply)
{
	json_t *list = workers(), *worker = find(list, json_object_get(reply, "worker_id")), *tag;
	size_t i;

	ck_assert_ptr_nonnull(worker);
	ck_assert(json_equal(json_object_get(worker, "Address"), json_object_get(reply, "address")));
	json_array_foreach (json_object_get(sent, "required_tags"), i, tag)
		ck_assert(has_tag(worker, tag));
	json_decref(list);
}

static void one_line(const char *line, size_t len)
{
	int schedule = line[0] == 's';
	struct http_ask ask = { .method = "POST",
				.path = schedule ? "/api/v1/schedule" : "/api/v1/heartbeat",
				.body = line + 1,
				.len = len - 1 };
	char *text = strndup(line + 1, len - 1);
	struct json_reader r = { 0 };
	json_t *sent = json_read_text(&r, text, strlen(text));
	struct http_reply reply;

	http_ask(&ask, &reply);
	if (reply.status == 200 && schedule)
		placed(sent, reply.json);
	else if (reply.status == 200)
		heartbeat_taken(sent);
	else
		ck_assert_uint_eq(json_object_size(reply.json), 1); /* {"error":"…"} and nothing else */
	ck_assert(reply.status != 503 || schedule);
	http_reply_free(&reply);
	json_decref(sent);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	int lines;

	http_open();
	for (lines = 0; at < end && lines < LINES_MAX; lines++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		if (len > 0)
			one_line(at, len);
		at += len + 1;
	}
	http_close();
	return 0;
}
