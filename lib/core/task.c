/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

struct task *task_any(const struct dtss_sched *s, uint64_t id)
{
	return id <= DTSS_TASK_ID_MAX ? ids_get(&s->tasks, id) : NULL;
}

struct task *task_find(const struct dtss_sched *s, uint64_t id)
{
	struct task *t = task_any(s, id);

	return t && !t->done ? t : NULL;
}

const uint8_t *task_spec(const struct task *t)
{
	return t->record + (t->record_len - t->spec_len);
}

struct attempt *task_live(const struct task *t)
{
	struct attempt *a = t->attempt_count ? &t->tries->at[t->attempt_count - 1] : NULL;

	return a && a->state != DTSS_ATTEMPT_ENDED ? a : NULL;
}

const struct tries *task_tries(const struct task *t)
{
	static const struct tries none = { 0 };

	return t->tries ? t->tries : &none;
}

void task_unlink_live(struct task *t)
{
	struct tries *r = t->tries;

	if (!r || !r->link_live)
		return;
	DTSS_ASSERT(*r->link_live == t);
	DTSS_ASSERT(r->next_live == NULL || r->next_live->tries->link_live == &r->next_live);
	*r->link_live = r->next_live;
	if (r->next_live)
		r->next_live->tries->link_live = r->link_live;
	r->link_live = NULL;
	r->next_live = NULL;
}

void task_put_parts(struct dtss_sched *s, struct need *n, struct policy *p, struct queue *q)
{
	if (n)
		need_put(s, n);
	if (p)
		policy_put(s, p);
	if (q)
		queue_put(s, q);
}

void task_free(struct dtss_sched *s, struct task *t)
{
	uint32_t i;

	DTSS_ASSERT(task_tries(t)->link_live == NULL || *t->tries->link_live == t);
	DTSS_ASSERT(!t->ready.queued);
	wheel_cancel(&s->wheel, &t->timer);
	for (i = 0; i < t->attempt_count; i++) {
		intern_put(&s->names, &s->mem, t->tries->at[i].worker_name);
		if (t->tries->at[i].detail)
			sched_free(s, t->tries->at[i].detail, strlen(t->tries->at[i].detail) + 1);
	}
	if (t->tries)
		sched_free(s, t->tries, TRIES_BYTES(t->tries->cap));
	sched_free(s, t->deps, t->dep_count * sizeof *t->deps);
	if (t->key && t->key->task == t)
		t->key->task = NULL;
	if (t->queue && t->queue->loaded == t)
		t->queue->loaded = NULL;
	task_put_parts(s, t->need, t->policy, t->queue);
	sched_free(s, t, sizeof *t + t->record_len);
}

/* The end of the live attempt's patience: its lease, its confirmation of the start, or the backstop behind its run
 * timeout (the agent stops it long before; a worker that does not must not keep the task for ever). */
static uint64_t task_attempt_due(const struct dtss_sched *s, const struct task *t)
{
	const struct attempt *a = task_live(t);
	uint64_t due, other = DTSS_NEVER;

	DTSS_ASSERT(task_live(t) != NULL && !t->done);
	if (!a->sent)
		return DTSS_NEVER;
	due = t->tries->renewed_ns + s->cfg.lease_ms * NS_PER_MS;
	if (a->state == DTSS_ATTEMPT_LEASED)
		other = t->tries->phase_ns + s->cfg.start_confirm_ms * NS_PER_MS;
	else if (a->state == DTSS_ATTEMPT_RUNNING && t->u.timeout_ms)
		other = t->tries->phase_ns + (t->u.timeout_ms + s->cfg.kill_grace_ms + s->cfg.lease_ms) * NS_PER_MS;
	return due < other ? due : other;
}

/* Its worker does not have it any more, or began anew; that may have been stored before its end was. */
static int task_attempt_over(const struct attempt *a)
{
	DTSS_ASSERT(a->worker && a->incarnation <= a->worker->incarnation);
	return a->rejected || a->incarnation < a->worker->incarnation;
}

void task_arm(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	uint64_t due = DTSS_NEVER;

	DTSS_ASSERT(t->timer.owner == TIMER_TASK);
	if (t->done)
		return;
	if (task_live(t))
		due = task_attempt_over(task_live(t)) ? 0 : task_attempt_due(s, t);
	else if (task_waits(t->state))
		due = t->started_ns ? DTSS_NEVER : t->deadline_ns;
	if (t->state == DTSS_TASK_DELAYED) {
		uint64_t until = task_tries(t)->due_ns;

		if (t->not_before_ns > now.wall_ns) {
			uint64_t wall = now.mono_ns + ((uint64_t)t->not_before_ns - (uint64_t)now.wall_ns);

			until = wall > until ? wall : until;
		}
		due = until < due ? until : due;
	}
	wheel_set(&s->wheel, &t->timer, due);
}

