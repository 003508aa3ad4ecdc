/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FLEET_H
#define TESTS_SUPPORT_FLEET_H

#include <stdint.h>
#include "core/pool.h"
#include "support/fail_mem.h"
#include "support/rand.h"

/* A pool with workers that come and go, work and change at random; every choice is compared with the plain scan's. */
enum { FLEET_WORKERS = 3000, FLEET_NEEDS = 400, FLEET_TAGS = 16, FLEET_RESOURCES = 3 };

/* What tags the workers have. */
enum fleet_kind {
	FLEET_MIXED, /* one of a dozen sets: few groups */
	FLEET_HOSTS, /* likewise, and each its own name: a group each, some needs want just one */
	FLEET_HALVES /* each tag with a probability of a half: as many groups as workers, all needs broad */
};

struct fleet_worker {
	struct pool_entry entry;
	uint32_t tags[FLEET_TAGS + 1];
	struct pool_amount free[FLEET_RESOURCES];
	int here;
};

struct fleet_need {
	struct pool_need need;
	uint32_t tags[FLEET_TAGS];
	struct pool_amount resources[FLEET_RESOURCES];
};

struct fleet {
	struct pool *pool;
	struct fail_mem mem;
	struct rand rand;
	uint64_t seed;
	enum fleet_kind kind;
	uint32_t workers; /* of worker[] */
	uint32_t needs;
	uint32_t stamp;
	uint32_t next_name;
	uint32_t choices; /* that found a worker */
	struct fleet_worker worker[FLEET_WORKERS];
	struct fleet_need need[FLEET_NEEDS];
};

/* All workers are added, or as many as there is memory for; 0, or DTSS_E_NOMEM: there is no pool. */
int fleet_open(struct fleet *f, uint64_t seed, uint32_t policy, enum fleet_kind kind, uint32_t workers, uint32_t needs,
	       size_t fail_at);
void fleet_close(struct fleet *f); /* every byte was given back */
/* Asks for the best entry of that need and compares; gives it a task if there is one. */
struct fleet_worker *fleet_give(struct fleet *f, uint32_t need);
void fleet_finish(struct fleet *f, struct fleet_worker *w); /* a task of it, if it has one */
void fleet_disturb(struct fleet *f);                        /* some change of some worker or need */
void fleet_check(const struct fleet *f);

#endif
