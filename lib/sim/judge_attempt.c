/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* How attempts end: only as their worker said, or because it was silent; and what follows is what the policy of the task
 * says, worked out here once more: L2, S4, S5, S11, S12. */

void judge_attempt_record(struct sim *s, const struct dtss_attempt_record *r)
{
	const struct dtss_attempt_view *v = &r->view;
	struct judge_fence *f = &s->judge.fences[v->fence & (JUDGE_FENCES_MAX - 1)];

	if (f->fence > v->fence)
		return; /* overwritten by a newer one */
	if (f->fence < v->fence) {
		memset(f, 0, sizeof *f);
		f->fence = v->fence;
		f->task = (uint32_t)r->id;
		f->attempt = v->attempt;
		f->incarnation = v->incarnation;
	}
	if (f->task != r->id || f->attempt != v->attempt || f->incarnation != v->incarnation)
		sim_violate(s, "S6", "one fence, two attempts", v->fence, r->id);
	if (f->record_state == DTSS_ATTEMPT_ENDED && f->record.cause != v->outcome.cause &&
	    f->record.cause != DTSS_CAUSE_LOST)
		sim_violate(s, "S10", "the outcome of an attempt changed", r->id, v->fence);
	f->record = v->outcome;
	f->record.detail = NULL;
	f->record_state = v->state;
}

void judge_attempt_free(struct sim *s, struct judge_task *t)
{
	struct judge_worker *w = t->worker ? &s->judge.workers[t->worker - 1] : NULL;
	struct judge_fence *f = judge_fence(s, t->fence);
	uint32_t i;

	t->live = 0;
	if (f) {
		f->live = 0;
		f->ended_seq = s->judge.last_seq;
	}
	if (!w)
		return;
	DTSS_ASSERT(w->leased > 0);
	w->leased--;
	for (i = 0; i < JUDGE_RESOURCES_MAX; i++)
		w->taken[i] -= s->judge.needs[t->need].amounts[i];
}

static int attempt_was_reported(const struct judge_fence *f, const struct dtss_outcome *o)
{
	uint32_t i;

	for (i = 0; i < f->reported_count; i++)
		if (f->reported[i].cause == o->cause &&
		    (o->cause == DTSS_CAUSE_LOST ||
		     (f->reported[i].exit_code == o->exit_code && f->reported[i].signal == o->signal)))
			return 1;
	return f->reported_count == JUDGE_ENDS_MAX;
}

static int attempt_runs(const struct sim *s, const struct judge_worker *w, uint64_t fence)
{
	uint32_t i, n;

	for (i = 0; i < s->worker_count; i++)
		for (n = 0; strcmp(s->workers[i].name, w->name) == 0 && n < SIM_PROCS_MAX; n++)
			if (s->workers[i].procs[n].end_ns && s->workers[i].procs[n].fence == fence)
				return 1;
	return 0;
}

static void attempt_lost(struct sim *s, const struct judge_task *t, const struct judge_fence *f)
{
	const struct judge_worker *w = &s->judge.workers[t->worker - 1];
	uint64_t now = s->judge.event_ns, lease = s->judge.cfg.lease_ms * JUDGE_MS;

	if (w->now.incarnation > f->incarnation) {
		SOMETIMES(s, SIM_PROBE_LOST_BY_INCARNATION);
		return;
	}
	SOMETIMES(s, t->live == DTSS_ATTEMPT_LEASED ? SIM_PROBE_LOST_LEASED : SIM_PROBE_LOST_RUNNING);
	if (attempt_runs(s, w, f->fence))
		SOMETIMES(s, SIM_PROBE_LOST_STILL_RUNS);
	/* a heartbeat may have come after it was decided, and before that was stored */
	if (now && f->renewed_ns && f->renewed_ns <= now && f->renewed_true_ns <= s->judge.event_true &&
	    now < f->renewed_ns + lease)
		sim_violate(s, "L2", "a lease was lost before its time", f->fence,
			    (f->renewed_ns + lease - now) / JUDGE_MS);
	if (f->acked_true_ns && f->acked_true_ns < s->judge.event_true && !s->wild &&
	    s->judge.event_true < f->acked_true_ns + lease - lease / 32)
		sim_violate(s, "L2", "a lease was lost that its worker was told to be renewed", f->fence, 0);
}

