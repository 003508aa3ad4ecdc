/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dtss.h>
#include "support/cli.h"
#include "support/dtssd.h"

Suite *suite_story_cli_tasks(void);

static struct cluster c;
static struct cli_run run;

static void open_with_agent(void)
{
	cluster_open(&c, NULL);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--slots", "4", "--tags", "x", "--grace", "1", NULL);
	cluster_agent_online(&c, "one");
}

static void close_all(void)
{
	cli_free(&run);
	cluster_close(&c);
}

static int begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Writes a file for --file; gives its path. */
static const char *tasks_file(const char *text)
{
	static char path[128];
	FILE *f;

	cluster_path(&c, "tasks.json", path);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

START_TEST(submit_prints_ids_and_wait_tells_of_failures)
{
	open_with_agent();
	cli(&c, &run, "submit", "--name", "good", "--", "true", NULL);
	ck_assert_str_eq(run.out, "1\n");
	ck_assert_int_eq(run.status, 0);
	cli(&c, &run, "submit", "--after", "1", "sh", "-c", "exit 3", NULL);
	ck_assert_str_eq(run.out, "2\n");
	cli(&c, &run, "wait", "1", NULL);
	ck_assert_int_eq(run.status, 0);
	ck_assert_str_eq(run.err, "");
	cli(&c, &run, "wait", "1", "2", NULL);
	ck_assert_int_eq(run.status, 1);
	ck_assert_str_eq(run.err, "dtss: task 2: exit 3\n");
	cli(&c, &run, "wait", "4711", NULL);
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "wait", "one", NULL);
	ck_assert_int_eq(run.status, 2);
	cli(&c, &run, "submit", "--json", "true", NULL);
	ck_assert_ptr_nonnull(strstr(run.out, "{\"id\":3,\"state\":\""));
	close_all();
}
END_TEST

START_TEST(wait_goes_on_when_the_scheduler_is_back)
{
	char go[128];

	open_with_agent();
	cluster_path(&c, "go", go);
	ck_assert_uint_eq(cluster_probe(&c, NULL, "wait", go, NULL), 1);
	cli_start(&c, &run, "wait", "1", NULL);
	json_decref(cluster_until(&c, 1, "running"));
	cli_connects(&run);
	cluster_scheduler_kill(&c);
	cli_says(&run, 1, "lost the scheduler");
	cluster_scheduler_start(&c);
	close(creat(go, 0600));
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 0);
	close_all();
}
END_TEST

START_TEST(files_bring_one_task_an_array_or_lines)
{
	cluster_open(&c, NULL);
	cli(&c, &run, "submit", "-f", tasks_file(" {\n\"argv\": [\"a\"]\n}\n"), NULL);
	ck_assert_str_eq(run.out, "1\n");
	cli(&c, &run, "submit", "--file", tasks_file("[{\"argv\":[\"a\"]},{\"argv\":[\"b\"]}]"), NULL);
	ck_assert_str_eq(run.out, "2\n3\n");
	cli(&c, &run, "submit", "-f", tasks_file("{\"argv\":[\"a\"]}\n{\"argv\":[]}\n{\"argv\":[\"b\"]}\n"), NULL);
	ck_assert_str_eq(run.out, "4\n5\n");
	ck_assert_str_eq(run.err, "dtss: line 2: argv: expected an array of at least one string\n");
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "submit", "-f", tasks_file("[{\"argv\":[\"a\"]},{\"arg\":[\"b\"]}]"), NULL);
	ck_assert_str_eq(run.out, "");
	ck_assert_ptr_nonnull(strstr(run.err, "[1]"));
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "submit", "-f", tasks_file("{\"argv\":["), NULL);
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "submit", "-f", "x", "true", NULL);
	ck_assert_int_eq(run.status, 2);
	cli(&c, &run, "submit", NULL);
	ck_assert_int_eq(run.status, 2);
	close_all();
}
END_TEST

START_TEST(ls_has_the_newest_and_what_the_filters_let_through)
{
	cluster_open(&c, NULL);
	for (int i = 0; i < 3; i++)
		cli(&c, &run, "submit", "--name", i == 1 ? "odd" : "even", "--label", i == 2 ? "team=a b" : "team=b",
		    "--queue", i == 0 ? "night" : "day", "true", NULL);
	cli(&c, &run, "ls", "--limit", "2", NULL);
	ck_assert(begins(run.out, "2\tready\todd\tday\t-\t0\t"));
	ck_assert_ptr_nonnull(strstr(run.out, "\n3\tready\teven\tday\t-\t0\t"));
	ck_assert_int_eq(cli_count(run.out, "\n"), 2);
	cli(&c, &run, "ls", "--name", "odd", NULL);
	ck_assert(begins(run.out, "2\t"));
	ck_assert_int_eq(cli_count(run.out, "\n"), 1);
	cli(&c, &run, "ls", "--label", "team=a b", NULL);
	ck_assert(begins(run.out, "3\t"));
	cli(&c, &run, "cancel", "1", NULL);
	cli(&c, &run, "ls", "--state", "cancelled,failed", "--queue", "night", "--limit", "1", NULL);
	ck_assert(begins(run.out, "1\tcancelled\t"));
	cli(&c, &run, "ls", "--state", "redy", NULL);
	ck_assert_str_eq(run.err, "dtss: state: expected ready\n");
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "ls", "--json", "--limit", "1", NULL);
	ck_assert(begins(run.out, "{\"tasks\":[{\"id\":3,"));
	close_all();
}
END_TEST

