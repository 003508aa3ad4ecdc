/* SPDX-License-Identifier: MIT */
#include "core/check.h"
#include "core/pool_impl.h"

/* Every cache against the entries. Each check returns 1, or 0 and a slot by which to find what is wrong. */
struct pool_audit {
	const struct pool *pool;
	uint32_t slot;
	uint32_t indexed; /* groups met in the index */
};

static int pool_check_entry(const struct pool *p, uint32_t slot)
{
	const struct pool_entry *e = p->entries[slot];
	const struct pool_group *g;
	struct pool_traits traits;
	struct pool_rank rank, leaf;

	if ((p->taken[slot / 64] >> slot % 64 & 1) != (e != NULL))
		return 0;
	if (e == NULL)
		return 1;
	if (e->slot != slot || (e->group == POOL_APART && pool_modes(e) != 0))
		return 0;
	if (!pool_grouped(e))
		return 1;
	if (e->group >= p->groups.end || p->groups.slots[e->group].item == NULL)
		return 0;
	g = pool_group_at(p, e->group);
	traits = pool_traits_of_entry(e);
	if (!pool_shape_same(&g->shape, &traits) || (traits.modes != 0 && traits.modes != g->shape.modes))
		return 0;
	if (e->place >= g->tree.count)
		return 0;
	rank = pool_rank_of(p, e);
	leaf = pool_tree_at(&g->tree, e->place);
	return pool_rank_equal(&rank, &leaf);
}

static int pool_check_entries(struct pool_audit *a)
{
	uint32_t slot, count = 0, loose = 0;
	const struct pool *p = a->pool;

	DTSS_ASSERT(p->count <= p->slots && p->slots <= p->cap);
	for (slot = 0; slot < p->slots; slot++) {
		a->slot = slot;
		if (!pool_check_entry(p, slot))
			return 0;
		count += p->entries[slot] != NULL;
		loose += p->entries[slot] != NULL && p->entries[slot]->group == POOL_LOOSE;
	}
	return count == p->count && loose == p->loose;
}

static int pool_check_groups(struct pool_audit *a)
{
	const struct pool *p = a->pool;
	uint32_t id, i;

	DTSS_ASSERT(p->groups.count <= p->groups.end);
	for (id = 1; id < p->groups.end; id++) {
		const struct pool_group *g = p->groups.slots[id].item;

		if (g == NULL)
			continue;
		a->slot = g->tree.best.slot;
		if (g->tree.count == 0 || g->id != id || !pool_tree_check(&g->tree) || !pool_posts_check(p, g))
			return 0;
		for (i = 0; i < g->tree.count; i++) {
			a->slot = pool_tree_at(&g->tree, i).slot;
			if (a->slot >= p->slots || p->entries[a->slot] == NULL || p->entries[a->slot]->place != i)
				return 0;
		}
	}
	return 1;
}

static int pool_check_view(struct pool_audit *a, const struct pool_view *v)
{
	const struct pool *p = a->pool;
	uint32_t i, id, count = 0;

	if ((v->made != 0) != (v->state == POOL_VIEW_TREE || v->state == POOL_VIEW_FILL))
		return 0;
	if (v->state == POOL_VIEW_OPEN)
		return v->group_count == 0;
	for (id = 1; id < p->groups.end; id++) {
		const struct pool_group *g = pool_view_candidate(p, v, id);

		count += g != NULL;
		if (g != NULL && v->state == POOL_VIEW_FILL && id < v->cursor && pool_group_in(g, v) == NULL)
			return 0;
	}
	if (count < v->group_count || (count > v->group_count && v->state != POOL_VIEW_FILL))
		return 0;
	if (v->made != 0 && !pool_tree_check(&v->tree))
		return 0;
	for (i = 0; i < v->group_count; i++) {
		const struct pool_group *g = pool_group_at(p, v->groups[i]);
		struct pool_rank leaf = g->tree.best;

		a->slot = g->tree.best.slot;
		if (v->made != 0) {
			const struct pool_in *in = pool_group_in(g, v);

			if (in == NULL || in->at != i)
				return 0;
			leaf = pool_tree_at(&v->tree, i);
		}
		if (!pool_shape_satisfies(&g->shape, &v->shape) || !pool_rank_equal(&leaf, &g->tree.best))
			return 0;
	}
	return 1;
}

static int pool_check_views(struct pool_audit *a)
{
	const struct pool *p = a->pool;
	uint32_t id, idle = 0;
	uint64_t leaves = 0;

	DTSS_ASSERT(p->views.count <= p->views.end);
	for (id = 1; id < p->views.end; id++) {
		const struct pool_view *v = p->views.slots[id].item;

		if (v == NULL)
			continue;
		if (v->id != id || !pool_check_view(a, v))
			return 0;
		idle += v->refs == 0;
		leaves += v->made != 0 && !v->whole ? v->group_count : 0;
	}
	return idle == p->idle_count && leaves == p->leaves;
}

/* All ranks of a page are in order, and in [from, to). */
static int pool_check_page(struct pool_audit *a, const struct pool_page *page, uint32_t depth,
			   const struct pool_rank *from, const struct pool_rank *to)
{
	uint32_t i;

	if (page->count >= POOL_PAGE_ITEMS || depth >= a->pool->index.height)
		return 0;
	if (page->leaf != (depth + 1 == a->pool->index.height))
		return 0;
	for (i = 0; i < page->count; i++) {
		const struct pool_item *item = &page->items[i];
		const struct pool_rank *low = &item->rank;
		const struct pool_rank *high = i + 1 < page->count ? &page->items[i + 1].rank : to;
		uint64_t signature = 0;
		uint32_t k;

		a->slot = low->slot;
		if (pool_rank_before(low, from) || !pool_rank_before(low, high))
			return 0;
		if (page->leaf) {
			a->indexed++;
			if (!pool_rank_equal(&item->rank, &item->below.group->indexed) ||
			    !pool_rank_equal(&item->rank, &item->below.group->tree.best))
				return 0;
			signature = item->below.group->shape.signature;
		} else if (!pool_check_page(a, item->below.page, depth + 1, low, high)) {
			return 0;
		}
		for (k = 0; !page->leaf && k < item->below.page->count; k++)
			signature |= item->below.page->items[k].signature;
		if (item->signature != signature)
			return 0;
	}
	return 1;
}

static int pool_check_index(struct pool_audit *a)
{
	const struct pool *p = a->pool;
	struct pool_rank from = { 0, 0 }, to = pool_rank_none();
	uint32_t id, usable = 0;

	for (id = 1; id < p->groups.end; id++) {
		const struct pool_group *g = p->groups.slots[id].item;

		if (g == NULL)
			continue;
		usable += g->tree.best.key != POOL_UNUSABLE && id < p->index.cursor;
	}
	if (p->index.root == NULL)
		return p->index.height == 0;
	return pool_check_page(a, p->index.root, 0, &from, &to) && a->indexed == usable;
}

int pool_check(const struct pool *p, uint32_t *ret_slot)
{
	struct pool_audit a = { p, 0, 0 };

	if (pool_check_entries(&a) && pool_check_groups(&a) && pool_check_views(&a) && pool_check_index(&a))
		return 1;
	*ret_slot = a.slot;
	return 0;
}
