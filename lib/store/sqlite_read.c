/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "store/sqlite.h"

#define SQLITE_BLOCK_SIZE 65536
#define SQLITE_RECORDS_MIN 64

/* ---- what a completion points to ---- */

void sqlite_forget(struct sqlite_store *s)
{
	struct sqlite_block *b;

	while ((b = s->blocks) != NULL) {
		s->blocks = b->next;
		free(b);
	}
	s->record_count = 0;
}

static void *sqlite_bytes(struct sqlite_store *s, size_t len)
{
	struct sqlite_block *b = s->blocks;
	unsigned char *bytes;

	if (b == NULL || b->cap - b->used < len) {
		size_t cap = len > SQLITE_BLOCK_SIZE ? len : SQLITE_BLOCK_SIZE;

		b = malloc(sizeof *b + cap);
		if (b == NULL)
			return NULL;
		b->next = s->blocks;
		b->used = 0;
		b->cap = cap;
		s->blocks = b;
	}
	bytes = (unsigned char *)(b + 1) + b->used;
	b->used += len;
	return bytes;
}

static int sqlite_records_grow(struct sqlite_store *s)
{
	size_t cap = s->record_cap > 0 ? 2 * s->record_cap : SQLITE_RECORDS_MIN;
	struct dtss_record *records;

	if (s->record_count < s->record_cap)
		return DTSS_OK;
	records = realloc(s->records, cap * sizeof records[0]);
	if (records == NULL)
		return DTSS_E_NOMEM;
	s->records = records;
	s->record_cap = cap;
	return DTSS_OK;
}

/* ---- tasks ---- */

int sqlite_damage(struct sqlite_store *s, int error)
{
	if (error == DTSS_E_CORRUPT || error == DTSS_E_VERSION)
		s->failed = error;
	return error;
}

/* The record in the first column of the row; bytes are its copy, and id and kind what it must say. */
static int sqlite_record_take(struct sqlite_store *s, sqlite3_stmt *st, uint32_t kind, uint64_t id)
{
	const void *blob = sqlite3_column_blob(st, 0);
	size_t len = (size_t)sqlite3_column_bytes(st, 0);
	struct dtss_record *r;
	void *bytes;
	int error = sqlite_records_grow(s);

	if (error < 0)
		return error;
	bytes = blob != NULL ? sqlite_bytes(s, len) : NULL;
	if (bytes == NULL)
		return len > 0 ? DTSS_E_NOMEM : sqlite_damage(s, DTSS_E_CORRUPT);
	memcpy(bytes, blob, len);
	r = &s->records[s->record_count];
	error = dtss_record_peek(bytes, len, r);
	if (error == DTSS_OK && (r->kind != kind || r->id != id))
		error = DTSS_E_CORRUPT;
	if (error < 0)
		return sqlite_damage(s, error);
	s->record_count++;
	return DTSS_OK;
}

/* Adds all records of the statement for that task. */
static int sqlite_records_get(struct sqlite_store *s, int statement, uint32_t kind, uint64_t id)
{
	sqlite3_stmt *st = s->statements[statement];
	int error = DTSS_OK, rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)id);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	while (rc == SQLITE_ROW && error == DTSS_OK) {
		error = sqlite_record_take(s, st, kind, id);
		if (error == DTSS_OK)
			rc = sqlite3_step(st);
	}
	(void)sqlite3_reset(st); /* says the same again */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? error : sqlite_fail(s, s->reader, rc);
}

/* TASK and SPEC: all that a filter looks at. */
static int sqlite_task_get(struct sqlite_store *s, uint64_t id)
{
	size_t from = s->record_count;
	int error = sqlite_records_get(s, STATEMENT_TASK_GET, DTSS_RECORD_TASK, id);

	if (error == DTSS_OK && s->record_count == from)
		return DTSS_E_NOT_FOUND;
	return error == DTSS_OK ? sqlite_records_get(s, STATEMENT_SPEC_GET, DTSS_RECORD_SPEC, id) : error;
}

static int sqlite_attempts_get(struct sqlite_store *s, uint64_t id)
{
	int error = sqlite_records_get(s, STATEMENT_FIRST_GET, DTSS_RECORD_ATTEMPT, id);

	return error == DTSS_OK ? sqlite_records_get(s, STATEMENT_ATTEMPT_GET, DTSS_RECORD_ATTEMPT, id) : error;
}

static void sqlite_rows(const struct sqlite_store *s, struct dtss_store_done *done)
{
	done->u.rows.records = s->records;
	done->u.rows.count = s->record_count;
}

int sqlite_get(struct sqlite_store *s, uint64_t id, struct dtss_store_done *done)
{
	int error = sqlite_task_get(s, id);

	if (error == DTSS_OK)
		error = sqlite_attempts_get(s, id);
	sqlite_rows(s, done);
	return error;
}

/* ---- lists ---- */

