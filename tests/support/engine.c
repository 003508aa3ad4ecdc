/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "engine.h"

#define MS UINT64_C(1000000)

/* Check notes each assertion that holds, which takes longer than what is checked here. */
#define MUST(condition) ((condition) ? (void)0 : ck_abort_msg("%s", #condition))

static void engine_create(struct engine *e, struct dtss_sched **ret, struct fail_mem *mem)
{
	int error;

	/* a failing allocation is for the verbs; here it is just tried again */
	do
		error = dtss_sched_create(ret, &e->cfg, &mem->mem);
	while (error == DTSS_E_NOMEM);
	ck_assert_int_eq(error, 0);
}

static void engine_lead(struct engine *e)
{
	int error;

	do {
		uint64_t digest = dtss_sched_digest(e->s);

		error = dtss_sched_lead(e->s, e->now, e->epoch + 1);
		if (error)
			ck_assert_uint_eq(dtss_sched_digest(e->s), digest);
	} while (error == DTSS_E_NOMEM);
	ck_assert_int_eq(error, 0);
	e->epoch++;
	ck_assert_int_eq(dtss_sched_lead(e->s, e->now, e->epoch + 1), DTSS_E_STATE);
}

void engine_open(struct engine *e, const struct dtss_config *cfg)
{
	size_t fail_at = e->mem.fail_at;

	memset(e, 0, sizeof *e);
	fail_mem_init(&e->mem, fail_at);
	fail_mem_init(&e->standby_mem, 0);
	records_init(&e->records);
	if (cfg)
		e->cfg = *cfg;
	e->cfg.size = sizeof e->cfg;
	e->now.mono_ns = 5000 * 1000 * MS;
	e->now.wall_ns = INT64_C(1700000000) * 1000 * (int64_t)MS;
	engine_create(e, &e->s, &e->mem);
	engine_create(e, &e->standby, &e->standby_mem);
	engine_lead(e);
	engine_pump(e);
}

void engine_close(struct engine *e)
{
	dtss_sched_destroy(e->s);
	dtss_sched_destroy(e->standby);
	records_fini(&e->records);
	ck_assert_uint_eq(e->mem.blocks, 0); /* S23, S25 */
	ck_assert_uint_eq(e->standby_mem.blocks, 0);
}

void engine_check(const struct engine *e)
{
	struct dtss_violation v[4];
	size_t count = dtss_sched_check(e->s, v, 4), i;

	for (i = 0; i < count && i < 4; i++)
		fprintf(stderr, "%s: %s: task %llu, worker %llu\n", v[i].id, v[i].text, (unsigned long long)v[i].task,
			(unsigned long long)v[i].worker);
	MUST(count == 0);
}

uint64_t engine_trace(const struct engine *e)
{
	return e->mem.fail_at && e->mem.count >= e->mem.fail_at ? 0 : dtss_sched_digest_all(e->s);
}

void engine_no_trace(const struct engine *e, uint64_t trace)
{
	if (trace && dtss_sched_digest_all(e->s) != trace)
		ck_abort_msg("S25: a refused verb left a trace; allocation %zu failed", e->mem.fail_at);
}

static void engine_see_task(struct engine *e, const struct dtss_event *ev)
{
	struct engine_task *t = &e->tasks[ev->task];

	MUST(ev->task < ENGINE_TASKS);
	MUST(ev->from == t->state);
	if (!dtss_task_edge(ev->from, ev->to)) /* S9 */
		ck_abort_msg("S9: task %llu from %s to %s", (unsigned long long)ev->task,
			     dtss_task_state_name(ev->from), dtss_task_state_name(ev->to));
	MUST(!t->retired); /* S10 */
	t->state = (uint8_t)ev->to;
	t->cause = (uint8_t)ev->cause;
	t->steps++;
	e->changes++;
	if (ev->to == DTSS_TASK_LEASED) {
		MUST(ev->fence > e->fence); /* S6, over restarts too */
		MUST(ev->attempt == t->attempt + 1);
		e->fence = t->fence = ev->fence;
		t->attempt = ev->attempt;
	}
}

static void engine_see(struct engine *e, const struct dtss_event *ev)
{
	MUST(ev->seq == e->seq + 1); /* S19 */
	e->seq = ev->seq;
	if (ev->type == DTSS_EVENT_TASK)
		engine_see_task(e, ev);
	else if (ev->type == DTSS_EVENT_RETIRED)
		e->tasks[ev->task].retired = 1;
	else if (ev->type == DTSS_EVENT_WORKER)
		e->last = *ev;
}

static struct engine_agent *engine_named(struct engine *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->agent_count; i++)
		if (strcmp(e->agents[i].name, name) == 0)
			return &e->agents[i];
	return NULL;
}

static void engine_deliver(struct engine *e, const struct engine_sent *m)
{
	struct engine_agent *a = engine_named(e, m->worker);
	struct dtss_held *h;
	size_t i;

	if (!a || a->deaf || m->incarnation != a->incarnation || m->type != DTSS_MESSAGE_ASSIGN)
		return;
	for (i = 0; i < a->held_count; i++)
		if (a->held[i].fence == m->fence)
			return;
	MUST(a->held_count < sizeof a->held / sizeof *a->held);
	h = &a->held[a->held_count++];
	h->task.v = m->task;
	h->fence = m->fence;
	h->attempt = m->attempt;
	h->state = DTSS_ATTEMPT_LEASED;
	a->fence_seen = m->fence > a->fence_seen ? m->fence : a->fence_seen;
}

