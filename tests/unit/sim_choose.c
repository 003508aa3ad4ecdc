/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "sim/choose.h"
#include "support/fail_mem.h"

Suite *suite_unit_sim_choose(void);

/* Every choice of the simulator goes through choice_next(): a seed, bytes, or a list. */

static struct sim_choice c;

static void fini(void)
{
	choice_fini(&c);
}

START_TEST(a_seed_is_always_the_same_choices_and_another_seed_others)
{
	struct sim_choice again, other;
	int differ = 0;

	choice_seed(&c, 42);
	choice_seed(&again, 42);
	choice_seed(&other, 43);
	for (uint64_t n = 1; n < 1000; n++) {
		uint64_t value = choice_next(&c, n);

		ck_assert_uint_lt(value, n);
		ck_assert_uint_eq(value, choice_next(&again, n));
		differ += value != choice_next(&other, n);
	}
	ck_assert_int_gt(differ, 900);
	ck_assert_uint_eq(c.made, 999);
}
END_TEST

/* SplitMix64's own test vector: a seed means the same run on every machine and in every version. */
START_TEST(the_generator_is_splitmix64)
{
	choice_seed(&c, 1234567);
	ck_assert_uint_eq(choice_next(&c, UINT64_MAX), UINT64_C(6457827717110365317));
	ck_assert_uint_eq(choice_next(&c, UINT64_MAX), UINT64_C(3203168211198807973));
	ck_assert_uint_eq(choice_next(&c, UINT64_MAX), UINT64_C(9817491932198370423));
}
END_TEST

START_TEST(of_one_or_none_there_is_no_choice)
{
	static const uint8_t bytes[] = { 7, 7, 7 };

	choice_bytes(&c, bytes, sizeof bytes);
	ck_assert_uint_eq(choice_next(&c, 1), 0);
	ck_assert_uint_eq(choice_next(&c, 0), 0);
	ck_assert_uint_eq(c.at, 0);
	choice_seed(&c, 9);
	ck_assert_uint_eq(choice_next(&c, 1), 0);
	ck_assert_uint_eq(choice_next(&c, 0), 0);
}
END_TEST

START_TEST(bytes_are_taken_as_few_as_needed_and_at_their_end_all_is_tame)
{
	static const uint8_t bytes[] = { 3, 0x01, 0x02, 200, 0xff };

	choice_bytes(&c, bytes, sizeof bytes);
	ck_assert_uint_eq(choice_next(&c, 256), 3);
	ck_assert_uint_eq(choice_next(&c, 1000), 0x0201);
	ck_assert_uint_eq(choice_next(&c, 7), 200 % 7);
	ck_assert_uint_eq(choice_next(&c, 65536), 0); /* one byte is left, two are needed */
	ck_assert_uint_eq(choice_next(&c, 2), 0);
	ck_assert_uint_eq(choice_fault(&c, 1000), 0);
}
END_TEST

START_TEST(a_list_gives_its_values_and_at_its_end_all_is_tame)
{
	static const struct dtss_sim_choice list[] = { { 3, 10 }, { 9, 10 }, { 1, 2 } };

	choice_list(&c, list, 3);
	ck_assert_uint_eq(choice_next(&c, 10), 3);
	ck_assert_uint_eq(choice_next(&c, 4), 3); /* 9 no longer fits: the nearest */
	ck_assert_uint_eq(choice_fault(&c, 1), 1);
	ck_assert_uint_eq(choice_next(&c, 10), 0);
	ck_assert_uint_eq(choice_fault(&c, 1000), 0);
}
END_TEST

START_TEST(what_was_chosen_is_recorded_and_replays)
{
	struct sim_choice replay;
	uint64_t sum = 0, again = 0;

	choice_seed(&c, 5);
	choice_record(&c, dtss_mem_libc());
	for (uint64_t i = 0; i < 5000; i++)
		sum = sum * 31 + (i % 3 ? choice_next(&c, i) : choice_fault(&c, 100));
	ck_assert_uint_eq(c.recorded, 5000);
	choice_list(&replay, c.record, c.recorded);
	for (uint64_t i = 0; i < 5000; i++) {
		ck_assert_uint_eq(c.record[i].n, i % 3 ? i : 2);
		again = again * 31 + (i % 3 ? choice_next(&replay, i) : choice_fault(&replay, 100));
	}
	ck_assert_uint_eq(sum, again);
}
END_TEST

