/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"

#define SAMPLES_FIRST 64

void bench_reserve(struct bench_samples *s, size_t count)
{
	double *values;

	if (count <= s->cap)
		return;
	values = realloc(s->values, count * sizeof *values);
	bench_must(values ? 0 : DTSS_E_NOMEM, "samples");
	for (size_t i = s->cap; i < count; i++)
		values[i] = 0; /* so that its pages are there */
	s->values = values;
	s->cap = count;
}

void bench_add(struct bench_samples *s, double value)
{
	if (s->count == s->cap)
		bench_reserve(s, s->cap ? 2 * s->cap : SAMPLES_FIRST);
	s->values[s->count++] = value;
}

double bench_mean(const struct bench_samples *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += s->values[i];
	return s->count ? sum / (double)s->count : 0;
}

static int samples_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of a copy: the order in which they came says which belong together. */
double bench_percentile(const struct bench_samples *s, double percent)
{
	size_t at = (size_t)(percent / 100 * (double)s->count);
	double *sorted, value;

	if (s->count == 0)
		return 0;
	sorted = bench_alloc(s->count * sizeof *sorted);
	memcpy(sorted, s->values, s->count * sizeof *sorted);
	qsort(sorted, s->count, sizeof *sorted, samples_order);
	value = sorted[at < s->count ? at : s->count - 1];
	free(sorted);
	return value;
}

double bench_median(const struct bench_samples *s)
{
	return bench_percentile(s, 50);
}

double bench_p99(const struct bench_samples *s)
{
	return bench_percentile(s, 99);
}

void bench_samples_fini(struct bench_samples *s)
{
	free(s->values);
	*s = (struct bench_samples){ 0 };
}
