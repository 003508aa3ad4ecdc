/* SPDX-License-Identifier: MIT */
#include "core/snapshot.h"

/*
 * An engine from the pieces of a snapshot. Until the last piece it does not lead, so no verb sees it half made. What
 * does not belong together is refused; that bytes are as they were written, their sums say.
 */
#define RESTORE_TICK_MAX (UINT64_C(1) << 42)  /* 146 years: times beyond it would wrap with what is added to them */
#define RESTORE_SLOTS_MAX (UINT32_C(1) << 24) /* more workers than anybody has; the pool has room for all below */

static uint64_t restore_time(uint64_t *latest_ns, uint64_t ns)
{
	if (*latest_ns < ns)
		*latest_ns = ns;
	return ns;
}

static struct task *restore_find(const struct dtss_sched *s, uint64_t id)
{
	struct task *t = task_any(s, id);

	return t && t->loaded & LOADED_JOINED ? t : NULL;
}

static int restore_key(struct dtss_sched *s, struct wire_in *in)
{
	uint64_t expires = wire_get64(in), ttl_ns = s->cfg.key_ttl_ms * NS_PER_MS;

	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT((s->key_head == NULL) == (s->key_tail == NULL));
	if (!s->key_tail)
		return DTSS_E_CORRUPT;
	restore_time(&s->restored_ns, expires > ttl_ns ? expires - ttl_ns : 0);
	s->key_tail->expires_ns = expires;
	return 0;
}

static int restore_join(struct dtss_sched *s, struct task *t)
{
	struct dtss_task_spec *spec = NULL;
	int error = lead_whole(s, t) ? 0 : DTSS_E_CORRUPT;

	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(s->restoring);
	if (!error && t->loaded & LOADED_MORE)
		error = lead_key(s, t, &spec);
	dtss_spec_free(spec, &s->mem);
	if (error || !lead_sound(s, t))
		return error ? error : DTSS_E_CORRUPT;
	t->loaded |= LOADED_JOINED;
	return 0;
}

static int restore_engine(struct dtss_sched *s, struct wire_in *in)
{
	struct task *t;
	uint64_t at = 0;
	int error = lead_counted(&s->meta) ? 0 : DTSS_E_CORRUPT;

	DTSS_ASSERT(s->epoch == 0 && !s->restoring);
	DTSS_ASSERT(s->worker_count == s->workers.count);
	s->restoring = 1;
	wheel_init(&s->wheel, 0);
	s->key_timer.owner = TIMER_KEY;
	s->stamp = wire_get32(in);
	s->wall_offset = wire_get64(in);
	s->stats.fenced = wire_get64(in);
	s->stats.placements = wire_get64(in);
	s->wheel.tick = wire_get64(in);
	s->wheel.held_ns = wire_get64(in);
	if (s->wheel.tick >= RESTORE_TICK_MAX)
		return DTSS_E_CORRUPT;
	restore_time(&s->restored_ns, s->wheel.tick << WHEEL_TICK_BITS);
	while (!error && (t = ids_walk(&s->tasks, &at)) != NULL)
		error = restore_join(s, t);
	return error;
}

/* From the last to the first, because each goes in front. */
static int restore_live(struct dtss_sched *s, struct worker *w, const uint8_t *ids, size_t count)
{
	while (count-- > 0) {
		struct wire_in in = { ids + count * 8, 8, 0 };
		struct task *t = restore_find(s, wire_get64(&in));
		struct attempt *a = t ? task_live(t) : NULL;

		if (!a || a->worker || a->worker_name != w->name || lead_link(s, t, w) != 0)
			return DTSS_E_CORRUPT;
	}
	return 0;
}

