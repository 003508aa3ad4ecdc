/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/*
 * A task that the engine no longer holds is history, but its end may still be on the way to the store, which then knows
 * an older state of it. So the store is asked when it has everything that the engine has done so far. A quiet node has
 * done nothing since it loaded.
 */
void node_lookup(struct dtss_node *n, struct node_request *r)
{
	DTSS_ASSERT(n->sched != NULL);
	if (!n->quiet && node_engine_seq(n) > n->stored)
		node_hold(n, r, NODE_STAGE_TASK_STORED);
	else
		node_lookup_ask(n, r);
}

void node_lookup_ask(struct dtss_node *n, struct node_request *r)
{
	struct dtss_store_op op;
	int rc;

	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_GET;
	op.u.get.id = r->task.v;
	rc = node_store_submit(n, &op, &r->serial);
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	r->stage = NODE_STAGE_TASK;
	r->seq = 0;
	node_queue_push(&n->asked, r);
}

static void node_lookup_unknown(struct dtss_node *n, struct node_request *r)
{
	struct dtss_problem problem;

	problem.field = "id";
	problem.expected = "the id of a task";
	problem.index = 0;
	node_answer_problem(n, r, DTSS_E_NOT_FOUND, &problem);
}

void node_lookup_done(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		      const struct dtss_store_done *done)
{
	struct dtss_task_view *view;
	size_t used;
	int rc = done->result;

	if (rc == DTSS_E_NOT_FOUND) {
		node_lookup_unknown(n, r);
		return;
	}
	if (rc == 0)
		rc = dtss_task_view_decode(done->u.rows.records, done->u.rows.count, &n->mem, &view, &used);
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	if (view->id.v != r->task.v) { /* whole, and of another */
		dtss_task_view_free(view, &n->mem);
		node_answer(n, r, DTSS_E_CORRUPT, 0);
		return;
	}
	switch (r->answer.type) {
	case DTSS_REQUEST_GET:
		node_get_task(n, r, view);
		break;
	case DTSS_REQUEST_EXPLAIN:
		node_explain_task(n, r, view);
		break;
	case DTSS_REQUEST_RETRY:
		node_retry_task(n, now, r, view);
		break;
	default:
		DTSS_ASSERT(r->answer.type == DTSS_REQUEST_LOG_READ);
		node_log_task(n, r, view, 0);
	}
	dtss_task_view_free(view, &n->mem);
}
