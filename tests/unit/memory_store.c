/* SPDX-License-Identifier: MIT */
/* What only the memory store promises: its bounds, and that a failed allocation changes nothing. */
#include <check.h>
#include <stdlib.h>
#include "support/fail_mem.h"
#include "support/store_kit.h"

Suite *suite_unit_memory_store(void);

#define STEPS 8

static struct store_kit k;
static struct fail_mem memory;

static void build(int step)
{
	uint64_t id = (uint64_t)step + 1;
	uint32_t n;

	kit_meta(&k, id + 1);
	kit_task(&k, id, DTSS_TASK_RUNNING, 0);
	kit_spec(&k, id, "q", "name", "team=red");
	for (n = 1; n <= 3; n++)
		kit_attempt(&k, id, n, 10 * id + n);
	kit_key(&k, "q", step % 2 ? "odd" : "even", id, 0);
	kit_worker(&k, "w", id, 0);
	if (step > 0) {
		kit_attempt(&k, id - 1, 2, 10 * id + 5); /* over the one that is there */
		kit_task(&k, id - 1, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	}
	if (step == 3)
		kit_key(&k, "q", "odd", id, DTSS_RECORD_DELETE);
}

static uint64_t load_sum(void)
{
	uint64_t sum;

	ck_assert_int_ge(kit_load(&k, &sum), 0);
	return sum;
}

/* Until it is begun: without memory nothing has changed. */
static void submit(const struct dtss_store_op *op)
{
	uint64_t before = load_sum();
	int error;

	while ((error = k.store->ops->submit(k.store, op, ++k.token)) == DTSS_E_NOMEM)
		ck_assert_uint_eq(load_sum(), before);
	ck_assert_int_eq(error, DTSS_OK);
}

/* Reads may learn only when they are carried out that there is no memory. */
static void operate(const struct dtss_store_op *op, int expected)
{
	struct dtss_store_done done;

	do {
		submit(op);
		kit_wait(&k, &done);
	} while (done.result == DTSS_E_NOMEM);
	ck_assert_int_eq(done.result, expected);
}

static void commit(int step)
{
	uint64_t before = load_sum();
	struct dtss_store_done done;

	for (;;) {
		build(step);
		if (kit_submit_batch(&k) == DTSS_OK)
			break;
		k.seq--;
		ck_assert_uint_eq(load_sum(), before);
	}
	kit_wait(&k, &done);
	ck_assert_int_eq(done.result, DTSS_OK);
}

static void read_back(void)
{
	struct dtss_store_op get = { .size = sizeof get, .type = DTSS_STORE_GET };
	struct dtss_store_op list = { .size = sizeof list, .type = DTSS_STORE_LIST };
	struct dtss_store_op follow = { .size = sizeof follow, .type = DTSS_STORE_FOLLOW };
	struct dtss_store_op log = { .size = sizeof log, .type = DTSS_STORE_LOG_APPEND };

	get.u.get.id = 1;
	operate(&get, DTSS_OK);
	list.u.list.limit = 10;
	list.u.list.label_name = "team";
	operate(&list, DTSS_OK);
	operate(&follow, DTSS_OK);
	log.u.log.fence = 1;
	log.u.log.stream = 1;
	log.u.log.data = "hello";
	log.u.log.len = 5;
	operate(&log, DTSS_OK);
	log.type = DTSS_STORE_LOG_READ;
	log.u.log.data = NULL;
	operate(&log, DTSS_OK);
}

/* The sum of what there is in the end; 0 when it could not be opened. */
static uint64_t scenario(void)
{
	struct dtss_store_op lead = { .size = sizeof lead, .type = DTSS_STORE_LEAD };
	struct dtss_store_op follow = { .size = sizeof follow, .type = DTSS_STORE_FOLLOW };
	uint64_t sum;
	int step;

	kit_init(&k, STORE_MEMORY);
	if (dtss_memory_open(&k.store, &memory.mem) < 0) {
		kit_close(&k);
		return 0;
	}
	operate(&lead, DTSS_OK);
	operate(&follow, DTSS_E_AGAIN);
	k.epoch = 1;
	for (step = 0; step < STEPS; step++)
		commit(step);
	read_back();
	sum = load_sum();
	kit_close(&k);
	return sum;
}

START_TEST(any_failed_allocation_changes_nothing)
{
	uint64_t sum, expected;
	size_t n;

	fail_mem_init(&memory, 0);
	expected = scenario();
	ck_assert_uint_eq(memory.blocks, 0);
	for (n = 1;; n++) {
		fail_mem_init(&memory, n);
		sum = scenario();
		ck_assert_uint_eq(memory.blocks, 0);
		ck_assert(sum == expected || (sum == 0 && n == 1));
		if (memory.count < n)
			break;
	}
	ck_assert_uint_gt(n, 50);
}
END_TEST

/* Rows are written over in place; that must not depend on who comes first. */
START_TEST(the_last_of_equal_records_in_a_batch_stays)
{
	int round;

	kit_open(&k, STORE_MEMORY);
	for (round = 0; round < 3; round++) {
		kit_attempt(&k, 1, 1, 10 + (uint64_t)round);
		kit_task(&k, 1, DTSS_TASK_LEASED, 0);
		kit_attempt(&k, 1, 2, 20 + (uint64_t)round);
		kit_attempt(&k, 1, 1, 30 + (uint64_t)round);
		kit_task(&k, 1, DTSS_TASK_RUNNING, 0);
		kit_task(&k, 1, DTSS_TASK_READY, 0);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
		ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_TASK, 1, 0, NULL, 0), DTSS_TASK_READY);
		ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 1, 1, NULL, 0), 30 + (uint64_t)round);
		ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 1, 2, NULL, 0), 20 + (uint64_t)round);
	}
	kit_close(&k);
}
END_TEST

