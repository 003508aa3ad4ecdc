/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include <string.h>
#include <dtss/error.h>
#include <dtss/limits.h>
#include "core/bits.h"
#include "core/check.h"
#include "core/pool_impl.h"

enum { POOL_WORD = 64 };

int pool_create(struct pool **ret_pool, const struct dtss_mem *mem, uint32_t policy)
{
	struct pool *p = mem->alloc(mem->ctx, sizeof(*p));

	if (p == NULL)
		return DTSS_E_NOMEM;
	memset(p, 0, sizeof(*p));
	p->mem = *mem;
	p->policy = policy;
	p->slice = POOL_SLICE;
	map_init(&p->group_map);
	map_init(&p->view_map);
	*ret_pool = p;
	return 0;
}

static size_t pool_block_size(uint32_t cap)
{
	return cap * sizeof(struct pool_entry *) + cap / POOL_WORD * sizeof(uint64_t);
}

void pool_destroy(struct pool *p)
{
	struct dtss_mem mem;

	if (p == NULL)
		return;
	mem = p->mem;
	pool_index_drop(p);
	pool_view_destroy_all(p);
	pool_group_destroy_all(p);
	pool_posts_fini(p);
	if (p->entries != NULL)
		mem.release(mem.ctx, p->entries, pool_block_size(p->cap));
	mem.release(mem.ctx, p, sizeof(*p));
}

/* Slots below want. */
static int pool_reserve(struct pool *p, uint32_t want)
{
	uint32_t cap = p->cap == 0 ? POOL_WORD : p->cap;
	struct pool_entry **entries;
	uint64_t *taken;

	DTSS_ASSERT(p->count <= p->slots && p->slots <= p->cap);
	DTSS_ASSERT(p->cap % POOL_WORD == 0);
	if (want <= p->cap)
		return 0;
	while (cap < want)
		cap *= 2;
	entries = p->mem.alloc(p->mem.ctx, pool_block_size(cap));
	if (entries == NULL)
		return DTSS_E_NOMEM;
	memset(entries, 0, pool_block_size(cap));
	taken = (uint64_t *)(void *)(entries + cap);
	if (p->entries != NULL) {
		memcpy(entries, p->entries, p->cap * sizeof(*entries));
		memcpy(taken, p->taken, p->cap / POOL_WORD * sizeof(*taken));
		p->mem.release(p->mem.ctx, p->entries, pool_block_size(p->cap));
	}
	p->entries = entries;
	p->taken = taken;
	p->cap = cap;
	DTSS_ASSERT(p->cap >= want);
	return 0;
}

static void pool_put(struct pool *p, struct pool_entry *e, uint32_t slot)
{
	DTSS_ASSERT((p->taken[slot / POOL_WORD] >> slot % POOL_WORD & 1) == 0);
	DTSS_ASSERT(slot < p->cap && p->entries[slot] == NULL);
	p->taken[slot / POOL_WORD] |= UINT64_C(1) << slot % POOL_WORD;
	p->entries[slot] = e;
	p->count++;
	if (slot >= p->slots)
		p->slots = slot + 1;
	e->slot = slot;
	e->group = POOL_APART;
	e->place = 0;
	pool_join(p, e);
}

int pool_add(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(p->count <= p->slots);
	DTSS_ASSERT(p->cap == 0 || p->hint <= p->cap / POOL_WORD);
	if (pool_reserve(p, p->count + 1) != 0)
		return DTSS_E_NOMEM;
	while (p->taken[p->hint] == UINT64_MAX)
		p->hint++;
	pool_put(p, e, p->hint * POOL_WORD + bits_lowest(~p->taken[p->hint]));
	DTSS_ASSERT(p->entries[e->slot] == e);
	return 0;
}

void pool_remove(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(p->count > 0);
	DTSS_ASSERT(pool_at(p, e->slot) == e);
	pool_leave(p, e);
	p->entries[e->slot] = NULL;
	p->taken[e->slot / POOL_WORD] &= ~(UINT64_C(1) << e->slot % POOL_WORD);
	if (e->slot / POOL_WORD < p->hint)
		p->hint = e->slot / POOL_WORD;
	p->count--;
	while (p->slots > 0 && p->entries[p->slots - 1] == NULL)
		p->slots--;
	DTSS_ASSERT(p->slots >= p->count);
}

int pool_move(struct pool *p, struct pool_entry *e, uint32_t slot)
{
	DTSS_ASSERT(pool_at(p, e->slot) == e);
	if (slot == e->slot)
		return 0;
	if (pool_at(p, slot) != NULL)
		return DTSS_E_CORRUPT;
	if (pool_reserve(p, slot + 1) != 0)
		return DTSS_E_NOMEM;
	pool_remove(p, e);
	pool_put(p, e, slot);
	return 0;
}

int pool_retag_reserve(struct pool *p, const uint32_t *tags, uint16_t tag_count)
{
	if (pool_posts_reserve(p, tags, tag_count) != 0)
		return DTSS_E_NOMEM;
	return pool_group_spare(p, pool_shape_names(tag_count, DTSS_RESOURCES_MAX));
}

void pool_retag(struct pool *p, struct pool_entry *e)
{
	struct pool_traits traits = pool_traits_of_entry(e);

	DTSS_ASSERT(pool_at(p, e->slot) == e);
	if (pool_grouped(e) && pool_shape_same(&pool_group_at(p, e->group)->shape, &traits)) {
		pool_group_update(p, e);
		return;
	}
	pool_leave(p, e);
	pool_join(p, e);
}

void pool_update(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(pool_at(p, e->slot) == e);
	if (pool_grouped(e))
		pool_group_update(p, e);
	else if (e->group == POOL_APART)
		pool_join(p, e);
}

/* Loose entries find their groups, now that there are enough of them, or memory again. Nonzero: none is left. */
static int pool_gather(struct pool *p)
{
	uint32_t slot;

	for (slot = 0; slot < p->slots && p->loose > 0; slot++) {
		struct pool_entry *e = p->entries[slot];

		if (e == NULL || e->group != POOL_LOOSE)
			continue;
		pool_leave(p, e);
		pool_join(p, e);
		if (e->group == POOL_LOOSE)
			return 0;
	}
	return p->loose == 0;
}

struct pool_entry *pool_best(struct pool *p, struct pool_need *need)
{
	struct pool_entry *best;
	struct pool_view *v = NULL;

	if (p->count >= POOL_SCAN_ENTRIES && (p->loose == 0 || pool_gather(p)))
		v = pool_view_get(p, need);
	best = v != NULL ? pool_view_best(p, v, need) : pool_best_scan(p, need);
#ifdef DTSS_POOL_STRAINED
	DTSS_ASSERT(best == pool_best_scan(p, need));
#endif
	return best;
}

void pool_need_fini(struct pool *p, struct pool_need *need)
{
	DTSS_ASSERT(need->view == 0 || need->view < p->views.end);
	DTSS_ASSERT(need->view == 0 || p->views.slots[need->view].item != NULL);
	if (need->view != 0)
		pool_view_put(p, p->views.slots[need->view].item);
	need->view = 0;
}

struct pool_entry *pool_at(const struct pool *p, uint32_t slot)
{
	return slot < p->slots ? p->entries[slot] : NULL;
}

uint32_t pool_slots(const struct pool *p)
{
	return p->slots;
}
