/* SPDX-License-Identifier: MIT */
/*
 * The power is cut after every operation that SQLite makes on the disk, in several workloads, and what was not synced is
 * kept, dropped or torn. Then the store is opened again: P1, P8, P10, S1, S20. DTSS_POWER=1 tries every point, with more
 * ways to tear; else some.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/desk.h"
#include "support/fault_vfs.h"
#include "support/power.h"

Suite *suite_torture_sqlite_power(void);

static struct desk d;
static const struct fault_vfs_plan no_fault;

/* ---- workloads: each ends with 0, or with the first error ---- */

static int new_file(void)
{
	int error = desk_open(&d);

	if (error == 0)
		desk_close(&d);
	return error;
}

static int commits(void)
{
	int i, error = desk_open(&d);

	for (i = 0; error == 0 && i < 6; i++)
		error = desk_submit(&d, (size_t)i % 3 + 1, i % 2 ? 3000 : 10);
	return error;
}

/* Tasks are given out and come back, with logs beside the batches; they retire and are history. */
static int history(void)
{
	int i, error = desk_open(&d);

	for (i = 0; error == 0 && i < 3; i++) {
		error = desk_submit(&d, 4, 500);
		if (error == 0)
			error = desk_work(&d, 3);
		if (error == 0)
			error = desk_end(&d, i % 2);
	}
	return error;
}

static int closed(void)
{
	int error = history();

	if (error == 0)
		desk_close(&d); /* the WAL goes into the file and away */
	if (error == 0)
		error = commits();
	if (error == 0)
		desk_close(&d);
	return error;
}

/* So many that the WAL is copied into the file between two commits, and used again from its beginning. */
static int checkpoint(void)
{
	size_t before, most = 0;
	int i, error = desk_open(&d);

	if (error == 0)
		error = desk_submit(&d, 20, 2000);
	for (i = 0; error == 0 && i < DESK_STATES - 20; i++) {
		before = power_count();
		error = desk_flip(&d, 1);
		if (i > 10 && power_count() - before > most + 10)
			break;
		most = power_count() - before > most ? power_count() - before : most;
	}
	ck_assert_int_lt(i, DESK_STATES - 20);
	for (i = 0; error == 0 && i < 3; i++)
		error = desk_flip(&d, 2);
	return error;
}

static const struct {
	const char *name;
	int (*run)(void);
	size_t last; /* only so many points at the end are tried; 0: all */
} workloads[] = {
	{ "a new file", new_file, 0 },      { "commits", commits, 0 },           { "history and logs", history, 0 },
	{ "closed and opened", closed, 0 }, { "a checkpoint", checkpoint, 160 },
};

#define WORKLOADS ((int)(sizeof workloads / sizeof *workloads))

static int thorough(void)
{
	return getenv("DTSS_POWER") != NULL;
}

/* ---- cuts ---- */

static size_t points, images;

static void cut(const char *name, size_t after, enum power_keep keep, uint64_t seed)
{
	static const char *const keeps[] = { "kept", "dropped", "torn" };
	char what[160];

	snprintf(what, sizeof what, "%s: cut after %zu of %zu (%s), the rest %s, seed %llu", name, after, power_count(),
		 after > 0 ? power_name(after - 1) : "nothing", keeps[keep], (unsigned long long)seed);
	power_cut(after, keep, seed);
	desk_verify(&d, after, what);
	images++;
}

static void cut_everywhere(const char *name, size_t from, size_t step)
{
	uint64_t seed, seeds = thorough() ? 4 : 1;
	size_t after;

	fault_vfs_plan(&no_fault);
	power_end();
	for (after = from; after <= power_count(); after += step) {
		points++;
		cut(name, after, POWER_KEEP, 0);
		cut(name, after, POWER_DROP, 0);
		for (seed = 1; seed <= seeds; seed++)
			cut(name, after, POWER_TEAR, seed * 1000003 + after);
	}
}

START_TEST(the_power_is_cut_anywhere)
{
	size_t count;

	fault_vfs_plan(&no_fault);
	desk_init(&d);
	power_begin(d.dir);
	ck_assert_int_eq(workloads[_i].run(), 0);
	power_end();
	desk_close(&d);
	count = power_count();
	ck_assert_uint_gt(count, 20);
	cut_everywhere(workloads[_i].name,
		       workloads[_i].last && workloads[_i].last < count ? count - workloads[_i].last : 0,
		       thorough() ? 1 : 5);
	if (thorough())
		printf("disk: power cut, %s: %zu points, %zu images\n", workloads[_i].name, points, images);
	power_forget();
	desk_fini(&d);
}
END_TEST

/*
 * The process is killed, or a sync fails and the next says that all is well, and it starts again without the power being
 * cut: it reads from the kernel's memory what may never get to the disk. Then the power is cut.
 */
