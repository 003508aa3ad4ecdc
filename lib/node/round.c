/* SPDX-License-Identifier: MIT */
#include "node/node.h"

uint64_t node_ns_after(struct dtss_time now, uint64_t ms)
{
	if (ms > (DTSS_NEVER - 1 - now.mono_ns) / NODE_NS_PER_MS)
		return DTSS_NEVER - 1;
	return now.mono_ns + ms * NODE_NS_PER_MS;
}

void node_enter(struct dtss_node *n)
{
	DTSS_ASSERT(n != NULL);
	if (n->given == NULL)
		return;
	node_request_free(n, n->given);
	n->given = NULL;
}

static int node_tick(struct dtss_node *n, struct dtss_time now)
{
	int i;

	if (n->sched == NULL || n->quiet)
		return 0;
	for (i = 0; i < NODE_ROUND_TICKS && dtss_sched_next_ns(n->sched) <= now.mono_ns; i++) {
		if (node_engine_tick(n, now) < 0)
			break; /* no memory: it stays due */
	}
	return dtss_sched_next_ns(n->sched) == 0; /* it has more to do at once */
}

/* Messages come before the tick: a report that is here already must not lose against its own lease. */
int node_round(struct dtss_node *n, struct dtss_time now)
{
	int more = node_renew(n, now);

	more |= node_wake(n, now);
	more |= node_store_poll(n, now);
	more |= node_local_pump(n, now);
	more |= node_messages(n, now);
	more |= node_tick(n, now);
	more |= node_commit(n, now);
	more |= node_store_poll(n, now);
	more |= node_actions(n);
	node_trace_turn(n, now);
	more |= node_answers_release(n, now);
	node_replies_release(n);
	return more;
}
