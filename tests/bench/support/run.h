/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_RUN_H
#define TESTS_BENCH_SUPPORT_RUN_H

#include "bench/bench.h"

#define BENCH_COLUMNS_MAX 24
#define BENCH_CELL_MAX 48
#define BENCH_CASES_MAX 32

struct bench_cell {
	const char *key;
	char value[BENCH_CELL_MAX];
	int number;
};

struct bench_line {
	struct bench_cell cells[BENCH_COLUMNS_MAX];
	size_t count;
};

/* One bench that runs. */
struct bench_run {
	const struct bench *bench;
	int quick, plain;
	char *cases[BENCH_CASES_MAX]; /* as they were given */
	int asked[BENCH_CASES_MAX];   /* 1: the bench has it */
	size_t case_count;
	struct bench_line *lines;
	size_t line_count, line_cap;
};

extern const struct bench *const bench_list[]; /* made from the names of the files; NULL ends it */

/* guard.c: runs it in a child. Its status, or 128 and the signal that ended it; all that it started is gone then. */
int bench_guard(int (*run)(void *ctx), void *ctx);
const char *bench_guard_dir(void); /* where its directories are made */

/* table.c: what is not yet written is. */
void bench_table_end(struct bench_run *run);

#endif
