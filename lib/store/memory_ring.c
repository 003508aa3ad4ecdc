/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "store/memory.h"

/*
 * A copy in one block, as it was given: nobody checks or decodes what never leaves this memory.
 *
 *      dtss_batch │ records │ events │ keys and values
 */
static size_t memory_ring_size(const struct dtss_batch *batch)
{
	size_t i, len = sizeof *batch + batch->record_count * sizeof batch->records[0] +
			batch->event_count * sizeof batch->events[0];

	for (i = 0; i < batch->record_count; i++)
		len += batch->records[i].len + batch->records[i].key_len;
	return len;
}

static const void *memory_ring_bytes(uint8_t **room, const void *data, size_t len)
{
	uint8_t *copy = *room;

	if (len == 0)
		return NULL;
	memcpy(copy, data, len);
	*room += len;
	return copy;
}

static void memory_ring_fill(struct dtss_batch *copy, const struct dtss_batch *batch)
{
	struct dtss_record *records = (struct dtss_record *)(copy + 1);
	struct dtss_event *events = (struct dtss_event *)(records + batch->record_count);
	uint8_t *room = (uint8_t *)(events + batch->event_count);
	size_t i;

	*copy = *batch;
	copy->size = sizeof *copy;
	copy->records = records;
	copy->events = events;
	for (i = 0; i < batch->record_count; i++) {
		records[i] = batch->records[i];
		records[i].key = memory_ring_bytes(&room, records[i].key, records[i].key_len);
		records[i].data = memory_ring_bytes(&room, records[i].data, records[i].len);
	}
	if (batch->event_count > 0)
		memcpy(events, batch->events, batch->event_count * sizeof events[0]);
}

int memory_ring_prepare(const struct memory_ring *r, const struct dtss_mem *mem, const struct dtss_batch *batch,
			struct memory_batch *ret_copy)
{
	struct memory_batch copy = { NULL, 0 };

	if (r->followed) {
		size_t len = memory_ring_size(batch);

		copy.batch = mem->alloc(mem->ctx, len);
		if (copy.batch == NULL)
			return DTSS_E_NOMEM;
		memory_ring_fill(copy.batch, batch);
		copy.len = len;
	}
	*ret_copy = copy;
	return DTSS_OK;
}

static const struct memory_batch *memory_ring_at(const struct memory_ring *r, size_t i)
{
	return &r->batches[(r->first + i) % DTSS_MEMORY_BATCHES_MAX];
}

static void memory_ring_drop(struct memory_ring *r, const struct dtss_mem *mem)
{
	struct memory_batch *b = &r->batches[r->first];

	DTSS_ASSERT(r->count > 0);
	DTSS_ASSERT(r->bytes >= b->len);
	mem->release(mem->ctx, b->batch, b->len);
	r->bytes -= b->len;
	r->first = (r->first + 1) % DTSS_MEMORY_BATCHES_MAX;
	r->count--;
}

void memory_ring_push(struct memory_ring *r, const struct dtss_mem *mem, const struct memory_batch *copy,
		      uint64_t last_seq)
{
	DTSS_ASSERT((copy->batch != NULL) == r->followed);
	DTSS_ASSERT(copy->batch == NULL || copy->batch->last_seq == last_seq);
	r->last_seq = last_seq;
	if (copy->batch == NULL)
		return;
	if (r->count == DTSS_MEMORY_BATCHES_MAX)
		memory_ring_drop(r, mem);
	r->batches[(r->first + r->count) % DTSS_MEMORY_BATCHES_MAX] = *copy;
	r->count++;
	r->bytes += copy->len;
	while (r->bytes > DTSS_MEMORY_BATCH_BYTES_MAX)
		memory_ring_drop(r, mem);
}

int memory_ring_find(const struct memory_ring *r, uint64_t seq, const struct dtss_batch **ret_batch)
{
	size_t low = 0, high = r->count;

	if (seq == r->last_seq)
		return DTSS_E_AGAIN;
	if (seq > r->last_seq)
		return DTSS_E_COMPACTED; /* it follows another store's history */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory_ring_at(r, middle)->batch->last_seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == r->count || memory_ring_at(r, low)->batch->first_seq > seq + 1)
		return DTSS_E_COMPACTED;
	*ret_batch = memory_ring_at(r, low)->batch;
	return DTSS_OK;
}

void memory_ring_fini(struct memory_ring *r, const struct dtss_mem *mem)
{
	while (r->count > 0)
		memory_ring_drop(r, mem);
}
