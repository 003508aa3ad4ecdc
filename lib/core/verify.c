/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Every invariant of the engine, by the identifier it has in dtss_failure_model(7). since: 0.1 */
struct verify {
	struct dtss_violation *at;
	size_t cap, count;
};

static void verify(struct verify *v, int holds, const char *id, const char *text, uint64_t task, uint64_t worker)
{
	if (holds)
		return;
	if (v->count < v->cap) {
		v->at[v->count].id = id;
		v->at[v->count].text = text;
		v->at[v->count].task = task;
		v->at[v->count].worker = worker;
	}
	v->count++;
}

static void verify_attempts(const struct dtss_sched *s, const struct task *t, struct verify *v)
{
	const struct attempt *a = task_live(t);
	uint64_t id = t->ready.id, fence = 0;
	uint32_t i;

	for (i = 0; i < t->attempt_count; i++) {
		verify(v, t->tries->at[i].fence > fence, "S6", "fences of a task grow", id, 0);
		verify(v, i + 1 == t->attempt_count || t->tries->at[i].state == DTSS_ATTEMPT_ENDED, "S4",
		       "only the last attempt is live", id, 0);
		fence = t->tries->at[i].fence;
	}
	verify(v, fence <= s->meta.fence, "S6", "no fence is above the last granted", id, 0);
	verify(v, t->attempt_count <= DTSS_ATTEMPTS_MAX && t->failed_count <= t->policy->retry.attempts_max, "S11",
	       "attempts are bounded", id, 0);
	verify(v, t->lost_count <= t->policy->retry.lost_max, "S11", "losses are bounded", id, 0);
	if (t->state == DTSS_TASK_LEASED)
		verify(v, a && a->state == DTSS_ATTEMPT_LEASED, "S9", "a leased task has a leased attempt", id, 0);
	else if (t->state == DTSS_TASK_RUNNING)
		verify(v, a && a->state == DTSS_ATTEMPT_RUNNING, "S9", "a running task has a running attempt", id, 0);
	else if (dtss_task_state_terminal(t->state))
		verify(v, !a || a->state == DTSS_ATTEMPT_STOPPING, "S10", "a finished task runs nothing", id, 0);
	else
		verify(v, !a, "S9", "a waiting task has no live attempt", id, 0);
	if (a && a->sent)
		verify(v, t->timer.link != NULL, "L2", "a lease has a timer", id, 0);
}

static void verify_task(const struct dtss_sched *s, const struct task *t, struct verify *v)
{
	uint64_t id = t->ready.id;
	uint32_t i, waiting = 0;

	verify(v, id < s->meta.next_task, "S3", "ids were given out", id, 0);
	verify(v, (t->ready.queued != 0) == (t->state == DTSS_TASK_READY), "L4", "just the ready tasks are queued", id,
	       0);
	for (i = 0; i < t->dep_count; i++)
		waiting += t->deps[i].parent != NULL;
	verify(v, waiting == t->waiting, "S14", "missing dependencies are counted", id, 0);
	verify(v, !t->waiting || t->state == DTSS_TASK_BLOCKED || t->state == DTSS_TASK_HELD, "S14",
	       "what waits for a task is blocked or held", id, 0);
	verify(v, t->waiting || t->state != DTSS_TASK_BLOCKED, "L1", "a blocked task waits for something", id, 0);
	if (t->state == DTSS_TASK_DELAYED)
		verify(v, t->timer.link != NULL, "L1", "a delayed task has a timer", id, 0);
	if (dtss_task_state_terminal(t->state))
		verify(v, t->children == NULL || t->resolving, "S15", "children of a finished task are being told", id,
		       0);
	if (t->key)
		verify(v, dtss_task_state_terminal(t->state) || t->key->task == t, "S2", "a key belongs to its task",
		       id, 0);
	verify_attempts(s, t, v);
}

static void verify_tasks(const struct dtss_sched *s, struct verify *v)
{
	uint64_t live[DTSS_TASK_STATES] = { 0 }, count = 0;
	const struct task *t;
	uint32_t state;

	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id)) {
		if (t->done)
			continue;
		count++;
		live[t->state]++;
		verify_task(s, t, v);
	}
	verify(v, count == s->task_count, "S23", "live tasks are counted", 0, 0);
	for (state = DTSS_TASK_BLOCKED; state < DTSS_TASK_SUCCEEDED; state++)
		verify(v, live[state] == s->stats.live[state], "S23", "tasks are counted by state", 0, 0);
}

static void verify_worker(const struct dtss_sched *s, const struct worker *w, struct verify *v)
{
	uint32_t leased = 0, running = 0, i;
	uint64_t taken[DTSS_RESOURCES_MAX] = { 0 };
	const struct task *t;

	for (t = w->live; t; t = t->tries->next_live) {
		leased++;
		running += task_live(t) && task_live(t)->incarnation == w->incarnation;
		verify(v, task_live(t) && task_live(t)->worker == w, "S23", "a live attempt is where it says",
		       t->ready.id, w->number);
		for (i = 0; i < w->shape.resource_count; i++) {
			uint16_t j;

			for (j = 0; j < t->need->pool.resource_count; j++)
				if (t->need->pool.resources[j].resource == w->shape.amounts[i].resource)
					taken[i] += t->need->pool.resources[j].amount;
		}
	}
	verify(v, leased == w->leased, "S23", "leases of a worker are counted", 0, w->number);
	verify(v, running <= w->most_tasks, "S13", "no more leases than slots", 0, w->number);
	for (i = 0; i < w->shape.resource_count; i++)
		verify(v, taken[i] == w->shape.taken[i], "S23", "resources of a worker are counted", 0, w->number);
	verify(v, w->timer.link != NULL || w->status == DTSS_WORKER_OFFLINE || !s->epoch, "L2",
	       "a worker's silence is watched", 0, w->number);
}

size_t dtss_sched_check(const struct dtss_sched *s, struct dtss_violation *ret_violations, size_t cap)
{
	struct verify v = { ret_violations, cap, 0 };
	uint32_t slot = 0;
	uint64_t slots = 0, used = 0;
	const struct worker *w;
	size_t keys = 0;
	const struct key *k;

	if (s->epoch) /* what belongs to a task is joined by lead */
		verify_tasks(s, &v);
	for (w = s->first_worker; w; w = w->next) {
		verify_worker(s, w, &v);
		slots += w->status == DTSS_WORKER_ONLINE ? w->max_tasks : 0;
		used += w->status == DTSS_WORKER_ONLINE ? worker_used(w) : 0;
		verify(&v, roster_above(s, w->name->text) == w->next, "S26", "workers are listed by name", 0,
		       w->number);
	}
	verify(&v, roster_above(s, "") == s->first_worker, "S26", "the list of workers begins with the first", 0, 0);
	for (k = s->key_head; k; k = k->next, keys++)
		verify(&v, !k->next || k->expires_ns <= k->next->expires_ns, "S2", "keys leave oldest first", k->id, 0);
	verify(&v, slots == s->stats.slots && used == s->stats.used, "S23", "slots are counted", 0, 0);
	verify(&v, keys == s->key_count, "S23", "keys are counted", 0, 0);
	verify(&v, s->stored_seq <= s->closed_seq && s->closed_seq <= s->meta.seq, "S19", "seq only grows", 0, 0);
	verify(&v, s->closed_seq + s->open.event_count == s->meta.seq, "S19", "events have no gaps", 0, 0);
	verify(&v, pool_check(s->pool, &slot), "S21", "placement's caches agree with the workers", 0, slot);
	return v.count;
}
