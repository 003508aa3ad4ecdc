/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * A worker announces itself and lists the attempts that it has.
 *
 *      listed and live            its lease is renewed
 *      listed, not ours           it is told to stop it
 *      not listed, seen           it ended there: taken back with the next tick (rejected)
 *      not listed, not seen       the assignment was lost: sent again
 *      of an older incarnation    lost, with the next tick
 *
 * "Seen" is by fence: the heartbeat tells the highest fence that the worker had seen when it made it, so one that was
 * under way while work was assigned hides nothing.
 */

/* Is that the next text of what was said? It is passed over. */
static int heartbeat_says(const char **said, const char *text)
{
	const char *known = *said + 1;

	*said = known + (uint8_t)known[-1] + 1;
	return text && strcmp(known, text) == 0;
}

/* Does it say of the worker what the one before said? Then that has been checked, and taken over. */
static int heartbeat_known(const struct worker *w, const struct dtss_heartbeat *hb)
{
	const char *said = worker_said(w);
	size_t i;

	if (hb->kind != w->kind || hb->incarnation != w->incarnation || hb->max_tasks != w->max_tasks ||
	    hb->tag_count != w->said_tags || hb->resource_count != w->said_resources)
		return 0;
	said += (uint8_t)*said + 2; /* the name, by which it was found */
	if (!heartbeat_says(&said, hb->address ? hb->address : ""))
		return 0;
	for (i = 0; i < hb->tag_count; i++)
		if (!heartbeat_says(&said, hb->tags[i]))
			return 0;
	for (i = 0; i < hb->resource_count; i++) {
		const struct dtss_resource *r = &hb->resources[i];

		if (!heartbeat_says(&said, r->name) || memcmp(said, &r->amount, sizeof r->amount) != 0)
			return 0;
		said += sizeof r->amount;
	}
	return 1;
}

/* May this one speak for the worker? 1: it is an old or repeated one, which says nothing new. */
static int heartbeat_admit(struct dtss_sched *s, const struct worker *w, const struct dtss_heartbeat *hb)
{
	if (hb->epoch > s->epoch)
		return DTSS_E_EPOCH;
	if (!w)
		return s->worker_count < s->cfg.workers_max ?
			       0 :
			       sched_problem(s, DTSS_E_FULL, "workers", "fewer registered workers", s->worker_count);
	if (hb->kind == DTSS_WORKER_PLACEMENT && w->kind == DTSS_WORKER_AGENT)
		return sched_problem(s, DTSS_E_STATE, "worker_id", "a name that no agent is registered under", 0);
	if (hb->kind != w->kind)
		return 0;
	if (hb->incarnation < w->incarnation)
		return DTSS_E_STALE;
	return hb->incarnation == w->incarnation && hb->number && hb->number <= w->heartbeat;
}

/* Room for what it will change; *ret_shape is empty when tags, resources and address are as known. */
static int heartbeat_reserve(struct dtss_sched *s, const struct worker *w, const struct dtss_heartbeat *hb,
			     struct worker_shape *ret_shape)
{
	struct worker probe;

	if (w && heartbeat_known(w, hb))
		return batch_reserve(s, 1, worker_record_bound(w));
	if (worker_shape_make(s, ret_shape, hb->name, hb->address, hb->tags, hb->tag_count, hb->resources,
			      hb->resource_count) != 0)
		return DTSS_E_NOMEM;
	probe.shape = *ret_shape;
	if (batch_reserve(s, 1, worker_record_bound(&probe)) != 0 ||
	    pool_retag_reserve(s->pool, ret_shape->tag_numbers, (uint16_t)ret_shape->tag_count) != 0) {
		worker_shape_free(s, ret_shape);
		return DTSS_E_NOMEM;
	}
	return 0;
}

static struct worker *heartbeat_register(struct dtss_sched *s, struct dtss_time now, const struct dtss_heartbeat *hb,
					 struct worker_shape *shape)
{
	struct worker *w = worker_new(s, hb->name, shape);

