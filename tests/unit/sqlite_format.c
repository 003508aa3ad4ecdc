/* SPDX-License-Identifier: MIT */
/* Files of older formats, and records in whatever order a batch has them: the tables are the store's own business. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <dtss/node.h>
#include "support/store_kit.h"

Suite *suite_unit_sqlite_format(void);

static struct store_kit k;

static void setup(void)
{
	kit_open(&k, STORE_SQLITE);
}

static void teardown(void)
{
	kit_close(&k);
}

static int64_t ask(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t value;

	ck_assert_int_eq(sqlite3_open_v2(k.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	value = sqlite3_column_int64(st, 0);
	ck_assert_int_eq(sqlite3_finalize(st), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return value;
}

static void check_attempts(uint64_t id, size_t attempts, uint64_t fence)
{
	struct dtss_store_done done;
	struct dtss_task_view *view;
	size_t used, i;

	ck_assert_int_eq(kit_get(&k, id, &done), DTSS_OK);
	ck_assert_int_eq(dtss_task_view_decode(done.u.rows.records, done.u.rows.count, dtss_mem_libc(), &view, &used),
			 DTSS_OK);
	ck_assert_uint_eq(used, 2 + attempts);
	ck_assert_uint_eq(view->attempt_count, attempts);
	for (i = 0; i < attempts; i++)
		ck_assert_uint_eq(view->attempts[i].fence, fence + i);
	dtss_task_view_free(view, dtss_mem_libc());
}

/* Live tasks without and with three attempts, finished ones with one, two and none; and a log. */
START_TEST(format_1_is_brought_up_to_date)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_READ };
	struct dtss_store_done done;
	char message[256] = "";
	uint64_t sum, before = 0;
	int opened;

	kit_use_golden(&k, "store_v1.db");
	ck_assert_int_eq(ask("PRAGMA user_version"), 1);
	for (opened = 0; opened < 2; opened++) {
		ck_assert_msg(dtss_sqlite_open(&k.store, k.path, message, sizeof message) == DTSS_OK, "%s", message);
		ck_assert_int_eq(kit_load(&k, &sum), 10); /* META, 2 TASKs, 2 SPECs, 3 ATTEMPTs, KEY, WORKER */
		ck_assert(opened == 0 || sum == before);
		before = sum;
		ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 2, 1, NULL, 0), 21);
		ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 2, 3, NULL, 0), 23);
		check_attempts(1, 0, 0);
		check_attempts(2, 3, 21);
		check_attempts(3, 1, 31);
		check_attempts(4, 2, 41);
		check_attempts(5, 0, 0);
		op.u.log = (struct dtss_log_chunk){ .fence = 31, .stream = 1, .len = 16 };
		kit_do(&k, &op, &done);
		ck_assert_uint_eq(done.u.log.len, 7);
		k.store->ops->close(k.store);
		k.store = NULL;
	}
	ck_assert_int_eq(ask("PRAGMA user_version"), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM attempt WHERE n = 1"), 0);
}
END_TEST

/* As the engine has it, and in every other order; written with the task, and after it. */
START_TEST(a_first_attempt_is_found_wherever_its_batch_had_it)
{
	uint64_t id;

	for (id = 1; id <= 4; id++) {
		if (id == 1 || id == 3)
			kit_attempt(&k, id, 1, 10 * id);
		if (id == 3)
			kit_task(&k, 100, DTSS_TASK_READY, 0); /* between the two */
		kit_task(&k, id, DTSS_TASK_RUNNING, 0);
		kit_spec(&k, id, "q", "x", NULL);
		if (id == 2)
			kit_attempt(&k, id, 1, 10 * id);
	}
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_attempt(&k, 4, 1, 40); /* alone */
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	for (id = 1; id <= 4; id++)
		check_attempts(id, 1, 10 * id);
	ck_assert_int_eq(ask("SELECT count(*) FROM attempt"), 0);
}
END_TEST

