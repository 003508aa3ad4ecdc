/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/sqlite.h"

#define SQLITE_STORE_PRAGMAS                                                                                           \
	"PRAGMA synchronous=FULL;"            /* every commit is an fsync of the WAL */                                \
	"PRAGMA journal_size_limit=67108864;" /* a WAL that one huge batch made long is cut again */                   \
		SQLITE_CACHE                                                                                           \
	"PRAGMA secure_delete=OFF;"  /* on in some builds: overwrites what is deleted, for nothing here */             \
	"PRAGMA cell_size_check=ON;" /* damage is found when a page is read */                                         \
	"PRAGMA trusted_schema=OFF;"

static const struct {
	const char *text;
	char connection; /* 'W' or 'R' */
} sqlite_statements[STATEMENTS] = {
#define SQLITE_STATEMENT_TEXT(name, connection, text) { text, #connection[0] },
	SQLITE_STORE_STATEMENTS(SQLITE_STATEMENT_TEXT)
#undef SQLITE_STATEMENT_TEXT
};

/* ---- errors ---- */

/* Why a write failed: of the WAL, else of the file. A quota or a size limit is a full disk too, which SQLite does not know. */
static int sqlite_write_errno(sqlite3 *db)
{
	sqlite3_file *wal = NULL;
	int err = 0;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK && wal != NULL &&
	    wal->pMethods != NULL && wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &err) == SQLITE_OK &&
	    err != 0)
		return err;
	return sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &err) == SQLITE_OK ? err : 0;
}

int sqlite_error(sqlite3 *db, int rc)
{
	int extended = db != NULL ? sqlite3_extended_errcode(db) : rc;

	switch (rc & 0xff) {
	case SQLITE_OK:
		return DTSS_OK;
	case SQLITE_FULL:
		return DTSS_E_NOSPC;
	case SQLITE_NOMEM:
		return DTSS_E_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return DTSS_E_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return DTSS_E_BUSY;
	}
	if (extended == SQLITE_IOERR_NOMEM)
		return DTSS_E_NOMEM;
	/* not SQLITE_IOERR_FSYNC, whatever errno says: then nobody knows what is on the disk */
	return extended == SQLITE_IOERR_WRITE ? sqlite_file_error(sqlite_write_errno(db)) : DTSS_E_IO;
}

int sqlite_fail(struct sqlite_store *s, sqlite3 *db, int rc)
{
	int error = sqlite_error(db, rc);

	DTSS_ASSERT(error < 0);
	if (error == DTSS_E_NOSPC || (error == DTSS_E_NOMEM && db == s->reader))
		return error;
	if (error == DTSS_E_NOMEM || error == DTSS_E_BUSY) {
		s->reopen = 1;
		return DTSS_E_UNKNOWN;
	}
	s->failed = error;
	return error;
}

/* ---- statements ---- */

int sqlite_run(struct sqlite_store *s, int statement)
{
	sqlite3_stmt *st = s->statements[statement];
	int rc = sqlite3_step(st);

	DTSS_ASSERT(rc != SQLITE_ROW);
	if (rc == SQLITE_DONE)
		return sqlite3_reset(st);
	(void)sqlite3_reset(st); /* says the same again */
	return rc;
}

/* SQLITE_DONE when there is no such key. */
int sqlite_number_get(struct sqlite_store *s, const char *key, uint64_t *ret_value)
{
	sqlite3_stmt *st = s->statements[STATEMENT_NUMBER_GET];
	int rc = sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		rc = sqlite3_column_type(st, 0) == SQLITE_INTEGER ? SQLITE_OK : SQLITE_CORRUPT;
		*ret_value = (uint64_t)sqlite3_column_int64(st, 0);
	}
	(void)sqlite3_reset(st); /* says the same again */
	return rc;
}

int sqlite_number_put(struct sqlite_store *s, const char *key, uint64_t value)
{
	sqlite3_stmt *st = s->statements[STATEMENT_NUMBER_PUT];
	int rc = sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 2, (sqlite3_int64)value);
	return rc == SQLITE_OK ? sqlite_run(s, STATEMENT_NUMBER_PUT) : rc;
}

static int sqlite_identity_make(struct sqlite_store *s)
{
	sqlite3_stmt *st = s->statements[STATEMENT_NUMBER_PUT];
	int rc = sqlite3_bind_text(st, 1, "identity", -1, SQLITE_STATIC);

	sqlite3_randomness(sizeof s->identity, s->identity);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 2, s->identity, sizeof s->identity, SQLITE_STATIC);
	return rc == SQLITE_OK ? sqlite_run(s, STATEMENT_NUMBER_PUT) : rc;
}

/* A new store has none, nor has one whose owner took it away after a restore. */
static int sqlite_identity_load(struct sqlite_store *s)
{
	sqlite3_stmt *st = s->statements[STATEMENT_NUMBER_GET];
	int rc = sqlite3_bind_text(st, 1, "identity", -1, SQLITE_STATIC);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const void *blob = sqlite3_column_blob(st, 0);
		int len = sqlite3_column_bytes(st, 0);

		rc = blob != NULL && len == DTSS_IDENTITY_LEN ? SQLITE_OK : SQLITE_CORRUPT;
		if (rc == SQLITE_OK)
			memcpy(s->identity, blob, DTSS_IDENTITY_LEN);
	}
	(void)sqlite3_reset(st); /* says the same again */
	return rc == SQLITE_DONE ? sqlite_identity_make(s) : rc;
}

