/* SPDX-License-Identifier: MIT */
#include <time.h>
#include "bench/bench.h"
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define CALIBRATE_NS 20000000
#define CALIBRATE_READS 10001

static uint64_t clock_read(clockid_t clock)
{
	struct timespec t;

	bench_must(clock_gettime(clock, &t), "clock_gettime");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t bench_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_ns(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

struct dtss_time bench_now(uint64_t ms)
{
	return (struct dtss_time){ (1000 + ms) * 1000000, 1700000000000000000 + (int64_t)ms * 1000000 };
}

/* What was called in between has begun after the first and has ended before the second. */
uint64_t bench_tick(void)
{
#if defined(__x86_64__)
	unsigned aux;
	uint64_t tick = __rdtscp(&aux);

	_mm_lfence();
	return tick;
#else
	return bench_ns();
#endif
}

/* How long a tick is, and how many of them reading the clock takes: the median of many readings. */
static double clock_scale(double *ret_overhead)
{
	struct bench_samples reads = { 0 };
	uint64_t from = bench_tick(), from_ns = bench_ns(), to, to_ns;

	bench_reserve(&reads, CALIBRATE_READS);
	for (int i = 0; i < CALIBRATE_READS; i++) {
		uint64_t tick = bench_tick();

		bench_add(&reads, (double)(bench_tick() - tick));
	}
	*ret_overhead = bench_median(&reads);
	bench_samples_fini(&reads);
	do {
		to = bench_tick();
		to_ns = bench_ns();
	} while (to_ns - from_ns < CALIBRATE_NS);
	return (double)(to_ns - from_ns) / (double)(to - from);
}

double bench_tick_ns(uint64_t from, uint64_t to)
{
	static double scale, overhead;
	double ticks;

	if (scale == 0)
		scale = clock_scale(&overhead);
	ticks = (double)(to - from) - overhead;
	return ticks > 0 ? ticks * scale : 0;
}
