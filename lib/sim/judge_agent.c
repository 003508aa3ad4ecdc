/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/*
 * One agent and its own processes: X2, X3, X6. What is judged here is seen on one machine and by its own clock, so that it
 * holds whatever the network, the schedulers and the other clocks do.
 *
 *      START ──── runs ──── run timeout ─► STOP for its timeout ──── its end ──► the report of it
 *        └ X6: alone on this machine         └ X2: at once                └────── X3: says so ──┘
 */

/* A process is told to end so long after its lease began, so that it is dead after nine tenths of it. In whole milliseconds,
 * as the agent counts: with just more than the grace it has next to nothing, with just that it has half of the lease. */
static uint64_t agent_term_ns(uint64_t lease_ms)
{
	uint64_t most_ms = lease_ms * 9 / 10;

	return (most_ms > WORKER_KILL_GRACE_MS ? most_ms - WORKER_KILL_GRACE_MS : lease_ms / 2) * JUDGE_MS;
}

/* X6: the lease of an assignment began when the heartbeat was sent that it answers, however long it was under way. */
static void delivered_lease(struct sim *s, uint32_t worker, const struct dtss_message_assign *m)
{
	const struct judge_worker *w = judge_worker_named(s, s->workers[worker].name);
	const struct judge_sent *sent = &w->sent[m->heartbeat % JUDGE_SENT_MAX];
	struct judge_fence *f = judge_fence(s, m->fence);
	uint64_t from_ns = s->true_ns, term_ns;

	if (!f || m->incarnation != s->workers[worker].incarnation)
		return;
	if (m->heartbeat && sent->number == m->heartbeat && sent->incarnation == m->incarnation)
		from_ns = sent->true_ns;
	term_ns = from_ns + agent_term_ns(m->lease_ms ? m->lease_ms : s->sched_cfg.lease_ms);
	if (f->term_ns < term_ns)
		f->term_ns = term_ns;
}

/* A message that comes to an agent whose older attempt of that task has not ended: it must be waited for. */
void judge_delivered(struct sim *s, uint32_t worker, const struct dtss_message *m)
{
	const struct sim_worker *w = &s->workers[worker];
	size_t i;

	if (m->type == DTSS_MESSAGE_ASSIGN)
		delivered_lease(s, worker, &m->u.assign);
	for (i = 0; m->type == DTSS_MESSAGE_ASSIGN && i < SIM_PROCS_MAX; i++)
		if (w->procs[i].end_ns && w->procs[i].task == m->u.assign.task.v &&
		    w->procs[i].fence < m->u.assign.fence)
			SOMETIMES(s, w->procs[i].term_ns ? SIM_PROBE_ASSIGNED_BESIDE_STOPPING :
							   SIM_PROBE_ASSIGNED_BESIDE_RUNNING);
}

/* X6: on one machine no pause, lease or clock excuses two attempts of a task at once. */
void judge_beside(struct sim *s, uint32_t worker, const struct dtss_agent_start *start)
{
	const struct sim_worker *w = &s->workers[worker];
	size_t i;

	for (i = 0; i < SIM_PROCS_MAX; i++)
		if (w->procs[i].end_ns && w->procs[i].task == start->task.v)
			sim_violate(s, "X6", "an attempt was started beside an older one on the same machine",
				    start->task.v, w->procs[i].fence);
}

/* The first reason stands: a kill after the grace is for the same one. */
void judge_stopped(struct sim *s, const struct sim_proc *p, const struct dtss_agent_action *stop)
{
	struct judge_fence *f = judge_fence(s, stop->u.stop.fence);

	if (stop->u.stop.cause == DTSS_CAUSE_TIMEOUT && p)
		SOMETIMES(s, p->term_ns && stop->u.stop.force ? SIM_PROBE_TIMEOUT_IGNORED : SIM_PROBE_TIMEOUT_PASSED);
	if (f && !f->stop_cause)
		f->stop_cause = stop->u.stop.cause;
}

static int agent_succeeded(const struct judge_fence *f)
{
	return f->end_cause == DTSS_CAUSE_EXIT && f->exit_code == 0;
}

