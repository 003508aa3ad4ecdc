/* SPDX-License-Identifier: MIT */
#include "codec/block.h"
#include "codec/parts.h"
#include "codec/record.h"
#include "core/check.h"

#define RECORD_TASK_VALUE 59             /* of its value */
#define RECORD_SPEC_AT (WIRE_HEADER + 8) /* its value, behind the id */
#define RECORD_FLAGS ((uint32_t)(DTSS_RECORD_DELETE | DTSS_RECORD_DONE))

static uint64_t record_get_id(struct wire_in *in)
{
	uint64_t id = wire_get64(in);

	if (id == 0 || id > DTSS_TASK_ID_MAX)
		in->failed = 1;
	return id;
}

/* A KEY has exactly one NUL, a WORKER none; the NUL behind the key is not counted. */
static void record_get_name(struct wire_in *in, struct dtss_record *record)
{
	uint32_t len = wire_get32(in);
	const uint8_t *key = len <= RECORD_KEY_LEN_MAX ? wire_take(in, (size_t)len + 1) : NULL;
	const uint8_t *nul = key != NULL ? memchr(key, 0, (size_t)len + 1) : NULL;

	if (nul != NULL && record->kind == DTSS_RECORD_KEY && nul < key + len)
		nul = memchr(nul + 1, 0, (size_t)(key + len - nul));
	else if (record->kind == DTSS_RECORD_KEY)
		nul = NULL;
	if (nul == NULL || nul != key + len)
		in->failed = 1;
	record->key = key;
	record->key_len = len;
}

int record_enter(struct wire_in *in, const void *data, size_t len, struct dtss_record *ret_record)
{
	uint32_t kind, flags;
	int error = wire_enter(in, data, len, &kind, &flags);

	if (error < 0)
		return error;
	memset(ret_record, 0, sizeof *ret_record);
	ret_record->kind = wire_in_range(in, kind, DTSS_RECORD_META, DTSS_RECORD_WORKER);
	ret_record->flags = flags;
	ret_record->data = data;
	ret_record->len = len;
	if (kind == DTSS_RECORD_TASK || kind == DTSS_RECORD_SPEC || kind == DTSS_RECORD_ATTEMPT)
		ret_record->id = record_get_id(in);
	if (kind == DTSS_RECORD_ATTEMPT)
		ret_record->sub = wire_in_range(in, wire_get32(in), 1, DTSS_ATTEMPTS_MAX);
	if (kind == DTSS_RECORD_KEY || kind == DTSS_RECORD_WORKER)
		record_get_name(in, ret_record);
	return in->failed || (flags & ~RECORD_FLAGS) != 0 ? DTSS_E_CORRUPT : DTSS_OK;
}

int record_open(struct wire_in *in, const void *data, size_t len, struct dtss_record *ret_record)
{
	return wire_whole(data, len) ? record_enter(in, data, len, ret_record) : DTSS_E_CORRUPT;
}

/* A SPEC has a second sum: that of the specification in it. */
int record_whole(const void *data, size_t len)
{
	const uint8_t *p = data;

	if (len < RECORD_SPEC_AT + WIRE_HEADER || p[4] != WIRE_FORMAT || wire_kind(p) != DTSS_RECORD_SPEC)
		return wire_whole(p, len);
	return wire_whole_two(p, len, p + RECORD_SPEC_AT, len - RECORD_SPEC_AT);
}

int dtss_record_peek(const void *data, size_t len, struct dtss_record *ret_record)
{
	struct dtss_record record;
	struct wire_in in;
	int error = record_open(&in, data, len, &record);

	if (error < 0)
		return error;
	*ret_record = record;
	return DTSS_OK;
}

static int record_get_meta(struct wire_in *in, struct dtss_meta_record *meta)
{
	size_t i;

	meta->next_task = wire_get64(in);
	meta->fence = wire_get64(in);
	meta->seq = wire_get64(in);
	meta->hash = wire_get64(in);
	meta->next_worker = wire_get64(in);
	for (i = 0; i < DTSS_TASK_STATES; i++)
		meta->totals[i] = wire_get64(in);
	meta->grants = wire_get64(in);
	meta->retries = wire_get64(in);
	meta->losses = wire_get64(in);
	return wire_close(in);
}

int record_get_task(struct wire_in *in, const struct dtss_record *record, struct dtss_task_record *ret)
{
	const uint8_t *p = wire_take(in, RECORD_TASK_VALUE);

	if (p == NULL)
		return DTSS_E_CORRUPT;
	ret->id = record->id;
	ret->retry_of = wire_next64(&p);
	ret->state = wire_in_range(in, wire_next8(&p), DTSS_TASK_BLOCKED, DTSS_TASK_QUARANTINED);
	ret->cause = wire_in_range(in, wire_next8(&p), DTSS_CAUSE_NONE, DTSS_CAUSE_RULE);
	ret->done = wire_in_range(in, wire_next8(&p), 0, 1);
	ret->failed_count = wire_in_range(in, wire_next16(&p), 0, DTSS_ATTEMPTS_MAX);
	ret->lost_count = wire_in_range(in, wire_next16(&p), 0, DTSS_ATTEMPTS_MAX);
	ret->free_count = wire_in_range(in, wire_next16(&p), 0, DTSS_ATTEMPTS_MAX);
	ret->attempt_count = wire_in_range(in, wire_next16(&p), 0, DTSS_ATTEMPTS_MAX);
	ret->created_ns = (int64_t)wire_next64(&p);
	ret->started_ns = (int64_t)wire_next64(&p);
	ret->finished_ns = (int64_t)wire_next64(&p);
	ret->due_since_ns = (int64_t)wire_next64(&p);
	ret->due_wait_ns = wire_next64(&p);
	return wire_close(in);
}