/* 1 when the records from `from` on pass what only the specification tells, 0, or an error. */
static int sqlite_match(struct sqlite_store *s, const struct dtss_task_filter *f, size_t from)
{
	struct dtss_task_view *view;
	size_t used;
	int error, match;

	if (f->queue == NULL && f->name == NULL && f->label_name == NULL)
		return 1;
	error = dtss_task_view_decode(s->records + from, s->record_count - from, dtss_mem_libc(), &view, &used);
	if (error < 0)
		return sqlite_damage(s, error);
	match = dtss_task_filter_match(f, view);
	dtss_task_view_free(view, dtss_mem_libc());
	return match;
}

static size_t sqlite_size(const struct sqlite_store *s, size_t from)
{
	size_t size = 0;

	for (; from < s->record_count; from++)
		size += s->records[from].len;
	return size;
}

/* Adds the task if it passes: 1, 0 or an error. */
static int sqlite_list_task(struct sqlite_store *s, const struct dtss_task_filter *f, uint64_t id, uint32_t state)
{
	struct sqlite_block mark = { NULL, 0, 0 }, *block = s->blocks;
	size_t from = s->record_count;
	int error;

	if (f->states != 0 && (f->states >> state & 1) == 0)
		return 0;
	if (block != NULL)
		mark = *block;
	error = sqlite_task_get(s, id);
	if (error == DTSS_OK)
		error = sqlite_match(s, f, from);
	if (error > 0) {
		error = sqlite_attempts_get(s, id);
		return error < 0 ? error : 1;
	}
	s->record_count = from;
	if (block != NULL && s->blocks == block)
		block->used = mark.used; /* its bytes are free again */
	return error;
}

/* 1: on to the next row. 0: the page ends before it. Or an error. */
static int sqlite_list_row(struct sqlite_store *s, const struct dtss_task_filter *f, sqlite3_stmt *st, uint64_t *last,
			   uint32_t *found, size_t *size)
{
	size_t from = s->record_count;
	int passed;

	if (*found == f->limit || *size >= DTSS_LIST_BYTES_MAX)
		return 0;
	*last = (uint64_t)sqlite3_column_int64(st, 0);
	passed = sqlite_list_task(s, f, *last, (uint32_t)sqlite3_column_int(st, 1) & 31);
	if (passed < 0)
		return passed;
	*found += (uint32_t)passed;
	*size += sqlite_size(s, from);
	return 1;
}

int sqlite_list(struct sqlite_store *s, const struct dtss_task_filter *f, struct dtss_store_done *done)
{
	uint32_t succeeded = 1u << DTSS_TASK_SUCCEEDED;
	int other = f->states != 0 && (f->states & succeeded) == 0, more = 1;
	sqlite3_stmt *st = s->statements[other ? STATEMENT_HISTORY_OTHER : STATEMENT_HISTORY_LIST];
	int rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)f->after);
	size_t scanned, size = 0;
	uint64_t last = f->after;
	uint32_t found = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	for (scanned = 0; rc == SQLITE_ROW; scanned++) {
		more = scanned < DTSS_SCAN_MAX ? sqlite_list_row(s, f, st, &last, &found, &size) : 0;
		if (more <= 0)
			break;
		rc = sqlite3_step(st);
	}
	(void)sqlite3_reset(st); /* says the same again */
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_fail(s, s->reader, rc);
	if (more < 0)
		return more;
	sqlite_rows(s, done);
	done->u.rows.next = rc == SQLITE_ROW ? last : 0;
	return DTSS_OK;
}

/* ---- logs ---- */

/* Copies what of the row is wanted; *got bytes from chunk->offset on are there already. */
static void sqlite_log_take(sqlite3_stmt *st, const struct dtss_log_chunk *chunk, size_t len, unsigned char *bytes,
			    size_t *got)
{
	uint64_t offset = (uint64_t)sqlite3_column_int64(st, 0), want = chunk->offset + *got;
	const unsigned char *blob = sqlite3_column_blob(st, 1);
	size_t size = (size_t)sqlite3_column_bytes(st, 1), skip;

	if (blob == NULL || want < offset || want - offset >= size)
		return;
	skip = (size_t)(want - offset);
	size -= skip;
	if (size > len - *got)
		size = len - *got;
	memcpy(bytes + *got, blob + skip, size);
	*got += size;
}

int sqlite_log_read(struct sqlite_store *s, const struct dtss_log_chunk *chunk, struct dtss_store_done *done)
{
	size_t len = chunk->len < DTSS_LOG_CHUNK_MAX ? chunk->len : DTSS_LOG_CHUNK_MAX, got = 0;
	sqlite3_stmt *st = s->statements[STATEMENT_LOG_FROM];
	unsigned char *bytes = sqlite_bytes(s, len);
	int rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)chunk->fence);

	if (bytes == NULL)
		return DTSS_E_NOMEM;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 2, chunk->stream);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 3, (sqlite3_int64)chunk->offset);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	while (rc == SQLITE_ROW && got < len) {
		sqlite_log_take(st, chunk, len, bytes, &got);
		rc = sqlite3_step(st);
	}
	(void)sqlite3_reset(st); /* says the same again */
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_fail(s, s->reader, rc);
	done->u.log = *chunk;
	done->u.log.data = got > 0 ? bytes : NULL;
	done->u.log.len = got;
	return DTSS_OK;
}
