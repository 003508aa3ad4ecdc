/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"
#include "bench/support/cycle.h"

/*
 * Memory of a node that finishes task after task, with the memory store, at every million: what it gave out and has not
 * got back, and what the process holds. From the first million on nothing may grow, so that is what the others are
 * compared with. As many millions as fit the time; `steady:full` goes on to ten whatever that takes.
 */
#define STEADY_TASKS 10000000u
#define STEADY_EACH 1000000u
#define STEADY_EACH_QUICK 2000u
#define STEADY_GROUP 1000
#define STEADY_SECONDS 15.0

static void steady_row(struct bench_run *run, const struct bench_mem *mem, uint64_t tasks, const double *first)
{
	double bytes = (double)mem->bytes, rss = (double)bench_rss_bytes(0);

	bench_row(run);
	bench_count(run, "tasks", tasks);
	bench_count(run, "bytes", mem->bytes);
	bench_count(run, "blocks", mem->blocks);
	bench_figure(run, "rss_bytes", rss);
	bench_figure(run, "bytes_percent", first[0] > 0 ? bytes * 100 / first[0] : 100);
	bench_figure(run, "rss_percent", first[1] > 0 ? rss * 100 / first[1] : 100);
}

static int steady(struct bench_run *run)
{
	uint64_t each = bench_quick(run) ? STEADY_EACH_QUICK : STEADY_EACH, next = each, from = bench_ns();
	int full = bench_case(run, "full") && !bench_case(run, "short");
	double first[2] = { 0, 0 };
	struct bench_mem mem;
	struct cycle *c;

	bench_mem_init(&mem);
	c = cycle_open(CYCLE_NODE, NULL, STEADY_GROUP, &mem.mem);
	bench_must(c != NULL ? 0 : DTSS_E_NOMEM, "cycle_open");
	while (next <= STEADY_TASKS / STEADY_EACH * each) {
		cycle_round(c);
		if (c->finished < next)
			continue;
		steady_row(run, &mem, next, first);
		if (next == each) {
			first[0] = (double)mem.bytes;
			first[1] = (double)bench_rss_bytes(0);
		}
		/* the next million must fit too, if it takes as long as those before */
		if (!full && (double)(bench_ns() - from) / 1e9 * (double)(next + each) / (double)next > STEADY_SECONDS)
			break;
		next += each;
	}
	return cycle_close(c) == 0 ? 0 : bench_fail(run, "not every task has succeeded");
}

const struct bench bench_steady = { "steady", "10,000,000 tasks finished: memory at every million", "short, full",
				    steady };
