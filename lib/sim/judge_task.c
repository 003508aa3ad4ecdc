/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* The life of a task, event by event: S3, S5, S9, S10, S14, S15, S18, S22, by the table of dtss_task_states(7), which
 * stands here a second time, so that a slip in the engine's own is seen. */
#define TO(state) (1u << (state))
#define TO_END (TO(DTSS_TASK_CANCELLED) | TO(DTSS_TASK_SKIPPED) | TO(DTSS_TASK_EXPIRED))
#define TO_RUN_END                                                                                                     \
	(TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY) | TO(DTSS_TASK_SUCCEEDED) | TO(DTSS_TASK_FAILED) |                \
	 TO(DTSS_TASK_CANCELLED) | TO(DTSS_TASK_QUARANTINED))

static const uint32_t judge_edges[DTSS_TASK_STATES] = {
	[DTSS_TASK_NEW] = TO(DTSS_TASK_BLOCKED) | TO(DTSS_TASK_HELD) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY),
	[DTSS_TASK_BLOCKED] = TO(DTSS_TASK_HELD) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY) | TO_END,
	[DTSS_TASK_HELD] = TO(DTSS_TASK_BLOCKED) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY) |
			   TO(DTSS_TASK_SUCCEEDED) | TO_END,
	[DTSS_TASK_DELAYED] = TO(DTSS_TASK_HELD) | TO(DTSS_TASK_READY) | TO(DTSS_TASK_SUCCEEDED) | TO_END,
	[DTSS_TASK_READY] = TO(DTSS_TASK_HELD) | TO(DTSS_TASK_LEASED) | TO(DTSS_TASK_SUCCEEDED) | TO_END,
	[DTSS_TASK_LEASED] = TO(DTSS_TASK_RUNNING) | TO_RUN_END,
	[DTSS_TASK_RUNNING] = TO_RUN_END,
};

uint32_t judge_missing(struct sim *s, const struct judge_task *t)
{
	uint32_t i, missing = 0;

	for (i = 0; i < t->after_count; i++)
		missing += judge_task(s, t->after[i])->state != DTSS_TASK_SUCCEEDED;
	return missing;
}

int judge_doomed(struct sim *s, const struct judge_task *t)
{
	uint32_t i;

	for (i = 0; i < t->after_count; i++)
		if (judge_task(s, t->after[i])->state > DTSS_TASK_SUCCEEDED)
			return 1;
	return 0;
}

/* Ready at once, or delayed: only time decides, and both clocks are known. */
static void task_later(struct sim *s, const struct judge_task *t, const struct dtss_event *e)
{
	uint64_t now_ns = s->judge.event_ns;
	int later = t->not_before_ns > e->wall_ns || (t->wait_ns && t->due_ns > now_ns);

	if (judge_missing(s, t))
		sim_violate(s, "S14", "a task became ready before its parents succeeded", e->task, e->to);
	if (!now_ns || (t->wait_ns && !t->due_ns))
		return;
	if (later != (e->to == DTSS_TASK_DELAYED))
		sim_violate(s, "S18", later ? "ready before its time" : "delayed without a reason", e->task, e->to);
}

static void task_begins(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	struct sim_judge *j = &s->judge;
	uint32_t to = DTSS_TASK_READY;

	if (e->task != j->task_count + 1 || !t->spec_seen)
		sim_violate(s, "S3", "a task out of nothing", e->task, j->task_count);
	j->task_count++;
	s->counts.accepted++;
	j->totals[0]++;
	t->created_wall = e->wall_ns;
	t->deadline_ns = DTSS_NEVER;
	if (t->deadline_ms)
		t->deadline_ns = j->event_ns ? j->event_ns + t->deadline_ms * JUDGE_MS : 0;
	if (judge_doomed(s, t) || (!t->held_asked && judge_missing(s, t)))
		to = DTSS_TASK_BLOCKED;
	else if (t->held_asked)
		to = DTSS_TASK_HELD;
	if (to == DTSS_TASK_READY)
		task_later(s, t, e);
	else if (e->to != to)
		sim_violate(s, to == DTSS_TASK_BLOCKED ? "S14" : "S9", "a task begins in a wrong state", e->task,
			    e->to);
	if (judge_doomed(s, t))
		SOMETIMES(s, SIM_PROBE_DOOMED_AT_SUBMIT);
	else if (t->after_count && !judge_missing(s, t))
		SOMETIMES(s, SIM_PROBE_PARENT_DONE_AT_SUBMIT);
	t->reign = j->reign.count;
	judge_key_begin(s, e->task);
}

