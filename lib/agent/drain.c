/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

static void agent_drain_queued(struct dtss_agent *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (a->attempts[i]->state == AGENT_QUEUED)
			agent_stop(a, a->attempts[i], DTSS_CAUSE_RELEASED, 0);
}

int dtss_agent_drain(struct dtss_agent *a, struct dtss_time now, uint64_t grace_ms)
{
	uint64_t drain_ns;

	DTSS_ASSERT(a->orphans <= a->count);
	agent_enter(a, now);
	drain_ns = agent_ns_after(a->now.mono_ns, grace_ms);
	if (!a->draining || drain_ns < a->drain_ns)
		a->drain_ns = drain_ns; /* a second call may be more urgent, never less */
	if (!a->draining)
		agent_changed(a);
	a->draining = 1;
	agent_drain_queued(a); /* what has not begun is given back at once */
	agent_deadlines(a);
	DTSS_ASSERT(a->drain_ns < DTSS_NEVER);
	return 0;
}

int dtss_agent_idle(const struct dtss_agent *a)
{
	DTSS_ASSERT(a != NULL);
	return a->count == 0;
}
