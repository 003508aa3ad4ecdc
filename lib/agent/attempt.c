/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

/* 0: no such edge. The drawing stands in agent.h. */
static const uint8_t agent_attempt_next[AGENT_STATES][AGENT_INPUTS] = {
	[AGENT_NONE] = {
		[AGENT_IN_ACCEPT] = AGENT_QUEUED,
		[AGENT_IN_REFUSE] = AGENT_ENDED,
	},
	[AGENT_QUEUED] = {
		[AGENT_IN_GIVE] = AGENT_STARTING,
		[AGENT_IN_TERM] = AGENT_ENDED,
		[AGENT_IN_KILL] = AGENT_ENDED,
	},
	[AGENT_STARTING] = {
		[AGENT_IN_STARTED] = AGENT_RUNNING,
		[AGENT_IN_TERM] = AGENT_STOPPING,
		[AGENT_IN_KILL] = AGENT_KILLING,
		[AGENT_IN_ENDED] = AGENT_ENDED,
	},
	[AGENT_RUNNING] = {
		[AGENT_IN_TERM] = AGENT_STOPPING,
		[AGENT_IN_KILL] = AGENT_KILLING,
		[AGENT_IN_ENDED] = AGENT_ENDED,
	},
	[AGENT_STOPPING] = {
		[AGENT_IN_STARTED] = AGENT_STOPPING,
		[AGENT_IN_KILL] = AGENT_KILLING,
		[AGENT_IN_ENDED] = AGENT_ENDED,
	},
	[AGENT_KILLING] = {
		[AGENT_IN_STARTED] = AGENT_KILLING,
		[AGENT_IN_ENDED] = AGENT_ENDED,
	},
	[AGENT_ENDED] = {
		[AGENT_IN_ACKED] = AGENT_GONE,
	},
};

void agent_attempt_apply(struct agent_attempt *t, uint32_t input)
{
	uint8_t next;

	DTSS_ASSERT(t->state < AGENT_STATES);
	DTSS_ASSERT(input < AGENT_INPUTS);
	next = agent_attempt_next[t->state][input];
	DTSS_ASSERT(next != AGENT_NONE);
	t->state = next;
}

int agent_attempt_alive(const struct agent_attempt *t)
{
	return t->state >= AGENT_QUEUED && t->state <= AGENT_KILLING;
}

size_t agent_attempt_lower(const struct dtss_agent *a, uint64_t fence)
{
	size_t low = 0, high = a->count;

	DTSS_ASSERT(a->count <= a->cap);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->attempts[middle]->fence < fence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct agent_attempt *agent_attempt_find(const struct dtss_agent *a, uint64_t fence)
{
	size_t i = agent_attempt_lower(a, fence);

	return i < a->count && a->attempts[i]->fence == fence ? a->attempts[i] : NULL;
}

/* Two reports for each attempt, as long as a heartbeat may carry them. */
static size_t agent_attempt_reports(size_t cap)
{
	return cap * 2 < DTSS_HEARTBEAT_REPORTS_MAX ? cap * 2 : DTSS_HEARTBEAT_REPORTS_MAX;
}

static size_t agent_attempt_block(size_t cap)
{
	return cap * sizeof(struct dtss_held) + agent_attempt_reports(cap) * sizeof(struct dtss_report) +
	       cap * sizeof(struct agent_attempt *);
}

void agent_block_free(struct dtss_agent *a)
{
	DTSS_ASSERT((a->cap > 0) == (a->held != NULL) || a->cap == 0);
	DTSS_ASSERT(a->count <= a->cap);
	if (a->cap > 0)
		a->mem.release(a->mem.ctx, a->held, agent_attempt_block(a->cap));
	a->cap = 0;
	DTSS_ASSERT(a->cap == 0);
}

/* Room for a heartbeat's lists comes with the room for the attempt, so that making a heartbeat cannot fail. */
int agent_attempt_reserve(struct dtss_agent *a)
{
	size_t cap = a->cap > 0 ? a->cap * 2 : 8;
	struct agent_attempt **attempts;
	struct dtss_report *reports;
	struct dtss_held *held;

	DTSS_ASSERT(a->count <= a->cap);
	if (a->count < a->cap)
		return 0;
	held = a->mem.alloc(a->mem.ctx, agent_attempt_block(cap));
	if (held == NULL)
		return DTSS_E_NOMEM;
	reports = (struct dtss_report *)(void *)(held + cap);
	attempts = (struct agent_attempt **)(void *)(reports + agent_attempt_reports(cap));
	if (a->count > 0)
		memcpy(attempts, a->attempts, a->count * sizeof *attempts);
	agent_block_free(a);
	a->attempts = attempts;
	a->reports = reports;
	a->held = held;
	a->cap = cap;
	DTSS_ASSERT(a->count < a->cap);
	return 0;
}

void agent_attempt_insert(struct dtss_agent *a, struct agent_attempt *t)
{
	size_t i = agent_attempt_lower(a, t->fence);

	DTSS_ASSERT(a->count < a->cap);
	DTSS_ASSERT(i == a->count || a->attempts[i]->fence != t->fence);
	memmove(a->attempts + i + 1, a->attempts + i, (a->count - i) * sizeof(a->attempts[0]));
	a->attempts[i] = t;
	a->count++;
}

void agent_attempt_remove(struct dtss_agent *a, struct agent_attempt *t)
{
	size_t i = agent_attempt_lower(a, t->fence);

	DTSS_ASSERT(i < a->count && a->attempts[i] == t);
	DTSS_ASSERT(t->state == AGENT_GONE);
	agent_agenda_remove(a, t);
	a->count--;
	memmove(a->attempts + i, a->attempts + i + 1, (a->count - i) * sizeof(a->attempts[0]));
	if (t->orphan && --a->orphans == 0)
		agent_changed(a); /* there are slots again */
	agent_attempt_free(a, t);
}

void agent_spec_release(struct dtss_agent *a, struct agent_attempt *t)
{
	DTSS_ASSERT(t->spec == NULL || t->spec_len > 0);
	DTSS_ASSERT(t->state != AGENT_QUEUED || t->given || t->spec != NULL || t->spec_len == 0);
	if (t->spec != NULL)
		a->mem.release(a->mem.ctx, t->spec, t->spec_len);
	t->spec = NULL;
	DTSS_ASSERT(t->spec == NULL);
}

void agent_attempt_free(struct dtss_agent *a, struct agent_attempt *t)
{
	agent_spec_release(a, t);
	a->mem.release(a->mem.ctx, t, sizeof *t);
}
