/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include <dtss/limits.h>
#include <dtss/transport.h>
#include "core/check.h"

/*
 * One pair, two ends, a queue of frames for each direction; the pair goes with the end that is closed last.
 *
 *      scheduler's end ── send ──► queue[LOOP_WORKER]    ── poll ──► worker's end
 *      scheduler's end ◄─ poll ─── queue[LOOP_SCHEDULER] ◄─ send ─── worker's end
 */
enum loop_side { LOOP_SCHEDULER = 0, LOOP_WORKER = 1 };

struct loop_frame {
	struct loop_frame *next;
	size_t len;
	unsigned char data[]; /* dtss_message_encode() */
};

struct loop_queue {
	struct loop_frame *head;
	struct loop_frame **tail;
	uint32_t count;
};

struct loop_end {
	struct dtss_transport base;
	struct loop_pair *pair;
	struct loop_frame *frame;     /* behind message: its strings point into it */
	struct dtss_message *message; /* given by the last poll */
	uint32_t side;
	uint32_t open;
};

struct loop_pair {
	struct dtss_mem mem;
	struct loop_end ends[2];
	struct loop_queue queues[2]; /* by the side that reads */
	size_t size;
	char name[]; /* of the worker */
};

static void loop_frame_free(struct loop_pair *pair, struct loop_frame *frame)
{
	pair->mem.release(pair->mem.ctx, frame, sizeof *frame + frame->len);
}

static struct loop_frame *loop_pop(struct loop_queue *queue)
{
	struct loop_frame *frame = queue->head;

	DTSS_ASSERT(frame != NULL && queue->count > 0);
	queue->head = frame->next;
	if (queue->head == NULL)
		queue->tail = &queue->head;
	queue->count--;
	return frame;
}

/* What the last poll gave is no longer used. */
static void loop_drop(struct loop_end *end)
{
	if (end->message != NULL)
		dtss_message_free(end->message, &end->pair->mem);
	if (end->frame != NULL)
		loop_frame_free(end->pair, end->frame);
	end->message = NULL;
	end->frame = NULL;
}

static int loop_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *message)
{
	struct loop_end *end = (struct loop_end *)transport;
	struct loop_pair *pair = end->pair;
	struct loop_queue *queue = &pair->queues[!end->side];
	struct loop_frame *frame;
	size_t len;

	DTSS_ASSERT(end->open && message != NULL);
	DTSS_ASSERT((peer == NULL) == (end->side == LOOP_WORKER));
	if (!pair->ends[!end->side].open || (peer != NULL && strcmp(peer, pair->name) != 0))
		return DTSS_E_NOT_FOUND;
	if (queue->count >= DTSS_LOOP_MESSAGES_MAX)
		return DTSS_E_FULL;
	len = dtss_message_encode(message, NULL, 0);
	if (len > DTSS_MESSAGE_BYTES_MAX)
		return DTSS_E_TOO_BIG;
	frame = pair->mem.alloc(pair->mem.ctx, sizeof *frame + len);
	if (frame == NULL)
		return DTSS_E_NOMEM;
	frame->next = NULL;
	frame->len = dtss_message_encode(message, frame->data, len);
	DTSS_ASSERT(frame->len == len);
	*queue->tail = frame;
	queue->tail = &frame->next;
	queue->count++;
	return 0;
}

static int loop_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	struct loop_end *end = (struct loop_end *)transport;
	struct loop_pair *pair = end->pair;
	struct loop_queue *queue = &pair->queues[end->side];
	int rc;

	DTSS_ASSERT(end->open);
	loop_drop(end);
	if (queue->head == NULL)
		return 0;
	/* decoded before it is taken out: without memory it is still there the next time */
	rc = dtss_message_decode(queue->head->data, queue->head->len, &pair->mem, &end->message);
	if (rc < 0) {
		end->message = NULL;
		if (rc != DTSS_E_NOMEM)
			loop_frame_free(pair, loop_pop(queue));
		return rc;
	}
	end->frame = loop_pop(queue);
	*ret_message = end->message;
	*ret_peer = end->side == LOOP_SCHEDULER ? pair->name : NULL;
	return 1;
}

static int loop_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1;
}

static void loop_close(struct dtss_transport *transport)
{
	struct loop_end *end = (struct loop_end *)transport;
	struct loop_pair *pair = end->pair;
	struct loop_queue *queue = &pair->queues[end->side];
	struct dtss_mem mem = pair->mem;

	DTSS_ASSERT(end->open);
	loop_drop(end);
	while (queue->head != NULL)
		loop_frame_free(pair, loop_pop(queue));
	end->open = 0;
	if (!pair->ends[!end->side].open)
		mem.release(mem.ctx, pair, pair->size);
}

static const struct dtss_transport_ops loop_ops = {
	sizeof(struct dtss_transport_ops), "loop", loop_send, loop_poll, loop_fd, loop_close
};

int dtss_loop_open(struct dtss_transport **ret_scheduler, struct dtss_transport **ret_worker, const char *name,
		   const struct dtss_mem *mem)
{
	const struct dtss_mem *from = mem != NULL ? mem : dtss_mem_libc();
	struct loop_pair *pair;
	size_t len, size;
	uint32_t side;

	DTSS_ASSERT(ret_scheduler != NULL && ret_worker != NULL);
	DTSS_ASSERT(name != NULL);
	len = strlen(name);
	size = sizeof *pair + len + 1;
	pair = from->alloc(from->ctx, size);
	if (pair == NULL)
		return DTSS_E_NOMEM;
	memset(pair, 0, sizeof *pair);
	memcpy(pair->name, name, len + 1);
	pair->mem = *from;
	pair->size = size;
	for (side = 0; side < 2; side++) {
		pair->ends[side].base.ops = &loop_ops;
		pair->ends[side].pair = pair;
		pair->ends[side].side = side;
		pair->ends[side].open = 1;
		pair->queues[side].tail = &pair->queues[side].head;
	}
	*ret_scheduler = &pair->ends[LOOP_SCHEDULER].base;
	*ret_worker = &pair->ends[LOOP_WORKER].base;
	return 0;
}
