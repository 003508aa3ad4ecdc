/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "store/memory.h"

#define MEMORY_HISTORY_SPARE 64 /* empty slots that are not worth a compaction */

/*
 * A sorted array, because lists walk it by id and new entries go near its end. Removing only empties a slot: the oldest
 * stand in front, and closing that gap each time would move the whole array for every finished task.
 */
size_t memory_history_after(const struct memory_history *h, uint64_t id)
{
	size_t low = 0, high = h->slot_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->slots[middle].id <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void memory_history_compact(struct memory_history *h)
{
	size_t i, kept = 0;

	for (i = 0; i < h->slot_count; i++) {
		if (h->slots[i].task != NULL)
			h->slots[kept++] = h->slots[i];
	}
	DTSS_ASSERT(kept == h->count);
	h->slot_count = kept;
	h->first = 0;
}

int memory_history_reserve(struct memory_history *h, const struct dtss_mem *mem, size_t extra)
{
	struct memory_slot *slots;
	size_t cap;

	if (h->slot_count > 2 * h->count + MEMORY_HISTORY_SPARE)
		memory_history_compact(h);
	if (h->slot_cap - h->slot_count >= extra)
		return DTSS_OK;
	cap = 2 * h->slot_cap;
	if (cap - h->slot_count < extra)
		cap = h->slot_count + extra;
	if (cap > SIZE_MAX / sizeof slots[0])
		return DTSS_E_NOMEM;
	slots = mem->alloc(mem->ctx, cap * sizeof slots[0]);
	if (slots == NULL)
		return DTSS_E_NOMEM;
	if (h->slots != NULL) {
		memcpy(slots, h->slots, h->slot_count * sizeof slots[0]);
		mem->release(mem->ctx, h->slots, h->slot_cap * sizeof slots[0]);
	}
	h->slots = slots;
	h->slot_cap = cap;
	return DTSS_OK;
}

static void memory_history_place(struct memory_history *h, struct memory_task *t)
{
	int last = h->slot_count == 0 || h->slots[h->slot_count - 1].id < t->id;
	size_t i = last ? h->slot_count : memory_history_after(h, t->id);

	if (i > 0 && h->slots[i - 1].id == t->id)
		i--;
	if (h->first > i)
		h->first = i;
	if (i < h->slot_count && h->slots[i].id == t->id) {
		DTSS_ASSERT(h->slots[i].task == NULL);
		h->slots[i].task = t;
		return;
	}
	DTSS_ASSERT(h->slot_count < h->slot_cap);
	memmove(&h->slots[i + 1], &h->slots[i], (h->slot_count - i) * sizeof h->slots[0]);
	h->slots[i].id = t->id;
	h->slots[i].task = t;
	h->slot_count++;
}

void memory_history_add(struct memory_history *h, struct memory_task *t)
{
	DTSS_ASSERT(!t->done);
	memory_history_place(h, t);
	t->done = 1;
	t->older = h->newest;
	t->newer = NULL;
	if (h->newest != NULL)
		h->newest->newer = t;
	else
		h->oldest = t;
	h->newest = t;
	h->count++;
}

void memory_history_remove(struct memory_history *h, struct memory_task *t)
{
	size_t i;

	DTSS_ASSERT(t->done);
	while (h->slots[h->first].task == NULL)
		h->first++;
	i = h->slots[h->first].task == t ? h->first : memory_history_after(h, t->id) - 1;
	DTSS_ASSERT(i < h->slot_count && h->slots[i].task == t);
	h->slots[i].task = NULL;
	if (t->older != NULL)
		t->older->newer = t->newer;
	else
		h->oldest = t->newer;
	if (t->newer != NULL)
		t->newer->older = t->older;
	else
		h->newest = t->older;
	t->done = 0;
	h->count--;
}

void memory_history_fini(struct memory_history *h, const struct dtss_mem *mem)
{
	if (h->slots != NULL)
		mem->release(mem->ctx, h->slots, h->slot_cap * sizeof h->slots[0]);
	memset(h, 0, sizeof *h);
}
