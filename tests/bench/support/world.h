/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_WORLD_H
#define TESTS_BENCH_SUPPORT_WORLD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Workers and the requests for them, the same for whoever is to choose; drawn with a seed, so every run has the same.
 * Half of a worker's slots, at most, are in use before anything is placed.
 */
#define WORLD_ARITY_MAX 3
#define WORLD_REQUESTS 65536 /* then they begin anew */

struct world_kind {
	const char *name;
	const char *tags;     /* what it says of the required tags */
	uint32_t tag_count;   /* 0: so many that each is known to ten workers */
	uint32_t worker_tags; /* of each worker; 0: it has each tag with even chances */
	uint32_t sets;        /* so many distinct tag sets; 0: every worker draws its own */
	uint32_t needs;       /* distinct requirements in use; 0: every request draws its own */
	uint32_t arity_min;   /* required tags, as many requests of each number */
	uint32_t arity_max;
	int full;  /* every worker is */
	int sizes; /* 1: of 1 to 32,768 slots, by orders of magnitude; else 1 to 128 */
};

struct world_worker {
	char name[16];
	uint32_t max, used;
	uint32_t tag_count;
	uint32_t *tags;     /* sorted numbers */
	const char **names; /* of the same tags */
};

struct world_need {
	uint32_t count;
	uint32_t tags[WORLD_ARITY_MAX]; /* sorted */
	const char *names[WORLD_ARITY_MAX];
};

struct world {
	const struct world_kind *kind;
	struct world_worker *workers;
	size_t count;
	char (*tag_names)[16];
	uint32_t tag_count;
	uint32_t *tags;     /* of all workers */
	const char **names; /* likewise */
	struct world_need *needs;
	uint32_t need_count;
	uint32_t *requests; /* which of the needs */
};

void world_make(struct world *w, const struct world_kind *kind, size_t workers);
void world_fini(struct world *w);

#endif