START_TEST(a_fault_strikes_as_often_as_it_should)
{
	uint8_t bytes[256];
	uint32_t struck = 0, by_bytes = 0;

	choice_seed(&c, 77);
	for (int i = 0; i < 100000; i++)
		struck += (uint32_t)choice_fault(&c, 100);
	ck_assert_uint_gt(struck, 9500);
	ck_assert_uint_lt(struck, 10500);
	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	choice_bytes(&c, bytes, sizeof bytes);
	for (int i = 0; i < 256; i++)
		by_bytes += (uint32_t)choice_fault(&c, 100);
	ck_assert_uint_eq(by_bytes, 26);
	choice_bytes(&c, bytes, sizeof bytes);
	ck_assert_uint_eq(choice_fault(&c, 1000), 0); /* byte 0 is tame at any rate */
}
END_TEST

START_TEST(a_record_without_memory_says_so)
{
	struct fail_mem mem;

	fail_mem_init(&mem, 1);
	choice_seed(&c, 5);
	choice_record(&c, &mem.mem);
	ck_assert_uint_lt(choice_next(&c, 10), 10);
	ck_assert_int_eq(c.lost, 1);
	ck_assert_uint_eq(c.recorded, 0);
}
END_TEST

/* The outcomes of a "run" of three decisions of 2, 3 and 2, between lengths of time that are none, after a set-up. */
static uint32_t visit(struct sim_choice *choice, uint32_t *seen)
{
	uint64_t setup, first, second = 0, third;

	setup = choice_next(choice, 5);
	choice_settle(choice, 1);
	first = choice_next(choice, 2);
	ck_assert_uint_eq(choice_next(choice, 1000000), 0);
	if (first)
		second = choice_next(choice, 3);
	third = choice_fault(choice, 500);
	ck_assert_uint_eq(setup, 3);
	*seen |= UINT32_C(1) << (first * 8 + second * 2 + third);
	return 1;
}

static uint32_t visit_all(size_t depth, uint32_t *seen)
{
	static struct dtss_sim_choice list[16] = { { 3, 5 } };
	size_t count = 1;
	uint32_t runs = 0;

	do {
		choice_list(&c, list, count);
		choice_record(&c, dtss_mem_libc());
		runs += visit(&c, seen);
		count = choice_advance(&c, depth);
		ck_assert_uint_le(count, 16);
		if (count)
			memcpy(list, c.record, count * sizeof *list);
		choice_fini(&c);
		ck_assert_uint_lt(runs, 100);
	} while (count);
	list[0].value = 3;
	return runs;
}

START_TEST(the_odometer_visits_every_combination_once)
{
	uint32_t seen = 0;

	ck_assert_uint_eq(visit_all(12, &seen), 2 + 3 * 2);
	ck_assert_uint_eq(seen, 0x3f03);
}
END_TEST

START_TEST(the_odometer_stays_within_its_depth)
{
	uint32_t seen = 0;

	ck_assert_uint_eq(visit_all(1, &seen), 2);
	ck_assert_uint_eq(seen, 0x0101);
}
END_TEST

START_TEST(a_calm_seed_draws_the_set_up_alone)
{
	int drawn = 0;

	choice_seed(&c, 3);
	for (int i = 0; i < 20; i++)
		drawn += choice_next(&c, 100) > 0;
	ck_assert_int_gt(drawn, 10);
	choice_settle(&c, 1);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(choice_next(&c, 100) + choice_fault(&c, 1000), 0);
}
END_TEST

Suite *suite_unit_sim_choose(void)
{
	Suite *suite = suite_create("unit_sim_choose");
	TCase *sources = tcase_create("sources");

	tcase_add_checked_fixture(sources, NULL, fini);
	tcase_add_test(sources, a_seed_is_always_the_same_choices_and_another_seed_others);
	tcase_add_test(sources, the_generator_is_splitmix64);
	tcase_add_test(sources, of_one_or_none_there_is_no_choice);
	tcase_add_test(sources, bytes_are_taken_as_few_as_needed_and_at_their_end_all_is_tame);
	tcase_add_test(sources, a_list_gives_its_values_and_at_its_end_all_is_tame);
	tcase_add_test(sources, what_was_chosen_is_recorded_and_replays);
	tcase_add_test(sources, a_fault_strikes_as_often_as_it_should);
	tcase_add_test(sources, a_record_without_memory_says_so);
	tcase_add_test(sources, the_odometer_visits_every_combination_once);
	tcase_add_test(sources, the_odometer_stays_within_its_depth);
	tcase_add_test(sources, a_calm_seed_draws_the_set_up_alone);
	suite_add_tcase(suite, sources);
	return suite;
}