/* By what it told the leader, its worker never heard of it: it gets nothing more until it shows that it hears. */
static void attempt_unheard(struct sim *s, const struct judge_task *t)
{
	struct judge_worker *w = &s->judge.workers[t->worker - 1];
	const struct judge_heard *h = &w->heard[s->judge.reign.scheduler];
	int heard = h->last_ns > s->judge.reign.lead_ns && h->fence_seen >= t->fence;

	if (t->live == DTSS_ATTEMPT_LEASED && !heard && t->fence > w->unheard)
		w->unheard = t->fence;
}

/* 1: what the engine may conclude by itself. */
static int attempt_concluded(struct sim *s, const struct judge_task *t, struct judge_fence *f, uint32_t cause)
{
	const struct dtss_config *c = &s->judge.cfg;
	uint64_t now = s->judge.event_ns, most = t->timeout_ms + c->kill_grace_ms + c->lease_ms;

	if (cause == DTSS_CAUSE_LOST) {
		attempt_lost(s, t, f);
		return 1;
	}
	if (cause == DTSS_CAUSE_REJECTED) {
		f->given_up = !f->unlisted;
		SOMETIMES(s, f->unlisted ? SIM_PROBE_UNLISTED : SIM_PROBE_NEVER_CONFIRMED);
		return f->unlisted || (t->live == DTSS_ATTEMPT_LEASED &&
				       (!now || !t->phase_ns || now >= t->phase_ns + c->start_confirm_ms * JUDGE_MS));
	}
	if (cause == DTSS_CAUSE_CANCEL) { /* it was never given out */
		SOMETIMES(s, SIM_PROBE_CANCEL_UNTOLD);
		return t->live == DTSS_ATTEMPT_STOPPING && !f->told_ns;
	}
	if (cause == DTSS_CAUSE_TIMEOUT) {
		f->given_up = 1;
		SOMETIMES(s, SIM_PROBE_TIMEOUT_BACKSTOP);
		return t->live == DTSS_ATTEMPT_RUNNING && t->timeout_ms &&
		       (!now || !t->phase_ns || now >= t->phase_ns + most * JUDGE_MS);
	}
	return 0;
}

static int attempt_rule(const struct judge_policy *p, const struct dtss_outcome *o)
{
	uint32_t i;

	for (i = 0; i < p->rule_count; i++) {
		const struct dtss_retry_rule *r = &p->rules[i];
		int any_code = !r->exit_min && !r->exit_max;

		if (r->causes && !(r->causes >> o->cause & 1))
			continue;
		if (any_code ||
		    (o->cause == DTSS_CAUSE_EXIT && o->exit_code >= r->exit_min && o->exit_code <= r->exit_max))
			return (int)r->action;
	}
	return DTSS_RETRY_RETRY;
}

/* S12: between these the backoff must be. */
static void attempt_wait(struct judge_task *t, int counted)
{
	const struct judge_policy *p = &t->policy;
	uint64_t cap = p->max_ms * JUDGE_MS, wait = p->min_ms < p->max_ms ? p->min_ms * JUDGE_MS : cap;
	uint32_t n;

	if (!counted) { /* 100 ms, doubled up to 6.4 s */
		t->wait_low_ns = t->wait_high_ns = (uint64_t)100 * JUDGE_MS << (t->free < 7 ? t->free - 1 : 6);
		return;
	}
	for (n = 1; n < t->failed && wait < cap; n++) {
		uint64_t next = wait / 1000 * p->multiplier_milli;

		wait = next / p->multiplier_milli == wait / 1000 && next < cap ? next : cap;
	}
	t->wait_low_ns = wait - wait / 1000000;
	t->wait_high_ns = p->jitter ? wait + wait / 4 : wait;
}

