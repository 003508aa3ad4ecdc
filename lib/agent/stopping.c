/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

/* X6, since 0.1.0: the next attempt of a task starts when every older one on this host has ended. */
static void agent_wake(struct dtss_agent *a, dtss_task_id task)
{
	size_t i;

	for (i = 0; i < a->count; i++) {
		struct agent_attempt *t = a->attempts[i];

		if (t->task.v != task.v || !agent_attempt_alive(t))
			continue;
		if (t->waits) {
			t->waits = 0;
			agent_agenda_add(a, t);
		}
		return; /* this one is the oldest now */
	}
}

void agent_acked(struct dtss_agent *a, struct agent_attempt *t)
{
	agent_attempt_apply(t, AGENT_IN_ACKED);
	if (t->given)
		agent_agenda_add(a, t);
	else
		agent_attempt_remove(a, t); /* the driver never heard of it */
}

void agent_end(struct dtss_agent *a, struct agent_attempt *t, uint32_t input)
{
	agent_agenda_remove(a, t); /* a START or STOP that was not handed out is void */
	agent_attempt_apply(t, input);
	DTSS_ASSERT(t->state == AGENT_ENDED);
	agent_spec_release(a, t);
	agent_wake(a, t->task);
	if (t->orphan)
		agent_acked(a, t);
	else
		agent_changed(a);
}

static void agent_stop_queued(struct dtss_agent *a, struct agent_attempt *t, uint32_t cause)
{
	DTSS_ASSERT(t->state == AGENT_QUEUED);
	DTSS_ASSERT(!t->given);
	t->outcome.cause = cause;
	t->outcome.detail = "it was stopped before it was started";
	agent_end(a, t, AGENT_IN_TERM);
}

/* The first reason stands; only force can be added to it. */
void agent_stop(struct dtss_agent *a, struct agent_attempt *t, uint32_t cause, int force)
{
	DTSS_ASSERT(cause != DTSS_CAUSE_NONE);
	if (!agent_attempt_alive(t) || t->state == AGENT_KILLING)
		return;
	if (t->state == AGENT_QUEUED) {
		agent_stop_queued(a, t, cause);
		return;
	}
	if (t->state == AGENT_STOPPING && !force)
		return;
	if (t->cause == DTSS_CAUSE_NONE)
		t->cause = cause;
	t->kill_ns = agent_ns_after(a->now.mono_ns, a->kill_grace_ms);
	agent_attempt_apply(t, force ? AGENT_IN_KILL : AGENT_IN_TERM);
	agent_agenda_add(a, t);
	DTSS_ASSERT(t->on_agenda);
}

static void agent_disown_one(struct dtss_agent *a, struct agent_attempt *t, int force)
{
	DTSS_ASSERT(a->orphans <= a->count);
	DTSS_ASSERT(t->orphan || a->orphans < a->count);
	if (!t->orphan) {
		t->orphan = 1;
		a->orphans++;
	}
	if (t->state == AGENT_ENDED)
		agent_acked(a, t);
	else
		agent_stop(a, t, DTSS_CAUSE_LOST, force);
}

void agent_disown(struct dtss_agent *a, int force)
{
	size_t i = 0;

	DTSS_ASSERT(a->orphans <= a->count);
	while (i < a->count) {
		uint64_t fence = a->attempts[i]->fence;

		agent_disown_one(a, a->attempts[i], force);
		if (i < a->count && a->attempts[i]->fence == fence)
			i++; /* else it is gone, and the next one has taken its place */
	}
}
