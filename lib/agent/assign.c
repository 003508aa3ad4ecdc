/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

/* Why an assignment is not taken; cause NONE: it is. */
struct agent_refusal {
	uint32_t cause;
	const char *detail;
};

/* The run timeout is all that the engine needs to know of a specification. */
static int agent_assign_read(struct dtss_agent *a, const struct dtss_message_assign *m, uint64_t *ret_timeout_ms)
{
	struct dtss_task_spec *spec;
	int result = dtss_spec_decode(m->spec, m->spec_len, &a->mem, &spec);

	if (result < 0)
		return result;
	*ret_timeout_ms = spec->timeout_ms;
	dtss_spec_free(spec, &a->mem);
	return 0;
}

/* 1 when an older attempt of the task has not ended. */
static int agent_assign_waits(const struct dtss_agent *a, const struct dtss_message_assign *m)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (a->attempts[i]->task.v == m->task.v && agent_attempt_alive(a->attempts[i]))
			return 1;
	return 0;
}

/* Everything that can fail, before anything changes. */
static int agent_assign_alloc(struct dtss_agent *a, const struct dtss_message_assign *m, struct agent_attempt **ret_t)
{
	struct agent_attempt *t;

	if (agent_attempt_reserve(a) < 0)
		return DTSS_E_NOMEM;
	t = a->mem.alloc(a->mem.ctx, sizeof *t);
	if (t == NULL)
		return DTSS_E_NOMEM;
	memset(t, 0, sizeof *t);
	if (m->spec_len > 0) {
		t->spec = a->mem.alloc(a->mem.ctx, m->spec_len);
		if (t->spec == NULL) {
			agent_attempt_free(a, t);
			return DTSS_E_NOMEM;
		}
		memcpy(t->spec, m->spec, m->spec_len);
	}
	t->spec_len = m->spec_len;
	*ret_t = t;
	return 0;
}

/* X6: since when the scheduler counts the lease, or earlier. */
static uint64_t agent_assign_from_ns(const struct dtss_agent *a, const struct dtss_message_assign *m)
{
	DTSS_ASSERT(m->heartbeat <= a->number);
	DTSS_ASSERT(m->heartbeat == 0 || a->number - m->heartbeat < DTSS_AGENT_SENT_MAX);
	return m->heartbeat > 0 ? a->sent[m->heartbeat % DTSS_AGENT_SENT_MAX] : a->now.mono_ns;
}

static uint64_t agent_assign_lease_ms(const struct dtss_agent *a, const struct dtss_message_assign *m)
{
	return m->lease_ms > 0 ? m->lease_ms : a->lease_ms;
}

static void agent_assign_fill(const struct dtss_agent *a, struct agent_attempt *t, const struct dtss_message_assign *m)
{
	DTSS_ASSERT(m->fence > 0);
	DTSS_ASSERT(m->task.v > 0);
	t->task = m->task;
	t->fence = m->fence;
	t->attempt = m->attempt;
	t->timeout_ns = DTSS_NEVER;
	t->kill_ns = DTSS_NEVER;
	t->lease_from_ns = agent_assign_from_ns(a, m);
	t->lease_ms = agent_assign_lease_ms(a, m);
	DTSS_ASSERT(t->lease_ms > 0);
}

static void agent_assign_refuse(struct dtss_agent *a, struct agent_attempt *t, const struct agent_refusal *refusal)
{
	DTSS_ASSERT(!t->given);
	DTSS_ASSERT(refusal->cause != DTSS_CAUSE_NONE);
	agent_attempt_apply(t, AGENT_IN_REFUSE);
	agent_spec_release(a, t);
	t->outcome.cause = refusal->cause;
	t->outcome.detail = refusal->detail;
	agent_attempt_insert(a, t);
	agent_changed(a);
	DTSS_ASSERT(t->spec == NULL);
}

