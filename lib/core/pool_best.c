/* SPDX-License-Identifier: MIT */
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * The search. Without named resources a group's best entry is on top of its tree, and the best of a view's groups on
 * top of the view's. Resources gate the fit only, so the entries are tried in the order of their ranks: a depth-first
 * walk that takes the better branches first and leaves out all that rank after what it has found (branch and bound).
 * At its worst it looks once at each entry of the groups that have those resources, as a scan of these would.
 */
enum {
	POOL_TREE_LEVELS = 12,
	POOL_WALK_CLIMB = 8 /* steps that cost as much as one change of a view's tree */
};

/* The levels of a tournament tree, to go down from the top. */
struct pool_down {
	const struct pool_view *view; /* NULL: the leaves are entries; otherwise groups */
	const struct pool_node *levels[POOL_TREE_LEVELS];
};

static void pool_search_leaf(struct pool_search *s, const struct pool_down *d, uint32_t at,
			     const struct pool_rank *rank)
{
	const struct pool_group *g;

	if (d->view != NULL) {
		g = s->of != NULL ? pool_view_candidate(s->pool, s->of, d->view->groups[at]) :
				    pool_group_at(s->pool, d->view->groups[at]);
		if (g != NULL)
			pool_search_group(s, g);
	} else if (pool_has_resources(s->pool->entries[rank->slot], s->need)) {
		s->best = *rank;
	}
}

/* The eight items of a node, the best first, as long as they rank before what is found. */
static void pool_search_node(struct pool_search *s, const struct pool_down *d, uint32_t level, uint32_t node)
{
	const struct pool_node *n = &d->levels[level][node];
	uint32_t i, seen = 0;

	while (s->left > 0) {
		struct pool_rank next = s->best;
		uint32_t at = POOL_FANOUT;

		for (i = 0; i < POOL_FANOUT; i++) {
			struct pool_rank rank = pool_node_rank(n, i);

			if ((seen >> i & 1) == 0 && rank.key != POOL_UNUSABLE && pool_rank_before(&rank, &next)) {
				next = rank;
				at = i;
			}
		}
		if (at == POOL_FANOUT)
			return;
		seen |= UINT32_C(1) << at;
		s->left--;
		if (level > 0)
			pool_search_node(s, d, level - 1, node * POOL_FANOUT + at); /* a level a call */
		else
			pool_search_leaf(s, d, node * POOL_FANOUT + at, &next);
	}
}

void pool_search_tree(struct pool_search *s, const struct pool_tree *t, const struct pool_view *v)
{
	struct pool_down d;
	const struct pool_node *level = t->nodes;
	uint32_t top = 0, nodes = t->cap / POOL_FANOUT;

	d.view = v;
	if (nodes == 0) { /* a tree of one leaf */
		if (pool_rank_before(&t->best, &s->best))
			pool_search_leaf(s, &d, 0, &t->best);
		return;
	}
	for (d.levels[0] = level; nodes > 1; nodes = (nodes + POOL_FANOUT - 1) / POOL_FANOUT) {
		level += nodes;
		DTSS_ASSERT(top + 1 < POOL_TREE_LEVELS);
		d.levels[++top] = level;
	}
	pool_search_node(s, &d, top, 0);
}

void pool_search_group(struct pool_search *s, const struct pool_group *g)
{
	const struct pool_rank *best = &g->tree.best;

	if (best->key == POOL_UNUSABLE || !pool_rank_before(best, &s->best))
		return;
	if (s->need->resource_count == 0 || pool_has_resources(s->pool->entries[best->slot], s->need))
		s->best = *best;
	else
		pool_search_tree(s, &g->tree, NULL);
}

static void pool_search_list(struct pool_search *s, const struct pool_view *v)
{
	uint32_t i;

	for (i = 0; i < v->group_count; i++)
		pool_search_group(s, pool_group_at(s->pool, v->groups[i]));
}

/* What its tree has saved: the walk that the answer takes without it. */
static void pool_search_save(struct pool_view *v)
{
	uint64_t saved = v->walk < v->steps ? v->walk : v->steps;

	DTSS_ASSERT(v->state == POOL_VIEW_TREE);
	DTSS_ASSERT(v->refs > 0);
	saved /= POOL_WALK_CLIMB;
	v->debt -= v->debt < saved ? v->debt : saved;
}

struct pool_entry *pool_view_best(struct pool *p, struct pool_view *v, const struct pool_need *need)
{
	struct pool_search s;

	DTSS_ASSERT(v->refs > 0);
	DTSS_ASSERT(v->state != POOL_VIEW_TREE || v->tree.count == v->group_count);
	s.pool = p;
	s.need = need;
	s.of = NULL;
	s.left = UINT64_MAX;
	s.best = pool_rank_none();
	if (v->state != POOL_VIEW_LIST && v->state != POOL_VIEW_TREE)
		pool_view_make_whole(p, need->mode); /* it may be this one */
	if (v->state == POOL_VIEW_LIST) {
		pool_search_list(&s, v);
	} else if (v->state == POOL_VIEW_TREE) {
		pool_search_save(v);
		if (need->resource_count == 0)
			s.best = v->tree.best;
		else
			pool_search_tree(&s, &v->tree, v);
	} else {
		pool_search_open(&s, v);
	}
	return s.best.key == POOL_UNUSABLE ? NULL : p->entries[s.best.slot];
}
