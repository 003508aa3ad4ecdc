/* SPDX-License-Identifier: MIT */
/*
 * Each write of a scenario fails once, in each way that a write can fail. Afterwards the store has it or has it not, as the
 * way says, and never a part; and a caller that looks, and repeats what is missing, comes to the same end.
 */
#include <check.h>
#include "support/fault_store.h"
#include "support/store_kit.h"

Suite *suite_conform_store_fault(void);

#define STEPS 5

static struct store_kit k;
static uint64_t sums[STEPS + 1]; /* of the load after so many steps */

static void build(int step)
{
	uint64_t id = (uint64_t)step + 1;

	kit_meta(&k, id + 1);
	kit_task(&k, id, DTSS_TASK_READY, 0);
	kit_spec(&k, id, "q", "name", NULL);
	kit_worker(&k, "w", id, 0);
	if (step > 0)
		kit_task(&k, id - 1, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE);
}

static void learn(int kind)
{
	int step;

	kit_open(&k, (enum store_kind)kind);
	ck_assert_int_ge(kit_load(&k, &sums[0]), 0);
	for (step = 0; step < STEPS; step++) {
		build(step);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
		ck_assert_int_ge(kit_load(&k, &sums[step + 1]), 0);
		ck_assert_uint_ne(sums[step + 1], sums[step]);
	}
	kit_close(&k);
}

static int expected(enum fault_mode mode)
{
	static const int results[FAULT_MODES] = { [FAULT_FULL] = DTSS_E_FULL,
						  [FAULT_NOMEM] = DTSS_E_NOMEM,
						  [FAULT_NOSPC] = DTSS_E_NOSPC,
						  [FAULT_UNKNOWN_LOST] = DTSS_E_UNKNOWN,
						  [FAULT_UNKNOWN_APPLIED] = DTSS_E_UNKNOWN,
						  [FAULT_IO] = DTSS_E_IO,
						  [FAULT_IO_APPLIED] = DTSS_E_IO };

	return results[mode];
}

static int commit(void)
{
	struct dtss_store_done done;
	int error = kit_submit_batch(&k);

	if (error < 0) {
		k.seq--;
		return error;
	}
	kit_wait(&k, &done);
	ck_assert_uint_eq(done.type, DTSS_STORE_COMMIT);
	ck_assert_uint_eq(done.token, k.token);
	return done.result;
}

/* The store is failed: every further operation says so. */
static void check_failed(void)
{
	struct dtss_store_done done;
	uint64_t sum, end;

	ck_assert_int_eq(kit_load(&k, &sum), DTSS_E_IO);
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_E_IO);
	ck_assert_int_eq(kit_append(&k, 1, 0, "x", 1, &end), DTSS_E_IO);
	ck_assert_int_eq(kit_lead(&k), DTSS_E_IO);
}

static void run(int kind, enum fault_mode mode, int at)
{
	struct fault_plan plan = { mode, DTSS_STORE_COMMIT, (uint64_t)at, 0 };
	uint64_t sum;
	int step, result;

	kit_open(&k, (enum store_kind)kind);
	fault_store_plan(k.store, &plan);
	for (step = 0; step < STEPS;) {
		build(step);
		result = commit();
		ck_assert_int_eq(result, step + 1 == at ? expected(mode) : DTSS_OK);
		if (result == DTSS_E_IO) {
			check_failed();
			break;
		}
		if (result < 0)
			at = 0; /* it fails once */
		ck_assert_int_ge(kit_load(&k, &sum), 0);
		if (result == DTSS_OK || mode == FAULT_UNKNOWN_APPLIED)
			step++;
		ck_assert_uint_eq(sum, sums[step]);
	}
	kit_close(&k);
}

START_TEST(a_failed_commit_is_there_or_not_but_never_in_part)
{
	static const int kinds[] = { STORE_FAULT_MEMORY, STORE_FAULT_SQLITE };
	int mode = FAULT_NONE + 1 + _i % (FAULT_MODES - 1), kind = kinds[_i / (FAULT_MODES - 1)], at;

	learn(kind);
	for (at = 1; at <= STEPS; at++)
		run(kind, (enum fault_mode)mode, at);
}
END_TEST

START_TEST(a_late_answer_is_waited_for)
{
	struct fault_plan plan = { FAULT_LATE, 0, 1, 0 };
	struct dtss_store_done done;
	int i;

	kit_open(&k, STORE_FAULT_MEMORY);
	fault_store_plan(k.store, &plan);
	kit_meta(&k, 2);
	ck_assert_int_eq(kit_submit_batch(&k), DTSS_OK);
	for (i = 0; i < FAULT_LATE_POLLS; i++)
		ck_assert_int_eq(k.store->ops->poll(k.store, &done), 0);
	ck_assert_int_eq(k.store->ops->poll(k.store, &done), 1);
	ck_assert_int_eq(done.result, DTSS_OK);
	ck_assert_uint_eq(fault_store_count(k.store), 1);
	kit_close(&k);
}
END_TEST

Suite *suite_conform_store_fault(void)
{
	Suite *s = suite_create("conform/store_fault");
	TCase *tc = tcase_create("every write, every way");

	tcase_add_loop_test(tc, a_failed_commit_is_there_or_not_but_never_in_part, 0, 2 * (FAULT_MODES - 1));
	tcase_add_test(tc, a_late_answer_is_waited_for);
	suite_add_tcase(s, tc);
	return s;
}
