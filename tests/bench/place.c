/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "bench/bench.h"
#include "bench/support/chase.h"
#include "bench/support/naive.h"
#include "bench/support/place.h"

/* Which worker should run this? By kind of fleet, at each number of workers. */
#define PLACE_COUNTS_MAX 5
#define PLACE_SECONDS 0.3
#define PLACE_ROUNDS 9
#define PLACE_ONCE_NS 40000000
#define PLACE_CALLS_MAX 200000
#define PLACE_LOOK 16 /* requests between two looks at the clock */
#define PLACE_WARM_ASKED 100
#define PLACE_WARM_FASTER 0.9
#define PLACE_WARM_NS UINT64_C(2000000000)
#define PLACE_WORKERS_SLOW 1000000 /* to be known to an engine: only when asked for */
#define PLACE_QUICK_WORKERS 100

struct place_case {
	struct world_kind kind;
	size_t counts[PLACE_COUNTS_MAX]; /* 0: no more */
};

static const struct place_case cases[] = {
	{ { "random", "mixed", 200, 5, 0, 100, 0, 3, 0, 0 }, { 100, 1000, 10000, 100000, 1000000 } },
	{ { "grouped", "mixed", 200, 5, 32, 100, 0, 3, 0, 0 }, { 10000, 1000000 } },
	{ { "half", "half", 20, 0, 0, 1000, 3, 3, 0, 0 }, { 1000, 10000, 100000 } },
	{ { "rare", "rare", 0, 5, 0, 100, 1, 1, 0, 0 }, { 10000 } },
	{ { "full", "mixed", 200, 5, 0, 100, 0, 3, 1, 0 }, { 10000 } },
	{ { "sizes", "mixed", 200, 5, 0, 100, 0, 3, 0, 1 }, { 10000 } },
	{ { "requirements", "mixed", 200, 5, 0, 1000, 0, 3, 0, 0 }, { 10000 } },
	{ { "fresh", "mixed", 200, 5, 0, 0, 0, 3, 0, 0 }, { 10000 } },
};

/* How many requests it was. calls NULL: their times are not kept. */
static size_t place_batch(struct place *p, struct bench_samples *calls)
{
	uint64_t begin = bench_tick();
	size_t n = 0;

	do {
		uint32_t request = p->world->requests[p->next++ % WORLD_REQUESTS];
		uint64_t from = calls ? bench_tick() : 0;
		int placed = p->one(p, request);

		if (calls)
			bench_add(calls, bench_tick_ns(from, bench_tick()));
		*(placed ? &p->placed : &p->refused) += 1;
		n++;
	} while (n < PLACE_BATCH && (n % PLACE_LOOK != 0 || bench_tick_ns(begin, bench_tick()) < (double)p->once_ns));
	return n;
}

/* Batches until the time is over. */
static double place_once(void *place)
{
	struct place *p = place;
	uint64_t begin = bench_ns(), took = 0, requests = 0;

	do {
		uint64_t from = bench_cpu_ns();

		requests += place_batch(p, NULL);
		took += bench_cpu_ns() - from;
		p->take_back(p);
		if (p->calls.count < p->calls_max)
			place_batch(p, &p->calls);
		p->take_back(p);
	} while (bench_ns() - begin < p->once_ns);
	return (double)took / (double)requests;
}

/* What is made on first use is made: every requirement was asked for often, and it becomes no faster any more. */
static void place_warm(struct place *p)
{
	uint64_t begin = bench_cpu_ns(), requests = p->world->kind->needs * PLACE_WARM_ASKED;
	double before, ns = 0;

	do {
		before = ns;
		ns = place_once(p);
	} while (bench_cpu_ns() - begin < PLACE_WARM_NS &&
		 (p->placed + p->refused < requests || before == 0 || ns < before * PLACE_WARM_FASTER));
	p->placed = p->refused = 0;
	p->calls.count = 0;
}

/* Nothing is made yet: the longest answer to a requirement that was never asked for. */
static double place_first(struct place *p)
{
	double longest = 0;

	for (uint32_t i = 0; i < p->world->need_count && i < PLACE_BATCH; i++) {
		uint64_t from = bench_tick();
		double ns;

		p->one(p, i);
		ns = bench_tick_ns(from, bench_tick());
		longest = ns > longest ? ns : longest;
	}
	p->take_back(p);
	return longest;
}

/* What the three ways need, and what came out, for the growth. */
struct place_run {
	struct bench_run *run;
	struct chase chase;
	struct naive naive;
	struct place place;
	double first_ns;
	double first, last; /* ns of the decision among 1,000 and among 1,000,000 workers */
};