static void task_expires(struct sim *s, const struct judge_task *t, const struct dtss_event *e)
{
	if (!t->deadline_ms || t->started_wall || e->cause != DTSS_CAUSE_DEADLINE)
		sim_violate(s, "S18", "a task expired that has no deadline any more", e->task, e->cause);
	else if (s->judge.event_ns && t->deadline_ns && s->judge.event_ns < t->deadline_ns)
		sim_violate(s, "S18", "a task expired before its deadline", e->task,
			    (t->deadline_ns - s->judge.event_ns) / JUDGE_MS);
	SOMETIMES(s, t->attempts ? SIM_PROBE_EXPIRED_AFTER_GRANT : SIM_PROBE_EXPIRED);
	if (t->state == DTSS_TASK_HELD || t->state == DTSS_TASK_BLOCKED)
		SOMETIMES(s, t->state == DTSS_TASK_HELD ? SIM_PROBE_EXPIRED_HELD : SIM_PROBE_EXPIRED_BLOCKED);
	if (t->reign != s->judge.reign.count)
		SOMETIMES(s, SIM_PROBE_DEADLINE_OVER_LEADERS);
}

static void task_wakes(struct sim *s, const struct judge_task *t, const struct dtss_event *e)
{
	if (t->not_before_ns > e->wall_ns)
		sim_violate(s, "S18", "a task started before its not_before", e->task, 0);
	if (t->wait_ns && t->due_ns && s->judge.event_ns && s->judge.event_ns < t->due_ns)
		sim_violate(s, "S12", "a backoff ended early", e->task, (t->due_ns - s->judge.event_ns) / JUDGE_MS);
	if (t->after_lead)
		SOMETIMES(s, SIM_PROBE_BACKOFF_OVER_LEADERS);
	if (t->not_before_ns)
		SOMETIMES(s, SIM_PROBE_NOT_BEFORE);
}

/* From waiting for others, or from being held, to where it waits next. */
static void task_let_go(struct sim *s, const struct judge_task *t, const struct dtss_event *e)
{
	if (t->state == DTSS_TASK_HELD)
		SOMETIMES(s, e->to == DTSS_TASK_BLOCKED ? SIM_PROBE_RELEASED_TO_BLOCKED :
			     e->to == DTSS_TASK_DELAYED ? SIM_PROBE_RELEASED_TO_DELAYED :
							  SIM_PROBE_RELEASED_TO_READY);
	else if (t->state == DTSS_TASK_BLOCKED)
		SOMETIMES(s, e->to == DTSS_TASK_DELAYED ? SIM_PROBE_CHILD_DELAYED :
			     t->after_count > 1         ? SIM_PROBE_FAN_IN_READY :
							  SIM_PROBE_CHAIN_READY);
}

static void task_skipped(struct sim *s, const struct judge_task *t, const struct dtss_event *e)
{
	uint32_t i;

	if (!judge_doomed(s, t))
		sim_violate(s, "S15", "skipped, and no parent ended badly", e->task, 0);
	SOMETIMES(s, t->state == DTSS_TASK_HELD ? SIM_PROBE_SKIPPED_HELD : SIM_PROBE_SKIPPED);
	for (i = 0; i < t->after_count; i++)
		if (judge_task(s, t->after[i])->state == DTSS_TASK_SKIPPED)
			SOMETIMES(s, SIM_PROBE_SKIPPED_CASCADE);
}

static void task_waits_on(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	task_let_go(s, t, e);
	switch (e->to) {
	case DTSS_TASK_HELD:
		if (!t->hold_asked)
			sim_violate(s, "S3", "a task was held that nobody held", e->task, 0);
		SOMETIMES(s, t->lost_last                  ? SIM_PROBE_HELD_AFTER_LOSS :
			     t->state == DTSS_TASK_BLOCKED ? SIM_PROBE_HELD_BLOCKED :
			     t->state == DTSS_TASK_DELAYED ? SIM_PROBE_HELD_DELAYED :
							     SIM_PROBE_HELD_READY);
		break;
	case DTSS_TASK_CANCELLED:
		if (!t->cancel_asked)
			sim_violate(s, "S3", "a task was cancelled that nobody cancelled", e->task, 0);
		SOMETIMES(s, SIM_PROBE_CANCEL_BLOCKED + t->state - DTSS_TASK_BLOCKED);
		break;
	case DTSS_TASK_SKIPPED:
		task_skipped(s, t, e);
		break;
	case DTSS_TASK_EXPIRED:
		task_expires(s, t, e);
		break;
	case DTSS_TASK_SUCCEEDED:
		judge_late_success(s, e->task, e);
		break;
	case DTSS_TASK_LEASED:
		judge_grant(s, e->task, e);
		break;
	case DTSS_TASK_BLOCKED:
		if (!t->after_count)
			sim_violate(s, "S15", "blocked, and it waits for nothing", e->task, 0);
		if (!t->release_asked)
			sim_violate(s, "S9", "a held task was let go", e->task, e->to);
		break;
	default:
		if (t->state == DTSS_TASK_HELD && !t->release_asked)
			sim_violate(s, "S9", "a held task was let go", e->task, e->to);
		if (t->state == DTSS_TASK_DELAYED)
			task_wakes(s, t, e);
		else
			task_later(s, t, e);
	}
}