	DTSS_ASSERT(hb->name[0] != 0);
	DTSS_ASSERT(worker_find(s, hb->name) == NULL);
	if (!w)
		return NULL;
	w->number = s->meta.next_worker++;
	w->kind = (uint8_t)hb->kind;
	w->incarnation = hb->incarnation;
	w->max_tasks = hb->max_tasks;
	w->status = DTSS_WORKER_OFFLINE;
	w->last_seen_ns = now.mono_ns;
	w->timer.owner = TIMER_WORKER;
	w->young_timer.owner = TIMER_YOUNG;
	worker_insert(s, w);
	DTSS_ASSERT(w->number < s->meta.next_worker && w->leased == 0);
	return w;
}

/* A new incarnation, or an agent in place of a v1 worker: what the old one had is lost, with the next tick. */
static void heartbeat_succeed(struct dtss_sched *s, struct dtss_time now, struct worker *w,
			      const struct dtss_heartbeat *hb)
{
	struct task *t;

	DTSS_ASSERT(hb->incarnation > w->incarnation || hb->kind != w->kind);
	DTSS_ASSERT((w->live != NULL) == (w->leased > 0));
	w->incarnation = hb->incarnation;
	w->kind = (uint8_t)hb->kind;
	w->heartbeat = 0;
	w->fence_seen = 0;
	worker_deafen(w, 0, 0);
	w->stopping = 0;
	w->most_tasks = 0;
	w->foreign = w->old_total = 0;
	for (t = w->live; t; t = t->tries->next_live)
		wheel_set(&s->wheel, &t->timer, now.mono_ns);
}

/* How far its clock is from this one; a stranger's may be anything. */
static int64_t heartbeat_skew(const struct worker *w, struct dtss_time now, const struct dtss_heartbeat *hb)
{
	return hb->sent_wall_ns ? (int64_t)((uint64_t)hb->sent_wall_ns - (uint64_t)now.wall_ns) : w->skew_ns;
}

/* 1 when something durable changed. */
static int heartbeat_update(struct dtss_sched *s, struct dtss_time now, struct worker *w,
			    const struct dtss_heartbeat *hb, struct worker_shape *shape)
{
	int changed = w->max_tasks != hb->max_tasks;

	DTSS_ASSERT(!w->gone);
	DTSS_ASSERT(hb->max_tasks <= DTSS_WORKER_TASKS_MAX);
	if (hb->incarnation != w->incarnation || hb->kind != w->kind) {
		heartbeat_succeed(s, now, w, hb);
		changed = 1;
	}
	if (shape->made && !worker_shape_equal(&w->shape, shape)) {
		worker_shape_swap(s, w, shape);
		changed = 1;
	} else if (shape->made) {
		worker_shape_resay(&w->shape, shape);
		worker_say(w);
	}
	w->max_tasks = hb->max_tasks;
	w->stopping = (hb->flags & DTSS_HEARTBEAT_STOPPING) != 0;
	w->heartbeat = hb->number;
	w->skew_ns = heartbeat_skew(w, now, hb);
	DTSS_ASSERT(w->most_tasks == 0 || w->leased == 0 || w->live != NULL);
	return changed;
}

/* Renews what is listed; the number of slots that hold what is not ours. */
static uint32_t heartbeat_listed(struct dtss_sched *s, struct dtss_time now, struct worker *w,
				 const struct dtss_heartbeat *hb)
{
	uint32_t unknown = 0;
	size_t i;

	DTSS_ASSERT(w->kind == DTSS_WORKER_AGENT);
	DTSS_ASSERT(hb->held_count == 0 || hb->held != NULL);
	w->listing++;
	for (i = 0; i < hb->held_count; i++) {
		const struct dtss_held *h = &hb->held[i];
		struct task *t = task_find(s, h->task.v);
		struct attempt *a = t ? task_live(t) : NULL;

		if (a && a->fence == h->fence && a->worker == w && a->incarnation == w->incarnation) { /* S5 */
			t->tries->renewed_ns = now.mono_ns;
			t->tries->listed = w->listing;
			if (a->state == DTSS_ATTEMPT_STOPPING && h->state < DTSS_ATTEMPT_STOPPING)
				action_stop(s, w, h->task.v, h->fence, DTSS_CAUSE_CANCEL);
		} else if (h->state != DTSS_ATTEMPT_ENDED) {
			unknown++;
			action_stop(s, w, h->task.v, h->fence, DTSS_CAUSE_LOST);
		}
	}
	DTSS_ASSERT(unknown <= hb->held_count);
	return unknown;
}

