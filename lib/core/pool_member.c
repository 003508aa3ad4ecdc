/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * Which groups a view has. It starts open, and is answered by a walk through the groups with its rarest tag. Few that
 * satisfy it become a list at once. Many become a tree when they were walked through as often as making it costs, as long
 * as all trees together stay below POOL_VIEW_SHARE leaves a group and no group is in more than POOL_GROUP_VIEWS. The
 * smallest go first, for they save most; who is refused is answered from the index. A tree whose changes cost more than
 * its answers save, and have saved, becomes open again as soon as that is as much as making it, and has to promise twice
 * as much the next time. So whatever the needs are, what a change costs is bounded, and what it costs beyond the index is
 * worth it.
 *
 *   view 3 (tree)   groups: [ 7   2   9 ]           group 2   in: [ (view 3, leaf 1) (view 8, leaf 0) ]
 *                   leaves:   0   1   2
 */
static struct pool_view *pool_view_at(const struct pool *p, uint32_t id)
{
	return p->views.slots[id].item;
}

static uint32_t pool_group_find_in(const struct pool_group *g, const struct pool_view *v)
{
	uint32_t i = 0;

	while (i < g->in_count && g->in[i].view != v->id)
		i++;
	DTSS_ASSERT(i < g->in_count);
	return i;
}

static void pool_group_forget_in(struct pool_group *g, const struct pool_view *v)
{
	DTSS_ASSERT(g->in_count > 0);
	DTSS_ASSERT(v->state == POOL_VIEW_TREE);
	g->in[pool_group_find_in(g, v)] = g->in[g->in_count - 1];
	g->in_count--;
}

void pool_view_open(struct pool *p, struct pool_view *v)
{
	uint32_t i;

	DTSS_ASSERT(v->group_count <= v->group_cap);
	DTSS_ASSERT(v->state != POOL_VIEW_TREE || p->leaves >= v->group_count);
	if (v->state == POOL_VIEW_TREE) {
		for (i = 0; i < v->group_count; i++)
			pool_group_forget_in(pool_group_at(p, v->groups[i]), v);
		p->leaves -= v->group_count;
	}
	pool_tree_fini(&v->tree, &p->mem);
	if (v->groups != NULL)
		p->mem.release(p->mem.ctx, v->groups, v->group_cap * sizeof(*v->groups));
	v->groups = NULL;
	v->group_count = 0;
	v->group_cap = 0;
	v->state = POOL_VIEW_OPEN;
	v->debt = 0;
	DTSS_ASSERT(v->tree.count == 0 && v->groups == NULL);
}

static int pool_view_reserve(struct pool *p, struct pool_view *v, uint32_t count)
{
	uint32_t cap = count < 2 * v->group_cap ? 2 * v->group_cap : count;
	uint32_t *groups;

	DTSS_ASSERT(v->group_count <= v->group_cap);
	DTSS_ASSERT(count >= v->group_count);
	if (v->state == POOL_VIEW_TREE && pool_tree_reserve(&v->tree, &p->mem, count) != 0)
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
	uint32_t cap = 2 * g->in_cap;
	struct pool_in *in;

	DTSS_ASSERT(g->in_count <= g->in_cap);
	DTSS_ASSERT(g->in_count <= POOL_GROUP_VIEWS);
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
	DTSS_ASSERT(v->state != POOL_VIEW_TREE || v->tree.count == v->group_count);
	if (v->state == POOL_VIEW_LIST && v->group_count == POOL_LIST_GROUPS)
		return DTSS_E_FULL;
	if (pool_view_reserve(p, v, v->group_count + 1) != 0)
		return DTSS_E_NOMEM;
	if (v->state == POOL_VIEW_TREE) {
		int error = pool_group_reserve_in(p, g);

		if (error != 0)
			return error;
		g->in[g->in_count].view = v->id;
		g->in[g->in_count].at = v->group_count;
		g->in_count++;
		pool_tree_append(&v->tree, &g->tree.best);
		p->leaves++;
	}
	v->groups[v->group_count++] = g->id;
	DTSS_ASSERT(v->group_count <= v->group_cap);
	return 0;
}

