/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/*
 * What must be true when a leader has nothing left to do: all that was due has happened, so each promise about time has
 * an upper end too: L1, L2, L4, S15, S18. And what a new leader makes of what it finds.
 */
#define REST_WALL_SLACK (INT64_C(30) * 1000000000) /* not_before is followed by a monotonic clock in between */

/* A wait that began by the wall clock goes on with what was left of it when the leader began; 0: not known. */
uint64_t judge_continued(const struct sim *s, int64_t since_wall, uint64_t wait_ns)
{
	const struct judge_reign *r = &s->judge.reign;
	uint64_t gone = r->lead_wall > since_wall ? (uint64_t)(r->lead_wall - since_wall) : 0;

	return r->lead_ns ? r->lead_ns + (gone < wait_ns ? wait_ns - gone : 0) : 0;
}

static void reign_live(struct sim *s, struct judge_task *t)
{
	struct judge_fence *f = judge_fence(s, t->fence);
	const struct judge_reign *r = &s->judge.reign;
	const struct judge_worker *w = &s->judge.workers[t->worker - 1];
	uint64_t heard = w->heard[r->scheduler].any_ns;

	t->phase_ns = r->lead_ns;
	if (!f)
		return;
	f->renewed_ns = f->told_ns = r->lead_ns;
	f->renewed_true_ns = r->event_true;
	f->forgotten = 0;
	f->renewed_max_ns = heard > r->lead_ns ? heard : r->lead_ns;
}

static void reign_probe(struct sim *s, const struct judge_task *t)
{
	if (t->live)
		SOMETIMES(s,
			  t->live == DTSS_ATTEMPT_STOPPING ? SIM_PROBE_LEAD_WITH_STOPPING : SIM_PROBE_LEAD_WITH_WORK);
	else if (t->state == DTSS_TASK_DELAYED && t->wait_ns)
		SOMETIMES(s, SIM_PROBE_LEAD_WITH_BACKOFF);
	else if (t->state == DTSS_TASK_BLOCKED)
		SOMETIMES(s, judge_missing(s, t) && !judge_doomed(s, t) ? SIM_PROBE_LEAD_WITH_BLOCKED :
									  SIM_PROBE_LEAD_WITH_UNTOLD);
}

static void reign_over(struct sim_judge *j, uint32_t scheduler, uint64_t seq)
{
	struct judge_deposed *d = &j->deposed[scheduler];

	DTSS_ASSERT(seq >= d->seq && j->task_count >= d->task_count);
	d->seq = seq;
	d->task_count = j->task_count;
	d->fence = j->last_fence;
}

void judge_reign(struct sim *s, uint32_t scheduler, uint64_t epoch, const struct dtss_event *e)
{
	struct sim_judge *j = &s->judge;
	struct judge_reign *r = &j->reign;
	uint64_t id;
	uint32_t i;

	if (r->count)
		SOMETIMES(s, r->epoch == epoch         ? SIM_PROBE_SAME_EPOCH_AGAIN :
			     r->scheduler == scheduler ? SIM_PROBE_SAME_LEADER_AGAIN :
							 SIM_PROBE_OTHER_LEADER);
	if (r->count && r->scheduler != scheduler)
		reign_over(j, r->scheduler, e->seq - 1);
	r->scheduler = scheduler;
	r->epoch = epoch;
	r->seq = e->seq;
	r->lead_ns = j->event_ns;
	r->event_true = j->event_true;
	r->lead_wall = e->wall_ns;
	r->count++;
	s->counts.leads++;
	for (id = 1; id <= j->task_count; id++) {
		struct judge_task *t = &j->tasks[id];

		reign_probe(s, t);
		if (t->live)
			reign_live(s, t);
		if (t->state >= DTSS_TASK_SUCCEEDED)
			continue;
		if (t->deadline_ms)
			t->deadline_ns = judge_continued(s, t->created_wall, t->deadline_ms * JUDGE_MS);
		t->after_lead = t->wait_ns != 0;
		if (t->wait_ns)
			t->due_ns = judge_continued(s, t->since_wall, t->wait_ns);
		if (t->wait_ns && t->state == DTSS_TASK_DELAYED && t->due_ns == r->lead_ns)
			SOMETIMES(s, SIM_PROBE_BACKOFF_OVER_ON_LEAD);
	}
	for (i = 0; i < j->worker_count; i++)
		j->workers[i].given = 0;
	j->strangers = 0;
	judge_key_lead(s);
}

