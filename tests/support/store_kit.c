/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/hash.h"
#include "fault_store.h"
#include "store_kit.h"

#define KIT_BYTES (4u << 20)
#define KIT_POLLS 1000000

/* ---- stores ---- */

void kit_use_golden(struct store_kit *k, const char *name)
{
	const char *source = getenv("DTSS_SOURCE");
	char command[512];

	if (k->store != NULL)
		k->store->ops->close(k->store);
	k->store = NULL;
	ck_assert_int_lt(snprintf(command, sizeof command, "cp '%s/tests/golden/%s' '%s'",
				  source != NULL ? source : ".", name, k->path),
			 (int)sizeof command);
	ck_assert_int_eq(system(command), 0);
}

int kit_is_sqlite(const struct store_kit *k)
{
	return k->kind == STORE_SQLITE || k->kind == STORE_FAULT_SQLITE;
}

void kit_make_path(struct store_kit *k)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || strlen(tmp) > 40)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* no test here pulls the plug */
	snprintf(k->dir, sizeof k->dir, "%s/dtss-store-XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(k->dir));
	snprintf(k->path, sizeof k->path, "%s/store", k->dir);
}

void kit_remove_path(struct store_kit *k)
{
	DIR *dir = opendir(k->dir);
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	}
	ck_assert_int_eq(closedir(dir), 0);
	ck_assert_int_eq(rmdir(k->dir), 0);
}

static void kit_open_store(struct store_kit *k)
{
	char message[512] = "";
	int error;

	if (kit_is_sqlite(k))
		error = dtss_sqlite_open(&k->store, k->path, message, sizeof message);
	else
		error = dtss_memory_open(&k->store, NULL);
	ck_assert_msg(error == DTSS_OK, "%s: %s", dtss_errname(error), message);
	if (k->kind == STORE_FAULT_MEMORY || k->kind == STORE_FAULT_SQLITE)
		k->store = fault_store_wrap(k->store);
}

void kit_init(struct store_kit *k, enum store_kind kind)
{
	memset(k, 0, sizeof *k);
	k->kind = kind;
	k->cap = KIT_BYTES;
	k->bytes = malloc(k->cap);
	ck_assert_ptr_nonnull(k->bytes);
	if (kit_is_sqlite(k))
		kit_make_path(k);
}

void kit_open(struct store_kit *k, enum store_kind kind)
{
	kit_init(k, kind);
	kit_open_store(k);
	ck_assert_int_eq(kit_lead(k), DTSS_OK);
}

void kit_reopen(struct store_kit *k)
{
	ck_assert(kit_is_sqlite(k));
	if (k->store != NULL)
		k->store->ops->close(k->store);
	kit_open_store(k);
}

void kit_close(struct store_kit *k)
{
	if (k->store != NULL)
		k->store->ops->close(k->store);
	if (kit_is_sqlite(k))
		kit_remove_path(k);
	free(k->bytes);
}

/* ---- operations ---- */

void kit_wait(struct store_kit *k, struct dtss_store_done *ret_done)
{
	int polls;

	for (polls = 0; polls < KIT_POLLS; polls++) {
		if (k->store->ops->poll(k->store, ret_done) == 1)
			return;
	}
	ck_abort_msg("the completion does not come");
}

void kit_do(struct store_kit *k, const struct dtss_store_op *op, struct dtss_store_done *ret_done)
{
	uint64_t token = ++k->token;

	ck_assert_int_eq(k->store->ops->submit(k->store, op, token), DTSS_OK);
	kit_wait(k, ret_done);
	ck_assert_uint_eq(ret_done->token, token);
	ck_assert_uint_eq(ret_done->type, op->type);
}

int kit_lead(struct store_kit *k)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LEAD };
	struct dtss_store_done done;

	op.u.lead.holder = "kit";
	op.u.lead.ttl_ms = 10000;
	kit_do(k, &op, &done);
	if (done.result == DTSS_OK) {
		ck_assert_uint_gt(done.u.epoch, k->epoch);
		k->epoch = done.u.epoch;
	}
	return done.result;
}

static int kit_submit_epoch(struct store_kit *k, uint64_t epoch)
{
	struct dtss_event event = { .seq = k->seq + 1, .type = DTSS_EVENT_LEAD };
	struct dtss_batch batch = { .size = sizeof batch, .epoch = epoch };
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_COMMIT };
	int error;

	batch.first_seq = batch.last_seq = ++k->seq;
	batch.records = k->records;
	batch.record_count = k->count;
	batch.events = &event;
	batch.event_count = 1;
	op.u.commit = &batch;
	error = k->store->ops->submit(k->store, &op, ++k->token);
	memset(k->bytes, 0xa5, k->used);
	memset(k->records, 0xa5, sizeof k->records[0] * k->count);
	k->used = 0;
	k->count = 0;
	return error;
}

