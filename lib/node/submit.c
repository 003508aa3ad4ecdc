/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/*
 * A copy that can be written to: what became of its dependencies is filled in. It has passed the check first, so that
 * its counts can be believed.
 */
static int node_submit_copy(struct node_request *r, const struct dtss_task_spec *spec, size_t i,
			    struct dtss_problem *ret_problem)
{
	struct dtss_task_spec known;
	int rc;

	if (size_import(&known, sizeof known, spec) != 0)
		return DTSS_E_INVALID;
	rc = dtss_spec_check(&known, ret_problem);
	if (rc < 0) {
		ret_problem->index = r->spec_count > 1 ? i : ret_problem->index;
		return rc;
	}
	keep_spec(&r->keep, &r->specs[i], &known);
	return r->keep.failed ? DTSS_E_NOMEM : 0;
}

/* A task that waits for finished ones, which the engine no longer holds: the store knows what became of them. */
static void node_submit_lookup(struct dtss_node *n, struct dtss_time now, struct node_request *r,
			       const struct dtss_task_spec *specs, size_t count)
{
	struct dtss_problem problem;
	size_t i;
	int rc = 0;

	memset(&problem, 0, sizeof problem);
	r->specs = keep_array(&r->keep, count, sizeof *r->specs);
	r->spec_count = count;
	if (r->specs == NULL)
		rc = DTSS_E_NOMEM;
	for (i = 0; i < count && rc == 0; i++) {
		const void *spec = (const char *)specs + i * specs->size; /* of the program's version */

		rc = node_submit_copy(r, spec, i, &problem);
	}
	if (rc < 0)
		node_answer_problem(n, r, rc, &problem);
	else
		node_after_begin(n, now, r);
}

void node_submit_run(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_task_spec *specs, size_t count)
{
	dtss_task_id *ids = keep_array(&r->keep, count, sizeof *ids);
	uint8_t *known = keep_array(&r->keep, count, sizeof *known);
	struct dtss_problem problem;
	int rc;

	if (r->keep.failed) {
		node_answer(n, r, DTSS_E_NOMEM, 0);
		return;
	}
	rc = node_engine_submit(n, now, specs, count, ids, known);
	if (rc == DTSS_E_NOT_FOUND && r->specs == NULL) {
		node_submit_lookup(n, now, r, specs, count);
		return;
	}
	if (rc == DTSS_E_CONFLICT) {
		dtss_sched_problem(n->sched, &problem);
		r->answer.u.submit.conflict = ids[count == 1 ? 0 : problem.index];
	} else if (rc >= 0) {
		r->answer.u.submit.ids = ids;
		r->answer.u.submit.known = known;
		r->answer.u.submit.count = count;
	}
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

void node_submit_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		       const struct dtss_request *request)
{
	const struct dtss_task_spec *specs = request->u.submit.specs;
	size_t count = request->u.submit.count;

	if (specs == NULL || count == 0 || count > DTSS_SUBMIT_MANY_MAX) {
		node_answer_invalid(n, r, "tasks", "1 to 10000 specifications");
		return;
	}
	node_submit_run(n, now, r, specs, count);
}

int dtss_node_submit(struct dtss_node *node, struct dtss_time now, const struct dtss_task_spec *spec,
		     dtss_task_id *ret_id)
{
	struct dtss_request request;
	struct node_request *r;
	int result;

	DTSS_ASSERT(spec != NULL && ret_id != NULL);
	node_enter(node);
	node_events_drop(node);
	if (node->request_count >= DTSS_NODE_REQUESTS_MAX)
		return DTSS_E_FULL;
	memset(&request, 0, sizeof request);
	request.size = sizeof request;
	request.type = DTSS_REQUEST_SUBMIT;
	request.u.submit.specs = spec;
	request.u.submit.count = 1;
	r = node_await_new(node, request.type);
	if (r == NULL)
		return DTSS_E_NOMEM;
	node_request_begin(node, now, r, &request);
	if (!node_await(node, now, r))
		return DTSS_E_UNKNOWN;
	result = r->answer.result;
	if (result == 0) {
		*ret_id = r->answer.u.submit.ids[0];
		result = r->answer.u.submit.known[0];
	}
	node_request_free(node, r);
	return result;
}