/* A live task's first attempt goes with it into the history, whether the last batch names it or not, and can change there. */
START_TEST(a_first_attempt_goes_into_the_history_with_its_task)
{
	uint64_t id;

	for (id = 1; id <= 3; id++) {
		kit_attempt(&k, id, 1, 10 * id);
		kit_task(&k, id, DTSS_TASK_RUNNING, 0);
		kit_spec(&k, id, "q", "x", NULL);
	}
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_task(&k, 1, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	kit_attempt(&k, 2, 1, 25);
	kit_task(&k, 2, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	kit_attempt(&k, 3, 2, 31);
	kit_task(&k, 3, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_attempt(&k, 1, 1, 15);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_task(&k, 1, DTSS_TASK_CANCELLED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	check_attempts(1, 1, 15);
	check_attempts(2, 1, 25);
	check_attempts(3, 2, 30);
	ck_assert_int_eq(ask("SELECT count(*) FROM task"), 0);
}
END_TEST

START_TEST(a_first_attempt_can_be_dropped)
{
	kit_attempt(&k, 1, 1, 10);
	kit_task(&k, 1, DTSS_TASK_READY, 0);
	kit_spec(&k, 1, "q", "x", NULL);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_attempt(&k, 1, 1, 10);
	k.records[k.count - 1].flags |= DTSS_RECORD_DELETE;
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	check_attempts(1, 0, 0);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 1, 1, NULL, 0), KIT_ABSENT);
}
END_TEST

/* Whole records, each in the row of the other: only their keys tell; and one with another byte, which its sum tells. */
START_TEST(a_record_that_is_not_that_of_its_row_is_found)
{
	static const char *const swaps[] = {
		"UPDATE task SET data = (SELECT t.data FROM task t WHERE t.id = 3 - task.id)",
		"UPDATE spec SET data = (SELECT s.data FROM spec s WHERE s.id = 3 - spec.id)",
		"UPDATE task SET data = (SELECT s.data FROM spec s WHERE s.id = task.id) WHERE id = 2",
		"UPDATE task SET data = x'00' WHERE id = 2",
		"UPDATE task SET data = x'' WHERE id = 2",
		"UPDATE task SET first = data WHERE id = 2",
		"UPDATE attempt SET data = (SELECT data FROM task WHERE task.id = attempt.id) WHERE id = 1",
		"UPDATE attempt SET data = (SELECT a.data FROM attempt a WHERE a.id = 3 - attempt.id)",
		"UPDATE spec SET data = CAST(substr(data, 1, 60) || x'ff' || substr(data, 62) AS BLOB) WHERE id = 2",
	};
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_node *node;
	sqlite3 *db;
	uint64_t sum, id;

	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	for (id = 1; id <= 2; id++) {
		kit_attempt(&k, id, 1, 10 * id);
		kit_attempt(&k, id, 2, 10 * id + 1);
		kit_task(&k, id, DTSS_TASK_READY, 0);
		kit_spec(&k, id, "q", "x", NULL);
	}
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 8);
	ck_assert_int_eq(sqlite3_open(k.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, swaps[_i], NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_int_eq(kit_load(&k, &sum), DTSS_E_CORRUPT);
	ck_assert_int_eq(kit_load(&k, &sum), DTSS_E_CORRUPT); /* and it stays so */
	cfg.store = k.store;
	k.store = NULL; /* it is the node's, whatever becomes of that */
	ck_assert_int_eq(dtss_node_open(&node, &cfg, (struct dtss_time){ 1000, 1000 }), DTSS_E_CORRUPT);
}
END_TEST

Suite *suite_unit_sqlite_format(void)
{
	Suite *s = suite_create("unit/sqlite_format");
	TCase *tc = tcase_create("tables");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, format_1_is_brought_up_to_date);
	tcase_add_test(tc, a_first_attempt_is_found_wherever_its_batch_had_it);
	tcase_add_test(tc, a_first_attempt_goes_into_the_history_with_its_task);
	tcase_add_test(tc, a_first_attempt_can_be_dropped);
	tcase_add_loop_test(tc, a_record_that_is_not_that_of_its_row_is_found, 0, 9);
	suite_add_tcase(s, tc);
	return s;
}
