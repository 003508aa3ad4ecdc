/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdint.h>
#include <string.h>
#include <dtss/error.h>
#include "core/size.h"

Suite *suite_unit_size(void);

struct older {
	size_t size;
	uint64_t first;
};

struct current {
	size_t size;
	uint64_t first;
	uint64_t second;
};

struct newer {
	size_t size;
	uint64_t first;
	uint64_t second;
	uint64_t third;
};

static const struct current rubbish = { 99, 99, 99 };

START_TEST(what_an_older_program_lacks_is_zero)
{
	struct older src = { sizeof src, 7 };
	struct current dst = rubbish;

	ck_assert_int_eq(size_import(&dst, sizeof dst, &src), DTSS_OK);
	ck_assert_uint_eq(dst.size, sizeof dst);
	ck_assert_uint_eq(dst.first, 7);
	ck_assert_uint_eq(dst.second, 0);
}
END_TEST

START_TEST(a_newer_program_that_asks_for_nothing_new_is_understood)
{
	struct newer src = { sizeof src, 7, 8, 0 };
	struct current dst = rubbish;

	ck_assert_int_eq(size_import(&dst, sizeof dst, &src), DTSS_OK);
	ck_assert_uint_eq(dst.size, sizeof dst);
	ck_assert_uint_eq(dst.second, 8);
}
END_TEST

START_TEST(a_newer_program_that_asks_for_more_is_refused)
{
	struct newer src = { sizeof src, 7, 8, 1 };
	struct current dst = rubbish;

	ck_assert_int_eq(size_import(&dst, sizeof dst, &src), DTSS_E_INVALID);
	ck_assert_mem_eq(&dst, &rubbish, sizeof dst);
}
END_TEST

START_TEST(a_struct_without_a_size_is_refused)
{
	struct current src = { 0, 7, 8 }, dst = rubbish;

	ck_assert_int_eq(size_import(&dst, sizeof dst, &src), DTSS_E_INVALID);
	ck_assert_mem_eq(&dst, &rubbish, sizeof dst);
}
END_TEST

Suite *suite_unit_size(void)
{
	Suite *suite = suite_create("unit/size");
	TCase *tc = tcase_create("size");

	tcase_add_test(tc, what_an_older_program_lacks_is_zero);
	tcase_add_test(tc, a_newer_program_that_asks_for_nothing_new_is_understood);
	tcase_add_test(tc, a_newer_program_that_asks_for_more_is_refused);
	tcase_add_test(tc, a_struct_without_a_size_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}
