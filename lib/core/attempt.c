/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

int attempt_reserve(struct dtss_sched *s, struct task *t, uint32_t count)
{
	uint32_t had = task_tries(t)->cap, cap = had ? had : 1;
	struct tries *r;

	DTSS_ASSERT(t->attempt_count <= had && count <= DTSS_ATTEMPTS_MAX);
	DTSS_ASSERT(count > 0 && (t->tries == NULL) == (had == 0));
	if (count <= had)
		return 0;
	while (cap < count)
		cap *= 2;
	if (had)
		r = s->mem.realloc(s->mem.ctx, t->tries, TRIES_BYTES(had), TRIES_BYTES(cap));
	else
		r = sched_alloc(s, TRIES_BYTES(cap));
	if (!r)
		return DTSS_E_NOMEM;
	if (!had)
		memset(r, 0, sizeof *r);
	r->cap = cap;
	if (r->next_live) /* it moved, and stands in its worker's list */
		r->next_live->tries->link_live = &r->next_live;
	t->tries = r;
	return 0;
}

static void attempt_take(struct worker_shape *w, uint32_t at, uint64_t amount, int sign)
{
	DTSS_ASSERT(at < w->resource_count);
	DTSS_ASSERT(sign > 0 || w->taken[at] >= amount);
	w->taken[at] += sign > 0 ? amount : 0 - amount;
	w->free[at].amount = w->amounts[at].amount > w->taken[at] ? w->amounts[at].amount - w->taken[at] : 0;
	DTSS_ASSERT(w->free[at].amount <= w->amounts[at].amount);
}

/* The need's resources leave the worker's free ones (sign 1), or come back (-1). Both are sorted by number. */
static void attempt_account(struct worker_shape *w, const struct need *n, int sign)
{
	uint32_t i, j = 0;

	DTSS_ASSERT(w->resource_count <= w->resource_cap);
	for (i = 0; i < n->pool.resource_count; i++) {
		while (j < w->resource_count && w->amounts[j].resource < n->pool.resources[i].resource)
			j++;
		if (j < w->resource_count && w->amounts[j].resource == n->pool.resources[i].resource)
			attempt_take(w, j, n->pool.resources[i].amount, sign);
	}
}

void attempt_capacity(struct worker *w)
{
	const struct task *t;
	uint32_t i;

	DTSS_ASSERT(w->shape.made || w->shape.resource_count == 0);
	DTSS_ASSERT((w->live != NULL) == (w->leased > 0));
	for (i = 0; i < w->shape.resource_count; i++) {
		w->shape.taken[i] = 0;
		attempt_take(&w->shape, i, 0, 1);
	}
	for (t = w->live; t; t = t->tries->next_live)
		attempt_account(&w->shape, t->need, 1);
}

void attempt_link(struct dtss_sched *s, struct task *t, struct worker *w)
{
	struct tries *r = t->tries;

	DTSS_ASSERT(t->attempt_count > 0 && r->link_live == NULL);
	DTSS_ASSERT((w->live != NULL) == (w->leased > 0));
	r->at[t->attempt_count - 1].worker = w;
	r->next_live = w->live;
	r->link_live = &w->live;
	if (w->live)
		w->live->tries->link_live = &r->next_live;
	w->live = t;
	w->leased++;
	attempt_account(&w->shape, t->need, 1);
	worker_refresh(s, w);
	DTSS_ASSERT(w->live == t && *r->link_live == t);
}

void attempt_unlink(struct dtss_sched *s, struct task *t, struct worker *w)
{
	DTSS_ASSERT(t->tries->link_live != NULL && *t->tries->link_live == t);
	DTSS_ASSERT(w->leased > 0);
	task_unlink_live(t);
	w->leased--;
	attempt_account(&w->shape, t->need, -1);
	worker_refresh(s, w);
	if (t->need->pool.resource_count)
		dispatch_improved(s, w);
}

void attempt_grant(struct dtss_sched *s, struct dtss_time now, struct task *t, struct worker *w)
{
	struct tries *r = t->tries;
	struct attempt *a = &r->at[t->attempt_count];

	DTSS_ASSERT(t->state == DTSS_TASK_READY);
	DTSS_ASSERT(t->attempt_count < r->cap);
	DTSS_ASSERT(worker_used(w) < w->max_tasks); /* S13 */
	memset(a, 0, sizeof *a);
	a->fence = ++s->meta.fence; /* S6 */
	a->incarnation = w->incarnation;
	a->worker_number = w->number;
	a->worker_name = w->name;
	w->name->refs++;
	a->granted_ns = now.wall_ns;
	a->state = DTSS_ATTEMPT_LEASED;
	if (t->attempt_count++)
		s->meta.retries++;
	s->meta.grants++;
	r->phase_ns = now.mono_ns;
	r->renewed_ns = now.mono_ns;
	r->listed = 0; /* what the worker before listed last says nothing about this one's listings, which begin at 1 */
	r->due_wait_ns = 0;
	w->entry.stamp = ++s->stamp;
	attempt_link(s, t, w);
	batch_mark_task(s, t, MARK_ATTEMPT);
	task_move(s, now, t, DTSS_TASK_LEASED, DTSS_CAUSE_NONE);
	action_assign(s, t, s->cfg.lease_ms);
}

uint64_t attempt_lease_left_ms(const struct dtss_sched *s, struct dtss_time now, const struct task *t)
{
	uint64_t gone_ms = (now.mono_ns - t->tries->renewed_ns + NS_PER_MS - 1) / NS_PER_MS;

	DTSS_ASSERT(task_live(t));
	DTSS_ASSERT(now.mono_ns >= t->tries->renewed_ns);
	return gone_ms < s->cfg.lease_ms ? s->cfg.lease_ms - gone_ms : 0;
}

