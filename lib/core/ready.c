/* SPDX-License-Identifier: MIT */
#include "core/ready.h"

#include <string.h>
#include "core/check.h"

/* A binary min-heap of (priority, id); an item knows its place, so it is taken out from anywhere. */
enum { READY_HEAP_MIN = 8 };

void ready_init(struct ready *q)
{
	memset(q, 0, sizeof(*q));
}

void ready_fini(struct ready *q, const struct dtss_mem *mem)
{
	if (q->heap != NULL)
		mem->release(mem->ctx, q->heap, q->heap_cap * sizeof(*q->heap));
	ready_init(q);
}

static int ready_before(const struct ready_place *a, const struct ready_place *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

static void ready_set(struct ready *q, size_t at, const struct ready_place *place)
{
	q->heap[at] = *place;
	place->item->queued = (uint32_t)at + 1;
}

static void ready_rise(struct ready *q, size_t at, struct ready_place place)
{
	for (; at > 0 && ready_before(&place, &q->heap[(at - 1) / 2]); at = (at - 1) / 2)
		ready_set(q, at, &q->heap[(at - 1) / 2]);
	ready_set(q, at, &place);
}

static void ready_sink(struct ready *q, size_t at, struct ready_place place)
{
	size_t child;

	while ((child = 2 * at + 1) < q->heap_count) {
		if (child + 1 < q->heap_count && ready_before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!ready_before(&q->heap[child], &place))
			break;
		ready_set(q, at, &q->heap[child]);
		at = child;
	}
	ready_set(q, at, &place);
}

static int ready_resize(struct ready *q, const struct dtss_mem *mem, size_t cap)
{
	size_t size = cap * sizeof(*q->heap);
	void *heap;

	if (q->heap == NULL)
		heap = mem->alloc(mem->ctx, size);
	else
		heap = mem->realloc(mem->ctx, q->heap, q->heap_cap * sizeof(*q->heap), size);
	if (heap == NULL)
		return DTSS_E_NOMEM;
	q->heap = heap;
	q->heap_cap = cap;
	return 0;
}

int ready_reserve(struct ready *q, const struct dtss_mem *mem, int32_t priority, size_t extra)
{
	size_t promised = (q->changed ? 0 : q->promised) + extra;
	size_t need = q->heap_count + promised;

	(void)priority;
	if (need > q->heap_cap) {
		size_t cap = need < READY_HEAP_MIN ? READY_HEAP_MIN : need + need / 2;

		if (ready_resize(q, mem, cap) != 0 && ready_resize(q, mem, need) != 0)
			return DTSS_E_NOMEM;
	}
	q->promised = promised;
	q->changed = 0;
	return 0;
}

void ready_push(struct ready *q, struct ready_item *item)
{
	struct ready_place place;

	DTSS_ASSERT(q->promised > 0);
	DTSS_ASSERT(item->queued == 0);
	place.id = item->id;
	place.item = item;
	place.priority = item->priority;
	q->promised--;
	q->changed = 1;
	q->count++;
	ready_rise(q, q->heap_count++, place);
}

void ready_remove(struct ready *q, const struct dtss_mem *mem, struct ready_item *item)
{
	size_t at = (size_t)item->queued - 1;
	struct ready_place last;

	DTSS_ASSERT(item->queued > 0 && at < q->heap_count);
	DTSS_ASSERT(q->heap[at].item == item);
	item->queued = 0;
	q->changed = 1;
	q->count--;
	last = q->heap[--q->heap_count];
	if (at < q->heap_count) {
		if (at > 0 && ready_before(&last, &q->heap[(at - 1) / 2]))
			ready_rise(q, at, last);
		else
			ready_sink(q, at, last);
	}
	if (q->heap_cap > 4 * (q->heap_count + q->promised + READY_HEAP_MIN))
		(void)ready_resize(q, mem, q->heap_cap / 2); /* without it the room is only kept */
}

struct ready_item *ready_head(const struct ready *q)
{
	return q->heap_count == 0 ? NULL : q->heap[0].item;
}
