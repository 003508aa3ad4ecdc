/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* Which task goes to which worker: S6, S13, S14, S21, and the policy of placement. The engine grants in its tick, after
 * the messages of the same moment, so what its workers had said by then is known here too. */

static int grant_better(const struct judge_task *a, uint64_t a_id, const struct judge_task *b, uint64_t b_id)
{
	return a->priority != b->priority ? a->priority > b->priority : a_id < b_id;
}

static int grant_open(const struct sim *s, const struct judge_worker *w)
{
	return judge_open(s, w, s->judge.event_ns, s->judge.event_true);
}

/* Is there a worker that beyond doubt could take it at that moment? */
static int grant_somebody_fits(const struct sim *s, const struct judge_need *n)
{
	uint32_t i;

	for (i = 0; i < s->judge.worker_count; i++)
		if (judge_fits(&s->judge.workers[i], n) && grant_open(s, &s->judge.workers[i]))
			return 1;
	return 0;
}

/* S21: no task that is ready, fits, and is better. */
static void grant_order(struct sim *s, uint64_t id, const struct judge_task *t)
{
	const struct sim_judge *j = &s->judge;
	uint64_t asked = 0, fits = 0;
	uint32_t i;

	for (i = 0; i < j->list_count[JUDGE_READY]; i++) {
		const struct judge_task *u = &j->tasks[j->ready[i]];
		uint64_t bit = UINT64_C(1) << u->need;

		if (j->ready[i] == id || !grant_better(u, j->ready[i], t, id))
			continue;
		if (!(asked & bit) && u->need != t->need && grant_somebody_fits(s, &j->needs[u->need]))
			fits |= bit;
		asked |= bit;
		if (u->need == t->need || fits & bit) {
			sim_violate(s, "S21", "a task was granted before a better one", id, j->ready[i]);
			return;
		}
		SOMETIMES(s, SIM_PROBE_PASSED_ONE_THAT_FITS_NOWHERE);
	}
}

/* 1: a comes before b by the policy; the exact load first, then who was given work longest ago. */
static int grant_prefers(const struct sim *s, const struct judge_worker *a, const struct judge_worker *b)
{
	uint64_t load_a = (uint64_t)a->leased * b->now.max_tasks, load_b = (uint64_t)b->leased * a->now.max_tasks;

	if (s->judge.cfg.placement == DTSS_PLACE_LEAST_LOAD && load_a != load_b)
		return load_a < load_b;
	if (s->judge.cfg.placement == DTSS_PLACE_PACK && load_a != load_b)
		return load_a > load_b;
	return !s->judge.places && a->given < b->given;
}

static void grant_placement(struct sim *s, const struct judge_task *t, const struct judge_worker *w)
{
	const struct judge_need *n = &s->judge.needs[t->need];
	uint32_t i, fit = 0;

	if (!grant_open(s, w))
		return;
	for (i = 0; i < s->judge.worker_count; i++) {
		const struct judge_worker *v = &s->judge.workers[i];

		if (v == w || !judge_fits(v, n) || !grant_open(s, v))
			continue;
		fit++;
		if (!grant_prefers(s, w, v) && !grant_prefers(s, v, w))
			SOMETIMES(s, SIM_PROBE_PLACED_TIE);
		if (grant_prefers(s, v, w))
			sim_violate(s, "S21", "another worker was to be preferred", s->judge.last_fence, v->now.number);
	}
	if (fit)
		SOMETIMES(s, s->judge.cfg.placement == DTSS_PLACE_PACK        ? SIM_PROBE_GRANT_PACK :
			     s->judge.cfg.placement == DTSS_PLACE_ROUND_ROBIN ? SIM_PROBE_GRANT_ROUND_ROBIN :
										SIM_PROBE_PLACED_AMONG_SEVERAL);
}

/* Nobody gets work who is known not to take any. */
static void grant_allowed(struct sim *s, uint64_t id, const struct judge_worker *w)
{
	const struct judge_reign *r = &s->judge.reign;
	const struct judge_heard *h = &w->heard[r->scheduler];
	uint64_t now = s->judge.event_ns, patience = s->judge.cfg.suspicious_ms * JUDGE_MS;
	uint32_t i;

	if (w->changes > 1)
		return;
	if (w->now.draining || w->now.cordoned)
		sim_violate(s, "S13", "work for a worker that is drained or cordoned", id, w->now.number);
	if (w->now.status != DTSS_WORKER_ONLINE)
		sim_violate(s, "S13", "work for a worker that is offline", id, w->now.number);
	if (!now || !r->lead_ns)
		return;
	if (h->stopping && h->last_ns >= r->lead_ns && h->any_true_ns <= s->judge.event_true &&
	    h->incarnation == w->now.incarnation)
		sim_violate(s, "S13", "work for an agent that is shutting down", id, w->now.number);
	for (i = 0; i < JUDGE_HEARD_MAX; i++)
		if (h->ring[i] && h->ring[i] >= r->lead_ns && h->ring[i] <= now && now < h->ring[i] + patience)
			return;
	if (h->ring_count < JUDGE_HEARD_MAX || h->ring[h->ring_count % JUDGE_HEARD_MAX] < now)
		sim_violate(s, "S13", "work for a worker that is silent", id, w->now.number);
}

