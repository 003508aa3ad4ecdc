/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include <string.h>
#include <dtss/error.h>
#include <dtss/policy.h>
#include "core/check.h"

struct pool {
	const struct dtss_mem *mem;
	struct pool_entry **entries; /* by slot */
	uint32_t slots;
	uint32_t cap;
	uint32_t policy;
};

int pool_create(struct pool **ret_pool, const struct dtss_mem *mem, uint32_t policy)
{
	struct pool *p = mem->alloc(mem->ctx, sizeof(*p));

	if (p == NULL)
		return DTSS_E_NOMEM;
	memset(p, 0, sizeof(*p));
	p->mem = mem;
	p->policy = policy;
	*ret_pool = p;
	return 0;
}

void pool_destroy(struct pool *p)
{
	if (p == NULL)
		return;
	if (p->entries != NULL)
		p->mem->release(p->mem->ctx, p->entries, p->cap * sizeof(*p->entries));
	p->mem->release(p->mem->ctx, p, sizeof(*p));
}

static int pool_grow(struct pool *p)
{
	uint32_t cap = p->cap == 0 ? 64 : 2 * p->cap;
	size_t size = cap * sizeof(*p->entries);
	void *entries;

	if (p->entries == NULL)
		entries = p->mem->alloc(p->mem->ctx, size);
	else
		entries = p->mem->realloc(p->mem->ctx, p->entries, p->cap * sizeof(*p->entries), size);
	if (entries == NULL)
		return DTSS_E_NOMEM;
	p->entries = entries;
	p->cap = cap;
	return 0;
}

int pool_add(struct pool *p, struct pool_entry *e)
{
	uint32_t slot = 0;

	while (slot < p->slots && p->entries[slot] != NULL)
		slot++;
	if (slot == p->cap && pool_grow(p) != 0)
		return DTSS_E_NOMEM;
	if (slot == p->slots)
		p->slots++;
	p->entries[slot] = e;
	e->slot = slot;
	e->group = 0;
	return 0;
}

void pool_remove(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(pool_at(p, e->slot) == e);
	p->entries[e->slot] = NULL;
	while (p->slots > 0 && p->entries[p->slots - 1] == NULL)
		p->slots--;
}

int pool_retag_reserve(struct pool *p, const uint32_t *tags, uint16_t tag_count)
{
	(void)p;
	(void)tags;
	(void)tag_count;
	return 0;
}

void pool_retag(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(pool_at(p, e->slot) == e);
}

void pool_update(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(pool_at(p, e->slot) == e);
}

int pool_matches(const struct pool_entry *e, const struct pool_need *need)
{
	size_t i, at = 0;

	for (i = 0; i < need->tag_count; i++) {
		while (at < e->tag_count && e->tags[at] < need->tags[i])
			at++;
		if (at == e->tag_count || e->tags[at] != need->tags[i])
			return 0;
	}
	return 1;
}

static int pool_has_resources(const struct pool_entry *e, const struct pool_need *need)
{
	size_t i, at = 0;

	for (i = 0; i < need->resource_count; i++) {
		while (at < e->resource_count && e->free_resources[at].resource < need->resources[i].resource)
			at++;
		if (at == e->resource_count || e->free_resources[at].resource != need->resources[i].resource)
			return 0;
		if (e->free_resources[at].amount < need->resources[i].amount)
			return 0;
	}
	return 1;
}

int pool_fits(const struct pool_entry *e, const struct pool_need *need)
{
	int usable = need->mode == POOL_TASK ? e->for_task : e->for_place;

	return usable && e->used < e->max && pool_matches(e, need) && pool_has_resources(e, need);
}

/* Is a to be chosen before b? Both have a free slot. */
static int pool_before(const struct pool *p, const struct pool_entry *a, const struct pool_entry *b)
{
	uint64_t left = (uint64_t)a->used * b->max;
	uint64_t right = (uint64_t)b->used * a->max;

	if (p->policy != DTSS_PLACE_ROUND_ROBIN && left != right)
		return p->policy == DTSS_PLACE_PACK ? left > right : left < right;
	if (a->stamp != b->stamp)
		return a->stamp < b->stamp;
	return a->slot < b->slot;
}

struct pool_entry *pool_best_scan(const struct pool *p, const struct pool_need *need)
{
	struct pool_entry *best = NULL;
	uint32_t slot;

	for (slot = 0; slot < p->slots; slot++) {
		struct pool_entry *e = p->entries[slot];

		if (e != NULL && pool_fits(e, need) && (best == NULL || pool_before(p, e, best)))
			best = e;
	}
	return best;
}

struct pool_entry *pool_best(struct pool *p, struct pool_need *need)
{
	return pool_best_scan(p, need);
}

void pool_need_fini(struct pool *p, struct pool_need *need)
{
	(void)p;
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

int pool_check(const struct pool *p, uint32_t *ret_slot)
{
	uint32_t slot;

	for (slot = 0; slot < p->slots; slot++) {
		if (p->entries[slot] != NULL && p->entries[slot]->slot != slot) {
			*ret_slot = slot;
			return 0;
		}
	}
	return 1;
}
