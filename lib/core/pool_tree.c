/* SPDX-License-Identifier: MIT */
#include "core/pool_tree.h"

#include <stddef.h>
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"

/*
 * A tournament tree (Knuth, The Art of Computer Programming 3, 5.4.1) with eight players a match. An item is a rank, and
 * an item of an upper node is the best of the node below, so the winner stands on top with its slot: reading it is one
 * access, and a changed leaf climbs only as far as it changes who wins.
 *
 *   best                          (2, 5)
 *   level 1   [ (2, 5)                 (4, 1)          ... ]      1 node
 *   level 0   [ (3, 0) (2, 5) ... ]  [ (4, 1) ... ]    ...        cap / 8 nodes
 *
 * The levels stand one behind the other in one array, the leaves first. Unused items rank after all others. A tree of
 * one leaf has no levels: that leaf is the best.
 */
struct pool_rank pool_rank_none(void)
{
	struct pool_rank rank = { POOL_UNUSABLE, UINT32_MAX };

	return rank;
}

struct pool_rank pool_node_rank(const struct pool_node *n, uint32_t at)
{
	struct pool_rank rank;

	rank.key = n->key[at];
	rank.slot = n->slot[at];
	return rank;
}

static void pool_node_set(struct pool_node *n, uint32_t at, const struct pool_rank *rank)
{
	DTSS_ASSERT(at < POOL_FANOUT);
	DTSS_ASSERT(rank->key == POOL_UNUSABLE || rank->slot < UINT32_MAX);
	n->key[at] = rank->key;
	n->slot[at] = rank->slot;
}

static struct pool_rank pool_node_best(const struct pool_node *n)
{
	struct pool_rank best = pool_node_rank(n, 0);
	uint32_t i;

	for (i = 1; i < POOL_FANOUT; i++) { /* no branches: who wins cannot be foretold */
		uint64_t key = n->key[i];
		uint32_t slot = n->slot[i];
		int wins = (key < best.key) | ((key == best.key) & (slot < best.slot));

		best.key = wins ? key : best.key;
		best.slot = wins ? slot : best.slot;
	}
	return best;
}

static uint32_t pool_tree_up(uint32_t nodes)
{
	return (nodes + POOL_FANOUT - 1) / POOL_FANOUT;
}

static size_t pool_tree_size(uint32_t cap)
{
	uint32_t level = cap / POOL_FANOUT;
	size_t nodes = level;

	while (level > 1) {
		level = pool_tree_up(level);
		nodes += level;
	}
	return nodes * sizeof(struct pool_node);
}

void pool_tree_init(struct pool_tree *t)
{
	memset(t, 0, sizeof(*t));
	t->best = pool_rank_none();
	DTSS_ASSERT(t->count == 0 && t->cap == 0);
	DTSS_ASSERT(t->best.key == POOL_UNUSABLE);
}

void pool_tree_fini(struct pool_tree *t, const struct dtss_mem *mem)
{
	if (t->nodes != NULL)
		mem->release(mem->ctx, t->nodes, pool_tree_size(t->cap));
	pool_tree_init(t);
}

/* Each upper level from the one below. */
static void pool_tree_build(struct pool_tree *t)
{
	uint32_t i, nodes = t->cap / POOL_FANOUT;
	struct pool_node *level = t->nodes;

	DTSS_ASSERT(t->count <= t->cap);
	DTSS_ASSERT(t->cap % POOL_FANOUT == 0);
	for (; nodes > 1; nodes = pool_tree_up(nodes)) {
		for (i = 0; i < nodes; i++) {
			struct pool_rank best = pool_node_best(&level[i]);

			pool_node_set(&level[nodes + i / POOL_FANOUT], i % POOL_FANOUT, &best);
		}
		level += nodes;
	}
	t->best = pool_node_best(level);
}

