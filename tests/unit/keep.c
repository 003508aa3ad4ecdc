/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "node/keep.h"
#include "support/fail_mem.h"
#include "support/rand.h"

#define PIECES 60

Suite *suite_unit_keep(void);

static struct fail_mem mem;

/* They are aligned for any type, begin as zeros, and none overlaps another, in the keep itself and in its chunks. */
START_TEST(pieces_of_any_size_stand_apart)
{
	struct rand rnd = { (uint64_t)_i + 1 };
	unsigned char *piece[PIECES];
	size_t size[PIECES], i, k;
	struct keep keeps[2]; /* their rooms begin at different addresses modulo 16, if a keep is no multiple of that */
	struct keep *keep = &keeps[_i % 2];

	fail_mem_init(&mem, 0);
	memset(keeps, 0xa5, sizeof keeps);
	keep_init(keep, &mem.mem);
	for (i = 0; i < PIECES; i++) {
		size[i] = 1 + rand_below(&rnd, i < PIECES / 2 ? 24 : 3000);
		piece[i] = keep_take(keep, size[i]);
		ck_assert_ptr_nonnull(piece[i]);
		ck_assert_uint_eq((uintptr_t)piece[i] % 16, 0);
		for (k = 0; k < size[i]; k++)
			ck_assert_uint_eq(piece[i][k], 0);
		memset(piece[i], (int)i + 1, size[i]);
	}
	for (i = 0; i < PIECES; i++)
		for (k = 0; k < size[i]; k++)
			ck_assert_uint_eq(piece[i][k], i + 1);
	ck_assert_int_eq(keep->failed, 0);
	keep_fini(keep);
	ck_assert_uint_eq(mem.blocks, 0);
}
END_TEST

START_TEST(a_small_request_needs_no_block)
{
	struct keep keep;

	fail_mem_init(&mem, 1);
	mem.fail_on = 1;
	keep_init(&keep, &mem.mem);
	ck_assert_ptr_nonnull(keep_take(&keep, KEEP_NEAR / 2));
	ck_assert_uint_eq(mem.count, 0);
	ck_assert_ptr_null(keep_take(&keep, KEEP_NEAR));
	ck_assert_ptr_null(keep_take(&keep, 1)); /* a failure sticks */
	ck_assert_int_ne(keep.failed, 0);
	keep_fini(&keep);
}
END_TEST

START_TEST(what_no_address_space_holds_is_refused)
{
	struct keep keep;

	fail_mem_init(&mem, 0);
	keep_init(&keep, &mem.mem);
	ck_assert_ptr_null(keep_take(&keep, _i ? SIZE_MAX : SIZE_MAX / 2 + 1));
	ck_assert_int_ne(keep.failed, 0);
	keep_fini(&keep);
	keep_init(&keep, &mem.mem);
	ck_assert_ptr_null(keep_array(&keep, SIZE_MAX / 4, 8));
	ck_assert_int_ne(keep.failed, 0);
	keep_fini(&keep);
	ck_assert_uint_eq(mem.count, 0);
}
END_TEST

Suite *suite_unit_keep(void)
{
	Suite *s = suite_create("unit_keep");
	TCase *c = tcase_create("keep");

	tcase_add_loop_test(c, pieces_of_any_size_stand_apart, 0, 8);
	tcase_add_test(c, a_small_request_needs_no_block);
	tcase_add_loop_test(c, what_no_address_space_holds_is_refused, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
