/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <dtss.h>

/*
 * dtss-bench: what the library takes, beside what a user would pick instead, in the same run.
 *
 * tests/bench/NAME.c defines `const struct bench bench_NAME`, and is thereby a bench: there is no other list. What stands
 * in tests/bench/support/ is shared. A bench takes less than 20 s, and with --quick a few hundredths of one: then it is not
 * measured, only seen to work.
 *
 *      static int place(struct bench_run *run)
 *      {
 *              ... prepare ...
 *              bench_interleave(run, ways, 2, 9, 5.0);          ours and the yardstick in turn
 *              bench_row(run);
 *              bench_text(run, "case", "random");               bench place case=random workers=10000 ns=87.1 ratio_…
 *              bench_count(run, "workers", 10000);
 *              bench_figure(run, "ns", bench_median(&ways[0].figures));
 *              bench_figure(run, "ratio_naive", bench_ratio(&ways[1], &ways[0]));
 *              return 0;
 *      }
 *      const struct bench bench_place = { "place", "one line", "WORKERS", place };
 *
 * Keys end with their unit (ns, p99_ns, tasks_per_s, bytes); ratio_X is our figure beside that of X, better when greater.
 */
struct bench_run;

struct bench {
	const char *name;
	const char *summary;               /* one line, for --list */
	const char *cases;                 /* what may follow the name, NAME:CASE,CASE: "WORKERS"; NULL: nothing may */
	int (*run)(struct bench_run *run); /* 0, or what bench_fail() gave */
};

/* --- what was asked for --- */
int bench_quick(const struct bench_run *run); /* 1: as little as shows that it works */
/* 1 when this case is to be run: it was named, or none was. A case that was named and never asked for is a mistake, which
 * is told at the end. */
int bench_case(struct bench_run *run, const char *name);
int bench_case_count(struct bench_run *run, uint64_t number); /* the same for a number: place:1000000 */
int bench_asked(struct bench_run *run, uint64_t number);      /* 1 only when it was named: what takes long */
const char *bench_build(void); /* the directory with dtssd, dtss-agent, dtss: $DTSS_BUILD, or where this program is */
int bench_built(struct bench_run *run, const char *program); /* is it there? 0, or bench_fail() */

/* --- what went wrong: a sentence on stderr behind the bench's name --- */
int bench_fail(struct bench_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* gives -1 */
/* Ends the program when the result of a library call is negative; gives the result. */
int bench_must(int result, const char *what);
void *bench_alloc(size_t size); /* zeroed; ends the program when there is no memory */

/* --- figures: a row at a time, as a table or as lines. Equal keys in a row make one table. --- */
void bench_row(struct bench_run *run);
void bench_text(struct bench_run *run, const char *key, const char *value); /* without a space */
void bench_count(struct bench_run *run, const char *key, uint64_t value);
void bench_figure(struct bench_run *run, const char *key, double value); /* three digits or more */

/* --- time --- */
uint64_t bench_ns(void);     /* of a clock that goes on */
uint64_t bench_cpu_ns(void); /* that this thread has computed: what others take from the machine is not in it */
/* For single calls: the cheapest clock, and what lay between, less what reading it takes. */
uint64_t bench_tick(void);
double bench_tick_ns(uint64_t from, uint64_t to);
struct dtss_time bench_now(uint64_t ms); /* an engine's: so long after a moment of ours */

/* --- samples --- */
struct bench_samples {
	double *values;
	size_t count;
	size_t cap;
};
void bench_reserve(struct bench_samples *s, size_t count); /* so that bench_add() does not allocate */
void bench_add(struct bench_samples *s, double value);
double bench_mean(const struct bench_samples *s);
double bench_percentile(const struct bench_samples *s, double percent); /* 0 of none */
double bench_median(const struct bench_samples *s);
double bench_p99(const struct bench_samples *s);
void bench_samples_fini(struct bench_samples *s); /* and it can be used again */

/* --- ways to do the same: in turn, so that a noisy machine is noisy for all of them --- */
struct bench_way {
	double (*once)(void *ctx); /* gives its figure (ns an operation, or operations a second); negative: failed */
	void *ctx;
	struct bench_samples figures; /* one a round; the caller's to free */
};
/* Every way once a round; so many rounds, or as many as fit the time, but one (quick: just one). 0, or -1: one failed. */
int bench_interleave(struct bench_run *run, struct bench_way *ways, size_t count, unsigned rounds, double seconds);
/* The median of the rounds' quotients a / b. */
double bench_ratio(const struct bench_way *a, const struct bench_way *b);

/* --- memory and processes --- */
struct bench_mem {
	struct dtss_mem mem; /* over malloc; ctx is this */
	uint64_t bytes;      /* given and not yet taken back */
	uint64_t peak;
	uint64_t blocks;
	uint64_t calls; /* of alloc and realloc */
};
void bench_mem_init(struct bench_mem *m);
uint64_t bench_rss_bytes(pid_t pid);      /* resident; 0: itself; gives 0 when that is not known */
uint64_t bench_process_cpu_ns(pid_t pid); /* user and system, of all its threads; to 10 ms */
/* A new directory for files, on the disk of $TMPDIR; and away with all that is in it. */
void bench_dir_make(char path[64]);
void bench_dir_remove(const char *path);

#endif
