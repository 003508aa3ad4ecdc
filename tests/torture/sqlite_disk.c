/* SPDX-License-Identifier: MIT */
/*
 * Every write and every fsync that SQLite makes in a scenario fails once, from open to close. Whatever the store said of a
 * batch must be true when its file is opened again: answered with success, it is there; refused, it is not; and never a
 * part of one.
 */
#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "support/fault_vfs.h"
#include "support/store_kit.h"

Suite *suite_torture_sqlite_disk(void);

#define STEPS 4
#define TASKS 30 /* a batch: more than a page */

static struct store_kit k;
static uint64_t sums[STEPS + 1];
static const struct fault_vfs_plan no_fault;

static void build(int step)
{
	uint64_t first = (uint64_t)step * TASKS + 1, id;

	kit_meta(&k, first);
	for (id = first; id < first + TASKS; id++) {
		kit_task(&k, id, DTSS_TASK_READY, 0);
		kit_spec(&k, id, "q", "name", NULL);
		if (step > 0)
			kit_task(&k, id - TASKS, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	}
}

static void close_store(void)
{
	if (k.store != NULL)
		k.store->ops->close(k.store);
	k.store = NULL;
}

/* How many batches the file has, of which there can be one whole number alone. */
static int count_batches(void)
{
	uint64_t sum;
	int step;

	fault_vfs_plan(&no_fault);
	kit_reopen(&k);
	ck_assert_int_ge(kit_load(&k, &sum), 0);
	for (step = 0; step <= STEPS; step++) {
		if (sums[step] == sum)
			return step;
	}
	ck_abort_msg("a part of a batch");
	return -1;
}

/*
 * Runs the scenario until something fails. How many batches were answered with success; *ret_error is the failure. A
 * refused batch is tried again: without the fault it must work, unless the store is failed.
 */
static int scenario(int *ret_error)
{
	int step, error;

	*ret_error = dtss_sqlite_open(&k.store, k.path, NULL, 0);
	if (*ret_error < 0)
		return 0;
	*ret_error = kit_lead(&k);
	if (*ret_error < 0)
		return 0;
	for (step = 0; step < STEPS; step++) {
		build(step);
		*ret_error = kit_commit(&k);
		if (*ret_error < 0)
			return step;
	}
	error = *ret_error;
	close_store();
	*ret_error = error;
	return step;
}

/* After a failure that leaves the store usable it goes on as if nothing had been. */
static void go_on(int step)
{
	uint64_t sum;

	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	ck_assert_int_ge(kit_load(&k, &sum), 0);
	ck_assert_uint_eq(sum, sums[step]);
	for (; step < STEPS; step++) {
		build(step);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	close_store();
	ck_assert_int_eq(count_batches(), STEPS);
}

/* 0 when the scenario has fewer such calls. */
static int run(const struct fault_vfs_plan *plan)
{
	uint64_t sum;
	int answered, error, there, called;

	kit_init(&k, STORE_SQLITE);
	fault_vfs_plan(plan);
	answered = scenario(&error);
	called = fault_vfs_count();
	if (error == DTSS_E_NOSPC && k.store != NULL) {
		fault_vfs_plan(&no_fault); /* there is space again */
		go_on(answered);
	} else {
		if (k.store != NULL && error != DTSS_E_UNKNOWN)
			ck_assert_int_eq(kit_load(&k, &sum), error); /* failed until the process starts again */
		close_store();
		there = count_batches();
		ck_assert_int_ge(there, answered);
		ck_assert_int_le(there, answered + (error < 0));
	}
	kit_close(&k);
	return called >= plan->at;
}

static void learn(void)
{
	int step;

	fault_vfs_plan(&no_fault);
	kit_open(&k, STORE_SQLITE);
	ck_assert_int_eq(kit_load(&k, &sums[0]), 0);
	for (step = 0; step < STEPS; step++) {
		build(step);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
		ck_assert_int_gt(kit_load(&k, &sums[step + 1]), 0);
	}
	kit_close(&k);
}

static const struct fault_vfs_plan plans[] = {
	{ FAULT_VFS_WRITE, SQLITE_FULL, 0, 0 },
	{ FAULT_VFS_WRITE, SQLITE_FULL, 0, 1 },
	{ FAULT_VFS_WRITE, SQLITE_IOERR_WRITE, 0, 0 },
	{ FAULT_VFS_WRITE, SQLITE_IOERR_WRITE, 0, 1 },
	{ FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC, 0, 0 },
	{ FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC, 0, 1 },
	{ FAULT_VFS_READ, SQLITE_IOERR_READ, 0, 0 },
	{ FAULT_VFS_READ, SQLITE_IOERR_READ, 0, 1 },
	{ FAULT_VFS_OPEN, SQLITE_CANTOPEN, 0, 0 },
	{ FAULT_VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, 0, 0 },
	{ FAULT_VFS_DELETE, SQLITE_IOERR_DELETE, 0, 0 },
	{ FAULT_VFS_SIZE, SQLITE_IOERR_FSTAT, 0, 0 },
	{ FAULT_VFS_LOOK, SQLITE_IOERR_ACCESS, 0, 0 },
	{ FAULT_VFS_SHM, SQLITE_IOERR_SHMMAP, 0, 0 },
	{ FAULT_VFS_SHM, SQLITE_FULL, 0, 1 },
	{ FAULT_VFS_LOCK, SQLITE_BUSY, 0, 0 },
	{ FAULT_VFS_LOCK, SQLITE_IOERR_LOCK, 0, 0 },
	{ FAULT_VFS_ANY, SQLITE_IOERR, 0, 0 },
	{ FAULT_VFS_ANY, SQLITE_IOERR, 0, 1 },
};

START_TEST(what_was_said_of_a_batch_is_true_whatever_call_fails)
{
	struct fault_vfs_plan plan = plans[_i];
	int runs = 0;

	learn();
	do {
		plan.at++;
		runs++;
	} while (run(&plan));
	ck_assert_int_gt(runs, 1);
	if (getenv("DTSS_POWER"))
		printf("disk: a call fails, plan %d: %d points\n", _i, runs - 1);
}
END_TEST

/* Of each read and each write the kernel does a part, then it is interrupted: nothing of it is to be noticed. */
START_TEST(a_call_that_does_less_than_was_asked_is_gone_on_with)
{
	int answered, error;

	learn();
	fault_vfs_plan(&no_fault);
	kit_init(&k, STORE_SQLITE);
	fault_vfs_short(1);
	answered = scenario(&error);
	ck_assert_int_eq(error, DTSS_OK);
	ck_assert_int_eq(answered, STEPS);
	ck_assert_int_eq(count_batches(), STEPS);
	ck_assert_int_gt(fault_vfs_short(0), 100);
	kit_close(&k);
}
END_TEST

/* A failed sync while the file is brought to WAL mode was once ignored, and it went on with a rollback journal. */
START_TEST(a_store_that_opens_is_in_wal_mode_whatever_sync_failed)
{
	struct fault_vfs_plan plan = { FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC, 0, 0 };
	unsigned char modes[2] = { 0, 0 };
	int error, fd, refused = 0;

	do {
		kit_init(&k, STORE_SQLITE);
		plan.at++;
		fault_vfs_plan(&plan);
		error = dtss_sqlite_open(&k.store, k.path, NULL, 0);
		if (error == DTSS_OK) {
			fd = open(k.path, O_RDONLY | O_CLOEXEC);
			ck_assert_int_eq(pread(fd, modes, sizeof modes, 18), sizeof modes);
			ck_assert_int_eq(close(fd), 0);
			ck_assert_uint_eq(modes[0], 2); /* the file format's numbers for WAL */
			ck_assert_uint_eq(modes[1], 2);
		}
		refused += error < 0;
		kit_close(&k);
	} while (fault_vfs_count() >= plan.at);
	ck_assert_int_gt(refused, 3);
}
END_TEST

Suite *suite_torture_sqlite_disk(void)
{
	Suite *s = suite_create("torture/sqlite_disk");
	TCase *tc = tcase_create("disk");

	tcase_add_loop_test(tc, what_was_said_of_a_batch_is_true_whatever_call_fails, 0,
			    (int)(sizeof plans / sizeof plans[0]));
	tcase_add_test(tc, a_call_that_does_less_than_was_asked_is_gone_on_with);
	tcase_add_test(tc, a_store_that_opens_is_in_wal_mode_whatever_sync_failed);
	suite_add_tcase(s, tc);
	return s;
}
