/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "core/ids.h"
#include "support/fail_mem.h"

Suite *suite_unit_ids(void);

static struct fail_mem mem;
static struct ids ids;
static int items[5];

static void setup(void)
{
	fail_mem_init(&mem, 0);
	ids_init(&ids);
}

static void teardown(void)
{
	ids_fini(&ids, &mem.mem);
	ck_assert_uint_eq(mem.blocks, 0);
}

static void add(uint64_t id, void *item)
{
	ck_assert_int_eq(ids_reserve(&ids, &mem.mem, id, id), 0);
	ids_set(&ids, id, item);
}

START_TEST(items_are_found_and_walked_in_order)
{
	const uint64_t at[] = { 5000, 1, 512, 511, 40000 };
	uint64_t order[] = { 1, 511, 512, 5000, 40000 }, id = 0;
	size_t i;

	ck_assert_ptr_null(ids_get(&ids, 1));
	ck_assert_ptr_null(ids_next(&ids, 0));
	for (i = 0; i < 5; i++)
		add(at[i], &items[i]);
	for (i = 0; i < 5; i++)
		ck_assert_ptr_eq(ids_get(&ids, at[i]), &items[i]);
	ck_assert_ptr_null(ids_get(&ids, 2));
	ck_assert_ptr_null(ids_get(&ids, 1000000));
	ck_assert_ptr_null(ids_get(&ids, UINT64_MAX));
	for (i = 0; i < 5; i++) {
		ck_assert_ptr_eq(ids_next(&ids, id), ids_get(&ids, order[i]));
		id = order[i];
	}
	ck_assert_ptr_null(ids_next(&ids, id));
	ck_assert_ptr_null(ids_next(&ids, UINT64_MAX));
	for (i = 0, id = 0; i < 5; i++) {
		ck_assert_ptr_eq(ids_walk(&ids, &id), ids_get(&ids, order[i]));
		ck_assert_uint_eq(id, order[i] + 1);
	}
	ck_assert_ptr_null(ids_walk(&ids, &id));
}
END_TEST

START_TEST(another_item_takes_the_place)
{
	add(700, &items[0]);
	ids_set(&ids, 700, &items[1]);
	ck_assert_ptr_eq(ids_get(&ids, 700), &items[1]);
	ids_clear(&ids, &mem.mem, 700);
	ck_assert_ptr_null(ids_get(&ids, 700));
}
END_TEST

START_TEST(the_window_follows_tasks_that_come_and_go)
{
	uint64_t id, lag;

	for (lag = 1; lag < 3000; lag = lag * 3 + 1) {
		ids_fini(&ids, &mem.mem);
		for (id = 1; id < 100000; id++) {
			add(id, &items[0]);
			if (id > lag)
				ids_clear(&ids, &mem.mem, id - lag);
		}
		ck_assert_uint_lt(mem.bytes, (lag / IDS_PAGE + 3) * sizeof(struct ids_page) + 4096);
	}
}
END_TEST

START_TEST(one_by_one_takes_no_memory_for_ever)
{
	uint64_t id;

	for (id = 1; id < 200000; id++) {
		add(id, &items[0]);
		ids_clear(&ids, &mem.mem, id);
	}
	ck_assert_uint_lt(mem.bytes, 3 * sizeof(struct ids_page));
}
END_TEST

START_TEST(one_that_stays_holds_its_own_page_alone)
{
	uint64_t id;

	add(7, &items[1]);
	for (id = 1000; id < 50000; id++) {
		add(id, &items[0]);
		ids_clear(&ids, &mem.mem, id);
	}
	ck_assert_ptr_eq(ids_get(&ids, 7), &items[1]);
	ck_assert_ptr_null(ids_next(&ids, 7));
	ck_assert_uint_lt(mem.bytes, 5 * sizeof(struct ids_page));
	ids_clear(&ids, &mem.mem, 7);
	ck_assert_ptr_null(ids_next(&ids, 0));
}
END_TEST

START_TEST(without_memory_nothing_is_lost)
{
	size_t n;

	for (n = 1; n < 20; n++) {
		fail_mem_init(&mem, 0);
		ids_init(&ids);
		add(3, &items[0]);
		mem.fail_at = mem.count + n;
		while (ids_reserve(&ids, &mem.mem, 20000, 22000) != 0)
			ck_assert_ptr_eq(ids_get(&ids, 3), &items[0]);
		ids_set(&ids, 21999, &items[1]);
		ck_assert_ptr_eq(ids_get(&ids, 3), &items[0]);
		ids_trim(&ids, &mem.mem);
		ck_assert_ptr_eq(ids_next(&ids, 3), &items[1]);
		ids_fini(&ids, &mem.mem);
		ck_assert_uint_eq(mem.blocks, 0);
	}
	setup();
}
END_TEST

Suite *suite_unit_ids(void)
{
	Suite *s = suite_create("unit_ids");
	TCase *c = tcase_create("ids");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, items_are_found_and_walked_in_order);
	tcase_add_test(c, another_item_takes_the_place);
	tcase_add_test(c, the_window_follows_tasks_that_come_and_go);
	tcase_add_test(c, one_by_one_takes_no_memory_for_ever);
	tcase_add_test(c, one_that_stays_holds_its_own_page_alone);
	tcase_add_test(c, without_memory_nothing_is_lost);
	suite_add_tcase(s, c);
	return s;
}
