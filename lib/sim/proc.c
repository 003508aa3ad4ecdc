/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* The processes of a worker. How long one runs is the length of its task's payload, about, in tenths of a second. */
#define PROC_TENTH_NS (100 * SIM_MS)
#define PROC_START_MS 90000 /* starts that are slow take up to so long */
#define PROC_CLEANS_MS 3000 /* in order to end it takes up to so long, and may not be given that */

uint64_t proc_next_ns(const struct sim_worker *w)
{
	uint64_t next = DTSS_NEVER;
	size_t i;

	for (i = 0; i < w->slots * 4; i++) {
		const struct sim_proc *p = &w->procs[i];

		if (!p->end_ns)
			continue;
		if (p->end_ns < next)
			next = p->end_ns;
		if (p->started_ns && p->started_ns < next)
			next = p->started_ns;
	}
	return next;
}

static struct sim_proc *proc_find(struct sim_worker *w, uint64_t fence)
{
	size_t i;

	for (i = 0; i < SIM_PROCS_MAX; i++)
		if (w->procs[i].end_ns && w->procs[i].fence == fence)
			return &w->procs[i];
	return NULL;
}

/* How it will end, if nobody stops it. */
static void proc_draw(struct sim *s, struct sim_proc *p, uint64_t tenths)
{
	p->end_ns = s->true_ns + (1 + sim_choose(s, 2 * tenths + 1)) * PROC_TENTH_NS;
	p->cause = DTSS_CAUSE_EXIT;
	if (sim_fault(s, DTSS_SIM_FAULT_FAILS))
		p->exit_code = 1 + (int32_t)sim_choose(s, 3);
	if (sim_fault(s, DTSS_SIM_FAULT_SIGNAL)) {
		p->cause = DTSS_CAUSE_SIGNAL;
		p->signal = 11;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_OOM))
		p->cause = DTSS_CAUSE_OOM;
	p->ignores_term = sim_fault(s, DTSS_SIM_FAULT_IGNORES_TERM);
	if (sim_fault(s, DTSS_SIM_FAULT_START_SLOW)) {
		p->started_ns = s->true_ns + 1 + sim_choose(s, PROC_START_MS) * SIM_MS;
		p->ignores_term |= (int)sim_choose(s, 2); /* what hangs in its start may not hear it */
		p->end_ns += p->started_ns - s->true_ns;
		p->excused = 1; /* it may not run yet when the scheduler no longer waits for it */
	}
	if (p->end_ns - s->true_ns > s->longest_job_ns)
		s->longest_job_ns = p->end_ns - s->true_ns;
}

static void proc_runs(struct sim *s, uint32_t worker, struct sim_proc *p)
{
	struct dtss_time now = clock_now(s, SIM_PLACE_WORKERS + worker);

	p->started_ns = 0;
	if (p->timeout_ms)
		p->timeout_ns = now.mono_ns + p->timeout_ms * SIM_MS;
	DTSS_ASSERT(dtss_agent_started(s->workers[worker].agent, now, p->fence) == 0);
}

void proc_start(struct sim *s, uint32_t worker, const struct dtss_agent_start *start)
{
	struct dtss_outcome failed = { DTSS_CAUSE_START_FAILED, 0, 0, 2, "no such file" };
	struct dtss_time now = clock_now(s, SIM_PLACE_WORKERS + worker);
	struct sim_worker *w = &s->workers[worker];
	struct dtss_task_spec *spec;
	struct sim_proc *p;

	judge_started(s, worker, start);
	sim_say(s, SIM_PLACE_WORKERS + worker, "starts task %llu, fence %llu", (unsigned long long)start->task.v,
		(unsigned long long)start->fence);
	if (sim_fault(s, DTSS_SIM_FAULT_START_FAILS)) {
		DTSS_ASSERT(dtss_agent_ended(w->agent, now, start->fence, &failed) == 0);
		return;
	}
	for (p = w->procs; p->end_ns; p++)
		DTSS_ASSERT(p < w->procs + w->slots * 4 - 1);
	DTSS_ASSERT(dtss_spec_decode(start->spec, start->spec_len, &s->arena.mem, &spec) == 0);
	memset(p, 0, sizeof *p);
	p->gpus = spec->resource_count ? (uint32_t)spec->resources[0].amount : 0;
	p->task = start->task.v;
	p->fence = start->fence;
	p->timeout_ms = spec->timeout_ms;
	proc_draw(s, p, spec->payload_len);
	if (spec->timeout_ms && sim_fault(s, DTSS_SIM_FAULT_HANGS))
		p->end_ns = DTSS_NEVER;
	dtss_spec_free(spec, &s->arena.mem);
	if (!p->started_ns)
		proc_runs(s, worker, p);
}

/* 1: it has a handler for SIGTERM, puts its things in order, and exits with 0. */
static int proc_cleans_up(struct sim *s, struct sim_proc *p)
{
	uint64_t end_ns;

	if (p->started_ns || sim_choose(s, 4) < 3)
		return 0;
	end_ns = s->true_ns + 1 + sim_choose(s, PROC_CLEANS_MS) * SIM_MS;
	p->end_ns = end_ns < p->end_ns ? end_ns : p->end_ns;
	p->cause = DTSS_CAUSE_EXIT;
	p->exit_code = 0;
	p->signal = 0;
	return 1;
}

void proc_stop(struct sim *s, uint32_t worker, const struct dtss_agent_action *stop)
{
	struct sim_proc *p = proc_find(&s->workers[worker], stop->u.stop.fence);

	s->counts.stops++;
	judge_stopped(s, p, stop);
	if (!p)
		return;
	judge_outlived(s, worker, p);
	if (!p->term_ns)
		p->term_ns = s->true_ns;
	if (!stop->u.stop.force && (p->ignores_term || proc_cleans_up(s, p)))
		return;
	p->end_ns = s->true_ns + 1 + sim_choose(s, 5) * SIM_MS;
	p->cause = DTSS_CAUSE_SIGNAL;
	p->signal = stop->u.stop.force ? 9 : 15;
	p->started_ns = 0;
}

static void proc_end(struct sim *s, uint32_t worker, struct sim_proc *p)
{
	struct dtss_outcome o = { 0, 0, 0, 0, NULL };

	o.cause = p->cause;
	o.signal = p->cause == DTSS_CAUSE_EXIT ? 0 : p->signal;
	o.exit_code = p->cause == DTSS_CAUSE_EXIT ? p->exit_code : 0;
	p->end_ns = 0;
	judge_outlived(s, worker, p);
	judge_ended(s, p, &o);
	sim_say(s, SIM_PLACE_WORKERS + worker, "task %llu ends: %s", (unsigned long long)p->task,
		dtss_cause_name(p->cause));
	DTSS_ASSERT(dtss_agent_ended(s->workers[worker].agent, clock_now(s, SIM_PLACE_WORKERS + worker), p->fence,
				     &o) == 0);
}

void proc_turn(struct sim *s, uint32_t worker)
{
	struct sim_worker *w = &s->workers[worker];
	size_t i;

	for (i = 0; i < w->slots * 4; i++) {
		struct sim_proc *p = &w->procs[i];

		if (p->end_ns && p->started_ns && p->started_ns <= s->true_ns)
			proc_runs(s, worker, p);
		if (p->end_ns && p->end_ns <= s->true_ns)
			proc_end(s, worker, p);
	}
}