static void place_row(struct place_run *r, const struct world *w, const char *level, const struct bench_way *ways)
{
	struct bench_run *run = r->run;
	const struct place *p = &r->place;

	bench_row(run);
	bench_text(run, "case", w->kind->name);
	bench_text(run, "level", level);
	bench_count(run, "workers", w->count);
	bench_text(run, "tags", w->kind->tags);
	bench_count(run, "requirements", w->need_count);
	bench_figure(run, "none", (double)p->refused / (double)(p->placed + p->refused));
	bench_figure(run, "ns", bench_median(&ways[0].figures));
	bench_figure(run, "p99_ns", bench_p99(&p->calls));
	bench_figure(run, "first_ns", r->first_ns);
	bench_figure(run, "naive_ns", bench_median(&ways[1].figures));
	bench_figure(run, "ratio_naive", bench_ratio(&ways[1], &ways[0]));
	bench_figure(run, "miss_ns", bench_median(&ways[2].figures));
	bench_figure(run, "misses", bench_ratio(&ways[0], &ways[2]));
	bench_figure(run, "bytes_worker", (double)p->mem.bytes / (double)w->count);
}

static int place_measure(struct place_run *r, const struct world *w, int verb)
{
	struct place *p = &r->place;
	struct bench_way ways[] = { { place_once, p, { 0 } },
				    { naive_once, &r->naive, { 0 } },
				    { chase_once, &r->chase, { 0 } } };
	double ns;
	int failed;

	memset(p, 0, sizeof *p);
	p->once_ns = bench_quick(r->run) ? 1 : PLACE_ONCE_NS;
	p->calls_max = PLACE_CALLS_MAX;
	bench_reserve(&p->calls, p->calls_max + PLACE_BATCH);
	if (verb)
		place_sched_make(p, w);
	else
		place_pool_make(p, w);
	r->first_ns = place_first(p);
	if (!bench_quick(r->run))
		place_warm(p);
	failed = bench_interleave(r->run, ways, 3, PLACE_ROUNDS, PLACE_SECONDS);
	ns = bench_median(&ways[0].figures);
	if (!verb && strcmp(w->kind->name, "random") == 0 && (w->count == 1000 || w->count == 1000000))
		*(w->count == 1000 ? &r->first : &r->last) = ns;
	place_row(r, w, verb ? "verb" : "decision", ways);
	if (verb)
		place_sched_fini(p);
	else
		place_pool_fini(p);
	bench_samples_fini(&p->calls);
	for (size_t i = 0; i < 3; i++)
		bench_samples_fini(&ways[i].figures);
	return failed;
}

static int place_case(struct place_run *r, const struct world_kind *kind, size_t workers)
{
	struct world w;
	int failed = 0;

	world_make(&w, kind, workers);
	naive_make(&r->naive, &w);
	if (kind->needs > 0) /* needs that are in use; the verb has none to begin with */
		failed = place_measure(r, &w, 0);
	if (!failed && (workers < PLACE_WORKERS_SLOW || bench_asked(r->run, workers)))
		failed = place_measure(r, &w, 1);
	naive_fini(&r->naive);
	world_fini(&w);
	return failed;
}

static int place(struct bench_run *run)
{
	struct place_run r = { .run = run };
	int failed = 0;

	chase_make(&r.chase, bench_quick(run));
	for (size_t i = 0; i < sizeof cases / sizeof *cases && !failed; i++) {
		int named = bench_case(run, cases[i].kind.name);

		for (size_t c = 0; c < PLACE_COUNTS_MAX && cases[i].counts[c] && !failed; c++) {
			size_t count = cases[i].counts[c];

			if ((i == 0 && bench_case_count(run, count)) || named)
				failed = place_case(&r, &cases[i].kind, bench_quick(run) ? PLACE_QUICK_WORKERS : count);
			if (bench_quick(run))
				break;
		}
	}
	chase_fini(&r.chase);
	if (r.first > 0 && r.last > 0) {
		bench_row(run);
		bench_text(run, "case", "random");
		bench_text(run, "level", "decision");
		bench_text(run, "workers", "1000-1000000");
		bench_figure(run, "growth", r.last / r.first);
	}
	return failed;
}

const struct bench bench_place = {
	"place", "which worker should run this?",
	"100 1000 10000 100000 1000000 random grouped half rare full sizes requirements fresh", place
};
