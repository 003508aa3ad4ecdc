/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_CHASE_H
#define TESTS_BENCH_SUPPORT_CHASE_H

#include <stddef.h>

/*
 * What no structure in memory can beat: loads that miss every cache, each from the address that the one before gave. A
 * random cycle through as many cache lines as no cache holds, in the pages that malloc() gives.
 */
struct chase {
	void **lines;
	void **at;
	size_t steps; /* of one measurement */
};

void chase_make(struct chase *c, int quick);
double chase_once(void *chase); /* ns a load: for struct bench_way */
void chase_fini(struct chase *c);

#endif