START_TEST(what_strangers_wrote_is_harmless_on_a_terminal)
{
	cluster_open(&c, NULL);
	cli(&c, &run, "submit", "--name", "\033[31mred\n\t\u202e", "true", NULL);
	cli(&c, &run, "ls", NULL);
	ck_assert_ptr_nonnull(strstr(run.out, "\\x1b[31mred\\x0a\\x09\\xe2\\x80\\xae"));
	ck_assert_ptr_null(strchr(run.out, '\033'));
	cli(&c, &run, "show", "1", NULL);
	ck_assert_ptr_null(strchr(run.out, '\033'));
	cli(&c, &run, "submit", "--name", "\xff", "true", NULL);
	ck_assert_ptr_nonnull(strstr(run.err, "--name: expected text in UTF-8"));
	ck_assert_int_eq(run.status, 2);
	close_all();
}
END_TEST

START_TEST(logs_are_those_of_an_attempt_or_of_all_that_follow)
{
	char go[128];

	open_with_agent();
	cluster_path(&c, "go", go);
	cli(&c, &run, "submit", "--retries", "1", "sh", "-c",
	    "echo out $DTSS_ATTEMPT; echo err $DTSS_ATTEMPT >&2; [ $DTSS_ATTEMPT = 2 ]", NULL);
	cli(&c, &run, "logs", "-f", "1", NULL);
	ck_assert_str_eq(run.out, "out 1\nout 2\n");
	cli(&c, &run, "logs", "1", NULL);
	ck_assert_str_eq(run.out, "out 2\n");
	cli(&c, &run, "logs", "1", "--stderr", "--attempt", "1", NULL);
	ck_assert_str_eq(run.out, "err 1\n");
	cli(&c, &run, "logs", "-f", "--attempt", "1", "1", NULL);
	ck_assert_str_eq(run.out, "out 1\n");
	cli(&c, &run, "logs", "--attempt", "3", "1", NULL);
	ck_assert_int_eq(run.status, 1);
	ck_assert_ptr_nonnull(strstr(run.err, "no attempt 3"));
	ck_assert_uint_eq(cluster_probe(&c, NULL, "print", "now", "wait", go, "print", "then", NULL), 2);
	cli_start(&c, &run, "logs", "--follow", "2", NULL);
	cli_says(&run, 0, "now\n");
	close(creat(go, 0600));
	cli_end(&c, &run);
	ck_assert_str_eq(run.out, "now\nthen\n");
	ck_assert_int_eq(run.status, 0);
	close_all();
}
END_TEST

START_TEST(tasks_are_shown_explained_and_steered)
{
	open_with_agent();
	cli(&c, &run, "submit", "--name", "n", "--tag", "y", "--env", "A=b c", "sh", "-c", "exit 0", NULL);
	cli(&c, &run, "why", "1", NULL);
	ck_assert_str_eq(run.out, "no worker has tag \"y\" (did you mean \"x\"?)\n");
	cli(&c, &run, "show", "1", NULL);
	ck_assert_ptr_nonnull(strstr(run.out, "state             ready\n"));
	ck_assert_ptr_nonnull(strstr(run.out, "argv              sh -c 'exit 0'\n"));
	ck_assert_ptr_nonnull(strstr(run.out, "A=b c"));
	cli(&c, &run, "hold", "1", NULL);
	json_decref(cluster_until(&c, 1, "held"));
	cli(&c, &run, "release", "--json", "1", NULL);
	ck_assert_ptr_nonnull(strstr(run.out, "\"state\":\"ready\""));
	cli(&c, &run, "cancel", "1", "4711", NULL);
	ck_assert_str_eq(run.err, "dtss: there is no task 4711\n");
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "cancel", "1", NULL);
	ck_assert_str_eq(run.err, "dtss: task 1 has ended: it is cancelled\n");
	cli(&c, &run, "retry", "1", NULL);
	ck_assert_str_eq(run.out, "2\n");
	cli(&c, &run, "run", "--after", "1", "true", NULL);
	ck_assert_str_eq(run.err, "dtss: task 3: skipped: dependency\n");
	ck_assert_int_eq(run.status, 125);
	close_all();
}
END_TEST

START_TEST(workers_are_listed_and_drained)
{
	struct cli_run other = { 0 };

	open_with_agent();
	cli(&c, &run, "workers", NULL);
	ck_assert(begins(run.out, "one\tonline\t0\t4\tx\t-\t"));
	cli(&c, &run, "drain", "one", NULL);
	ck_assert_int_eq(run.status, 0);
	cli(&c, &run, "workers", NULL);
	ck_assert(begins(run.out, "one\tonline,draining\t"));
	cli_start(&c, &run, "run", "true", NULL);
	cli_says(&run, 1, "waiting: the workers that would fit are ");
	cli(&c, &other, "uncordon", "one", NULL);
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 0);
	cli(&c, &run, "cordon", "one", "two", NULL);
	ck_assert_str_eq(run.err, "dtss: there is no worker two\n");
	ck_assert_int_eq(run.status, 1);
	cli_free(&other);
	close_all();
}
END_TEST

