/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/support/raw_sqlite.h"
#include "core/check.h"
#include "store/sqlite.h"

#define RAW_WAL_PAGES 4000 /* as many as the store lets it have */
#define RAW_PAGE 4096

enum raw_statement {
	RAW_BEGIN,
	RAW_COMMIT,
	RAW_META,
	RAW_SEQ,
	RAW_TASK, /* with its first attempt, if that is written with it */
	RAW_SPEC,
	RAW_ATTEMPT,
	RAW_KEY,
	RAW_WORKER,
	RAW_TASK_DROP,
	RAW_HISTORY,
	RAW_STATEMENTS
};

static const char *const raw_texts[RAW_STATEMENTS] = { "BEGIN IMMEDIATE",
						       "COMMIT",
						       "INSERT OR REPLACE INTO meta VALUES('record', ?1)",
						       "INSERT OR REPLACE INTO meta VALUES('seq', ?1)",
						       "INSERT OR REPLACE INTO task VALUES(?1, ?2, ?3)",
						       "INSERT OR REPLACE INTO spec VALUES(?1, ?2)",
						       "INSERT OR REPLACE INTO attempt VALUES(?1, ?2, ?3)",
						       "INSERT OR REPLACE INTO key VALUES(?1, ?2)",
						       "INSERT OR REPLACE INTO worker VALUES(?1, ?2)",
						       "DELETE FROM task WHERE id = ?1",
						       "INSERT INTO history VALUES(?1, 7, ?2, ?3)" };

static void raw_ok(struct raw_sqlite *raw, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(raw->db));
		bench_must(DTSS_E_IO, "raw_sqlite");
	}
}

static void raw_step(struct raw_sqlite *raw, enum raw_statement statement)
{
	raw_ok(raw, sqlite3_step(raw->statements[statement]));
	raw_ok(raw, sqlite3_reset(raw->statements[statement]));
}

void raw_sqlite_open(struct raw_sqlite *raw, const char *path)
{
	int i;

	memset(raw, 0, sizeof *raw);
	raw_ok(raw,
	       sqlite3_open_v2(path, &raw->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
	raw_ok(raw, sqlite3_exec(raw->db,
				 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"
				 " PRAGMA secure_delete=OFF;" SQLITE_STORE_SCHEMA,
				 NULL, NULL, NULL));
	raw_ok(raw, sqlite3_wal_autocheckpoint(raw->db, RAW_WAL_PAGES));
	for (i = 0; i < RAW_STATEMENTS; i++)
		raw_ok(raw, sqlite3_prepare_v3(raw->db, raw_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
					       &raw->statements[i], NULL));
}

/* Which statement writes a record, and how many columns stand in front of its bytes. */
static enum raw_statement raw_choose(const struct dtss_record *r)
{
	static const enum raw_statement by_kind[] = { RAW_META,    RAW_META, RAW_TASK,  RAW_SPEC,
						      RAW_ATTEMPT, RAW_KEY,  RAW_WORKER };

	return r->kind == DTSS_RECORD_TASK && (r->flags & DTSS_RECORD_DONE) ? RAW_HISTORY : by_kind[r->kind];
}

static void raw_record(struct raw_sqlite *raw, const struct dtss_record *r, const struct dtss_record *first)
{
	enum raw_statement statement = raw_choose(r);
	sqlite3_stmt *st = raw->statements[statement];
	int at = 0;

	DTSS_ASSERT((r->flags & DTSS_RECORD_DELETE) == 0);
	if (statement == RAW_HISTORY) {
		raw_ok(raw, sqlite3_bind_int64(raw->statements[RAW_TASK_DROP], 1, (sqlite3_int64)r->id));
		raw_step(raw, RAW_TASK_DROP);
	}
	if (r->key_len > 0)
		raw_ok(raw, sqlite3_bind_blob(st, ++at, r->key, (int)r->key_len, SQLITE_STATIC));
	else if (r->id > 0)
		raw_ok(raw, sqlite3_bind_int64(st, ++at, (sqlite3_int64)r->id));
	if (r->kind == DTSS_RECORD_ATTEMPT)
		raw_ok(raw, sqlite3_bind_int64(st, ++at, r->sub));
	raw_ok(raw, sqlite3_bind_blob(st, ++at, r->data, (int)r->len, SQLITE_STATIC));
	if (first != NULL)
		raw_ok(raw, sqlite3_bind_blob(st, ++at, first->data, (int)first->len, SQLITE_STATIC));
	raw_step(raw, statement);
}

/* Here each TASK brings its first attempt with it, just before it. */
static void raw_batch(struct raw_sqlite *raw, const struct dtss_record *records, size_t count)
{
	const struct dtss_record *first = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (records[i].kind == DTSS_RECORD_ATTEMPT && records[i].sub == 1) {
			first = &records[i];
			continue;
		}
		raw_record(raw, &records[i], records[i].kind == DTSS_RECORD_TASK ? first : NULL);
		first = NULL;
	}
}

void raw_sqlite_write(struct raw_sqlite *raw, const struct tape *t)
{
	size_t b;

	for (b = 0; b < t->batch_count; b++) {
		raw_step(raw, RAW_BEGIN);
		raw_batch(raw, t->records + t->batches[b].from, t->batches[b].to - t->batches[b].from);
		raw_ok(raw, sqlite3_bind_int64(raw->statements[RAW_SEQ], 1, (sqlite3_int64)t->batches[b].seq));
		raw_step(raw, RAW_SEQ);
		raw_step(raw, RAW_COMMIT);
	}
}

void raw_sqlite_close(struct raw_sqlite *raw)
{
	int i;

	for (i = 0; i < RAW_STATEMENTS; i++)
		raw_ok(raw, sqlite3_finalize(raw->statements[i]));
	raw_ok(raw, sqlite3_close(raw->db));
}

static uint64_t raw_scan_table(struct raw_sqlite *raw, const char *text)
{
	sqlite3_stmt *st;
	uint64_t bytes = 0;
	int rc, i;

	raw_ok(raw, sqlite3_prepare_v2(raw->db, text, -1, &st, NULL));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		for (i = 0; i < sqlite3_column_count(st); i++)
			if (sqlite3_column_blob(st, i) != NULL)
				bytes += (uint64_t)sqlite3_column_bytes(st, i);
	raw_ok(raw, rc);
	raw_ok(raw, sqlite3_finalize(st));
	return bytes;
}

uint64_t raw_sqlite_scan(const char *path)
{
	struct raw_sqlite raw = { NULL, { NULL } };
	uint64_t bytes;

	raw_ok(&raw, sqlite3_open_v2(path, &raw.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
	bytes = raw_scan_table(&raw, "SELECT data, first FROM task");
	bytes += raw_scan_table(&raw, "SELECT data FROM spec");
	bytes += raw_scan_table(&raw, "SELECT data FROM attempt");
	raw_ok(&raw, sqlite3_close(raw.db));
	return bytes;
}

double raw_fdatasync(const char *path, double seconds)
{
	static const char page[RAW_PAGE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t from = bench_ns(), until = from + (uint64_t)(seconds * 1e9), count = 0;

	bench_must(fd, "open");
	while (bench_ns() < until) {
		bench_must(write(fd, page, sizeof page) == sizeof page ? 0 : DTSS_E_IO, "write");
		bench_must(fdatasync(fd), "fdatasync");
		count++;
	}
	bench_must(close(fd), "close");
	return (double)count * 1e9 / (double)(bench_ns() - from);
}
