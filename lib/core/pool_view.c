/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/hash.h"
#include "core/pool_impl.h"

/*
 * Views by what they ask for. Needs that differ in amounts only share one; one that no need refers to is kept for a
 * while, because the next placement may ask the same.
 */
static int pool_view_equal(const void *item, const void *key)
{
	const struct pool_view *v = item;
	const struct pool_need *need = key;
	uint32_t i;

	if (v->mode != need->mode || v->tag_count != need->tag_count || v->resource_count != need->resource_count)
		return 0;
	for (i = 0; i < v->tag_count; i++)
		if (v->names[i] != need->tags[i])
			return 0;
	for (i = 0; i < v->resource_count; i++)
		if (v->names[v->tag_count + i] != need->resources[i].resource)
			return 0;
	return 1;
}

static uint64_t pool_view_hash(const struct pool_need *need)
{
	uint64_t hash = hash_word((uint64_t)need->mode << 32 | need->tag_count);
	uint32_t i;

	for (i = 0; i < need->tag_count; i++)
		hash = hash_word(hash ^ need->tags[i]);
	for (i = 0; i < need->resource_count; i++)
		hash = hash_word(hash ^ need->resources[i].resource);
	return hash;
}

static size_t pool_view_size(uint32_t names)
{
	return sizeof(struct pool_view) + names * sizeof(uint32_t);
}

static struct pool_view *pool_view_create(struct pool *p, const struct pool_need *need, uint64_t hash)
{
	uint32_t i, names = (uint32_t)need->tag_count + need->resource_count;
	struct pool_view *v;

	if (pool_table_reserve(&p->views, &p->mem) != 0 || map_reserve(&p->view_map, &p->mem, 1) != 0)
		return NULL;
	v = p->mem.alloc(p->mem.ctx, pool_view_size(names));
	if (v == NULL)
		return NULL;
	memset(v, 0, sizeof(*v));
	pool_tree_init(&v->tree);
	v->hash = hash;
	v->mode = need->mode;
	v->tag_count = need->tag_count;
	v->resource_count = need->resource_count;
	v->signature = pool_signature(need->tags, need->tag_count, UINT32_C(1) << need->mode);
	for (i = 0; i < v->tag_count; i++)
		v->names[i] = need->tags[i];
	for (i = 0; i < v->resource_count; i++) {
		v->names[v->tag_count + i] = need->resources[i].resource;
		v->signature |= pool_signature_resource(need->resources[i].resource);
	}
	v->id = pool_table_add(&p->views, v->signature, v);
	map_insert(&p->view_map, hash, v);
	return v;
}

static void pool_view_destroy(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(v->refs == 0);
	pool_view_open(p, v);
	map_remove(&p->view_map, v->hash, v);
	pool_table_remove(&p->views, v->id);
	p->mem.release(p->mem.ctx, v, pool_view_size(v->tag_count + v->resource_count));
}

static void pool_view_wake(struct pool *p, struct pool_view *v)
{
	*(v->idle_prev != NULL ? &v->idle_prev->idle_next : &p->idle_first) = v->idle_next;
	*(v->idle_next != NULL ? &v->idle_next->idle_prev : &p->idle_last) = v->idle_prev;
	v->idle_next = NULL;
	v->idle_prev = NULL;
	p->idle_count--;
}

static void pool_view_rest(struct pool *p, struct pool_view *v)
{
	v->idle_prev = p->idle_last;
	*(v->idle_prev != NULL ? &v->idle_prev->idle_next : &p->idle_first) = v;
	p->idle_last = v;
	p->idle_count++;
	if (p->idle_count <= POOL_VIEWS_IDLE)
		return;
	v = p->idle_first;
	pool_view_wake(p, v);
	pool_view_destroy(p, v);
}

struct pool_view *pool_view_get(struct pool *p, struct pool_need *need)
{
	uint64_t hash;
	struct pool_view *v;

	if (need->view != 0) {
		DTSS_ASSERT(need->view < p->views.end);
		return p->views.slots[need->view].item;
	}
	hash = pool_view_hash(need);
	v = map_find(&p->view_map, hash, pool_view_equal, need);
	if (v != NULL && v->refs == 0)
		pool_view_wake(p, v);
	if (v == NULL)
		v = pool_view_create(p, need, hash);
	if (v == NULL)
		return NULL;
	v->refs++;
	need->view = v->id;
	return v;
}

void pool_view_put(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(v->refs > 0);
	v->refs--;
	if (v->refs == 0)
		pool_view_rest(p, v);
}

int pool_view_matches(const struct pool_view *v, const struct pool_group *g)
{
	if ((g->modes >> v->mode & 1) == 0 || !pool_subset(v->names, v->tag_count, g->names, g->tag_count))
		return 0;
	return pool_subset(v->names + v->tag_count, v->resource_count, g->names + g->tag_count, g->resource_count);
}

void pool_view_destroy_all(struct pool *p)
{
	uint32_t id;

	for (id = 1; id < p->views.end; id++) {
		struct pool_view *v = p->views.slots[id].item;

		if (v == NULL)
			continue;
		v->refs = 0; /* the engine drops its needs and the pool in any order */
		pool_view_destroy(p, v);
	}
	pool_table_fini(&p->views, &p->mem);
	map_fini(&p->view_map, &p->mem);
}
