/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/engine.h"
#include "support/rand.h"

/*
 * A heartbeat of an agent without attempts, of agents in random order. What it says stands in the cache, as it does when it
 * has just been decoded; what the engine knows of the agent does not. A program that has just decoded it holds nothing else
 * of that agent, so what is kept here to make the next one from is eight bytes: more would take the engine's cache.
 */
#define HEARTBEAT_BATCH 256
#define HEARTBEAT_NS 700000000 /* for each case */
#define HEARTBEAT_QUICK_WORKERS 100
#define HEARTBEAT_TAGS 5

enum heartbeat_change { HEARTBEAT_NOTHING = 0, HEARTBEAT_LOAD = 1, HEARTBEAT_RETAG = 2 };

struct heartbeat_said {
	struct dtss_heartbeat hb;
	char name[16];
	const char *tags[HEARTBEAT_TAGS];
};

struct heartbeat_worker {
	uint8_t max, used;
	uint8_t tag_count;
	uint8_t tags[HEARTBEAT_TAGS];
};

struct heartbeat {
	struct world world; /* where the workers were drawn */
	struct heartbeat_worker *workers;
	struct dtss_sched *sched;
	struct rand rnd;
	uint64_t ms;
	uint64_t number; /* of the last heartbeat, whose ever it was */
	struct heartbeat_said said[HEARTBEAT_BATCH];
	struct bench_samples means, calls; /* ns of a batch's calls, and of single ones */
};

static const struct world_kind heartbeat_world = { "random", "mixed", 200, HEARTBEAT_TAGS, 0, 100, 0, 3, 0, 0 };

/* w0000000 and so on, as the world calls them. */
static void heartbeat_name(char name[16], size_t i)
{
	name[8] = 0;
	for (size_t at = 7; at > 0; at--, i /= 10)
		name[at] = (char)('0' + i % 10);
	name[0] = 'w';
}

static void heartbeat_make(struct heartbeat *h, struct heartbeat_said *said, size_t i)
{
	const struct heartbeat_worker *w = &h->workers[i];

	heartbeat_name(said->name, i);
	for (size_t t = 0; t < w->tag_count; t++)
		said->tags[t] = h->world.tag_names[w->tags[t]];
	said->hb = (struct dtss_heartbeat){ .size = sizeof said->hb,
					    .name = said->name,
					    .incarnation = 1,
					    .number = ++h->number,
					    .epoch = 1,
					    .kind = DTSS_WORKER_AGENT,
					    .max_tasks = w->max,
					    .used = w->used,
					    .sent_wall_ns = bench_now(h->ms).wall_ns,
					    .tags = said->tags,
					    .tag_count = w->tag_count };
}

/* What it says from now on, so that the next one finds it changed against this one. */
static void heartbeat_change(struct heartbeat *h, size_t i, enum heartbeat_change change)
{
	struct heartbeat_worker *w = &h->workers[i];

	if (change == HEARTBEAT_LOAD)
		w->used = (uint8_t)((w->used + 1 + (uint32_t)rand_below(&h->rnd, w->max)) % (w->max + 1u));
	if (change == HEARTBEAT_RETAG)
		w->tags[0] = (uint8_t)((w->tags[0] + 1 + (uint32_t)rand_below(&h->rnd, 99)) % h->world.tag_count);
}

static void heartbeat_batch(struct heartbeat *h, enum heartbeat_change change, int single)
{
	uint64_t begin;

	for (size_t n = 0; n < HEARTBEAT_BATCH; n++) {
		size_t i = rand_below(&h->rnd, h->world.count);

		heartbeat_change(h, i, change);
		heartbeat_make(h, &h->said[n], i);
	}
	begin = bench_tick();
	for (size_t n = 0; n < HEARTBEAT_BATCH; n++) {
		uint64_t from = single ? bench_tick() : 0;

		bench_must(dtss_sched_heartbeat(h->sched, bench_now(h->ms), &h->said[n].hb), "dtss_sched_heartbeat");
		if (single)
			bench_add(&h->calls, bench_tick_ns(from, bench_tick()));
	}
	if (!single)
		bench_add(&h->means, bench_tick_ns(begin, bench_tick()) / HEARTBEAT_BATCH);
	h->ms++;
	engine_settle(h->sched, h->ms);
}

static void heartbeat_case(struct bench_run *run, struct heartbeat *h, enum heartbeat_change change)
{
	static const char *const names[] = { "nothing", "load", "tags" };
	uint64_t begin = bench_ns();

	do {
		heartbeat_batch(h, change, 0);
		heartbeat_batch(h, change, 1);
	} while (!bench_quick(run) && bench_ns() - begin < HEARTBEAT_NS);
	bench_row(run);
	bench_text(run, "changed", names[change]);
	bench_count(run, "workers", h->world.count);
	bench_figure(run, "ns", bench_median(&h->means));
	bench_figure(run, "p99_ns", bench_p99(&h->calls));
	bench_samples_fini(&h->means);
	bench_samples_fini(&h->calls);
}

static void heartbeat_workers(struct bench_run *run, size_t workers)
{
	struct heartbeat h = { .rnd = { 2 } };

	world_make(&h.world, &heartbeat_world, workers);
	h.workers = bench_alloc(workers * sizeof *h.workers);
	h.sched = engine_make(dtss_mem_libc(), workers);
	for (size_t i = 0; i < workers; i++) {
		const struct world_worker *w = &h.world.workers[i];

		h.workers[i].max = (uint8_t)w->max;
		h.workers[i].used = (uint8_t)w->used;
		h.workers[i].tag_count = (uint8_t)w->tag_count;
		for (size_t t = 0; t < w->tag_count; t++)
			h.workers[i].tags[t] = (uint8_t)w->tags[t];
		heartbeat_make(&h, &h.said[0], i);
		bench_must(dtss_sched_heartbeat(h.sched, bench_now(0), &h.said[0].hb), "dtss_sched_heartbeat");
		engine_settle(h.sched, 0);
	}
	heartbeat_case(run, &h, HEARTBEAT_NOTHING);
	heartbeat_case(run, &h, HEARTBEAT_LOAD);
	heartbeat_case(run, &h, HEARTBEAT_RETAG);
	dtss_sched_destroy(h.sched);
	free(h.workers);
	world_fini(&h.world);
}

static int heartbeat(struct bench_run *run)
{
	static const size_t counts[] = { 10000, 100000 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (bench_case_count(run, counts[i]))
			heartbeat_workers(run, bench_quick(run) ? HEARTBEAT_QUICK_WORKERS : counts[i]);
	return 0;
}

const struct bench bench_heartbeat = { "heartbeat", "an agent's heartbeat that changes nothing, its load, or a tag",
				       "10000 100000", heartbeat };
