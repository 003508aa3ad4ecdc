/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * Which groups a view has. It starts open, and is answered by a walk through the groups with its rarest tag. Few that
 * satisfy it become a list at once. Many become a tree when walks took as many steps as making it costs, as long as all
 * trees together stay below POOL_VIEW_SHARE leaves a group and no group is in more than POOL_GROUP_VIEWS. The smallest go
 * first, for they save most; who is refused is answered from the index. A tree whose changes cost more than its answers
 * save, and have saved, becomes open again as soon as that is as much as making it, and has to promise twice as much the
 * next time. So whatever the needs are, what a change costs is bounded, and what it costs beyond the index is worth it.
 *
 *   view 3 (tree 20)   groups: [ 7   2   9 ]        group 2   in: [ (view 3, tree 20, leaf 1) (view 8, tree 4, leaf 0) ]
 *                      leaves:   0   1   2
 *
 * Each answer does a slice of the work on the way to a tree, with a cursor that goes through the numbers of groups,
 * which stay what they are: groups that come in the meantime are added at once, wherever the cursor is.
 *
 * A tree that goes leaves its number behind in its groups (view 8, tree 4): they forget it when they see that the view has
 * another one, or none.
 */
static struct pool_view *pool_view_at(const struct pool *p, uint32_t id)
{
	return p->views.slots[id].item;
}

struct pool_in *pool_group_in(const struct pool_group *g, const struct pool_view *v)
{
	uint32_t i;

	for (i = 0; i < g->in_count; i++)
		if (g->in[i].made == v->made)
			return &g->in[i];
	return NULL;
}

static void pool_group_forget(struct pool_group *g, struct pool_in *in)
{
	DTSS_ASSERT(in != NULL);
	DTSS_ASSERT(g->in_count > 0);
	*in = g->in[--g->in_count];
}

/* The view in whose tree that leaf is; NULL: the tree is gone. */
static struct pool_view *pool_in_view(const struct pool *p, const struct pool_in *in)
{
	struct pool_view *v = pool_view_at(p, in->view);

	return v != NULL && v->made == in->made ? v : NULL;
}

void pool_view_open(struct pool *p, struct pool_view *v)
{
	DTSS_ASSERT(v->group_count <= v->group_cap);
	DTSS_ASSERT(v->made == 0 || v->tree.count == v->group_count);
	if (v->made != 0 && !v->whole)
		p->leaves -= v->group_count;
	pool_tree_fini(&v->tree, &p->mem);
	if (v->groups != NULL)
		p->mem.release(p->mem.ctx, v->groups, v->group_cap * sizeof(*v->groups));
	v->groups = NULL;
	v->group_count = 0;
	v->group_cap = 0;
	v->state = POOL_VIEW_OPEN;
	v->made = 0;
	v->debt = 0;
	DTSS_ASSERT(v->tree.count == 0 && v->groups == NULL);
}

static int pool_view_reserve(struct pool *p, struct pool_view *v, uint32_t count)
{
	uint32_t cap = count < 2 * v->group_cap ? 2 * v->group_cap : count;
	uint32_t *groups;

	DTSS_ASSERT(v->group_count <= v->group_cap);
	DTSS_ASSERT(count >= v->group_count);
	if (v->made != 0 && pool_tree_reserve(&v->tree, &p->mem, count) != 0)
		return DTSS_E_NOMEM;
	if (count <= v->group_cap)
		return 0;
	groups = pool_resize(&p->mem, v->groups, v->group_cap * sizeof(*groups), cap * sizeof(*groups));
	if (groups == NULL)
		return DTSS_E_NOMEM;
	v->groups = groups;
	v->group_cap = cap;
	DTSS_ASSERT(v->group_cap >= count);
	return 0;
}

static int pool_group_reserve_in(struct pool *p, struct pool_group *g)
{
	uint32_t cap = 2 * g->in_cap, i;
	struct pool_in *in;

	DTSS_ASSERT(g->in_count <= g->in_cap);
	DTSS_ASSERT(g->in_count <= POOL_GROUP_VIEWS);
	if (g->in_count < g->in_cap && g->in_count < POOL_GROUP_VIEWS)
		return 0;
	for (i = g->in_count; i-- > 0;)
		if (pool_in_view(p, &g->in[i]) == NULL)
			pool_group_forget(g, &g->in[i]);
	if (g->in_count == POOL_GROUP_VIEWS)
		return DTSS_E_FULL;
	if (g->in_count < g->in_cap)
		return 0;
	in = p->mem.alloc(p->mem.ctx, cap * sizeof(*in));
	if (in == NULL)
		return DTSS_E_NOMEM;
	memcpy(in, g->in, g->in_count * sizeof(*in));
	if (g->in != g->in_few)
		p->mem.release(p->mem.ctx, g->in, g->in_cap * sizeof(*in));
	g->in = in;
	g->in_cap = cap;
	DTSS_ASSERT(g->in_count < g->in_cap);
	return 0;
}

