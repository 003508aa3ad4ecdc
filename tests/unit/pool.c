/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss/error.h>
#include <dtss/policy.h>
#include "core/pool.h"
#include "support/fail_mem.h"

Suite *suite_unit_pool(void);

#define WORKERS 400 /* enough for the search structures; COUNTS[0] is not */

static struct fail_mem mem;
static struct pool *pool;
static struct pool_entry workers[WORKERS];
static struct pool_need anything = { .mode = POOL_TASK };
static const uint32_t COUNTS[] = { 12, WORKERS };
static uint32_t count;

static void open_pool(uint32_t policy, int which)
{
	uint32_t i;

	fail_mem_init(&mem, 0);
	memset(workers, 0, sizeof(workers));
	anything.view = 0;
	count = COUNTS[which];
	ck_assert_int_eq(pool_create(&pool, &mem.mem, policy), 0);
	for (i = 0; i < count; i++) {
		workers[i].max = 1000;
		workers[i].used = 500;
		workers[i].for_task = 1;
		ck_assert_int_eq(pool_add(pool, &workers[i]), 0);
	}
}

static void close_pool(void)
{
	uint32_t slot = 0;

	ck_assert(pool_check(pool, &slot));
	pool_destroy(pool);
	ck_assert_uint_eq(mem.blocks, 0);
}

static void set_load(uint32_t i, uint32_t used, uint32_t max, uint32_t stamp)
{
	workers[i].used = used;
	workers[i].max = max;
	workers[i].stamp = stamp;
	pool_update(pool, &workers[i]);
}

static void expect_best(struct pool_need *need, const struct pool_entry *e)
{
	ck_assert_ptr_eq(pool_best(pool, need), e);
	ck_assert_ptr_eq(pool_best_scan(pool, need), e);
}

START_TEST(prefers_the_lowest_load_exactly)
{
	open_pool(DTSS_PLACE_LEAST_LOAD, _i);
	set_load(3, 21844, 65534, 1); /* 0.333323 */
	set_load(4, 21845, 65535, 1); /* a third exactly */
	set_load(5, 1, 3, 0);         /* likewise, but it was given work longer ago */
	expect_best(&anything, &workers[3]);
	set_load(3, 3, 4, 1);
	expect_best(&anything, &workers[5]);
	set_load(5, 1, 3, 2);
	expect_best(&anything, &workers[4]);
	set_load(4, 65535, 65535, 1);
	set_load(5, 3, 3, 1); /* both are full */
	expect_best(&anything, &workers[0]);
	close_pool();
}
END_TEST

START_TEST(rotates_among_equals)
{
	uint32_t i, round, stamp = 0;

	open_pool(DTSS_PLACE_ROUND_ROBIN, _i);
	for (round = 0; round < 3; round++)
		for (i = 0; i < count; i++) {
			expect_best(&anything, &workers[i]);
			set_load(i, i % 900, 1000, ++stamp); /* the load does not matter */
		}
	close_pool();
}
END_TEST

START_TEST(packs_the_fullest_first)
{
	open_pool(DTSS_PLACE_PACK, _i);
	expect_best(&anything, &workers[0]);
	set_load(7, 2, 3, 5);
	expect_best(&anything, &workers[7]);
	set_load(8, 65534, 65535, UINT32_MAX);
	expect_best(&anything, &workers[8]);
	set_load(8, 65535, 65535, 1);
	set_load(7, 0, 3, UINT32_MAX);
	expect_best(&anything, &workers[0]);
	close_pool();
}
END_TEST

START_TEST(an_idle_worker_is_usable_whatever_its_stamp)
{
	uint32_t i;

	open_pool(DTSS_PLACE_PACK, _i);
	for (i = 0; i < count; i++)
		set_load(i, 0, 1, UINT32_MAX);
	expect_best(&anything, &workers[0]);
	close_pool();
}
END_TEST

START_TEST(wants_all_tags)
{
	static const uint32_t both[] = { 3, 9 }, one[] = { 9 }, more[] = { 1, 3, 9, 12 }, other[] = { 4, 9 };
	struct pool_need need = { .tags = both, .tag_count = 2, .mode = POOL_TASK };

	open_pool(DTSS_PLACE_LEAST_LOAD, _i);
	expect_best(&need, NULL);
	workers[5].tags = one;
	workers[5].tag_count = 1;
	workers[6].tags = other;
	workers[6].tag_count = 2;
	workers[7].tags = more;
	workers[7].tag_count = 4;
	ck_assert_int_eq(pool_retag_reserve(pool, more, 4), 0);
	pool_retag(pool, &workers[5]);
	pool_retag(pool, &workers[6]);
	pool_retag(pool, &workers[7]);
	expect_best(&need, &workers[7]);
	ck_assert(pool_matches(&workers[7], &need));
	ck_assert(!pool_matches(&workers[6], &need));
	workers[7].tag_count = 2; /* 1 and 3 */
	pool_retag(pool, &workers[7]);
	expect_best(&need, NULL);
	pool_need_fini(pool, &need);
	ck_assert_uint_eq(need.view, 0);
	close_pool();
}
END_TEST

