/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "store/sqlite.h"

#define SQLITE_LOG_STREAM_MAX (DTSS_LOG_STREAM_MAX + DTSS_LOG_NOTICE_MAX + DTSS_LOG_TAIL_MAX)
#define SQLITE_WAL_PAGES_MAX 4000 /* then they are copied into the file; of 4 KiB each */

/* How the records of a kind are written and dropped. */
static const struct {
	int put;
	int drop;
} sqlite_write_statements[] = {
	{ 0, 0 },
	{ STATEMENT_META_PUT, STATEMENT_META_DROP },       /* DTSS_RECORD_META */
	{ 0, 0 },                                          /* DTSS_RECORD_TASK: sqlite_task_write() */
	{ STATEMENT_SPEC_PUT, STATEMENT_SPEC_DROP },       /* DTSS_RECORD_SPEC */
	{ STATEMENT_ATTEMPT_PUT, STATEMENT_ATTEMPT_DROP }, /* DTSS_RECORD_ATTEMPT */
	{ STATEMENT_KEY_PUT, STATEMENT_KEY_DROP },         /* DTSS_RECORD_KEY */
	{ STATEMENT_WORKER_PUT, STATEMENT_WORKER_DROP }    /* DTSS_RECORD_WORKER */
};

/* ---- records ---- */

static int sqlite_bind_key(sqlite3_stmt *st, const struct dtss_record *r, int *ret_count)
{
	int rc = SQLITE_OK;

	*ret_count = 0;
	if (r->kind == DTSS_RECORD_KEY || r->kind == DTSS_RECORD_WORKER)
		rc = sqlite3_bind_blob(st, ++*ret_count, r->key, (int)r->key_len, SQLITE_STATIC);
	else if (r->kind != DTSS_RECORD_META)
		rc = sqlite3_bind_int64(st, ++*ret_count, (sqlite3_int64)r->id);
	if (rc == SQLITE_OK && r->kind == DTSS_RECORD_ATTEMPT)
		rc = sqlite3_bind_int64(st, ++*ret_count, r->sub);
	return rc;
}

static int sqlite_record_drop(struct sqlite_store *s, const struct dtss_record *r, int statement)
{
	int count, rc = sqlite_bind_key(s->statements[statement], r, &count);

	return rc == SQLITE_OK ? sqlite_run(s, statement) : rc;
}

static int sqlite_record_put(struct sqlite_store *s, const struct dtss_record *r, int statement)
{
	sqlite3_stmt *st = s->statements[statement];
	int count, rc = sqlite_bind_key(st, r, &count);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(st, count + 1, r->data, r->len, SQLITE_STATIC);
	return rc == SQLITE_OK ? sqlite_run(s, statement) : rc;
}

/* ---- tasks, with their first attempts ---- */

/*
 * One row holds both. The engine puts the ATTEMPT before its TASK, so that they can be written together; whoever puts
 * them elsewhere pays for an UPDATE.
 *
 *      SPEC  ATTEMPT 1  TASK          task(id, data, first)
 *                └───────┴──────────────────►┴─────┘
 */
static int sqlite_is_first(const struct dtss_record *r)
{
	return r->kind == DTSS_RECORD_ATTEMPT && r->sub == 1;
}

/* Will a TASK of the same id be written before anything of another task? */
static int sqlite_task_follows(const struct dtss_batch *batch, size_t i)
{
	uint64_t id = batch->records[i].id;

	DTSS_ASSERT(id > 0);
	for (i++; i < batch->record_count && batch->records[i].id == id; i++)
		if (batch->records[i].kind == DTSS_RECORD_TASK)
			return (batch->records[i].flags & DTSS_RECORD_DELETE) == 0;
	return 0;
}

/* Into the row that there is, of the live task or of the finished one. */
static int sqlite_first_put(struct sqlite_store *s, const struct dtss_record *r)
{
	static const int statements[] = { STATEMENT_TASK_FIRST, STATEMENT_HISTORY_FIRST };
	int i, rc = SQLITE_OK;

	for (i = 0; i < 2 && rc == SQLITE_OK; i++) {
		sqlite3_stmt *st = s->statements[statements[i]];

		rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)r->id);
		if (rc == SQLITE_OK && (r->flags & DTSS_RECORD_DELETE))
			rc = sqlite3_bind_null(st, 2);
		else if (rc == SQLITE_OK)
			rc = sqlite3_bind_blob64(st, 2, r->data, r->len, SQLITE_STATIC);
		if (rc == SQLITE_OK)
			rc = sqlite_run(s, statements[i]);
		if (rc == SQLITE_OK && sqlite3_changes(s->writer) > 0)
			return rc;
	}
	s->homeless = 1;
	return rc;
}

/* Those that came before their TASKs. One without any is nobody's, and is left out. */
static int sqlite_homeless_put(struct sqlite_store *s, const struct dtss_batch *batch)
{
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; s->homeless && i < batch->record_count && rc == SQLITE_OK; i++)
		if (sqlite_is_first(&batch->records[i]))
			rc = sqlite_first_put(s, &batch->records[i]);
	s->homeless = 0;
	return rc;
}