static int have(uint64_t id)
{
	struct dtss_store_done done;
	int result = kit_get(&k, id, &done);

	ck_assert(result == DTSS_OK || result == DTSS_E_NOT_FOUND);
	return result == DTSS_OK;
}

START_TEST(the_history_keeps_what_finished_last)
{
	struct dtss_task_filter first = { .limit = 2 };
	uint64_t id, ids[2], next;

	kit_open(&k, STORE_MEMORY);
	kit_task(&k, 1, DTSS_TASK_RUNNING, 0); /* submitted first, finishes last */
	kit_spec(&k, 1, "q", "slow", NULL);
	for (id = 2; id <= DTSS_MEMORY_HISTORY_MAX + 10; id++) {
		kit_finished(&k, id, DTSS_TASK_SUCCEEDED, "fast");
		if (id % 2000 == 0)
			ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	kit_task(&k, 1, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert(have(1));
	ck_assert(!have(2));
	ck_assert(!have(11));
	ck_assert(have(12));
	ck_assert(have(DTSS_MEMORY_HISTORY_MAX + 10));
	ck_assert_uint_eq(kit_ids(&k, &first, ids, 2, &next), 2);
	ck_assert_uint_eq(ids[0], 1);
	ck_assert_uint_eq(ids[1], 12);
	kit_close(&k);
}
END_TEST

static int follow(uint64_t seq)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_FOLLOW };
	struct dtss_store_done done;

	op.u.follow.seq = seq;
	kit_do(&k, &op, &done);
	if (done.result == DTSS_OK)
		ck_assert_uint_eq(done.u.batch->first_seq, seq + 1);
	return done.result;
}