/* The last group takes the place of the one that is removed. */
static void pool_view_take(struct pool *p, struct pool_view *v, uint32_t at)
{
	struct pool_group *last = pool_group_at(p, v->groups[v->group_count - 1]);

	DTSS_ASSERT(at < v->group_count);
	DTSS_ASSERT(v->state != POOL_VIEW_OPEN);
	if (v->state == POOL_VIEW_TREE) {
		last->in[pool_group_find_in(last, v)].at = at;
		pool_group_forget_in(pool_group_at(p, v->groups[at]), v);
		pool_tree_remove(&v->tree, at);
		p->leaves--;
	}
	v->groups[at] = last->id;
	v->group_count--;
	DTSS_ASSERT(v->state != POOL_VIEW_TREE || v->tree.count == v->group_count);
}

struct pool_group *pool_view_candidate(const struct pool *p, const struct pool_view *v, uint32_t id)
{
	const struct pool_slot *slot = &p->groups.slots[id];
	struct pool_group *g = slot->item;

	if (g == NULL || (v->shape.signature & ~slot->signature) != 0)
		return NULL;
	return pool_shape_satisfies(&g->shape, &v->shape) ? g : NULL;
}

/* Makes it a list or a tree of `count` groups; it stays open when there is no memory or a group is in too many views. */
static void pool_view_fill(struct pool *p, struct pool_view *v, enum pool_view_state state, uint32_t count)
{
	struct pool_walk walk;
	struct pool_group *g;
	int error;

	DTSS_ASSERT(v->group_count == 0 && v->groups == NULL);
	DTSS_ASSERT(v->state == POOL_VIEW_OPEN);
	pool_view_want(p, v, 0);
	v->state = state;
	v->debt = (uint64_t)POOL_VIEW_CREDIT * p->groups.count;
	error = pool_view_reserve(p, v, count);
	(void)pool_walk_begin(p, v, &walk);
	while (error == 0 && (g = pool_walk_next(p, v, &walk)) != NULL)
		error = pool_view_add(p, v, g);
	if (error == 0)
		return;
	pool_view_open(p, v);
	v->refusals++;
}

static uint32_t pool_view_count(const struct pool *p, const struct pool_view *v)
{
	struct pool_walk walk;
	uint32_t count = 0;

	(void)pool_walk_begin(p, v, &walk);
	while (pool_walk_next(p, v, &walk) != NULL)
		count++;
	return count;
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
	uint64_t most = (uint64_t)POOL_VIEW_SHARE * p->groups.count, bigger = 0;
	uint32_t id;

	for (id = 1; id < p->views.end; id++) {
		const struct pool_view *v = pool_view_at(p, id);

		if (v != NULL && v->state == POOL_VIEW_TREE && v->group_count > count)
			bigger += v->group_count;
	}
	if (p->leaves - bigger + count > most)
		return 0;
	while (p->leaves + count > most) {
		struct pool_view *biggest = NULL;

		for (id = 1; id < p->views.end; id++) {
			struct pool_view *v = pool_view_at(p, id);

			if (v != NULL && v->state == POOL_VIEW_TREE &&
			    (biggest == NULL || v->group_count > biggest->group_count))
				biggest = v;
		}
		DTSS_ASSERT(biggest != NULL && biggest->group_count > count);
		pool_view_open(p, biggest);
		biggest->refusals++;
	}
	return 1;
}

void pool_view_list(struct pool *p, struct pool_view *v, uint32_t count)
{
	DTSS_ASSERT(count <= POOL_LIST_GROUPS);
	pool_view_fill(p, v, POOL_VIEW_LIST, count);
}

void pool_view_grow(struct pool *p, struct pool_view *v)
{
	uint32_t count = pool_view_count(p, v);

	DTSS_ASSERT(v->state == POOL_VIEW_OPEN);
	DTSS_ASSERT(count <= p->groups.count);
	if (count <= POOL_LIST_GROUPS) {
		pool_view_list(p, v, count);
	} else if (pool_view_admit(p, count)) {
		pool_view_fill(p, v, POOL_VIEW_TREE, count);
	} else {
		v->refusals++;
		v->debt = 0;
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

	while (g->in_count > 0)
		pool_view_take(p, pool_view_at(p, g->in[0].view), g->in[0].at);
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
	for (i = g->in_count; i-- > 0;) { /* from the end: a view that goes moves the last one here */
		struct pool_view *v = pool_view_at(p, g->in[i].view);

		pool_tree_set(&v->tree, g->in[i].at, &g->tree.best);
		if (v->tree.best.key != POOL_UNUSABLE)
			POOL_SOON(p->entries[v->tree.best.slot]); /* the view's next answer */
		v->debt++;
		if (v->debt > (uint64_t)(POOL_VIEW_CREDIT + 1) * p->groups.count) {
			pool_view_open(p, v);
			v->refusals++;
		}
	}
}
