/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_NAIVE_H
#define TESTS_BENCH_SUPPORT_NAIVE_H

#include "bench/support/world.h"

/*
 * The scheduler that everybody writes first: an array of workers; for each request those that have all tags (strings) and
 * a free slot are collected, sorted by load ratio, and the first one gets it.
 */
struct naive_worker {
	const char *name;
	uint32_t max, used;
	uint32_t tag_count;
	char **tags; /* strings of its own, as they came with its heartbeat */
};

struct naive {
	const struct world *world;
	struct naive_worker *workers;
	struct naive_worker **candidates; /* room for all */
	char **tags;
	char *text;
	uint32_t next; /* request */
};

void naive_make(struct naive *n, const struct world *w);
double naive_once(void *naive); /* ns a request: for struct bench_way */
void naive_fini(struct naive *n);

#endif
