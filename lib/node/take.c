/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

static void node_take_fill(const struct node_taken *taken, uint32_t stop, struct dtss_work *ret_work)
{
	memset(ret_work, 0, sizeof *ret_work);
	ret_work->task = taken->task;
	ret_work->fence = taken->fence;
	ret_work->attempt = taken->attempt;
	ret_work->stop = stop;
	ret_work->spec = taken->spec;
}

/* What has to be stopped comes before what is new. */
static struct node_taken *node_take_stop(struct dtss_node *n)
{
	struct node_taken *taken = n->local.taken;

	while (taken != NULL && taken->stop != 1)
		taken = taken->next;
	return taken;
}

static struct node_taken *node_take_new(struct dtss_node *n)
{
	struct node_taken *taken = n->local.taken;

	while (taken != NULL && taken->state != NODE_TAKEN_NEW)
		taken = taken->next;
	return taken;
}

static int node_take_one(struct dtss_node *n, struct dtss_time now, struct dtss_work *ret_work)
{
	struct node_taken *taken = node_take_stop(n);

	if (taken != NULL) {
		taken->stop = 2;
		node_take_fill(taken, 1, ret_work);
		return 1;
	}
	while ((taken = node_take_new(n)) != NULL) {
		int rc = dtss_agent_started(n->local.agent, now, taken->fence);

		if (rc == 0) {
			taken->state = NODE_TAKEN_GIVEN;
			node_take_fill(taken, 0, ret_work);
			return 1;
		}
		if (rc != DTSS_E_NOT_FOUND && rc != DTSS_E_STATE)
			return rc;
		node_taken_free(n, taken); /* taken away before the program saw it */
	}
	return 0;
}

int dtss_node_take(struct dtss_node *node, struct dtss_time now, struct dtss_work *ret_work)
{
	int i, rc = 0, more = 1;

	DTSS_ASSERT(ret_work != NULL);
	node_enter(node);
	node_events_drop(node);
	if (node->state == DTSS_NODE_FAILED)
		return node->error;
	if (node->local.stale)
		return DTSS_E_STALE;
	if (node->local.agent == NULL) {
		if (node->sched == NULL)
			return 0;
		rc = node_local_open(node, now);
	}
	for (i = 0; i < DTSS_NODE_PUMP_MAX && rc == 0 && more; i++) {
		rc = node_take_one(node, now, ret_work);
		if (rc == 0)
			more = node_round(node, now);
	}
	node->dirty = 1;
	return rc;
}
