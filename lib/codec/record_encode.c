/* SPDX-License-Identifier: MIT */
#include "codec/parts.h"
#include "codec/record.h"
#include "core/check.h"

static void record_put_meta(struct wire_out *out, const struct dtss_meta_record *meta)
{
	size_t i;

	wire_put64(out, meta->next_task);
	wire_put64(out, meta->fence);
	wire_put64(out, meta->seq);
	wire_put64(out, meta->hash);
	wire_put64(out, meta->next_worker);
	for (i = 0; i < DTSS_TASK_STATES; i++)
		wire_put64(out, meta->totals[i]);
	wire_put64(out, meta->grants);
	wire_put64(out, meta->retries);
	wire_put64(out, meta->losses);
}

/* Each transition writes these two anew, so the room for all that has a fixed length is asked for at once. */
#define RECORD_TASK_BYTES (2 * 8 + 3 + 4 * 2 + 5 * 8)
#define RECORD_ATTEMPT_BYTES (8 + 4 + 1 + 6 * 8)

static void record_put_task(struct wire_out *out, const struct dtss_task_record *task)
{
	uint8_t *p = wire_room(out, RECORD_TASK_BYTES), *begin = p;

	DTSS_ASSERT(task->failed_count <= DTSS_ATTEMPTS_MAX && task->lost_count <= DTSS_ATTEMPTS_MAX);
	DTSS_ASSERT(task->free_count <= DTSS_ATTEMPTS_MAX && task->attempt_count <= DTSS_ATTEMPTS_MAX);
	if (p == NULL)
		return;
	p = wire_add64(p, task->id);
	p = wire_add64(p, task->retry_of);
	p = wire_add8(p, task->state);
	p = wire_add8(p, task->cause);
	p = wire_add8(p, task->done);
	p = wire_add16(p, task->failed_count);
	p = wire_add16(p, task->lost_count);
	p = wire_add16(p, task->free_count);
	p = wire_add16(p, task->attempt_count);
	p = wire_add64(p, (uint64_t)task->created_ns);
	p = wire_add64(p, (uint64_t)task->started_ns);
	p = wire_add64(p, (uint64_t)task->finished_ns);
	p = wire_add64(p, (uint64_t)task->due_since_ns);
	p = wire_add64(p, task->due_wait_ns);
	DTSS_ASSERT(p == begin + RECORD_TASK_BYTES);
}

static void record_put_attempt_numbers(struct wire_out *out, const struct dtss_attempt_record *record)
{
	const struct dtss_attempt_view *view = &record->view;
	uint8_t *p = wire_room(out, RECORD_ATTEMPT_BYTES), *begin = p;

	if (p == NULL)
		return;
	p = wire_add64(p, record->id);
	wire_store32(p, view->attempt);
	p = wire_add8(p + 4, view->state);
	p = wire_add64(p, view->fence);
	p = wire_add64(p, record->worker_number);
	p = wire_add64(p, view->incarnation);
	p = wire_add64(p, (uint64_t)view->granted_ns);
	p = wire_add64(p, (uint64_t)view->started_ns);
	p = wire_add64(p, (uint64_t)view->ended_ns);
	DTSS_ASSERT(p == begin + RECORD_ATTEMPT_BYTES);
}

static void record_put_attempt(struct wire_out *out, const struct dtss_attempt_record *record)
{
	record_put_attempt_numbers(out, record);
	wire_put_string(out, record->view.worker);
	parts_put_outcome(out, &record->view.outcome);
}

/* As one string of bytes with a NUL between the two: so a store can compare keys without a look inside. */
static void record_put_key(struct wire_out *out, const struct dtss_key_record *key)
{
	size_t queue_len = strlen(key->queue), key_len = strlen(key->key);

	DTSS_ASSERT(queue_len <= DTSS_NAME_LEN_MAX);
	DTSS_ASSERT(key_len <= DTSS_NAME_LEN_MAX);
	wire_put32(out, (uint32_t)(queue_len + 1 + key_len));
	wire_put_bytes(out, key->queue, queue_len + 1);
	wire_put_bytes(out, key->key, key_len + 1);
	wire_put64(out, key->id);
	wire_put64(out, key->spec_hash);
	wire_put64(out, (uint64_t)key->finished_ns);
}

static void record_put_worker(struct wire_out *out, const struct dtss_worker_view *view)
{
	DTSS_ASSERT(view->tag_count <= DTSS_WORKER_TAGS_MAX);
	DTSS_ASSERT(view->resource_count <= DTSS_RESOURCES_MAX);
	DTSS_ASSERT(view->max_tasks <= DTSS_WORKER_TASKS_MAX);
	wire_put_string(out, view->name);
	wire_put64(out, view->number);
	wire_put64(out, view->incarnation);
	wire_put8(out, view->kind);
	wire_put8(out, view->status);
	wire_put8(out, view->draining);
	wire_put8(out, view->cordoned);
	wire_put16(out, view->max_tasks);
	wire_put16(out, (uint32_t)view->tag_count);
	wire_put16(out, (uint32_t)view->resource_count);
	wire_put_string(out, view->address);
	parts_put_strings(out, view->tags, view->tag_count);
	parts_put_resources(out, view->resources, view->resource_count);
}

size_t record_encode(const struct dtss_record_body *body, void *buf, size_t cap)
{
	struct wire_out out;

	DTSS_ASSERT(body->kind >= DTSS_RECORD_META && body->kind <= DTSS_RECORD_WORKER);
	DTSS_ASSERT((body->flags & ~(uint32_t)(DTSS_RECORD_DELETE | DTSS_RECORD_DONE)) == 0);
	wire_begin(&out, buf, cap, body->kind, body->flags);
	switch (body->kind) {
	case DTSS_RECORD_META:
		record_put_meta(&out, &body->u.meta);
		break;
	case DTSS_RECORD_TASK:
		record_put_task(&out, &body->u.task);
		break;
	case DTSS_RECORD_SPEC:
		wire_put64(&out, body->u.spec.id);
		wire_put_bytes(&out, body->u.spec.data, body->u.spec.len);
		break;
	case DTSS_RECORD_ATTEMPT:
		record_put_attempt(&out, &body->u.attempt);
		break;
	case DTSS_RECORD_KEY:
		record_put_key(&out, &body->u.key);
		break;
	case DTSS_RECORD_WORKER:
		record_put_worker(&out, &body->u.worker.view);
		break;
	}
	return wire_finish(&out);
}

size_t dtss_record_encode(const struct dtss_record_body *body, void *buf, size_t cap)
{
	size_t len = record_encode(body, buf, cap);

	if (len <= cap)
		wire_seal(buf, len);
	return len;
}
