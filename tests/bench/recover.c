/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/raw_sqlite.h"

/*
 * A scheduler that starts: from opening the file until the node leads and what leading begins with is stored, beside a
 * bare scan of the same rows. One task in a hundred was with a worker when the process went.
 */
#define RECOVER_TASKS 1000000
#define RECOVER_TASKS_QUICK 2000
#define RECOVER_MANY 5000 /* submitted at a time */
#define RECOVER_WORKERS 1000
#define RECOVER_ROUNDS 3
#define RECOVER_SECONDS 10.0

struct recover {
	struct bench_run *run;
	char dir[64];
	char path[96];
	uint64_t tasks;
	uint64_t bytes; /* that the scan saw */
	struct bench_samples cpu[2];
};

static void recover_commit(struct dtss_sched *s, struct dtss_store *store)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_COMMIT };
	struct dtss_batch batch = { .size = sizeof batch };
	struct dtss_store_done done;
	struct dtss_action action;

	if (dtss_sched_batch(s, &batch) != 1)
		return;
	op.u.commit = &batch;
	bench_must(store->ops->submit(store, &op, 1), "submit");
	bench_must(store->ops->poll(store, &done) == 1 ? done.result : DTSS_E_BUG, "commit");
	dtss_sched_stored(s, bench_now(0), batch.last_seq);
	while (dtss_sched_next_action(s, &action) == 1) {
		/* nobody is there to hear it */
	}
}

static void recover_workers(struct dtss_sched *s, uint64_t tasks)
{
	struct dtss_heartbeat hb = { .size = sizeof hb, .incarnation = 1, .number = 1, .kind = DTSS_WORKER_AGENT };
	char name[16];
	uint32_t i;

	hb.max_tasks = (uint32_t)(tasks / 100 / RECOVER_WORKERS) + 1;
	hb.name = name;
	for (i = 0; i < RECOVER_WORKERS && i < tasks; i++) {
		(void)snprintf(name, sizeof name, "w%u", i);
		bench_must(dtss_sched_heartbeat(s, bench_now(0), &hb), "heartbeat");
	}
}

static void recover_submit(struct dtss_sched *s, uint64_t from, size_t count)
{
	static struct dtss_task_spec specs[RECOVER_MANY];
	static dtss_task_id ids[RECOVER_MANY];
	static char payload[100], queues[16][8];
	size_t i;

	for (i = 0; i < count; i++) {
		char *queue = queues[(from + i) % 16];

		(void)snprintf(queue, sizeof queues[0], "q%u", (unsigned)((from + i) % 16));
		specs[i] = (struct dtss_task_spec){ .size = sizeof specs[i], .name = "job", .queue = queue };
		specs[i].payload = payload;
		specs[i].payload_len = sizeof payload;
	}
	bench_must(dtss_sched_submit_many(s, bench_now(0), specs, count, ids, NULL), "submit");
}

/* What a scheduler leaves that is killed with so many tasks in it. */
static void recover_make(const struct recover *r)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LEAD, .u.lead = { "bench", 1000000 } };
	struct dtss_config cfg = { .size = sizeof cfg, .tasks_max = RECOVER_TASKS };
	struct dtss_store_done done;
	struct dtss_store *store;
	struct dtss_sched *s;
	uint64_t i;

	bench_must(dtss_sqlite_open(&store, r->path, NULL, 0), "dtss_sqlite_open");
	bench_must(store->ops->submit(store, &op, 1), "submit");
	bench_must(store->ops->poll(store, &done) == 1 ? done.result : DTSS_E_BUG, "lead");
	bench_must(dtss_sched_create(&s, &cfg, dtss_mem_libc()), "dtss_sched_create");
	bench_must(dtss_sched_lead(s, bench_now(0), done.u.epoch), "dtss_sched_lead");
	recover_workers(s, r->tasks);
	for (i = 0; i < r->tasks; i += RECOVER_MANY) {
		recover_submit(s, i, r->tasks - i < RECOVER_MANY ? (size_t)(r->tasks - i) : RECOVER_MANY);
		while (dtss_sched_next_ns(s) <= bench_now(0).mono_ns)
			bench_must(dtss_sched_tick(s, bench_now(0)), "tick");
		recover_commit(s, store);
	}
	dtss_sched_destroy(s);
	store->ops->close(store);
}

static double recover_ours(void *ctx)
{
	struct recover *r = ctx;
	struct dtss_config cfg = { .size = sizeof cfg, .tasks_max = RECOVER_TASKS };
	struct dtss_node_config node_cfg = { .size = sizeof node_cfg, .sched = &cfg };
	struct dtss_node_info info = { .size = sizeof info };
	struct dtss_stats stats = { .size = sizeof stats };
	struct dtss_node *node;
	uint64_t from = bench_ns(), cpu = bench_cpu_ns(), took;

	bench_must(dtss_sqlite_open(&node_cfg.store, r->path, NULL, 0), "dtss_sqlite_open");
	bench_must(dtss_node_open(&node, &node_cfg, bench_now(0)), "dtss_node_open");
	bench_must(dtss_node_step(node, bench_now(0)), "dtss_node_step");
	took = bench_ns() - from;
	bench_add(&r->cpu[0], (double)(bench_cpu_ns() - cpu) / 1e6);
	dtss_node_info(node, &info);
	if (info.state == DTSS_NODE_LEADING)
		dtss_sched_stats(dtss_node_sched(node), &stats);
	dtss_node_close(node);
	if (stats.live[DTSS_TASK_READY] + stats.live[DTSS_TASK_LEASED] != r->tasks)
		return bench_fail(r->run, "not every task was there again");
	return (double)took / 1e6;
}

static double recover_scan(void *ctx)
{
	struct recover *r = ctx;
	uint64_t from = bench_ns(), cpu = bench_cpu_ns();

	r->bytes = raw_sqlite_scan(r->path);
	bench_add(&r->cpu[1], (double)(bench_cpu_ns() - cpu) / 1e6);
	return (double)(bench_ns() - from) / 1e6;
}

static int recover(struct bench_run *run)
{
	struct recover r = { .run = run, .tasks = bench_quick(run) ? RECOVER_TASKS_QUICK : RECOVER_TASKS };
	struct bench_way ways[] = { { recover_ours, &r, { 0 } }, { recover_scan, &r, { 0 } } };
	uint64_t from = bench_ns();
	int rc;

	bench_dir_make(r.dir);
	(void)snprintf(r.path, sizeof r.path, "%s/store", r.dir);
	recover_make(&r);
	from = bench_ns() - from;
	rc = bench_interleave(run, ways, 2, RECOVER_ROUNDS, RECOVER_SECONDS);
	if (rc == 0) {
		bench_row(run);
		bench_count(run, "tasks", r.tasks);
		bench_figure(run, "ms", bench_median(&ways[0].figures));
		bench_figure(run, "scan_ms", bench_median(&ways[1].figures));
		bench_figure(run, "times_scan", bench_ratio(&ways[0], &ways[1]));
		bench_figure(run, "cpu_ms", bench_median(&r.cpu[0]));
		bench_figure(run, "scan_cpu_ms", bench_median(&r.cpu[1]));
		bench_count(run, "bytes", r.bytes);
		bench_figure(run, "make_ms", (double)from / 1e6);
	}
	bench_samples_fini(&ways[0].figures);
	bench_samples_fini(&ways[1].figures);
	bench_samples_fini(&r.cpu[0]);
	bench_samples_fini(&r.cpu[1]);
	bench_dir_remove(r.dir);
	return rc;
}

const struct bench bench_recover = { "recover", "1,000,000 live tasks from SQLite until the node leads", NULL,
				     recover };
