/* SPDX-License-Identifier: MIT */
#include "core/snapshot.h"

/* The pieces of a snapshot, one a call; snapshot.h says what they are. */
enum snapshot_phase {
	PHASE_META = 0,
	PHASE_WORKERS, /* at: the slot */
	PHASE_TASKS,   /* at: the id of the last task; sub: 0 its SPEC, then its ATTEMPTs, then its TASK record */
	PHASE_KEYS,    /* next: the key; sub: 1 after its record */
	PHASE_ENGINE,
	PHASE_WORKER_STATES, /* at: slots left */
	PHASE_TASK_STATES,
	PHASE_CHILDREN,
	PHASE_LISTS,
	PHASE_TIMERS, /* at: the list */
	PHASE_END,
	PHASE_OVER
};

static int snapshot_room(struct dtss_sched *s, size_t size)
{
	return sched_grow(s, (void **)&s->scratch, &s->scratch_cap, size, 1);
}

static int snapshot_give(struct dtss_sched *s, size_t len, const void **ret_piece, size_t *ret_len)
{
	DTSS_ASSERT(len <= s->scratch_cap);
	wire_seal(s->scratch, len);
	*ret_piece = s->scratch;
	*ret_len = len;
	return 1;
}

static int snapshot_begin(struct dtss_sched *s, struct wire_out *out, uint32_t section, size_t size)
{
	if (snapshot_room(s, WIRE_HEADER + 1 + size) != 0)
		return DTSS_E_NOMEM;
	wire_begin(out, s->scratch, s->scratch_cap, WIRE_STATE, 0);
	wire_put8(out, section);
	return 0;
}

static int snapshot_end(struct dtss_sched *s, struct wire_out *out, const void **ret_piece, size_t *ret_len)
{
	return snapshot_give(s, wire_finish(out), ret_piece, ret_len);
}

static int snapshot_meta(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	if (snapshot_room(s, RECORD_SMALL_MAX) != 0)
		return DTSS_E_NOMEM;
	c->phase = PHASE_WORKERS;
	return snapshot_give(s, encode_meta(s, s->scratch, s->scratch_cap), ret_piece, ret_len);
}

static int snapshot_worker(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct worker *w = NULL;

	DTSS_ASSERT(c->phase == PHASE_WORKERS);
	while (c->at < pool_slots(s->pool) && !(w = (struct worker *)pool_at(s->pool, (uint32_t)c->at)))
		c->at++;
	if (!w) {
		c->phase = PHASE_TASKS;
		c->at = 0;
		return 0;
	}
	if (snapshot_room(s, worker_record_bound(w)) != 0)
		return DTSS_E_NOMEM;
	c->at++;
	return snapshot_give(s, encode_worker(w, s->scratch, s->scratch_cap), ret_piece, ret_len);
}

/* What was loaded may be incomplete; then there is less of it here too. */
static int snapshot_task_record(struct dtss_sched *s, struct dtss_snapshot *c, const struct task *t,
				const void **ret_piece, size_t *ret_len)
{
	uint32_t sub = c->sub;

	DTSS_ASSERT(sub <= t->attempt_count + 1);
	if (snapshot_room(s, RECORD_SMALL_MAX) != 0)
		return DTSS_E_NOMEM;
	c->sub++;
	if (sub == 0 && t->record) {
		*ret_piece = t->record;
		*ret_len = t->record_len;
		return 1;
	}
	if (sub == 0 || (sub <= t->attempt_count && !t->tries->at[sub - 1].worker_name))
		return 0;
	if (sub <= t->attempt_count)
		return snapshot_give(s, encode_attempt(t, sub - 1, s->scratch, s->scratch_cap), ret_piece, ret_len);
	c->at = t->ready.id;
	c->sub = 0;
	return t->state == DTSS_TASK_NEW ?
		       0 :
		       snapshot_give(s, encode_task(t, s->scratch, s->scratch_cap), ret_piece, ret_len);
}

static int snapshot_task(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct task *t = ids_next(&s->tasks, c->at);

	if (t)
		return snapshot_task_record(s, c, t, ret_piece, ret_len);
	c->phase = PHASE_KEYS;
	c->next = s->key_head;
	return 0;
}

