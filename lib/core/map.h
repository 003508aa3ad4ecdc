/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_MAP_H
#define DTSS_CORE_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>

/*
 * An open-addressing hash table of pointers (linear probing, backward-shift deletion, at most 3/4 full). The caller
 * gives hash and comparison, so one table serves ids and names. Nothing may depend on the order of its slots.
 */
struct map_slot {
	uint64_t hash;
	void *item; /* NULL: empty */
};

struct map {
	struct map_slot *slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
};

typedef int (*map_equal)(const void *item, const void *key); /* nonzero: equal */

void map_init(struct map *m);
void map_fini(struct map *m, const struct dtss_mem *mem);
/* Room for that many more items, so that the next insertions cannot fail. DTSS_E_NOMEM. */
int map_reserve(struct map *m, const struct dtss_mem *mem, size_t extra);
void *map_find(const struct map *m, uint64_t hash, map_equal equal, const void *key); /* NULL: not there */
void map_insert(struct map *m, uint64_t hash, void *item);       /* room reserved before; not there yet */
void map_remove(struct map *m, uint64_t hash, const void *item); /* must be there */
/* Any order: 1 and the next item from *cursor (0 to begin), or 0. The table must not change meanwhile. */
int map_next(const struct map *m, size_t *cursor, void **ret_item);

#endif
