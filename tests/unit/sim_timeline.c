/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/sim.h"
#include "support/fail_mem.h"

Suite *suite_unit_sim_timeline(void);

static struct sim_timeline t;
static char text[65536];

static void init(void)
{
	memset(&t, 0, sizeof t);
	ck_assert_int_eq(timeline_init(&t, dtss_mem_libc()), 0);
}

static void fini(void)
{
	timeline_fini(&t);
}

START_TEST(each_node_that_spoke_has_a_column)
{
	static const char expected[] =
		"    time s      c0          s1          disk        w0          w7\n"
		"  1.000000      submit 1    |           |           |           |\n"
		"  1.004210      |           step        |           |           |\n"
		" 61.000001      |           |           commit 1-2 of epoch 3   |\n"
		" 61.000002      |           |           |           a text that runs far over to the right\n"
		"9999.999999     |           |           |           |           end\n";

	timeline_say(&t, UINT64_C(1000000000), SIM_PLACE_CLIENTS, "submit 1");
	timeline_say(&t, UINT64_C(1004210999), SIM_PLACE_SCHEDULERS + 1, "step");
	timeline_say(&t, UINT64_C(61000001000), SIM_PLACE_STORE, "commit 1-2 of epoch 3");
	timeline_say(&t, UINT64_C(61000002000), SIM_PLACE_WORKERS, "a text that runs far over to the right");
	timeline_say(&t, UINT64_C(9999999999999), SIM_PLACE_WORKERS + 7, "end");
	ck_assert_uint_eq(timeline_text(&t, text, sizeof text), sizeof expected - 1);
	ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(it_is_cut_to_the_buffer_and_gives_the_whole_length)
{
	char whole[256], some[256];
	size_t len;

	timeline_say(&t, 1, SIM_PLACE_STORE, "commit");
	len = timeline_text(&t, NULL, 0);
	ck_assert_uint_eq(timeline_text(&t, whole, sizeof whole), len);
	ck_assert_uint_eq(strlen(whole), len);
	for (size_t cap = 1; cap <= len + 1; cap++) {
		memset(some, 'x', sizeof some);
		ck_assert_uint_eq(timeline_text(&t, some, cap), len);
		ck_assert_uint_eq(strlen(some), cap - 1);
		ck_assert_mem_eq(some, whole, cap - 1);
		ck_assert_int_eq(some[cap], 'x');
	}
}
END_TEST

START_TEST(of_a_long_run_the_last_lines_are_kept)
{
	char line[32];
	size_t len;
	char *all;

	for (int i = 0; i < SIM_LINES_MAX + 10; i++) {
		snprintf(line, sizeof line, "line %d", i);
		timeline_say(&t, (uint64_t)i, SIM_PLACE_STORE, line);
	}
	len = timeline_text(&t, NULL, 0);
	all = malloc(len + 1);
	ck_assert_ptr_nonnull(all);
	ck_assert_uint_eq(timeline_text(&t, all, len + 1), len);
	ck_assert_ptr_nonnull(strstr(all, "line 10\n"));
	ck_assert_ptr_null(strstr(all, "line 9\n"));
	snprintf(line, sizeof line, "line %d\n", SIM_LINES_MAX + 9);
	ck_assert_str_eq(all + len - strlen(line), line);
	free(all);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut)
{
	char line[2 * SIM_LINE_TEXT_MAX];

	memset(line, 'y', sizeof line);
	line[sizeof line - 1] = '\0';
	timeline_say(&t, 0, SIM_PLACE_WORKERS, line);
	timeline_text(&t, text, sizeof text);
	ck_assert_uint_eq(strspn(strchr(text, 'y'), "y"), SIM_LINE_TEXT_MAX - 1);
}
END_TEST

START_TEST(one_that_is_off_is_empty)
{
	struct sim_timeline off;

	memset(&off, 0, sizeof off);
	timeline_say(&off, 0, SIM_PLACE_STORE, "nobody hears it");
	ck_assert_uint_eq(timeline_text(&off, text, sizeof text), 0);
	ck_assert_str_eq(text, "");
	timeline_fini(&off);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
	struct sim_timeline off;
	struct fail_mem mem;

	memset(&off, 0, sizeof off);
	fail_mem_init(&mem, 1);
	ck_assert_int_eq(timeline_init(&off, &mem.mem), DTSS_E_NOMEM);
	timeline_say(&off, 0, SIM_PLACE_STORE, "nobody hears it");
	timeline_fini(&off);
	ck_assert_uint_eq(mem.blocks, 0);
}
END_TEST

Suite *suite_unit_sim_timeline(void)
{
	Suite *suite = suite_create("unit_sim_timeline");
	TCase *lines = tcase_create("lines");

	tcase_add_checked_fixture(lines, init, fini);
	tcase_add_test(lines, each_node_that_spoke_has_a_column);
	tcase_add_test(lines, it_is_cut_to_the_buffer_and_gives_the_whole_length);
	tcase_add_test(lines, of_a_long_run_the_last_lines_are_kept);
	tcase_add_test(lines, a_text_that_is_too_long_is_cut);
	tcase_add_test(lines, one_that_is_off_is_empty);
	tcase_add_test(lines, without_memory_it_says_so);
	suite_add_tcase(suite, lines);
	return suite;
}
