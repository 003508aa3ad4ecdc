/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/*
 * What became of the tasks that specifications wait for, where the engine no longer holds them.
 *
 *      mark those that it does not hold ──► wait until all it did is stored ──► GET each ──► mark again ──► run
 *                ▲                                                                              │
 *                └────────────────────── others have left it meanwhile ─────────────────────────┘
 *
 * It ends: a task leaves the engine once, and what became of it stays. The marks stand in the copies' reserved words.
 */
enum node_after_mark {
	NODE_AFTER_NONE = 0,
	NODE_AFTER_ASK = 1,
	NODE_AFTER_ASKED = 2 /* the store did not know its end yet: it was loaded into another engine meanwhile */
};

static struct dtss_after *node_after_of(struct node_request *r, size_t spec, size_t i)
{
	return (struct dtss_after *)&r->specs[spec].after[i]; /* our own copy */
}

static void node_after_refuse(struct dtss_node *n, struct node_request *r, int result)
{
	struct dtss_problem problem;

	problem.field = "after";
	problem.expected = "ids of tasks that exist";
	problem.index = r->spec_count > 1 ? r->spec_at : r->after_at;
	node_answer_problem(n, r, result, &problem);
}

static int node_after_mark_one(struct dtss_node *n, struct dtss_after *after)
{
	struct dtss_task_view view;

	if (after->outcome != 0)
		return 0;
	memset(&view, 0, sizeof view);
	if (dtss_sched_task_get(n->sched, after->task, &view) != DTSS_E_NOT_FOUND)
		return 0;
	if (after->reserved == NODE_AFTER_ASKED)
		/* it lives by the store's account, and is not in the engine: another who leads now has taken it */
		return n->store_info.lead_expires ? DTSS_E_NOT_LEADER : DTSS_E_BUG;
	after->reserved = NODE_AFTER_ASK;
	return 1;
}

/* How many must be asked for. */
static int node_after_mark(struct dtss_node *n, struct node_request *r)
{
	int count = 0, rc;

	for (r->spec_at = 0; r->spec_at < r->spec_count; r->spec_at++) {
		for (r->after_at = 0; r->after_at < r->specs[r->spec_at].after_count; r->after_at++) {
			rc = node_after_mark_one(n, node_after_of(r, r->spec_at, r->after_at));
			if (rc < 0)
				return rc;
			count |= rc;
		}
	}
	r->spec_at = 0;
	r->after_at = 0;
	return count;
}

static void node_after_run(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	size_t spec, i;

	for (spec = 0; spec < r->spec_count; spec++) {
		for (i = 0; i < r->specs[spec].after_count; i++)
			node_after_of(r, spec, i)->reserved = NODE_AFTER_NONE;
	}
	if (r->answer.type == DTSS_REQUEST_RETRY)
		node_retry_run(n, now, r);
	else
		node_submit_run(n, now, r, r->specs, r->spec_count);
}

void node_after_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	int rc = node_after_mark(n, r);

	DTSS_ASSERT(r->specs != NULL);
	if (rc < 0)
		node_answer(n, r, rc, 0);
	else if (rc == 0)
		node_after_run(n, now, r);
	else if (!n->quiet && node_engine_seq(n) > n->stored)
		node_hold(n, r, NODE_STAGE_AFTER_STORED);
	else
		node_after_ask(n, now, r);
}

/* The next marked one, from where the last was. */
static struct dtss_after *node_after_next(struct node_request *r)
{
	for (; r->spec_at < r->spec_count; r->spec_at++, r->after_at = 0) {
		for (; r->after_at < r->specs[r->spec_at].after_count; r->after_at++) {
			struct dtss_after *after = node_after_of(r, r->spec_at, r->after_at);

			if (after->reserved == NODE_AFTER_ASK)
				return after;
		}
	}
	return NULL;
}

void node_after_ask(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	struct dtss_after *after = node_after_next(r);
	struct dtss_store_op op;
	int rc;

	if (after == NULL) {
		node_after_begin(n, now, r);
		return;
	}
	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_GET;
	op.u.get.id = after->task.v;
	rc = node_store_submit(n, &op, &r->serial);
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	r->stage = NODE_STAGE_AFTER;
	r->seq = 0;
	node_queue_push(&n->asked, r);
}

/* The state in the TASK record, which comes first. */
static int node_after_outcome(struct dtss_node *n, const struct dtss_store_done *done, uint64_t id, uint32_t *ret_state)
{
	struct dtss_record_body *body;
	int rc;

	if (done->result < 0)
		return done->result;
	if (done->u.rows.count == 0)
		return DTSS_E_NOT_FOUND;
	rc = dtss_record_decode(done->u.rows.records[0].data, done->u.rows.records[0].len, &n->mem, &body);
	if (rc < 0)
		return rc;
	if (body->kind == DTSS_RECORD_TASK && body->u.task.id == id)
		*ret_state = body->u.task.state;
	else
		rc = DTSS_E_CORRUPT;
	dtss_record_free(body, &n->mem);
	return rc;
}

void node_after_done(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_store_done *done)
{
	struct dtss_after *after = node_after_next(r);
	uint32_t state = 0;
	int rc;

	DTSS_ASSERT(after != NULL);
	rc = node_after_outcome(n, done, after->task.v, &state);
	if (rc == DTSS_E_NOT_FOUND) {
		node_after_refuse(n, r, rc);
		return;
	}
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	after->reserved = NODE_AFTER_ASKED;
	if (dtss_task_state_terminal(state))
		after->outcome = state;
	node_after_ask(n, now, r);
}