static int sqlite_first_bind(sqlite3_stmt *st, const struct dtss_record *first)
{
	return first != NULL ? sqlite3_bind_blob64(st, 3, first->data, first->len, SQLITE_STATIC) : SQLITE_OK;
}

static int sqlite_history_put(struct sqlite_store *s, const struct dtss_record *r, const struct dtss_record *first)
{
	int statement = first != NULL ? STATEMENT_HISTORY_BOTH : STATEMENT_HISTORY_PUT;
	sqlite3_stmt *st = s->statements[statement];
	struct dtss_record_body *body;
	int rc, error = dtss_record_decode(r->data, r->len, dtss_mem_libc(), &body);

	if (error < 0)
		return error == DTSS_E_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
	rc = sqlite3_bind_int64(st, 4, body->u.task.state);
	dtss_record_free(body, dtss_mem_libc());
	if (rc == SQLITE_OK)
		rc = sqlite_first_bind(st, first);
	return rc == SQLITE_OK ? sqlite_record_put(s, r, statement) : rc;
}

static int sqlite_task_write(struct sqlite_store *s, const struct dtss_record *r)
{
	const struct dtss_record *first = s->pending;
	int rc;

	s->pending = NULL;
	DTSS_ASSERT(r->kind == DTSS_RECORD_TASK);
	DTSS_ASSERT(first == NULL || first->id == r->id);
	if (r->flags & DTSS_RECORD_DELETE) {
		rc = sqlite_record_drop(s, r, STATEMENT_HISTORY_DROP);
		return rc == SQLITE_OK ? sqlite_record_drop(s, r, STATEMENT_TASK_DROP) : rc;
	}
	if (r->flags & DTSS_RECORD_DONE) {
		rc = sqlite_history_put(s, r, first); /* it may need what the row of the live task holds */
		return rc == SQLITE_OK ? sqlite_record_drop(s, r, STATEMENT_TASK_DROP) : rc;
	}
	if (first == NULL)
		return sqlite_record_put(s, r, STATEMENT_TASK_PUT);
	rc = sqlite_first_bind(s->statements[STATEMENT_TASK_BOTH], first);
	return rc == SQLITE_OK ? sqlite_record_put(s, r, STATEMENT_TASK_BOTH) : rc;
}

static int sqlite_record_write(struct sqlite_store *s, const struct dtss_record *r)
{
	int dropped = (r->flags & DTSS_RECORD_DELETE) != 0;

	DTSS_ASSERT(r->kind >= DTSS_RECORD_META && r->kind <= DTSS_RECORD_WORKER);
	DTSS_ASSERT(r->data != NULL || dropped);
	if (r->kind == DTSS_RECORD_TASK)
		return sqlite_task_write(s, r);
	if (sqlite_is_first(r))
		return sqlite_first_put(s, r);
	return dropped ? sqlite_record_drop(s, r, sqlite_write_statements[r->kind].drop) :
			 sqlite_record_put(s, r, sqlite_write_statements[r->kind].put);
}

static int sqlite_records_write(struct sqlite_store *s, const struct dtss_batch *batch)
{
	int rc = SQLITE_OK;
	size_t i;

	s->pending = NULL;
	for (i = 0; i < batch->record_count && rc == SQLITE_OK; i++) {
		const struct dtss_record *r = &batch->records[i];

		if (sqlite_is_first(r) && !(r->flags & DTSS_RECORD_DELETE) && sqlite_task_follows(batch, i))
			s->pending = r;
		else
			rc = sqlite_record_write(s, r);
		s->group_bytes += r->len;
	}
	return rc == SQLITE_OK ? sqlite_homeless_put(s, batch) : rc;
}

/* ---- the open transaction: all that was written since the last poll ---- */

/* Nothing of it was written, or nobody knows. */
static void sqlite_group_end(struct sqlite_store *s, int error)
{
	struct sqlite_op *o;

	for (o = s->first; o != NULL; o = o->next) {
		if (o->grouped && error < 0)
			o->result = error;
		o->grouped = 0;
	}
	s->group_open = 0;
	s->group_bytes = 0;
}

static int sqlite_group_fail(struct sqlite_store *s, int rc)
{
	int error = sqlite_fail(s, s->writer, rc);

	DTSS_ASSERT(s->group_open);
	/* after some errors SQLite has rolled back by itself */
	if (!sqlite3_get_autocommit(s->writer)) {
		rc = sqlite_run(s, STATEMENT_ROLLBACK);
		if (rc != SQLITE_OK)
			error = sqlite_fail(s, s->writer, rc);
	}
	sqlite_group_end(s, error);
	return error;
}