/* ---- connections ---- */

static int sqlite_wal_length(void *store, sqlite3 *db, const char *schema, int pages)
{
	(void)db;
	(void)schema;
	((struct sqlite_store *)store)->wal_pages = pages;
	return SQLITE_OK;
}

static int sqlite_use_wal(sqlite3 *db)
{
	sqlite3_stmt *st;
	int end, rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const unsigned char *mode = sqlite3_column_text(st, 0);

		rc = mode != NULL && strcmp((const char *)mode, "wal") == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
	}
	end = sqlite3_finalize(st); /* it is written into the file only now */
	return rc == SQLITE_OK ? end : rc;
}

/* A file of the format before is brought up to date, whole or not at all. */
static int sqlite_update(sqlite3 *db)
{
	sqlite3_stmt *st;
	int rc, version = 0;

	rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	rc = sqlite3_finalize(st);
	if (rc != SQLITE_OK || version == SQLITE_FILE_VERSION)
		return rc;
	rc = sqlite3_exec(db, SQLITE_STORE_UPDATE, NULL, NULL, NULL);
	return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc; /* a table is missing */
}

static int sqlite_open_writer(struct sqlite_store *s)
{
	int rc = sqlite3_open_v2(s->path, &s->writer, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(s->writer, 1);
	if (rc == SQLITE_OK)
		rc = sqlite_use_wal(s->writer);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->writer, SQLITE_STORE_PRAGMAS, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		(void)sqlite3_wal_hook(s->writer, sqlite_wal_length, s); /* in place of its own checkpoints */
	return rc == SQLITE_OK ? sqlite_update(s->writer) : rc;
}

static int sqlite_open_reader(struct sqlite_store *s)
{
	int rc = sqlite3_open_v2(s->path, &s->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(s->reader, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->reader, SQLITE_STORE_PRAGMAS, NULL, NULL, NULL);
	return rc;
}

static int sqlite_prepare(struct sqlite_store *s, sqlite3 **ret_db)
{
	int i, rc;

	for (i = 0; i < STATEMENTS; i++) {
		*ret_db = sqlite_statements[i].connection == 'W' ? s->writer : s->reader;
		rc = sqlite3_prepare_v3(*ret_db, sqlite_statements[i].text, -1, SQLITE_PREPARE_PERSISTENT,
					&s->statements[i], NULL);
		if (rc != SQLITE_OK)
			return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc; /* a table is missing */
	}
	return SQLITE_OK;
}

static int sqlite_load_head(struct sqlite_store *s)
{
	int rc = sqlite_identity_load(s);

	if (rc == SQLITE_OK)
		rc = sqlite_number_get(s, "epoch", &s->head.epoch);
	if (rc == SQLITE_OK)
		rc = sqlite_number_get(s, "seq", &s->head.seq);
	return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

int sqlite_connect(struct sqlite_store *s, const struct sqlite_message *message)
{
	sqlite3 *db;
	int rc, error;

	DTSS_ASSERT(s->writer == NULL && s->reader == NULL);
	rc = sqlite_open_writer(s);
	db = s->writer;
	if (rc == SQLITE_OK) {
		rc = sqlite_open_reader(s);
		db = s->reader;
	}
	if (rc == SQLITE_OK)
		rc = sqlite_prepare(s, &db);
	if (rc == SQLITE_OK) {
		rc = sqlite_load_head(s);
		db = s->writer;
	}
	if (rc == SQLITE_OK)
		return DTSS_OK;
	error = sqlite_error(db, rc);
	(void)sqlite_say(message, error, error == DTSS_E_CORRUPT ? "the store is damaged: %s" : "cannot open it: %s",
			 sqlite3_errmsg(db));
	sqlite_disconnect(s);
	return error;
}

void sqlite_disconnect(struct sqlite_store *s)
{
	int i, rc;

	for (i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(s->statements[i]); /* says again what its last step said */
		s->statements[i] = NULL;
	}
	/* After a failed fsync nobody knows what the kernel still has of the WAL: the next process will read it again. */
	if (s->failed && s->writer != NULL)
		(void)sqlite3_db_config(s->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	rc = sqlite3_close(s->reader);
	DTSS_ASSERT(rc == SQLITE_OK);
	rc = sqlite3_close(s->writer);
	DTSS_ASSERT(rc == SQLITE_OK);
	s->reader = NULL;
	s->writer = NULL;
}

int sqlite_ready(struct sqlite_store *s)
{
	struct sqlite_message nobody = { NULL, 0, NULL };
	int error;

	if (s->failed)
		return s->failed;
	if (!s->reopen)
		return DTSS_OK;
	sqlite_disconnect(s);
	error = sqlite_connect(s, &nobody);
	if (error == DTSS_E_IO || error == DTSS_E_CORRUPT)
		s->failed = error;
	s->reopen = error < 0;
	return error == DTSS_E_NOMEM || error == DTSS_E_BUSY ? DTSS_E_UNKNOWN : error;
}
