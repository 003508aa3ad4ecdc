/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

static int worker_equal(const void *item, const void *name)
{
	return strcmp(worker_said(item) + 1, name) == 0;
}

struct worker *worker_find(const struct dtss_sched *s, const char *name)
{
	return map_find(&s->workers, hash_bytes(s->key0, s->key1, name, strlen(name)), worker_equal, name);
}

uint32_t worker_used(const struct worker *w)
{
	return w->leased + w->foreign + w->young_total + w->old_total;
}

void worker_deafen(struct worker *w, uint64_t task, uint64_t fence)
{
	DTSS_ASSERT(!w->gone);
	DTSS_ASSERT(w->name != NULL);
	w->deaf_task = task;
	w->deaf_fence = fence;
	w->deaf = fence != 0;
}

static void worker_adopt(struct worker *w, const struct worker_shape *shape)
{
	DTSS_ASSERT(shape->made);
	DTSS_ASSERT(shape->tag_count <= shape->tag_cap && shape->resource_count <= shape->resource_cap);
	w->shape = *shape;
	worker_say(w);
	w->entry.tags = shape->tag_numbers;
	w->entry.tag_count = (uint16_t)shape->tag_count;
	w->entry.free_resources = shape->free;
	w->entry.resource_count = (uint16_t)shape->resource_count;
	attempt_capacity(w);
}

void worker_shape_swap(struct dtss_sched *s, struct worker *w, struct worker_shape *shape)
{
	struct worker_shape old = w->shape;

	worker_adopt(w, shape);
	pool_retag(s->pool, &w->entry);
	dispatch_improved(s, w);
	*shape = old;
}

/* Takes the shape over on success. */
struct worker *worker_new(struct dtss_sched *s, const char *name, struct worker_shape *shape)
{
	struct worker *w;

	if (map_reserve(&s->workers, &s->mem, 1) != 0)
		return NULL;
	w = sched_alloc(s, sizeof *w);
	if (!w)
		return NULL;
	memset(w, 0, sizeof *w);
	w->name = intern_get(&s->names, &s->mem, name);
	if (!w->name) {
		sched_free(s, w, sizeof *w);
		return NULL;
	}
	w->hash = w->name->hash;
	worker_adopt(w, shape);
	if (pool_add(s->pool, &w->entry) != 0) {
		intern_put(&s->names, &s->mem, w->name);
		sched_free(s, w, sizeof *w);
		return NULL;
	}
	memset(shape, 0, sizeof *shape);
	return w;
}

/* Its part of the sums over online workers. */
static void worker_count_slots(struct dtss_sched *s, struct worker *w, uint32_t slots, uint32_t used)
{
	DTSS_ASSERT(s->stats.slots >= w->counted_slots);
	DTSS_ASSERT(s->stats.used >= w->counted_used);
	s->stats.slots += slots;
	s->stats.slots -= w->counted_slots;
	s->stats.used += used;
	s->stats.used -= w->counted_used;
	w->counted_slots = slots;
	w->counted_used = used;
}

void worker_insert(struct dtss_sched *s, struct worker *w)
{
	DTSS_ASSERT(w->shape.made && !w->gone);
	DTSS_ASSERT(s->workers.count == s->worker_count);
	roster_insert(s, w);
	s->stats.workers[w->status]++;
	map_insert(&s->workers, w->hash, w);
}

void worker_extract(struct dtss_sched *s, struct worker *w)
{
	DTSS_ASSERT(s->workers.count == s->worker_count);
	DTSS_ASSERT(!w->live);
	roster_remove(s, w);
	s->stats.workers[w->status]--;
	worker_count_slots(s, w, 0, 0);
	map_remove(&s->workers, w->hash, w);
	wheel_cancel(&s->wheel, &w->timer);
	wheel_cancel(&s->wheel, &w->young_timer);
	pool_remove(s->pool, &w->entry);
	dispatch_forget(s, w);
}

/* It is in no table any more. */
void worker_free(struct dtss_sched *s, struct worker *w)
{
	worker_shape_free(s, &w->shape);
	intern_put(&s->names, &s->mem, w->name);
	sched_free(s, w, sizeof *w);
}

void worker_refresh(struct dtss_sched *s, struct worker *w)
{
	int open = w->status == DTSS_WORKER_ONLINE && !w->draining && !w->cordoned && !w->stopping;
	int had_room = w->entry.for_task && w->entry.used < w->entry.max;
	uint32_t used = worker_used(w);

	DTSS_ASSERT(!w->gone);
	DTSS_ASSERT(w->leased == 0 || w->live != NULL);
	w->entry.used = used < w->max_tasks ? used : w->max_tasks;
	w->entry.max = w->max_tasks;
	if (w->most_tasks < w->max_tasks)
		w->most_tasks = w->max_tasks;
	w->entry.for_task = open && w->kind == DTSS_WORKER_AGENT && !w->deaf;
	w->entry.for_place = open && (w->kind == DTSS_WORKER_PLACEMENT || w->reachable);
	pool_update(s->pool, &w->entry);
	if (w->status == DTSS_WORKER_ONLINE)
		worker_count_slots(s, w, w->max_tasks, used);
	else
		worker_count_slots(s, w, 0, 0);
	if (!had_room && w->entry.for_task && w->entry.used < w->entry.max)
		dispatch_improved(s, w);
	DTSS_ASSERT(w->entry.used <= w->entry.max);
}

