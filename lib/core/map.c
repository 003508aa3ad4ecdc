/* SPDX-License-Identifier: MIT */
#include "core/map.h"
#include "core/check.h"

#define MAP_CAP_MIN 16

/*
 * Linear probing: an item stands in the first free slot at or after its home, hash & (cap - 1), going round at the end.
 * Between an item and its home no slot is empty; map_remove() keeps that by moving later items back.
 *
 *      home of a, b, c          home of d
 *          |                       |
 *      [ ][a][b][c][d][ ]   remove b:   [ ][a][c][ ][d][ ]     d is at home and stays
 */
static size_t map_home(const struct map *m, uint64_t hash)
{
	return (size_t)hash & (m->cap - 1);
}

static size_t map_step(const struct map *m, size_t i)
{
	return (i + 1) & (m->cap - 1);
}

/* The slot is free, and the table is never full, so that the search ends. */
static void map_place(struct map *m, uint64_t hash, void *item)
{
	size_t i = map_home(m, hash);

	DTSS_ASSERT(m->count < m->cap);
	DTSS_ASSERT(item != NULL);
	while (m->slots[i].item != NULL)
		i = map_step(m, i);
	m->slots[i].hash = hash;
	m->slots[i].item = item;
}

void map_init(struct map *m)
{
	m->slots = NULL;
	m->cap = 0;
	m->count = 0;
	DTSS_ASSERT(m->count == 0);
	DTSS_ASSERT(m->slots == NULL);
}

void map_fini(struct map *m, const struct dtss_mem *mem)
{
	if (m->slots != NULL)
		mem->release(mem->ctx, m->slots, m->cap * sizeof m->slots[0]);
	map_init(m);
}

static size_t map_fill_max(size_t cap)
{
	return cap / 4 * 3;
}

static int map_grow(struct map *m, const struct dtss_mem *mem, size_t cap)
{
	struct map old = *m;
	size_t i;

	DTSS_ASSERT((cap & (cap - 1)) == 0 && cap > m->count);
	if (cap > SIZE_MAX / sizeof m->slots[0])
		return DTSS_E_NOMEM;
	m->slots = mem->alloc(mem->ctx, cap * sizeof m->slots[0]);
	if (m->slots == NULL) {
		m->slots = old.slots;
		return DTSS_E_NOMEM;
	}
	m->cap = cap;
	for (i = 0; i < cap; i++)
		m->slots[i].item = NULL;
	for (i = 0; i < old.cap; i++) {
		if (old.slots[i].item != NULL)
			map_place(m, old.slots[i].hash, old.slots[i].item);
	}
	map_fini(&old, mem);
	DTSS_ASSERT(m->count <= map_fill_max(m->cap));
	return DTSS_OK;
}

int map_reserve(struct map *m, const struct dtss_mem *mem, size_t extra)
{
	size_t cap = m->cap > 0 ? m->cap : MAP_CAP_MIN;
	size_t need = m->count + extra;

	DTSS_ASSERT(m->count <= m->cap);
	if (need < extra)
		return DTSS_E_NOMEM;
	while (map_fill_max(cap) < need) {
		if (cap > SIZE_MAX / 2)
			return DTSS_E_NOMEM;
		cap *= 2;
	}
	return cap == m->cap || need == 0 ? DTSS_OK : map_grow(m, mem, cap);
}

void *map_find(const struct map *m, uint64_t hash, map_equal equal, const void *key)
{
	size_t i;

	if (m->count == 0)
		return NULL;
	for (i = map_home(m, hash); m->slots[i].item != NULL; i = map_step(m, i)) {
		if (m->slots[i].hash == hash && equal(m->slots[i].item, key))
			return m->slots[i].item;
	}
	return NULL;
}

void map_insert(struct map *m, uint64_t hash, void *item)
{
	DTSS_ASSERT(item != NULL);
	DTSS_ASSERT(m->count < map_fill_max(m->cap));
	map_place(m, hash, item);
	m->count++;
}

/* Would an item with this home still be found from there, if it stood in hole instead of in from? */
static int map_may_move(const struct map *m, size_t home, size_t hole, size_t from)
{
	size_t mask = m->cap - 1;

	return ((hole - home) & mask) < ((from - home) & mask);
}

void map_remove(struct map *m, uint64_t hash, const void *item)
{
	size_t hole, i;

	DTSS_ASSERT(item != NULL);
	DTSS_ASSERT(m->count > 0);
	for (hole = map_home(m, hash); m->slots[hole].item != item; hole = map_step(m, hole))
		DTSS_ASSERT(m->slots[hole].item != NULL);
	for (i = map_step(m, hole); m->slots[i].item != NULL; i = map_step(m, i)) {
		if (map_may_move(m, map_home(m, m->slots[i].hash), hole, i)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].item = NULL;
	m->count--;
}

int map_next(const struct map *m, size_t *cursor, void **ret_item)
{
	while (*cursor < m->cap) {
		void *item = m->slots[(*cursor)++].item;

		if (item != NULL) {
			*ret_item = item;
			return 1;
		}
	}
	return 0;
}