/* X6, since 0.1.0: what is left of an older attempt of the task dies first. */
static void agent_assign_accept(struct dtss_agent *a, struct agent_attempt *t)
{
	size_t i;

	DTSS_ASSERT(t->fence > 0 && t->spec != NULL);
	agent_attempt_apply(t, AGENT_IN_ACCEPT);
	agent_attempt_insert(a, t);
	for (i = 0; t->waits && i < a->count; i++)
		if (a->attempts[i] != t && a->attempts[i]->task.v == t->task.v)
			agent_stop(a, a->attempts[i], DTSS_CAUSE_LOST, 1);
	if (!t->waits)
		agent_agenda_add(a, t);
}

/* DTSS_E_NOMEM, or 0 and the refusal. */
static int agent_assign_judge(struct dtss_agent *a, const struct dtss_message_assign *m, int waits,
			      uint64_t *ret_timeout_ms, struct agent_refusal *ret_refusal)
{
	int result;

	memset(ret_refusal, 0, sizeof *ret_refusal);
	if (a->draining) {
		ret_refusal->cause = DTSS_CAUSE_RELEASED;
		ret_refusal->detail = "the worker is draining";
		return 0;
	}
	if (!waits && agent_used(a) >= a->max_tasks) {
		ret_refusal->cause = DTSS_CAUSE_REJECTED;
		ret_refusal->detail = "the worker has no free slot";
		return 0;
	}
	result = agent_assign_read(a, m, ret_timeout_ms);
	if (result == DTSS_E_NOMEM)
		return DTSS_E_NOMEM;
	if (result < 0) {
		ret_refusal->cause = DTSS_CAUSE_REJECTED;
		ret_refusal->detail = result == DTSS_E_VERSION ? "the specification was written by a newer version" :
								 "the specification cannot be read";
	}
	return 0;
}

/* It would be stopped at once, or nobody knows when that heartbeat was sent: somebody else may have the task soon. */
static int agent_assign_late(const struct dtss_agent *a, const struct dtss_message_assign *m)
{
	if (m->heartbeat > a->number || (m->heartbeat > 0 && a->number - m->heartbeat >= DTSS_AGENT_SENT_MAX))
		return 1;
	return a->now.mono_ns >= agent_lease_term_ns(a, agent_assign_from_ns(a, m), agent_assign_lease_ms(a, m));
}

/* An assignment that the network brought late, or twice, or that is none of this agent's. */
static int agent_assign_drops(const struct dtss_agent *a, const struct dtss_message_assign *m)
{
	if (a->stale || a->closed || a->orphans > 0 || agent_assign_late(a, m))
		return 1; /* and it does not count as seen, so it will be sent again */
	if (m->incarnation != a->incarnation || m->epoch < a->epoch)
		return 1;
	return m->fence <= a->fence_seen; /* held, or overtaken by a newer one: the heartbeat tells which */
}

int agent_assign(struct dtss_agent *a, const struct dtss_message_assign *m)
{
	struct agent_refusal refusal;
	struct agent_attempt *t;
	uint64_t timeout_ms = 0;
	int waits;

	if (m->fence == 0 || m->task.v == 0 || (m->spec == NULL && m->spec_len > 0))
		return DTSS_E_INVALID;
	if (agent_assign_drops(a, m))
		return 0;
	if (a->count >= (size_t)a->max_tasks + DTSS_AGENT_UNACKED_MAX) {
		a->epoch = m->epoch;
		a->fence_seen = m->fence; /* seen and not listed: rejected */
		agent_changed(a);
		return 0;
	}
	waits = agent_assign_waits(a, m);
	if (agent_assign_judge(a, m, waits, &timeout_ms, &refusal) < 0 || agent_assign_alloc(a, m, &t) < 0)
		return DTSS_E_NOMEM;
	DTSS_ASSERT(agent_attempt_find(a, m->fence) == NULL);
	DTSS_ASSERT(m->epoch >= a->epoch);
	a->epoch = m->epoch;
	a->fence_seen = m->fence;
	agent_assign_fill(a, t, m);
	t->timeout_ms = timeout_ms;
	t->waits = (uint8_t)(waits && refusal.cause == DTSS_CAUSE_NONE);
	if (refusal.cause != DTSS_CAUSE_NONE)
		agent_assign_refuse(a, t, &refusal);
	else
		agent_assign_accept(a, t);
	return 0;
}
