/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "bench/bench.h"
#include "bench/support/chase.h"
#include "support/rand.h"

#define CHASE_LINE 64
#define CHASE_BYTES (UINT64_C(512) << 20)
#define CHASE_BYTES_QUICK (UINT64_C(1) << 20)
#define CHASE_STEPS 50000
#define CHASE_STEPS_QUICK 1000

/* One cycle through all lines: Sattolo 1986. */
void chase_make(struct chase *c, int quick)
{
	size_t count = (quick ? CHASE_BYTES_QUICK : CHASE_BYTES) / CHASE_LINE, words = CHASE_LINE / sizeof(void *);
	uint32_t *next = bench_alloc(count * sizeof *next);
	struct rand rnd = { 1 };

	c->lines = bench_alloc(count * CHASE_LINE);
	c->steps = quick ? CHASE_STEPS_QUICK : CHASE_STEPS;
	for (size_t i = 0; i < count; i++)
		next[i] = (uint32_t)i;
	for (size_t i = count - 1; i > 0; i--) {
		size_t j = rand_below(&rnd, i);
		uint32_t swap = next[i];

		next[i] = next[j];
		next[j] = swap;
	}
	for (size_t i = 0; i < count; i++)
		c->lines[i * words] = &c->lines[next[i] * words];
	c->at = c->lines;
	free(next);
}

double chase_once(void *chase)
{
	struct chase *c = chase;
	void **at = c->at;
	uint64_t begin = bench_cpu_ns();

	for (size_t i = 0; i < c->steps; i++)
		at = *(void *volatile *)at;
	c->at = at;
	return (double)(bench_cpu_ns() - begin) / (double)c->steps;
}

void chase_fini(struct chase *c)
{
	free(c->lines);
}
