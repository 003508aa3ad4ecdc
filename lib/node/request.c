/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

struct node_request *node_request_new(struct dtss_node *n, uint64_t token, uint32_t type)
{
	struct node_request *r = n->mem.alloc(n->mem.ctx, sizeof *r);

	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof *r);
	keep_init(&r->keep, &n->mem);
	r->answer.size = sizeof r->answer;
	r->answer.token = token;
	r->answer.type = type;
	n->request_count++;
	return r;
}

void node_request_free(struct dtss_node *n, struct node_request *r)
{
	DTSS_ASSERT(r->queue == NULL && n->request_count > 0);
	keep_fini(&r->keep);
	n->request_count--;
	n->mem.release(n->mem.ctx, r, sizeof *r);
}

static int node_request_writes(uint32_t type)
{
	switch (type) {
	case DTSS_REQUEST_SUBMIT:
	case DTSS_REQUEST_CANCEL:
	case DTSS_REQUEST_RETRY:
	case DTSS_REQUEST_HOLD:
	case DTSS_REQUEST_RELEASE:
	case DTSS_REQUEST_DRAIN:
	case DTSS_REQUEST_CORDON:
	case DTSS_REQUEST_UNCORDON:
	case DTSS_REQUEST_LOG_APPEND:
		return 1;
	default:
		return 0;
	}
}

int node_refusal(const struct dtss_node *n, uint32_t type)
{
	if (n->state == DTSS_NODE_FAILED)
		return n->error;
	if (n->sched == NULL)
		return n->error == DTSS_E_NOSPC ? DTSS_E_NOSPC : DTSS_E_NOT_LEADER;
	return n->quiet && node_request_writes(type) ? DTSS_E_NOSPC : 0;
}

void node_request_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r,
			const struct dtss_request *request)
{
	int refusal = node_refusal(n, request->type);

	if (refusal != 0) {
		node_answer(n, r, refusal, 0);
		return;
	}
	switch (request->type) {
	case DTSS_REQUEST_SUBMIT:
		node_submit_begin(n, now, r, request);
		return;
	case DTSS_REQUEST_LIST:
		node_list_begin(n, r, &request->u.list);
		return;
	case DTSS_REQUEST_HEARTBEAT:
		node_heartbeat(n, now, r, request->u.heartbeat);
		return;
	case DTSS_REQUEST_PLACE:
		node_place(n, now, r, request);
		return;
	case DTSS_REQUEST_WORKERS:
		node_workers(n, r);
		return;
	case DTSS_REQUEST_STATS:
		node_stats(n, r);
		return;
	case DTSS_REQUEST_LOG_APPEND:
		node_log_append(n, r, request);
		return;
	case DTSS_REQUEST_LOG_READ:
		node_log_read(n, r, request);
		return;
	default:
		node_verb(n, now, r, request);
	}
}

void node_request_resume(struct dtss_node *n, struct dtss_time now, struct node_request *r,
			 const struct dtss_store_done *done)
{
	int refusal = node_refusal(n, r->answer.type);

	DTSS_ASSERT(r->queue == NULL);
	if (refusal != 0) {
		node_answer(n, r, refusal, 0);
		return;
	}
	switch (r->stage) {
	case NODE_STAGE_TASK_STORED:
		node_lookup_ask(n, r);
		return;
	case NODE_STAGE_TASK:
		node_lookup_done(n, now, r, done);
		return;
	case NODE_STAGE_AFTER_STORED:
		node_after_ask(n, now, r);
		return;
	case NODE_STAGE_AFTER:
		node_after_done(n, now, r, done);
		return;
	case NODE_STAGE_LIST_STORED:
		node_list_ask(n, r);
		return;
	case NODE_STAGE_LIST:
		node_list_rows(n, r, done);
		return;
	default:
		DTSS_ASSERT(r->stage == NODE_STAGE_LOG);
		node_log_done(n, r, done);
	}
}

int dtss_node_request(struct dtss_node *node, struct dtss_time now, const struct dtss_request *request)
{
	struct dtss_request known;
	struct node_request *r;

	DTSS_ASSERT(request != NULL);
	node_enter(node);
	if (size_import(&known, sizeof known, request) != 0)
		return DTSS_E_INVALID;
	if (known.type < DTSS_REQUEST_SUBMIT || known.type > DTSS_REQUEST_LOG_READ)
		return DTSS_E_INVALID;
	if (node->request_count >= DTSS_NODE_REQUESTS_MAX)
		return DTSS_E_FULL;
	r = node_request_new(node, known.token, known.type);
	if (r == NULL)
		return DTSS_E_NOMEM;
	(void)node_renew(node, now); /* a leader whose term is over must not answer from memory */
	node_request_begin(node, now, r, &known);
	node->dirty = 1;
	return 0;
}
