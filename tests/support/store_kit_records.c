/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_kit.h"

static void kit_add(struct store_kit *k, const struct dtss_record_body *body)
{
	size_t room = k->cap - k->used, len = dtss_record_encode(body, k->bytes + k->used, room);

	ck_assert_uint_lt(k->count, STORE_KIT_RECORDS);
	ck_assert_uint_le(len, room);
	ck_assert_int_eq(dtss_record_peek(k->bytes + k->used, len, &k->records[k->count]), DTSS_OK);
	k->used += len;
	k->count++;
}

void kit_meta(struct store_kit *k, uint64_t next_task)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_META };

	body.u.meta.next_task = next_task;
	kit_add(k, &body);
}

void kit_task(struct store_kit *k, uint64_t id, uint32_t state, uint32_t flags)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_TASK, .flags = flags };

	body.u.task.id = id;
	body.u.task.state = state;
	body.u.task.done = (flags & DTSS_RECORD_DONE) != 0;
	body.u.task.created_ns = 1700000000000000000 + (int64_t)id;
	kit_add(k, &body);
}

static void kit_add_spec(struct store_kit *k, uint64_t id, const struct dtss_task_spec *spec)
{
	static unsigned char bytes[DTSS_SPEC_BYTES_MAX];
	struct dtss_record_body body = { .kind = DTSS_RECORD_SPEC };

	body.u.spec.id = id;
	body.u.spec.data = bytes;
	body.u.spec.len = dtss_spec_encode(spec, bytes, sizeof bytes);
	ck_assert_uint_le(body.u.spec.len, sizeof bytes);
	kit_add(k, &body);
}

void kit_spec(struct store_kit *k, uint64_t id, const char *queue, const char *name, const char *label)
{
	struct dtss_task_spec spec = { .size = sizeof spec, .name = name, .queue = queue };
	static const char *const argv[] = { "true" };
	char copy[64];
	struct dtss_pair pair;

	spec.argv = argv;
	spec.argc = 1;
	if (label != NULL) {
		snprintf(copy, sizeof copy, "%s", label);
		pair.name = strtok(copy, "=");
		pair.value = strtok(NULL, "=");
		spec.labels = &pair;
		spec.label_count = 1;
	}
	kit_add_spec(k, id, &spec);
}

void kit_spec_payload(struct store_kit *k, uint64_t id, size_t payload_len)
{
	struct dtss_task_spec spec = { .size = sizeof spec };
	void *payload = calloc(1, payload_len);

	ck_assert_ptr_nonnull(payload);
	spec.payload = payload;
	spec.payload_len = payload_len;
	kit_add_spec(k, id, &spec);
	free(payload);
}

void kit_attempt(struct store_kit *k, uint64_t id, uint32_t n, uint64_t fence)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_ATTEMPT };

	body.u.attempt.id = id;
	body.u.attempt.view.attempt = n;
	body.u.attempt.view.fence = fence;
	body.u.attempt.view.state = DTSS_ATTEMPT_RUNNING;
	body.u.attempt.view.worker = "w1";
	body.u.attempt.view.outcome.cause = DTSS_CAUSE_NONE;
	kit_add(k, &body);
}

void kit_key(struct store_kit *k, const char *queue, const char *key, uint64_t id, uint32_t flags)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_KEY, .flags = flags };

	body.u.key.queue = queue;
	body.u.key.key = key;
	body.u.key.id = id;
	kit_add(k, &body);
}

void kit_worker(struct store_kit *k, const char *name, uint64_t incarnation, uint32_t flags)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_WORKER, .flags = flags };

	body.u.worker.view.name = name;
	body.u.worker.view.number = 1;
	body.u.worker.view.incarnation = incarnation;
	body.u.worker.view.kind = DTSS_WORKER_AGENT;
	body.u.worker.view.status = DTSS_WORKER_ONLINE;
	body.u.worker.view.max_tasks = 4;
	kit_add(k, &body);
}

void kit_finished(struct store_kit *k, uint64_t id, uint32_t state, const char *name)
{
	kit_task(k, id, state, DTSS_RECORD_DONE);
	kit_spec(k, id, "default", name, NULL);
}
