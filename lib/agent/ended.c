/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

/* At most the limit, and no broken character at the end. */
static void agent_detail_copy(char *to, const char *from)
{
	size_t len = 0;

	while (len < DTSS_DETAIL_LEN_MAX && from[len] != '\0')
		len++;
	if (from[len] != '\0')
		while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

/*
 * The driver says how it ended, the engine knows why. Finished work is not thrown away: exit code 0 stays a success
 * although the attempt was being released or fenced. It does not when the run timeout passed or somebody cancelled it.
 */
static uint32_t agent_ended_cause(const struct agent_attempt *t, const struct dtss_outcome *outcome)
{
	int success = outcome->cause == DTSS_CAUSE_EXIT && outcome->exit_code == 0;

	if (!t->stop_given)
		return outcome->cause; /* it was quicker than the signal */
	DTSS_ASSERT(t->cause != DTSS_CAUSE_NONE);
	if (success && (t->cause == DTSS_CAUSE_RELEASED || t->cause == DTSS_CAUSE_LOST))
		return outcome->cause;
	return t->cause;
}

int dtss_agent_ended(struct dtss_agent *a, struct dtss_time now, uint64_t fence, const struct dtss_outcome *outcome)
{
	struct agent_attempt *t;

	DTSS_ASSERT(outcome != NULL);
	if (outcome->cause == DTSS_CAUSE_NONE || outcome->cause > DTSS_CAUSE_CANCEL || outcome->signal > 255)
		return DTSS_E_INVALID; /* the scheduler would refuse it for ever */
	agent_enter(a, now);
	t = agent_attempt_find(a, fence);
	if (t == NULL || !t->given)
		return DTSS_E_NOT_FOUND;
	if (!agent_attempt_alive(t))
		return DTSS_E_STATE;
	t->outcome = *outcome;
	t->outcome.cause = agent_ended_cause(t, outcome);
	t->outcome.detail = NULL;
	if (outcome->detail != NULL) {
		agent_detail_copy(t->detail, outcome->detail);
		t->outcome.detail = t->detail;
	}
	a->ended_total++;
	agent_end(a, t, AGENT_IN_ENDED);
	DTSS_ASSERT(a->ended_total > 0 && a->count <= a->cap);
	return 0;
}
