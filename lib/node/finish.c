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
	rc = dtss_agent_ended(n->local.agent, now, taken->fence, outcome != NULL ? outcome : &success);
	if (rc == DTSS_E_NOT_FOUND || rc == DTSS_E_STATE) {
		taken->state = NODE_TAKEN_ACKED; /* the agent gave it up meanwhile */
		taken->result = DTSS_E_FENCED;
		return 0;
	}
	if (rc == 0)
		taken->state = NODE_TAKEN_ENDED;
	return rc;
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
	/* the list's entry stays until its end is acknowledged, whatever the rounds do */
	for (i = 0; i < DTSS_NODE_PUMP_MAX && taken->state != NODE_TAKEN_ACKED; i++)
		(void)node_round(node, now);
	node->dirty = 1;
	if (taken->state != NODE_TAKEN_ACKED)
		return node->state == DTSS_NODE_FAILED ? node->error : DTSS_E_UNKNOWN;
	rc = taken->result;
	node_taken_free(node, taken);
	return rc;
}
