/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

/* Deadlines before reports: after a suspend the machine may wake up in the middle of somebody else's lease. */
int dtss_agent_tick(struct dtss_agent *a, struct dtss_time now)
{
	DTSS_ASSERT(a->count <= a->cap);
	agent_enter(a, now);
	agent_deadlines(a);
	if (agent_heartbeat_due(a) <= a->now.mono_ns)
		a->send = 1;
	if (a->send)
		a->sent_ns = a->now.mono_ns;
	DTSS_ASSERT(!a->send || !a->stale);
	return 0;
}

uint64_t dtss_agent_next_ns(const struct dtss_agent *a)
{
	uint64_t heartbeat_ns, deadline_ns;

	DTSS_ASSERT(a != NULL);
	heartbeat_ns = agent_heartbeat_due(a);
	deadline_ns = agent_deadline_next(a);
	return heartbeat_ns < deadline_ns ? heartbeat_ns : deadline_ns;
}
