/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * A ring of what is to be told. Those at the head are durable and may be handed out; the others wait for their batch.
 *
 *      head ──► [ released | released | waits | waits ] ◄── count
 */
int ring_reserve(struct dtss_sched *s, size_t extra)
{
	struct ring *r = &s->ring;
	size_t cap = r->cap ? r->cap : 64, i;
	struct pending *at;

	while (cap < r->count + extra)
		cap *= 2;
	if (cap == r->cap)
		return 0;
	at = sched_alloc(s, cap * sizeof *at);
	if (!at)
		return DTSS_E_NOMEM;
	for (i = 0; i < r->count; i++)
		at[i] = r->at[(r->head + i) & (r->cap - 1)];
	sched_free(s, r->at, r->cap * sizeof *at);
	r->at = at;
	r->cap = cap;
	r->head = 0;
	return 0;
}

void ring_push(struct dtss_sched *s, const struct pending *p)
{
	struct ring *r = &s->ring;

	DTSS_ASSERT(r->count < r->cap);
	r->at[(r->head + r->count) & (r->cap - 1)] = *p;
	/* what rests on nothing new may go at once, unless something older waits */
	if (r->released == r->count && p->seq <= s->stored_seq)
		r->released++;
	r->count++;
}

void action_assign(struct dtss_sched *s, struct task *t, uint64_t lease_ms)
{
	const struct attempt *a = task_live(t);
	struct pending p = { 0 };

	DTSS_ASSERT(a && a->worker);
	DTSS_ASSERT(lease_ms > 0 && lease_ms <= s->cfg.lease_ms);
	p.type = DTSS_MESSAGE_ASSIGN;
	p.seq = a->sent ? 0 : s->meta.seq;
	p.task = t->ready.id;
	p.fence = a->fence;
	p.incarnation = a->incarnation;
	p.lease_ms = lease_ms;
	p.heartbeat = a->worker->heartbeat;
	p.worker = a->worker_name;
	p.worker->refs++;
	ring_push(s, &p);
}

void action_stop(struct dtss_sched *s, struct worker *w, uint64_t task, uint64_t fence, uint32_t cause)
{
	struct pending p = { 0 };

	DTSS_ASSERT(!w->gone);
	p.type = DTSS_MESSAGE_STOP;
	p.seq = s->meta.seq;
	p.cause = cause;
	p.task = task;
	p.fence = fence;
	p.incarnation = w->incarnation;
	p.worker = w->name;
	p.worker->refs++;
	ring_push(s, &p);
}

static void action_fill_assign(struct dtss_sched *s, const struct task *t, const struct attempt *a,
			       const struct pending *p)
{
	struct dtss_message_assign *m = &s->message.u.assign;

	DTSS_ASSERT(a->state == DTSS_ATTEMPT_LEASED && p->lease_ms > 0);
	m->task = (dtss_task_id){ t->ready.id };
	m->fence = a->fence;
	m->epoch = s->epoch;
	m->incarnation = a->incarnation;
	m->lease_ms = p->lease_ms;
	m->heartbeat = p->heartbeat;
	m->attempt = t->attempt_count;
	m->spec = task_spec(t);
	m->spec_len = t->spec_len;
}

/* 0: it has been overtaken, nobody needs to be told any more. */
static int action_fill_message(struct dtss_sched *s, const struct pending *p)
{
	DTSS_ASSERT(p->type == DTSS_MESSAGE_ASSIGN || p->type == DTSS_MESSAGE_STOP);
	DTSS_ASSERT(p->worker != NULL && p->seq <= s->closed_seq);
	memset(&s->message, 0, sizeof s->message);
	s->message.size = sizeof s->message;
	s->message.type = p->type;
	if (p->type == DTSS_MESSAGE_ASSIGN) {
		const struct task *t = task_find(s, p->task);
		const struct attempt *a = t ? task_live(t) : NULL;

		if (!a || a->fence != p->fence || a->state != DTSS_ATTEMPT_LEASED || !p->lease_ms)
			return 0;
		action_fill_assign(s, t, a, p);
		return 1;
	}
	s->message.u.stop.task = (dtss_task_id){ p->task };
	s->message.u.stop.fence = p->fence;
	s->message.u.stop.epoch = s->epoch;
	s->message.u.stop.incarnation = p->incarnation;
	s->message.u.stop.cause = p->cause;
	return 1;
}

int dtss_sched_next_action(struct dtss_sched *s, struct dtss_action *ret_action)
{
	struct ring *r = &s->ring;

	DTSS_ASSERT(r->released <= r->count);
	DTSS_ASSERT(r->count <= r->cap);
	while (r->released) {
		struct pending p = r->at[r->head];

		r->head = (r->head + 1) & (r->cap - 1);
		r->count--;
		r->released--;
		memset(ret_action, 0, sizeof *ret_action);
		ret_action->size = sizeof *ret_action;
		if (!p.type) {
			ret_action->type = DTSS_ACTION_EVENT;
			ret_action->u.event = p.event;
			return 1;
		}
		intern_put(&s->names, &s->mem, s->action_worker);
		s->action_worker = p.worker; /* it lasts until the next action */
		if (!action_fill_message(s, &p))
			continue;
		ret_action->type = DTSS_ACTION_SEND;
		ret_action->u.send.worker = p.worker->text;
		ret_action->u.send.message = &s->message;
		return 1;
	}
	return 0;
}