/* Where a task goes that waits for nothing but time, if for that. */
void task_ready_or_delayed(struct dtss_sched *s, struct dtss_time now, struct task *t, uint32_t cause)
{
	int later = task_tries(t)->due_ns > now.mono_ns || t->not_before_ns > now.wall_ns;

	task_move(s, now, t, later ? DTSS_TASK_DELAYED : DTSS_TASK_READY, cause);
}

/* Did its worker speak all the time, and never hear of it? Then it is sent nothing more until it shows that it hears. */
static void task_unheard(const struct task *t, const struct attempt *a)
{
	struct worker *w = a->worker;

	DTSS_ASSERT(w != NULL && a->fence > 0);
	if (a->incarnation != w->incarnation || a->state != DTSS_ATTEMPT_LEASED || a->fence <= w->fence_seen ||
	    a->fence <= w->deaf_fence || w->last_seen_ns <= t->tries->renewed_ns)
		return;
	worker_deafen(w, t->ready.id, a->fence);
}

static void task_attempt_fired(struct dtss_sched *s, struct dtss_time now, struct task *t, struct attempt *a)
{
	struct worker *w = a->worker;
	uint64_t fence = a->fence;
	struct dtss_outcome o = { 0 };
	int stop = 0;

	DTSS_ASSERT(a == task_live(t));
	if (a->incarnation < w->incarnation || now.mono_ns >= t->tries->renewed_ns + s->cfg.lease_ms * NS_PER_MS) {
		o.cause = DTSS_CAUSE_LOST;
	} else if (a->rejected) {
		o.cause = DTSS_CAUSE_REJECTED;
	} else if (a->state == DTSS_ATTEMPT_STOPPING || now.mono_ns < task_attempt_due(s, t)) {
		task_arm(s, now, t);
		return;
	} else {
		o.cause = a->state == DTSS_ATTEMPT_LEASED ? DTSS_CAUSE_REJECTED : DTSS_CAUSE_TIMEOUT;
		stop = 1;
	}
	task_unheard(t, a);
	attempt_end(s, now, t, &o, NULL);
	if (stop) /* rests on that end */
		action_stop(s, w, t->ready.id, fence, DTSS_CAUSE_TIMEOUT);
}

void task_due(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	struct attempt *a = task_live(t);

	DTSS_ASSERT(t->timer.link == NULL);
	if (a) {
		task_attempt_fired(s, now, t, a);
		return;
	}
	if (task_waits(t->state) && !t->started_ns && now.mono_ns >= t->deadline_ns)
		task_move(s, now, t, DTSS_TASK_EXPIRED, DTSS_CAUSE_DEADLINE);
	else if (t->state == DTSS_TASK_DELAYED && task_tries(t)->due_ns <= now.mono_ns &&
		 t->not_before_ns <= now.wall_ns)
		task_move(s, now, t, DTSS_TASK_READY, t->cause);
	else
		task_arm(s, now, t);
}

/* A finished task leaves when no attempt of it is stopping and its children know; those that have to tell them stand in
 * a list of their own, and leave from there. */
void task_retire(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	struct dtss_event e = { 0 };

	DTSS_ASSERT(t->ready.queued == 0 || !dtss_task_state_terminal(t->state));
	DTSS_ASSERT((s->retiring_head == NULL) == (s->retiring_tail == NULL));
	if (t->done || !dtss_task_state_terminal(t->state) || task_live(t) || t->children || t->resolving)
		return;
	e.type = DTSS_EVENT_RETIRED;
	e.task = t->ready.id;
	e.from = t->state;
	e.to = t->state;
	e.cause = t->cause;
	batch_mark_task(s, t, MARK_TASK);
	batch_event(s, now, &e);
	t->done = 1;
	t->u.retired_seq = s->meta.seq;
	t->ready.higher = NULL;
	wheel_cancel(&s->wheel, &t->timer);
	s->task_count--;
	if (s->retiring_tail)
		s->retiring_tail->ready.higher = &t->ready;
	else
		s->retiring_head = t;
	s->retiring_tail = t;
	DTSS_ASSERT(s->retiring_tail == t && t->done);
}
