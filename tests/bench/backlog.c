/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/engine.h"
#include "core/ready.h"
#include "support/rand.h"

/*
 * Tasks that wait, as many as there are.
 *
 *      ready    the queue of one requirement alone: push in the order of ids, then pop the best until it is empty
 *      engine   submit_ns: dtss_sched_submit(); store_ns: to close and acknowledge the batch, of 1,000 tasks; dispatch_ns: to
 *               lease the first 65,536 of them to workers, per task; beyond_bytes: what a queued task takes beyond the bytes
 *               of its specification (dtss_spec_encode())
 */
#define BACKLOG_QUICK_TASKS 2000
#define BACKLOG_GROUP 1000
#define BACKLOG_DISPATCH 65536
#define BACKLOG_WORKERS 32
/* More only when it is asked for: */
#define BACKLOG_ENGINE_MAX 1000000 /* ten million take 6 GB */
#define BACKLOG_SPREAD_MAX 100000
#define BACKLOG_PAYLOAD 100
#define BACKLOG_ROUNDS 3
#define BACKLOG_SECONDS 2.0

enum backlog_order { BACKLOG_FIFO = 0, BACKLOG_EIGHT = 1, BACKLOG_SPREAD = 2, BACKLOG_ORDERS = 3 };

struct backlog {
	struct ready queue;
	struct ready_item *items;
	size_t count;
	enum backlog_order order;
};

static double backlog_push(void *ctx)
{
	struct backlog *b = ctx;
	struct rand rnd = { 3 };
	uint64_t begin;

	memset(b->items, 0, b->count * sizeof *b->items);
	for (size_t i = 0; i < b->count; i++) {
		b->items[i].id = i + 1;
		if (b->order == BACKLOG_EIGHT)
			b->items[i].priority = (int32_t)rand_below(&rnd, READY_LISTS);
		else if (b->order == BACKLOG_SPREAD)
			b->items[i].priority = (int32_t)rand_below(&rnd, INT32_MAX);
	}
	ready_init(&b->queue);
	begin = bench_cpu_ns();
	for (size_t i = 0; i < b->count; i++)
		ready_push(&b->queue, &b->items[i]);
	return (double)(bench_cpu_ns() - begin) / (double)b->count;
}

static double backlog_pop(void *ctx)
{
	struct backlog *b = ctx;
	uint64_t begin = bench_cpu_ns();
	struct ready_item *head;

	while ((head = ready_head(&b->queue)) != NULL)
		ready_remove(&b->queue, head);
	return (double)(bench_cpu_ns() - begin) / (double)b->count;
}

static int backlog_slow(struct bench_run *run, size_t count, size_t max)
{
	return count > max && !bench_asked(run, count);
}

static int backlog_ready(struct bench_run *run, size_t count)
{
	static const char *const names[] = { "fifo", "eight", "spread" };
	struct backlog b = { .count = count };
	int failed = 0;

	b.items = bench_alloc(count * sizeof *b.items);
	for (int order = 0; order < BACKLOG_ORDERS && !failed; order++) {
		struct bench_way ways[] = { { backlog_push, &b, { 0 } }, { backlog_pop, &b, { 0 } } };

		if (order == BACKLOG_SPREAD && backlog_slow(run, count, BACKLOG_SPREAD_MAX))
			break;
		b.order = (enum backlog_order)order;
		failed = bench_interleave(run, ways, 2, BACKLOG_ROUNDS, BACKLOG_SECONDS);
		bench_row(run);
		bench_text(run, "case", "ready");
		bench_text(run, "priorities", names[order]);
		bench_count(run, "tasks", count);
		bench_figure(run, "push_ns", bench_median(&ways[0].figures));
		bench_figure(run, "pop_ns", bench_median(&ways[1].figures));
		bench_samples_fini(&ways[0].figures);
		bench_samples_fini(&ways[1].figures);
	}
	free(b.items);
	return failed;
}

/* --- the whole engine --- */

