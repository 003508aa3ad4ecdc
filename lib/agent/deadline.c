/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

#define AGENT_NS_PER_MS UINT64_C(1000000)

/*
 * An attempt must be dead before the scheduler may give its task to another: when the lease ends, counted from when the
 * last acknowledged heartbeat was sent, with a tenth kept back for what clocks and kernels lose.
 *
 *      lease_from ────────────────────────── SIGTERM ── grace ── SIGKILL ────── lease ends
 *                                               │                   │ 9/10
 *                                               └ 9/10 - grace, or half of the lease when that leaves nothing
 */
uint64_t agent_ns_after(uint64_t from_ns, uint64_t ms)
{
	uint64_t room = DTSS_NEVER - 1 - (from_ns < DTSS_NEVER ? from_ns : DTSS_NEVER - 1);

	return ms > room / AGENT_NS_PER_MS ? DTSS_NEVER - 1 : from_ns + ms * AGENT_NS_PER_MS;
}

static uint64_t agent_lease_most(uint64_t lease_ms)
{
	return lease_ms / 10 * 9 + lease_ms % 10 * 9 / 10;
}

static uint64_t agent_lease_kill(const struct agent_attempt *t)
{
	return t->orphan ? DTSS_NEVER : agent_ns_after(t->lease_from_ns, agent_lease_most(t->lease_ms));
}

uint64_t agent_lease_term_ns(const struct dtss_agent *a, uint64_t from_ns, uint64_t lease_ms)
{
	uint64_t most = agent_lease_most(lease_ms);

	return agent_ns_after(from_ns, most > a->kill_grace_ms ? most - a->kill_grace_ms : lease_ms / 2);
}

static uint64_t agent_lease_term(const struct dtss_agent *a, const struct agent_attempt *t)
{
	return t->orphan ? DTSS_NEVER : agent_lease_term_ns(a, t->lease_from_ns, t->lease_ms);
}

/* When it is to be stopped and why, whichever comes first. */
static uint64_t agent_term_ns(const struct dtss_agent *a, const struct agent_attempt *t, uint32_t *ret_cause)
{
	uint64_t ns = agent_lease_term(a, t);

	DTSS_ASSERT(agent_attempt_alive(t));
	*ret_cause = DTSS_CAUSE_LOST;
	if (t->timeout_ns < ns) {
		ns = t->timeout_ns;
		*ret_cause = DTSS_CAUSE_TIMEOUT;
	}
	if (a->draining && a->drain_ns < ns) {
		ns = a->drain_ns;
		*ret_cause = DTSS_CAUSE_RELEASED;
	}
	return ns;
}

static uint64_t agent_kill_ns(const struct agent_attempt *t)
{
	uint64_t lease_ns = agent_lease_kill(t);

	return t->kill_ns < lease_ns ? t->kill_ns : lease_ns;
}

static uint64_t agent_attempt_deadline(const struct dtss_agent *a, const struct agent_attempt *t)
{
	uint32_t cause;

	DTSS_ASSERT(a->orphans <= a->count);
	switch (t->state) {
	case AGENT_QUEUED:
	case AGENT_STARTING:
	case AGENT_RUNNING:
		return agent_term_ns(a, t, &cause);
	case AGENT_STOPPING:
		return agent_kill_ns(t);
	default:
		return DTSS_NEVER;
	}
}

static void agent_attempt_overdue(struct dtss_agent *a, struct agent_attempt *t)
{
	uint32_t cause = DTSS_CAUSE_LOST;
	int force = a->now.mono_ns >= agent_lease_kill(t);

	DTSS_ASSERT(a->orphans <= a->count);
	DTSS_ASSERT(agent_attempt_alive(t));
	if (t->state == AGENT_STOPPING) {
		agent_stop(a, t, t->cause, 1);
		return;
	}
	(void)agent_term_ns(a, t, &cause);
	if (cause == DTSS_CAUSE_LOST)
		a->fenced_total++;
	agent_stop(a, t, cause, force);
}

void agent_deadlines(struct dtss_agent *a)
{
	size_t i;

	DTSS_ASSERT(a->orphans <= a->count);
	for (i = 0; i < a->count; i++) {
		struct agent_attempt *t = a->attempts[i];

		if (agent_attempt_deadline(a, t) <= a->now.mono_ns)
			agent_attempt_overdue(a, t); /* it stays listed: none of those with a deadline goes at once */
	}
}

uint64_t agent_deadline_next(const struct dtss_agent *a)
{
	uint64_t next = DTSS_NEVER;
	size_t i;

	for (i = 0; i < a->count; i++) {
		uint64_t ns = agent_attempt_deadline(a, a->attempts[i]);

		if (ns < next)
			next = ns;
	}
	return next;
}
