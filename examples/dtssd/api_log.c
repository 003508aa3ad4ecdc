/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdlib.h>
#include <string.h>

/*
 *	GET task ──► which attempt? ──none, follow──► wait ──► again
 *	                  │
 *	                  ▼
 *	             LOG_READ ──bytes──► reader copies them out ──► LOG_READ …
 *	                  │
 *	                  ├─ nothing, ended (or no follow) ──► the response ends
 *	                  └─ nothing yet ──► wait until there is news of the task, at most FOLLOW_WAIT_MS ──► again
 */
struct follow {
	uint32_t attempt; /* 0: the last, as soon as there is one */
	uint32_t stream;
	int follow;
	int streaming;   /* the head has been sent */
	int over;        /* nothing more comes */
	int cut;         /* because the store could not be read: the client must see that it is not whole */
	uint64_t offset; /* of the next byte to read */
	char *data;      /* read and not yet copied out */
	size_t len;
	size_t at;
};

static void follow_look(struct exchange *x);

static void follow_free(void *state)
{
	struct follow *f = state;

	free(f->data);
	free(f);
}

static void follow_end(struct exchange *x)
{
	struct follow *f = x->state;

	f->over = 1;
	if (f->streaming)
		exchange_resume(x);
	else
		reply_text(x, MHD_HTTP_OK, "text/plain; charset=utf-8", calloc(1, 1), 0);
}

/* Looks again when there is news, or from time to time: only so a client that has left is noticed. */
static void follow_due(struct exchange *x)
{
	if (x->server->stopping || exchange_left(x))
		follow_end(x);
	else
		follow_look(x);
}

static ssize_t follow_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct exchange *x = cls;
	struct follow *f = x->state;
	size_t n = f->len - f->at < max ? f->len - f->at : max;

	(void)pos;
	if (n > 0) {
		memcpy(buf, f->data + f->at, n);
		f->at += n;
		return (ssize_t)n;
	}
	if (f->over)
		return f->cut ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	x->suspended = 1;
	MHD_suspend_connection(x->connection);
	follow_look(x);
	return 0;
}

static void follow_stream(struct exchange *x)
{
	struct follow *f = x->state;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, FOLLOW_CHUNK_MAX, follow_read, x, NULL);

	if (!response) {
		follow_end(x);
		return;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	f->streaming = 1;
	reply_response(x, MHD_HTTP_OK, response);
}

static void read_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct follow *f = x->state;
	size_t len = answer->u.log.len;

	(void)index;
	if (answer->result != 0) { /* the store has its troubles: what is there is not lost, so try again */
		f->cut = !f->follow;
		if (f->follow && !x->server->stopping)
			exchange_wait(x, FOLLOW_WAIT_MS, follow_due);
		else
			follow_end(x);
		return;
	}
	if (len > 0) {
		memcpy(f->data, answer->u.log.data, len);
		f->len = len;
		f->at = 0;
		f->offset = answer->u.log.offset + len;
		exchange_resume(x);
	} else if (answer->u.log.ended || !f->follow) {
		follow_end(x);
	} else {
		exchange_wait(x, FOLLOW_WAIT_MS, follow_due);
	}
}

static void task_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	const struct dtss_task_view *view = answer->u.task;
	struct follow *f = x->state;
	struct problem p = { 0 };

	(void)index;
	if (answer->result != 0) {
		if (answer->result == DTSS_E_NOT_FOUND)
			problem_set(&p, DTSS_E_NOT_FOUND, "there is no task %s", x->segment);
		else
			problem_of(&p, answer->result, &answer->problem, -1);
		reply_problem(x, &p);
	} else if (view->attempt_count >= (f->attempt ? f->attempt : 1)) {
		if (!f->attempt)
			f->attempt = view->attempts[view->attempt_count - 1].attempt;
		follow_stream(x);
	} else if (f->follow && !dtss_task_state_terminal(view->state)) {
		exchange_wait(x, FOLLOW_WAIT_MS, follow_due);
	} else if (f->attempt) {
		problem_set(&p, DTSS_E_NOT_FOUND, "there is no attempt %u of task %s", f->attempt, x->segment);
		reply_problem(x, &p);
	} else {
		follow_end(x);
	}
}

static void follow_look(struct exchange *x)
{
	struct follow *f = x->state;
	struct dtss_request request = { .type = DTSS_REQUEST_GET, .u.task = { x->task } };

	if (f->streaming) {
		request.type = DTSS_REQUEST_LOG_READ;
		request.u.log_read.task.v = x->task;
		request.u.log_read.attempt = f->attempt;
		request.u.log_read.chunk.stream = f->stream;
		request.u.log_read.chunk.offset = f->offset;
		request.u.log_read.chunk.len = FOLLOW_CHUNK_MAX;
	}
	exchange_ask(x, &request, f->streaming ? read_answered : task_answered);
}

void api_task_log(struct exchange *x)
{
	const char *stream = exchange_parameter(x, "stream");
	struct problem p = { 0 };
	struct follow *f;
	dtss_task_id id;
	uint64_t attempt, follow, offset;

	if (exchange_task(x, &id) != 0 || exchange_number(x, "attempt", 1, DTSS_ATTEMPTS_MAX, 0, &attempt) != 0 ||
	    exchange_number(x, "follow", 0, 1, 0, &follow) != 0 ||
	    exchange_number(x, "offset", 0, INT64_MAX, 0, &offset) != 0)
		return;
	if (stream && strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0) {
		problem_field(&p, DTSS_E_INVALID, "stream", "stdout or stderr");
		reply_problem(x, &p);
		return;
	}
	f = calloc(1, sizeof *f);
	if (!f || !(f->data = malloc(FOLLOW_CHUNK_MAX))) {
		free(f);
		problem_set(&p, DTSS_E_NOMEM, "%s", dtss_strerror(DTSS_E_NOMEM));
		reply_problem(x, &p);
		return;
	}
	f->attempt = (uint32_t)attempt;
	f->stream = stream && strcmp(stream, "stderr") == 0 ? 2 : 1;
	f->follow = (int)follow;
	f->offset = offset;
	x->task = id.v;
	x->state = f;
	x->release = follow_free;
	follow_look(x);
}
