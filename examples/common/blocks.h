/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BLOCKS_H
#define COMMON_BLOCKS_H

#include <stddef.h>
#include <dtss.h>
#include "common/limits.h"

/*
 * Memory for the library: what is given back is kept for who asks for as much next. The C library has seven blocks of a
 * length at hand, then searches and joins; a round of the loop has hundreds of requests under way.
 *
 *	kept: [8] [24] [40] … [472] … [1032]      bytes: each is a length that malloc() rounds to anyway
 *	            │            │
 *	            ▼            ▼
 *	          free ─► free ─► free            BLOCKS_KEPT_BYTES in all; what is beyond goes back, and so does what is longer
 *
 * One thread.
 */
#define BLOCKS_STEP 16
#define BLOCKS_LENGTHS (BLOCKS_LEN_MAX / BLOCKS_STEP + 1)

struct blocks {
	struct dtss_mem mem; /* ctx is this */
	void *kept[BLOCKS_LENGTHS];
	size_t bytes; /* of all that are kept */
};

void blocks_init(struct blocks *blocks);
void blocks_fini(struct blocks *blocks);

#endif
