/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"
#include "support/memory_case.h"

/*
 * Every verb of the engine, in a world where all of them have something to do:
 *
 *      worker a: tag x, 3 slots   worker b: 1 slot   worker p: placements
 *      task 1 runs, key k         task 2 after it    task 3 is held   task 4 is leased   task 5 waits for a tag   6 has ended
 */
static struct engine e;

static dtss_task_id id_of(uint64_t id)
{
	return (dtss_task_id){ id };
}

struct engine *memory_core_world(void)
{
	struct dtss_task_spec spec = engine_spec("one");
	struct engine_agent *p;
	const char *tag = "nowhere";

	memset(&e.mem, 0, sizeof e.mem);
	engine_open(&e, NULL);
	engine_join(&e, "a", 3, "x");
	spec.key = "k";
	engine_submit(&e, &spec);
	engine_pump(&e);
	engine_started(&e, id_of(1));
	engine_after(&e, "two", id_of(1));
	spec = engine_spec("three");
	spec.flags = DTSS_SPEC_HELD;
	engine_submit(&e, &spec);
	engine_join(&e, "b", 1, NULL);
	engine_task(&e, "four");
	spec = engine_spec("five");
	spec.tags = &tag;
	spec.tag_count = 1;
	engine_submit(&e, &spec);
	engine_pump(&e);
	engine_task(&e, "six");
	engine_pump(&e);
	engine_exit(&e, id_of(6), 0);
	p = engine_agent(&e, "p", 2, "p");
	p->kind = DTSS_WORKER_PLACEMENT;
	p->address = "1.2.3.4:5";
	engine_beat(&e, p);
	ck_assert_uint_eq(engine_state(&e, id_of(1)), DTSS_TASK_RUNNING);
	ck_assert_uint_eq(engine_state(&e, id_of(2)), DTSS_TASK_BLOCKED);
	ck_assert_uint_eq(engine_state(&e, id_of(4)), DTSS_TASK_LEASED);
	return &e;
}

static struct fail_mem *core_open(const struct memory_case *c)
{
	(void)c;
	(void)memory_core_world();
	return &e.mem;
}

/* The same, loaded again a moment ago: nothing has room to spare. */
static struct fail_mem *fresh_open(const struct memory_case *c)
{
	(void)c;
	(void)memory_core_world();
	dtss_sched_destroy(e.s);
	ck_assert_int_eq(dtss_sched_create(&e.s, &e.cfg, &e.mem.mem), 0);
	ck_assert_int_eq(records_load(&e.records, e.s), 0);
	ck_assert_int_eq(dtss_sched_lead(e.s, e.now, ++e.epoch), 0);
	return &e.mem;
}

void memory_core_close(void)
{
	engine_pump(&e);
	engine_close(&e);
}

static uint64_t core_trace(void)
{
	return dtss_sched_digest_all(e.s);
}

/* ---- tasks ---- */

static int verb_submit(const struct memory_case *c)
{
	const struct dtss_resource mem = { "mem", 2 };
	const struct dtss_retry_rule rule = { 0, DTSS_RETRY_IGNORE, 5, 5 };
	const struct dtss_after after = { { 1 }, 0, 0 };
	const struct dtss_pair label = { "l", "v" };
	const char *tags[] = { "x", "new", "p" };
	struct dtss_task_spec spec = engine_spec("all");
	dtss_task_id id;

	if (c->which == 1)
		return dtss_sched_submit(e.s, e.now, &spec, &id);
	spec.queue = "another";
	spec.key = c->which == 3 ? "k" : "new";
	spec.tags = tags;
	spec.tag_count = 3;
	spec.resources = &mem;
	spec.resource_count = 1;
	spec.labels = &label;
	spec.label_count = 1;
	spec.retry.attempts_max = 3;
	spec.retry.rules = &rule;
	spec.retry.rule_count = 1;
	spec.after = &after;
	spec.after_count = 1;
	spec.start_deadline_ms = 100000;
	if (c->which == 3)
		spec.queue = NULL;
	return dtss_sched_submit(e.s, e.now, &spec, &id);
}

static int verb_submit_many(const struct memory_case *c)
{
	struct dtss_task_spec specs[40];
	dtss_task_id ids[40];
	char names[40][8];
	size_t i;

	(void)c;
	for (i = 0; i < 40; i++) {
		specs[i] = engine_spec("many");
		names[i][0] = (char)('A' + i % 20);
		names[i][1] = 0;
		specs[i].key = i % 3 ? NULL : names[i];
		specs[i].queue = names[(i * 7) % 40 < i ? (i * 7) % 40 : i];
		specs[i].priority = (int32_t)i % 4;
	}
	return dtss_sched_submit_many(e.s, e.now, specs, 40, ids, NULL);
}