static void grant_room(struct sim *s, uint64_t id, const struct judge_task *t, const struct judge_worker *w)
{
	const struct judge_need *n = &s->judge.needs[t->need];
	uint32_t i;

	if ((w->now.tags & n->tags) != n->tags && w->changes <= 1)
		sim_violate(s, "S21", "a worker without the tags was given the task", id, w->now.number);
	if (w->leased >= (w->changes > 1 ? w->most_tasks : w->now.max_tasks))
		sim_violate(s, "S13", "more leases than slots", id, w->now.number);
	for (i = 0; i < JUDGE_RESOURCES_MAX && w->changes <= 1; i++)
		if (n->amounts[i] && w->taken[i] + n->amounts[i] > w->now.amounts[i])
			sim_violate(s, "S13", "more of a resource than there is", id, w->now.number);
	for (i = 0; i < JUDGE_RESOURCES_MAX; i++)
		if (n->amounts[i] && w->taken[i] + n->amounts[i] == w->now.amounts[i])
			SOMETIMES(s, SIM_PROBE_WORKER_RESOURCE_USED_UP);
	if (w->leased + 1 == w->now.max_tasks)
		SOMETIMES(s, SIM_PROBE_WORKER_FULL);
}

static void grant_fence(struct sim *s, uint64_t id, const struct dtss_event *e, struct judge_task *t,
			const struct judge_worker *w)
{
	struct judge_fence *f = judge_fence(s, e->fence);

	if (e->fence != s->judge.last_fence + 1 || e->fence <= t->fence)
		sim_violate(s, "S6", "a fence was granted twice, or went back", id, e->fence);
	if (e->attempt != t->attempts + 1 || !f || f->task != id)
		sim_violate(s, "S6", "a grant without its attempt", id, e->fence);
	if (e->incarnation != w->now.incarnation && w->changes <= 1)
		sim_violate(s, "S13", "work for an incarnation that is gone", id, e->incarnation);
	if (s->violation.id)
		return;
	f->live = 1;
	f->worker = (uint32_t)(w - s->judge.workers);
	f->renewed_ns = s->judge.event_ns ? judge_now(s, s->judge.reign.scheduler).mono_ns : 0;
}

static void grant_probe(struct sim *s, const struct judge_task *t, const struct judge_worker *w)
{
	uint32_t i;

	if (t->attempts)
		SOMETIMES(s, &s->judge.workers[t->worker - 1] == w ? SIM_PROBE_GRANT_SAME_WORKER :
								     SIM_PROBE_GRANT_OTHER_WORKER);
	if (t->attempts == 4)
		SOMETIMES(s, SIM_PROBE_FIVE_ATTEMPTS);
	for (i = 0; i < s->judge.list_count[JUDGE_LIVE]; i++) {
		const struct judge_task *u = &s->judge.tasks[s->judge.live[i]];

		if (u->live == DTSS_ATTEMPT_STOPPING && &s->judge.workers[u->worker - 1] == w)
			SOMETIMES(s, SIM_PROBE_GRANT_BESIDE_STOPPING);
	}
}

void judge_grant(struct sim *s, uint64_t id, const struct dtss_event *e)
{
	struct judge_task *t = judge_task(s, id);
	struct judge_worker *w = judge_worker_number(s, e->worker);
	uint32_t i;

	if (!w) {
		sim_violate(s, "S13", "work for a worker that is not registered", id, e->worker);
		return;
	}
	if (judge_missing(s, t))
		sim_violate(s, "S14", "granted before its parents succeeded", id, 0);
	grant_fence(s, id, e, t, w);
	grant_allowed(s, id, w);
	grant_room(s, id, t, w);
	s->judge.last_fence = e->fence;
	if (s->judge.event_ns)
		grant_order(s, id, t);
	grant_placement(s, t, w);
	grant_probe(s, t, w);
	s->judge.grants++;
	s->judge.retries += t->attempts++ != 0;
	t->fence = e->fence;
	t->live = DTSS_ATTEMPT_LEASED;
	t->live_seq = e->seq;
	t->lost_last = 0;
	t->wait_ns = 0;
	t->worker = (uint32_t)(w - s->judge.workers) + 1;
	t->phase_ns = 0; /* it begins when the grant is stored */
	w->given = ++s->judge.gifts;
	w->leased++;
	for (i = 0; i < JUDGE_RESOURCES_MAX; i++)
		w->taken[i] += s->judge.needs[t->need].amounts[i];
}
