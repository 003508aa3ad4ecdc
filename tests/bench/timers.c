/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "core/wheel.h"
#include "support/rand.h"

/*
 * The engine's timing wheel with a million timers set. Horizons as the engine has them: a start to be confirmed within a
 * second, leases of 30 s, backoffs of minutes, keys of a day, and a few of a year. Timers are touched in random order.
 */
#define TIMERS 1000000
#define TIMERS_QUICK 1000
#define TIMERS_ROUNDS 7
#define TIMERS_SECONDS 10.0
#define NS_PER_MS UINT64_C(1000000)

struct timers {
	struct wheel wheel;
	struct timer *timers;
	uint64_t *due;
	uint32_t *order;
	size_t count;
	uint64_t now_ns;
	struct rand rnd;
};

/* What is not measured: when each will be due from now on, and in which order they are touched. */
static void timers_draw(struct timers *t)
{
	static const uint64_t ms[] = { 1000, 30000, 30000, 30000, 300000, 86400000, 31536000000 };

	for (size_t i = 0; i < t->count; i++) {
		size_t j = rand_below(&t->rnd, i + 1);

		t->due[i] =
			t->now_ns + rand_below(&t->rnd, ms[rand_below(&t->rnd, sizeof ms / sizeof *ms)] * NS_PER_MS);
		t->order[i] = t->order[j];
		t->order[j] = (uint32_t)i;
	}
}

static double timers_add(void *ctx)
{
	struct timers *t = ctx;
	uint64_t begin;

	memset(t->timers, 0, t->count * sizeof *t->timers);
	wheel_init(&t->wheel, t->now_ns);
	timers_draw(t);
	begin = bench_cpu_ns();
	for (size_t i = 0; i < t->count; i++)
		wheel_set(&t->wheel, &t->timers[i], t->due[i]);
	return (double)(bench_cpu_ns() - begin) / (double)t->count;
}

static double timers_rearm(void *ctx)
{
	struct timers *t = ctx;
	uint64_t begin;

	timers_draw(t);
	begin = bench_cpu_ns();
	for (size_t i = 0; i < t->count; i++)
		wheel_set(&t->wheel, &t->timers[t->order[i]], t->due[i]);
	return (double)(bench_cpu_ns() - begin) / (double)t->count;
}

static double timers_cancel(void *ctx)
{
	struct timers *t = ctx;
	uint64_t begin = bench_cpu_ns();

	for (size_t i = 0; i < t->count; i++)
		wheel_cancel(&t->wheel, &t->timers[t->order[i]]);
	return (double)(bench_cpu_ns() - begin) / (double)t->count;
}

/* Time goes on as the wheel asks for it, until the last of them is due; what moves down the levels is part of it. */
static double timers_fire(void *ctx)
{
	struct timers *t = ctx;
	uint64_t begin, next;
	size_t fired = 0;

	timers_add(t);
	begin = bench_cpu_ns();
	while ((next = wheel_next(&t->wheel)) != DTSS_NEVER) {
		if (next > t->now_ns)
			t->now_ns = next;
		while (wheel_pop(&t->wheel, t->now_ns))
			fired++;
	}
	return fired == t->count ? (double)(bench_cpu_ns() - begin) / (double)t->count : -1;
}

static int timers(struct bench_run *run)
{
	static const char *const names[] = { "add", "rearm", "cancel", "fire" };
	struct timers t = { .count = bench_quick(run) ? TIMERS_QUICK : TIMERS, .rnd = { 1 } };
	struct bench_way ways[] = { { timers_add, &t, { 0 } },
				    { timers_rearm, &t, { 0 } },
				    { timers_cancel, &t, { 0 } },
				    { timers_fire, &t, { 0 } } };
	int failed;

	t.timers = bench_alloc(t.count * sizeof *t.timers);
	t.due = bench_alloc(t.count * sizeof *t.due);
	t.order = bench_alloc(t.count * sizeof *t.order);
	failed = bench_interleave(run, ways, 4, TIMERS_ROUNDS, TIMERS_SECONDS);
	for (size_t i = 0; i < 4 && !failed; i++) {
		bench_row(run);
		bench_text(run, "case", names[i]);
		bench_count(run, "timers", t.count);
		bench_figure(run, "ns", bench_median(&ways[i].figures));
	}
	for (size_t i = 0; i < 4; i++)
		bench_samples_fini(&ways[i].figures);
	free(t.timers);
	free(t.due);
	free(t.order);
	return failed ? bench_fail(run, "not every timer fired") : 0;
}

const struct bench bench_timers = { "timers", "a million timers of mixed horizon in the engine's wheel", NULL, timers };
