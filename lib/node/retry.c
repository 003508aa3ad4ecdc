/* SPDX-License-Identifier: MIT */
#include "node/node.h"

/* The specification of a task that the engine no longer holds comes from the store. */
void node_retry_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	dtss_task_id id = { 0 };
	int rc = node_engine_retry(n, now, r->task, NULL, &id);

	if (rc == DTSS_E_NOT_FOUND) {
		node_lookup(n, r);
		return;
	}
	r->answer.u.retry = id;
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

void node_retry_task(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_task_view *view)
{
	struct dtss_problem problem;

	if (!dtss_task_state_terminal(view->state)) {
		problem.field = "state";
		problem.expected = "a task that has ended";
		problem.index = 0;
		node_answer_problem(n, r, DTSS_E_STATE, &problem);
		return;
	}
	r->specs = keep_take(&r->keep, sizeof *r->specs);
	r->spec_count = 1;
	if (r->specs != NULL)
		keep_spec(&r->keep, r->specs, view->spec);
	if (r->keep.failed)
		node_answer(n, r, DTSS_E_NOMEM, 0);
	else
		node_after_begin(n, now, r);
}

void node_retry_run(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	dtss_task_id id = { 0 };
	int rc = node_engine_retry(n, now, r->task, r->specs, &id);

	DTSS_ASSERT(r->specs != NULL);
	r->answer.u.retry = id;
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}
