/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/* A machine with an agent: the real agent engine, and processes that are a time and an exit code. */
#define MS UINT64_C(1000000)

static void worker_start(struct sim *s, struct sim_worker *w)
{
	struct dtss_resource gpus = { "gpu", w->gpus };
	struct dtss_agent_config cfg;
	uint64_t wall_ms = (uint64_t)s->now.wall_ns / MS;

	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.name = w->name;
	w->incarnation = wall_ms > w->incarnation ? wall_ms : w->incarnation + 1;
	cfg.incarnation = w->incarnation;
	cfg.tags = w->tags;
	cfg.tag_count = w->tag_count;
	cfg.max_tasks = w->slots;
	cfg.resources = &gpus;
	cfg.resource_count = w->gpus ? 1 : 0;
	cfg.kill_grace_ms = 2000;
	w->wake_ns = 0;
	DTSS_ASSERT(dtss_agent_create(&w->agent, &cfg, dtss_mem_libc()) == 0);
}

void worker_init(struct sim *s, uint32_t index)
{
	static const char *const tags[] = { "one", "two" };
	struct sim_worker *w = &s->workers[index];

	snprintf(w->name, sizeof w->name, "w%u", (unsigned)index);
	w->slots = 1 + (uint32_t)sim_choose(s, SIM_SLOTS_MAX);
	/* the first has every tag, and GPUs, so that all work can be done */
	w->gpus = index == 0 ? 2 : (uint32_t)sim_choose(s, 3);
	w->tag_count = index == 0 ? 2 : sim_choose(s, 2);
	w->tags[0] = tags[index == 0 ? 0 : sim_choose(s, 2)];
	w->tags[1] = tags[1];
	worker_start(s, w);
}

static struct sim_proc *proc_find(struct sim_worker *w, uint64_t fence)
{
	size_t i;

	for (i = 0; i < sizeof w->procs / sizeof *w->procs; i++)
		if (w->procs[i].end_ns && w->procs[i].fence == fence)
			return &w->procs[i];
	return NULL;
}

/* S13: what runs fits the machine. One that is being stopped for good still counts. */
static void worker_room(struct sim *s, const struct sim_worker *w, uint32_t gpus)
{
	uint32_t slots = 1;
	size_t i;

	for (i = 0; i < sizeof w->procs / sizeof *w->procs; i++) {
		if (!w->procs[i].end_ns || w->procs[i].signal)
			continue;
		slots++;
		gpus += w->procs[i].gpus;
	}
	if (slots > w->slots || gpus > w->gpus)
		sim_violate(s, "S13", "more work than the machine has room for", slots, gpus);
}

/* X6: with clocks that run alike, a lost attempt is dead before the next one starts, wherever that is. */
static void worker_overlap(struct sim *s, uint64_t task)
{
	uint32_t i;
	size_t j;

	for (i = 0; i < s->worker_count; i++)
		for (j = 0; j < sizeof s->workers[i].procs / sizeof *s->workers[i].procs; j++) {
			struct sim_proc *p = &s->workers[i].procs[j];

			if (p->end_ns && p->task == task && !s->workers[i].wake_ns && !p->excused)
				sim_violate(s, "X6", "two attempts of a task run at once", task, p->fence);
		}
}

static void worker_spawn(struct sim *s, struct sim_worker *w, const struct dtss_agent_start *start)
{
	struct dtss_outcome failed = { DTSS_CAUSE_START_FAILED, 0, 0, 2, "no such file" };
	struct dtss_task_spec *spec;
	struct sim_proc *p;

	worker_overlap(s, start->task.v);
	if (sim_fault(s, s->faults.start_fails)) {
		DTSS_ASSERT(dtss_agent_ended(w->agent, s->now, start->fence, &failed) == 0);
		return;
	}
	for (p = w->procs; p->end_ns; p++)
		DTSS_ASSERT(p < w->procs + sizeof w->procs / sizeof *w->procs - 1);
	DTSS_ASSERT(dtss_spec_decode(start->spec, start->spec_len, dtss_mem_libc(), &spec) == 0);
	memset(p, 0, sizeof *p);
	p->gpus = spec->resource_count ? (uint32_t)spec->resources[0].amount : 0;
	worker_room(s, w, p->gpus);
	p->task = start->task.v;
	p->fence = start->fence;
	p->end_ns = s->now.mono_ns + (1 + sim_choose(s, 2 * spec->payload_len + 1)) * 100 * MS;
	p->exit_code = sim_fault(s, s->faults.fails) ? 1 : 0;
	p->ignores_term = sim_fault(s, s->faults.ignores_term);
	dtss_spec_free(spec, dtss_mem_libc());
	DTSS_ASSERT(dtss_agent_started(w->agent, s->now, start->fence) == 0);
}

