/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

struct dtss_transport *node_transport_of(struct dtss_node *n, int local)
{
	return local ? n->local.near : n->transport;
}

static void node_message_reports(struct dtss_node *n, struct dtss_time now, const struct dtss_message_heartbeat *m,
				 struct node_reply *reply)
{
	struct dtss_message_answer *answer = &reply->message.u.answer;
	size_t i;

	for (i = 0; i < m->report_count && i < DTSS_HEARTBEAT_REPORTS_MAX; i++) {
		int rc = node_engine_report(n, now, &m->reports[i]);
		struct dtss_ack *ack = &reply->acks[answer->ack_count];

		if (rc != 0 && rc != DTSS_E_FENCED)
			continue; /* not now: it is reported again */
		if (dtss_sched_seq(n->sched) > reply->seq)
			reply->seq = dtss_sched_seq(n->sched);
		ack->task = m->reports[i].task;
		ack->fence = m->reports[i].fence;
		ack->kind = m->reports[i].kind;
		ack->result = rc;
		answer->ack_count++;
	}
}

static int node_message_identity_ok(const struct dtss_node *n, const uint8_t *identity)
{
	static const uint8_t none[DTSS_IDENTITY_LEN];

	return memcmp(identity, none, sizeof none) == 0 ||
	       memcmp(identity, n->store_info.identity, DTSS_IDENTITY_LEN) == 0;
}

/*
 * While the disk is full, what the worker reports is left with it, and what its heartbeat changes waits like everything
 * else; but its leases are renewed at once, which no disk has to know.
 */
static void node_message_heartbeat(struct dtss_node *n, struct dtss_time now, const struct dtss_message_heartbeat *m,
				   struct node_reply *reply)
{
	struct dtss_message_answer *answer = &reply->message.u.answer;
	int renew_only = n->state == DTSS_NODE_RECOVERING;

	DTSS_ASSERT(n->sched != NULL);
	if (!node_message_identity_ok(n, m->identity)) {
		answer->result = DTSS_E_STATE; /* another store's fences mean nothing here: it begins anew */
		return;
	}
	if (!renew_only)
		node_message_reports(n, now, m, reply);
	answer->result = node_engine_heartbeat(n, now, &m->heartbeat);
	if (renew_only)
		reply->seq = 0;
	else if (dtss_sched_seq(n->sched) > reply->seq)
		reply->seq = dtss_sched_seq(n->sched);
}

static void node_message(struct dtss_node *n, struct dtss_time now, const struct dtss_message *message,
			 const char *peer, int local)
{
	const struct dtss_message_heartbeat *m = &message->u.heartbeat;
	struct node_reply *reply;

	/* a worker speaks for itself alone, and says nothing but this to a scheduler */
	if (message->type != DTSS_MESSAGE_HEARTBEAT || peer == NULL || m->heartbeat.name == NULL ||
	    strcmp(peer, m->heartbeat.name) != 0)
		return;
	reply = node_reply_new(n, m, peer);
	if (reply == NULL)
		return; /* lost; the next one repairs it */
	reply->local = local != 0;
	node_message_heartbeat(n, now, m, reply);
	node_reply_give(n, reply);
}

static int node_messages_of(struct dtss_node *n, struct dtss_time now, int local)
{
	struct dtss_transport *transport = node_transport_of(n, local);
	const struct dtss_message *message;
	const char *peer;
	int count = 0;

	while (transport != NULL && count < NODE_ROUND_MAX && transport->ops->poll(transport, &message, &peer) == 1) {
		count++;
		if (n->sched != NULL)
			node_message(n, now, message, peer, local);
	}
	return count > 0;
}

int node_messages(struct dtss_node *n, struct dtss_time now)
{
	int more = node_messages_of(n, now, 1);

	return node_messages_of(n, now, 0) || more;
}
