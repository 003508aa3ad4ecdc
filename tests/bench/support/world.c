/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/world.h"
#include "support/rand.h"

#define WORLD_RARE_WORKERS 10
#define WORLD_MAX 128
#define WORLD_BITS 16

/* So many distinct numbers below the limit, sorted. */
static void world_draw(struct rand *rnd, uint32_t *numbers, uint32_t count, uint32_t limit)
{
	for (uint32_t n = 0; n < count;) {
		uint32_t number = (uint32_t)rand_below(rnd, limit), at = n;

		while (at > 0 && numbers[at - 1] > number)
			at--;
		if (at > 0 && numbers[at - 1] == number)
			continue;
		memmove(numbers + at + 1, numbers + at, (n - at) * sizeof *numbers);
		numbers[at] = number;
		n++;
	}
}

static uint32_t world_worker_tags(const struct world *w, struct rand *rnd, uint32_t *tags)
{
	uint32_t count = 0;

	if (w->kind->worker_tags > 0) {
		world_draw(rnd, tags, w->kind->worker_tags, w->tag_count);
		return w->kind->worker_tags;
	}
	for (uint32_t tag = 0; tag < w->tag_count; tag++)
		if (rand_below(rnd, 2) == 0)
			tags[count++] = tag;
	return count;
}

static void world_worker_make(struct world *w, struct rand *rnd, size_t i, size_t room)
{
	struct world_worker *worker = &w->workers[i];
	uint32_t limit;

	snprintf(worker->name, sizeof worker->name, "w%07u", (unsigned)i);
	worker->tags = w->tags + i * room;
	worker->names = w->names + i * room;
	if (w->kind->sets > 0 && i >= w->kind->sets) {
		const struct world_worker *like = &w->workers[i % w->kind->sets];

		worker->tag_count = like->tag_count;
		memcpy(worker->tags, like->tags, like->tag_count * sizeof *like->tags);
	} else {
		worker->tag_count = world_worker_tags(w, rnd, worker->tags);
	}
	for (uint32_t t = 0; t < worker->tag_count; t++)
		worker->names[t] = w->tag_names[worker->tags[t]];
	limit = w->kind->sizes ? UINT32_C(1) << rand_below(rnd, WORLD_BITS) : WORLD_MAX;
	worker->max = 1 + (uint32_t)rand_below(rnd, limit);
	worker->used = w->kind->full ? worker->max : (uint32_t)rand_below(rnd, worker->max / 2 + 1);
}

static void world_need_make(struct world *w, struct rand *rnd, uint32_t i, uint32_t arity)
{
	struct world_need *need = &w->needs[i];

	need->count = arity;
	world_draw(rnd, need->tags, arity, w->tag_count);
	for (uint32_t t = 0; t < arity; t++)
		need->names[t] = w->tag_names[need->tags[t]];
}

/* Needs i, i + span, i + 2 span … have the arity arity_min + i; there is one without tags. */
static void world_requests_make(struct world *w, struct rand *rnd)
{
	const struct world_kind *kind = w->kind;
	uint32_t span = kind->arity_max - kind->arity_min + 1;

	w->need_count = kind->needs ? kind->needs : WORLD_REQUESTS;
	w->needs = bench_alloc(w->need_count * sizeof *w->needs);
	w->requests = bench_alloc(WORLD_REQUESTS * sizeof *w->requests);
	for (uint32_t i = 0; i < w->need_count; i++)
		world_need_make(w, rnd, i, kind->arity_min + i % span);
	for (uint32_t i = 0; i < WORLD_REQUESTS; i++) {
		uint32_t lane = i % span;

		if (kind->needs == 0)
			w->requests[i] = i;
		else if (kind->arity_min + lane > 0)
			w->requests[i] =
				lane + span * (uint32_t)rand_below(rnd, (w->need_count - lane + span - 1) / span);
	}
}

void world_make(struct world *w, const struct world_kind *kind, size_t workers)
{
	struct rand rnd = { 4 };
	size_t room;

	memset(w, 0, sizeof *w);
	w->kind = kind;
	w->count = workers;
	w->tag_count = kind->tag_count;
	if (w->tag_count == 0)
		w->tag_count = (uint32_t)(workers * kind->worker_tags / WORLD_RARE_WORKERS) + kind->worker_tags;
	room = kind->worker_tags ? kind->worker_tags : w->tag_count;
	w->tag_names = bench_alloc(w->tag_count * sizeof *w->tag_names);
	for (uint32_t i = 0; i < w->tag_count; i++)
		snprintf(w->tag_names[i], sizeof *w->tag_names, "tag-%u", i);
	w->workers = bench_alloc(workers * sizeof *w->workers);
	w->tags = bench_alloc(workers * room * sizeof *w->tags);
	w->names = bench_alloc(workers * room * sizeof *w->names);
	for (size_t i = 0; i < workers; i++)
		world_worker_make(w, &rnd, i, room);
	world_requests_make(w, &rnd);
}

void world_fini(struct world *w)
{
	free(w->tag_names);
	free(w->workers);
	free(w->tags);
	free(w->names);
	free(w->needs);
	free(w->requests);
}
