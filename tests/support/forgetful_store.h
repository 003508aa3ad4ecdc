/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FORGETFUL_STORE_H
#define TESTS_SUPPORT_FORGETFUL_STORE_H

#include <dtss.h>

/* A store with a bug, for struct dtss_sim_config: it is a memory store that loses the records of every so many-th batch. */
struct forgetful {
	uint32_t every; /* 0: none */
	int kills;      /* instead, the process dies there */
	uint32_t commits;
	struct dtss_store *store;
	struct dtss_store_ops healthy, broken;
};

int forgetful_open(void *ctx, int fresh, struct dtss_store **ret_store);
void forgetful_fini(struct forgetful *f);

#endif