/* How it really ended. */
void judge_exited(struct sim *s, const struct sim_proc *p, const struct dtss_outcome *o)
{
	struct judge_fence *f = judge_fence(s, p->fence);

	if (!f)
		return;
	f->ran = 1;
	f->end_cause = o->cause;
	f->exit_code = o->exit_code;
	f->signal = o->signal;
	if (agent_succeeded(f) && f->stop_cause)
		SOMETIMES(s, f->stop_cause == DTSS_CAUSE_TIMEOUT ? SIM_PROBE_TIMEOUT_SUCCESS :
			     f->stop_cause == DTSS_CAUSE_CANCEL  ? SIM_PROBE_CANCEL_SUCCESS :
								   SIM_PROBE_FENCED_SUCCESS);
}

/* Finished work counts, but when its time was over or nobody wanted it any more. */
static uint32_t agent_cause(const struct judge_fence *f)
{
	int finished = agent_succeeded(f) && (f->stop_cause == DTSS_CAUSE_LOST || f->stop_cause == DTSS_CAUSE_RELEASED);

	return f->stop_cause && !finished ? f->stop_cause : f->end_cause;
}

/* X3, where an agent says it: what comes later may be of a fence that is not in the books any more. */
void judge_reported(struct sim *s, const struct dtss_report *r)
{
	const struct judge_fence *f = judge_fence(s, r->fence);
	uint32_t cause = r->outcome.cause;

	if (!f || r->kind != DTSS_REPORT_ENDED)
		return;
	if (!f->ran && (cause == DTSS_CAUSE_EXIT || cause == DTSS_CAUSE_SIGNAL || cause == DTSS_CAUSE_OOM))
		sim_violate(s, "X3", "a process is said to have ended that did not", r->task.v, r->fence);
	if (f->ran && f->stop_cause == DTSS_CAUSE_TIMEOUT && cause == DTSS_CAUSE_EXIT && r->outcome.exit_code == 0)
		sim_violate(s, "X3", "a success is reported of what was told to end for its timeout", r->task.v,
			    r->fence);
	else if (f->ran && cause != agent_cause(f))
		sim_violate(s, "X3", "an end is reported with another cause than it had", r->task.v,
			    (uint64_t)agent_cause(f) << 8 | cause);
}

/* X2: when its agent has looked at the time, and all that it wants is done, whose run timeout is over is told to end. */
void judge_overdue(struct sim *s, uint32_t worker)
{
	const struct sim_worker *w = &s->workers[worker];
	uint64_t now = clock_now(s, SIM_PLACE_WORKERS + worker).mono_ns;
	size_t i;

	for (i = 0; i < SIM_PROCS_MAX; i++) {
		const struct sim_proc *p = &w->procs[i];

		if (p->end_ns && !p->term_ns && p->timeout_ns && p->timeout_ns <= now)
			sim_violate(s, "X2", "a process runs on after its run timeout, and was not told to end",
				    p->task, p->fence);
	}
}

/* X6: by the last of its assignments and of the answers to heartbeats that listed it. */
static void agent_lease_over(struct sim *s, const struct sim_proc *p)
{
	const struct judge_fence *f = judge_fence(s, p->fence);
	uint64_t most = agent_term_ns(s->sched_cfg.lease_ms), acked_ns, term_ns;

	if (!f)
		return;
	acked_ns = f->acked_true_ns ? f->acked_true_ns + most : 0;
	term_ns = f->term_ns > acked_ns ? f->term_ns : acked_ns;
	if (s->true_ns > term_ns + most / 50 + JUDGE_SLACK_NS)
		sim_violate(s, "X6", "a process was told to end long after its lease was nearly over", p->task,
			    p->fence);
}

/* It is told to end now, or has ended by itself: X2, its agent woke up for its run timeout. Excused is who was stopped
 * meanwhile, or learnt late of the start. */
void judge_outlived(struct sim *s, uint32_t worker, const struct sim_proc *p)
{
	uint64_t now = clock_now(s, SIM_PLACE_WORKERS + worker).mono_ns;

	if (p->term_ns || p->excused)
		return;
	if (p->timeout_ns && now > p->timeout_ns + JUDGE_SLACK_NS)
		sim_violate(s, "X2", "the end of a run timeout was noticed long after it", p->task,
			    (now - p->timeout_ns) / SIM_MS);
	if (!s->wild)
		agent_lease_over(s, p);
}
