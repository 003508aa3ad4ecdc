/* SPDX-License-Identifier: MIT */
#include "codec/record.h"
#include "core/engine.h"

/* The engine's objects as records, without their sums: wire_seal(). */

size_t encode_task(const struct task *t, void *buf, size_t cap)
{
	const struct tries *r = task_tries(t);
	struct dtss_record_body b;

	memset(&b, 0, sizeof b);
	b.kind = DTSS_RECORD_TASK;
	b.flags = t->done ? DTSS_RECORD_DONE : 0;
	b.u.task.id = t->ready.id;
	b.u.task.retry_of = t->retry_of;
	b.u.task.state = t->state;
	b.u.task.cause = t->cause;
	b.u.task.done = t->done;
	b.u.task.failed_count = t->failed_count;
	b.u.task.lost_count = t->lost_count;
	b.u.task.free_count = t->free_count;
	b.u.task.attempt_count = t->attempt_count;
	b.u.task.created_ns = t->created_ns;
	b.u.task.started_ns = t->started_ns;
	b.u.task.finished_ns = t->finished_ns;
	b.u.task.due_since_ns = r->due_since_ns;
	b.u.task.due_wait_ns = r->due_wait_ns;
	return record_encode(&b, buf, cap);
}

void attempt_view(const struct task *t, uint32_t index, struct dtss_attempt_view *ret_view)
{
	const struct attempt *a = &t->tries->at[index];

	DTSS_ASSERT(index < t->attempt_count);
	memset(ret_view, 0, sizeof *ret_view);
	ret_view->attempt = index + 1;
	ret_view->state = a->state;
	ret_view->fence = a->fence;
	ret_view->worker = a->worker_name ? a->worker_name->text : ""; /* a gap, in the middle of a load */
	ret_view->incarnation = a->incarnation;
	ret_view->granted_ns = a->granted_ns;
	ret_view->started_ns = a->started_ns;
	ret_view->ended_ns = a->ended_ns;
	ret_view->outcome.cause = a->cause;
	ret_view->outcome.exit_code = a->exit_code;
	ret_view->outcome.signal = a->signal;
	ret_view->outcome.err = a->err;
	ret_view->outcome.detail = a->detail;
}

size_t encode_attempt(const struct task *t, uint32_t index, void *buf, size_t cap)
{
	struct dtss_record_body b;

	DTSS_ASSERT(index < t->attempt_count);
	memset(&b, 0, sizeof b);
	b.kind = DTSS_RECORD_ATTEMPT;
	b.u.attempt.id = t->ready.id;
	b.u.attempt.worker_number = t->tries->at[index].worker_number;
	attempt_view(t, index, &b.u.attempt.view);
	return record_encode(&b, buf, cap);
}

size_t encode_key(const struct key *k, void *buf, size_t cap)
{
	struct dtss_record_body b;

	DTSS_ASSERT(k->text[k->len] == 0);
	memset(&b, 0, sizeof b);
	b.kind = DTSS_RECORD_KEY;
	b.flags = k->gone ? DTSS_RECORD_DELETE : 0;
	b.u.key.queue = k->queue->name->text;
	b.u.key.key = k->text;
	b.u.key.id = k->id;
	b.u.key.spec_hash = k->spec_hash;
	b.u.key.finished_ns = k->finished_ns;
	return record_encode(&b, buf, cap);
}

size_t worker_record_bound(const struct worker *w)
{
	size_t bytes = RECORD_SMALL_MAX + 2 * DTSS_ADDRESS_LEN_MAX, i;

	for (i = 0; i < w->shape.tag_count; i++)
		bytes += strlen(w->shape.tags[i]) + 8;
	for (i = 0; i < w->shape.resource_count; i++)
		bytes += strlen(w->shape.resources[i].name) + 16;
	return bytes;
}

size_t encode_worker(const struct worker *w, void *buf, size_t cap)
{
	struct dtss_record_body b;
	struct dtss_worker_view *v = &b.u.worker.view;

	DTSS_ASSERT(w->name->len > 0);
	memset(&b, 0, sizeof b);
	b.kind = DTSS_RECORD_WORKER;
	b.flags = w->gone ? DTSS_RECORD_DELETE : 0;
	v->name = w->name->text;
	v->number = w->number;
	v->incarnation = w->incarnation;
	v->kind = w->kind;
	v->status = w->status == DTSS_WORKER_OFFLINE ? DTSS_WORKER_OFFLINE : DTSS_WORKER_ONLINE;
	v->draining = w->draining;
	v->cordoned = w->cordoned;
	v->max_tasks = w->max_tasks;
	v->address = w->shape.address;
	v->tags = w->shape.tags;
	v->tag_count = w->shape.tag_count;
	v->resources = w->shape.resources;
	v->resource_count = w->shape.resource_count;
	return record_encode(&b, buf, cap);
}

size_t encode_meta(const struct dtss_sched *s, void *buf, size_t cap)
{
	struct dtss_record_body b;

	memset(&b, 0, sizeof b);
	b.kind = DTSS_RECORD_META;
	b.u.meta = s->meta;
	return record_encode(&b, buf, cap);
}
