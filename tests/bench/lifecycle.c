/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/support/cycle.h"
#include "bench/support/raw_sqlite.h"

/*
 * Submit, lease, start, succeed, in one process: 16 queues, 1,000 workers. A task is four verbs; so many of them share a
 * commit, and with SQLite it is on the disk before anybody hears of it.
 */
#define LIFECYCLE_ROUNDS 9
#define LIFECYCLE_SLICE_NS 120000000u
#define LIFECYCLE_SLICE_QUICK_NS 2000000u
#define LIFECYCLE_FSYNC_S 0.2

struct lifecycle_case {
	const char *name;
	const char *store;
	const char *layer;
	enum cycle_layer depth;
	uint32_t group;
};

static const struct lifecycle_case lifecycle_cases[] = {
	{ "engine", "none", "engine", CYCLE_ENGINE, 1000 },
	{ "engine-memory", "memory", "engine", CYCLE_ENGINE, 1000 },
	{ "memory", "memory", "node", CYCLE_NODE, 1000 },
	{ "memory-1", "memory", "node", CYCLE_NODE, 1 },
	{ "sqlite-1", "sqlite", "node", CYCLE_NODE, 1 },
	{ "sqlite-100", "sqlite", "node", CYCLE_NODE, 100 },
	{ "sqlite-1000", "sqlite", "node", CYCLE_NODE, 1000 },
};

struct lifecycle {
	struct bench_run *run;
	const struct lifecycle_case *what;
	uint64_t slice_ns;
	char dir[64];
	struct tape tape;
	struct raw_sqlite raw;
	struct cycle *cycle;
	uint64_t tasks;               /* that were finished in the last slice */
	struct bench_samples cpu;     /* ns a task that were computed, not waited for a disk */
	struct bench_samples raw_cpu; /* of the yardstick */
};

static double lifecycle_ours(void *ctx)
{
	struct lifecycle *l = ctx;
	uint64_t from, to, before = l->cycle->finished, cpu = bench_cpu_ns();

	tape_forget(&l->tape);
	from = to = bench_ns();
	while (to - from < l->slice_ns || l->cycle->finished == before) {
		cycle_round(l->cycle);
		to = bench_ns();
	}
	l->tasks = l->cycle->finished - before;
	bench_add(&l->cpu, (double)(bench_cpu_ns() - cpu - l->tape.cpu_ns) / (double)l->tasks);
	return (double)l->tasks * 1e9 / (double)(to - from - l->tape.ns);
}

/* The rows of the slice before. */
static double lifecycle_raw(void *ctx)
{
	struct lifecycle *l = ctx;
	uint64_t from, to, cpu;

	tape_play(&l->tape);
	from = bench_ns();
	cpu = bench_cpu_ns();
	raw_sqlite_write(&l->raw, &l->tape);
	to = bench_ns();
	bench_add(&l->raw_cpu, (double)(bench_cpu_ns() - cpu) / (double)l->tasks);
	return (double)l->tasks * 1e9 / (double)(to - from);
}

static double lifecycle_fsync(void *ctx)
{
	struct lifecycle *l = ctx;
	char path[96];

	(void)snprintf(path, sizeof path, "%s/fsync", l->dir);
	return raw_fdatasync(path, bench_quick(l->run) ? 0.001 : LIFECYCLE_FSYNC_S / LIFECYCLE_ROUNDS);
}

static struct dtss_store *lifecycle_store(struct lifecycle *l)
{
	struct dtss_store *store = NULL;
	char path[96], message[256];

	if (strcmp(l->what->store, "memory") == 0)
		bench_must(dtss_memory_open(&store, NULL), "dtss_memory_open");
	if (strcmp(l->what->store, "sqlite") != 0)
		return store;
	(void)snprintf(path, sizeof path, "%s/raw", l->dir);
	raw_sqlite_open(&l->raw, path);
	(void)snprintf(path, sizeof path, "%s/store", l->dir);
	bench_must(dtss_sqlite_open(&store, path, message, sizeof message), message);
	return tape_open(&l->tape, store);
}

static void lifecycle_figures(struct lifecycle *l, struct bench_way *ways, size_t count)
{
	double tasks = bench_median(&ways[0].figures);

	bench_row(l->run);
	bench_text(l->run, "store", l->what->store);
	bench_text(l->run, "layer", l->what->layer);
	bench_count(l->run, "group", l->what->group);
	bench_figure(l->run, "tasks_per_s", tasks);
	bench_figure(l->run, "cpu_ns", bench_median(&l->cpu));
	if (count > 1) {
		bench_figure(l->run, "ratio_raw", bench_ratio(&ways[0], &ways[1]));
		bench_figure(l->run, "raw_per_s", bench_median(&ways[1].figures));
		bench_figure(l->run, "raw_cpu_ns", bench_median(&l->raw_cpu));
		bench_figure(l->run, "fdatasync_per_s", bench_median(&ways[2].figures));
	}
}

static int lifecycle_one(struct bench_run *run, const struct lifecycle_case *what)
{
	struct lifecycle l = { .run = run, .what = what };
	struct bench_way ways[] = { { lifecycle_ours, &l, { 0 } },
				    { lifecycle_raw, &l, { 0 } },
				    { lifecycle_fsync, &l, { 0 } } };
	int sqlite = strcmp(what->store, "sqlite") == 0;
	size_t i, count = sqlite ? 3 : 1;
	int rc;

	l.slice_ns = bench_quick(run) ? LIFECYCLE_SLICE_QUICK_NS : LIFECYCLE_SLICE_NS;
	bench_dir_make(l.dir);
	l.cycle = cycle_open(what->depth, lifecycle_store(&l), what->group, NULL);
	bench_must(l.cycle != NULL ? 0 : DTSS_E_NOMEM, "cycle_open");
	rc = bench_interleave(run, ways, count, LIFECYCLE_ROUNDS, 5.0);
	if (cycle_close(l.cycle) < 0)
		rc = bench_fail(run, "%s: not every task has succeeded", what->name);
	if (sqlite)
		raw_sqlite_close(&l.raw);
	if (rc == 0)
		lifecycle_figures(&l, ways, count);
	for (i = 0; i < count; i++)
		bench_samples_fini(&ways[i].figures);
	bench_samples_fini(&l.cpu);
	bench_samples_fini(&l.raw_cpu);
	tape_fini(&l.tape);
	bench_dir_remove(l.dir);
	return rc;
}

static int lifecycle(struct bench_run *run)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof lifecycle_cases / sizeof lifecycle_cases[0] && rc == 0; i++)
		if (bench_case(run, lifecycle_cases[i].name))
			rc = lifecycle_one(run, &lifecycle_cases[i]);
	return rc;
}

const struct bench bench_lifecycle = { "lifecycle", "submit, lease, start, succeed in one process",
				       "engine, engine-memory, memory, memory-1, sqlite-1, sqlite-100, sqlite-1000",
				       lifecycle };
