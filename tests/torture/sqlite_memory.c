/* SPDX-License-Identifier: MIT */
/*
 * SQLite itself has no memory: each of its allocations fails, once, or all from there on. What the store said is durable
 * is there, and with memory it works again: P1, P12. DTSS_MEMORY=1 tries them all.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "support/desk.h"
#include "support/power.h"

Suite *suite_torture_sqlite_memory(void);

static struct desk d;
static sqlite3_mem_methods real;
static int calls, fail_at, fail_on;

static int due(void)
{
	calls++;
	return fail_at > 0 && (calls == fail_at || (fail_on && calls > fail_at));
}

static void *fail_malloc(int size)
{
	return due() ? NULL : real.xMalloc(size);
}

static void *fail_realloc(void *block, int size)
{
	return due() ? NULL : real.xRealloc(block, size);
}

/* Each test is a process of its own, so nobody else has SQLite open. */
static void setup(void)
{
	sqlite3_mem_methods failing;

	ck_assert_int_eq(sqlite3_shutdown(), SQLITE_OK);
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
	failing = real;
	failing.xMalloc = fail_malloc;
	failing.xRealloc = fail_realloc;
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
	ck_assert_int_eq(sqlite3_initialize(), SQLITE_OK);
}

static int work(void)
{
	int i, error = desk_open(&d);

	for (i = 0; error == 0 && i < 2; i++) {
		error = desk_submit(&d, 4, 3000);
		if (error == 0)
			error = desk_work(&d, 3);
		if (error == 0)
			error = desk_end(&d, i);
	}
	return error;
}

/* 0: there are fewer allocations. */
static int try(int n, int on)
{
	char what[64];
	int error, reached;

	desk_init(&d);
	calls = 0;
	fail_at = n;
	fail_on = on;
	error = work();
	reached = calls >= n;
	fail_at = 0;
	snprintf(what, sizeof what, "allocation %d of SQLite failed: %s", n, dtss_errname(error));
	ck_assert_msg(error == 0 || error == DTSS_E_NOMEM || error == DTSS_E_UNKNOWN, "%s", what);
	if (d.store != NULL)
		ck_assert_msg(desk_lead(&d) == 0, "%s, and it does not work again", what);
	desk_close(&d);
	desk_verify(&d, power_count(), what);
	desk_fini(&d);
	return reached;
}

START_TEST(sqlite_may_have_no_memory)
{
	int thorough = getenv("DTSS_MEMORY") != NULL, n, count = 0;

	for (n = 1; try(n, _i); n += thorough ? 1 : 101)
		count++;
	ck_assert_int_gt(count, 3);
	if (thorough)
		printf("memory: allocations of SQLite, %s: %d failures\n", _i ? "for good" : "once", count);
}
END_TEST

Suite *suite_torture_sqlite_memory(void)
{
	Suite *s = suite_create("torture/sqlite_memory");
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 600);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, sqlite_may_have_no_memory, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
