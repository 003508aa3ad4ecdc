/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/naive.h"

#define NAIVE_CALLS_MIN 4      /* one of each number of tags */
#define NAIVE_ONCE_NS 20000000 /* as many fours as fit */

void naive_make(struct naive *n, const struct world *w)
{
	size_t tags = 0, at = 0;

	for (size_t i = 0; i < w->count; i++)
		tags += w->workers[i].tag_count;
	n->world = w;
	n->next = 0;
	n->workers = bench_alloc(w->count * sizeof *n->workers);
	n->candidates = bench_alloc(w->count * sizeof *n->candidates);
	n->tags = bench_alloc((tags + 1) * sizeof *n->tags);
	n->text = bench_alloc((tags + 1) * sizeof *w->tag_names);
	for (size_t i = 0; i < w->count; i++) {
		const struct world_worker *from = &w->workers[i];

		n->workers[i] =
			(struct naive_worker){ from->name, from->max, from->used, from->tag_count, n->tags + at };
		for (uint32_t t = 0; t < from->tag_count; t++, at++)
			n->tags[at] = strcpy(n->text + at * sizeof *w->tag_names, from->names[t]);
	}
}

static int naive_has(const struct naive_worker *w, const char *tag)
{
	for (uint32_t i = 0; i < w->tag_count; i++)
		if (strcmp(w->tags[i], tag) == 0)
			return 1;
	return 0;
}

static int naive_fits(const struct naive_worker *w, const struct world_need *need)
{
	for (uint32_t i = 0; i < need->count; i++)
		if (!naive_has(w, need->names[i]))
			return 0;
	return w->used < w->max;
}

static int naive_order(const void *a, const void *b)
{
	const struct naive_worker *x = *(struct naive_worker *const *)a, *y = *(struct naive_worker *const *)b;
	double load_x = (double)x->used / x->max, load_y = (double)y->used / y->max;

	return (load_x > load_y) - (load_x < load_y);
}

static struct naive_worker *naive_place(struct naive *n, const struct world_need *need)
{
	size_t count = 0;

	for (size_t i = 0; i < n->world->count; i++)
		if (naive_fits(&n->workers[i], need))
			n->candidates[count++] = &n->workers[i];
	if (count == 0)
		return NULL;
	qsort(n->candidates, count, sizeof(struct naive_worker *), naive_order);
	n->candidates[0]->used++;
	return n->candidates[0];
}

/* What was given is taken back at once: that costs nothing here. */
double naive_once(void *naive)
{
	struct naive *n = naive;
	uint64_t begin = bench_cpu_ns(), took;
	uint64_t calls = 0;

	do {
		for (int i = 0; i < NAIVE_CALLS_MIN; i++, calls++) {
			struct naive_worker *w = naive_place(n, &n->world->needs[n->world->requests[n->next]]);

			n->next = (n->next + 1) % WORLD_REQUESTS;
			if (w)
				w->used--;
		}
		took = bench_cpu_ns() - begin;
	} while (took < NAIVE_ONCE_NS);
	return (double)took / (double)calls;
}

void naive_fini(struct naive *n)
{
	free(n->workers);
	free(n->candidates);
	free(n->tags);
	free(n->text);
}
