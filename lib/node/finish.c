/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/* Before any tick: what comes late is not too late while nobody else has the task. */
static int node_finish_report(struct dtss_node *n, struct dtss_time now, struct node_taken *taken,
			      const struct dtss_outcome *outcome)
{
	struct dtss_outcome success;
	int rc;

	memset(&success, 0, sizeof success);
	success.cause = DTSS_CAUSE_EXIT;
	if (outcome == NULL)
		outcome = &success;
	rc = dtss_agent_ended(n->local.agent, now, taken->fence, outcome);
	if (rc == DTSS_E_NOT_FOUND || rc == DTSS_E_STATE) {
		taken->state = NODE_TAKEN_ACKED; /* the agent gave it up meanwhile */
		taken->result = DTSS_E_FENCED;
		return 0;
	}
	if (rc < 0)
		return rc;
	taken->state = NODE_TAKEN_ENDED;
	taken->cause = outcome->cause;
	taken->exit_code = outcome->exit_code;
	return 0;
}

/* Did the attempt end as it was reported here? */
static int node_finish_is_ours(const struct node_taken *taken, const struct dtss_task_view *view)
{
	size_t i;

	for (i = 0; i < view->attempt_count; i++) {
		const struct dtss_attempt_view *attempt = &view->attempts[i];

		if (attempt->fence == taken->fence)
			return attempt->state == DTSS_ATTEMPT_ENDED && attempt->outcome.cause == taken->cause &&
			       attempt->outcome.exit_code == taken->exit_code;
	}
	return 0;
}

/*
 * A commit may have been stored although its answer was lost. Then the report comes again, to a task that has ended by
 * it, and is refused as stale. So a refusal is checked against what is stored.
 */
static int node_finish_refused(struct dtss_node *n, struct dtss_time now, const struct node_taken *taken)
{
	struct node_request *r = node_await_new(n, DTSS_REQUEST_GET);
	struct dtss_request request;
	int result;

	if (r == NULL)
		return DTSS_E_NOMEM;
	memset(&request, 0, sizeof request);
	request.size = sizeof request;
	request.type = DTSS_REQUEST_GET;
	request.u.task = taken->task;
	node_request_begin(n, now, r, &request);
	if (!node_await(n, now, r))
		return DTSS_E_UNKNOWN;
	result = r->answer.result;
	if (result == 0 && !node_finish_is_ours(taken, r->answer.u.task))
		result = DTSS_E_FENCED;
	node_request_free(n, r);
	return result == DTSS_E_NOT_FOUND ? DTSS_E_FENCED : result;
}

int dtss_node_finish(struct dtss_node *node, struct dtss_time now, uint64_t fence, const struct dtss_outcome *outcome)
{
	struct node_taken *taken;
	int i, rc;

	node_enter(node);
	node_events_drop(node);
	taken = node_taken_find(node, fence);
	if (taken == NULL || taken->state == NODE_TAKEN_NEW)
		return DTSS_E_NOT_FOUND;
	if (taken->state == NODE_TAKEN_GIVEN) {
		rc = node_finish_report(node, now, taken, outcome);
		if (rc < 0)
			return rc;
	}
	/* its entry stays until its end is acknowledged, whatever the rounds do */
	for (i = 0; i < DTSS_NODE_PUMP_MAX && taken->state != NODE_TAKEN_ACKED; i++)
		(void)node_round(node, now);
	node->dirty = 1;
	if (taken->state != NODE_TAKEN_ACKED)
		return node->state == DTSS_NODE_FAILED ? node->error : DTSS_E_UNKNOWN;
	rc = taken->result;
	if (rc == DTSS_E_FENCED)
		rc = node_finish_refused(node, now, taken);
	if (rc != 0 && rc != DTSS_E_FENCED)
		return rc; /* it can be finished again */
	node_taken_free(node, taken);
	return rc;
}