static int verb_task(const struct memory_case *c)
{
	struct dtss_task_spec spec = engine_spec("again");
	struct dtss_task_filter filter = { .states = 1u << DTSS_TASK_BLOCKED };
	struct dtss_explanation explanation;
	struct dtss_task_view view;
	dtss_task_id id;

	switch (c->which) {
	case DTSS_REQUEST_CANCEL:
		return dtss_sched_cancel(e.s, e.now, id_of(1), NULL);
	case DTSS_REQUEST_RETRY:
		return dtss_sched_retry(e.s, e.now, id_of(6), &spec, &id);
	case DTSS_REQUEST_HOLD:
		return dtss_sched_hold(e.s, e.now, id_of(5));
	case DTSS_REQUEST_RELEASE:
		return dtss_sched_release(e.s, e.now, id_of(3));
	case DTSS_REQUEST_GET:
		return dtss_sched_task_get(e.s, id_of(1), &view);
	case DTSS_REQUEST_LIST:
		return dtss_sched_task_next(e.s, &filter, &view);
	default:
		return dtss_sched_explain(e.s, e.now, id_of(5), &explanation);
	}
}

/* ---- workers ---- */

static int verb_heartbeat(const struct memory_case *c)
{
	static const char *const tags[] = { "x", "y", "z", "w", "v" };
	static const struct dtss_resource resources[] = { { "gpu", 4 }, { "mem", 7 } };
	struct dtss_heartbeat hb = { .size = sizeof hb, .kind = DTSS_WORKER_AGENT, .max_tasks = 9 };

	hb.name = c->which == 1 ? "new" : "a";
	hb.incarnation = c->which == 3 ? 5000 : 1000;
	hb.number = 100;
	hb.tags = tags;
	hb.tag_count = 5;
	hb.resources = resources;
	hb.resource_count = 2;
	hb.address = "another:1";
	if (c->which == 2) {
		hb.held = e.agents[0].held;
		hb.held_count = e.agents[0].held_count;
	}
	if (c->which == 4) {
		hb.kind = DTSS_WORKER_PLACEMENT;
		hb.name = "q";
		hb.incarnation = 0;
	}
	return dtss_sched_heartbeat(e.s, e.now, &hb);
}

static int verb_report(const struct memory_case *c)
{
	struct dtss_report r = { .size = sizeof r, .attempt = 1, .kind = DTSS_REPORT_ENDED };

	r.task = id_of(c->which == DTSS_REPORT_STARTED ? 4 : 1);
	r.fence = engine_fence(&e, r.task);
	if (c->which == DTSS_REPORT_STARTED)
		r.kind = DTSS_REPORT_STARTED;
	r.outcome.cause = DTSS_CAUSE_EXIT;
	r.outcome.exit_code = c->which == 8 ? 3 : 0;
	r.outcome.detail = c->which == 8 ? "it broke" : NULL;
	return dtss_sched_report(e.s, e.now, &r);
}

static int verb_worker(const struct memory_case *c)
{
	struct dtss_placement placement;
	struct dtss_worker_view view;
	const char *tag = "p";

	switch (c->which) {
	case DTSS_REQUEST_DRAIN:
		return dtss_sched_drain(e.s, e.now, "a");
	case DTSS_REQUEST_CORDON:
		return dtss_sched_cordon(e.s, e.now, "a");
	case DTSS_REQUEST_UNCORDON:
		return dtss_sched_uncordon(e.s, e.now, "a");
	case DTSS_REQUEST_PLACE:
		return dtss_sched_place(e.s, e.now, &tag, 1, &placement);
	case DTSS_REQUEST_WORKERS:
		return dtss_sched_worker_next(e.s, "a", &view);
	default:
		return dtss_sched_worker_get(e.s, "p", &view);
	}
}

/* ---- time ---- */

static struct fail_mem *tick_open(const struct memory_case *c)
{
	int i;

	(void)memory_core_world();
	for (i = 0; c->which == 0 && i < 40; i++)
		engine_task(&e, "dispatched");
	if (c->which > 0)
		engine_sleep(&e, c->which);
	return &e.mem;
}

static int verb_tick(const struct memory_case *c)
{
	int error = 0, ticks;

	(void)c;
	for (ticks = 0; error == 0 && dtss_sched_next_ns(e.s) <= e.now.mono_ns; ticks++) {
		uint64_t before = core_trace();

		ck_assert_int_lt(ticks, 1000);
		error = dtss_sched_tick(e.s, e.now);
		if (error < 0)
			ck_assert_uint_eq(core_trace(), before);
	}
	return error;
}