int kit_submit_batch(struct store_kit *k)
{
	return kit_submit_epoch(k, k->epoch);
}

int kit_commit_epoch(struct store_kit *k, uint64_t epoch)
{
	struct dtss_store_done done;

	ck_assert_int_eq(kit_submit_epoch(k, epoch), DTSS_OK);
	kit_wait(k, &done);
	ck_assert_uint_eq(done.token, k->token);
	ck_assert_uint_eq(done.type, DTSS_STORE_COMMIT);
	if (done.result < 0)
		k->seq--; /* it does not count */
	return done.result;
}

int kit_commit(struct store_kit *k)
{
	return kit_commit_epoch(k, k->epoch);
}

int kit_append(struct store_kit *k, uint64_t fence, uint64_t offset, const void *data, size_t len, uint64_t *ret_end)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_APPEND };
	struct dtss_store_done done;

	op.u.log.fence = fence;
	op.u.log.stream = 1;
	op.u.log.offset = offset;
	op.u.log.data = data;
	op.u.log.len = len;
	kit_do(k, &op, &done);
	*ret_end = done.u.log.offset;
	return done.result;
}

int kit_get(struct store_kit *k, uint64_t id, struct dtss_store_done *ret_done)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_GET };

	op.u.get.id = id;
	kit_do(k, &op, ret_done);
	return ret_done->result;
}

int kit_list(struct store_kit *k, const struct dtss_task_filter *filter, struct dtss_store_done *ret_done)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LIST };

	op.u.list = *filter;
	kit_do(k, &op, ret_done);
	return ret_done->result;
}

size_t kit_ids(struct store_kit *k, const struct dtss_task_filter *filter, uint64_t *ids, size_t cap,
	       uint64_t *ret_next)
{
	struct dtss_store_done done;
	size_t i, count = 0;

	ck_assert_int_eq(kit_list(k, filter, &done), DTSS_OK);
	for (i = 0; i < done.u.rows.count; i++) {
		if (done.u.rows.records[i].kind != DTSS_RECORD_TASK)
			continue;
		ck_assert_uint_lt(count, cap);
		ids[count++] = done.u.rows.records[i].id;
	}
	*ret_next = done.u.rows.next;
	return count;
}

/* ---- load ---- */

int kit_load(struct store_kit *k, uint64_t *ret_sum)
{
	struct dtss_record record;
	const void *data;
	size_t len;
	int result, count = 0, error = 0;

	*ret_sum = 0;
	while ((result = k->store->ops->load(k->store, &data, &len)) == 1) {
		*ret_sum += hash_bytes(0, 0, data, len);
		count++;
		if (!error)
			error = dtss_record_peek(data, len, &record); /* its sum is for who loads it */
	}
	if (error)
		return error;
	return result < 0 ? result : count;
}

static int kit_same(const struct dtss_record *a, const struct dtss_record *b)
{
	return a->kind == b->kind && a->id == b->id && a->sub == b->sub && a->key_len == b->key_len &&
	       (a->key_len == 0 || memcmp(a->key, b->key, a->key_len) == 0);
}

static uint64_t kit_value(const void *data, size_t len)
{
	struct dtss_record_body *body;
	uint64_t value = 0;

	ck_assert_int_eq(dtss_record_decode(data, len, dtss_mem_libc(), &body), DTSS_OK);
	switch (body->kind) {
	case DTSS_RECORD_META:
		value = body->u.meta.next_task;
		break;
	case DTSS_RECORD_TASK:
		value = body->u.task.state;
		break;
	case DTSS_RECORD_SPEC:
		value = body->u.spec.len;
		break;
	case DTSS_RECORD_ATTEMPT:
		value = body->u.attempt.view.fence;
		break;
	case DTSS_RECORD_KEY:
		value = body->u.key.id;
		break;
	case DTSS_RECORD_WORKER:
		value = body->u.worker.view.incarnation;
		break;
	}
	dtss_record_free(body, dtss_mem_libc());
	return value;
}

uint64_t kit_find(struct store_kit *k, uint32_t kind, uint64_t id, uint32_t sub, const void *key, size_t key_len)
{
	struct dtss_record want = { .kind = kind, .id = id, .sub = sub, .key = key, .key_len = key_len }, have;
	const void *data;
	uint64_t value = 0;
	size_t len;
	int found = 0, result;

	while ((result = k->store->ops->load(k->store, &data, &len)) == 1) {
		ck_assert_int_eq(dtss_record_peek(data, len, &have), DTSS_OK);
		if (!kit_same(&have, &want))
			continue;
		ck_assert_int_eq(found, 0); /* the newest alone */
		found = 1;
		value = kit_value(data, len);
	}
	ck_assert_int_eq(result, 0);
	return found ? value : KIT_ABSENT;
}
