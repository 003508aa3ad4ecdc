/* SPDX-License-Identifier: MIT */
#include "node/node.h"

int dtss_node_step(struct dtss_node *node, struct dtss_time now)
{
	int i, more = 1;

	node_enter(node);
	node_events_drop(node);
	for (i = 0; i < NODE_STEP_ROUNDS && more; i++)
		more = node_round(node, now);
	node->dirty = more != 0;
	return node->state == DTSS_NODE_FAILED ? node->error : 0;
}

/* Does a store that has no descriptor owe an answer? Then it has it at the next poll. */
static int node_step_owed(const struct dtss_node *n)
{
	int asked = n->commit_serial != 0 || n->lead_serial != 0 || n->renew_serial != 0 || n->asked.head != NULL;

	return asked && n->store->ops->fd(n->store) < 0;
}

static uint64_t node_step_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t dtss_node_next_ns(const struct dtss_node *node)
{
	uint64_t next;

	DTSS_ASSERT(node != NULL);
	if (node->dirty || node_step_owed(node))
		return 0;
	next = node_step_min(node->wake_ns, node_renew_next_ns(node));
	if (node->sched != NULL && !node->quiet)
		next = node_step_min(next, dtss_sched_next_ns(node->sched));
	if (node->local.agent != NULL)
		next = node_step_min(next, dtss_agent_next_ns(node->local.agent));
	return next;
}
