/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/fault_vfs.h"
#include "support/memory_case.h"
#include "support/rig.h"
#include "support/store_kit.h"

/*
 * Every request to a node, over a store in memory and over SQLite. Task 1 runs at the worker of the process and has a
 * log, 2 waits, 3 is held, 4 has ended; "p" is a worker for placements.
 *
 * With no memory for good an answer may not come before there is some again: that counts as having had none.
 */
#define NODE_PATIENCE 20

static struct fail_mem mem;
static struct store_kit kit; /* for its directory */
static struct dtss_node *node;
static uint64_t ms, log_fence;
static int pending, sqlite;

static struct dtss_time at(void)
{
	return (struct dtss_time){ 1000000000 + ms * 1000000, 1700000000000000000 + (int64_t)ms * 1000000 };
}

static int node_make(void)
{
	struct dtss_node_config cfg = { .size = sizeof cfg, .mem = &mem.mem, .slots = 2 };
	int error = sqlite ? dtss_sqlite_open(&cfg.store, kit.path, NULL, 0) : dtss_memory_open(&cfg.store, &mem.mem);

	return error < 0 ? error : dtss_node_open(&node, &cfg, at());
}

/* DTSS_E_NOMEM: not begun, or no answer yet. */
static int node_ask(const struct dtss_request *request, int patience)
{
	struct dtss_answer answer = { .size = sizeof answer };
	int i, error;

	ms += 100; /* the node may wait before it tries again */
	error = pending ? 0 : dtss_node_request(node, at(), request);

	if (error < 0)
		return error;
	pending = 1;
	for (i = 0; i < patience; i++) {
		(void)dtss_node_step(node, at()); /* the answer tells */
		if (dtss_node_answer(node, &answer) == 1) {
			pending = 0;
			return answer.result;
		}
		ms += 50;
	}
	return DTSS_E_NOMEM;
}

static void node_fill(struct dtss_request *request, uint32_t type)
{
	static const struct dtss_heartbeat hb = { .size = sizeof hb,
						  .name = "q",
						  .number = 1,
						  .kind = DTSS_WORKER_PLACEMENT,
						  .max_tasks = 4,
						  .address = "1.2.3.4:5" };
	static struct dtss_task_spec specs[3];
	static const uint64_t of[] = {
		[DTSS_REQUEST_CANCEL] = 2,  [DTSS_REQUEST_RETRY] = 4, [DTSS_REQUEST_HOLD] = 2,
		[DTSS_REQUEST_RELEASE] = 3, [DTSS_REQUEST_GET] = 4,   [DTSS_REQUEST_EXPLAIN] = 2
	};

	*request = rig_request(type);
	specs[0] = specs[1] = specs[2] = rig_spec("new");
	specs[1].key = "key";
	if (type == DTSS_REQUEST_SUBMIT) {
		request->u.submit.specs = specs;
		request->u.submit.count = 3;
	} else if (type == DTSS_REQUEST_LIST) {
		request->u.list.limit = 10;
	} else if (type == DTSS_REQUEST_HEARTBEAT) {
		request->u.heartbeat = &hb;
	} else if (type == DTSS_REQUEST_DRAIN || type == DTSS_REQUEST_CORDON || type == DTSS_REQUEST_UNCORDON) {
		request->u.worker = "q";
	} else if (type == DTSS_REQUEST_LOG_APPEND) {
		request->u.log_append.task.v = 1;
		request->u.log_append.chunk.fence = log_fence;
		request->u.log_append.chunk.stream = 1;
		request->u.log_append.chunk.data = "hello";
		request->u.log_append.chunk.len = 5;
	} else if (type == DTSS_REQUEST_LOG_READ) {
		request->u.log_read.task.v = 1;
		request->u.log_read.chunk.stream = 1;
		request->u.log_read.chunk.len = 100;
	} else if (type < sizeof of / sizeof *of) {
		request->u.task.v = of[type];
	}
}

static void node_must(uint32_t type)
{
	struct dtss_request request;

	node_fill(&request, type);
	ck_assert_int_eq(node_ask(&request, 1000), 0);
}

static void node_submit(const char *name, uint32_t flags)
{
	struct dtss_task_spec spec = rig_spec(name);
	const char *tag = "nowhere";
	dtss_task_id id;

	spec.tags = &tag;
	spec.tag_count = name[0] == 't';
	spec.flags = flags;
	ck_assert_int_eq(dtss_node_submit(node, at(), &spec, &id), 0);
}

