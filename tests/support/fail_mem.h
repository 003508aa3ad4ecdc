/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAIL_MEM_H
#define TESTS_SUPPORT_FAIL_MEM_H

#include <stddef.h>
#include <dtss/mem.h>

/*
 * An allocator that counts, and fails when it is told. Blocks always move at realloc, are filled with rubbish before
 * use and after, and must be given back with their size. Torture by counting:
 *
 *      for (n = 1;; n++) {
 *              fail_mem_init(&f, n);
 *              error = scenario(&f.mem);
 *              ck_assert_uint_eq(f.blocks, 0);
 *              if (f.count < n)
 *                      break;          // it needs fewer than n allocations: all have been tried
 *              ck_assert_int_eq(error, DTSS_E_NOMEM);
 *      }
 */
struct fail_mem {
	struct dtss_mem mem; /* ctx points to this struct, so it must not move */
	size_t count;        /* allocations asked for so far */
	size_t fail_at;      /* the one with this number fails, from 1; 0: none */
	int fail_on;         /* 1: all from fail_at on fail */
	size_t most;         /* bigger blocks are refused; 0: none is */
	size_t blocks;       /* not yet given back */
	size_t bytes;        /* likewise */
	size_t bytes_max;    /* the most at any time */
};

void fail_mem_init(struct fail_mem *f, size_t fail_at);

#endif