static void restart(const struct fault_vfs_plan *plan, size_t *ret_calls)
{
	char name[96];

	desk_init(&d);
	power_begin(d.dir);
	fault_vfs_plan(plan);
	(void)history(); /* fails or not */
	*ret_calls = (size_t)fault_vfs_count();
	desk_close(&d);
	fault_vfs_plan(&no_fault);
	ck_assert_int_eq(commits(), 0);
	desk_close(&d);
	snprintf(name, sizeof name, "started again after %s %d failed", plan->on ? "everything from call" : "sync",
		 plan->at);
	cut_everywhere(name, 0, thorough() ? 3 : 37);
	power_forget();
	desk_fini(&d);
}

static const struct fault_vfs_plan restarts[] = {
	{ FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC, 0, 0 }, /* once, and then it says that all is well */
	{ FAULT_VFS_CHANGE, SQLITE_IOERR, 0, 1 },     /* as if it were killed */
};

START_TEST(the_power_is_cut_after_a_restart)
{
	struct fault_vfs_plan plan = restarts[_i];
	size_t calls, step = thorough() ? 1 : 3;

	if (plan.on)
		step *= 7;
	for (plan.at = 1;; plan.at += (int)step) {
		restart(&plan, &calls);
		if (calls < (size_t)plan.at)
			break;
	}
	if (thorough())
		printf("disk: power cut after a restart, %s: %zu points, %zu images\n",
		       plan.on ? "killed" : "a failed sync", points, images);
}
END_TEST

/* One call fails, or all from there on; what was said before is durable, and after it nothing more is accepted. */
static size_t fails_at(const struct fault_vfs_plan *plan)
{
	char name[96];
	size_t calls;
	int error;

	desk_init(&d);
	power_begin(d.dir);
	fault_vfs_plan(plan);
	error = closed();
	calls = (size_t)fault_vfs_count();
	if (error < 0 && d.store != NULL && error != DTSS_E_NOSPC && error != DTSS_E_UNKNOWN)
		ck_assert_int_eq(desk_lead(&d), error);
	desk_close(&d);
	fault_vfs_plan(&no_fault);
	power_end();
	snprintf(name, sizeof name, "%s %d failed, %s", plan->on ? "all from call" : "call", plan->at,
		 dtss_errname(error));
	points++;
	cut(name, power_count(), POWER_KEEP, 0);
	cut(name, power_count(), POWER_DROP, 0);
	cut(name, power_count(), POWER_TEAR, (uint64_t)plan->at);
	power_forget();
	desk_fini(&d);
	return calls;
}

static const struct fault_vfs_plan fails[] = {
	{ FAULT_VFS_ANY, SQLITE_IOERR, 0, 0 },
	{ FAULT_VFS_ANY, SQLITE_IOERR, 0, 1 },
	{ FAULT_VFS_WRITE, SQLITE_FULL, 0, 0 },
	{ FAULT_VFS_WRITE, SQLITE_FULL, 0, 1 },
};

START_TEST(the_power_is_cut_after_a_call_failed)
{
	struct fault_vfs_plan plan = fails[_i];
	int step = thorough() ? 1 : 29;

	for (plan.at = 1; fails_at(&plan) >= (size_t)plan.at; plan.at += step)
		continue;
	if (thorough())
		printf("disk: %s %s: %zu points, %zu images\n",
		       plan.rc == SQLITE_FULL ? "a full disk at write" : "an error of call",
		       plan.on ? "n and all after it" : "n", points, images);
}
END_TEST

/* And in the middle of recovering from the cut before. */
START_TEST(the_power_is_cut_while_it_recovers)
{
	size_t first, count, step = thorough() ? 9 : 60;
	char name[96];

	for (first = 10, count = SIZE_MAX; first < count; first += step) {
		fault_vfs_plan(&no_fault);
		desk_init(&d);
		power_begin(d.dir);
		ck_assert_int_eq(closed(), 0);
		power_end();
		count = power_count();
		power_cut(first, POWER_TEAR, first);
		desk_cut(&d, first);
		power_begin(d.dir);
		ck_assert_int_eq(commits(), 0);
		desk_close(&d);
		snprintf(name, sizeof name, "recovered from a cut after %zu", first);
		cut_everywhere(name, 0, thorough() ? 2 : 23);
		power_forget();
		desk_fini(&d);
	}
	if (thorough())
		printf("disk: power cut while it recovers: %zu points, %zu images\n", points, images);
}
END_TEST

Suite *suite_torture_sqlite_power(void)
{
	Suite *s = suite_create("torture/sqlite_power");
	TCase *tc = tcase_create("power");

	tcase_set_timeout(tc, 1200);
	tcase_add_loop_test(tc, the_power_is_cut_anywhere, 0, thorough() ? WORKLOADS : WORKLOADS - 1);
	tcase_add_loop_test(tc, the_power_is_cut_after_a_restart, 0, 2);
	tcase_add_loop_test(tc, the_power_is_cut_after_a_call_failed, 0, 4);
	tcase_add_test(tc, the_power_is_cut_while_it_recovers);
	suite_add_tcase(s, tc);
	return s;
}