static void worker_stop(struct sim *s, struct sim_worker *w, uint64_t fence, int force)
{
	struct sim_proc *p = proc_find(w, fence);

	s->counts.stops++;
	if (!p || (!force && p->ignores_term))
		return;
	p->end_ns = s->now.mono_ns + 1 + sim_choose(s, 5 * MS);
	p->signal = force ? 9 : 15;
}

static void worker_actions(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	struct dtss_agent_action a;

	while (w->agent && dtss_agent_next_action(w->agent, &a)) {
		switch (a.type) {
		case DTSS_AGENT_START:
			worker_spawn(s, w, &a.u.start);
			break;
		case DTSS_AGENT_STOP:
			worker_stop(s, w, a.u.stop.fence, (int)a.u.stop.force);
			break;
		case DTSS_AGENT_SEND:
			net_send(s, 1, index, a.u.message);
			break;
		case DTSS_AGENT_STALE:
		case DTSS_AGENT_RESET:
			sim_violate(s, "agent", "nobody else has this name, and there is one store", index, a.type);
			break;
		default:
			break;
		}
	}
}

static void worker_reap(struct sim *s, struct sim_worker *w)
{
	size_t i;

	for (i = 0; i < sizeof w->procs / sizeof *w->procs; i++) {
		struct sim_proc *p = &w->procs[i];
		struct dtss_outcome o = { DTSS_CAUSE_EXIT, 0, 0, 0, NULL };

		if (!p->end_ns || p->end_ns > s->now.mono_ns)
			continue;
		o.cause = p->signal ? DTSS_CAUSE_SIGNAL : DTSS_CAUSE_EXIT;
		o.signal = p->signal;
		o.exit_code = p->exit_code;
		p->end_ns = 0;
		DTSS_ASSERT(dtss_agent_ended(w->agent, s->now, p->fence, &o) == 0);
	}
}

/* kill -9: the processes die with it, as they would when the agent starts again and reads its journal. */
static void worker_crash(struct sim *s, struct sim_worker *w)
{
	s->counts.agent_crashes++;
	dtss_agent_destroy(w->agent);
	w->agent = NULL;
	memset(w->procs, 0, sizeof w->procs);
	w->wake_ns = s->now.mono_ns + sim_choose(s, 60000) * MS + 1;
}

static void worker_pause(struct sim *s, struct sim_worker *w)
{
	size_t i;

	s->counts.pauses++;
	w->wake_ns = s->now.mono_ns + sim_choose(s, 90000) * MS + 1;
	for (i = 0; i < sizeof w->procs / sizeof *w->procs; i++)
		w->procs[i].excused = 1; /* nobody was there to stop it in time */
}

void worker_turn(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];

	if (w->wake_ns > s->now.mono_ns)
		return;
	w->wake_ns = 0;
	if (!w->agent)
		worker_start(s, w);
	if (sim_fault(s, s->faults.agent_crash)) {
		worker_crash(s, w);
		return;
	}
	if (sim_fault(s, s->faults.agent_pause)) {
		worker_pause(s, w);
		return;
	}
	worker_reap(s, w);
	DTSS_ASSERT(dtss_agent_tick(w->agent, s->now) == 0);
	worker_actions(s, index);
}

void worker_message(struct sim *s, uint32_t index, const struct dtss_message *m)
{
	struct sim_worker *w = &s->workers[index];

	if (!w->agent || w->wake_ns)
		return; /* it arrives at a machine where nobody listens */
	DTSS_ASSERT(dtss_agent_message(w->agent, s->now, m) == 0);
	worker_actions(s, index);
}

uint64_t worker_next_ns(const struct sim *s, uint32_t index)
{
	const struct sim_worker *w = &s->workers[index];
	uint64_t next;
	size_t i;

	if (w->wake_ns)
		return w->wake_ns;
	next = dtss_agent_next_ns(w->agent);
	for (i = 0; i < sizeof w->procs / sizeof *w->procs; i++)
		if (w->procs[i].end_ns && w->procs[i].end_ns < next)
			next = w->procs[i].end_ns;
	return next;
}

void worker_fini(struct sim *s, uint32_t index)
{
	dtss_agent_destroy(s->workers[index].agent);
}