static int snapshot_key(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct key *k = c->next;
	struct wire_out out;

	DTSS_ASSERT(c->phase == PHASE_KEYS);
	if (!k) {
		c->phase = s->epoch ? PHASE_ENGINE : PHASE_OVER;
		return 0;
	}
	if (c->sub == 0) {
		if (snapshot_room(s, BATCH_KEY_BYTES) != 0)
			return DTSS_E_NOMEM;
		c->sub = 1;
		return snapshot_give(s, encode_key(k, s->scratch, s->scratch_cap), ret_piece, ret_len);
	}
	if (s->epoch && snapshot_begin(s, &out, SNAPSHOT_KEY, 8) != 0)
		return DTSS_E_NOMEM;
	c->sub = 0;
	c->next = k->next;
	if (!s->epoch)
		return 0;
	wire_put64(&out, k->expires_ns);
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static int snapshot_engine(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	struct wire_out out;

	DTSS_ASSERT(s->epoch > 0);
	if (snapshot_begin(s, &out, SNAPSHOT_ENGINE, 64) != 0)
		return DTSS_E_NOMEM;
	wire_put32(&out, s->stamp);
	wire_put64(&out, s->wall_offset);
	wire_put64(&out, s->stats.fenced);
	wire_put64(&out, s->stats.placements);
	wire_put64(&out, s->wheel.tick);
	wire_put64(&out, s->wheel.held_ns);
	c->phase = PHASE_WORKER_STATES;
	c->at = pool_slots(s->pool);
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static void snapshot_put_worker(struct wire_out *out, const struct worker *w)
{
	const struct task *t;
	int i;

	wire_put_string(out, w->name->text);
	wire_put32(out, w->entry.slot);
	wire_put32(out, w->entry.stamp);
	wire_put8(out, w->status);
	wire_put8(out, w->stopping);
	wire_put64(out, w->heartbeat);
	wire_put64(out, w->fence_seen);
	wire_put64(out, w->deaf_task);
	wire_put64(out, w->deaf_fence);
	wire_put64(out, w->event_seq);
	wire_put64(out, w->last_seen_ns);
	wire_put64(out, (uint64_t)w->last_seen_wall_ns);
	wire_put64(out, (uint64_t)w->skew_ns);
	wire_put32(out, w->listing);
	wire_put32(out, w->foreign);
	wire_put32(out, w->old_total);
	wire_put32(out, w->most_tasks);
	wire_put64(out, w->young_from);
	for (i = 0; i < YOUNG_BUCKETS; i++)
		wire_put16(out, w->young[i]);
	wire_put32(out, w->leased);
	for (t = w->live; t; t = t->tries->next_live)
		wire_put64(out, t->ready.id);
}

static int snapshot_worker_state(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct worker *w = NULL;
	struct wire_out out;

	DTSS_ASSERT(s->epoch > 0);
	while (c->at > 0 && !(w = (struct worker *)pool_at(s->pool, (uint32_t)c->at - 1)))
		c->at--;
	if (!w) {
		c->phase = PHASE_TASK_STATES;
		return 0;
	}
	if (snapshot_begin(s, &out, SNAPSHOT_WORKER, w->name->len + 192 + (size_t)w->leased * 8) != 0)
		return DTSS_E_NOMEM;
	snapshot_put_worker(&out, w);
	c->at--;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static int snapshot_task_state(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct task *t = ids_next(&s->tasks, c->at);
	const struct attempt *a;
	const struct tries *r;
	struct wire_out out;

	if (!t) {
		c->phase = PHASE_CHILDREN;
		c->at = 0;
		return 0;
	}
	DTSS_ASSERT(!t->done && !t->marks);
	if (snapshot_begin(s, &out, SNAPSHOT_TASK, 64) != 0)
		return DTSS_E_NOMEM;
	a = task_live(t);
	r = task_tries(t);
	wire_put64(&out, t->ready.id);
	wire_put64(&out, r->renewed_ns);
	wire_put64(&out, r->phase_ns);
	wire_put64(&out, r->due_ns);
	wire_put64(&out, t->deadline_ns);
	wire_put64(&out, t->timer.due_ns);
	wire_put32(&out, r->listed);
	wire_put32(&out, t->dep_count);
	wire_put8(&out, (a && a->sent ? SNAPSHOT_SENT : 0) | (a && a->rejected ? SNAPSHOT_REJECTED : 0));
	c->at = t->ready.id;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static int snapshot_children(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct task *t = ids_next(&s->tasks, c->at);
	const struct dep *d;
	struct wire_out out;
	uint32_t count = 0;

	DTSS_ASSERT(s->epoch > 0);
	while (t && !t->children)
		t = ids_next(&s->tasks, t->ready.id);
	if (!t) {
		c->phase = PHASE_LISTS;
		return 0;
	}
	for (d = t->children; d; d = d->next)
		count++;
	if (snapshot_begin(s, &out, SNAPSHOT_CHILDREN, 12 + (size_t)count * SNAPSHOT_CHILD_BYTES) != 0)
		return DTSS_E_NOMEM;
	wire_put64(&out, t->ready.id);
	wire_put32(&out, count);
	for (d = t->children; d; d = d->next) {
		wire_put64(&out, d->child->ready.id);
		wire_put32(&out, (uint32_t)(d - d->child->deps));
	}
	c->at = t->ready.id;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static int snapshot_lists(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	uint32_t resolving = 0, parked = 0, improved = 0;
	const struct task *t;
	const struct need *n;
	const struct worker *w;
	struct wire_out out;

	DTSS_ASSERT(s->epoch > 0);
	for (t = s->resolving_head; t; t = task_next(t))
		resolving++;
	for (n = s->parked; n; n = n->next_parked)
		parked++;
	for (w = s->improved; w; w = w->next_improved)
		improved++;
	if (snapshot_begin(s, &out, SNAPSHOT_LISTS, 12 + ((size_t)resolving + parked + improved) * 8) != 0)
		return DTSS_E_NOMEM;
	wire_put32(&out, resolving);
	wire_put32(&out, parked);
	wire_put32(&out, improved);
	for (t = s->resolving_head; t; t = task_next(t))
		wire_put64(&out, t->ready.id);
	for (n = s->parked; n; n = n->next_parked)
		wire_put64(&out, ready_head(&n->ready)->id);
	for (w = s->improved; w; w = w->next_improved)
		wire_put64(&out, w->entry.slot);
	c->phase = PHASE_TIMERS;
	c->at = 0;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

/* What a timer is found by: the task's id, the worker's slot. */
static uint64_t snapshot_timer_id(const struct dtss_sched *s, const struct timer *t)
{
	const char *at = (const char *)t;

	switch (t->owner) {
	case TIMER_TASK:
		return ((const struct task *)(const void *)(at - offsetof(struct task, timer)))->ready.id;
	case TIMER_WORKER:
		return ((const struct worker *)(const void *)(at - offsetof(struct worker, timer)))->entry.slot;
	case TIMER_YOUNG:
		return ((const struct worker *)(const void *)(at - offsetof(struct worker, young_timer)))->entry.slot;
	default:
		DTSS_ASSERT(t == &s->key_timer);
		return 0;
	}
}

static int snapshot_timers(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	const struct timer *t = NULL, *each;
	struct wire_out out;
	uint32_t count = 0;

	DTSS_ASSERT(s->epoch > 0);
	while (c->at < WHEEL_LISTS && !(t = wheel_list(&s->wheel, (unsigned)c->at)))
		c->at++;
	if (!t) {
		c->phase = PHASE_END;
		return 0;
	}
	for (each = t; each; each = each->next)
		count++;
	if (snapshot_begin(s, &out, SNAPSHOT_TIMERS, 6 + (size_t)count * SNAPSHOT_TIMER_BYTES) != 0)
		return DTSS_E_NOMEM;
	wire_put16(&out, (uint32_t)c->at);
	wire_put32(&out, count);
	for (each = t; each; each = each->next) {
		wire_put8(&out, each->owner);
		wire_put64(&out, snapshot_timer_id(s, each));
		wire_put64(&out, each->due_ns);
	}
	c->at++;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

static int snapshot_last(struct dtss_sched *s, struct dtss_snapshot *c, const void **ret_piece, size_t *ret_len)
{
	struct wire_out out;

	DTSS_ASSERT(s->epoch > 0);
	if (snapshot_begin(s, &out, SNAPSHOT_END, 16) != 0)
		return DTSS_E_NOMEM;
	wire_put64(&out, s->epoch);
	wire_put8(&out, s->due_at_once != 0);
	c->phase = PHASE_OVER;
	return snapshot_end(s, &out, ret_piece, ret_len);
}

int dtss_sched_snapshot(struct dtss_sched *s, struct dtss_snapshot *snapshot, const void **ret_piece, size_t *ret_len)
{
	static int (*const phases[PHASE_OVER])(struct dtss_sched *, struct dtss_snapshot *, const void **, size_t *) = {
		[PHASE_META] = snapshot_meta,
		[PHASE_WORKERS] = snapshot_worker,
		[PHASE_TASKS] = snapshot_task,
		[PHASE_KEYS] = snapshot_key,
		[PHASE_ENGINE] = snapshot_engine,
		[PHASE_WORKER_STATES] = snapshot_worker_state,
		[PHASE_TASK_STATES] = snapshot_task_state,
		[PHASE_CHILDREN] = snapshot_children,
		[PHASE_LISTS] = snapshot_lists,
		[PHASE_TIMERS] = snapshot_timers,
		[PHASE_END] = snapshot_last,
	};
	int rc = 0;

	DTSS_ASSERT(snapshot->size >= sizeof *snapshot);
	DTSS_ASSERT(snapshot->phase <= PHASE_OVER);
	if (!snapshot_quiet(s))
		return DTSS_E_STATE;
	while (rc == 0 && snapshot->phase < PHASE_OVER)
		rc = phases[snapshot->phase](s, snapshot, ret_piece, ret_len);
	return rc;
}
