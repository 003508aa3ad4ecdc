/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dtss-agent/tree.h"

Suite *suite_unit_agent_tree(void);

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/dtss-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(tree_remove(dir), 0);
	ck_assert_int_lt(access(dir, F_OK), 0);
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(a_tree_goes_and_what_its_links_name_stays)
{
	ck_assert_int_eq(mkdir("keep", 0700), 0);
	touch("keep/file");
	ck_assert_int_eq(mkdir("tree", 0700), 0);
	ck_assert_int_eq(mkdir("tree/sub", 0700), 0);
	touch("tree/sub/.hidden");
	ck_assert_int_eq(symlink("../keep", "tree/link"), 0);
	ck_assert_int_eq(symlink("../../keep/file", "tree/sub/link"), 0);
	ck_assert_int_eq(mkfifo("tree/fifo", 0600), 0);
	ck_assert_int_eq(tree_remove("tree"), 0);
	ck_assert_int_lt(access("tree", F_OK), 0);
	ck_assert_int_eq(access("keep/file", F_OK), 0);
}
END_TEST

START_TEST(a_link_in_its_place_goes_alone)
{
	ck_assert_int_eq(mkdir("keep", 0700), 0);
	touch("keep/file");
	ck_assert_int_eq(symlink("keep", "tree"), 0);
	ck_assert_int_eq(tree_remove("tree"), 0);
	ck_assert_int_eq(access("keep/file", F_OK), 0);
}
END_TEST

START_TEST(closed_directories_are_opened)
{
	ck_assert_int_eq(mkdir("tree", 0700), 0);
	ck_assert_int_eq(mkdir("tree/sub", 0700), 0);
	touch("tree/sub/file");
	ck_assert_int_eq(chmod("tree/sub", 0), 0);
	ck_assert_int_eq(chmod("tree", 0500), 0);
	ck_assert_int_eq(tree_remove("tree"), 0);
	ck_assert_int_lt(access("tree", F_OK), 0);
}
END_TEST

START_TEST(nothing_is_fine)
{
	ck_assert_int_eq(tree_remove("nothing"), 0);
}
END_TEST

Suite *suite_unit_agent_tree(void)
{
	Suite *suite = suite_create("unit/agent_tree");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_tree_goes_and_what_its_links_name_stays);
	tcase_add_test(tcase, a_link_in_its_place_goes_alone);
	tcase_add_test(tcase, closed_directories_are_opened);
	tcase_add_test(tcase, nothing_is_fine);
	suite_add_tcase(suite, tcase);
	return suite;
}