static int pool_view_add(struct pool *p, struct pool_view *v, struct pool_group *g)
{
	DTSS_ASSERT(v->state != POOL_VIEW_OPEN);
	DTSS_ASSERT(v->made == 0 || v->tree.count == v->group_count);
	if (v->state == POOL_VIEW_LIST && v->group_count == POOL_LIST_GROUPS)
		return DTSS_E_FULL;
	if (pool_view_reserve(p, v, v->group_count + 1) != 0)
		return DTSS_E_NOMEM;
	if (v->made != 0) {
		int error = pool_group_reserve_in(p, g);

		if (error != 0)
			return error;
		g->in[g->in_count].view = v->id;
		g->in[g->in_count].made = v->made;
		g->in[g->in_count].at = v->group_count;
		g->in_count++;
		pool_tree_append(&v->tree, &g->tree.best);
		p->leaves += !v->whole;
	}
	v->groups[v->group_count++] = g->id;
	DTSS_ASSERT(v->group_count <= v->group_cap);
	return 0;
}

/* The last group takes the place of the one that is removed. */
static void pool_view_take(struct pool *p, struct pool_view *v, uint32_t at)
{
	struct pool_group *g = pool_group_at(p, v->groups[at]);
	struct pool_group *last = pool_group_at(p, v->groups[v->group_count - 1]);

	DTSS_ASSERT(at < v->group_count);
	DTSS_ASSERT(v->made == 0 || v->tree.count == v->group_count);
	if (v->made != 0) {
		pool_group_in(last, v)->at = at;
		pool_group_forget(g, pool_group_in(g, v));
		pool_tree_remove(&v->tree, at);
		p->leaves -= !v->whole;
	}
	v->groups[at] = last->id;
	v->group_count--;
}

struct pool_group *pool_view_candidate(const struct pool *p, const struct pool_view *v, uint32_t id)
{
	const struct pool_slot *slot = &p->groups.slots[id];
	struct pool_group *g = slot->item;

	if (g == NULL || (v->shape.signature & ~slot->signature) != 0)
		return NULL;
	return pool_shape_satisfies(&g->shape, &v->shape) ? g : NULL;
}

uint64_t pool_view_room(const struct pool *p)
{
	uint64_t most = (uint64_t)POOL_VIEW_SHARE * p->groups.count;

	return p->leaves < most ? most - p->leaves : 0;
}

void pool_view_want(struct pool *p, struct pool_view *v, uint32_t count)
{
	DTSS_ASSERT(p->wanted >= v->wanted);
	DTSS_ASSERT(count == 0 || v->state == POOL_VIEW_OPEN);
	p->wanted += count;
	p->wanted -= v->wanted;
	v->wanted = count;
}

/* Room for a tree of so many leaves, at the cost of bigger ones if need be. 0: there is none. */
static int pool_view_admit(struct pool *p, uint32_t count)
{
	uint32_t id;

	while (pool_view_room(p) < count) {
		struct pool_view *biggest = NULL;

		for (id = 1; id < p->views.end; id++) {
			struct pool_view *v = pool_view_at(p, id);

			if (v != NULL && v->made != 0 && !v->whole && v->group_count > count &&
			    (biggest == NULL || v->group_count > biggest->group_count))
				biggest = v;
		}
		if (biggest == NULL)
			return 0;
		pool_view_open(p, biggest);
		biggest->refusals++;
	}
	return 1;
}

void pool_view_list(struct pool *p, struct pool_view *v, const uint32_t *groups, uint32_t count)
{
	DTSS_ASSERT(v->state == POOL_VIEW_OPEN);
	DTSS_ASSERT(count <= POOL_LIST_GROUPS);
	if (pool_view_reserve(p, v, count) != 0)
		return;
	pool_view_want(p, v, 0);
	if (count > 0)
		memcpy(v->groups, groups, count * sizeof(*groups));
	v->group_count = count;
	v->state = POOL_VIEW_LIST;
}