void worker_event(struct dtss_sched *s, struct dtss_time now, struct worker *w, uint32_t from)
{
	struct dtss_event e = { 0 };

	DTSS_ASSERT(w->number > 0);
	DTSS_ASSERT(from < DTSS_WORKER_STATUSES);
	e.type = DTSS_EVENT_WORKER;
	e.worker = w->number;
	e.incarnation = w->incarnation;
	e.from = from;
	e.to = w->status;
	batch_mark_worker(s, w);
	batch_event(s, now, &e);
	w->event_seq = s->meta.seq;
}

static void worker_status(struct dtss_sched *s, struct worker *w, uint32_t status)
{
	DTSS_ASSERT(s->stats.workers[w->status] > 0);
	DTSS_ASSERT(status < DTSS_WORKER_STATUSES);
	s->stats.workers[w->status]--;
	w->status = (uint8_t)status;
	s->stats.workers[w->status]++;
	worker_refresh(s, w);
	DTSS_ASSERT(w->status == status);
}

void worker_seen(struct dtss_sched *s, struct dtss_time now, struct worker *w)
{
	uint32_t from = w->status;

	DTSS_ASSERT(s->epoch > 0);
	DTSS_ASSERT(!w->gone);
	w->last_seen_ns = now.mono_ns;
	w->last_seen_wall_ns = now.wall_ns;
	if (from == DTSS_WORKER_ONLINE)
		return;
	worker_status(s, w, DTSS_WORKER_ONLINE);
	worker_arm(s, w);
}

/* A heartbeat writes last_seen only; the timer looks when it fires. */
void worker_arm(struct dtss_sched *s, struct worker *w)
{
	uint64_t ms = s->cfg.suspicious_ms;

	DTSS_ASSERT(w->timer.owner == TIMER_WORKER);
	if (w->status == DTSS_WORKER_SUSPICIOUS)
		ms = s->cfg.offline_ms;
	else if (w->status == DTSS_WORKER_OFFLINE)
		ms = s->cfg.worker_forget_ms;
	wheel_set(&s->wheel, &w->timer, w->last_seen_ns + ms * NS_PER_MS);
}

static void worker_forget(struct dtss_sched *s, struct dtss_time now, struct worker *w)
{
	struct dtss_event e = { 0 };

	DTSS_ASSERT(w->leased == 0 && w->live == NULL);
	DTSS_ASSERT(w->status == DTSS_WORKER_OFFLINE);
	worker_extract(s, w);
	w->gone = 1;
	e.type = DTSS_EVENT_WORKER;
	e.worker = w->number;
	e.incarnation = w->incarnation;
	e.from = w->status;
	batch_mark_worker(s, w);
	batch_event(s, now, &e);
}

void worker_due(struct dtss_sched *s, struct dtss_time now, struct worker *w)
{
	uint64_t silent = now.mono_ns - w->last_seen_ns;

	DTSS_ASSERT(w->timer.link == NULL);
	if (w->status == DTSS_WORKER_ONLINE && silent >= s->cfg.suspicious_ms * NS_PER_MS) {
		worker_status(s, w, DTSS_WORKER_SUSPICIOUS);
	}
	if (w->status == DTSS_WORKER_SUSPICIOUS && silent >= s->cfg.offline_ms * NS_PER_MS) {
		worker_status(s, w, DTSS_WORKER_OFFLINE);
		worker_event(s, now, w, DTSS_WORKER_SUSPICIOUS);
	}
	/* an operator's word about a machine outlives the machine's silence */
	if (w->status == DTSS_WORKER_OFFLINE && silent >= s->cfg.worker_forget_ms * NS_PER_MS && !w->live) {
		if (!w->draining && !w->cordoned) {
			worker_forget(s, now, w);
			return;
		}
		wheel_cancel(&s->wheel, &w->timer);
		return;
	}
	if (w->status == DTSS_WORKER_OFFLINE && w->live && silent >= s->cfg.worker_forget_ms * NS_PER_MS)
		wheel_set(&s->wheel, &w->timer, now.mono_ns + s->cfg.lease_ms * NS_PER_MS); /* what it has ends first */
	else
		worker_arm(s, w);
}