static void backlog_submit(struct dtss_sched *s, const struct dtss_task_spec *spec, size_t count,
			   struct bench_samples *submit, struct bench_samples *store)
{
	for (size_t n = 0; n < count;) {
		size_t group = count - n < BACKLOG_GROUP ? count - n : BACKLOG_GROUP;
		uint64_t from = bench_cpu_ns(), mid;
		dtss_task_id id;

		for (size_t i = 0; i < group; i++)
			bench_must(dtss_sched_submit(s, bench_now(0), spec, &id), "dtss_sched_submit");
		mid = bench_cpu_ns();
		engine_settle(s, 0);
		bench_add(submit, (double)(mid - from) / (double)group);
		bench_add(store, (double)(bench_cpu_ns() - mid) / (double)group);
		n += group;
	}
}

/* Workers come, and take what they can. ns a task. */
static double backlog_dispatch(struct dtss_sched *s, size_t count)
{
	struct dtss_heartbeat hb = {
		.size = sizeof hb, .name = "w", .incarnation = 1, .number = 1, .kind = DTSS_WORKER_AGENT
	};
	size_t slots = count < BACKLOG_DISPATCH ? count : BACKLOG_DISPATCH;
	char name[16] = "w";
	uint64_t begin;

	hb.name = name;
	hb.max_tasks = (uint32_t)(slots / BACKLOG_WORKERS + 1);
	begin = bench_cpu_ns();
	for (int i = 0; i < BACKLOG_WORKERS; i++) {
		name[1] = (char)('A' + i);
		bench_must(dtss_sched_heartbeat(s, bench_now(1), &hb), "dtss_sched_heartbeat");
	}
	engine_settle(s, 1);
	return (double)(bench_cpu_ns() - begin) / (double)slots;
}

static int backlog_engine(struct bench_run *run, size_t count)
{
	static const char payload[BACKLOG_PAYLOAD];
	struct dtss_task_spec spec = {
		.size = sizeof spec, .name = "job", .payload = payload, .payload_len = sizeof payload
	};
	struct bench_samples submit = { 0 }, store = { 0 };
	struct dtss_stats stats = { .size = sizeof stats };
	struct bench_mem mem;
	struct dtss_sched *s;
	uint64_t empty;
	double own = (double)dtss_spec_encode(&spec, NULL, 0), each, dispatch;

	bench_mem_init(&mem);
	s = engine_make(&mem.mem, BACKLOG_WORKERS);
	empty = mem.bytes;
	backlog_submit(s, &spec, count, &submit, &store);
	each = (double)(mem.bytes - empty) / (double)count;
	dispatch = backlog_dispatch(s, count);
	dtss_sched_stats(s, &stats);
	dtss_sched_destroy(s);
	bench_row(run);
	bench_text(run, "case", "engine");
	bench_count(run, "tasks", count);
	bench_figure(run, "own_bytes", own);
	bench_figure(run, "beyond_bytes", each - own);
	bench_figure(run, "submit_ns", bench_median(&submit));
	bench_figure(run, "submit_mean_ns", bench_mean(&submit));
	bench_figure(run, "store_ns", bench_median(&store));
	bench_figure(run, "dispatch_ns", dispatch);
	bench_samples_fini(&submit);
	bench_samples_fini(&store);
	return stats.grants > 0 ? 0 : bench_fail(run, "no task was leased");
}

static int backlog(struct bench_run *run)
{
	static const size_t counts[] = { 1000, 100000, 1000000, 10000000 };
	size_t number = bench_quick(run) ? 1 : sizeof counts / sizeof *counts;
	int failed = 0, wanted[sizeof counts / sizeof *counts];

	for (size_t i = 0; i < number; i++) {
		wanted[i] = bench_case_count(run, counts[i]);
		if (wanted[i] && !failed)
			failed = backlog_ready(run, bench_quick(run) ? BACKLOG_QUICK_TASKS : counts[i]);
	}
	for (size_t i = 0; i < number && !failed; i++)
		if (wanted[i] && !backlog_slow(run, counts[i], BACKLOG_ENGINE_MAX))
			failed = backlog_engine(run, bench_quick(run) ? BACKLOG_QUICK_TASKS : counts[i]);
	return failed;
}

const struct bench bench_backlog = { "backlog", "tasks that wait: bytes, push and pop",
				     "1000 100000 1000000 10000000 (named, that takes 6 GB)", backlog };
