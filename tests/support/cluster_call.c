/* SPDX-License-Identifier: MIT */
#include "support/cluster.h"

#include <check.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct reply {
	char *text;
	size_t len;
};

static size_t reply_receive(char *data, size_t one, size_t count, void *ctx)
{
	struct reply *reply = ctx;
	size_t len = one * count;

	reply->text = realloc(reply->text, reply->len + len + 1);
	memcpy(reply->text + reply->len, data, len);
	reply->len += len;
	reply->text[reply->len] = '\0';
	return len;
}

/* The body, malloc'd; *ret_status 0: there was no answer. */
static char *call(const struct cluster *c, const char *method, const char *path, const char *body, long *ret_status,
		  size_t *ret_len)
{
	struct reply reply = { calloc(1, 1), 0 };
	CURL *curl = curl_easy_init();
	char url[512];

	snprintf(url, sizeof url, "%s%s", c->url, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)CLUSTER_WAIT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, reply_receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	*ret_status = 0;
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	*ret_len = reply.len;
	return reply.text;
}

json_t *cluster_call(const struct cluster *c, const char *method, const char *path, const char *body, long *ret_status)
{
	long status;
	size_t len;
	char *text = call(c, method, path, body, &status, &len);
	json_t *value = json_loadb(text, len, JSON_DECODE_ANY, NULL);

	free(text);
	if (ret_status)
		*ret_status = status;
	return value ? value : json_object();
}

const char *cluster_text(const json_t *task, const char *member)
{
	const char *text = json_string_value(json_object_get(task, member));

	return text ? text : "";
}

long long cluster_number(const json_t *task, const char *member)
{
	const json_t *number = json_object_get(task, member);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

uint64_t cluster_submit(const struct cluster *c, json_t *task)
{
	char *text = json_dumps(task, 0);
	json_t *answer;
	long status;
	uint64_t id;

	answer = cluster_call(c, "POST", "/api/v2/tasks", text, &status);
	ck_assert_msg(status == 201, "not submitted: %ld %s", status, cluster_text(answer, "error"));
	id = (uint64_t)cluster_number(answer, "id");
	json_decref(answer);
	json_decref(task);
	free(text);
	return id;
}

uint64_t cluster_probe(const struct cluster *c, const char *more, ...)
{
	json_t *task = more ? json_loads(more, 0, NULL) : json_object(), *argv = json_array();
	const char *step;
	va_list args;

	ck_assert_ptr_nonnull(task);
	json_array_append_new(argv, json_string(c->probe));
	va_start(args, more);
	while ((step = va_arg(args, const char *)))
		json_array_append_new(argv, json_string(step));
	va_end(args);
	json_object_set_new(task, "argv", argv);
	return cluster_submit(c, task);
}

static int state_is_final(const char *state)
{
	static const char *const finals[] = { "succeeded", "failed", "cancelled", "skipped", "expired", "quarantined" };

	for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++)
		if (strcmp(state, finals[i]) == 0)
			return 1;
	return 0;
}

json_t *cluster_until(const struct cluster *c, uint64_t id, const char *state)
{
	const struct timespec pause = { 0, 10000000 };
	char path[64];

	snprintf(path, sizeof path, "/api/v2/tasks/%llu", (unsigned long long)id);
	for (int i = 0;; i++) {
		json_t *task = cluster_call(c, "GET", path, NULL, NULL);
		const char *now = cluster_text(task, "state");

		if (strcmp(now, state) == 0 || (strcmp(state, "end") == 0 && state_is_final(now)))
			return task;
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10 && !state_is_final(now), "task %llu is %s, not %s",
			      (unsigned long long)id, now, state);
		json_decref(task);
		nanosleep(&pause, NULL);
	}
}

char *cluster_output(const struct cluster *c, uint64_t id, const char *stream, size_t *ret_len)
{
	char path[96], *text;
	long status;
	size_t len;

	snprintf(path, sizeof path, "/api/v2/tasks/%llu/log?stream=%s", (unsigned long long)id, stream);
	text = call(c, "GET", path, NULL, &status, &len);
	ck_assert_int_eq(status, 200);
	if (ret_len)
		*ret_len = len;
	return text;
}
