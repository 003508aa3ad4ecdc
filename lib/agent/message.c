/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"
#include "core/size.h"

void agent_enter(struct dtss_agent *a, struct dtss_time now)
{
	DTSS_ASSERT(a->count <= a->cap);
	DTSS_ASSERT(a != NULL);
	if (now.mono_ns > a->now.mono_ns)
		a->now.mono_ns = now.mono_ns;
	a->now.wall_ns = now.wall_ns;
	DTSS_ASSERT(a->now.mono_ns >= now.mono_ns);
}

static uint32_t agent_stop_cause(uint32_t cause)
{
	return cause == DTSS_CAUSE_TIMEOUT || cause == DTSS_CAUSE_LOST ? cause : DTSS_CAUSE_CANCEL;
}

/*
 * A stop may overtake the assignment that it is about. Its fence then counts as seen, so that the assignment is dropped
 * when it comes, and the next heartbeat says that nothing of it is here.
 */
static void agent_stop_message(struct dtss_agent *a, const struct dtss_message_stop *m)
{
	struct agent_attempt *t;

	DTSS_ASSERT(m->fence > 0 || m->task.v == 0 || a->count <= a->cap);
	DTSS_ASSERT(a->orphans <= a->count);
	if (a->stale || a->closed || a->orphans > 0 || m->incarnation != a->incarnation || m->epoch < a->epoch)
		return;
	a->epoch = m->epoch;
	t = agent_attempt_find(a, m->fence);
	if (t != NULL && t->task.v == m->task.v) {
		agent_stop(a, t, agent_stop_cause(m->cause), 0);
	} else if (m->fence > a->fence_seen) {
		a->fence_seen = m->fence;
		agent_changed(a);
	}
}

int dtss_agent_message(struct dtss_agent *a, struct dtss_time now, const struct dtss_message *message)
{
	struct dtss_message m;

	DTSS_ASSERT(message != NULL);
	if (size_import(&m, sizeof m, message) < 0)
		return DTSS_E_INVALID;
	agent_enter(a, now);
	switch (m.type) {
	case DTSS_MESSAGE_ANSWER:
		agent_answer(a, &m.u.answer);
		return 0;
	case DTSS_MESSAGE_ASSIGN:
		return agent_assign(a, &m.u.assign);
	case DTSS_MESSAGE_STOP:
		agent_stop_message(a, &m.u.stop);
		return 0;
	default:
		return DTSS_E_INVALID;
	}
}
