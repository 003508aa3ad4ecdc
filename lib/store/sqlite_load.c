/* SPDX-License-Identifier: MIT */
#include "codec/wire.h"
#include "store/sqlite.h"

/*
 * A load is one pass over the tables, in the order of their keys, and a task's records come one after the other:
 *
 *      task: id 7  [ TASK | first ATTEMPT ]       gives   SPEC 7, TASK 7, ATTEMPT 7.1, then 7.2 ... of attempt
 *      spec: id 7  [ SPEC ]
 */

/* What the statements of the load give, behind the id. A task that was tried has its other attempts behind that. */
static const struct {
	int statement;
	int columns;
	uint8_t kinds[3];
} sqlite_loads[] = { { STATEMENT_LOAD_META, 1, { DTSS_RECORD_META } },
		     { STATEMENT_LOAD_TASK, 3, { DTSS_RECORD_SPEC, DTSS_RECORD_TASK, DTSS_RECORD_ATTEMPT } },
		     { STATEMENT_LOAD_KEY, 1, { DTSS_RECORD_KEY } },
		     { STATEMENT_LOAD_WORKER, 1, { DTSS_RECORD_WORKER } } };

#define SQLITE_LOADS ((int)(sizeof sqlite_loads / sizeof sqlite_loads[0]))

/* Does it say that it is of that kind, and of that task? Its sum is for who takes it, so that it is made once. */
static int sqlite_load_is(const uint8_t *record, size_t len, uint32_t kind, uint64_t id)
{
	struct wire_in in = { record, len, 0 };

	if (wire_take(&in, WIRE_HEADER) == NULL || wire_kind(record) != kind)
		return 0;
	return id == 0 || wire_get64(&in) == id;
}

/* The record stays where SQLite has it: until the statement steps, which the next call does. 0: the column is empty. */
static int sqlite_load_column(struct sqlite_store *s, sqlite3_stmt *st, int column, uint32_t kind,
			      const void **ret_data, size_t *ret_len)
{
	const void *blob = sqlite3_column_blob(st, column);
	size_t len = (size_t)sqlite3_column_bytes(st, column);

	if (blob == NULL && sqlite3_column_type(st, column) == SQLITE_NULL)
		return 0;
	if (blob == NULL && len > 0)
		return DTSS_E_NOMEM;
	if (blob == NULL || !sqlite_load_is(blob, len, kind, s->load_id))
		return sqlite_damage(s, DTSS_E_CORRUPT);
	*ret_data = blob;
	*ret_len = len;
	return 1;
}

/* The next column of the row that the reader stands on; 0: there is no more. */
static int sqlite_load_row(struct sqlite_store *s, sqlite3_stmt *st, const void **ret_data, size_t *ret_len)
{
	while (s->load_column > 0 && s->load_column <= sqlite_loads[s->load_phase].columns) {
		uint32_t kind = sqlite_loads[s->load_phase].kinds[s->load_column - 1];
		int found = sqlite_load_column(s, st, s->load_column, kind, ret_data, ret_len);

		s->load_column++;
		s->load_tried |= found == 1 && kind == DTSS_RECORD_ATTEMPT;
		if (found != 0)
			return found;
	}
	return 0;
}

/* The next of its other attempts; 0: there is no more. */
static int sqlite_load_attempt(struct sqlite_store *s, const void **ret_data, size_t *ret_len)
{
	sqlite3_stmt *st = s->statements[STATEMENT_ATTEMPT_GET];
	int rc = sqlite3_stmt_busy(st) ? SQLITE_OK : sqlite3_bind_int64(st, 1, (sqlite3_int64)s->load_id);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return sqlite_load_column(s, st, 0, DTSS_RECORD_ATTEMPT, ret_data, ret_len);
	(void)sqlite3_reset(st); /* says the same again */
	s->load_tried = 0;
	return rc == SQLITE_DONE ? 0 : sqlite_fail(s, s->reader, rc);
}

/* What is left of the row, else the next row: 1 and a record, 0: on to the next phase, or an error. */
static int sqlite_load_phase(struct sqlite_store *s, const void **ret_data, size_t *ret_len)
{
	sqlite3_stmt *st = s->statements[sqlite_loads[s->load_phase].statement];
	int rc, found;

	for (;;) {
		found = sqlite_load_row(s, st, ret_data, ret_len);
		if (found == 0 && s->load_tried)
			found = sqlite_load_attempt(s, ret_data, ret_len);
		if (found != 0)
			return found;
		rc = sqlite3_step(st);
		if (rc != SQLITE_ROW)
			break;
		s->load_column = 1;
		s->load_id = (uint64_t)sqlite3_column_int64(st, 0);
	}
	s->load_column = 0;
	(void)sqlite3_reset(st); /* says the same again */
	return rc == SQLITE_DONE ? 0 : sqlite_fail(s, s->reader, rc);
}

/* A load reads each page once, so a small cache, which stays in the processor's, is the fastest. */
static int sqlite_load_begin(struct sqlite_store *s)
{
	int error = sqlite_ready(s);
	int rc = error == 0 ? sqlite3_exec(s->reader, SQLITE_CACHE_LOAD, NULL, NULL, NULL) : SQLITE_OK;

	return rc == SQLITE_OK ? error : sqlite_fail(s, s->reader, rc);
}

static int sqlite_load_end(struct sqlite_store *s, int result)
{
	int rc;

	if (s->reader == NULL)
		return result;
	if (result < 0) {
		(void)sqlite3_reset(s->statements[sqlite_loads[s->load_phase].statement]);
		(void)sqlite3_reset(s->statements[STATEMENT_ATTEMPT_GET]);
	}
	rc = sqlite3_exec(s->reader, SQLITE_CACHE, NULL, NULL, NULL);
	return rc == SQLITE_OK || result < 0 ? result : sqlite_fail(s, s->reader, rc);
}

int sqlite_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	int result;

	sqlite_forget(s);
	sqlite_group_commit(s);
	result = s->load_phase == 0 && s->load_column == 0 ? sqlite_load_begin(s) : s->failed;
	while (result == 0 && s->load_phase < SQLITE_LOADS) {
		result = sqlite_load_phase(s, ret_data, ret_len);
		if (result == 0)
			s->load_phase++;
	}
	if (result > 0)
		return result;
	result = sqlite_load_end(s, result);
	s->load_phase = 0;
	s->load_column = 0;
	s->load_tried = 0;
	return result;
}
