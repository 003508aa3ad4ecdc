/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss/error.h>
#include "core/hash.h"
#include "core/map.h"
#include "support/fail_mem.h"

Suite *suite_unit_map(void);

#define ITEMS 2000

static uint64_t items[ITEMS];
static struct fail_mem memory;
static struct map map;

static int item_equal(const void *item, const void *key)
{
	return *(const uint64_t *)item == *(const uint64_t *)key;
}

/* Few homes, at the end of the table too: long clusters that go round. */
static uint64_t crowded(uint64_t key)
{
	return UINT64_MAX - key % 5;
}

static uint64_t spread(uint64_t key)
{
	return hash_word(key);
}

static uint64_t (*const hashes[])(uint64_t) = { spread, crowded };

static void setup(void)
{
	size_t i;

	fail_mem_init(&memory, 0);
	map_init(&map);
	for (i = 0; i < ITEMS; i++)
		items[i] = i;
}

static void teardown(void)
{
	map_fini(&map, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

static void insert(uint64_t (*hash)(uint64_t), uint64_t key)
{
	ck_assert_int_eq(map_reserve(&map, &memory.mem, 1), DTSS_OK);
	map_insert(&map, hash(key), &items[key]);
}

START_TEST(an_empty_map_finds_nothing)
{
	uint64_t key = 1;
	size_t cursor = 0;
	void *item;

	ck_assert_ptr_null(map_find(&map, spread(key), item_equal, &key));
	ck_assert_int_eq(map_next(&map, &cursor, &item), 0);
	ck_assert_int_eq(map_reserve(&map, &memory.mem, 0), DTSS_OK);
	ck_assert_uint_eq(memory.count, 0);
}
END_TEST

START_TEST(what_is_inserted_is_found_until_it_is_removed)
{
	uint64_t (*hash)(uint64_t) = hashes[_i];
	size_t count = hash == crowded ? 200 : ITEMS;
	uint64_t key;

	for (key = 0; key < count; key++)
		insert(hash, key);
	for (key = 1; key < count; key += 2)
		map_remove(&map, hash(key), &items[key]);
	ck_assert_uint_eq(map.count, count / 2);
	for (key = 0; key < count; key++)
		ck_assert_ptr_eq(map_find(&map, hash(key), item_equal, &key), key % 2 == 0 ? &items[key] : NULL);
}
END_TEST

/* Against a plain array, with every order of insertions and removals that a cheap generator makes. */
START_TEST(a_map_agrees_with_an_array)
{
	uint64_t (*hash)(uint64_t) = hashes[_i];
	uint8_t present[64] = { 0 };
	uint64_t step, key;

	for (step = 0; step < 5000; step++) {
		key = hash_word(step) % 64;
		if (present[key])
			map_remove(&map, hash(key), &items[key]);
		else
			insert(hash, key);
		present[key] = !present[key];
		key = hash_word(~step) % 64;
		ck_assert_int_eq(map_find(&map, hash(key), item_equal, &key) != NULL, present[key]);
	}
}
END_TEST

START_TEST(next_gives_each_item_once)
{
	uint8_t seen[100] = { 0 };
	size_t cursor = 0, i, count = 0;
	void *item;

	for (i = 0; i < 100; i++)
		insert(spread, i);
	while (map_next(&map, &cursor, &item) == 1) {
		seen[*(uint64_t *)item]++;
		count++;
	}
	ck_assert_uint_eq(count, 100);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(seen[i], 1);
}
END_TEST

START_TEST(after_reserve_insertions_need_no_memory)
{
	size_t i, count;

	ck_assert_int_eq(map_reserve(&map, &memory.mem, ITEMS), DTSS_OK);
	count = memory.count;
	for (i = 0; i < ITEMS; i++)
		map_insert(&map, spread(i), &items[i]);
	ck_assert_uint_eq(memory.count, count);
	ck_assert_uint_le(map.count, map.cap / 4 * 3);
}
END_TEST

START_TEST(without_memory_the_map_stays_as_it_was)
{
	uint64_t key;

	for (key = 0; key < 12; key++)
		insert(spread, key);
	memory.fail_at = memory.count + 1;
	ck_assert_int_eq(map_reserve(&map, &memory.mem, 1), DTSS_E_NOMEM);
	ck_assert_int_eq(map_reserve(&map, &memory.mem, SIZE_MAX), DTSS_E_NOMEM);
	ck_assert_int_eq(map_reserve(&map, &memory.mem, SIZE_MAX / 4), DTSS_E_NOMEM);
	ck_assert_uint_eq(map.count, 12);
	for (key = 0; key < 12; key++)
		ck_assert_ptr_eq(map_find(&map, spread(key), item_equal, &key), &items[key]);
}
END_TEST

Suite *suite_unit_map(void)
{
	Suite *suite = suite_create("unit/map");
	TCase *tc = tcase_create("map");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_empty_map_finds_nothing);
	tcase_add_loop_test(tc, what_is_inserted_is_found_until_it_is_removed, 0, 2);
	tcase_add_loop_test(tc, a_map_agrees_with_an_array, 0, 2);
	tcase_add_test(tc, next_gives_each_item_once);
	tcase_add_test(tc, after_reserve_insertions_need_no_memory);
	tcase_add_test(tc, without_memory_the_map_stays_as_it_was);
	suite_add_tcase(suite, tc);
	return suite;
}