static void task_runs_on(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	struct judge_fence *f = judge_fence(s, t->fence);

	if (e->fence != t->fence || e->attempt != t->attempts)
		sim_violate(s, "S5", "a transition by another attempt than the last", e->task, e->fence);
	if (e->to == DTSS_TASK_RUNNING) {
		if (f && !f->started_reported)
			sim_violate(s, "S5", "running, and its worker never said so", e->task, e->fence);
		t->live = DTSS_ATTEMPT_RUNNING;
		t->phase_ns = s->judge.event_ns;
		if (!t->started_wall)
			t->started_wall = e->wall_ns;
	} else if (e->to == DTSS_TASK_CANCELLED) {
		if (!t->cancel_asked)
			sim_violate(s, "S3", "a task was cancelled that nobody cancelled", e->task, 0);
		SOMETIMES(s, t->live == DTSS_ATTEMPT_LEASED ? SIM_PROBE_CANCEL_LEASED : SIM_PROBE_CANCEL_RUNNING);
		t->live = DTSS_ATTEMPT_STOPPING;
		t->live_seq = e->seq;
	} else {
		judge_attempt_ended(s, e->task, e);
	}
}

static void task_ended(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	struct sim_judge *j = &s->judge;

	j->totals[e->to]++;
	j->terminal++;
	s->progress_ns = s->true_ns;
	t->finished_wall = e->wall_ns;
	t->ended_batch = j->batches;
	if (t->parent && e->to == DTSS_TASK_CANCELLED)
		SOMETIMES(s, SIM_PROBE_CANCEL_PARENT);
	judge_key_ended(s, e->task, e);
}

static void task_moves(struct sim *s, struct judge_task *t, const struct dtss_event *e)
{
	struct judge_past *past = &t->past[t->past_count++ % JUDGE_PAST_MAX];

	past->seq = e->seq;
	past->state = e->to;
	t->state = e->to;
	t->cause = e->cause;
	if (e->to == DTSS_TASK_READY)
		judge_list_put(s, e->task, JUDGE_READY);
	else if (t->live)
		judge_list_put(s, e->task, JUDGE_LIVE);
	else
		judge_list_put(s, e->task, e->to < DTSS_TASK_SUCCEEDED ? JUDGE_WAITS : JUDGE_NONE);
}

void judge_task_event(struct sim *s, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, e->task);

	if (e->from != t->state)
		sim_violate(s, "S19", "an event does not follow the one before", e->task, e->from);
	if (t->state >= DTSS_TASK_SUCCEEDED || t->retired)
		sim_violate(s, "S10", "an edge leaves a terminal state", e->task, e->to);
	else if (e->to >= DTSS_TASK_STATES || !(judge_edges[t->state] & TO(e->to)))
		sim_violate(s, "S9", "not an edge of the table", e->from, e->to);
	if (s->violation.id)
		return;
	if (t->state == DTSS_TASK_NEW)
		task_begins(s, t, e);
	else if (t->live)
		task_runs_on(s, t, e);
	else
		task_waits_on(s, t, e);
	if (e->to >= DTSS_TASK_SUCCEEDED)
		task_ended(s, t, e);
	task_moves(s, t, e);
}

void judge_attempt_event(struct sim *s, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, e->task);

	if (t->live != DTSS_ATTEMPT_STOPPING || e->fence != t->fence || t->retired)
		sim_violate(s, "S10", "an attempt ended that was not being stopped", e->task, e->fence);
	else
		judge_attempt_ended(s, e->task, e);
	judge_list_put(s, e->task, JUDGE_NONE);
}

void judge_retired_event(struct sim *s, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, e->task);

	if (t->retired || t->state < DTSS_TASK_SUCCEEDED || t->live || e->from != t->state || e->to != t->state)
		sim_violate(s, "S10", "a task left that has not ended", e->task, e->to);
	t->retired = 1;
	if (s->judge.batches != t->ended_batch)
		SOMETIMES(s, SIM_PROBE_RETIRED_LATER);
}