START_TEST(batches_are_kept_from_the_first_time_that_somebody_asks)
{
	uint64_t seq;

	kit_open(&k, STORE_MEMORY);
	for (seq = 1; seq <= 3; seq++) {
		kit_meta(&k, seq);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	ck_assert_int_eq(follow(2), DTSS_E_COMPACTED);
	ck_assert_int_eq(follow(3), DTSS_E_AGAIN);
	kit_meta(&k, 4);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(follow(2), DTSS_E_COMPACTED);
	ck_assert_int_eq(follow(3), DTSS_OK);
	ck_assert_int_eq(follow(4), DTSS_E_AGAIN);
	kit_close(&k);
}
END_TEST

START_TEST(the_newest_batches_can_be_followed)
{
	uint64_t seq;

	kit_open(&k, STORE_MEMORY);
	ck_assert_int_eq(follow(0), DTSS_E_AGAIN);
	for (seq = 1; seq <= DTSS_MEMORY_BATCHES_MAX + 5; seq++) {
		kit_meta(&k, seq);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	ck_assert_int_eq(follow(0), DTSS_E_COMPACTED);
	ck_assert_int_eq(follow(4), DTSS_E_COMPACTED);
	for (seq = 5; seq < DTSS_MEMORY_BATCHES_MAX + 5; seq++)
		ck_assert_int_eq(follow(seq), DTSS_OK);
	ck_assert_int_eq(follow(seq), DTSS_E_AGAIN);
	kit_close(&k);
}
END_TEST

/* And in bytes. */
START_TEST(big_batches_leave_the_ring_sooner)
{
	uint64_t id;

	kit_open(&k, STORE_MEMORY);
	ck_assert_int_eq(follow(0), DTSS_E_AGAIN);
	for (id = 1; id <= 300; id++) { /* 74 MB, of 64 MiB */
		kit_spec_payload(&k, id, 250000);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	ck_assert_int_eq(follow(0), DTSS_E_COMPACTED);
	ck_assert_int_eq(follow(100), DTSS_OK);
	kit_close(&k);
}
END_TEST

START_TEST(logs_are_bounded_together)
{
	struct dtss_store_op read = { .size = sizeof read, .type = DTSS_STORE_LOG_READ };
	uint64_t streams = DTSS_MEMORY_LOG_BYTES_MAX / DTSS_LOG_CHUNK_MAX + 8, fence, end;
	struct dtss_store_done done;
	void *data = calloc(1, DTSS_LOG_CHUNK_MAX);

	kit_open(&k, STORE_MEMORY);
	ck_assert_int_eq(kit_append(&k, 1, 0, "x", 1, &end), DTSS_OK);
	for (fence = 2; fence <= streams; fence++) {
		ck_assert_int_eq(kit_append(&k, fence, 0, data, DTSS_LOG_CHUNK_MAX, &end), DTSS_OK);
		if (fence == 100)
			ck_assert_int_eq(kit_append(&k, 1, 1, "y", 1, &end), DTSS_OK);
	}
	read.u.log.stream = 1;
	read.u.log.len = 10;
	read.u.log.fence = 2; /* silent longest */
	kit_do(&k, &read, &done);
	ck_assert_uint_eq(done.u.log.len, 0);
	read.u.log.fence = 1; /* it was appended to later */
	kit_do(&k, &read, &done);
	ck_assert_uint_eq(done.u.log.len, 2);
	read.u.log.fence = streams;
	kit_do(&k, &read, &done);
	ck_assert_uint_eq(done.u.log.len, 10);
	ck_assert_int_eq(kit_append(&k, 2, 5, "z", 1, &end), DTSS_E_OFFSET); /* begin again */
	ck_assert_uint_eq(end, 0);
	free(data);
	kit_close(&k);
}
END_TEST

Suite *suite_unit_memory_store(void)
{
	Suite *s = suite_create("unit/memory_store");
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, any_failed_allocation_changes_nothing);
	tcase_add_test(tc, the_last_of_equal_records_in_a_batch_stays);
	tcase_add_test(tc, the_history_keeps_what_finished_last);
	tcase_add_test(tc, batches_are_kept_from_the_first_time_that_somebody_asks);
	tcase_add_test(tc, the_newest_batches_can_be_followed);
	tcase_add_test(tc, big_batches_leave_the_ring_sooner);
	tcase_add_test(tc, logs_are_bounded_together);
	suite_add_tcase(s, tc);
	return s;
}
