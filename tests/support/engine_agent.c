/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "engine.h"

struct dtss_task_spec engine_spec(const char *name)
{
	struct dtss_task_spec spec = { .size = sizeof spec };

	spec.name = name;
	return spec;
}

dtss_task_id engine_submit(struct engine *e, const struct dtss_task_spec *spec)
{
	dtss_task_id id = { 0 };

	ck_assert_int_eq(dtss_sched_submit(e->s, e->now, spec, &id), 0);
	engine_check(e);
	return id;
}

dtss_task_id engine_task(struct engine *e, const char *name)
{
	struct dtss_task_spec spec = engine_spec(name);

	return engine_submit(e, &spec);
}

dtss_task_id engine_after(struct engine *e, const char *name, dtss_task_id parent)
{
	struct dtss_task_spec spec = engine_spec(name);
	struct dtss_after after = { parent, 0, 0 };

	spec.after = &after;
	spec.after_count = 1;
	return engine_submit(e, &spec);
}

uint32_t engine_state(const struct engine *e, dtss_task_id id)
{
	ck_assert_uint_lt(id.v, ENGINE_TASKS);
	return e->tasks[id.v].state;
}

uint32_t engine_cause(const struct engine *e, dtss_task_id id)
{
	return e->tasks[id.v].cause;
}

uint64_t engine_fence(const struct engine *e, dtss_task_id id)
{
	return e->tasks[id.v].fence;
}

uint32_t engine_attempt(const struct engine *e, dtss_task_id id)
{
	return e->tasks[id.v].attempt;
}

struct dtss_task_view engine_view(struct engine *e, dtss_task_id id)
{
	struct dtss_task_view view;

	ck_assert_int_eq(dtss_sched_task_get(e->s, id, &view), 0);
	return view;
}

static struct dtss_explanation engine_explain(struct engine *e, dtss_task_id id)
{
	struct dtss_explanation ex;

	ck_assert_int_eq(dtss_sched_explain(e->s, e->now, id, &ex), 0);
	return ex;
}

const char *engine_text(struct engine *e, dtss_task_id id)
{
	return engine_explain(e, id).text;
}

uint32_t engine_why(struct engine *e, dtss_task_id id)
{
	return engine_explain(e, id).why;
}

void engine_wait(struct engine *e, dtss_task_id id, uint32_t state, uint64_t ms_max)
{
	engine_pump(e);
	for (; engine_state(e, id) != state && ms_max > 0; ms_max -= ms_max < 50 ? ms_max : 50)
		engine_pass(e, ms_max < 50 ? ms_max : 50);
	ck_assert_str_eq(dtss_task_state_name(engine_state(e, id)), dtss_task_state_name(state));
}

struct engine_agent *engine_agent(struct engine *e, const char *name, uint32_t max_tasks, const char *tag)
{
	struct engine_agent *a = &e->agents[e->agent_count++];

	ck_assert_uint_le(e->agent_count, ENGINE_AGENTS);
	a->name = name;
	a->incarnation = 1000;
	a->kind = DTSS_WORKER_AGENT;
	a->max_tasks = max_tasks;
	if (tag)
		a->tags[a->tag_count++] = tag;
	return a;
}

struct engine_agent *engine_join(struct engine *e, const char *name, uint32_t max_tasks, const char *tag)
{
	struct engine_agent *a = engine_agent(e, name, max_tasks, tag);

	ck_assert_int_eq(engine_beat(e, a), 0);
	return a;
}

struct dtss_heartbeat engine_heartbeat(struct engine *e, struct engine_agent *a)
{
	struct dtss_heartbeat hb = { .size = sizeof hb };
	size_t i;

	hb.name = a->name;
	hb.incarnation = a->kind == DTSS_WORKER_AGENT ? a->incarnation : 0;
	hb.number = ++a->number;
	hb.epoch = 0;
	hb.fence_seen = a->fence_seen;
	hb.kind = a->kind;
	hb.flags = a->flags;
	hb.max_tasks = a->max_tasks;
	hb.used = a->foreign;
	for (i = 0; i < a->held_count; i++)
		hb.used += a->held[i].state != DTSS_ATTEMPT_ENDED;
	hb.address = a->address;
	hb.tags = a->tags;
	hb.tag_count = a->tag_count;
	hb.resources = a->resources;
	hb.resource_count = a->resource_count;
	hb.held = a->held;
	hb.held_count = a->held_count;
	a->beat_ns = e->now.mono_ns;
	return hb;
}

