/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_POOL_TREE_H
#define DTSS_CORE_POOL_TREE_H

#include <stdint.h>
#include <dtss/mem.h>

/* A place in the order of candidates: the policy's rank and the stamp in one key, then the slot. */
struct pool_rank {
	uint64_t key; /* POOL_UNUSABLE: cannot be chosen */
	uint32_t slot;
};

#define POOL_UNUSABLE UINT64_MAX
#define POOL_FANOUT 8 /* the keys of a node fill a cache line */

struct pool_node {
	uint64_t key[POOL_FANOUT];
	uint32_t slot[POOL_FANOUT];
};

/* A tournament: the best of many ranks, kept while they change. See pool_tree.c for the drawing. */
struct pool_tree {
	struct pool_node *nodes;
	uint32_t cap;   /* leaves; a multiple of POOL_FANOUT */
	uint32_t count; /* leaves in use, the first ones */
	struct pool_rank best;
};

static inline int pool_rank_before(const struct pool_rank *a, const struct pool_rank *b)
{
	return a->key < b->key || (a->key == b->key && a->slot < b->slot);
}

static inline int pool_rank_equal(const struct pool_rank *a, const struct pool_rank *b)
{
	return a->key == b->key && a->slot == b->slot;
}

struct pool_rank pool_rank_none(void); /* after all others */

void pool_tree_init(struct pool_tree *t);
void pool_tree_fini(struct pool_tree *t, const struct dtss_mem *mem);
/* Room for so many leaves. DTSS_E_NOMEM: nothing changed. */
int pool_tree_reserve(struct pool_tree *t, const struct dtss_mem *mem, uint32_t leaves);
void pool_tree_append(struct pool_tree *t, const struct pool_rank *rank); /* room reserved before */
void pool_tree_set(struct pool_tree *t, uint32_t at, const struct pool_rank *rank);
/* The last leaf goes to `at`, which was taken away. */
void pool_tree_remove(struct pool_tree *t, uint32_t at);
struct pool_rank pool_tree_at(const struct pool_tree *t, uint32_t at);
struct pool_rank pool_node_rank(const struct pool_node *n, uint32_t at);
int pool_tree_check(const struct pool_tree *t); /* 1: every node is the best of those below */

#endif
