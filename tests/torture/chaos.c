/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

Suite *suite_torture_chaos(void);

/* Runs it, and gives its last line. */
static void chaos(const char *options, char *last, size_t cap)
{
	const char *build = getenv("DTSS_BUILD");
	char command[1024], all[16384] = "", line[1024];
	FILE *out;
	int status;

	ck_assert_msg(build != NULL, "DTSS_BUILD is not set: run make check");
	snprintf(command, sizeof command, "exec '%s/chaos' %s --plain 2>&1", build, options);
	out = popen(command, "r");
	ck_assert_ptr_nonnull(out);
	last[0] = '\0';
	while (fgets(line, sizeof line, out)) {
		if (strlen(all) + strlen(line) < sizeof all)
			strcat(all, line);
		snprintf(last, cap, "%s", line);
	}
	status = pclose(out);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "chaos %s: %d\n%s", options, status, all);
}

static unsigned figure(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	ck_assert_msg(at != NULL, "no %s in: %s", name, line);
	return (unsigned)atoi(at + strlen(name));
}

START_TEST(what_is_killed_stopped_and_cut_loses_nothing)
{
	char last[1024];

	chaos("--seconds 100 --kills 4 --seed 2", last, sizeof last);
	ck_assert_uint_ge(figure(last, "kills_scheduler="), 4);
	ck_assert_uint_ge(figure(last, "kills_agent="), 4);
	ck_assert_uint_ge(figure(last, " tasks="), 20);
	ck_assert_uint_eq(figure(last, "violations="), 0);
}
END_TEST

START_TEST(what_dies_at_an_fsync_loses_nothing)
{
	char last[1024];

	chaos("--seconds 0 --points 20", last, sizeof last);
	ck_assert_uint_ge(figure(last, "fsync="), 4);
	ck_assert_uint_eq(figure(last, "violations="), 0);
}
END_TEST

Suite *suite_torture_chaos(void)
{
	Suite *suite = suite_create("torture/chaos");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 300); /* much of it on a busy machine, under sanitizers */
	tcase_add_test(tcase, what_is_killed_stopped_and_cut_loses_nothing);
	tcase_add_test(tcase, what_dies_at_an_fsync_loses_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
