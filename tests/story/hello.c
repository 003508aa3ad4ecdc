/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_story_hello(void);

/* The first program, built as its reader builds it: from an installation, with one command, in an empty directory. */

static char dir[64];

static const char *from_env(const char *name)
{
	const char *value = getenv(name);

	ck_assert_msg(value != NULL, "%s is not set: run it by make check", name);
	return value;
}

static void enter(void)
{
	char path[4096];

	strcpy(dir, "/tmp/dtss-hello-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_lt(snprintf(path, sizeof path, "%s/lib/pkgconfig", from_env("DTSS_STAGE")), (int)sizeof path);
	ck_assert_int_eq(setenv("PKG_CONFIG_PATH", path, 1), 0);
	ck_assert_int_lt(snprintf(path, sizeof path, "%s/lib", from_env("DTSS_STAGE")), (int)sizeof path);
	ck_assert_int_eq(setenv("LD_LIBRARY_PATH", path, 1), 0);
	ck_assert_int_eq(unsetenv("LD_PRELOAD"), 0);
}

static void leave(void)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* The exit code of a shell command, and in output what it said. */
static int run(char output[4096], const char *command)
{
	char all[4096];
	FILE *pipe;
	size_t len;
	int status;

	ck_assert_int_lt(snprintf(all, sizeof all, "{ %s; } 2>&1", command), (int)sizeof all);
	pipe = popen(all, "r");
	ck_assert_ptr_nonnull(pipe);
	len = fread(output, 1, 4095, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void run_ok(const char *command, const char *expected)
{
	char output[4096];
	int code = run(output, command);

	ck_assert_msg(code == 0, "%s: exit code %d: %s", command, code, output);
	if (expected != NULL)
		ck_assert_str_eq(output, expected);
}

START_TEST(one_command_builds_it_and_it_says_hello)
{
	run_ok("cp $DTSS_SOURCE/examples/embed/hello.c .", "");
	run_ok("cc hello.c $(pkg-config --cflags --libs libdtss)", "");
	run_ok("./a.out", "task 1 is accepted\nhello, world\n");
}
END_TEST

START_TEST(it_needs_no_pkg_config_and_not_even_the_shared_library)
{
	run_ok("cp $DTSS_SOURCE/examples/embed/hello.c .", "");
	run_ok("cc -Wall -Wextra -Werror hello.c -I$DTSS_STAGE/include $DTSS_STAGE/lib/libdtss.a", "");
	run_ok("LD_LIBRARY_PATH= ./a.out", "task 1 is accepted\nhello, world\n");
}
END_TEST

/* hello-durable.c is hello.c with its one line; crash.c kills itself, as kill -9 does, where $1 matches. */
static void make_durable(const char *crash_at)
{
	char command[1024];

	run_ok("cp $DTSS_SOURCE/examples/embed/hello.c .", "");
	run_ok("sed 's|^\tcfg.store = NULL; .* Durable: \\(.*\\) \\*/$|\t\\1|; s/tries = 300/tries = 200/' hello.c >durable.c",
	       "");
	run_ok("diff hello.c durable.c | grep -c '^>.*dtss_sqlite_open'", "1\n");
	run_ok("cc durable.c -o durable $(pkg-config --cflags --libs libdtss) -ldtss-sqlite", "");
	snprintf(command, sizeof command, "sed 's|^\\t*%s|kill(getpid(), 9); &|' durable.c >crash.c", crash_at);
	run_ok(command, "");
	run_ok("grep -c 'kill(getpid(), 9)' crash.c", "1\n");
	run_ok("cc -include signal.h crash.c -o crash $(pkg-config --cflags --libs libdtss) -ldtss-sqlite", "");
}

static void survive(const char *crash_at)
{
	char output[4096];

	make_durable(crash_at);
	ck_assert_int_eq(run(output, "sh -c 'exec ./crash >/dev/null'"), 128 + 9);
	run_ok("./durable", "task 1 is known\nhello, world\n");
	run_ok("./durable", "task 1 is known\n"); /* it was finished: nothing is left to do */
}

START_TEST(with_one_line_it_survives_a_kill_after_submit)
{
	survive("for (tries");
}
END_TEST

START_TEST(with_one_line_it_survives_a_kill_before_finish)
{
	survive("dtss_node_finish");
}
END_TEST

START_TEST(python_says_hello_too)
{
	run_ok("python3 $DTSS_SOURCE/examples/python/hello.py", "hello, world\n");
}
END_TEST

Suite *suite_story_hello(void)
{
	Suite *s = suite_create("story_hello");
	TCase *t = tcase_create("hello");

	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, one_command_builds_it_and_it_says_hello);
	tcase_add_test(t, it_needs_no_pkg_config_and_not_even_the_shared_library);
	tcase_add_test(t, with_one_line_it_survives_a_kill_after_submit);
	tcase_add_test(t, with_one_line_it_survives_a_kill_before_finish);
	tcase_add_test(t, python_says_hello_too);
	suite_add_tcase(s, t);
	return s;
}
