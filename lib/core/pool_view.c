/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * Views by shape. One that no need refers to is kept for a while, because the next placement may ask the same.
 */
static int pool_view_equal(const void *item, const void *key)
{
	const struct pool_view *v = item;
	const struct pool_traits *t = key;

	return v->shape.modes == t->modes && pool_shape_same(&v->shape, t);
}

static size_t pool_view_size(uint32_t names)
{
	return sizeof(struct pool_view) + names * sizeof(uint32_t);
}

static struct pool_view *pool_view_create(struct pool *p, const struct pool_traits *t)
{
	uint32_t names = pool_shape_names(t->tag_count, t->amount_count);
	struct pool_view *v;

	if (pool_table_reserve(&p->views, &p->mem) != 0 || map_reserve(&p->view_map, &p->mem, 1) != 0)
		return NULL;
	v = p->mem.alloc(p->mem.ctx, pool_view_size(names));
	if (v == NULL)
		return NULL;
	memset(v, 0, sizeof(*v));
	pool_tree_init(&v->tree);
	v->shape.names = (uint32_t *)(void *)(v + 1);
	v->shape.name_cap = names;
	pool_shape_make(&v->shape, t);
	v->id = pool_table_add(&p->views, v->shape.signature, v);
	map_insert(&p->view_map, v->shape.hash, v);
	return v;
}

static void pool_view_destroy(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(v->refs == 0);
	pool_view_open(p, v);
	pool_view_want(p, v, 0);
	map_remove(&p->view_map, v->shape.hash, v);
	pool_table_remove(&p->views, v->id);
	p->mem.release(p->mem.ctx, v, pool_view_size(v->shape.name_cap));
}

static void pool_view_wake(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(p->idle_count > 0);
	DTSS_ASSERT((v->idle_prev == NULL) == (p->idle_first == v));
	*(v->idle_prev != NULL ? &v->idle_prev->idle_next : &p->idle_first) = v->idle_next;
	*(v->idle_next != NULL ? &v->idle_next->idle_prev : &p->idle_last) = v->idle_prev;
	v->idle_next = NULL;
	v->idle_prev = NULL;
	p->idle_count--;
}

static void pool_view_rest(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(v->refs == 0);
	DTSS_ASSERT((p->idle_first == NULL) == (p->idle_count == 0));
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
	struct pool_traits traits;
	struct pool_view *v;

	if (need->view != 0) {
		DTSS_ASSERT(need->view < p->views.end);
		return p->views.slots[need->view].item;
	}
	traits = pool_traits_of_need(need);
	v = map_find(&p->view_map, pool_shape_hash(&traits), pool_view_equal, &traits);
	if (v != NULL && v->refs == 0)
		pool_view_wake(p, v);
	if (v == NULL)
		v = pool_view_create(p, &traits);
	if (v == NULL)
		return NULL;
	v->refs++;
	need->view = v->id;
	return v;
}

void pool_view_put(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(p->views.slots[v->id].item == v);
	DTSS_ASSERT(v->refs > 0);
	v->refs--;
	if (v->refs == 0)
		pool_view_rest(p, v);
}

/*
 * Who asks for something common, or for nothing in particular, begins at the best of all (pool_search_whole). So that
 * the first who asks does not pay for the tree of a million groups, it is there from the first group on.
 */
void pool_view_make_whole(struct pool *p, uint32_t mode)
{
	struct pool_need need = { NULL, NULL, 0, 0, 0, 0 };
	struct pool_view *v = p->whole[mode];

	DTSS_ASSERT(mode < POOL_MODES);
	need.mode = (uint8_t)mode;
	if (v == NULL)
		v = pool_view_get(p, &need);
	if (v == NULL || (v->whole && v->state == POOL_VIEW_TREE))
		return;
	if (!v->whole)
		pool_view_open(p, v);
	v->whole = 1;
	p->whole[mode] = v;
	pool_view_grow(p, v);
	DTSS_ASSERT(v->refs > 0);
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