static uint32_t attempt_failed(struct sim *s, struct judge_task *t, const struct dtss_outcome *o)
{
	int action = attempt_rule(&t->policy, o);

	if (t->policy.rule_count && action != DTSS_RETRY_RETRY)
		SOMETIMES(s, SIM_PROBE_RULE_FAIL + action - DTSS_RETRY_FAIL);
	if (action == DTSS_RETRY_IGNORE) {
		t->free++;
		attempt_wait(t, 0);
		return DTSS_TASK_DELAYED;
	}
	t->failed++;
	s->progress_ns = s->true_ns; /* L1: a failure that counts brings the end nearer, for they are bounded */
	if (action == DTSS_RETRY_QUARANTINE)
		return DTSS_TASK_QUARANTINED;
	if (action == DTSS_RETRY_FAIL || t->failed >= t->policy.attempts_max)
		return DTSS_TASK_FAILED;
	attempt_wait(t, 1);
	return DTSS_TASK_DELAYED;
}

/* Where the task goes. */
static uint32_t attempt_decide(struct sim *s, struct judge_task *t, const struct dtss_outcome *o)
{
	if (o->cause == DTSS_CAUSE_EXIT && o->exit_code == 0)
		return DTSS_TASK_SUCCEEDED;
	if (o->cause == DTSS_CAUSE_LOST) {
		s->judge.losses++;
		s->counts.losses++;
		t->lost++;
		t->lost_last = 1;
		if (t->lost == 2)
			SOMETIMES(s, SIM_PROBE_LOST_TWICE);
		return t->lost >= t->policy.lost_max ? DTSS_TASK_QUARANTINED : DTSS_TASK_READY;
	}
	if (o->cause != DTSS_CAUSE_REJECTED && o->cause != DTSS_CAUSE_RELEASED && o->cause != DTSS_CAUSE_CANCEL)
		return attempt_failed(s, t, o);
	t->free++;
	attempt_wait(t, 0);
	return DTSS_TASK_DELAYED;
}

static void attempt_backs_off(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	t->since_wall = e->wall_ns;
	t->wait_ns = t->wait_low_ns;
	t->wait_fresh = 1;
	t->after_lead = 0;
	t->due_ns = s->judge.event_ns ? s->judge.event_ns + t->wait_ns : 0;
	if (t->failed > 1)
		SOMETIMES(s, SIM_PROBE_SECOND_BACKOFF);
	if (t->free > 4)
		SOMETIMES(s, SIM_PROBE_FREE_BACKOFF_LONG);
	if (t->wait_low_ns + 2 * JUDGE_MS >= t->policy.max_ms * JUDGE_MS)
		SOMETIMES(s, SIM_PROBE_BACKOFF_AT_MAX);
}

static void attempt_probe(struct sim *s, const struct judge_task *t, const struct dtss_outcome *o, uint32_t to)
{
	if (o->cause > DTSS_CAUSE_NONE && o->cause <= DTSS_CAUSE_CANCEL)
		SOMETIMES(s, SIM_PROBE_END_EXIT + o->cause - DTSS_CAUSE_EXIT);
	if (to == DTSS_TASK_FAILED)
		SOMETIMES(s, t->policy.attempts_max > 1 ? SIM_PROBE_ATTEMPTS_USED : SIM_PROBE_FAILED_AT_ONCE);
	if (to == DTSS_TASK_QUARANTINED)
		SOMETIMES(s, SIM_PROBE_QUARANTINED);
	if (to == DTSS_TASK_SUCCEEDED && t->attempts > 1)
		SOMETIMES(s, t->lost ? SIM_PROBE_SUCCESS_AFTER_LOSS : SIM_PROBE_SUCCESS_AFTER_RETRY);
	if (to == DTSS_TASK_SUCCEEDED && t->live == DTSS_ATTEMPT_LEASED)
		SOMETIMES(s, SIM_PROBE_END_BEFORE_START);
}