/* A tree of about so many groups is begun, if it may be. */
static void pool_view_begin(struct pool *p, struct pool_view *v, uint32_t count)
{
	DTSS_ASSERT(v->state == POOL_VIEW_OPEN);
	DTSS_ASSERT(v->group_count == 0 && v->groups == NULL);
	pool_view_want(p, v, 0);
	v->refusals += !v->whole; /* until it is there */
	if (!v->whole && !pool_view_admit(p, count)) {
		v->debt = 0;
		return;
	}
	v->state = POOL_VIEW_FILL;
	v->cursor = 1;
	p->made += p->made < UINT32_MAX ? 1 : 2; /* 0 is none */
	v->made = p->made;
	v->debt = (uint64_t)POOL_VIEW_CREDIT * p->groups.count;
	if (pool_view_reserve(p, v, count) != 0)
		pool_view_open(p, v);
}

/* Adds it, if it was not when it was made, while the others were filled in. */
static int pool_view_fill(struct pool *p, struct pool_view *v, struct pool_group *g)
{
	if (pool_group_in(g, v) != NULL)
		return 0;
	return v->whole || pool_view_room(p) > 0 ? pool_view_add(p, v, g) : DTSS_E_FULL;
}

void pool_view_grow(struct pool *p, struct pool_view *v)
{
	struct pool_walk walk;
	struct pool_group *g;
	uint32_t left = UINT32_MAX, steps = pool_walk_begin(p, v, &walk);
	int all, error = 0;

	DTSS_ASSERT(v->state == POOL_VIEW_OPEN || v->state == POOL_VIEW_FILL);
	DTSS_ASSERT(v->refs > 0);
	if (v->state == POOL_VIEW_OPEN)
		pool_view_begin(p, v, v->wanted > 0 ? v->wanted : steps);
	if (v->state == POOL_VIEW_OPEN)
		return;
	all = steps <= p->slice || v->group_cap <= p->slice;
	if (!all) {
		walk.posts = NULL;
		walk.at = v->cursor;
		walk.end = p->groups.end;
		if (p->groups.end - walk.at > p->slice * POOL_SLICE_LOOKS)
			walk.end = walk.at + p->slice * POOL_SLICE_LOOKS;
		left = p->slice;
	}
	for (; error == 0 && left > 0 && (g = pool_walk_next(p, v, &walk)) != NULL; left--)
		error = pool_view_fill(p, v, g);
	v->cursor = walk.at;
	if (error != 0) {
		pool_view_open(p, v);
	} else if (all || v->cursor >= p->groups.end) {
		v->state = POOL_VIEW_TREE;
		v->refusals -= !v->whole;
	}
}

void pool_view_group_added(struct pool *p, struct pool_group *g)
{
	uint32_t id;

	DTSS_ASSERT(g->in_count == 0);
	for (id = 1; id < p->views.end; id++) {
		struct pool_slot *slot = &p->views.slots[id];
		struct pool_view *v = slot->item;

		if (v == NULL || (slot->signature & ~g->shape.signature) != 0 || v->state == POOL_VIEW_OPEN)
			continue;
		if (pool_shape_satisfies(&g->shape, &v->shape) && pool_view_add(p, v, g) != 0)
			pool_view_open(p, v);
	}
}

void pool_view_group_removed(struct pool *p, struct pool_group *g)
{
	uint32_t id, at;

	while (g->in_count > 0) {
		struct pool_view *v = pool_in_view(p, &g->in[0]);

		if (v != NULL)
			pool_view_take(p, v, g->in[0].at);
		else
			pool_group_forget(g, &g->in[0]);
	}
	for (id = 1; id < p->views.end; id++) {
		struct pool_slot *slot = &p->views.slots[id];
		struct pool_view *v = slot->item;

		if (v == NULL || (slot->signature & ~g->shape.signature) != 0 || v->state != POOL_VIEW_LIST)
			continue;
		for (at = 0; at < v->group_count && v->groups[at] != g->id;)
			at++;
		if (at < v->group_count)
			pool_view_take(p, v, at);
	}
}

void pool_view_group_changed(struct pool *p, struct pool_group *g)
{
	uint32_t i;

	DTSS_ASSERT(g->in_count <= g->in_cap);
	for (i = g->in_count; i-- > 0;) { /* from the end: forgetting one moves the last one here */
		struct pool_view *v = pool_in_view(p, &g->in[i]);

		if (v == NULL) {
			pool_group_forget(g, &g->in[i]);
			continue;
		}
		pool_tree_set(&v->tree, g->in[i].at, &g->tree.best);
		if (v->tree.best.key != POOL_UNUSABLE)
			POOL_SOON(p->entries[v->tree.best.slot]); /* the view's next answer */
		v->debt++;
		if (!v->whole && v->debt > (uint64_t)(POOL_VIEW_CREDIT + 1) * p->groups.count) {
			pool_view_open(p, v);
			v->refusals++;
		}
	}
}
