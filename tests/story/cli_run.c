/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/cli.h"

Suite *suite_story_cli_run(void);

static void open_with_agent(struct cluster *c)
{
	cluster_open(c, NULL);
	(void)cluster_agent(c, CLUSTER_SAME, "one", "--slots", "4", "--tags", "gpu,x", "--grace", "1", NULL);
	cluster_agent_online(c, "one");
}

static void touch(const struct cluster *c, const char *name)
{
	char path[128];

	cluster_path(c, name, path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
}

START_TEST(output_and_status_are_those_of_the_command)
{
	struct cli_run run = { 0 };
	struct cluster c;

	open_with_agent(&c);
	cli(&c, &run, "run", "--tag", "x", "--", "sh", "-c", "echo hi; echo oops >&2; exit 7", NULL);
	ck_assert_str_eq(run.out, "hi\n");
	ck_assert_str_eq(run.err, "oops\n");
	ck_assert_int_eq(run.status, 7);
	cli(&c, &run, "run", "--env", "A=1", "--env", "B=x y", "sh", "-c", "printf '%s' \"$A $B\"", NULL);
	ck_assert_str_eq(run.out, "1 x y");
	ck_assert_str_eq(run.err, "");
	ck_assert_int_eq(run.status, 0);
	cli(&c, &run, "run", "sh", "-c", "kill -9 $$", NULL);
	ck_assert_int_eq(run.status, 128 + 9);
	cli(&c, &run, "run", "--timeout", "200ms", c.probe, "sleep", "30", NULL);
	ck_assert_int_eq(run.status, 128 + 15);
	ck_assert_ptr_nonnull(strstr(run.err, "timed out"));
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(what_cannot_be_run_has_the_status_that_a_shell_gives)
{
	struct cli_run run = { 0 };
	struct cluster c;

	open_with_agent(&c);
	cli(&c, &run, "run", "no-such-program", NULL);
	ck_assert_int_eq(run.status, 127);
	ck_assert_ptr_nonnull(strstr(run.err, "no-such-program"));
	cli(&c, &run, "run", "/etc/passwd", NULL);
	ck_assert_int_eq(run.status, 126);
	cli(&c, &run, "run", "--timeout", "soon", "true", NULL);
	ck_assert_int_eq(run.status, 125);
	ck_assert_ptr_nonnull(strstr(run.err, "--timeout: expected a time"));
	cli(&c, &run, "run", NULL);
	ck_assert_int_eq(run.status, 125);
	cli(&c, &run, "run", "--tag", "", "true", NULL);
	ck_assert_int_eq(run.status, 125);
	ck_assert_ptr_nonnull(strstr(run.err, "tags"));
	cli(&c, &run, "run", "--after", "4711", "true", NULL);
	ck_assert_int_eq(run.status, 125);
	ck_assert_ptr_nonnull(strstr(run.err, "after"));
	cli(&c, &run, "--url", "http://127.0.0.1:1", "run", "true", NULL);
	ck_assert_int_eq(run.status, 125);
	ck_assert_int_eq(cli_count(run.err, "\n"), 1);
	ck_assert_ptr_nonnull(strstr(run.err, "start dtssd there, or name another with --url or DTSS_URL"));
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(while_it_waits_it_says_why_once)
{
	struct cli_run run = { 0 };
	struct cluster c;
	json_t *task;

	open_with_agent(&c);
	cli_start(&c, &run, "run", "--tag", "gpuu", "true", NULL);
	cli_says(&run, 1, "waiting: no worker has tag \"gpuu\" (did you mean \"gpu\"?)\n");
	ck_assert_int_eq(kill(run.pid, SIGINT), 0);
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 125);
	ck_assert_int_eq(cli_count(run.err, "waiting:"), 1);
	ck_assert_str_eq(run.out, "");
	task = cluster_until(&c, 1, "cancelled");
	json_decref(task);
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(output_comes_while_the_command_runs)
{
	struct cli_run run = { 0 };
	char path[128];
	struct cluster c;

	open_with_agent(&c);
	cluster_path(&c, "go", path);
	cli_start(&c, &run, "run", c.probe, "print", "first", "err", "second", "wait", path, "print", "third", NULL);
	cli_says(&run, 0, "first\n");
	cli_says(&run, 1, "second\n");
	touch(&c, "go");
	cli_end(&c, &run);
	ck_assert_str_eq(run.out, "first\nthird\n");
	ck_assert_str_eq(run.err, "second\n");
	ck_assert_int_eq(run.status, 0);
	cli(&c, &run, "run", c.probe, "write", "3000000", NULL);
	ck_assert_uint_eq(run.out_len, 3000000);
	ck_assert_int_eq(run.status, 0);
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(a_signal_cancels_and_a_second_one_leaves)
{
	struct cli_run run = { 0 };
	struct cluster c;

	open_with_agent(&c);
	cli_start(&c, &run, "run", c.probe, "print", "on", "sleep", "600", NULL);
	cli_says(&run, 0, "on\n");
	ck_assert_int_eq(kill(run.pid, SIGINT), 0);
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 125);
	json_decref(cluster_until(&c, 1, "cancelled"));
	cluster_no_strays(&c);
	cli_start(&c, &run, "run", "--tag", "nobody", "true", NULL);
	cli_says(&run, 1, "waiting:");
	cluster_scheduler_kill(&c); /* so the first one cannot be followed */
	cli_says(&run, 1, "lost the scheduler");
	ck_assert_int_eq(kill(run.pid, SIGTERM), 0);
	ck_assert_int_eq(kill(run.pid, SIGINT), 0);
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 125);
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

/* As SIGPIPE ends a command whose output nobody wants. */
START_TEST(it_ends_when_nobody_reads)
{
	struct cli_run run = { 0 };
	struct cluster c;
	int ends[2];

	open_with_agent(&c);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	cli_start_to(&c, &run, ends[1],
		     (char *const[]){ (char *)"dtss", (char *)"run", (char *)"--", c.probe, (char *)"print",
				      (char *)"on", (char *)"sleep", (char *)"600", NULL });
	close(ends[1]);
	close(ends[0]);
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 125);
	json_decref(cluster_until(&c, 1, "cancelled"));
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(it_survives_the_scheduler_without_losing_or_repeating_a_byte)
{
	static const char *const rounds[] = { "go1", "go2" };
	struct cli_run run = { 0 };
	char go1[128], go2[128];
	struct cluster c;

	open_with_agent(&c);
	cluster_path(&c, "go1", go1);
	cluster_path(&c, "go2", go2);
	cli_start(&c, &run, "run", c.probe, "write", "100000", "print", "one", "err", "one", "wait", go1, "write",
		  "100000", "print", "two", "err", "two", "wait", go2, "print", "three", "exit", "3", NULL);
	cli_says(&run, 0, "one\n");
	cli_says(&run, 1, "one\n");
	for (int i = 0; i < 2; i++) {
		cluster_kill(&c, c.scheduler, i ? SIGTERM : SIGKILL);
		cli_says(&run, 1, "lost the scheduler");
		cluster_scheduler_start(&c);
		touch(&c, rounds[i]);
		if (i == 0)
			cli_says(&run, 0, "two\n");
	}
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 3);
	ck_assert_uint_eq(run.out_len, 200000 + strlen("one\ntwo\nthree\n"));
	ck_assert_str_eq(run.out + 100000 + 4 + 100000, "two\nthree\n");
	ck_assert_int_eq(cli_count(run.err, "one\n"), 1);
	ck_assert_int_eq(cli_count(run.err, "two\n"), 1);
	ck_assert_int_le(cli_count(run.err, "lost the scheduler"), 2);
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(attempts_follow_each_other_and_the_last_one_counts)
{
	struct cli_run run = { 0 };
	struct cluster c;

	open_with_agent(&c);
	cli(&c, &run, "run", "--retries", "1", "sh", "-c", "echo attempt $DTSS_ATTEMPT; exit $((4 + DTSS_ATTEMPT))",
	    NULL);
	ck_assert_str_eq(run.out, "attempt 1\nattempt 2\n");
	ck_assert_str_eq(run.err, "");
	ck_assert_int_eq(run.status, 6);
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

START_TEST(a_key_runs_a_task_once)
{
	struct cli_run run = { 0 };
	struct cluster c;

	open_with_agent(&c);
	for (int i = 0; i < 2; i++) {
		cli(&c, &run, "run", "--key", "k", "--name", "n", "sh", "-c", "echo $DTSS_TASK; exit 9", NULL);
		ck_assert_str_eq(run.out, "1\n");
		ck_assert_int_eq(run.status, 9);
	}
	cli(&c, &run, "run", "--key", "k", "true", NULL);
	ck_assert_int_eq(run.status, 125);
	ck_assert_ptr_nonnull(strstr(run.err, "key: already used for task 1"));
	cli_free(&run);
	cluster_close(&c);
}
END_TEST

Suite *suite_story_cli_run(void)
{
	Suite *suite = suite_create("story/cli_run");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, output_and_status_are_those_of_the_command);
	tcase_add_test(tcase, what_cannot_be_run_has_the_status_that_a_shell_gives);
	tcase_add_test(tcase, while_it_waits_it_says_why_once);
	tcase_add_test(tcase, output_comes_while_the_command_runs);
	tcase_add_test(tcase, a_signal_cancels_and_a_second_one_leaves);
	tcase_add_test(tcase, it_ends_when_nobody_reads);
	tcase_add_test(tcase, it_survives_the_scheduler_without_losing_or_repeating_a_byte);
	tcase_add_test(tcase, attempts_follow_each_other_and_the_last_one_counts);
	tcase_add_test(tcase, a_key_runs_a_task_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
