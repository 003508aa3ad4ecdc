/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_READY_H
#define DTSS_CORE_READY_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>

/*
 * The waiting tasks of one requirement, by (priority, higher first; then id, lower first). New tasks have the greatest
 * id and go to the tail; a retried, released or delayed one goes back to its place.
 */
struct ready_item {
	uint64_t id;
	int32_t priority;
	uint32_t queued; /* not 0 while in a queue; kept by ready.c, which finds its place by it */
};

struct ready_level; /* one priority */

struct ready_place {
	uint64_t id;
	struct ready_item *item;
	int32_t priority;
};

struct ready {
	struct ready_level **levels; /* those in use, highest priority first */
	size_t level_count;
	size_t level_cap;
	struct ready_place *heap; /* those that did not fit at a tail */
	size_t heap_count;
	size_t heap_cap;
	size_t promised; /* pushes that cannot fail */
	size_t count;
	uint32_t changed; /* since the last promise */
};

void ready_init(struct ready *q);
void ready_fini(struct ready *q, const struct dtss_mem *mem);
/* Room for `extra` pushes of that priority, so that they cannot fail. Adds up, over priorities and within one, until
 * something is pushed or removed: so a verb makes all its reservations first. The next reservation after that begins
 * anew, and forgets what was reserved and not used. DTSS_E_NOMEM: nothing changed. */
int ready_reserve(struct ready *q, const struct dtss_mem *mem, int32_t priority, size_t extra);
void ready_push(struct ready *q, struct ready_item *item); /* room reserved before; item->queued is 0 */
/* Must be queued here. Memory of emptied places is given back lazily, but stays below twice what is in use (and what
 * is reserved), above some small pieces. */
void ready_remove(struct ready *q, const struct dtss_mem *mem, struct ready_item *item);
struct ready_item *ready_head(const struct ready *q); /* NULL: empty */

#endif