static void engine_send(struct engine *e, const char *worker, const struct dtss_message *message)
{
	struct engine_sent *m = &e->sent[e->sent_count++];

	MUST(e->sent_count < ENGINE_SENT);
	m->type = message->type;
	snprintf(m->worker, sizeof m->worker, "%s", worker);
	if (message->type == DTSS_MESSAGE_ASSIGN) {
		const struct dtss_message_assign *assign = &message->u.assign;

		m->task = assign->task.v;
		m->fence = assign->fence;
		m->incarnation = assign->incarnation;
		m->attempt = assign->attempt;
		m->lease_ms = assign->lease_ms;
		m->heartbeat = assign->heartbeat;
		MUST(assign->epoch == e->epoch);
		MUST(assign->spec_len > 0);
	} else {
		MUST(message->type == DTSS_MESSAGE_STOP);
		m->task = message->u.stop.task.v;
		m->fence = message->u.stop.fence;
		m->incarnation = message->u.stop.incarnation;
		m->cause = message->u.stop.cause;
	}
	engine_deliver(e, m);
}

static void engine_act(struct engine *e, uint64_t stored)
{
	struct dtss_action a;

	while (dtss_sched_next_action(e->s, &a)) {
		if (a.type == DTSS_ACTION_SEND) {
			engine_send(e, a.u.send.worker, a.u.send.message);
			continue;
		}
		MUST(a.u.event.seq <= stored); /* S1: nothing is told that is not durable */
		engine_see(e, &a.u.event);
	}
}

int engine_batch(struct engine *e)
{
	struct dtss_batch b;

	if (!dtss_sched_batch(e->s, &b))
		return 0;
	MUST(b.epoch == e->epoch);
	records_write(&e->records, &b);
	MUST(dtss_sched_apply(e->standby, &b) == 0);
	MUST(dtss_sched_digest(e->standby) == dtss_sched_digest(e->s)); /* S20 */
	e->closed = b.last_seq;
	return 1;
}

void engine_stored(struct engine *e)
{
	dtss_sched_stored(e->s, e->now, e->closed);
	engine_act(e, e->closed);
	MUST(e->seq == e->closed);
}

void engine_store(struct engine *e)
{
	engine_check(e);
	engine_act(e, e->seq);
	while (engine_batch(e)) {
		engine_stored(e);
		engine_check(e);
	}
}

/* Once; the error of a tick that had no memory. Its durable state is then as it was. */
static void engine_tick(struct engine *e)
{
	uint64_t digest = e->mem.fail_at ? engine_trace(e) : 0;
	int error = dtss_sched_tick(e->s, e->now);

	if (error == DTSS_E_NOMEM && e->mem.fail_at) {
		engine_no_trace(e, digest);
		return;
	}
	MUST(error == 0);
}

void engine_pump(struct engine *e)
{
	int ticks = 0;

	do {
		while (dtss_sched_next_ns(e->s) <= e->now.mono_ns) {
			uint64_t seq = dtss_sched_seq(e->s);

			engine_tick(e);
			/* a tick makes at most 1,024 transitions, of at most 3 events each */
			MUST(dtss_sched_seq(e->s) - seq <= 3 * DTSS_STEP_MAX);
			MUST(++ticks < 2000); /* L7: it comes to an end */
			engine_check(e);
		}
		engine_store(e);
	} while (dtss_sched_next_ns(e->s) <= e->now.mono_ns);
}

void engine_sleep(struct engine *e, uint64_t ms)
{
	e->now.mono_ns += ms * MS;
	e->now.wall_ns += (int64_t)(ms * MS);
}

void engine_pass(struct engine *e, uint64_t ms)
{
	uint64_t until = e->now.mono_ns + ms * MS;
	size_t i;

	engine_pump(e);
	while (e->now.mono_ns < until) {
		uint64_t next = dtss_sched_next_ns(e->s);

		next = next < until ? next : until;
		for (i = 0; i < e->agent_count; i++)
			if (!e->agents[i].silent && e->agents[i].beat_ns + ENGINE_BEAT_MS * MS < next)
				next = e->agents[i].beat_ns + ENGINE_BEAT_MS * MS;
		if (next > e->now.mono_ns) {
			e->now.wall_ns += (int64_t)(next - e->now.mono_ns);
			e->now.mono_ns = next;
		}
		for (i = 0; i < e->agent_count; i++)
			if (!e->agents[i].silent && e->agents[i].beat_ns + ENGINE_BEAT_MS * MS <= e->now.mono_ns)
				ck_assert_int_eq(engine_beat(e, &e->agents[i]), 0);
		engine_pump(e);
	}
}

void engine_restart(struct engine *e)
{
	int error;

	do {
		dtss_sched_destroy(e->s);
		ck_assert_uint_eq(e->mem.blocks, 0);
		engine_create(e, &e->s, &e->mem);
		error = records_load(&e->records, e->s);
	} while (error == DTSS_E_NOMEM && e->mem.fail_at);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(dtss_sched_digest(e->s), dtss_sched_digest(e->standby)); /* S1, S20 */
	engine_lead(e);
	engine_pump(e);
}

void engine_takeover(struct engine *e)
{
	struct fail_mem *mem = &e->mem;

	dtss_sched_destroy(e->s);
	ck_assert_uint_eq(mem->blocks, 0);
	e->s = e->standby;
	engine_lead(e);
	/* the new standby shares the allocator of the old one, which leads now */
	engine_create(e, &e->standby, &e->standby_mem);
	ck_assert_int_eq(records_load(&e->records, e->standby), 0);
	engine_pump(e);
}
