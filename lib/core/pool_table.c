/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

enum { POOL_TABLE_MIN = 64 };

void *pool_resize(const struct dtss_mem *mem, void *block, size_t from, size_t to)
{
	return block != NULL ? mem->realloc(mem->ctx, block, from, to) : mem->alloc(mem->ctx, to);
}

void pool_table_fini(struct pool_table *t, const struct dtss_mem *mem)
{
	if (t->slots != NULL)
		mem->release(mem->ctx, t->slots, t->cap * sizeof(*t->slots));
	memset(t, 0, sizeof(*t));
}

int pool_table_reserve(struct pool_table *t, const struct dtss_mem *mem)
{
	uint32_t cap = t->cap == 0 ? POOL_TABLE_MIN : 2 * t->cap;
	struct pool_slot *slots;

	DTSS_ASSERT(t->end <= t->cap);
	DTSS_ASSERT(t->count <= t->end);
	if (t->free != 0 || t->end < t->cap)
		return 0;
	slots = pool_resize(mem, t->slots, t->cap * sizeof(*slots), cap * sizeof(*slots));
	if (slots == NULL)
		return DTSS_E_NOMEM;
	if (t->end == 0)
		t->end = 1; /* 0 is no number */
	slots[0].item = NULL;
	t->slots = slots;
	t->cap = cap;
	DTSS_ASSERT(t->end < t->cap);
	return 0;
}

uint32_t pool_table_add(struct pool_table *t, uint64_t signature, void *item)
{
	uint32_t id = t->free;

	DTSS_ASSERT(item != NULL);
	DTSS_ASSERT(id != 0 || t->end < t->cap);
	if (id != 0)
		t->free = (uint32_t)t->slots[id].signature;
	else
		id = t->end++;
	t->slots[id].signature = signature;
	t->slots[id].item = item;
	t->count++;
	return id;
}

void pool_table_remove(struct pool_table *t, uint32_t id)
{
	DTSS_ASSERT(id > 0 && id < t->end);
	DTSS_ASSERT(t->slots[id].item != NULL);
	t->slots[id].item = NULL;
	t->slots[id].signature = t->free;
	t->free = id;
	t->count--;
}
