/* SPDX-License-Identifier: MIT */
#include "node/node.h"

/* The verbs and queries that say all in one id or name. */

static void node_cancel(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	int stopping = 0;
	int rc = node_engine_cancel(n, now, r->task, &stopping);

	r->answer.u.cancel.stopping = stopping != 0;
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

static void node_verb_worker(struct dtss_node *n, struct dtss_time now, struct node_request *r, const char *worker)
{
	int rc;

	if (worker == NULL) {
		node_answer_invalid(n, r, "worker", "the name of a worker");
		return;
	}
	switch (r->answer.type) {
	case DTSS_REQUEST_DRAIN:
		rc = node_engine_drain(n, now, worker);
		break;
	case DTSS_REQUEST_CORDON:
		rc = node_engine_cordon(n, now, worker);
		break;
	default:
		DTSS_ASSERT(r->answer.type == DTSS_REQUEST_UNCORDON);
		rc = node_engine_uncordon(n, now, worker);
	}
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

void node_verb(struct dtss_node *n, struct dtss_time now, struct node_request *r, const struct dtss_request *request)
{
	int rc;

	switch (request->type) {
	case DTSS_REQUEST_DRAIN:
	case DTSS_REQUEST_CORDON:
	case DTSS_REQUEST_UNCORDON:
		node_verb_worker(n, now, r, request->u.worker);
		return;
	default:
		break;
	}
	r->task = request->u.task;
	switch (request->type) {
	case DTSS_REQUEST_CANCEL:
		node_cancel(n, now, r);
		return;
	case DTSS_REQUEST_RETRY:
		node_retry_begin(n, now, r);
		return;
	case DTSS_REQUEST_HOLD:
		rc = node_engine_hold(n, now, r->task);
		node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
		return;
	case DTSS_REQUEST_RELEASE:
		rc = node_engine_release(n, now, r->task);
		node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
		return;
	case DTSS_REQUEST_GET:
		node_get_begin(n, r);
		return;
	default:
		DTSS_ASSERT(request->type == DTSS_REQUEST_EXPLAIN);
		node_explain_begin(n, now, r);
	}
}