/* Again, but the lease runs since it was granted: the agent counts from when it hears of it. */
static void heartbeat_assign_again(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	uint64_t left_ms = attempt_lease_left_ms(s, now, t);

	if (left_ms)
		action_assign(s, t, left_ms);
}

static void heartbeat_unlisted(struct dtss_sched *s, struct dtss_time now, struct worker *w,
			       const struct dtss_heartbeat *hb)
{
	struct task *t;

	DTSS_ASSERT(w->kind == DTSS_WORKER_AGENT && w->listing > 0);
	for (t = w->live; t; t = t->tries->next_live) {
		struct attempt *a = task_live(t);

		if (t->tries->listed == w->listing || !a->sent || a->incarnation != w->incarnation)
			continue;
		if (a->fence <= hb->fence_seen) {
			a->rejected = 1;
			wheel_set(&s->wheel, &t->timer, now.mono_ns);
		} else if (a->state == DTSS_ATTEMPT_LEASED) {
			heartbeat_assign_again(s, now, t);
		}
	}
}

/* What it never heard of is stopped, again and again: once it has seen that fence, it hears. */
static void heartbeat_hears(struct dtss_sched *s, struct worker *w, uint64_t fence_seen)
{
	DTSS_ASSERT(!w->deaf || w->kind == DTSS_WORKER_AGENT);
	w->fence_seen = fence_seen;
	if (!w->deaf)
		return;
	DTSS_ASSERT(w->deaf_task);
	if (fence_seen >= w->deaf_fence)
		worker_deafen(w, 0, 0);
	else
		action_stop(s, w, w->deaf_task, w->deaf_fence, DTSS_CAUSE_LOST);
}

#define FOREIGN_MAX (UINT32_MAX / 2) /* a claim beyond that would wrap what it is added to */

static void heartbeat_load(struct dtss_sched *s, struct dtss_time now, struct worker *w,
			   const struct dtss_heartbeat *hb)
{
	uint32_t used = hb->used < FOREIGN_MAX ? hb->used : FOREIGN_MAX;
	uint32_t unknown;

	DTSS_ASSERT(w->kind == hb->kind);
	DTSS_ASSERT(w->young_total == 0 || w->kind == DTSS_WORKER_PLACEMENT || w->young_timer.link != NULL);
	if (w->kind == DTSS_WORKER_PLACEMENT) {
		young_expire(s, now, w);
		w->old_total = 0;
		w->foreign = used;
		return;
	}
	heartbeat_hears(s, w, hb->fence_seen);
	unknown = heartbeat_listed(s, now, w, hb);
	heartbeat_unlisted(s, now, w, hb);
	w->foreign = unknown + (used > hb->held_count ? used - (uint32_t)hb->held_count : 0);
}

/* Does it hold nothing, and say that its load is as it was? A placement worker's is looked at by time, too. */
static int heartbeat_idle(const struct worker *w, const struct dtss_heartbeat *hb)
{
	return w->kind == DTSS_WORKER_AGENT && !w->leased && !w->deaf && !hb->held_count && hb->used == w->foreign &&
	       w->stopping == ((hb->flags & DTSS_HEARTBEAT_STOPPING) != 0);
}

static void heartbeat_note(struct dtss_time now, struct worker *w, const struct dtss_heartbeat *hb)
{
	w->heartbeat = hb->number;
	w->skew_ns = heartbeat_skew(w, now, hb);
	w->last_seen_ns = now.mono_ns;
	w->last_seen_wall_ns = now.wall_ns;
	DTSS_ASSERT(w->incarnation == hb->incarnation);
	DTSS_ASSERT(w->status == DTSS_WORKER_ONLINE);
}