/* Opens one if there is none. */
static int sqlite_group_begin(struct sqlite_store *s)
{
	int rc, error;

	if (s->group_open)
		return DTSS_OK;
	error = sqlite_ready(s);
	if (error < 0)
		return error;
	rc = sqlite_run(s, STATEMENT_BEGIN);
	if (rc != SQLITE_OK)
		return sqlite_fail(s, s->writer, rc);
	s->group = s->head;
	s->group_open = 1;
	rc = sqlite_number_get(s, "epoch", &s->group.epoch);
	return rc == SQLITE_OK ? DTSS_OK : sqlite_group_fail(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
}

/*
 * Not SQLite's own automatic one, which ignores what goes wrong: a failed fsync of the file must not be followed by using
 * the WAL again. When there is no space the WAL simply grows on, until a commit finds none either.
 */
static void sqlite_checkpoint(struct sqlite_store *s)
{
	int rc;

	if (s->wal_pages < SQLITE_WAL_PAGES_MAX)
		return;
	rc = sqlite3_wal_checkpoint_v2(s->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
		(void)sqlite_fail(s, s->writer, rc); /* what was committed stays so */
}

void sqlite_group_commit(struct sqlite_store *s)
{
	int rc;

	if (!s->group_open)
		return;
	rc = sqlite_run(s, STATEMENT_COMMIT);
	if (rc != SQLITE_OK) {
		(void)sqlite_group_fail(s, rc); /* the operations have it */
		return;
	}
	s->head = s->group;
	sqlite_group_end(s, DTSS_OK);
	sqlite_checkpoint(s);
}

/* ---- operations ---- */

static int sqlite_lead(struct sqlite_store *s, struct sqlite_op *o)
{
	s->group.epoch++;
	s->group.leads = 1;
	o->u.epoch = s->group.epoch;
	return sqlite_number_put(s, "epoch", s->group.epoch);
}

static int sqlite_commit(struct sqlite_store *s, const struct dtss_batch *batch, struct sqlite_op *o)
{
	int rc;

	if (!s->group.leads || batch->epoch != s->group.epoch) {
		o->result = DTSS_E_EPOCH;
		return SQLITE_OK;
	}
	rc = sqlite_records_write(s, batch);
	s->group.seq = batch->last_seq;
	return rc == SQLITE_OK ? sqlite_number_put(s, "seq", batch->last_seq) : rc;
}

static int sqlite_log_bind(sqlite3_stmt *st, const struct dtss_log_chunk *chunk)
{
	int rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)chunk->fence);

	return rc == SQLITE_OK ? sqlite3_bind_int64(st, 2, chunk->stream) : rc;
}

static int sqlite_log_end(struct sqlite_store *s, const struct dtss_log_chunk *chunk, uint64_t *ret_end)
{
	sqlite3_stmt *st = s->statements[STATEMENT_LOG_END];
	int rc = sqlite_log_bind(st, chunk);

	*ret_end = 0;
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_end = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_reset(st); /* says the same again */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int sqlite_log_put(struct sqlite_store *s, const struct dtss_log_chunk *chunk, uint64_t end)
{
	sqlite3_stmt *st = s->statements[STATEMENT_LOG_PUT];
	size_t known = (size_t)(end - chunk->offset);
	int rc = sqlite_log_bind(st, chunk);

	DTSS_ASSERT(known < chunk->len);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 3, (sqlite3_int64)end);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(st, 4, (const char *)chunk->data + known, chunk->len - known, SQLITE_STATIC);
	s->group_bytes += chunk->len - known;
	return rc == SQLITE_OK ? sqlite_run(s, STATEMENT_LOG_PUT) : rc;
}

static int sqlite_log_append(struct sqlite_store *s, const struct dtss_log_chunk *chunk, struct sqlite_op *o)
{
	uint64_t end;
	int rc = sqlite_log_end(s, chunk, &end);

	o->u.log.data = NULL;
	o->u.log.offset = end;
	if (rc != SQLITE_OK)
		return rc;
	if (chunk->offset > end) {
		o->result = DTSS_E_OFFSET;
		return SQLITE_OK;
	}
	if (chunk->len <= end - chunk->offset)
		return SQLITE_OK; /* all of it is stored already */
	if (chunk->offset + chunk->len > SQLITE_LOG_STREAM_MAX) {
		o->result = DTSS_E_TOO_BIG;
		return SQLITE_OK;
	}
	o->u.log.offset = chunk->offset + chunk->len;
	return sqlite_log_put(s, chunk, end);
}

void sqlite_write(struct sqlite_store *s, const struct dtss_store_op *op, struct sqlite_op *o)
{
	int rc;

	o->result = sqlite_group_begin(s);
	if (o->result < 0)
		return;
	if (op->type == DTSS_STORE_LEAD)
		rc = sqlite_lead(s, o);
	else if (op->type == DTSS_STORE_COMMIT)
		rc = sqlite_commit(s, op->u.commit, o);
	else
		rc = sqlite_log_append(s, &op->u.log, o);
	o->grouped = 1;
	if (rc != SQLITE_OK)
		(void)sqlite_group_fail(s, rc); /* o has it */
	else if (s->group_bytes > DTSS_STORE_GROUP_BYTES_MAX)
		sqlite_group_commit(s);
}
