/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <dtss.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define VIOLATIONS_MAX 8

static sqlite3_stmt *store_ask(struct chaos *c, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		violation(c, "store.db: %s", sqlite3_errmsg(db));
	return statement;
}

static long long store_number(struct chaos *c, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = store_ask(c, db, sql);
	long long number = -1;

	if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

static void store_integrity(struct chaos *c, sqlite3 *db)
{
	sqlite3_stmt *statement = store_ask(c, db, "PRAGMA integrity_check");

	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		if (strcmp(text, "ok") != 0)
			violation(c, "store.db: %s", text);
	}
	sqlite3_finalize(statement);
}

/* What the file says has ended is what the API said: no more, no less, in the same states. */
static void store_history(struct chaos *c, sqlite3 *db)
{
	sqlite3_stmt *statement = store_ask(c, db, "SELECT id, state FROM history ORDER BY id");
	size_t i = 0, count = json_array_size(c->tasks);

	for (; sqlite3_step(statement) == SQLITE_ROW; i++) {
		const json_t *task = json_array_get(c->tasks, i);
		const char *state = dtss_task_state_name((uint32_t)sqlite3_column_int(statement, 1));

		if (number_of(task, "id") == sqlite3_column_int64(statement, 0) &&
		    strcmp(text_of(task, "state"), state) == 0)
			continue;
		violation(c, "store.db has task %lld as %s, the API has task %lld as %s",
			  (long long)sqlite3_column_int64(statement, 0), state, (long long)number_of(task, "id"),
			  text_of(task, "state"));
		break;
	}
	if (i < count)
		violation(c, "S1: task %lld is not in store.db",
			  (long long)number_of(json_array_get(c->tasks, i), "id"));
	sqlite3_finalize(statement);
}

/* The engine takes it, and finds nothing wrong: S2 to S26 of what is live, and L1. */
static void store_engine(struct chaos *c, struct dtss_store *store)
{
	struct dtss_violation found[VIOLATIONS_MAX];
	struct dtss_config config = { .size = sizeof config };
	struct dtss_sched *sched;
	const void *data;
	size_t len, count;
	int rc;

	if (dtss_sched_create(&sched, &config, dtss_mem_libc()) < 0)
		fatal("no engine");
	while ((rc = store->ops->load(store, &data, &len)) == 1)
		if (dtss_sched_load(sched, data, len) < 0)
			violation(c, "store.db: the engine does not take a record");
	if (rc < 0 || dtss_sched_lead(sched, dtss_now(), UINT64_C(1) << 40) < 0)
		violation(c, "store.db: the engine does not take it");
	count = dtss_sched_check(sched, found, VIOLATIONS_MAX);
	for (size_t i = 0; i < count && i < VIOLATIONS_MAX; i++)
		violation(c, "store.db: %s: %s, task %llu", found[i].id, found[i].text,
			  (unsigned long long)found[i].task);
	dtss_sched_destroy(sched);
}

void judge_store(struct chaos *c)
{
	char path[CHAOS_PATH_MAX], message[256] = "";
	struct dtss_store *store;
	sqlite3 *db;

	host_path(c, "store.db", path);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		fatal("%s: %s", path, sqlite3_errmsg(db));
	store_integrity(c, db);
	store_history(c, db);
	if (store_number(c, db, "SELECT count(*) FROM task") != 0)
		violation(c, "S23: store.db has live tasks, and all have ended");
	if (store_number(c, db, "SELECT count(*) FROM spec WHERE id NOT IN (SELECT id FROM history)") != 0 ||
	    store_number(c, db, "SELECT count(*) FROM attempt WHERE id NOT IN (SELECT id FROM history)") != 0)
		violation(c, "S23: store.db has records of tasks that are not there");
	sqlite3_close(db);
	if (dtss_sqlite_open(&store, path, message, sizeof message) < 0) {
		violation(c, "store.db: %s", message);
		return;
	}
	store_engine(c, store);
	store->ops->close(store);
}