int engine_beat(struct engine *e, struct engine_agent *a)
{
	struct dtss_heartbeat hb = engine_heartbeat(e, a);
	int error;

	do {
		uint64_t digest = engine_trace(e);

		error = dtss_sched_heartbeat(e->s, e->now, &hb);
		if (error)
			engine_no_trace(e, digest);
	} while (error == DTSS_E_NOMEM && e->mem.fail_at);
	engine_pump(e);
	return error;
}

void engine_reborn(struct engine_agent *a)
{
	a->incarnation++;
	a->number = 0;
	a->fence_seen = 0;
	a->held_count = 0;
}

/* Where it stands in the list of who holds its last attempt. */
static struct dtss_held *engine_held(struct engine *e, dtss_task_id id, struct engine_agent **ret_agent)
{
	size_t i, j;

	for (i = 0; i < e->agent_count; i++)
		for (j = 0; j < e->agents[i].held_count; j++)
			if (e->agents[i].held[j].fence == engine_fence(e, id)) {
				*ret_agent = &e->agents[i];
				return &e->agents[i].held[j];
			}
	return NULL;
}

struct engine_agent *engine_holder(struct engine *e, dtss_task_id id)
{
	struct engine_agent *a;

	return engine_held(e, id, &a) ? a : NULL;
}

void engine_forget(struct engine *e, dtss_task_id id)
{
	struct engine_agent *a;
	struct dtss_held *h = engine_held(e, id, &a);

	if (h)
		*h = a->held[--a->held_count];
}

uint32_t engine_status(struct engine *e, const char *worker)
{
	struct dtss_worker_view view;

	ck_assert_int_eq(dtss_sched_worker_get(e->s, worker, &view), 0);
	return view.status;
}

static int engine_tell(struct engine *e, const struct dtss_report *r)
{
	uint64_t digest;
	int error;

	do {
		digest = engine_trace(e);
		error = dtss_sched_report(e->s, e->now, r);
		if (error && error != DTSS_E_FENCED)
			engine_no_trace(e, digest);
	} while (error == DTSS_E_NOMEM && e->mem.fail_at);
	engine_pump(e);
	return error;
}

int engine_report(struct engine *e, dtss_task_id id, uint64_t fence, uint32_t kind, uint32_t cause, int32_t exit_code)
{
	struct dtss_report r = { .size = sizeof r };

	r.task = id;
	r.fence = fence;
	r.attempt = 1;
	r.kind = kind;
	r.outcome.cause = cause;
	r.outcome.exit_code = exit_code;
	return engine_tell(e, &r);
}

int engine_started(struct engine *e, dtss_task_id id)
{
	struct engine_agent *a;
	struct dtss_held *h = engine_held(e, id, &a);

	if (h)
		h->state = DTSS_ATTEMPT_RUNNING;
	return engine_report(e, id, engine_fence(e, id), DTSS_REPORT_STARTED, 0, 0);
}

int engine_ended(struct engine *e, dtss_task_id id, const struct dtss_outcome *outcome)
{
	struct dtss_report r = { .size = sizeof r };

	r.task = id;
	r.fence = engine_fence(e, id);
	r.attempt = engine_attempt(e, id);
	r.kind = DTSS_REPORT_ENDED;
	r.outcome = *outcome;
	engine_forget(e, id);
	return engine_tell(e, &r);
}

int engine_exit(struct engine *e, dtss_task_id id, int32_t exit_code)
{
	struct dtss_outcome o = { DTSS_CAUSE_EXIT, exit_code, 0, 0, NULL };

	return engine_ended(e, id, &o);
}

int engine_cause_end(struct engine *e, dtss_task_id id, uint32_t cause)
{
	struct dtss_outcome o = { cause, 0, 0, 0, NULL };

	return engine_ended(e, id, &o);
}

size_t engine_count(const struct engine *e, uint32_t type, const char *worker)
{
	size_t i, count = 0;

	for (i = 0; i < e->sent_count; i++)
		count += e->sent[i].type == type && (!worker || strcmp(e->sent[i].worker, worker) == 0);
	return count;
}

const struct engine_sent *engine_last(const struct engine *e, uint32_t type)
{
	size_t i = e->sent_count;

	while (i-- > 0)
		if (e->sent[i].type == type)
			return &e->sent[i];
	ck_abort_msg("no such message was sent");
	return NULL;
}
