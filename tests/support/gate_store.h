/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_GATE_STORE_H
#define TESTS_SUPPORT_GATE_STORE_H

#include <dtss.h>

/* A memory store behind a gate that a test opens and shuts: it is as slow, and as broken, as the fields say now. */
struct gate_store {
	struct dtss_store base; /* close frees it */
	struct dtss_store *inner;
	int shut;                                  /* 1: no completion comes out */
	int32_t lead;                              /* what LEAD says instead of succeeding; 0: as the store */
	int32_t commit;                            /* likewise COMMIT, which then has written nothing */
	int commit_applied;                        /* 1: it has all the same */
	int32_t append;                            /* likewise LOG_APPEND */
	int32_t load;                              /* likewise load */
	int32_t renew;                             /* likewise RENEW */
	int lead_expires;                          /* as the store's info has it */
	int32_t refuse;                            /* what submit says of everything */
	void (*mix)(struct dtss_store_done *done); /* what becomes of a completion on its way out; NULL: nothing */
	size_t loads;
	size_t commits; /* that were written */
	size_t gets;
	size_t renews;
	size_t resigns;
	uint64_t last_seq; /* of the last one that was written */
};

struct gate_store *gate_store_open(void);

#endif
