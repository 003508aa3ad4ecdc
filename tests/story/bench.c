/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

Suite *suite_story_bench(void);

/* dtss-bench as a user has it: that every bench works; how fast is nothing that a test could say. */

static char output[65536];

/* The exit code of a shell command with the program as $B, and in output what it said on both streams. */
static int run(const char *words)
{
	char command[1024];
	FILE *pipe;
	size_t len;
	int status;

	ck_assert_int_lt(snprintf(command, sizeof command, "{ B=$DTSS_BUILD/dtss-bench; %s; } 2>&1", words),
			 (int)sizeof command);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	len = fread(output, 1, sizeof output - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* But those that need wrk, or start a thousand processes. */
START_TEST(every_bench_works)
{
	char names[1024], wanted[64], *name;
	size_t count = 0;

	ck_assert_int_eq(run("$B --list | cut -d ' ' -f 1 | grep -vxE 'http|dispatch'"), 0);
	strcpy(names, output);
	ck_assert_int_eq(run("$B --quick --plain $($B --list | cut -d ' ' -f 1 | grep -vxE 'http|dispatch')"), 0);
	for (name = strtok(names, "\n"); name; name = strtok(NULL, "\n"), count++) {
		snprintf(wanted, sizeof wanted, "bench %s", name);
		ck_assert_msg(strstr(output, wanted) != NULL, "no figure of %s in:\n%s", name, output);
	}
	ck_assert_uint_gt(count, 1);
}
END_TEST

START_TEST(plain_is_a_line_of_keys_and_values)
{
	char bench[32], name[32], key[32];

	ck_assert_int_eq(run("$B timers --quick --plain | head -n 1"), 0);
	ck_assert_int_eq(sscanf(output, "%31s %31s %31[^ ]", bench, name, key), 3);
	ck_assert_str_eq(bench, "bench");
	ck_assert_str_eq(name, "timers");
	ck_assert_str_eq(key, "case=add");
	ck_assert_ptr_nonnull(strstr(output, " ns="));
}
END_TEST

START_TEST(what_is_not_known_is_named)
{
	ck_assert_int_eq(run("$B tmers"), 2);
	ck_assert_str_eq(output, "dtss-bench: no bench tmers (did you mean timers?); try dtss-bench --help\n");
	ck_assert_int_eq(run("$B timers:5"), 2);
	ck_assert_str_eq(output, "dtss-bench: timers has no cases; try dtss-bench --help\n");
	ck_assert_int_eq(run("$B timers heartbeat:10000,5"), 2); /* before anything was measured */
	ck_assert_str_eq(output, "dtss-bench: heartbeat: no case 5; there are: 10000 100000; try dtss-bench --help\n");
	ck_assert_int_eq(run("$B http:2"), 2);
	ck_assert_str_eq(output, "dtss-bench: http: no case 2; there are: 1 16 64 256; try dtss-bench --help\n");
	ck_assert_int_eq(run("$B timers --plane"), 2);
}
END_TEST

/* There was no second directory to remove: that ended the program with ": input or output failed". */
START_TEST(after_a_server_that_does_not_start_the_rest_is_measured)
{
	ck_assert_int_eq(run("D=$(mktemp -d); printf '#!/bin/sh\necho no way >&2\n' >$D/dtssd; chmod +x $D/dtssd; "
			     "ln -s $DTSS_BUILD/bench-job $D; "
			     "DTSS_BUILD=$D $B --quick --plain dispatch timers; S=$?; rm -r $D; exit $S"),
			 1);
	ck_assert_msg(strncmp(output, "no way\ndtss-bench: dispatch: dtssd and dtss-agent did not start\nbench timers ",
			      77) == 0,
		      "%s", output);
}
END_TEST

/* An interrupt left the directory. */
START_TEST(an_interrupted_bench_leaves_nothing)
{
	ck_assert_int_eq(run("T=$(mktemp -d); export TMPDIR=$T; $B fleet >/dev/null & P=$!; "
			     "until ls $T/*/*/s.db; do kill -0 $P || break; done >/dev/null 2>&1; "
			     "S=$(grep -las \"$T/.*/s[.]db\" /proc/[0-9]*/cmdline); kill $P; wait $P; echo $?; "
			     "ls $T; ls $S 2>/dev/null; rmdir $T; test -n \"$S\""),
			 0);
	ck_assert_str_eq(output, "143\n");
}
END_TEST

/* It took ten seconds, in which no task started. */
START_TEST(a_part_that_is_not_built_is_named)
{
	ck_assert_int_eq(run("D=$(mktemp -d); DTSS_BUILD=$D $B --quick dispatch; S=$?; rmdir $D; exit $S"), 1);
	ck_assert_ptr_nonnull(strstr(output, "/bench-job; make bench builds it\n"));
}
END_TEST

Suite *suite_story_bench(void)
{
	Suite *suite = suite_create("story/bench");
	TCase *tc = tcase_create("bench");

	tcase_add_test(tc, every_bench_works);
	tcase_add_test(tc, plain_is_a_line_of_keys_and_values);
	tcase_add_test(tc, what_is_not_known_is_named);
	tcase_add_test(tc, after_a_server_that_does_not_start_the_rest_is_measured);
	tcase_add_test(tc, a_part_that_is_not_built_is_named);
	tcase_add_test(tc, an_interrupted_bench_leaves_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