START_TEST(asks_for_the_mode_that_is_open)
{
	struct pool_need place = { .mode = POOL_PLACE };

	open_pool(DTSS_PLACE_LEAST_LOAD, _i);
	expect_best(&place, NULL);
	workers[9].for_place = 1;
	workers[9].for_task = 0;
	pool_update(pool, &workers[9]);
	workers[10].for_place = 1;
	pool_update(pool, &workers[10]);
	expect_best(&place, &workers[9]);
	workers[9].for_place = 0; /* cordoned */
	pool_update(pool, &workers[9]);
	expect_best(&place, &workers[10]);
	expect_best(&anything, &workers[0]);
	close_pool();
}
END_TEST

START_TEST(named_resources_gate_the_fit_and_do_not_rank)
{
	static struct pool_amount gpu[WORKERS];
	struct pool_amount two = { .resource = 7, .amount = 2 };
	struct pool_need need = { .resources = &two, .resource_count = 1, .mode = POOL_TASK };
	uint32_t i;

	open_pool(DTSS_PLACE_LEAST_LOAD, _i);
	for (i = 0; i < count; i++) {
		gpu[i].resource = 7;
		gpu[i].amount = i + 1 < count; /* one is not enough */
		workers[i].free_resources = &gpu[i];
		workers[i].resource_count = i % 2;
		workers[i].used = i;
		pool_retag(pool, &workers[i]);
	}
	expect_best(&need, NULL);
	gpu[count - 1].amount = 2;
	pool_update(pool, &workers[count - 1]);
	expect_best(&need, &workers[count - 1]); /* the busiest, but the only one */
	gpu[count - 3].amount = 100;
	pool_update(pool, &workers[count - 3]);
	expect_best(&need, &workers[count - 3]);
	ck_assert(pool_fits(&workers[count - 1], &need));
	ck_assert(!pool_fits(&workers[1], &need));
	close_pool();
}
END_TEST

START_TEST(gives_the_smallest_free_slot)
{
	struct pool_entry late = { .max = 1 };

	open_pool(DTSS_PLACE_LEAST_LOAD, _i);
	ck_assert_uint_eq(pool_slots(pool), count);
	pool_remove(pool, &workers[8]);
	pool_remove(pool, &workers[2]);
	pool_remove(pool, &workers[count - 1]);
	ck_assert_uint_eq(pool_slots(pool), count - 1);
	ck_assert_ptr_null(pool_at(pool, 2));
	ck_assert_ptr_null(pool_at(pool, count + 1000));
	ck_assert_int_eq(pool_add(pool, &late), 0);
	ck_assert_uint_eq(late.slot, 2);
	ck_assert_int_eq(pool_add(pool, &workers[2]), 0);
	ck_assert_uint_eq(workers[2].slot, 8);
	close_pool();
}
END_TEST

START_TEST(without_memory_add_changes_nothing)
{
	static struct pool_entry entries[65];
	uint32_t i;

	fail_mem_init(&mem, 1);
	ck_assert_int_eq(pool_create(&pool, &mem.mem, DTSS_PLACE_LEAST_LOAD), DTSS_E_NOMEM);
	fail_mem_init(&mem, 3);
	ck_assert_int_eq(pool_create(&pool, &mem.mem, DTSS_PLACE_LEAST_LOAD), 0);
	for (i = 0; i < 64; i++)
		ck_assert_int_eq(pool_add(pool, &entries[i]), 0);
	ck_assert_int_eq(pool_add(pool, &entries[64]), DTSS_E_NOMEM);
	ck_assert_uint_eq(pool_slots(pool), 64);
	ck_assert_int_eq(pool_add(pool, &entries[64]), 0);
	ck_assert_uint_eq(entries[64].slot, 64);
	close_pool();
	pool_destroy(NULL);
}
END_TEST

Suite *suite_unit_pool(void)
{
	Suite *s = suite_create("unit_pool");
	TCase *c = tcase_create("pool");

	tcase_add_loop_test(c, prefers_the_lowest_load_exactly, 0, 2);
	tcase_add_loop_test(c, rotates_among_equals, 0, 2);
	tcase_add_loop_test(c, packs_the_fullest_first, 0, 2);
	tcase_add_loop_test(c, an_idle_worker_is_usable_whatever_its_stamp, 0, 2);
	tcase_add_loop_test(c, wants_all_tags, 0, 2);
	tcase_add_loop_test(c, asks_for_the_mode_that_is_open, 0, 2);
	tcase_add_loop_test(c, named_resources_gate_the_fit_and_do_not_rank, 0, 2);
	tcase_add_loop_test(c, gives_the_smallest_free_slot, 0, 2);
	tcase_add_test(c, without_memory_add_changes_nothing);
	suite_add_tcase(s, c);
	return s;
}
