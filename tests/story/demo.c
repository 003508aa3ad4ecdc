/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *suite_story_demo(void);

#define SCRIPT_WAIT_S 150

/* Runs a script of examples/demo with a directory of its own for what it makes; stdout is the descriptor. */
static pid_t script_start(const char *name, const char *tmp, int out)
{
	const char *source = getenv("DTSS_SOURCE"), *build = getenv("DTSS_BUILD");
	char path[512];
	pid_t pid;

	ck_assert_msg(source != NULL && build != NULL, "DTSS_SOURCE and DTSS_BUILD are not set: run make check");
	snprintf(path, sizeof path, "%s/examples/demo/%s", source, name);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	if (setenv("TMPDIR", tmp, 1) != 0 || dup2(out, 1) < 0)
		_exit(99);
	execlp("bash", "bash", path, build, (char *)NULL);
	_exit(98);
}

static int dir_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count == 2;
}

/* Reads until the text is there or the end. 1: it is. */
static int read_until(int fd, char *buf, size_t cap, const char *wanted)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < cap && (n = read(fd, buf + len, cap - 1 - len)) > 0) {
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, wanted))
			return 1;
	}
	return 0;
}

START_TEST(the_demo_proves_what_it_says_and_leaves_nothing)
{
	char tmp[] = "/tmp/dtss-demo-XXXXXX", buf[65536] = "", *last;
	int ends[2], status;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(tmp));
	ck_assert_int_eq(pipe2(ends, 0), 0);
	pid = script_start("demo.sh", tmp, ends[1]);
	close(ends[1]);
	ck_assert_msg(!read_until(ends[0], buf, sizeof buf, "\n\n"), "it prints an empty line");
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "it ends with status %d:\n%s", status, buf);
	last = strstr(buf, "demo: files=");
	ck_assert_ptr_nonnull(last);
	ck_assert_str_eq(strchr(last, ' ') + 1 + strlen("files=") + strspn(last + 12, "0123456789"),
			 " agents=3 retried=1 agent_killed=1 scheduler_killed=1 ok\n");
	ck_assert(dir_is_empty(tmp));
	ck_assert_int_eq(rmdir(tmp), 0);
}
END_TEST

START_TEST(a_cluster_stays_until_a_signal_and_leaves_nothing)
{
	char tmp[] = "/tmp/dtss-demo-XXXXXX", buf[4096] = "";
	int ends[2], status;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(tmp));
	ck_assert_int_eq(pipe2(ends, 0), 0);
	pid = script_start("cluster.sh", tmp, ends[1]);
	close(ends[1]);
	ck_assert(read_until(ends[0], buf, sizeof buf, "export DTSS_URL=http://127.0.0.1:"));
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	while (read_until(ends[0], buf, sizeof buf,
			  "none of it has this")) /* to the end: all that has it open is gone */
		;
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
	ck_assert(dir_is_empty(tmp));
	ck_assert_int_eq(rmdir(tmp), 0);
}
END_TEST

Suite *suite_story_demo(void)
{
	Suite *suite = suite_create("story/demo");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, SCRIPT_WAIT_S);
	tcase_add_test(tcase, the_demo_proves_what_it_says_and_leaves_nothing);
	tcase_add_test(tcase, a_cluster_stays_until_a_signal_and_leaves_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
