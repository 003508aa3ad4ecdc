/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

/* Something that the scheduler should know at once. All changes before the next tick make one heartbeat. */
void agent_changed(struct dtss_agent *a)
{
	DTSS_ASSERT(a->count <= a->cap);
	DTSS_ASSERT(!a->changed || a->changed_ns <= a->now.mono_ns);
	if (a->changed)
		return;
	a->changed = 1;
	a->changed_ns = a->now.mono_ns;
}

/* Slots in use. An attempt that waits for an older one of its task to end will take over that one's slot. */
uint32_t agent_used(const struct dtss_agent *a)
{
	uint32_t used = 0;
	size_t i;

	DTSS_ASSERT(a->count <= a->cap);
	for (i = 0; i < a->count; i++)
		if (agent_attempt_alive(a->attempts[i]) && !a->attempts[i]->waits)
			used++;
	return used;
}

/*
 * A change is sent at once, also while earlier heartbeats are unanswered; but when many are, nobody listens, and the
 * changes are gathered instead. What is not acknowledged is repeated with the regular heartbeats only.
 */
uint64_t agent_heartbeat_due(const struct dtss_agent *a)
{
	uint64_t regular_ns, gate_ns;

	if (a->stale || a->send)
		return DTSS_NEVER;
	if (a->number == 0)
		return 0;
	if (a->long_poll && a->accepted && a->answered == a->number)
		return a->sent_ns;
	regular_ns = agent_ns_after(a->sent_ns, a->heartbeat_ms);
	if (!a->changed)
		return regular_ns;
	gate_ns = a->changed_ns;
	if (a->number - a->answered >= DTSS_AGENT_UNANSWERED_MAX)
		gate_ns = agent_ns_after(a->sent_ns, DTSS_AGENT_REPEAT_MS_MIN);
	if (gate_ns < a->changed_ns)
		gate_ns = a->changed_ns;
	return gate_ns < regular_ns ? gate_ns : regular_ns;
}

static uint32_t agent_held_state(const struct agent_attempt *t)
{
	switch (t->state) {
	case AGENT_QUEUED:
	case AGENT_STARTING:
		return DTSS_ATTEMPT_LEASED;
	case AGENT_RUNNING:
		return DTSS_ATTEMPT_RUNNING;
	case AGENT_STOPPING:
	case AGENT_KILLING:
		return DTSS_ATTEMPT_STOPPING;
	default:
		return DTSS_ATTEMPT_ENDED;
	}
}

static int agent_listed(const struct agent_attempt *t)
{
	return !t->orphan && t->state != AGENT_GONE;
}

static size_t agent_heartbeat_held(struct dtss_agent *a)
{
	size_t i, count = 0;

	DTSS_ASSERT(a->count <= a->cap);
	DTSS_ASSERT(a->cap == 0 || a->held != NULL);
	for (i = 0; i < a->count; i++) {
		struct agent_attempt *t = a->attempts[i];

		if (!agent_listed(t))
			continue;
		a->held[count].task = t->task;
		a->held[count].fence = t->fence;
		a->held[count].attempt = t->attempt;
		a->held[count].state = agent_held_state(t);
		count++;
		if (t->listed_from == 0)
			t->listed_from = a->number;
	}
	DTSS_ASSERT(count <= a->count);
	return count;
}

static void agent_report_write(struct dtss_report *report, const struct agent_attempt *t, uint32_t kind)
{
	memset(report, 0, sizeof *report);
	report->size = sizeof *report;
	report->task = t->task;
	report->fence = t->fence;
	report->attempt = t->attempt;
	report->kind = kind;
	if (kind == DTSS_REPORT_ENDED)
		report->outcome = t->outcome;
}

/* A heartbeat that carries the report may be under way: a change elsewhere is no reason to repeat it. */
static int agent_report_due(const struct dtss_agent *a, uint64_t told_ns)
{
	return told_ns == 0 || a->now.mono_ns >= agent_ns_after(told_ns, DTSS_AGENT_REPORT_AGAIN_MS);
}

/* Oldest first, so that what is left over for the next heartbeat is not left over for ever. */
static size_t agent_heartbeat_reports(struct dtss_agent *a)
{
	size_t i, count = 0;

	DTSS_ASSERT(a->count <= a->cap);
	DTSS_ASSERT(a->cap == 0 || a->reports != NULL);
	a->more = 0;
	for (i = 0; i < a->count; i++) {
		struct agent_attempt *t = a->attempts[i];
		int started = t->started && !t->started_acked && agent_report_due(a, t->started_told_ns);
		int ended = t->state == AGENT_ENDED && agent_report_due(a, t->ended_told_ns);

		if (!agent_listed(t) || !(started || ended))
			continue;
		if (count + 2 > DTSS_HEARTBEAT_REPORTS_MAX) {
			a->more = 1;
			break;
		}
		if (started) {
			agent_report_write(&a->reports[count++], t, DTSS_REPORT_STARTED);
			t->started_told_ns = a->now.mono_ns;
		}
		if (ended) {
			agent_report_write(&a->reports[count++], t, DTSS_REPORT_ENDED);
			t->ended_told_ns = a->now.mono_ns;
		}
	}
	DTSS_ASSERT(count <= DTSS_HEARTBEAT_REPORTS_MAX);
	return count;
}

/* Without slots while attempts of a former store are being stopped: their fences may be given again. */
static void agent_heartbeat_self(const struct dtss_agent *a, struct dtss_heartbeat *hb)
{
	hb->size = sizeof *hb;
	hb->name = a->name;
	hb->incarnation = a->incarnation;
	hb->number = a->number;
	hb->epoch = a->epoch;
	hb->fence_seen = a->fence_seen;
	hb->kind = DTSS_WORKER_AGENT;
	hb->flags = a->draining ? DTSS_HEARTBEAT_STOPPING : 0;
	hb->max_tasks = a->orphans > 0 ? 0 : a->max_tasks;
	hb->used = agent_used(a);
	hb->address = a->address;
	hb->tags = a->tags;
	hb->tag_count = a->tag_count;
	hb->resources = a->resources;
	hb->resource_count = a->resource_count;
}

void agent_heartbeat_make(struct dtss_agent *a)
{
	struct dtss_message_heartbeat *m = &a->message.u.heartbeat;

	DTSS_ASSERT(a->send && !a->stale);
	DTSS_ASSERT(a->number >= a->answered);
	a->send = 0;
	a->changed = 0;
	a->number++;
	a->sent[a->number % DTSS_AGENT_SENT_MAX] = a->sent_ns;
	memset(&a->message, 0, sizeof a->message);
	a->message.size = sizeof a->message;
	a->message.type = DTSS_MESSAGE_HEARTBEAT;
	agent_heartbeat_self(a, &m->heartbeat);
	m->heartbeat.held = a->held;
	m->heartbeat.held_count = agent_heartbeat_held(a);
	m->heartbeat.sent_wall_ns = a->now.wall_ns;
	memcpy(m->identity, a->identity, DTSS_IDENTITY_LEN);
	m->reports = a->reports;
	m->report_count = agent_heartbeat_reports(a);
}