static void restore_worker_fields(struct dtss_sched *s, struct worker *w, struct wire_in *in)
{
	uint64_t deaf_task;
	int i;

	DTSS_ASSERT(s->stats.workers[w->status] > 0);
	DTSS_ASSERT(s->epoch == 0);
	w->entry.stamp = wire_get32(in);
	s->stats.workers[w->status]--;
	w->status = (uint8_t)wire_in_range(in, wire_get8(in), DTSS_WORKER_ONLINE, DTSS_WORKER_STATUSES - 1);
	w->status = in->failed ? DTSS_WORKER_OFFLINE : w->status;
	s->stats.workers[w->status]++;
	w->stopping = (uint8_t)wire_in_range(in, wire_get8(in), 0, 1);
	w->heartbeat = wire_get64(in);
	w->fence_seen = wire_get64(in);
	deaf_task = wire_get64(in);
	worker_deafen(w, deaf_task, wire_get64(in));
	w->event_seq = wire_get64(in);
	w->last_seen_ns = restore_time(&s->restored_ns, wire_get64(in));
	w->last_seen_wall_ns = (int64_t)wire_get64(in);
	w->skew_ns = (int64_t)wire_get64(in);
	w->listing = wire_get32(in);
	w->foreign = wire_get32(in);
	w->old_total = wire_get32(in);
	w->most_tasks = wire_get32(in);
	w->young_from = wire_get64(in);
	restore_time(&s->restored_ns, young_from_ns(s, w));
	w->young_total = 0;
	for (i = 0; i < YOUNG_BUCKETS; i++) {
		w->young[i] = (uint16_t)wire_get16(in);
		w->young_total += w->young[i];
	}
	DTSS_ASSERT(w->young_total <= UINT16_MAX * YOUNG_BUCKETS);
}

static int restore_worker(struct dtss_sched *s, struct wire_in *in)
{
	const char *name = wire_get_string(in, DTSS_NAME_LEN_MAX);
	uint32_t slots = s->cfg.workers_max < RESTORE_SLOTS_MAX ? s->cfg.workers_max : RESTORE_SLOTS_MAX;
	uint32_t slot = wire_in_range(in, wire_get32(in), 0, slots - 1);
	struct worker *w = name ? worker_find(s, name) : NULL;
	const uint8_t *ids;
	size_t count;
	int error;

	if (!w || in->failed)
		return DTSS_E_CORRUPT;
	error = pool_move(s->pool, &w->entry, slot);
	if (error)
		return error;
	restore_worker_fields(s, w, in);
	count = wire_get_count(in, UINT32_MAX, 8);
	ids = wire_get_bytes(in, count * 8);
	error = in->failed ? DTSS_E_CORRUPT : restore_live(s, w, ids, count);
	worker_refresh(s, w);
	return error;
}

static int restore_deps(struct dtss_sched *s, struct task *t, uint32_t count)
{
	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(t->waiting == 0);
	if (!count)
		return 0;
	if (count > DTSS_AFTER_MAX)
		return DTSS_E_CORRUPT;
	t->deps = sched_alloc(s, count * sizeof *t->deps);
	if (!t->deps)
		return DTSS_E_NOMEM;
	memset(t->deps, 0, count * sizeof *t->deps);
	t->dep_count = (uint16_t)count;
	DTSS_ASSERT(t->dep_count == count);
	return 0;
}

static void restore_count(struct dtss_sched *s, struct task *t)
{
	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(t->need != NULL && t->queue != NULL);
	s->task_count++;
	if (!dtss_task_state_terminal(t->state))
		s->stats.live[t->state]++;
	if (task_waits(t->state))
		t->queue->waiting++;
	if (t->state == DTSS_TASK_READY)
		dispatch_queue(s, t);
}

