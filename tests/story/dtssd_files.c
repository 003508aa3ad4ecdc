/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>
#include "support/dtssd.h"

/* What the daemon does with the descriptors that it was given. */

/* Else a log line would go to whatever has its number: a client, or a file. */
START_TEST(standard_files_that_are_closed)
{
	char command[512], link[64] = "";
	pid_t pid = 0;
	FILE *out;

	snprintf(command, sizeof command, "echo $$; exec %s --listen 127.0.0.1:0 --store memory <&- 2>&-",
		 program_path("dtssd"));
	out = popen(command, "re");
	ck_assert(out != NULL && fscanf(out, "%d listening", &pid) == 1);
	for (int fd = 0; fd <= 2; fd += 2) {
		snprintf(command, sizeof command, "/proc/%d/fd/%d", (int)pid, fd);
		ck_assert_int_gt(readlink(command, link, sizeof link - 1), 0);
		ck_assert_str_eq(link, "/dev/null");
	}
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(pclose(out), 0);
}
END_TEST

Suite *suite_story_dtssd_files(void);
Suite *suite_story_dtssd_files(void)
{
	Suite *suite = suite_create("story/dtssd_files");
	TCase *tc = tcase_create("files");

	tcase_add_test(tc, standard_files_that_are_closed);
	suite_add_tcase(suite, tc);
	return suite;
}
