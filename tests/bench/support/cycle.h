/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_CYCLE_H
#define TESTS_BENCH_SUPPORT_CYCLE_H

#include <dtss.h>

enum {
	CYCLE_WORKERS = 1000,
	CYCLE_QUEUES = 16,
	CYCLE_SLOTS = 64,      /* of each worker: more than it is ever given */
	CYCLE_PAYLOAD = 100,   /* bytes of each task */
	CYCLE_VERBS = 4,       /* of a task: submitted, leased, started, succeeded */
	CYCLE_GROUP_MAX = 4000 /* verbs in a commit */
};

/* How much of the library a task goes through. */
enum cycle_layer {
	CYCLE_ENGINE, /* dtss_sched, and the caller commits its batches to a store */
	CYCLE_NODE    /* dtss_node: requests, heartbeats of agents, answers when they are durable */
};

/* What a worker was given and has not finished. */
struct cycle_held {
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t started;
};

struct cycle_worker {
	char name[8];
	uint64_t number; /* of its last heartbeat */
	uint64_t fence_seen;
	uint32_t count;
	struct cycle_held held[CYCLE_SLOTS];
};

/*
 * The whole life of tasks in one process, as fast as it goes. In a round what was leased in the one before starts and
 * succeeds, new tasks are submitted, and all that is one commit:
 *
 *      round n-1   submit, lease ─┐ commit
 *      round n                    └► start, succeed │ submit, lease ─┐ commit
 *      round n+1                                                     └► start, succeed ...
 */
struct cycle {
	struct dtss_transport base; /* what the node's agents speak through */
	enum cycle_layer layer;
	struct dtss_store *store; /* of the engine; a node has its own */
	struct dtss_sched *sched;
	struct dtss_node *node;
	struct dtss_time now;
	uint32_t group; /* verbs a commit */
	uint64_t submitted;
	uint64_t finished;
	uint64_t refused;
	uint32_t busy[CYCLE_WORKERS]; /* who holds something */
	uint32_t busy_count;
	uint32_t speak[CYCLE_WORKERS]; /* whose heartbeats come with the next commit */
	uint32_t speak_count;
	uint32_t speak_at;
	uint32_t start_only;
	char payload[CYCLE_PAYLOAD];
	struct cycle_worker workers[CYCLE_WORKERS];
	struct dtss_report reports[2 * CYCLE_SLOTS];
	struct dtss_held list[CYCLE_SLOTS];
	struct dtss_message message;
};

/* NULL: it cannot be made. Owns the store, NULL: none with an engine, memory with a node. mem NULL: the C library's. */
struct cycle *cycle_open(enum cycle_layer layer, struct dtss_store *store, uint32_t group, const struct dtss_mem *mem);
void cycle_round(struct cycle *c);
/* What is still leased is finished too. 0: each task that was submitted has succeeded, and nothing was refused. */
int cycle_close(struct cycle *c);

#endif
