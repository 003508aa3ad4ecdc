/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/* Log bytes go past the engine, straight to the store; the engine only says whose they may be. */

/* 0: the answer was given. */
static int node_log_check(struct dtss_node *n, struct node_request *r, const struct dtss_log_chunk *chunk)
{
	struct dtss_problem problem;

	if (chunk->stream != 1 && chunk->stream != 2) {
		node_answer_invalid(n, r, "stream", "1 (stdout) or 2 (stderr)");
		return 0;
	}
	if (chunk->len > DTSS_LOG_CHUNK_MAX) {
		problem.field = "len";
		problem.expected = "at most 1048576 bytes at a time";
		problem.index = 0;
		node_answer_problem(n, r, DTSS_E_TOO_BIG, &problem);
		return 0;
	}
	return 1;
}

static void node_log_ask(struct dtss_node *n, struct node_request *r, uint32_t type, const struct dtss_log_chunk *chunk,
			 uint64_t seq)
{
	struct dtss_store_op op;
	int rc;

	memset(&op, 0, sizeof op);
	op.type = type;
	op.u.log = *chunk;
	rc = node_store_submit(n, &op, &r->serial);
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	r->stage = NODE_STAGE_LOG;
	r->seq = seq;
	node_queue_push(&n->asked, r);
}

void node_log_append(struct dtss_node *n, struct node_request *r, const struct dtss_request *request)
{
	const struct dtss_log_chunk *chunk = &request->u.log_append.chunk;

	if (!node_log_check(n, r, chunk))
		return;
	if (chunk->data == NULL && chunk->len > 0) {
		node_answer_invalid(n, r, "data", "the bytes to append");
		return;
	}
	if (!dtss_sched_fence_live(n->sched, request->u.log_append.task, chunk->fence)) {
		node_answer(n, r, DTSS_E_FENCED, node_engine_seq(n));
		return;
	}
	node_log_ask(n, r, DTSS_STORE_LOG_APPEND, chunk, 0);
}

void node_log_read(struct dtss_node *n, struct node_request *r, const struct dtss_request *request)
{
	struct dtss_task_view view;
	int rc;

	if (!node_log_check(n, r, &request->u.log_read.chunk))
		return;
	r->task = request->u.log_read.task;
	r->attempt = request->u.log_read.attempt;
	r->chunk = request->u.log_read.chunk;
	r->chunk.data = NULL;
	memset(&view, 0, sizeof view);
	rc = dtss_sched_task_get(n->sched, r->task, &view);
	if (rc == DTSS_E_NOT_FOUND)
		node_lookup(n, r);
	else if (rc < 0)
		node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
	else
		node_log_task(n, r, &view, dtss_sched_seq(n->sched));
}

static const struct dtss_attempt_view *node_log_attempt(const struct dtss_task_view *view, uint32_t attempt)
{
	size_t i;

	for (i = view->attempt_count; i > 0; i--) {
		if (attempt == 0 || view->attempts[i - 1].attempt == attempt)
			return &view->attempts[i - 1];
	}
	return NULL;
}

/* Whether it has ended is looked at before its bytes are: what came last is then in them. */
void node_log_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view, uint64_t seq)
{
	const struct dtss_attempt_view *attempt = node_log_attempt(view, r->attempt);
	struct dtss_problem problem;

	if (attempt == NULL && r->attempt != 0) {
		problem.field = "attempt";
		problem.expected = "the number of an attempt of this task";
		problem.index = 0;
		node_answer_problem(n, r, DTSS_E_NOT_FOUND, &problem);
		return;
	}
	if (attempt == NULL) {
		r->answer.u.log.offset = r->chunk.offset;
		r->answer.u.log.ended = dtss_task_state_terminal(view->state) != 0;
		node_answer(n, r, 0, seq);
		return;
	}
	r->chunk.fence = attempt->fence;
	r->answer.u.log.attempt = attempt->attempt;
	r->answer.u.log.ended = attempt->state == DTSS_ATTEMPT_ENDED;
	node_log_ask(n, r, DTSS_STORE_LOG_READ, &r->chunk, seq);
}

/* A store that has mixed up its answers: whoever asked has room for what was asked for, and for no more. */
static int node_log_is_it(const struct node_request *r, const struct dtss_store_done *done)
{
	const struct dtss_log_chunk *got = &done->u.log;

	return done->type != DTSS_STORE_LOG_READ || done->result != 0 ||
	       (got->offset == r->chunk.offset && got->len <= r->chunk.len && (got->data != NULL || got->len == 0));
}

void node_log_done(struct dtss_node *n, struct node_request *r, const struct dtss_store_done *done)
{
	if (!node_log_is_it(r, done)) {
		node_answer(n, r, DTSS_E_CORRUPT, 0);
		return;
	}
	r->answer.u.log.offset = done->u.log.offset;
	if (done->result == 0 && done->type == DTSS_STORE_LOG_READ) {
		r->answer.u.log.data = keep_bytes(&r->keep, done->u.log.data, done->u.log.len);
		r->answer.u.log.len = done->u.log.len;
	}
	node_answer(n, r, done->result, r->seq);
}
