/* SPDX-License-Identifier: MIT */
#include "fuzz/support/http.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "dtssd/mail.h"

#define ROUND_NS UINT64_C(100000000)
#define ROUNDS_STOP 100 /* 10 s: longer than any request waits, but one that follows a log */
#define ROUNDS_MAX 110

static struct server server;
static const struct token no_token;

void http_open(void)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };

	memset(&server, 0, sizeof server);
	server.mem = dtss_mem_libc();
	server.token = &no_token;
	server.due_ns = DTSS_NEVER;
	server.round = 1;
	guards_init(&server.guards, &guard_limits_default, &server.now);
	server.now = (struct dtss_time){ UINT64_C(1000000000), INT64_C(1700000000000000000) };
	ck_assert_int_eq(mail_open(&server.mail, &cfg.transport), 0);
	ck_assert_int_eq(dtss_node_open(&server.node, &cfg, server.now), 0);
}

struct dtss_sched *http_sched(void)
{
	return dtss_node_sched(server.node);
}

/* As in dtssd's main loop. */
static void pass(struct http_reply *reply)
{
	ck_assert_int_lt(reply->rounds, ROUNDS_MAX); /* L5 */
	server.stopping = ++reply->rounds > ROUNDS_STOP;
	server.round++;
	server.now.mono_ns += ROUND_NS;
	server.now.wall_ns += (int64_t)ROUND_NS;
	ck_assert_int_eq(dtss_node_step(server.node, server.now), 0);
	mail_flush(server.mail, server.now);
	server_answers(&server);
	server_sweep(&server);
}

static void enter(struct mhd_connection *c, const void *data, size_t len, void **context)
{
	size_t left = len;

	ck_assert_int_eq(server_access(&server, mhd_connection(c), c->ask->path, c->ask->method, "HTTP/1.1", data,
				       &left, context),
			 MHD_YES);
	ck_assert_uint_eq(left, 0);
}

/* In two parts, as it may come. */
static void send_request(struct mhd_connection *c, void **context)
{
	const char *body = c->ask->body;
	size_t half = c->ask->len / 2;

	*context = server_target(&server, c->ask->path, mhd_connection(c));
	ck_assert_ptr_nonnull(*context);
	enter(c, NULL, 0, context);
	if (half > 0)
		enter(c, body, half, context);
	if (c->ask->len > half)
		enter(c, body + half, c->ask->len - half, context);
	enter(c, NULL, 0, context);
}

/* What it made of it: a connection that is not suspended is looked at in each round. */
static void take_reply(struct mhd_connection *c, struct http_reply *reply, void **context)
{
	int rc;

	while (!c->response) {
		do
			pass(reply);
		while (c->suspended);
		enter(c, NULL, 0, context);
	}
	while ((rc = mhd_read(c, reply)) == 0)
		while (c->suspended)
			pass(reply);
	ck_assert_int_eq(rc, 1);
}

/* Between two looks, before its commit: what it asked for is done all the same, and nothing is left of it. */
static void leave_early(const struct http_ask *ask)
{
	struct mhd_connection c = { .ask = ask,
				    .guard = { .all = &server.guards, .state = GUARD_BUSY, .requests = 1 } };
	struct http_reply nobody = { 0 };
	void *context = NULL;

	ck_assert_uint_eq(server.open, 0);
	send_request(&c, &context);
	ck_assert(!c.response && !c.suspended);
	server_completed(&server, mhd_connection(&c), &context, MHD_REQUEST_TERMINATED_WITH_ERROR);
	mhd_close(&c);
	ck_assert_uint_eq(server.open, 1);
	while (server.open > 0)
		pass(&nobody);
	server.stopping = 0;
}

void http_close(void)
{
	static const char tasks[] = "[{\"argv\":[\"true\"]},{\"argv\":[\"true\"]}]";
	const struct http_ask ask = { "POST", "/api/v2/tasks", .body = tasks, .len = sizeof tasks - 1 };
	struct dtss_violation v = { 0 };

	leave_early(&ask);
	ck_assert_ptr_nonnull(http_sched());
	ck_assert_msg(dtss_sched_check(http_sched(), &v, 1) == 0, "%s %s", v.id, v.text);
	ck_assert_uint_eq(server.open, 0);
	ck_assert_uint_eq(server.bodies, 0); /* S23 */
	dtss_node_close(server.node);
	json_decref(server.v1_tags);
	guards_fini(&server.guards);
}

static int is_error(unsigned status)
{
	return status == 400 || status == 404 || status == 405 || status == 409 || status == 413 || status == 503;
}

/* What a stranger can send is never a bug of ours, and an error is an object with a sentence. */
static void look_at_status(const struct http_reply *reply)
{
	const json_t *sentence = json_object_get(reply->json, "error");

	if (reply->status == 200 || reply->status == 201)
		return;
	ck_assert_msg(is_error(reply->status), "status %u: %s", reply->status, reply->body);
	ck_assert_msg(json_is_string(sentence) && json_string_length(sentence) > 0, "%s", reply->body);
}

void http_ask(const struct http_ask *ask, struct http_reply *ret_reply)
{
	struct mhd_connection c = { .ask = ask,
				    .guard = { .all = &server.guards, .state = GUARD_BUSY, .requests = 1 } };
	uint64_t before = dtss_sched_digest(http_sched());
	const char *type;
	void *context = NULL;

	memset(ret_reply, 0, sizeof *ret_reply);
	send_request(&c, &context);
	take_reply(&c, ret_reply, &context);
	type = mhd_header(c.response, MHD_HTTP_HEADER_CONTENT_TYPE);
	ck_assert_ptr_nonnull(type);
	if (strcmp(type, "application/json") == 0)
		ck_assert_ptr_nonnull(ret_reply->json = json_loadb(ret_reply->body, ret_reply->len, 0, NULL));
	server_completed(&server, mhd_connection(&c), &context, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	mhd_close(&c);
	look_at_status(ret_reply);
	if (ret_reply->status >= 400 && ret_reply->rounds == 0)
		ck_assert_uint_eq(dtss_sched_digest(http_sched()), before); /* S24 */
	server.stopping = 0;
}

void http_reply_free(struct http_reply *reply)
{
	json_decref(reply->json);
	free(reply->body);
}

unsigned http_json(const char *method, const char *path, const char *body, json_t **ret_json)
{
	struct http_ask ask = { .method = method, .path = path, .body = body, .len = body ? strlen(body) : 0 };
	struct http_reply reply;

	http_ask(&ask, &reply);
	*ret_json = json_incref(reply.json);
	http_reply_free(&reply);
	return reply.status;
}