START_TEST(a_token_is_asked_for_and_taken)
{
	struct dtssd_run d;
	char path[128];
	FILE *f;

	cluster_open(&c, NULL); /* for its directory alone */
	cluster_path(&c, "token", path);
	f = fopen(path, "we");
	fputs("0123456789abcdef0123456789abcdef\n", f);
	fclose(f);
	chmod(path, 0600);
	dtssd_start(&d, "--token-file", path, NULL);
	cli(&c, &run, "--url", d.url, "ls", NULL);
	ck_assert_ptr_nonnull(strstr(run.err, "wants a token: give its token with --token-file or DTSS_TOKEN"));
	ck_assert_int_eq(cli_count(run.err, "\n"), 1);
	ck_assert_int_eq(run.status, 1);
	cli(&c, &run, "run", "--url", d.url, "true", NULL);
	ck_assert_int_eq(run.status, 125);
	cli(&c, &run, "ls", "--url", d.url, "--token-file", path, NULL);
	ck_assert_str_eq(run.err, "");
	ck_assert_int_eq(run.status, 0);
	setenv("DTSS_TOKEN", "fedcba9876543210fedcba9876543210", 1);
	cli(&c, &run, "ls", "--url", d.url, NULL);
	ck_assert_ptr_nonnull(strstr(run.err, "does not know this token"));
	unsetenv("DTSS_TOKEN");
	ck_assert_int_eq(dtssd_stop(&d, SIGTERM), 0);
	dtssd_clean(&d);
	close_all();
}
END_TEST

START_TEST(states_are_those_of_the_library)
{
	char edge[64];

	cluster_open(&c, NULL);
	cli(&c, &run, "states", "--dot", NULL);
	for (uint32_t from = 0; from < DTSS_TASK_STATES; from++) {
		for (uint32_t to = 0; to < DTSS_TASK_STATES; to++) {
			snprintf(edge, sizeof edge, "\t%s -> %s;\n", dtss_task_state_name(from),
				 dtss_task_state_name(to));
			ck_assert_int_eq(cli_count(run.out, edge), dtss_task_edge(from, to));
		}
	}
	cli(&c, &run, "states", NULL);
	ck_assert_ptr_nonnull(strstr(run.out, "running -> delayed ready succeeded failed cancelled quarantined\n"));
	close_all();
}
END_TEST

START_TEST(mistakes_are_told_with_what_was_meant)
{
	cluster_open(&c, NULL);
	cli(&c, &run, "rum", "true", NULL);
	ck_assert_str_eq(run.err, "dtss: no command rum (did you mean run?); try dtss --help\n");
	ck_assert_int_eq(run.status, 2);
	cli(&c, &run, "ls", "--sate", "x", NULL);
	ck_assert_ptr_nonnull(strstr(run.err, "did you mean --state?"));
	cli(&c, &run, "logs", "-x", "1", NULL);
	ck_assert_int_eq(run.status, 2);
	cli(&c, &run, NULL);
	ck_assert_int_eq(run.status, 2);
	cli(&c, &run, "--url", "localhost:80", "ls", NULL);
	ck_assert_ptr_nonnull(strstr(run.err, "expected http://HOST:PORT"));
	cli(&c, &run, "stats", "x", NULL);
	ck_assert_int_eq(run.status, 2);
	cli_start_to(&c, &run, open("/dev/full", O_WRONLY), (char *const[]){ (char *)"dtss", (char *)"stats", NULL });
	cli_end(&c, &run);
	ck_assert_int_eq(run.status, 1);
	close_all();
}
END_TEST

Suite *suite_story_cli_tasks(void)
{
	Suite *suite = suite_create("story/cli_tasks");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, submit_prints_ids_and_wait_tells_of_failures);
	tcase_add_test(tcase, wait_goes_on_when_the_scheduler_is_back);
	tcase_add_test(tcase, files_bring_one_task_an_array_or_lines);
	tcase_add_test(tcase, ls_has_the_newest_and_what_the_filters_let_through);
	tcase_add_test(tcase, what_strangers_wrote_is_harmless_on_a_terminal);
	tcase_add_test(tcase, logs_are_those_of_an_attempt_or_of_all_that_follow);
	tcase_add_test(tcase, tasks_are_shown_explained_and_steered);
	tcase_add_test(tcase, workers_are_listed_and_drained);
	tcase_add_test(tcase, a_token_is_asked_for_and_taken);
	tcase_add_test(tcase, states_are_those_of_the_library);
	tcase_add_test(tcase, mistakes_are_told_with_what_was_meant);
	suite_add_tcase(suite, tcase);
	return suite;
}