int pool_tree_reserve(struct pool_tree *t, const struct dtss_mem *mem, uint32_t leaves)
{
	uint32_t cap = 2 * t->cap;
	struct pool_node *nodes;

	DTSS_ASSERT(t->count <= t->cap);
	DTSS_ASSERT((t->nodes == NULL) == (t->cap <= 1));
	if (leaves <= t->cap)
		return 0;
	if (leaves == 1) {
		t->cap = 1;
		return 0;
	}
	cap = pool_tree_up(cap < leaves ? leaves : cap) * POOL_FANOUT;
	nodes = mem->alloc(mem->ctx, pool_tree_size(cap));
	if (nodes == NULL)
		return DTSS_E_NOMEM;
	memset(nodes, 0xff, pool_tree_size(cap)); /* pool_rank_none() everywhere */
	if (t->nodes != NULL) {
		memcpy(nodes, t->nodes, t->cap / POOL_FANOUT * sizeof(*nodes));
		mem->release(mem->ctx, t->nodes, pool_tree_size(t->cap));
	} else if (t->count > 0) {
		pool_node_set(nodes, 0, &t->best);
	}
	t->nodes = nodes;
	t->cap = cap;
	if (t->count > 0)
		pool_tree_build(t);
	DTSS_ASSERT(leaves <= t->cap);
	return 0;
}

void pool_tree_append(struct pool_tree *t, const struct pool_rank *rank)
{
	DTSS_ASSERT(t->cap == 1 || t->cap % POOL_FANOUT == 0);
	DTSS_ASSERT(t->count < t->cap);
	t->count++;
	pool_tree_set(t, t->count - 1, rank);
}

static void pool_tree_climb(struct pool_tree *t, uint32_t at, struct pool_rank rank)
{
	uint32_t nodes = t->cap / POOL_FANOUT;
	struct pool_node *level = t->nodes;

	DTSS_ASSERT(at < t->cap);
	DTSS_ASSERT(t->count <= t->cap);
	while (nodes > 0) {
		struct pool_node *n = &level[at / POOL_FANOUT];
		struct pool_rank was = pool_node_rank(n, at % POOL_FANOUT);
		struct pool_rank won = t->best;

		pool_node_set(n, at % POOL_FANOUT, &rank);
		at /= POOL_FANOUT;
		level += nodes;
		if (nodes > 1)
			won = pool_node_rank(&level[at / POOL_FANOUT], at % POOL_FANOUT);
		if (!pool_rank_before(&rank, &won)) {
			if (!pool_rank_equal(&was, &won)) /* neither did it win, nor does it now */
				return;
			rank = pool_node_best(n);
		}
		nodes = nodes > 1 ? pool_tree_up(nodes) : 0;
	}
	t->best = rank;
}

void pool_tree_set(struct pool_tree *t, uint32_t at, const struct pool_rank *rank)
{
	struct pool_rank was = pool_tree_at(t, at);

	DTSS_ASSERT(at < t->count);
	if (!pool_rank_equal(&was, rank))
		pool_tree_climb(t, at, *rank);
}

void pool_tree_remove(struct pool_tree *t, uint32_t at)
{
	struct pool_rank last = pool_tree_at(t, t->count - 1);

	DTSS_ASSERT(t->count <= t->cap);
	DTSS_ASSERT(at < t->count);
	pool_tree_set(t, at, &last);
	pool_tree_climb(t, t->count - 1, pool_rank_none());
	t->count--;
}

struct pool_rank pool_tree_at(const struct pool_tree *t, uint32_t at)
{
	DTSS_ASSERT(at < t->count);
	if (t->nodes == NULL)
		return t->best;
	return pool_node_rank(&t->nodes[at / POOL_FANOUT], at % POOL_FANOUT);
}

int pool_tree_check(const struct pool_tree *t)
{
	uint32_t i, nodes = t->cap / POOL_FANOUT;
	const struct pool_node *level = t->nodes;
	struct pool_rank best = pool_rank_none(), above;

	if (t->cap <= 1)
		return t->count > 0 || pool_rank_equal(&best, &t->best);
	for (i = t->count; i < t->cap; i++) {
		above = pool_node_rank(&level[i / POOL_FANOUT], i % POOL_FANOUT);
		if (!pool_rank_equal(&above, &best))
			return 0;
	}
	for (; nodes > 1; nodes = pool_tree_up(nodes)) {
		for (i = 0; i < nodes; i++) {
			best = pool_node_best(&level[i]);
			above = pool_node_rank(&level[nodes + i / POOL_FANOUT], i % POOL_FANOUT);
			if (!pool_rank_equal(&best, &above))
				return 0;
		}
		level += nodes;
	}
	best = pool_node_best(level);
	return pool_rank_equal(&best, &t->best);
}
