/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include "core/intern.h"
#include "support/fail_mem.h"

Suite *suite_unit_intern(void);

#define TEXTS 500

static struct fail_mem mem;
static struct interns texts;

static void setup(void)
{
	fail_mem_init(&mem, 0);
	interns_init(&texts, 1, 2);
}

static void teardown(void)
{
	interns_fini(&texts, &mem.mem);
	ck_assert_uint_eq(mem.blocks, 0);
}

START_TEST(a_text_is_kept_once_while_somebody_holds_it)
{
	char copy[] = "gpu";
	struct intern *a = intern_get(&texts, &mem.mem, "gpu"), *b;

	ck_assert_str_eq(a->text, "gpu");
	b = intern_get(&texts, &mem.mem, copy);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_eq(intern_find(&texts, "gpu"), a);
	ck_assert_ptr_null(intern_find(&texts, "gp"));
	intern_put(&texts, &mem.mem, a);
	ck_assert_ptr_eq(intern_find(&texts, "gpu"), b);
	intern_put(&texts, &mem.mem, b);
	ck_assert_ptr_null(intern_find(&texts, "gpu"));
	intern_put(&texts, &mem.mem, NULL);
}
END_TEST

START_TEST(numbers_are_small_and_used_again)
{
	struct intern *all[TEXTS];
	char text[16];
	size_t round, i;

	for (round = 0; round < 3; round++) {
		int seen[TEXTS] = { 0 };

		for (i = 0; i < TEXTS; i++) {
			snprintf(text, sizeof text, "%zu/%zu", round, i);
			all[i] = intern_get(&texts, &mem.mem, text);
			ck_assert_uint_lt(all[i]->number, TEXTS);
			ck_assert_int_eq(seen[all[i]->number]++, 0);
		}
		for (i = 0; i < TEXTS; i++)
			intern_put(&texts, &mem.mem, all[(i * 7) % TEXTS]);
	}
}
END_TEST

START_TEST(without_memory_there_is_none_and_nothing_changed)
{
	size_t n, i;

	for (n = 1; n < 60; n++) {
		fail_mem_init(&mem, n);
		interns_init(&texts, 1, 2);
		for (i = 0; i < 40; i++) {
			char text[16];
			struct intern *t;

			snprintf(text, sizeof text, "%zu", i);
			t = intern_get(&texts, &mem.mem, text);
			if (!t) {
				ck_assert_ptr_null(intern_find(&texts, text));
				t = intern_get(&texts, &mem.mem, text);
			}
			ck_assert_uint_eq(t->number, i);
		}
		interns_fini(&texts, &mem.mem);
		ck_assert_uint_eq(mem.blocks, 0);
	}
	setup();
}
END_TEST

Suite *suite_unit_intern(void)
{
	Suite *s = suite_create("unit_intern");
	TCase *c = tcase_create("intern");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_text_is_kept_once_while_somebody_holds_it);
	tcase_add_test(c, numbers_are_small_and_used_again);
	tcase_add_test(c, without_memory_there_is_none_and_nothing_changed);
	suite_add_tcase(s, c);
	return s;
}
