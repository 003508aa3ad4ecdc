/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_SHRINK_H
#define DTSS_SIM_SHRINK_H

#include "sim/choose.h"

/*
 * Makes what leads to a violation smaller, a run at a time: first the configuration (fewer of everything, fewer faults,
 * the seed that is there soonest), then the list of what was chosen: cut, zeroed by kind (choices of as many are alike),
 * zeroed and deleted in blocks of half the size each round, at last value by value. A run that still shows the violation
 * is the new best; a pass that gained something is followed by another.
 */
enum shrink_phase {
	SHRINK_COUNTS = 0,
	SHRINK_FAULTS = 1,
	SHRINK_SEEDS = 2,
	SHRINK_LIST = 3, /* from here on the source is a list */
	SHRINK_CUT = 4,
	SHRINK_KIND = 5,
	SHRINK_ZERO = 6,
	SHRINK_DELETE = 7,
	SHRINK_LOWER = 8,
	SHRINK_DONE = 9
};

struct sim_shrink {
	struct dtss_sim_config best; /* its choices, if they are a list of ours, are list */
	const struct dtss_mem *mem;
	struct dtss_sim_choice *list, *trial; /* each of cap */
	size_t count, cap;
	enum shrink_phase phase;
	size_t at;      /* what is tried next: a bit, a count, a place in the list */
	size_t size;    /* of blocks; or a number of something */
	uint32_t tries; /* of the same with other seeds, or in other parts of the list */
	uint64_t made;  /* how many choices the best made; 0: not known */
	uint64_t seed;  /* SEEDS: the first of them */
	int gained;     /* in this pass */
	/* Runs it and records what was chosen. 1: the violation is still the same one, 0: it is not, or an error. */
	int (*play)(void *ctx, const struct dtss_sim_config *cfg, struct sim_choice *ret_choice);
	void *ctx;
};

void shrink_init(struct sim_shrink *k, const struct dtss_sim_config *cfg, const struct dtss_mem *mem);
void shrink_fini(struct sim_shrink *k);
/* In at most so many runs. 1: there is more to try; 0: done; or the error of play. */
int shrink_go(struct sim_shrink *k, uint32_t runs);

#endif
