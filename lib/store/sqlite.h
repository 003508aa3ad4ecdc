/* SPDX-License-Identifier: MIT */
#ifndef DTSS_STORE_SQLITE_H
#define DTSS_STORE_SQLITE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>
#include <dtss/store.h>
#include "core/check.h"

#define SQLITE_FILE_ID 0x44545353 /* "DTSS" */
#define SQLITE_FILE_VERSION 2
#define SQLITE_FILE_PATH_MAX PATH_MAX
#define SQLITE_CACHE "PRAGMA cache_size=-32768;" /* KiB */
#define SQLITE_CACHE_LOAD "PRAGMA cache_size=-1024;"

/*
 * To change the schema: 1. increase SQLITE_FILE_VERSION; 2. let sqlite_open.c bring files of the two versions before it
 * up to date in one transaction; 3. keep a file of the old version in tests/golden; 4. say so in dtss_persistence(7).
 *
 * task and history hold TASK records, of live and of finished tasks, and beside each of them that of its first attempt:
 * most tasks have no other, and so are written as one row. spec holds the specifications of both, attempt what was tried
 * again. attempt and log are clustered by their whole key, which is how they are read. The index is for lists of what
 * went wrong: most tasks succeed, so it is small, and those that succeed do not pay for it.
 */
#define SQLITE_STORE_SCHEMA                                                                                            \
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"                                                \
	"CREATE TABLE task(id INTEGER PRIMARY KEY, data BLOB NOT NULL, first BLOB);"                                   \
	"CREATE TABLE spec(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"                                               \
	"CREATE TABLE attempt(id INTEGER, n INTEGER, data BLOB NOT NULL, PRIMARY KEY(id, n)) WITHOUT ROWID;"           \
	"CREATE TABLE key(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"                                    \
	"CREATE TABLE worker(name BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"                                \
	"CREATE TABLE history(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, data BLOB NOT NULL, first BLOB);"        \
	"CREATE INDEX history_other ON history(id, state) WHERE state <> 7;"                                           \
	"CREATE TABLE log(fence INTEGER, stream INTEGER, offset INTEGER, data BLOB NOT NULL,"                          \
	" PRIMARY KEY(fence, stream, offset)) WITHOUT ROWID;"

/* In format 1 the first attempt was a row like the others. */
#define SQLITE_STORE_UPDATE                                                                                            \
	"BEGIN IMMEDIATE;"                                                                                             \
	"ALTER TABLE task ADD COLUMN first BLOB;"                                                                      \
	"ALTER TABLE history ADD COLUMN first BLOB;"                                                                   \
	"UPDATE task SET first = (SELECT a.data FROM attempt a WHERE a.id = task.id AND a.n = 1);"                     \
	"UPDATE history SET first = (SELECT a.data FROM attempt a WHERE a.id = history.id AND a.n = 1);"               \
	"DELETE FROM attempt WHERE n = 1;"                                                                             \
	"PRAGMA user_version=2;"                                                                                       \
	"COMMIT"

/* Every statement is prepared once. X(name, connection, text); W writes, R reads. */
#define SQLITE_STORE_STATEMENTS(X)                                                                                     \
	X(BEGIN, W, "BEGIN IMMEDIATE")                                                                                 \
	X(COMMIT, W, "COMMIT")                                                                                         \
	X(ROLLBACK, W, "ROLLBACK")                                                                                     \
	X(NUMBER_GET, W, "SELECT value FROM meta WHERE key = ?1")                                                      \
	X(NUMBER_PUT, W, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)")                                                 \
	X(META_PUT, W, "INSERT OR REPLACE INTO meta VALUES('record', ?1)")                                             \
	X(META_DROP, W, "DELETE FROM meta WHERE key = 'record'")                                                       \
	X(TASK_PUT, W, "INSERT INTO task(id, data) VALUES(?1, ?2) ON CONFLICT(id) DO UPDATE SET data = ?2")            \
	X(TASK_BOTH, W, "INSERT OR REPLACE INTO task VALUES(?1, ?2, ?3)")                                              \
	X(TASK_FIRST, W, "UPDATE task SET first = ?2 WHERE id = ?1")                                                   \
	X(TASK_DROP, W, "DELETE FROM task WHERE id = ?1")                                                              \
	X(SPEC_PUT, W, "INSERT OR REPLACE INTO spec VALUES(?1, ?2)")                                                   \
	X(SPEC_DROP, W, "DELETE FROM spec WHERE id = ?1")                                                              \
	X(ATTEMPT_PUT, W, "INSERT OR REPLACE INTO attempt VALUES(?1, ?2, ?3)")                                         \
	X(ATTEMPT_DROP, W, "DELETE FROM attempt WHERE id = ?1 AND n = ?2")                                             \
	X(KEY_PUT, W, "INSERT OR REPLACE INTO key VALUES(?1, ?2)")                                                     \
	X(KEY_DROP, W, "DELETE FROM key WHERE key = ?1")                                                               \
	X(WORKER_PUT, W, "INSERT OR REPLACE INTO worker VALUES(?1, ?2)")                                               \
	X(WORKER_DROP, W, "DELETE FROM worker WHERE name = ?1")                                                        \
	X(HISTORY_PUT, W,                                                                                              \
	  "INSERT OR REPLACE INTO history VALUES(?1, ?4, ?2, coalesce((SELECT first FROM task WHERE id = ?1),"         \
	  " (SELECT first FROM history WHERE id = ?1)))")                                                              \
	X(HISTORY_BOTH, W, "INSERT OR REPLACE INTO history VALUES(?1, ?4, ?2, ?3)")                                    \
	X(HISTORY_FIRST, W, "UPDATE history SET first = ?2 WHERE id = ?1")                                             \
	X(HISTORY_DROP, W, "DELETE FROM history WHERE id = ?1")                                                        \
	X(LOG_END, W,                                                                                                  \
	  "SELECT offset + length(data) FROM log WHERE fence = ?1 AND stream = ?2"                                     \
	  " ORDER BY offset DESC LIMIT 1")                                                                             \
	X(LOG_PUT, W, "INSERT INTO log VALUES(?1, ?2, ?3, ?4)")                                                        \
	X(LOAD_META, R, "SELECT 0, value FROM meta WHERE key = 'record'")                                              \
	X(LOAD_TASK, R, "SELECT t.id, s.data, t.data, t.first FROM task t LEFT JOIN spec s ON s.id = t.id")            \
	X(LOAD_KEY, R, "SELECT 0, data FROM key")                                                                      \
	X(LOAD_WORKER, R, "SELECT 0, data FROM worker")                                                                \
	X(TASK_GET, R, "SELECT data FROM task WHERE id = ?1 UNION ALL SELECT data FROM history WHERE id = ?1 LIMIT 1") \
	X(SPEC_GET, R, "SELECT data FROM spec WHERE id = ?1")                                                          \
	X(FIRST_GET, R,                                                                                                \
	  "SELECT first FROM (SELECT first FROM task WHERE id = ?1 UNION ALL SELECT first FROM history"                \
	  " WHERE id = ?1 LIMIT 1) WHERE first IS NOT NULL")                                                           \
	X(ATTEMPT_GET, R, "SELECT data FROM attempt WHERE id = ?1 ORDER BY n")                                         \
	X(HISTORY_LIST, R, "SELECT id, state FROM history WHERE id > ?1 ORDER BY id")                                  \
	X(HISTORY_OTHER, R,                                                                                            \
	  "SELECT id, state FROM history INDEXED BY history_other WHERE id > ?1 AND state <> 7"                        \
	  " ORDER BY id")                                                                                              \
	X(LOG_FROM, R,                                                                                                 \
	  "SELECT offset, data FROM log WHERE fence = ?1 AND stream = ?2 AND offset >= (SELECT offset"                 \
	  " FROM log WHERE fence = ?1 AND stream = ?2 AND offset <= ?3 ORDER BY offset DESC LIMIT 1)"                  \
	  " ORDER BY offset")

enum sqlite_statement {
#define SQLITE_STATEMENT_ENUM(name, connection, text) STATEMENT_##name,
	SQLITE_STORE_STATEMENTS(SQLITE_STATEMENT_ENUM)
#undef SQLITE_STATEMENT_ENUM
		STATEMENTS
};

/* An operation that waits for poll, with the strings of its filter behind it. */
struct sqlite_op {
	struct sqlite_op *next;
	uint64_t token;
	uint32_t type;
	int32_t result;
	int grouped; /* its answer is that of the open transaction */
	union {
		uint64_t epoch;
		uint64_t seq;
		uint64_t id;
		struct dtss_task_filter list;
		struct dtss_log_chunk log;
	} u;
};

/* Bytes that stay where they are until the next call. */
struct sqlite_block {
	struct sqlite_block *next;
	size_t used;
	size_t cap;
};

/* What the transaction may change, beside the file. */
struct sqlite_head {
	uint64_t epoch;
	uint64_t seq;
	int leads;
};

struct sqlite_store {
	struct dtss_store base;
	char path[SQLITE_FILE_PATH_MAX];
	int lock_fd;
	sqlite3 *writer;
	sqlite3 *reader;
	sqlite3_stmt *statements[STATEMENTS];
	uint8_t identity[DTSS_IDENTITY_LEN];
	struct sqlite_head head;  /* durable */
	struct sqlite_head group; /* as it will be when the open transaction is */
	int group_open;
	size_t group_bytes;
	int wal_pages;           /* in the WAL after the last commit */
	int failed;              /* 0, or the error of every further operation */
	int reopen;              /* 1: what is in the file must be settled before it is used again */
	struct sqlite_op *first; /* submitted and not yet polled */
	struct sqlite_op **last;
	size_t op_count;
	const struct dtss_record *pending; /* an ATTEMPT that goes into the row of the TASK that follows */
	int homeless;                      /* ATTEMPTs whose TASK had no row yet */
	int load_phase;
	int load_column;             /* the next of the row that the reader stands on; 0: it stands on none */
	uint64_t load_id;            /* of that row */
	int load_tried;              /* its attempts but the first are still to come */
	struct sqlite_block *blocks; /* what the last completion points to */
	struct dtss_record *records;
	size_t record_count;
	size_t record_cap;
};

/* A sentence for people, about one file. */
struct sqlite_message {
	char *text; /* NULL: nobody wants it */
	size_t cap;
	const char *path;
};

/* ---- sqlite_file.c: what is done to the file without SQLite ---- */

/* Writes "PATH: reason" and returns error. */
int sqlite_say(const struct sqlite_message *message, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Without symbolic links, so that a file has one lock whatever name it is opened by. DTSS_E_IO. */
int sqlite_file_resolve(const struct sqlite_message *message, const char *path, char *ret_path);
/* 0: a store of ours, as far as the header tells. 1: nothing there, or an empty file. Or an error. */
int sqlite_file_check(const struct sqlite_message *message);
/* Locks PATH.lock, made if create is set; *ret_fd is -1 when it is not there. DTSS_E_BUSY, DTSS_E_IO, DTSS_E_NOSPC. */
int sqlite_file_lock(const struct sqlite_message *message, int create, int *ret_fd);
/* Puts a new store there, whole or not at all. */
int sqlite_file_create(const struct sqlite_message *message);
int sqlite_file_settle(const struct sqlite_message *message); /* before the first connection */
int sqlite_file_error(int err);                               /* of an errno */

/* ---- sqlite_open.c: connections ---- */

int sqlite_error(sqlite3 *db, int rc);
int sqlite_connect(struct sqlite_store *s, const struct sqlite_message *message);
void sqlite_disconnect(struct sqlite_store *s);
/* Opens the connections again when that is needed. The error that every operation has to answer, or 0. */
int sqlite_ready(struct sqlite_store *s);
/* Takes note of what went wrong in an operation, and returns the store's word for it. */
int sqlite_fail(struct sqlite_store *s, sqlite3 *db, int rc);
/* Runs a statement that gives no rows. SQLITE_OK or what it answered. */
int sqlite_run(struct sqlite_store *s, int statement);
int sqlite_number_get(struct sqlite_store *s, const char *key, uint64_t *ret_value);
int sqlite_number_put(struct sqlite_store *s, const char *key, uint64_t value);

/* ---- sqlite_write.c: the open transaction ---- */

/* LEAD, COMMIT or LOG_APPEND: leaves the result in o, which is in the queue already, or lets it be the transaction's. */
void sqlite_write(struct sqlite_store *s, const struct dtss_store_op *op, struct sqlite_op *o);
/* Makes all that was written durable, and the results of the operations in it final. */
void sqlite_group_commit(struct sqlite_store *s);

/* ---- sqlite_read.c ---- */

int sqlite_get(struct sqlite_store *s, uint64_t id, struct dtss_store_done *done);
int sqlite_list(struct sqlite_store *s, const struct dtss_task_filter *filter, struct dtss_store_done *done);
int sqlite_log_read(struct sqlite_store *s, const struct dtss_log_chunk *chunk, struct dtss_store_done *done);
/* Damage found in a record is damage of the store: takes note of it, and returns error. */
int sqlite_damage(struct sqlite_store *s, int error);
/* What the last completion pointed to is no longer valid. */
void sqlite_forget(struct sqlite_store *s);

/* ---- sqlite_load.c ---- */

int sqlite_load(struct dtss_store *store, const void **ret_data, size_t *ret_len);

#endif
