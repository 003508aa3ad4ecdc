/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

int bench_interleave(struct bench_run *run, struct bench_way *ways, size_t count, unsigned rounds, double seconds)
{
	uint64_t begin = bench_ns();

	for (unsigned round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			double figure = ways[i].once(ways[i].ctx);

			if (figure < 0)
				return -1;
			bench_add(&ways[i].figures, figure);
		}
		if (bench_quick(run) || (double)(bench_ns() - begin) > seconds * 1e9)
			break;
	}
	return 0;
}

double bench_ratio(const struct bench_way *a, const struct bench_way *b)
{
	struct bench_samples quotients = { 0 };
	double median;

	for (size_t i = 0; i < a->figures.count && i < b->figures.count; i++)
		if (b->figures.values[i] > 0)
			bench_add(&quotients, a->figures.values[i] / b->figures.values[i]);
	median = bench_median(&quotients);
	bench_samples_fini(&quotients);
	return median;
}
