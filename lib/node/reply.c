/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/config.h"
#include "node/node.h"

/* An ANSWER with room for one acknowledgement of each report. Had before anything is applied. */
struct node_reply *node_reply_new(struct dtss_node *n, const struct dtss_message_heartbeat *m, const char *peer)
{
	size_t count = m->report_count < DTSS_HEARTBEAT_REPORTS_MAX ? m->report_count : DTSS_HEARTBEAT_REPORTS_MAX;
	size_t acks_size = count * sizeof(struct dtss_ack), peer_size = strlen(peer) + 1;
	size_t size = sizeof(struct node_reply) + acks_size + peer_size;
	struct dtss_message_answer *answer;
	struct node_reply *reply;
	char *name;

	if (n->reply_count >= DTSS_NODE_REQUESTS_MAX)
		return NULL;
	reply = n->mem.alloc(n->mem.ctx, size);
	if (reply == NULL)
		return NULL;
	memset(reply, 0, size);
	reply->size = size;
	name = (char *)reply + sizeof *reply + acks_size;
	memcpy(name, peer, peer_size);
	reply->peer = name;
	reply->message.size = sizeof reply->message;
	reply->message.type = DTSS_MESSAGE_ANSWER;
	answer = &reply->message.u.answer;
	answer->number = m->heartbeat.number;
	answer->incarnation = m->heartbeat.incarnation;
	answer->epoch = n->epoch;
	memcpy(answer->identity, n->store_info.identity, DTSS_IDENTITY_LEN);
	answer->lease_ms = config_lease_ms(&n->sched_cfg);
	answer->heartbeat_ms = config_heartbeat_ms(&n->sched_cfg);
	answer->acks = reply->acks;
	return reply;
}

static void node_reply_free(struct dtss_node *n, struct node_reply *reply)
{
	n->mem.release(n->mem.ctx, reply, reply->size);
}

static void node_reply_send(struct dtss_node *n, struct node_reply *reply)
{
	struct dtss_transport *transport = node_transport_of(n, reply->local != 0);

	if (transport != NULL)
		(void)transport->ops->send(transport, reply->peer, &reply->message); /* lost: the next one repairs it */
	node_reply_free(n, reply);
}

void node_reply_give(struct dtss_node *n, struct node_reply *reply)
{
	struct node_reply **link = &n->replies;

	if (reply->seq <= n->stored) {
		node_reply_send(n, reply);
		return;
	}
	if (n->replies_last != NULL && n->replies_last->seq <= reply->seq)
		link = &n->replies_last->next;
	while (*link != NULL && (*link)->seq <= reply->seq)
		link = &(*link)->next;
	reply->next = *link;
	*link = reply;
	if (reply->next == NULL)
		n->replies_last = reply;
	n->reply_count++;
}

static struct node_reply *node_reply_pop(struct dtss_node *n)
{
	struct node_reply *reply = n->replies;

	DTSS_ASSERT(reply != NULL && n->reply_count > 0);
	n->replies = reply->next;
	if (n->replies == NULL)
		n->replies_last = NULL;
	n->reply_count--;
	return reply;
}

void node_replies_release(struct dtss_node *n)
{
	while (n->replies != NULL && n->replies->seq <= n->stored)
		node_reply_send(n, node_reply_pop(n));
}

void node_replies_drop(struct dtss_node *n)
{
	while (n->replies != NULL)
		node_reply_free(n, node_reply_pop(n));
	DTSS_ASSERT(n->reply_count == 0 && n->replies_last == NULL);
}
