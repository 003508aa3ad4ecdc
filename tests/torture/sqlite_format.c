/* SPDX-License-Identifier: MIT */
/* Every call on the disk fails once while a file of format 1 is brought up to date: it is then whole, the one or the other. */
#include <check.h>
#include <sqlite3.h>
#include "support/fault_vfs.h"
#include "support/store_kit.h"

Suite *suite_torture_sqlite_format(void);

#define RECORDS 10 /* of what is live in the golden file */

static struct store_kit k;
static uint64_t good;
static const struct fault_vfs_plan no_fault;

/* 0 when opening it takes fewer such calls. */
static int run(const struct fault_vfs_plan *plan)
{
	int error, called;
	uint64_t sum;

	kit_use_golden(&k, "store_v1.db");
	fault_vfs_plan(plan);
	error = dtss_sqlite_open(&k.store, k.path, NULL, 0);
	called = fault_vfs_count();
	ck_assert(error == DTSS_OK || error == DTSS_E_NOSPC || error == DTSS_E_IO);
	if (error == DTSS_OK)
		k.store->ops->close(k.store);
	k.store = NULL;
	fault_vfs_plan(&no_fault);
	ck_assert_int_eq(dtss_sqlite_open(&k.store, k.path, NULL, 0), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), RECORDS);
	ck_assert_uint_eq(sum, good);
	return called >= plan->at;
}

START_TEST(a_fault_while_a_file_is_brought_up_to_date_leaves_it_whole)
{
	static const struct fault_vfs_plan plans[] = { { FAULT_VFS_WRITE, SQLITE_FULL, 0, 0 },
						       { FAULT_VFS_WRITE, SQLITE_IOERR_WRITE, 0, 1 },
						       { FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC, 0, 0 },
						       { FAULT_VFS_OPEN, SQLITE_CANTOPEN, 0, 0 } };
	struct fault_vfs_plan plan = plans[_i];

	kit_init(&k, STORE_SQLITE);
	fault_vfs_plan(&no_fault);
	kit_use_golden(&k, "store_v1.db");
	ck_assert_int_eq(dtss_sqlite_open(&k.store, k.path, NULL, 0), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &good), RECORDS);
	for (plan.at = 1; run(&plan); plan.at++)
		;
	ck_assert_int_gt(plan.at, 1);
	kit_close(&k);
}
END_TEST

Suite *suite_torture_sqlite_format(void)
{
	Suite *s = suite_create("torture/sqlite_format");
	TCase *tc = tcase_create("faults");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_fault_while_a_file_is_brought_up_to_date_leaves_it_whole, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}
