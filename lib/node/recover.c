/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/config.h"
#include "node/node.h"

/*
 * Leading, loading, and what follows when a write goes wrong. Memory is ahead of the disk then, and nothing of it can be
 * taken back: the engine is thrown away and made again from what is really stored.
 *
 * A full disk must not kill running work. So the node loads again at once and leads on, but quiet: heartbeats renew
 * leases, which needs no write; their reports stay with the agents, and no clock ticks, so that nothing is begun that
 * could not be stored. In a while it writes again, and either that works, or it goes round.
 */

/* Nothing that a second try could change. */
static int recover_final(int error)
{
	switch (error) {
	case DTSS_E_IO:
	case DTSS_E_CORRUPT:
	case DTSS_E_VERSION:
	case DTSS_E_NOT_OURS:
	case DTSS_E_FULL:
	case DTSS_E_INVALID:
	case DTSS_E_BUG:
		return 1;
	default:
		return 0;
	}
}

/* What those are told whose work may or may not have been stored. */
static int recover_answer(int error)
{
	return error == DTSS_E_NOSPC || recover_final(error) ? error : DTSS_E_UNKNOWN;
}

static int recover_stream(struct dtss_node *n, struct dtss_sched *s)
{
	const void *data;
	size_t len;
	int rc, failed = 0;

	/* to its end in any case: the next load begins anew only then */
	while ((rc = n->store->ops->load(n->store, &data, &len)) == 1) {
		if (failed == 0)
			failed = dtss_sched_load(s, data, len);
	}
	return failed < 0 ? failed : rc;
}

/* An engine that leads with the node's epoch, from what is stored. */
static int recover_engine(struct dtss_node *n, struct dtss_time now)
{
	int rc;

	DTSS_ASSERT(n->sched == NULL && n->epoch > 0);
	rc = dtss_sched_create(&n->sched, &n->sched_cfg, &n->mem);
	if (rc < 0)
		return rc;
	rc = recover_stream(n, n->sched);
	if (rc == 0 && n->trace.sink != NULL && n->backoff_ms == 0)
		node_trace_begin(n, now);
	if (rc == 0)
		rc = node_engine_lead(n, now);
	if (rc < 0) {
		node_engine_destroy(n);
		return rc;
	}
	n->stored = node_engine_seq(n); /* that it leads is an event too, but no answer rests on it */
	return 0;
}

static void recover_failed(struct dtss_node *n, int error)
{
	n->state = DTSS_NODE_FAILED;
	n->error = error;
	n->wake_ns = DTSS_NEVER;
	while (n->asked.head != NULL) {
		struct node_request *r = n->asked.head;

		node_queue_remove(r);
		node_answer(n, r, error, 0);
	}
}

static void recover_later(struct dtss_node *n, struct dtss_time now, int error)
{
	n->backoff_ms = n->backoff_ms == 0 ? NODE_BACKOFF_MS_MIN : n->backoff_ms * 2;
	if (n->backoff_ms > NODE_BACKOFF_MS_MAX)
		n->backoff_ms = NODE_BACKOFF_MS_MAX;
	n->state = DTSS_NODE_RECOVERING;
	n->error = error;
	n->wake_ns = node_ns_after(now, n->backoff_ms);
}

static void recover_begin(struct dtss_node *n, struct dtss_time now, uint32_t quiet)
{
	int rc = recover_engine(n, now);

	if (rc < 0) {
		if (recover_final(rc))
			recover_failed(n, rc);
		else
			recover_later(n, now, rc);
		return;
	}
	n->quiet = quiet;
	if (quiet)
		return;
	n->state = DTSS_NODE_LEADING;
	n->error = 0;
	n->dirty = 1;
}

int node_lead(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_store_op op;
	int rc;

	DTSS_ASSERT(n->sched == NULL && n->lead_serial == 0);
	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_LEAD;
	op.u.lead.holder = n->cfg.holder;
	op.u.lead.ttl_ms = config_lease_ms(&n->sched_cfg);
	n->lead_sent_ns = now.mono_ns;
	rc = node_store_submit(n, &op, &n->lead_serial);
	if (rc < 0)
		recover_later(n, now, rc);
	return rc;
}

void node_led(struct dtss_node *n, struct dtss_time now, const struct dtss_store_done *done)
{
	DTSS_ASSERT(n->sched == NULL);
	n->lead_serial = 0;
	if (n->state == DTSS_NODE_FAILED)
		return;
	if (done->result == DTSS_E_NOT_LEADER) {
		n->state = DTSS_NODE_STANDBY;
		n->error = 0;
		n->wake_ns = node_ns_after(now, NODE_STANDBY_MS);
	} else if (done->result < 0 && recover_final(done->result)) {
		recover_failed(n, done->result);
	} else if (done->result < 0) {
		recover_later(n, now, done->result);
	} else if (done->u.epoch == 0) {
		recover_failed(n, DTSS_E_CORRUPT); /* no store ever gave such an epoch */
	} else {
		n->epoch = done->u.epoch;
		node_renewed(n, n->lead_sent_ns);
		recover_begin(n, now, 0); /* loaded after the epoch was taken: nobody else has written since */
	}
}

int node_wake(struct dtss_node *n, struct dtss_time now)
{
	if (now.mono_ns < n->wake_ns)
		return 0;
	n->wake_ns = DTSS_NEVER;
	DTSS_ASSERT(n->state == DTSS_NODE_STANDBY || n->state == DTSS_NODE_RECOVERING);
	if (n->sched != NULL) {
		DTSS_ASSERT(n->quiet);
		n->quiet = 0;
	} else if (n->state == DTSS_NODE_STANDBY || n->epoch == 0) {
		(void)node_lead(n, now); /* the state says what came of it */
	} else {
		recover_begin(n, now, 0);
	}
	return 1;
}

void node_recover(struct dtss_node *n, struct dtss_time now, int error)
{
	DTSS_ASSERT(error < 0);
	node_engine_destroy(n);
	n->quiet = 0;
	n->commit_serial = 0;
	node_answers_fail(n, recover_answer(error));
	node_replies_drop(n);
	if (recover_final(error)) {
		recover_failed(n, error);
		return;
	}
	if (error == DTSS_E_EPOCH)
		node_renew_forget(n);
	recover_later(n, now, error);
	if (error == DTSS_E_NOSPC)
		recover_begin(n, now, 1);
}

void node_settled(struct dtss_node *n)
{
	DTSS_ASSERT(n->sched != NULL && !n->quiet);
	n->state = DTSS_NODE_LEADING;
	n->error = 0;
	n->wake_ns = DTSS_NEVER;
}
