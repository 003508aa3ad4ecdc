/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * A view is one block that lasts until the next call:
 *
 *      [ attempts | specification, decoded: points into the task's record ]
 */
static int64_t get_due(const struct task *t)
{
	const struct tries *r = task_tries(t);
	int64_t backoff = (int64_t)((uint64_t)r->due_since_ns + r->due_wait_ns); /* a loaded one may be any */

	if (t->state != DTSS_TASK_DELAYED)
		return 0;
	return r->due_wait_ns && backoff > t->not_before_ns ? backoff : t->not_before_ns;
}

static int get_view(struct dtss_sched *s, const struct task *t, struct dtss_task_view *ret_view)
{
	struct dtss_attempt_view *attempts = sched_view_room(s, t->attempt_count * sizeof *attempts);
	struct dtss_task_view v;
	uint32_t i;

	DTSS_ASSERT(t->record != NULL && t->record_len >= t->spec_len);
	if (!attempts)
		return DTSS_E_NOMEM;
	dtss_spec_free(s->view_spec, &s->mem);
	s->view_spec = NULL;
	if (dtss_spec_decode(task_spec(t), t->spec_len, &s->mem, &s->view_spec) != 0)
		return DTSS_E_NOMEM; /* our own bytes are sound */
	memset(&v, 0, sizeof v);
	v.id.v = t->ready.id;
	v.retry_of.v = t->retry_of;
	v.state = t->state;
	v.cause = t->cause;
	v.failed_count = t->failed_count;
	v.lost_count = t->lost_count;
	v.stopping = task_live(t) && task_live(t)->state == DTSS_ATTEMPT_STOPPING;
	v.created_ns = t->created_ns;
	v.started_ns = t->started_ns;
	v.finished_ns = t->finished_ns;
	v.due_ns = get_due(t);
	v.spec = s->view_spec;
	v.attempts = attempts;
	v.attempt_count = t->attempt_count;
	for (i = 0; i < t->attempt_count; i++)
		attempt_view(t, i, &attempts[i]);
	*ret_view = v;
	return 0;
}

/* In the middle of a load there may be only some of its records. */
static int get_whole(const struct task *t)
{
	return t->record != NULL && t->state != DTSS_TASK_NEW;
}

int dtss_sched_task_get(struct dtss_sched *s, dtss_task_id id, struct dtss_task_view *ret_view)
{
	const struct task *t = task_any(s, id.v);

	s->answer_seq = DTSS_NEVER;
	return t && get_whole(t) ? get_view(s, t, ret_view) : DTSS_E_NOT_FOUND;
}

/* What can be told without decoding the specification. */
static int get_quick_match(const struct task *t, const struct dtss_task_filter *f)
{
	if (!get_whole(t))
		return 0;
	if (f->states && !(f->states & 1u << t->state))
		return 0;
	return !f->queue || strcmp(f->queue, t->queue->name->text) == 0;
}

int dtss_sched_task_next(struct dtss_sched *s, const struct dtss_task_filter *filter, struct dtss_task_view *ret_view)
{
	struct dtss_task_view v;
	const struct task *t;
	int error;

	s->answer_seq = DTSS_NEVER;
	for (t = ids_next(&s->tasks, filter->after); t; t = ids_next(&s->tasks, t->ready.id)) {
		if (!get_quick_match(t, filter))
			continue;
		error = get_view(s, t, &v);
		if (error)
			return error;
		if (!dtss_task_filter_match(filter, &v))
			continue;
		*ret_view = v;
		return 0;
	}
	return DTSS_E_NOT_FOUND;
}

static void get_worker(const struct worker *w, struct dtss_worker_view *v)
{
	DTSS_ASSERT(w->leased == 0 || w->live != NULL);
	memset(v, 0, sizeof *v);
	v->name = w->name->text;
	v->number = w->number;
	v->incarnation = w->incarnation;
	v->kind = w->kind;
	v->status = w->status;
	v->draining = w->draining;
	v->cordoned = w->cordoned;
	v->stopping = w->stopping;
	v->max_tasks = w->max_tasks;
	v->used = worker_used(w);
	v->leased = w->leased;
	v->address = w->shape.address;
	v->tags = w->shape.tags;
	v->tag_count = w->shape.tag_count;
	v->resources = w->shape.resources;
	v->resource_count = w->shape.resource_count;
	v->last_seen_ns = w->last_seen_wall_ns;
	v->skew_ns = w->skew_ns;
}

int dtss_sched_worker_get(struct dtss_sched *s, const char *name, struct dtss_worker_view *ret_view)
{
	const struct worker *w = worker_find(s, name);

	s->answer_seq = DTSS_NEVER;
	if (!w)
		return DTSS_E_NOT_FOUND;
	get_worker(w, ret_view);
	return 0;
}

int dtss_sched_worker_next(struct dtss_sched *s, const char *after, struct dtss_worker_view *ret_view)
{
	const struct worker *w = after ? worker_find(s, after) : NULL;

	w = w ? w->next : roster_above(s, after);
	s->answer_seq = DTSS_NEVER;
	if (!w)
		return DTSS_E_NOT_FOUND;
	get_worker(w, ret_view);
	return 0;
}

void dtss_sched_stats(const struct dtss_sched *s, struct dtss_stats *ret_stats)
{
	struct dtss_stats stats = s->stats;

	stats.size = sizeof stats;
	memcpy(stats.totals, s->meta.totals, sizeof stats.totals);
	stats.grants = s->meta.grants;
	stats.retries = s->meta.retries;
	stats.losses = s->meta.losses;
	stats.seq = s->meta.seq;
	stats.epoch = s->epoch;
	*ret_stats = stats;
}