static int restore_task(struct dtss_sched *s, struct wire_in *in)
{
	struct task *t = restore_find(s, wire_get64(in));
	struct tries none = { 0 }, *r = t && t->tries ? t->tries : &none;
	struct attempt *a;
	uint32_t flags, deps;

	if (!t || t->loaded & LOADED_RESTORED)
		return DTSS_E_CORRUPT;
	t->loaded |= LOADED_RESTORED;
	r->renewed_ns = restore_time(&s->restored_ns, wire_get64(in));
	r->phase_ns = restore_time(&s->restored_ns, wire_get64(in));
	r->due_ns = wire_get64(in);
	t->deadline_ns = wire_get64(in);
	t->timer.due_ns = wire_get64(in);
	r->listed = wire_get32(in);
	deps = wire_get32(in);
	flags = wire_get8(in);
	if (none.renewed_ns | none.phase_ns | none.due_ns | none.listed)
		return DTSS_E_CORRUPT; /* it was never tried */
	a = task_live(t);
	if (a) {
		a->sent = (flags & SNAPSHOT_SENT) != 0;
		a->rejected = (flags & SNAPSHOT_REJECTED) != 0;
	}
	restore_count(s, t);
	return restore_deps(s, t, deps);
}

static int restore_children(struct dtss_sched *s, struct wire_in *in)
{
	struct task *parent = restore_find(s, wire_get64(in));
	size_t count = wire_get_count(in, UINT32_MAX, SNAPSHOT_CHILD_BYTES);
	const uint8_t *at = wire_get_bytes(in, count * SNAPSHOT_CHILD_BYTES);

	if (!parent || in->failed)
		return DTSS_E_CORRUPT;
	while (count-- > 0) {
		struct wire_in one = { at + count * SNAPSHOT_CHILD_BYTES, SNAPSHOT_CHILD_BYTES, 0 };
		struct task *child = restore_find(s, wire_get64(&one));
		uint32_t index = wire_get32(&one);

		if (!child || index >= child->dep_count || child->deps[index].parent ||
		    (child->state != DTSS_TASK_BLOCKED && child->state != DTSS_TASK_HELD) ||
		    child->ready.id <= parent->ready.id)
			return DTSS_E_CORRUPT; /* S15 */
		depend_link(child, &child->deps[index], parent);
	}
	return 0;
}

static int restore_resolving(struct dtss_sched *s, struct wire_in *in, size_t count)
{
	for (; count > 0; count--) {
		struct task *t = restore_find(s, wire_get64(in));

		if (!t || !dtss_task_state_terminal(t->state))
			return DTSS_E_CORRUPT;
		depend_enqueue(s, t);
	}
	return 0;
}

static int restore_parked(struct dtss_sched *s, const uint8_t *ids, size_t count)
{
	while (count-- > 0) {
		struct wire_in in = { ids + count * 8, 8, 0 };
		struct task *t = restore_find(s, wire_get64(&in));

		if (!t || !t->need->heap_at)
			return DTSS_E_CORRUPT;
		dispatch_park(s, t->need);
	}
	return 0;
}

static int restore_improved(struct dtss_sched *s, const uint8_t *slots, size_t count)
{
	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(count == 0 || slots != NULL);
	while (count-- > 0) {
		struct wire_in in = { slots + count * 8, 8, 0 };
		uint64_t slot = wire_get64(&in);
		struct worker *w = slot < UINT32_MAX ? (struct worker *)pool_at(s->pool, (uint32_t)slot) : NULL;

		if (!w || w->improved)
			return DTSS_E_CORRUPT;
		w->improved = 1;
		w->next_improved = s->improved;
		s->improved = w;
	}
	return 0;
}

static int restore_lists(struct dtss_sched *s, struct wire_in *in)
{
	size_t resolving = wire_get_count(in, UINT32_MAX, 8);
	size_t parked = wire_get_count(in, UINT32_MAX, 8);
	size_t improved = wire_get_count(in, UINT32_MAX, 8);
	const uint8_t *ids;
	int error = in->failed ? DTSS_E_CORRUPT : restore_resolving(s, in, resolving);

	ids = wire_get_bytes(in, parked * 8);
	if (!error && ids)
		error = restore_parked(s, ids, parked);
	ids = wire_get_bytes(in, improved * 8);
	if (!error && ids)
		error = restore_improved(s, ids, improved);
	return error;
}

