/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

static void agent_action_forget(struct dtss_agent *a, struct agent_attempt *t, struct dtss_agent_action *ret_action)
{
	ret_action->type = DTSS_AGENT_FORGET;
	ret_action->u.forget.task = t->task;
	ret_action->u.forget.fence = t->fence;
	agent_attempt_remove(a, t);
}

static void agent_action_stop(struct agent_attempt *t, struct dtss_agent_action *ret_action)
{
	DTSS_ASSERT(agent_attempt_alive(t));
	DTSS_ASSERT(!t->stop_given || t->state == AGENT_KILLING);
	ret_action->type = DTSS_AGENT_STOP;
	ret_action->u.stop.task = t->task;
	ret_action->u.stop.fence = t->fence;
	ret_action->u.stop.force = t->state == AGENT_KILLING;
	ret_action->u.stop.cause = t->cause;
	t->stop_given = 1;
}

static void agent_action_start(struct agent_attempt *t, struct dtss_agent_action *ret_action)
{
	DTSS_ASSERT(t->state == AGENT_QUEUED && !t->given);
	DTSS_ASSERT(t->spec != NULL);
	ret_action->type = DTSS_AGENT_START;
	ret_action->u.start.task = t->task;
	ret_action->u.start.fence = t->fence;
	ret_action->u.start.attempt = t->attempt;
	ret_action->u.start.spec = t->spec;
	ret_action->u.start.spec_len = t->spec_len;
	t->given = 1;
	agent_attempt_apply(t, AGENT_IN_GIVE);
	DTSS_ASSERT(t->given);
}

static void agent_action_attempt(struct dtss_agent *a, struct agent_attempt *t, struct dtss_agent_action *ret_action)
{
	agent_agenda_remove(a, t);
	switch (t->state) {
	case AGENT_GONE:
		agent_action_forget(a, t, ret_action);
		return;
	case AGENT_STOPPING:
	case AGENT_KILLING:
		agent_action_stop(t, ret_action);
		return;
	default:
		DTSS_ASSERT(t->state == AGENT_QUEUED && !t->waits);
		agent_action_start(t, ret_action);
	}
}

/* A notice comes before what follows from it, and a heartbeat after everything else, so that it says all of it. */
int dtss_agent_next_action(struct dtss_agent *a, struct dtss_agent_action *ret_action)
{
	DTSS_ASSERT(a != NULL);
	DTSS_ASSERT(ret_action != NULL);
	if (!a->notice_reset && !a->notice_stale && a->agenda_first == NULL && !a->send)
		return 0;
	memset(ret_action, 0, sizeof *ret_action);
	ret_action->size = sizeof *ret_action;
	if (a->notice_reset) {
		a->notice_reset = 0;
		ret_action->type = DTSS_AGENT_RESET;
	} else if (a->notice_stale) {
		a->notice_stale = 0;
		ret_action->type = DTSS_AGENT_STALE;
	} else if (a->agenda_first != NULL) {
		agent_action_attempt(a, a->agenda_first, ret_action);
	} else {
		agent_heartbeat_make(a);
		ret_action->type = DTSS_AGENT_SEND;
		ret_action->u.message = &a->message;
	}
	return 1;
}
