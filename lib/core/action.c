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

struct pending *ring_push(struct dtss_sched *s, uint32_t type, uint64_t seq)
{
	struct ring *r = &s->ring;
	struct pending *p = &r->at[(r->head + r->count) & (r->cap - 1)];

	DTSS_ASSERT(r->count < r->cap);
	DTSS_ASSERT(r->released <= r->count);
	p->seq = seq;
	p->type = type;
	p->cause = 0;
	/* what rests on nothing new may go at once, unless something older waits */
	if (r->released == r->count && seq <= s->stored_seq)
		r->released++;
	r->count++;
	return p;
}

void action_assign(struct dtss_sched *s, struct task *t, uint64_t lease_ms)
{
	const struct attempt *a = task_live(t);
	struct pending *p;

	DTSS_ASSERT(a && a->worker);
	DTSS_ASSERT(lease_ms > 0 && lease_ms <= s->cfg.lease_ms);
	p = ring_push(s, DTSS_MESSAGE_ASSIGN, a->sent ? 0 : s->meta.seq);
	p->u.message.task = t->ready.id;
	p->u.message.fence = a->fence;
	p->u.message.incarnation = a->incarnation;
	p->u.message.lease_ms = lease_ms;
	p->u.message.heartbeat = a->worker->heartbeat;
	p->u.message.worker = a->worker_name;
	p->u.message.worker->refs++;
}

void action_stop(struct dtss_sched *s, struct worker *w, uint64_t task, uint64_t fence, uint32_t cause)
{
	struct pending *p;

	DTSS_ASSERT(!w->gone);
	p = ring_push(s, DTSS_MESSAGE_STOP, s->meta.seq);
	p->cause = cause;
	p->u.message.task = task;
	p->u.message.fence = fence;
	p->u.message.incarnation = w->incarnation;
	p->u.message.lease_ms = 0;
	p->u.message.worker = w->name;
	p->u.message.worker->refs++;
}

static void action_fill_assign(struct dtss_sched *s, const struct task *t, const struct attempt *a,
			       const struct pending *p)
{
	struct dtss_message_assign *m = &s->message.u.assign;

	DTSS_ASSERT(a->state == DTSS_ATTEMPT_LEASED && p->u.message.lease_ms > 0);
	m->task = (dtss_task_id){ t->ready.id };
	m->fence = a->fence;
	m->epoch = s->epoch;
	m->incarnation = a->incarnation;
	m->lease_ms = p->u.message.lease_ms;
	m->heartbeat = p->u.message.heartbeat;
	m->attempt = t->attempt_count;
	m->spec = task_spec(t);
	m->spec_len = t->spec_len;
}

/* 0: it has been overtaken, nobody needs to be told any more. */
static int action_fill_message(struct dtss_sched *s, const struct pending *p)
{
	DTSS_ASSERT(p->type == DTSS_MESSAGE_ASSIGN || p->type == DTSS_MESSAGE_STOP);
	DTSS_ASSERT(p->u.message.worker != NULL && p->seq <= s->closed_seq);
	memset(&s->message, 0, sizeof s->message);
	s->message.size = sizeof s->message;
	s->message.type = p->type;
	if (p->type == DTSS_MESSAGE_ASSIGN) {
		const struct task *t = task_find(s, p->u.message.task);
		const struct attempt *a = t ? task_live(t) : NULL;

		if (!a || a->fence != p->u.message.fence || a->state != DTSS_ATTEMPT_LEASED || !p->u.message.lease_ms)
			return 0;
		action_fill_assign(s, t, a, p);
		return 1;
	}
	s->message.u.stop.task = (dtss_task_id){ p->u.message.task };
	s->message.u.stop.fence = p->u.message.fence;
	s->message.u.stop.epoch = s->epoch;
	s->message.u.stop.incarnation = p->u.message.incarnation;
	s->message.u.stop.cause = p->cause;
	return 1;
}

int dtss_sched_next_action(struct dtss_sched *s, struct dtss_action *ret_action)
{
	struct ring *r = &s->ring;

	DTSS_ASSERT(r->released <= r->count);
	DTSS_ASSERT(r->count <= r->cap);
	while (r->released) {
		const struct pending *p = &r->at[r->head]; /* as it is until something is pushed */

		r->head = (r->head + 1) & (r->cap - 1);
		r->count--;
		r->released--;
		memset(ret_action, 0, sizeof *ret_action);
		ret_action->size = sizeof *ret_action;
		if (!p->type) {
			ret_action->type = DTSS_ACTION_EVENT;
			ret_action->u.event = p->u.event;
			return 1;
		}
		intern_put(&s->names, &s->mem, s->action_worker);
		s->action_worker = p->u.message.worker; /* it lasts until the next action */
		if (!action_fill_message(s, p))
			continue;
		ret_action->type = DTSS_ACTION_SEND;
		ret_action->u.send.worker = p->u.message.worker->text;
		ret_action->u.send.message = &s->message;
		return 1;
	}
	return 0;
}
