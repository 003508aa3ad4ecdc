/* SPDX-License-Identifier: MIT */
#include "node/node.h"

/* Requests of the node's own calls, whose answers are not handed out. */

struct node_request *node_await_new(struct dtss_node *n, uint32_t type)
{
	struct node_request *r = node_request_new(n, 0, type);

	if (r != NULL)
		r->waited = NODE_WAITED;
	return r;
}

int node_await(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	int i;

	DTSS_ASSERT(r->waited == NODE_WAITED);
	for (i = 0; i < DTSS_NODE_PUMP_MAX && r->queue != &n->waited; i++)
		(void)node_round(n, now);
	n->dirty = 1;
	if (r->queue != &n->waited) {
		r->waited = NODE_GIVEN_UP;
		return 0;
	}
	node_queue_remove(r);
	return 1;
}
