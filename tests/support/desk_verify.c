/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include "support/desk.h"

/* The same directory, by somebody who knows nothing of what was before. */
static struct desk other;
static const char *verify_what;

#define VERIFY(condition) ((condition) ? (void)0 : ck_abort_msg("%s: %s", verify_what, #condition))

/* SQLite's own opinion. */
static void verify_integrity(const char *path)
{
	sqlite3_stmt *st;
	sqlite3 *db;

	VERIFY(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	VERIFY(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK);
	VERIFY(sqlite3_step(st) == SQLITE_ROW);
	if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		ck_abort_msg("%s: integrity_check: %s", verify_what, (const char *)sqlite3_column_text(st, 0));
	VERIFY(sqlite3_finalize(st) == SQLITE_OK);
	VERIFY(sqlite3_close(db) == SQLITE_OK);
}

/* The state that is there: asked for by then, and none that came later had been said to be durable. */
static const struct desk_state *verify_state(struct desk *d, size_t after)
{
	struct desk_state *state;
	size_t i;

	other.state_count = d->state_count;
	memcpy(other.states, d->states, d->state_count * sizeof *d->states);
	state = desk_find(&other, after);
	if (state == NULL)
		ck_abort_msg("%s: the store has no state that was ever asked for", verify_what);
	for (i = (size_t)(state - other.states) + 1; i < d->state_count; i++)
		if (d->states[i].said <= after)
			ck_abort_msg("%s: state %zu was said to be durable, state %zu is there", verify_what, i,
				     (size_t)(state - other.states));
	return state;
}

static void verify_rows(uint64_t tasks)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_GET };
	struct dtss_store_done done;

	for (op.u.get.id = 1; op.u.get.id <= tasks; op.u.get.id++)
		VERIFY(desk_ask(&other, &op, &done) == DTSS_OK);
	VERIFY(desk_ask(&other, &op, &done) == DTSS_E_NOT_FOUND);
}

static void verify_log(uint64_t end, uint64_t alone)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_READ };
	struct dtss_store_done done;
	uint64_t at = 0, i;

	op.u.log.fence = DESK_LOG_FENCE;
	op.u.log.stream = 1;
	op.u.log.len = DTSS_LOG_CHUNK_MAX;
	for (;; at += done.u.log.len) {
		op.u.log.offset = at;
		VERIFY(desk_ask(&other, &op, &done) == DTSS_OK);
		if (done.u.log.len == 0)
			break;
		for (i = 0; i < done.u.log.len; i++)
			VERIFY(((const unsigned char *)done.u.log.data)[i] == (at + i) % 251);
	}
	VERIFY(at == (alone ? alone : end));
}

/* It leads, takes a task, and has it when it is opened once more. */
static void verify_goes_on(void)
{
	struct dtss_violation violation;
	uint64_t digest;

	VERIFY(desk_lead(&other) == DTSS_OK);
	VERIFY(dtss_sched_lead(other.s, other.now, other.epoch) == 0);
	VERIFY(dtss_sched_check(other.s, &violation, 1) == 0);
	other.state_count = 0;
	VERIFY(desk_submit(&other, 1, 10) == DTSS_OK);
	digest = dtss_sched_digest(other.s);
	desk_close(&other);
	VERIFY(desk_open_store(&other) == DTSS_OK);
	VERIFY(desk_load(&other) == 0);
	VERIFY(dtss_sched_digest(other.s) == digest);
	desk_close(&other);
}

void desk_verify(struct desk *d, size_t after, const char *what)
{
	const struct desk_state *state;
	int error;

	verify_what = what;
	memset(&other, 0, offsetof(struct desk, states));
	memcpy(other.path, d->path, sizeof other.path);
	other.now = d->now;
	error = desk_open_store(&other);
	if (error < 0)
		ck_abort_msg("%s: it cannot be opened: %s", what, dtss_errname(error));
	verify_integrity(d->path);
	VERIFY(desk_load(&other) == 0);
	state = verify_state(d, after);
	verify_rows(state->tasks);
	verify_log(state->log, d->log_alone);
	verify_goes_on();
}