/* An end that is reported implies the start, unless it never did. */
static void attempt_began(struct judge_task *t, const struct judge_fence *f, const struct dtss_outcome *o,
			  const struct dtss_event *e)
{
	if (t->started_wall || !f || o->cause == DTSS_CAUSE_START_FAILED || o->cause == DTSS_CAUSE_REJECTED ||
	    o->cause == DTSS_CAUSE_RELEASED || !attempt_was_reported(f, o))
		return;
	if (o->cause == DTSS_CAUSE_LOST)
		t->perhaps_wall = e->wall_ns; /* it may have been lost for its silence all the same */
	else
		t->started_wall = e->wall_ns;
}

void judge_attempt_ended(struct sim *s, uint64_t id, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, id);
	struct judge_fence *f = judge_fence(s, t->fence);
	struct dtss_outcome lost = { DTSS_CAUSE_LOST, 0, 0, 0, NULL };
	const struct dtss_outcome *o = f ? &f->record : &lost;
	uint32_t to;

	if (e->cause == DTSS_CAUSE_LOST || e->cause == DTSS_CAUSE_LOST_MAX)
		o = &lost;
	if (o->cause == DTSS_CAUSE_LOST || o->cause == DTSS_CAUSE_REJECTED)
		attempt_unheard(s, t);
	/* What was not reported, or to another scheduler only: heartbeats since it was decided may have listed it in vain. */
	if (o->cause == DTSS_CAUSE_LOST || !attempt_was_reported(f, o))
		s->judge.workers[t->worker - 1].heard[s->judge.reign.scheduler].fuzzy = 1;
	if (f && !attempt_was_reported(f, o) && !attempt_concluded(s, t, f, o->cause))
		sim_violate(s, "S5", "an end that nobody reported was accepted", id, o->cause);
	attempt_began(t, f, o, e);
	if (o->cause == DTSS_CAUSE_LOST && f && attempt_was_reported(f, o))
		SOMETIMES(s, SIM_PROBE_LOST_REPORTED);
	if (t->live == DTSS_ATTEMPT_STOPPING) {
		SOMETIMES(s, o->cause == DTSS_CAUSE_LOST ? SIM_PROBE_STOPPING_LOST : SIM_PROBE_STOPPING_ENDED);
		if (o->cause == DTSS_CAUSE_EXIT && o->exit_code == 0)
			SOMETIMES(s, SIM_PROBE_SUCCESS_AFTER_CANCEL);
		if (o->cause == DTSS_CAUSE_CANCEL)
			SOMETIMES(s, SIM_PROBE_END_CANCEL);
	} else {
		to = attempt_decide(s, t, o);
		if (to != e->to)
			sim_violate(s, "S11", "after an end the task goes where its policy does not send it", id,
				    (uint64_t)e->to << 8 | to);
		if (to == DTSS_TASK_DELAYED)
			attempt_backs_off(s, t, e);
		attempt_probe(s, t, o, to);
	}
	judge_attempt_free(s, t);
}

void judge_late_success(struct sim *s, uint64_t id, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, id);
	struct judge_fence *f = judge_fence(s, t->fence);
	const struct dtss_outcome success = { DTSS_CAUSE_EXIT, 0, 0, 0, NULL };

	if (!t->lost_last || e->fence != t->fence)
		sim_violate(s, "S5", "a late success was accepted, and the attempt was not lost", id, e->fence);
	if (f && !attempt_was_reported(f, &success))
		sim_violate(s, "S5", "a success that nobody reported was accepted", id, e->fence);
	if (!t->started_wall)
		t->started_wall = e->wall_ns;
	SOMETIMES(s, t->state == DTSS_TASK_HELD ? SIM_PROBE_LATE_SUCCESS_HELD : SIM_PROBE_LATE_SUCCESS);
}