static struct timer *restore_timer(struct dtss_sched *s, uint32_t owner, uint64_t id)
{
	struct worker *w = NULL;
	struct task *t;

	switch (owner) {
	case TIMER_TASK:
		t = restore_find(s, id);
		return t ? &t->timer : NULL;
	case TIMER_WORKER:
	case TIMER_YOUNG:
		w = id < UINT32_MAX ? (struct worker *)pool_at(s->pool, (uint32_t)id) : NULL;
		if (!w)
			return NULL;
		return owner == TIMER_WORKER ? &w->timer : &w->young_timer;
	default:
		return owner == TIMER_KEY ? &s->key_timer : NULL;
	}
}

static int restore_timers(struct dtss_sched *s, struct wire_in *in)
{
	uint32_t list = wire_in_range(in, wire_get16(in), 0, WHEEL_LISTS - 1);
	size_t count = wire_get_count(in, UINT32_MAX, SNAPSHOT_TIMER_BYTES);
	const uint8_t *at = wire_get_bytes(in, count * SNAPSHOT_TIMER_BYTES);

	if (in->failed)
		return DTSS_E_CORRUPT;
	while (count-- > 0) {
		struct wire_in one = { at + count * SNAPSHOT_TIMER_BYTES, SNAPSHOT_TIMER_BYTES, 0 };
		uint32_t owner = wire_get8(&one);
		struct timer *t = restore_timer(s, owner, wire_get64(&one));
		uint64_t due = wire_get64(&one);

		if (!t || t->link || due == DTSS_NEVER || !wheel_put_back(&s->wheel, list, t, due))
			return DTSS_E_CORRUPT;
		if (list == WHEEL_LISTS - 1)
			restore_time(&s->restored_ns, due);
	}
	return 0;
}

/* Is it whole? */
static int restore_last(struct dtss_sched *s, struct wire_in *in)
{
	uint64_t epoch = wire_get64(in);
	uint32_t due_at_once = wire_get8(in);

	DTSS_ASSERT(s->epoch == 0);
	if (!epoch || wire_close(in) != 0)
		return DTSS_E_CORRUPT;
	s->due_at_once = due_at_once != 0;
	s->answer_seq = DTSS_NEVER;
	s->epoch = epoch;
	if (!restored_sound(s)) {
		s->epoch = 0;
		return DTSS_E_CORRUPT;
	}
	DTSS_ASSERT(snapshot_quiet(s));
	return 0;
}

static int restore_section(struct dtss_sched *s, struct wire_in *in)
{
	uint32_t section = wire_get8(in);

	if ((section == SNAPSHOT_KEY || section == SNAPSHOT_ENGINE) == s->restoring)
		return DTSS_E_CORRUPT; /* those come before, all others behind */
	switch (section) {
	case SNAPSHOT_KEY:
		return restore_key(s, in);
	case SNAPSHOT_ENGINE:
		return restore_engine(s, in);
	case SNAPSHOT_WORKER:
		return restore_worker(s, in);
	case SNAPSHOT_TASK:
		return restore_task(s, in);
	case SNAPSHOT_CHILDREN:
		return restore_children(s, in);
	case SNAPSHOT_LISTS:
		return restore_lists(s, in);
	case SNAPSHOT_TIMERS:
		return restore_timers(s, in);
	case SNAPSHOT_END:
		return restore_last(s, in);
	default:
		return DTSS_E_CORRUPT;
	}
}

int dtss_sched_restore(struct dtss_sched *s, const void *piece, size_t len)
{
	uint32_t kind, flags;
	struct wire_in in;
	int error;

	if (s->epoch)
		return DTSS_E_STATE;
	error = wire_open(&in, piece, len, &kind, &flags);
	if (error)
		return error;
	if (kind != WIRE_STATE)
		return s->restoring ? DTSS_E_CORRUPT : dtss_sched_load(s, piece, len);
	error = restore_section(s, &in);
	return error ? error : wire_close(&in);
}
