/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"

#define NS_PER_MS 1000000

/* ---- waiting ---- */

void exchange_wait_end(struct exchange *x)
{
	if (!x->due)
		return;
	*(x->prev ? &x->prev->next : &x->server->waiting[x->task != 0]) = x->next;
	if (x->next)
		x->next->prev = x->prev;
	x->due = NULL;
	x->prev = x->next = NULL;
}

void exchange_wait(struct exchange *x, uint64_t ms, void (*due)(struct exchange *x))
{
	struct server *s = x->server;
	const uint64_t grid = HTTP_WAIT_GRID_MS * NS_PER_MS;

	exchange_wait_end(x);
	x->deadline_ns = (s->now.mono_ns + ms * NS_PER_MS) / grid * grid + grid;
	x->due = due;
	x->next = s->waiting[x->task != 0];
	if (x->next)
		x->next->prev = x;
	s->waiting[x->task != 0] = x;
	if (x->deadline_ns < s->due_ns)
		s->due_ns = x->deadline_ns;
}

static void sweep_list(struct server *s, struct exchange *first)
{
	struct exchange *next;

	for (struct exchange *x = first; x; x = next) {
		void (*due)(struct exchange * x) = x->due;

		next = x->next;
		if (x->deadline_ns <= s->now.mono_ns || s->stopping) {
			exchange_wait_end(x);
			due(x);
		} else if (x->deadline_ns < s->due_ns) {
			s->due_ns = x->deadline_ns;
		}
	}
}

void server_sweep(struct server *s)
{
	if (s->now.mono_ns < s->due_ns && !s->stopping)
		return;
	s->due_ns = DTSS_NEVER;
	sweep_list(s, s->waiting[0]);
	sweep_list(s, s->waiting[1]);
}

void server_touch(struct server *s, uint64_t task)
{
	struct exchange *next;

	for (struct exchange *x = s->waiting[1]; x; x = next) {
		void (*due)(struct exchange * x) = x->due;

		next = x->next;
		if (x->task == task) {
			exchange_wait_end(x);
			due(x);
		}
	}
}

void exchange_resume(struct exchange *x)
{
	if (x->left_round)
		x->server->resumed = 1;
	if (!x->suspended)
		return;
	x->suspended = 0;
	x->server->resumed = 1;
	MHD_resume_connection(x->connection);
}

int exchange_left(const struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd fd = { .fd = info->connect_fd, .events = POLLRDHUP };

	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* ---- asking the node ---- */

int exchange_put(struct exchange *x, struct ask *ask, struct dtss_request *request)
{
	int rc;

	request->size = sizeof *request;
	request->token = (uint64_t)(uintptr_t)ask;
	rc = dtss_node_request(x->server->node, x->server->now, request);
	x->asked += rc == 0;
	return rc;
}

void exchange_ask(struct exchange *x, struct dtss_request *request,
		  void (*answered)(struct exchange *x, size_t index, const struct dtss_answer *answer))
{
	int rc;

	x->ask = (struct ask){ x, 0 };
	x->answered = answered;
	rc = exchange_put(x, &x->ask, request);
	if (rc != 0) {
		struct dtss_answer refusal = { .size = sizeof refusal, .type = request->type, .result = rc };

		answered(x, 0, &refusal);
	}
}

/* Which refusals mean that the store did not take a write. */
static int trouble(int result)
{
	return result == DTSS_E_NOSPC || result == DTSS_E_IO || result == DTSS_E_CORRUPT;
}

static void exchange_free(struct exchange *x)
{
	const struct dtss_mem *mem = x->server->mem;

	if (x->release)
		x->release(x->state);
	if (x->response)
		MHD_destroy_response(x->response);
	x->server->open--;
	exchange_drop_body(x);
	mem->release(mem->ctx, x, x->size);
}

/* An exchange whose client has gone meanwhile gets its answers like any other: the last one is its end. */
static void take_answer(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	x->asked--;
	x->answered(x, index, answer);
	if (!x->connection && x->asked == 0)
		exchange_free(x);
}

void server_answers(struct server *s)
{
	struct dtss_answer answer = { .size = sizeof answer };
	struct dtss_event event;

	while (dtss_node_answer(s->node, &answer) == 1) {
		struct ask *ask = (struct ask *)(uintptr_t)answer.token; /* NOLINT: our own pointer comes back */

		if (trouble(answer.result)) {
			s->trouble = answer.result;
			s->trouble_ns = s->now.mono_ns + (uint64_t)STORE_TROUBLE_MS * NS_PER_MS;
		}
		take_answer(ask->exchange, ask->index, &answer);
	}
	while (dtss_node_event(s->node, &event) == 1)
		if (event.task)
			server_touch(s, event.task);
}

/* ---- the query and the path ---- */

const char *exchange_parameter(const struct exchange *x, const char *name)
{
	const char *value = MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);

	return value && value[0] ? value : NULL;
}

int exchange_number(struct exchange *x, const char *name, uint64_t min, uint64_t max, uint64_t fallback, uint64_t *ret)
{
	const char *text = exchange_parameter(x, name);
	struct problem p = { 0 };
	char expected[PROBLEM_EXPECTED_MAX];
	uint64_t value = 0;

	*ret = fallback;
	if (!text)
		return 0;
	if (strlen(text) < 20 && strspn(text, "0123456789") == strlen(text))
		value = strtoull(text, NULL, 10);
	else
		value = max + 1;
	if (value >= min && value <= max) {
		*ret = value;
		return 0;
	}
	snprintf(expected, sizeof expected, "an integer, %llu..%llu", (unsigned long long)min, (unsigned long long)max);
	problem_field(&p, DTSS_E_INVALID, name, expected);
	reply_problem(x, &p);
	return DTSS_E_INVALID;
}

