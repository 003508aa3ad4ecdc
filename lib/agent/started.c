/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

int dtss_agent_started(struct dtss_agent *a, struct dtss_time now, uint64_t fence)
{
	struct agent_attempt *t;

	agent_enter(a, now);
	t = agent_attempt_find(a, fence);
	if (t == NULL || !t->given || !agent_attempt_alive(t))
		return DTSS_E_NOT_FOUND;
	if (t->started)
		return 0;
	DTSS_ASSERT(t->timeout_ns == DTSS_NEVER);
	agent_attempt_apply(t, AGENT_IN_STARTED);
	agent_spec_release(a, t);
	t->started = 1;
	a->started_total++;
	if (t->timeout_ms > 0)
		t->timeout_ns = agent_ns_after(a->now.mono_ns, t->timeout_ms);
	agent_changed(a);
	DTSS_ASSERT(t->started && t->given);
	return 0;
}
