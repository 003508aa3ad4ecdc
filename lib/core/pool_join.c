/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * Entries join the group of their shape, which is made for the first of them, and goes with the last. The block for the
 * next group may be there already (spare), so that an entry that must join one need not be loose.
 */
static int pool_group_equal(const void *item, const void *key)
{
	const struct pool_group *g = item;
	const struct pool_traits *t = key;

	return g->shape.modes == t->modes && pool_shape_same(&g->shape, t);
}

static size_t pool_group_size(uint32_t names)
{
	return sizeof(struct pool_group) + 2 * names * sizeof(uint32_t);
}

static void pool_group_free(struct pool *p, struct pool_group *g)
{
	pool_tree_fini(&g->tree, &p->mem);
	if (g->in != g->in_few)
		p->mem.release(p->mem.ctx, g->in, g->in_cap * sizeof(*g->in));
	p->mem.release(p->mem.ctx, g, pool_group_size(g->shape.name_cap));
}

int pool_group_spare(struct pool *p, uint32_t names)
{
	struct pool_group *g = p->spare;

	DTSS_ASSERT(g == NULL || g->tree.count == 0);
	DTSS_ASSERT(g == NULL || g->in_count == 0);
	if (pool_table_reserve(&p->groups, &p->mem) != 0 || map_reserve(&p->group_map, &p->mem, 1) != 0)
		return DTSS_E_NOMEM;
	if (g != NULL && g->shape.name_cap >= names)
		return 0;
	g = p->mem.alloc(p->mem.ctx, pool_group_size(names));
	if (g == NULL)
		return DTSS_E_NOMEM;
	memset(g, 0, sizeof(*g));
	g->shape.names = (uint32_t *)(void *)(g + 1);
	g->shape.name_cap = names;
	g->posted = g->shape.names + names;
	g->indexed = pool_rank_none();
	g->in = g->in_few;
	g->in_cap = POOL_GROUP_FEW;
	pool_tree_init(&g->tree);
	(void)pool_tree_reserve(&g->tree, &p->mem, 1); /* needs no memory */
	if (p->spare != NULL)
		pool_group_free(p, p->spare);
	p->spare = g;
	DTSS_ASSERT(p->spare->shape.name_cap >= names);
	return 0;
}

/* The group of that shape; made if there is none; NULL: no memory. */
static struct pool_group *pool_group_get(struct pool *p, const struct pool_traits *t)
{
	struct pool_group *g = map_find(&p->group_map, pool_shape_hash(t), pool_group_equal, t);
	uint32_t mode;

	DTSS_ASSERT(g == NULL || g->tree.count > 0);
	DTSS_ASSERT(t->modes != 0);
	if (g != NULL)
		return g;
	if (pool_group_spare(p, pool_shape_names(t->tag_count, t->amount_count)) != 0 ||
	    pool_posts_reserve(p, t->tags, t->tag_count) != 0)
		return NULL;
	g = p->spare;
	p->spare = NULL;
	pool_shape_make(&g->shape, t);
	g->id = pool_table_add(&p->groups, g->shape.signature, g);
	map_insert(&p->group_map, g->shape.hash, g);
	pool_posts_add(p, g);
	pool_view_group_added(p, g);
	for (mode = 0; mode < POOL_MODES; mode++)
		if (t->modes >> mode & 1)
			pool_view_make_whole(p, mode);
	DTSS_ASSERT(g->id < p->groups.end);
	return g;
}

static void pool_group_destroy(struct pool *p, struct pool_group *g)
{
	DTSS_ASSERT(g->tree.count == 0);
	DTSS_ASSERT(g->tree.best.key == POOL_UNUSABLE);
	pool_view_group_removed(p, g);
	pool_posts_remove(p, g);
	map_remove(&p->group_map, g->shape.hash, g);
	pool_table_remove(&p->groups, g->id);
	pool_group_free(p, g);
}

static void pool_loosen(struct pool *p, struct pool_entry *e)
{
	DTSS_ASSERT(e->group == POOL_APART);
	DTSS_ASSERT(p->loose < p->count);
	e->group = POOL_LOOSE;
	p->loose++;
}

void pool_join(struct pool *p, struct pool_entry *e)
{
	struct pool_traits traits = pool_traits_of_entry(e);
	struct pool_group *g;
	struct pool_rank before, rank = pool_rank_of(p, e);

	DTSS_ASSERT(p->entries[e->slot] == e);
	DTSS_ASSERT(e->group == POOL_APART);
	if (traits.modes == 0)
		return;
	if (p->count < POOL_SCAN_ENTRIES) {
		pool_loosen(p, e);
		return;
	}
	g = pool_group_get(p, &traits);
	if (g == NULL || pool_tree_reserve(&g->tree, &p->mem, g->tree.count + 1) != 0) {
		pool_loosen(p, e);
		return;
	}
	before = g->tree.best;
	e->group = g->id;
	e->place = g->tree.count;
	pool_tree_append(&g->tree, &rank);
	pool_group_changed(p, g, before);
}

void pool_leave(struct pool *p, struct pool_entry *e)
{
	struct pool_group *g;
	struct pool_rank before, last;

	DTSS_ASSERT(p->entries[e->slot] == e);
	if (e->group == POOL_LOOSE)
		p->loose--;
	if (!pool_grouped(e)) {
		e->group = POOL_APART;
		return;
	}
	g = pool_group_at(p, e->group);
	before = g->tree.best;
	last = pool_tree_at(&g->tree, g->tree.count - 1);
	DTSS_ASSERT(p->entries[last.slot]->place == g->tree.count - 1);
	p->entries[last.slot]->place = e->place;
	pool_tree_remove(&g->tree, e->place);
	e->group = POOL_APART;
	pool_group_changed(p, g, before);
	if (g->tree.count == 0)
		pool_group_destroy(p, g);
}

void pool_group_destroy_all(struct pool *p)
{
	uint32_t id;

	for (id = 1; id < p->groups.end; id++)
		if (p->groups.slots[id].item != NULL)
			pool_group_free(p, p->groups.slots[id].item);
	if (p->spare != NULL)
		pool_group_free(p, p->spare);
	pool_table_fini(&p->groups, &p->mem);
	map_fini(&p->group_map, &p->mem);
}