int exchange_task(struct exchange *x, dtss_task_id *ret_id)
{
	size_t len = strspn(x->segment, "0123456789");
	struct problem p;

	if (len > 0 && len < 16 && x->segment[len] == '\0' && x->segment[0] != '0') {
		ret_id->v = strtoull(x->segment, NULL, 10);
		return 0;
	}
	problem_set(&p, DTSS_E_NOT_FOUND, "there is no task %s: an id is a number, such as 17", x->segment);
	reply_problem(x, &p);
	return DTSS_E_NOT_FOUND;
}

/* ---- a request arrives ---- */

/* Begins the exchange. The target as it was sent: a %2F in it ends no segment, and a route has none. */
void *server_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct server *s = cls;
	size_t len = strcspn(target, "?"), size = sizeof(struct exchange) + len + 1;
	struct exchange *x = s->mem->alloc(s->mem->ctx, size);

	if (!x)
		return NULL;
	*x = (struct exchange){ .server = s, .connection = connection, .size = size };
	memcpy(x->path, target, len);
	x->path[len] = '\0';
	x->guard = guard_of(connection);
	x->server->open++;
	return x;
}

/* 0, or -1: give the connection up. */
static int take_body(struct exchange *x, const char *data, size_t len)
{
	struct problem p;

	x->body_len += len;
	/* refused, or not wanted: read on, so that the answer is seen */
	if (x->status || x->route->method[0] == 'G')
		return x->body_len > HTTP_DISCARD_MAX ? -1 : 0;
	if (x->body_len > HTTP_BODY_MAX) {
		problem_set(&p, DTSS_E_TOO_BIG, "the body is too long: expected at most %d bytes", HTTP_BODY_MAX);
		reply_status(x, MHD_HTTP_CONTENT_TOO_LARGE, &p);
		return 0;
	}
	if (x->body_len >= x->body_cap) {
		size_t cap = x->body_cap ? x->body_cap * 2 : x->body_len + 1; /* most are one piece */

		while (cap <= x->body_len)
			cap *= 2;
		if (x->server->bodies + (cap - x->body_cap) > HTTP_BODIES_MAX) {
			problem_set(&p, DTSS_E_NOMEM, "too many long bodies at once");
			reply_problem(x, &p);
			return 0;
		}
		char *grown = realloc(x->body, cap);

		if (!grown)
			return -1;
		x->server->bodies += cap - x->body_cap;
		x->body = grown;
		x->body_cap = cap;
	}
	memcpy(x->body + x->body_len - len, data, len);
	x->body[x->body_len] = '\0';
	return 0;
}

void exchange_drop_body(struct exchange *x)
{
	x->server->bodies -= x->body_cap;
	free(x->body);
	x->body = NULL;
	x->body_cap = 0;
}

static enum MHD_Result send_reply(struct exchange *x)
{
	enum MHD_Result result;

	if (!x->guard || guard_is_last(x->guard))
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(x->connection, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return result;
}

/* libmicrohttpd thinks that it has read everything, and would wait for more to come: a connection that was suspended is
 * looked at afresh. */
static void look_again(struct exchange *x)
{
	x->guard->more = 0;
	x->suspended = 1;
	MHD_suspend_connection(x->connection);
	exchange_resume(x);
}

/* What waits for a commit should have its reply in the next round; a store that takes longer has it suspended then. */
static int soon_answered(const struct exchange *x)
{
	return x->asked > 0 && (x->route->flags & ROUTE_COMMIT) &&
	       (!x->left_round || x->left_round == x->server->round);
}

/* The replies of a crowd wait for one another, once, to leave together. */
static int has_company(const struct exchange *x)
{
	return x->server->crowded && !x->left_round;
}

/* 1: libmicrohttpd is left to call again, at its next look. */
static int leave(struct exchange *x)
{
	if (x->status ? !has_company(x) : !soon_answered(x))
		return 0;
	x->left_round = x->server->round;
	x->server->resumed |= x->status != 0;
	return 1;
}

/* The whole request is there; or this is a later round, and there may be a reply. */
static enum MHD_Result answer(struct exchange *x)
{
	if (!x->status && !x->begun) {
		x->begun = 1;
		x->server->requests++;
		x->route->handle(x);
		if (!x->status && x->server->node)
			server_answers(x->server); /* what waits for no disk need not be suspended */
	}
	if (x->status && x->guard && x->guard->more) {
		look_again(x);
		return MHD_YES;
	}
	if (leave(x))
		return MHD_YES;
	if (x->status)
		return send_reply(x);
	x->suspended = 1;
	x->left_round = x->server->round; /* who is resumed has company anyway */
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

enum MHD_Result server_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *data, size_t *len, void **con_cls)
{
	struct exchange *x = *con_cls;
	size_t n = *len;

	(void)cls;
	(void)url;
	(void)version;
	if (!x)
		return MHD_NO;
	if (!x->admitted) {
		x->admitted = 1;
		admit(x, method);
		/* who asks before sending is told before sending */
		if (x->status && MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT))
			return send_reply(x);
		return MHD_YES;
	}
	if (n == 0)
		return answer(x);
	*len = 0;
	return take_body(x, data, n) == 0 ? MHD_YES : MHD_NO;
}

void server_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
		      enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *con_cls;

	(void)cls;
	(void)connection;
	(void)code;
	if (!x)
		return;
	*con_cls = NULL;
	exchange_wait_end(x);
	guard_answered(x->guard);
	x->guard = NULL;
	x->connection = NULL;
	if (x->asked == 0)
		exchange_free(x);
}
