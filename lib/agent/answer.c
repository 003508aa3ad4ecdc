/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

static int agent_identity_known(const uint8_t *identity)
{
	static const uint8_t none[DTSS_IDENTITY_LEN];

	return memcmp(identity, none, DTSS_IDENTITY_LEN) != 0;
}

/* A newer incarnation of this worker is registered, and all leases of this one have ended with that. */
static void agent_answer_stale(struct dtss_agent *a)
{
	DTSS_ASSERT(!a->stale);
	DTSS_ASSERT(a->orphans <= a->count);
	a->stale = 1;
	a->notice_stale = 1;
	a->send = 0;
	agent_disown(a, 0);
	DTSS_ASSERT(a->stale && !a->send);
}

/* Fences and epochs of the other store say nothing here, and neither do answers to heartbeats that were meant for it. */
static void agent_answer_reset(struct dtss_agent *a, const uint8_t *identity)
{
	DTSS_ASSERT(memcmp(a->identity, identity, DTSS_IDENTITY_LEN) != 0);
	DTSS_ASSERT(a->reset_number <= a->number);
	memcpy(a->identity, identity, DTSS_IDENTITY_LEN);
	a->epoch = 0;
	a->fence_seen = 0;
	a->reset_number = a->number;
	a->answered = a->number;
	a->closed = 1;
	a->notice_reset = 1;
	agent_disown(a, 1);
	agent_changed(a);
	DTSS_ASSERT(a->closed && a->answered == a->number);
}

static void agent_answer_ack(struct dtss_agent *a, const struct dtss_ack *ack)
{
	struct agent_attempt *t = agent_attempt_find(a, ack->fence);

	DTSS_ASSERT(a->count <= a->cap);
	if (t == NULL || t->task.v != ack->task.v || t->orphan)
		return;
	if (ack->kind == DTSS_REPORT_STARTED) {
		t->started_acked = 1;
		if (ack->result == DTSS_E_FENCED)
			agent_stop(a, t, DTSS_CAUSE_LOST, 0); /* superseded: its end would be refused as well */
	} else if (ack->kind == DTSS_REPORT_ENDED && t->state == AGENT_ENDED) {
		agent_acked(a, t);
	}
}

/* Leases run from when the heartbeat that listed the attempt was sent: the scheduler cannot have counted from earlier. */
static void agent_answer_renew(struct dtss_agent *a, uint64_t number)
{
	uint64_t sent_ns;
	size_t i;

	DTSS_ASSERT(number <= a->number);
	DTSS_ASSERT(number > a->reset_number);
	if (a->number - number >= DTSS_AGENT_SENT_MAX)
		return;
	sent_ns = a->sent[number % DTSS_AGENT_SENT_MAX];
	if (a->answered_ns < (int64_t)sent_ns)
		a->answered_ns = (int64_t)sent_ns;
	for (i = 0; i < a->count; i++) {
		struct agent_attempt *t = a->attempts[i];

		if (t->listed_from == 0 || t->listed_from > number || t->lease_from_ns > sent_ns)
			continue;
		t->lease_from_ns = sent_ns;
		t->lease_ms = a->lease_ms;
	}
}

static void agent_answer_accepted(struct dtss_agent *a, const struct dtss_message_answer *m)
{
	DTSS_ASSERT(m->result == DTSS_OK);
	DTSS_ASSERT(m->epoch == a->epoch);
	if (m->lease_ms > 0)
		a->lease_ms = m->lease_ms;
	if (m->heartbeat_ms > 0)
		a->heartbeat_ms = m->heartbeat_ms;
	a->closed = 0;
	agent_answer_renew(a, m->number);
	DTSS_ASSERT(a->lease_ms > 0 && a->heartbeat_ms > 0);
}

void agent_answer(struct dtss_agent *a, const struct dtss_message_answer *m)
{
	size_t i;

	DTSS_ASSERT(a->answered <= a->number);
	DTSS_ASSERT(a->reset_number <= a->number);
	if (a->stale || m->incarnation != a->incarnation || m->number <= a->reset_number || m->number > a->number)
		return;
	if (agent_identity_known(a->identity) && agent_identity_known(m->identity) &&
	    memcmp(a->identity, m->identity, DTSS_IDENTITY_LEN) != 0) {
		agent_answer_reset(a, m->identity);
		a->epoch = m->epoch;
		if (m->result == DTSS_E_STALE)
			agent_answer_stale(a);
		return;
	}
	if (m->epoch < a->epoch)
		return;
	a->epoch = m->epoch;
	if (agent_identity_known(m->identity))
		memcpy(a->identity, m->identity, DTSS_IDENTITY_LEN);
	if (m->number > a->answered) {
		a->answered = m->number;
		a->accepted = m->result == DTSS_OK;
	}
	if (m->result == DTSS_E_STALE) {
		agent_answer_stale(a);
		return;
	}
	if (m->result == DTSS_OK)
		agent_answer_accepted(a, m);
	for (i = 0; i < m->ack_count; i++)
		agent_answer_ack(a, &m->acks[i]);
	if (a->more && m->number == a->number)
		agent_changed(a);
}
