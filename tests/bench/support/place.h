/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_PLACE_H
#define TESTS_BENCH_SUPPORT_PLACE_H

#include "bench/bench.h"
#include "bench/support/world.h"
#include "core/pool.h"

/*
 * A placement, at two levels:
 *
 *      decision   the pool's: who is best, and that it has one task more (lib/core/pool.h)
 *      verb       dtss_sched_place(), with the names of tags, the reservation and its timer
 *
 * What a batch placed is taken back, unmeasured, before the next one, so that the load stays as it was. Batches are
 * measured as a whole for the mean, and every other one call by call for the percentiles. Slow ones are short.
 */
#define PLACE_BATCH 4096

struct place {
	const struct world *world;
	struct bench_mem mem;
	struct bench_samples calls; /* ns */
	uint64_t once_ns;           /* how long a measurement takes, about */
	size_t calls_max;           /* samples to keep */
	uint32_t next;              /* request */
	uint64_t placed, refused;
	int (*one)(struct place *p, uint32_t request); /* 1: placed */
	void (*take_back)(struct place *p);
	uint32_t given[PLACE_BATCH]; /* to which workers */
	size_t given_count;
	/* decision */
	struct pool *pool;
	struct pool_entry *entries;
	struct pool_need *needs;
	uint32_t stamp;
	/* verb */
	struct dtss_sched *sched;
	uint64_t ms;
	uint64_t number; /* of heartbeats */
};

void place_pool_make(struct place *p, const struct world *w);
void place_pool_fini(struct place *p);
void place_sched_make(struct place *p, const struct world *w);
void place_sched_fini(struct place *p);

#endif
