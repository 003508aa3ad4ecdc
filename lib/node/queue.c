/* SPDX-License-Identifier: MIT */
#include "node/node.h"

/* Doubly linked: a request may leave from the middle, when the store answers or the node fails. */

static void node_queue_insert(struct node_queue *queue, struct node_request *before, struct node_request *r)
{
	DTSS_ASSERT(r->queue == NULL);
	r->prev = before;
	r->next = before != NULL ? before->next : queue->head;
	r->queue = queue;
	if (r->next != NULL)
		r->next->prev = r;
	else
		queue->tail = r;
	if (before != NULL)
		before->next = r;
	else
		queue->head = r;
}

void node_queue_push(struct node_queue *queue, struct node_request *r)
{
	node_queue_insert(queue, queue->tail, r);
}

/* From the tail: what an answer rests on grows with time, so it stops at once. */
void node_queue_push_by_seq(struct node_queue *queue, struct node_request *r)
{
	struct node_request *before = queue->tail;

	while (before != NULL && before->seq > r->seq)
		before = before->prev;
	node_queue_insert(queue, before, r);
}

void node_queue_remove(struct node_request *r)
{
	struct node_queue *queue = r->queue;

	DTSS_ASSERT(queue != NULL);
	if (r->prev != NULL)
		r->prev->next = r->next;
	else
		queue->head = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	else
		queue->tail = r->prev;
	r->prev = r->next = NULL;
	r->queue = NULL;
}
