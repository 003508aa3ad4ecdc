/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

#define NODE_EVENTS_MIN 64

static int node_event_room(struct dtss_node *n)
{
	size_t cap = n->event_cap != 0 ? n->event_cap * 2 : NODE_EVENTS_MIN;
	struct dtss_event *events;

	if (n->event_count < n->event_cap)
		return 1;
	if (n->events == NULL)
		events = n->mem.alloc(n->mem.ctx, cap * sizeof *events);
	else
		events = n->mem.realloc(n->mem.ctx, n->events, n->event_cap * sizeof *events, cap * sizeof *events);
	if (events == NULL)
		return 0;
	n->events = events;
	n->event_cap = cap;
	return 1;
}

static void node_send(struct dtss_node *n, const char *worker, const struct dtss_message *message)
{
	int local = n->local.agent != NULL && strcmp(worker, n->cfg.worker) == 0;
	struct dtss_transport *transport = node_transport_of(n, local);

	if (transport != NULL)
		(void)transport->ops->send(transport, worker, message); /* what is lost a heartbeat repairs */
}

/* Without room for an event they stay in the engine, and come the next time. */
int node_actions(struct dtss_node *n)
{
	struct dtss_action action;
	int count = 0;

	while (n->sched != NULL && node_event_room(n)) {
		memset(&action, 0, sizeof action);
		action.size = sizeof action;
		if (node_engine_next_action(n, &action) != 1)
			break;
		if (action.type == DTSS_ACTION_SEND)
			node_send(n, action.u.send.worker, action.u.send.message);
		else
			n->events[n->event_count++] = action.u.event;
		count++;
	}
	node_trace_actions(n);
	return count > 0;
}

void node_events_drop(struct dtss_node *n)
{
	n->event_count = 0;
	n->event_at = 0;
}

int dtss_node_event(struct dtss_node *node, struct dtss_event *ret_event)
{
	DTSS_ASSERT(node != NULL && ret_event != NULL);
	DTSS_ASSERT(node->event_at <= node->event_count);
	if (node->event_at == node->event_count)
		return 0;
	*ret_event = node->events[node->event_at++];
	return 1;
}
