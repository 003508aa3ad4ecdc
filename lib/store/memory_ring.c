/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "store/memory.h"

int memory_ring_prepare(const struct dtss_mem *mem, const struct dtss_batch *batch, struct memory_batch *ret_batch)
{
	size_t len = dtss_batch_encode(batch, NULL, 0);
	void *data = mem->alloc(mem->ctx, len);

	if (data == NULL)
		return DTSS_E_NOMEM;
	len = dtss_batch_encode(batch, data, len);
	ret_batch->first_seq = batch->first_seq;
	ret_batch->last_seq = batch->last_seq;
	ret_batch->data = data;
	ret_batch->len = len;
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
	mem->release(mem->ctx, b->data, b->len);
	r->bytes -= b->len;
	r->first = (r->first + 1) % DTSS_MEMORY_BATCHES_MAX;
	r->count--;
}

void memory_ring_push(struct memory_ring *r, const struct dtss_mem *mem, const struct memory_batch *batch)
{
	if (r->count == DTSS_MEMORY_BATCHES_MAX)
		memory_ring_drop(r, mem);
	r->batches[(r->first + r->count) % DTSS_MEMORY_BATCHES_MAX] = *batch;
	r->count++;
	r->bytes += batch->len;
	r->last_seq = batch->last_seq;
	while (r->bytes > DTSS_MEMORY_BATCH_BYTES_MAX)
		memory_ring_drop(r, mem);
}

int memory_ring_find(const struct memory_ring *r, uint64_t seq, const struct memory_batch **ret_batch)
{
	size_t low = 0, high = r->count;

	if (seq == r->last_seq)
		return DTSS_E_AGAIN;
	if (seq > r->last_seq)
		return DTSS_E_COMPACTED; /* it follows another store's history */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory_ring_at(r, middle)->last_seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == r->count || memory_ring_at(r, low)->first_seq > seq + 1)
		return DTSS_E_COMPACTED;
	*ret_batch = memory_ring_at(r, low);
	return DTSS_OK;
}

void memory_ring_fini(struct memory_ring *r, const struct dtss_mem *mem)
{
	while (r->count > 0)
		memory_ring_drop(r, mem);
}