static void rest_live(struct sim *s, uint64_t id, uint64_t now)
{
	const struct judge_task *t = judge_task(s, id);
	const struct judge_fence *f = judge_fence(s, t->fence);
	const struct dtss_config *c = &s->judge.cfg;
	uint64_t most = t->timeout_ms + c->kill_grace_ms + c->lease_ms;

	if (!f)
		return;
	if (s->judge.quiet && t->live_seq > s->judge.reign.seq && t->live == DTSS_ATTEMPT_STOPPING && f->told_ns &&
	    !f->stop_told)
		sim_violate(s, "S22", "a task was cancelled, and nobody was told to stop it", id, f->fence);
	if (s->judge.quiet && t->live == DTSS_ATTEMPT_STOPPING && f->stop_owed == s->judge.reign.count)
		sim_violate(s, "S22", "a worker still runs what was cancelled, and was not told again", id, f->fence);
	if (s->judge.quiet && t->live_seq > s->judge.reign.seq && t->live == DTSS_ATTEMPT_LEASED && !f->told_ns)
		sim_violate(s, "L4", "a task was granted, and not given out", id, f->fence);
	if (s->judge.quiet && t->live == DTSS_ATTEMPT_LEASED && f->assign_owed == s->judge.reign.count &&
	    now + JUDGE_MS <= f->told_ns + c->lease_ms * JUDGE_MS) /* what is left is told in whole milliseconds */
		sim_violate(s, "L4", "a worker never got its assignment, and was not told again", id, f->fence);
	if (f->forgotten)
		sim_violate(s, "L2", "an attempt that its worker has no more is still waited for", id, f->fence);
	if (s->judge.workers[t->worker - 1].now.incarnation > f->incarnation)
		sim_violate(s, "L2", "an attempt of an incarnation that is gone is still there", id, f->fence);
	if (f->told_ns && f->renewed_max_ns && now > f->renewed_max_ns + c->lease_ms * JUDGE_MS)
		sim_violate(s, "L2", "a lease was not reclaimed in time", id,
			    (now - f->renewed_max_ns) / JUDGE_MS - c->lease_ms);
	if (t->live == DTSS_ATTEMPT_LEASED && f->told_ns && now > f->told_ns + c->start_confirm_ms * JUDGE_MS)
		sim_violate(s, "L2", "a start that was never confirmed is still waited for", id, f->fence);
	if (t->live == DTSS_ATTEMPT_RUNNING && t->timeout_ms && t->phase_ns && now > t->phase_ns + most * JUDGE_MS)
		sim_violate(s, "L2", "an attempt runs on long after its timeout", id, f->fence);
}

static void rest_deadline(struct sim *s, uint64_t id, uint64_t now)
{
	const struct judge_task *t = judge_task(s, id);

	if (t->deadline_ns && !t->started_wall && now > t->deadline_ns)
		sim_violate(s, "S18", "a start deadline passed, and the task did not expire", id,
			    (now - t->deadline_ns) / JUDGE_MS);
}

static void rest_waits(struct sim *s, uint64_t id, struct dtss_time now)
{
	const struct judge_task *t = judge_task(s, id);
	int jumped = s->judge.clocks[s->judge.reign.scheduler].count > 1;

	rest_deadline(s, id, now.mono_ns);
	if ((t->state == DTSS_TASK_BLOCKED || t->state == DTSS_TASK_HELD) && judge_doomed(s, t))
		sim_violate(s, "S15", "a parent ended badly, and the child was not skipped", id, 0);
	if (t->state == DTSS_TASK_BLOCKED && !judge_missing(s, t))
		sim_violate(s, "L1", "blocked, and all parents succeeded", id, 0);
	if (t->state != DTSS_TASK_DELAYED || (t->wait_ns && (!t->due_ns || t->due_ns >= now.mono_ns)))
		return;
	if (!t->not_before_ns || (!jumped && !s->wild && now.wall_ns > t->not_before_ns + REST_WALL_SLACK))
		sim_violate(s, "S18", "a task is delayed beyond its time", id, 0);
}

/* L4: nobody who could take it stands by. */
static void rest_ready(struct sim *s, uint64_t now)
{
	const struct sim_judge *j = &s->judge;
	uint64_t asked = 0;
	uint32_t i, n;

	for (i = 0; i < j->list_count[JUDGE_READY]; i++) {
		const struct judge_task *t = &j->tasks[j->ready[i]];
		uint64_t bit = UINT64_C(1) << t->need;

		rest_deadline(s, j->ready[i], now);
		if (asked & bit)
			continue;
		asked |= bit;
		for (n = 0; n < j->worker_count; n++)
			if (judge_fits(&j->workers[n], &j->needs[t->need]) &&
			    judge_open(s, &j->workers[n], now, s->true_ns))
				sim_violate(s, "L4", "a task waits, and a worker that fits it is idle", j->ready[i],
					    j->workers[n].now.number);
		SOMETIMES(s, SIM_PROBE_READY_AT_REST);
	}
}

static void rest_workers(struct sim *s, uint64_t now)
{
	const struct judge_reign *r = &s->judge.reign;
	uint32_t i;

	for (i = 0; i < s->judge.worker_count; i++) {
		const struct judge_worker *w = &s->judge.workers[i];
		uint64_t from = w->heard[r->scheduler].any_ns;

		from = from > r->lead_ns ? from : r->lead_ns;
		if (w->now.number && w->now.status == DTSS_WORKER_ONLINE && r->lead_ns &&
		    now > from + s->judge.cfg.offline_ms * JUDGE_MS)
			sim_violate(s, "S18", "a silent worker is still called online", w->now.number,
				    (now - from) / JUDGE_MS);
	}
}

void judge_rest(struct sim *s, struct dtss_time now)
{
	const struct sim_judge *j = &s->judge;
	uint32_t i;

	if (!j->reign.lead_ns)
		return;
	for (i = 0; i < j->list_count[JUDGE_LIVE]; i++)
		rest_live(s, j->live[i], now.mono_ns);
	for (i = 0; i < j->list_count[JUDGE_WAITS]; i++)
		rest_waits(s, j->waits[i], now);
	if (j->quiet && j->strangers)
		sim_violate(s, "S5", "a worker was not told to stop what is not its own", j->strangers, j->reign.count);
	rest_ready(s, now.mono_ns);
	rest_workers(s, now.mono_ns);
	judge_key_rest(s, now.mono_ns);
	if (!j->list_count[JUDGE_LIVE] && !j->list_count[JUDGE_READY] && !j->list_count[JUDGE_WAITS])
		SOMETIMES(s, SIM_PROBE_ALL_DONE);
}