/* A worker that says what it said before: nothing durable changes, and no tree is touched unless its load changed. */
static void heartbeat_again(struct dtss_sched *s, struct dtss_time now, struct worker *w,
			    const struct dtss_heartbeat *hb)
{
	uint8_t stopping = (hb->flags & DTSS_HEARTBEAT_STOPPING) != 0;
	int moved = stopping != w->stopping || w->deaf;

	DTSS_ASSERT(w->status == DTSS_WORKER_ONLINE && w->kind == hb->kind);
	w->stopping = stopping;
	heartbeat_note(now, w, hb);
	heartbeat_load(s, now, w, hb);
	if (moved || worker_used(w) != w->counted_used)
		worker_refresh(s, w);
	DTSS_ASSERT(w->counted_used == worker_used(w));
}

/* A new worker, or one that says something new of itself. */
static int heartbeat_news(struct dtss_sched *s, struct dtss_time now, struct worker *w, const struct dtss_heartbeat *hb)
{
	struct worker_shape shape;
	uint32_t from = w ? w->status : 0;
	int changed = !w || from == DTSS_WORKER_OFFLINE, error;

	memset(&shape, 0, sizeof shape);
	error = heartbeat_reserve(s, w, hb, &shape);
	if (error)
		return error;
	if (!w) {
		w = heartbeat_register(s, now, hb, &shape);
		if (!w) {
			worker_shape_free(s, &shape);
			return DTSS_E_NOMEM;
		}
	}
	changed |= heartbeat_update(s, now, w, hb, &shape);
	worker_shape_free(s, &shape);
	worker_seen(s, now, w);
	heartbeat_load(s, now, w, hb);
	worker_refresh(s, w);
	if (changed)
		worker_event(s, now, w, from);
	s->answer_seq = w->event_seq;
	DTSS_ASSERT(w->status == DTSS_WORKER_ONLINE);
	DTSS_ASSERT(w->heartbeat == hb->number);
	return 0;
}

static int heartbeat_take(struct dtss_sched *s, struct dtss_time now, const struct dtss_heartbeat *hb)
{
	struct worker *w = hb->name ? worker_find(s, hb->name) : NULL;
	int known = w && hb->held_count <= HEARTBEAT_HELD_MAX && heartbeat_known(w, hb);
	int error = known ? 0 : heartbeat_check(s, hb);

	DTSS_ASSERT(s->epoch > 0);
	DTSS_ASSERT(!known || w->said_tags <= DTSS_WORKER_TAGS_MAX);
	if (error)
		return error;
	error = heartbeat_admit(s, w, hb);
	if (error) {
		s->answer_seq = w ? w->event_seq : 0;
		return error < 0 ? error : 0;
	}
	if (known && w->status == DTSS_WORKER_ONLINE && heartbeat_idle(w, hb)) {
		heartbeat_note(now, w, hb);
		w->fence_seen = hb->fence_seen;
		s->answer_seq = w->event_seq;
		return 0;
	}
	if (ring_reserve(s, hb->held_count + (w ? w->leased : 0) + 8) != 0)
		return DTSS_E_NOMEM;
	if (!known || w->status != DTSS_WORKER_ONLINE)
		return heartbeat_news(s, now, w, hb);
	heartbeat_again(s, now, w, hb);
	s->answer_seq = w->event_seq;
	return 0;
}

/* Of a program that was built against another version. */
static int heartbeat_import(struct dtss_sched *s, struct dtss_time now, const struct dtss_heartbeat *heartbeat)
{
	struct dtss_heartbeat hb;

	if (size_import(&hb, sizeof hb, heartbeat) != 0)
		return sched_problem(s, DTSS_E_INVALID, "size", "a version that this library knows", 0);
	return heartbeat_take(s, now, &hb);
}

int dtss_sched_heartbeat(struct dtss_sched *s, struct dtss_time now, const struct dtss_heartbeat *heartbeat)
{
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (heartbeat->size != sizeof *heartbeat)
		return heartbeat_import(s, now, heartbeat);
	return heartbeat_take(s, now, heartbeat);
}