#define CORE(name, verb, which)                                                                                        \
	{                                                                                                              \
		name, core_open, verb, core_trace, memory_core_close, 0, which                                         \
	}
#define FRESH(name, verb, which)                                                                                       \
	{                                                                                                              \
		name, fresh_open, verb, core_trace, memory_core_close, 0, which                                        \
	}
#define TICK(name, ms)                                                                                                 \
	{                                                                                                              \
		name, tick_open, verb_tick, NULL, memory_core_close, 0, ms                                             \
	}

const struct memory_case memory_core[] = {
	CORE("submit", verb_submit, 1),
	CORE("submit of everything", verb_submit, 2),
	{ "submit of a key in use", core_open, verb_submit, core_trace, memory_core_close, DTSS_E_CONFLICT, 3 },
	CORE("submit_many", verb_submit_many, 0),
	CORE("cancel", verb_task, DTSS_REQUEST_CANCEL),
	CORE("retry", verb_task, DTSS_REQUEST_RETRY),
	CORE("hold", verb_task, DTSS_REQUEST_HOLD),
	CORE("release", verb_task, DTSS_REQUEST_RELEASE),
	CORE("task_get", verb_task, DTSS_REQUEST_GET),
	CORE("task_next", verb_task, DTSS_REQUEST_LIST),
	CORE("explain", verb_task, DTSS_REQUEST_EXPLAIN),
	CORE("heartbeat of a new worker", verb_heartbeat, 1),
	CORE("heartbeat with other tags", verb_heartbeat, 2),
	CORE("heartbeat of a new incarnation", verb_heartbeat, 3),
	CORE("heartbeat for placements", verb_heartbeat, 4),
	CORE("report of a start", verb_report, DTSS_REPORT_STARTED),
	CORE("report of success", verb_report, 9),
	CORE("report of failure", verb_report, 8),
	CORE("drain", verb_worker, DTSS_REQUEST_DRAIN),
	CORE("cordon", verb_worker, DTSS_REQUEST_CORDON),
	CORE("uncordon", verb_worker, DTSS_REQUEST_UNCORDON),
	CORE("place", verb_worker, DTSS_REQUEST_PLACE),
	CORE("worker_next", verb_worker, DTSS_REQUEST_WORKERS),
	CORE("worker_get", verb_worker, DTSS_REQUEST_GET),
	FRESH("submit, just loaded", verb_submit, 1),
	FRESH("submit of everything, just loaded", verb_submit, 2),
	FRESH("submit_many, just loaded", verb_submit_many, 0),
	FRESH("cancel, just loaded", verb_task, DTSS_REQUEST_CANCEL),
	FRESH("retry, just loaded", verb_task, DTSS_REQUEST_RETRY),
	FRESH("hold, just loaded", verb_task, DTSS_REQUEST_HOLD),
	FRESH("release, just loaded", verb_task, DTSS_REQUEST_RELEASE),
	FRESH("task_get, just loaded", verb_task, DTSS_REQUEST_GET),
	FRESH("task_next, just loaded", verb_task, DTSS_REQUEST_LIST),
	FRESH("explain, just loaded", verb_task, DTSS_REQUEST_EXPLAIN),
	FRESH("heartbeat of a new worker, just loaded", verb_heartbeat, 1),
	FRESH("heartbeat with other tags, just loaded", verb_heartbeat, 2),
	FRESH("heartbeat of a new incarnation, just loaded", verb_heartbeat, 3),
	FRESH("heartbeat for placements, just loaded", verb_heartbeat, 4),
	FRESH("report of a start, just loaded", verb_report, DTSS_REPORT_STARTED),
	FRESH("report of success, just loaded", verb_report, 9),
	FRESH("report of failure, just loaded", verb_report, 8),
	FRESH("drain, just loaded", verb_worker, DTSS_REQUEST_DRAIN),
	FRESH("cordon, just loaded", verb_worker, DTSS_REQUEST_CORDON),
	FRESH("uncordon, just loaded", verb_worker, DTSS_REQUEST_UNCORDON),
	FRESH("worker_next, just loaded", verb_worker, DTSS_REQUEST_WORKERS),
	FRESH("worker_get, just loaded", verb_worker, DTSS_REQUEST_GET),
	TICK("tick that dispatches", 0),
	TICK("tick when workers fall silent", 15000),
	TICK("tick when leases end", 70000),
	TICK("tick when keys and workers are forgotten", 86400000 + 10000),
};
const size_t memory_core_count = sizeof memory_core / sizeof *memory_core;