static void node_world(void)
{
	struct dtss_work work;

	node_submit("one", 0);
	ck_assert_int_eq(dtss_node_take(node, at(), &work), 1);
	log_fence = work.fence;
	node_submit("two", 0);
	node_submit("three", DTSS_SPEC_HELD);
	node_submit("last", 0);
	ms += 500;
	ck_assert_int_eq(dtss_node_take(node, at(), &work), 1);
	ck_assert_uint_eq(work.task.v, 4);
	ck_assert_int_eq(dtss_node_finish(node, at(), work.fence, NULL), 0);
	node_must(DTSS_REQUEST_HEARTBEAT);
	node_must(DTSS_REQUEST_LOG_APPEND);
}

static struct fail_mem *node_begin(const struct memory_case *c, int over_sqlite)
{
	fail_mem_init(&mem, 0);
	node = NULL;
	ms = 0;
	pending = 0;
	sqlite = over_sqlite;
	if (sqlite)
		kit_make_path(&kit);
	if (c->which == 0)
		return &mem;
	ck_assert_int_eq(node_make(), 0);
	node_world();
	return &mem;
}

static struct fail_mem *memory_open(const struct memory_case *c)
{
	return node_begin(c, 0);
}

static struct fail_mem *sqlite_open(const struct memory_case *c)
{
	return node_begin(c, 1);
}

static void node_end(void)
{
	struct dtss_violation violation;

	if (dtss_node_sched(node) != NULL)
		ck_assert_uint_eq(dtss_sched_check(dtss_node_sched(node), &violation, 1), 0);
	dtss_node_close(node);
	if (sqlite)
		kit_remove_path(&kit);
}

static int verb_open(const struct memory_case *c)
{
	(void)c;
	return node_make();
}

/* What may be repeated after an outcome that is unknown finds that it was done. */
static int verb_request(const struct memory_case *c)
{
	static int unknown;
	struct dtss_request request;
	int error;

	node_fill(&request, c->which);
	error = node_ask(&request, mem.fail_at ? NODE_PATIENCE : 1000);
	if (error == DTSS_E_UNKNOWN || error == DTSS_E_NOT_LEADER) {
		unknown = 1;
		return DTSS_E_NOMEM;
	}
	if (error == DTSS_E_STATE && unknown)
		error = 0;
	if (error != DTSS_E_NOMEM)
		unknown = 0;
	return error;
}

#define REQUEST(name, type)                                                                                            \
	{                                                                                                              \
		name, memory_open, verb_request, NULL, node_end, 0, type                                               \
	}
#define SQLITE(name, type)                                                                                             \
	{                                                                                                              \
		name, sqlite_open, verb_request, NULL, node_end, 0, type                                               \
	}

#define REQUESTS(X, over)                                                                                              \
	X("submit" over, DTSS_REQUEST_SUBMIT), X("cancel" over, DTSS_REQUEST_CANCEL),                                  \
		X("retry" over, DTSS_REQUEST_RETRY), X("hold" over, DTSS_REQUEST_HOLD),                                \
		X("release" over, DTSS_REQUEST_RELEASE), X("get" over, DTSS_REQUEST_GET),                              \
		X("list" over, DTSS_REQUEST_LIST), X("explain" over, DTSS_REQUEST_EXPLAIN),                            \
		X("heartbeat" over, DTSS_REQUEST_HEARTBEAT), X("place" over, DTSS_REQUEST_PLACE),                      \
		X("drain" over, DTSS_REQUEST_DRAIN), X("cordon" over, DTSS_REQUEST_CORDON),                            \
		X("uncordon" over, DTSS_REQUEST_UNCORDON), X("workers" over, DTSS_REQUEST_WORKERS),                    \
		X("stats" over, DTSS_REQUEST_STATS), X("log append" over, DTSS_REQUEST_LOG_APPEND),                    \
		X("log read" over, DTSS_REQUEST_LOG_READ)

const struct memory_case memory_node[] = { { "open of a node in memory", memory_open, verb_open, NULL, node_end, 0, 0 },
					   REQUESTS(REQUEST, ", a node in memory") };
const size_t memory_node_count = sizeof memory_node / sizeof *memory_node;

const struct memory_case memory_sqlite[] = { { "open of a node over SQLite", sqlite_open, verb_open, NULL, node_end, 0,
					       0 },
					     REQUESTS(SQLITE, ", a node over SQLite") };
const size_t memory_sqlite_count = sizeof memory_sqlite / sizeof *memory_sqlite;
