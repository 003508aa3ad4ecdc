/* SPDX-License-Identifier: MIT */
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * The search where a view has no list and no tree, or not yet: through the groups with its rarest tag, unless that is
 * long and one of two shorter ways leads to a group that satisfies it. A way is given up when the list had been shorter,
 * so no answer takes more than twice the list, and what is learned on the way says whether a tree would pay.
 *
 *   the index, if there is one     in the order of ranks
 *   the tree of all groups         in about that order
 */
enum {
	POOL_INDEX_WORTH = POOL_OR(32, 1), /* making the index costs as much as so many looks at all groups */
	POOL_WALK_NODE = POOL_OR(8, 1),    /* steps through a list that cost as much as one down a tree */
	POOL_WALK_FAIR = POOL_OR(32, 0),   /* steps that are no reason for a tree */
	POOL_WALK_MAKE = 4, /* making a tree costs as much as so many walks through the groups of its rarest tag */
	POOL_WALK_CONTEST =
		POOL_OR(8, 2) /* ... and so many times that, where trees have no room for all who want one */
};

/*
 * An answer took so many steps: when they have become more than making a tree takes, it is made. Steps for lack of an
 * index, too, are a reason for that: it is for needs which trees have no room for.
 */
static void pool_search_pay(struct pool *p, struct pool_view *v, uint64_t steps)
{
	struct pool_index *x = &p->index;
	uint64_t making = (uint64_t)v->steps * POOL_WALK_MAKE + POOL_WALK_FAIR;
	int contest = pool_view_room(p) < p->wanted;

	DTSS_ASSERT(v->refs > 0);
	DTSS_ASSERT(v->steps > 0 || steps == 0);
	if (contest) /* a tree takes the place of another: that must be worth more */
		making *= POOL_WALK_CONTEST;
	v->debt += v->state == POOL_VIEW_OPEN && steps > POOL_WALK_FAIR ? steps - POOL_WALK_FAIR : 0;
	if (v->state != POOL_VIEW_OPEN || v->debt > making << (v->refusals < 16 ? v->refusals : 16))
		pool_view_grow(p, v);
	if (x->cursor == UINT32_MAX || (x->root == NULL && !contest))
		return;
	x->scanned += steps;
	if (x->scanned > (uint64_t)POOL_INDEX_WORTH * p->groups.count)
		pool_index_grow(p);
}

/* In the order of the index. How many steps it took; as many as the list has: it gave up. */
static uint64_t pool_search_index(struct pool_search *s, const struct pool_view *v)
{
	struct pool_index *x = &s->pool->index;
	struct pool_cursor c;
	struct pool_group *g;

	DTSS_ASSERT(x->root != NULL);
	x->debt = 0;
	pool_index_first(x, &c, v->steps);
	while ((g = pool_index_next(&c, v)) != NULL && pool_rank_before(&g->indexed, &s->best))
		pool_search_group(s, g);
	return c.steps;
}

/*
 * Without an index, down the tree of all groups, the better branches first. Each candidate cuts off most of what is
 * left, so where one in so many groups is one, some ten times as many are looked at. What was found is a candidate even
 * if it gave up.
 */
static uint64_t pool_search_whole(struct pool_search *s, const struct pool_view *v)
{
	const struct pool_view *whole = s->pool->whole[s->need->mode];
	uint64_t steps, most = v->steps;

	DTSS_ASSERT(whole->whole);
	if (v->shape.tag_count > 1) /* most groups of the list are passed by without a look at them */
		most /= POOL_WALK_NODE;
	s->of = v;
	s->left = most;
	pool_search_tree(s, &whole->tree, whole);
	steps = (most - s->left) * POOL_WALK_NODE;
	if (s->left == 0 || steps >= v->steps)
		steps = v->steps - (s->left > 0);
	s->of = NULL;
	s->left = UINT64_MAX;
	return steps;
}

/* Looks at each group with the rarest tag; this tells how many satisfy the view. */
static void pool_search_groups(struct pool_search *s, struct pool_view *v, struct pool_walk *walk)
{
	struct pool *p = s->pool;
	struct pool_group *g;
	uint32_t found[POOL_LIST_GROUPS], count = 0;

	DTSS_ASSERT(v->refs > 0);
	DTSS_ASSERT(v->state == POOL_VIEW_OPEN || v->state == POOL_VIEW_FILL);
	while ((g = pool_walk_next(p, v, walk)) != NULL) {
		pool_search_group(s, g);
		if (count < POOL_LIST_GROUPS)
			found[count] = g->id;
		count++;
	}
	v->walk -= v->walk / 8; /* the other way is tried again */
	if (v->state == POOL_VIEW_OPEN && count <= POOL_LIST_GROUPS && !v->whole) {
		pool_view_list(p, v, found, count);
		return;
	}
	if (v->state == POOL_VIEW_OPEN)
		pool_view_want(p, v, count);
	pool_search_pay(p, v, v->steps);
}

/* Without a list or a tree of its own. */
void pool_search_open(struct pool_search *s, struct pool_view *v)
{
	struct pool *p = s->pool;
	const struct pool_view *whole = p->whole[s->need->mode];
	struct pool_walk walk;
	uint64_t steps;

	DTSS_ASSERT(v->refs > 0);
	DTSS_ASSERT(v->state == POOL_VIEW_OPEN || v->state == POOL_VIEW_FILL);
	steps = v->steps = pool_walk_begin(p, v, &walk);
	if (v->steps > POOL_LIST_GROUPS && v->walk < v->steps) {
		if (p->index.cursor == UINT32_MAX)
			steps = pool_search_index(s, v);
		else if (whole != NULL && whole->state == POOL_VIEW_TREE)
			steps = pool_search_whole(s, v);
		v->walk = steps < v->steps ? (7 * v->walk + steps) / 8 : 2 * (uint64_t)v->steps;
	}
	if (steps >= v->steps) {
		pool_search_groups(s, v, &walk);
		return;
	}
	if (v->state == POOL_VIEW_OPEN && v->wanted == 0)
		pool_view_want(p, v, v->steps); /* at most */
	pool_search_pay(p, v, steps);
}