int record_get_attempt(struct wire_in *in, const struct dtss_record *record, struct dtss_attempt_record *ret)
{
	struct dtss_attempt_view *view = &ret->view;

	ret->id = record->id;
	view->attempt = record->sub;
	view->state = wire_in_range(in, wire_get8(in), DTSS_ATTEMPT_LEASED, DTSS_ATTEMPT_ENDED);
	view->fence = wire_get64(in);
	ret->worker_number = wire_get64(in);
	view->incarnation = wire_get64(in);
	view->granted_ns = (int64_t)wire_get64(in);
	view->started_ns = (int64_t)wire_get64(in);
	view->ended_ns = (int64_t)wire_get64(in);
	view->worker = wire_get_string(in, DTSS_NAME_LEN_MAX);
	parts_get_outcome(in, &view->outcome);
	return wire_close(in);
}

int record_get_spec(struct wire_in *in, const void **ret_data, size_t *ret_len)
{
	size_t len = in->left;
	const void *data = wire_take(in, len);

	if (data == NULL || len < WIRE_HEADER || len > DTSS_SPEC_BYTES_MAX)
		return DTSS_E_CORRUPT;
	*ret_data = data;
	*ret_len = len;
	return DTSS_OK;
}

static int record_get_key(struct wire_in *in, const struct dtss_record *record, struct dtss_key_record *key)
{
	key->queue = record->key;
	key->key = key->queue + strlen(key->queue) + 1;
	key->id = record_get_id(in);
	key->spec_hash = wire_get64(in);
	key->finished_ns = (int64_t)wire_get64(in);
	return wire_close(in);
}

/* What stands in front of the arrays; the counts are believed when so many can still follow. */
static void record_get_worker(struct wire_in *in, const struct dtss_record *record, struct dtss_worker_view *view)
{
	view->name = record->key;
	view->number = wire_get64(in);
	view->incarnation = wire_get64(in);
	view->kind = wire_in_range(in, wire_get8(in), DTSS_WORKER_AGENT, DTSS_WORKER_PLACEMENT);
	view->status = wire_in_range(in, wire_get8(in), DTSS_WORKER_ONLINE, DTSS_WORKER_OFFLINE);
	view->draining = wire_in_range(in, wire_get8(in), 0, 1);
	view->cordoned = wire_in_range(in, wire_get8(in), 0, 1);
	view->max_tasks = wire_get16(in);
	view->tag_count = wire_in_range(in, wire_get16(in), 0, DTSS_WORKER_TAGS_MAX);
	view->resource_count = wire_in_range(in, wire_get16(in), 0, DTSS_RESOURCES_MAX);
	view->address = wire_get_optional(in, DTSS_ADDRESS_LEN_MAX);
}

static int record_get_worker_arrays(struct wire_in *in, struct block *b, struct dtss_worker_view *view)
{
	const char **tags = block_take(b, view->tag_count, sizeof *tags);
	struct dtss_resource *resources = block_take(b, view->resource_count, sizeof *resources);

	parts_get_strings(in, tags, view->tag_count, DTSS_TAG_LEN_MAX);
	parts_get_resources(in, resources, view->resource_count);
	view->tags = tags;
	view->resources = resources;
	return wire_close(in);
}

/* The value of all kinds, into body; a WORKER's arrays are left in the input. */
static int record_get_value(struct wire_in *in, const struct dtss_record *record, struct dtss_record_body *body)
{
	body->kind = record->kind;
	body->flags = record->flags;
	switch (record->kind) {
	case DTSS_RECORD_META:
		return record_get_meta(in, &body->u.meta);
	case DTSS_RECORD_TASK:
		return record_get_task(in, record, &body->u.task);
	case DTSS_RECORD_SPEC:
		body->u.spec.id = record->id;
		return record_get_spec(in, &body->u.spec.data, &body->u.spec.len);
	case DTSS_RECORD_ATTEMPT:
		return record_get_attempt(in, record, &body->u.attempt);
	case DTSS_RECORD_KEY:
		return record_get_key(in, record, &body->u.key);
	default:
		DTSS_ASSERT(record->kind == DTSS_RECORD_WORKER);
		record_get_worker(in, record, &body->u.worker.view);
		return in->failed ? DTSS_E_CORRUPT : DTSS_OK;
	}
}

static void record_block(struct block *b, const struct dtss_record_body *body)
{
	const struct dtss_worker_view *view = &body->u.worker.view;

	block_init(b);
	block_add(b, 1, sizeof *body);
	if (body->kind == DTSS_RECORD_WORKER) {
		block_add(b, view->tag_count, sizeof view->tags[0]);
		block_add(b, view->resource_count, sizeof view->resources[0]);
	}
}

int dtss_record_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_record_body **ret_body)
{
	struct dtss_record_body fixed, *body;
	struct dtss_record record;
	struct wire_in in;
	struct block b;
	int error = record_open(&in, data, len, &record);

	if (error < 0)
		return error;
	memset(&fixed, 0, sizeof fixed);
	error = record_get_value(&in, &record, &fixed);
	if (error < 0)
		return error;
	record_block(&b, &fixed);
	error = block_alloc(&b, mem);
	if (error < 0)
		return error;
	body = block_take(&b, 1, sizeof *body);
	*body = fixed;
	if (body->kind == DTSS_RECORD_WORKER && record_get_worker_arrays(&in, &b, &body->u.worker.view) < 0) {
		block_free(body, mem);
		return DTSS_E_CORRUPT;
	}
	*ret_body = body;
	return DTSS_OK;
}

void dtss_record_free(struct dtss_record_body *body, const struct dtss_mem *mem)
{
	block_free(body, mem);
}