static void attempt_backoff(struct dtss_sched *s, struct dtss_time now, struct task *t, uint64_t wait_ns,
			    uint32_t cause)
{
	DTSS_ASSERT(t->state == DTSS_TASK_LEASED || t->state == DTSS_TASK_RUNNING);
	DTSS_ASSERT(wait_ns > 0);
	t->tries->due_since_ns = now.wall_ns;
	t->tries->due_wait_ns = wait_ns;
	t->tries->due_ns = now.mono_ns + wait_ns;
	task_move(s, now, t, DTSS_TASK_DELAYED, cause);
	DTSS_ASSERT(t->state == DTSS_TASK_DELAYED);
}

/* It was not the task's fault, and counts nowhere. */
static void attempt_free_end(struct dtss_sched *s, struct dtss_time now, struct task *t, uint32_t cause)
{
	DTSS_ASSERT(t->state == DTSS_TASK_LEASED || t->state == DTSS_TASK_RUNNING);
	DTSS_ASSERT(t->attempt_count < DTSS_ATTEMPTS_MAX);
	t->free_count++;
	attempt_backoff(s, now, t, backoff_free_ns(t->free_count), cause);
}

static void attempt_lost(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	DTSS_ASSERT(t->lost_count <= t->policy->retry.lost_max);
	DTSS_ASSERT(task_live(t) == NULL);
	t->lost_count++;
	s->meta.losses++;
	if (t->lost_count >= t->policy->retry.lost_max)
		task_move(s, now, t, DTSS_TASK_QUARANTINED, DTSS_CAUSE_LOST_MAX);
	else if (t->attempt_count >= DTSS_ATTEMPTS_MAX)
		task_move(s, now, t, DTSS_TASK_FAILED, DTSS_CAUSE_ATTEMPTS);
	else
		task_move(s, now, t, DTSS_TASK_READY, DTSS_CAUSE_LOST);
	DTSS_ASSERT(!task_live(t) && t->state != DTSS_TASK_RUNNING);
}

static void attempt_failed(struct dtss_sched *s, struct dtss_time now, struct task *t, const struct dtss_outcome *o)
{
	const struct dtss_retry *r = &t->policy->retry;
	uint32_t action = retry_decide(r, o);

	DTSS_ASSERT(t->failed_count <= t->policy->retry.attempts_max);
	DTSS_ASSERT(task_live(t) == NULL);
	if (action != DTSS_RETRY_IGNORE)
		t->failed_count++;
	if (action == DTSS_RETRY_QUARANTINE)
		task_move(s, now, t, DTSS_TASK_QUARANTINED, DTSS_CAUSE_RULE);
	else if (action == DTSS_RETRY_FAIL || (action == DTSS_RETRY_RETRY && t->failed_count >= r->attempts_max))
		task_move(s, now, t, DTSS_TASK_FAILED, o->cause);
	else if (t->attempt_count >= DTSS_ATTEMPTS_MAX)
		task_move(s, now, t, DTSS_TASK_FAILED, DTSS_CAUSE_ATTEMPTS);
	else if (action == DTSS_RETRY_IGNORE)
		attempt_free_end(s, now, t, o->cause);
	else
		attempt_backoff(s, now, t, backoff_ns(s->cfg.seed, t->ready.id, t->attempt_count, r, t->failed_count),
				o->cause);
}

/* What the task does after its attempt ended. */
static void attempt_decide(struct dtss_sched *s, struct dtss_time now, struct task *t, const struct dtss_outcome *o)
{
	DTSS_ASSERT(task_live(t) == NULL);
	if (o->cause == DTSS_CAUSE_EXIT && o->exit_code == 0)
		task_move(s, now, t, DTSS_TASK_SUCCEEDED, DTSS_CAUSE_EXIT);
	else if (o->cause == DTSS_CAUSE_LOST)
		attempt_lost(s, now, t);
	else if (o->cause != DTSS_CAUSE_REJECTED && o->cause != DTSS_CAUSE_RELEASED && o->cause != DTSS_CAUSE_CANCEL)
		attempt_failed(s, now, t, o);
	else if (t->attempt_count >= DTSS_ATTEMPTS_MAX)
		task_move(s, now, t, DTSS_TASK_FAILED, DTSS_CAUSE_ATTEMPTS);
	else
		attempt_free_end(s, now, t, o->cause);
}

void attempt_end(struct dtss_sched *s, struct dtss_time now, struct task *t, const struct dtss_outcome *o, char *detail)
{
	struct attempt *a = task_live(t);
	int stopping = a->state == DTSS_ATTEMPT_STOPPING;
	struct dtss_event e = { 0 };

	DTSS_ASSERT(a);
	DTSS_ASSERT(!a->detail);
	attempt_unlink(s, t, a->worker);
	a->worker = NULL;
	a->state = DTSS_ATTEMPT_ENDED;
	a->ended_ns = now.wall_ns;
	a->cause = (uint8_t)o->cause;
	a->exit_code = o->exit_code;
	a->signal = (uint8_t)o->signal;
	a->err = o->err;
	a->detail = detail;
	batch_mark_task(s, t, MARK_ATTEMPT);
	if (!stopping) {
		attempt_decide(s, now, t, o);
		return;
	}
	e.type = DTSS_EVENT_ATTEMPT;
	e.task = t->ready.id;
	e.fence = a->fence;
	e.attempt = t->attempt_count;
	e.worker = a->worker_number;
	e.incarnation = a->incarnation;
	e.from = t->state;
	e.to = t->state;
	e.cause = o->cause;
	batch_mark_task(s, t, MARK_TASK);
	batch_event(s, now, &e);
	task_retire(s, now, t);
}
