/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dtss.h>
#include "support/cluster.h"

Suite *suite_story_agent_run(void);

static int bytes_are(const struct cluster *c, uint64_t id, const char *stream, const char *expected)
{
	char *text = cluster_output(c, id, stream, NULL);
	int same = strcmp(text, expected) == 0;

	if (!same)
		fprintf(stderr, "%s: %.200s\n", stream, text);
	free(text);
	return same;
}

/* With the rights that we have, and with those of a user who can make no control group. */
static void open_with_agent(struct cluster *c, int rights)
{
	cluster_open(c, NULL);
	(void)cluster_agent(c, (enum cluster_rights)rights, "one", "--slots", "4", "--tags", "x,y", "--grace", "1",
			    NULL);
	cluster_agent_online(c, "one");
}

START_TEST(output_and_exit_code_arrive)
{
	struct cluster c;
	json_t *task;
	uint64_t id;

	open_with_agent(&c, _i);
	id = cluster_probe(&c, "{\"tags\":[\"x\"]}", "print", "hi", "err", "oh", "exit", "7", NULL);
	task = cluster_until(&c, id, "failed");
	ck_assert_str_eq(cluster_text(task, "cause"), "exit");
	ck_assert_int_eq(cluster_number(task, "exit_code"), 7);
	ck_assert_str_eq(cluster_text(task, "worker"), "one");
	ck_assert(bytes_are(&c, id, "stdout", "hi\n"));
	ck_assert(bytes_are(&c, id, "stderr", "oh\n"));
	json_decref(task);
	id = cluster_probe(&c, NULL, "die", "6", NULL);
	task = cluster_until(&c, id, "failed");
	ck_assert_str_eq(cluster_text(task, "cause"), "signal");
	ck_assert_int_eq(cluster_number(task, "signal"), 6);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

static void check_env(const json_t *env)
{
	static const char *const names[] = { "PATH", "HOME", "A", "DTSS_TASK", "DTSS_ATTEMPT", "DTSS_FENCE" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		ck_assert_msg(json_object_get(env, names[i]) != NULL, "%s is missing", names[i]);
	ck_assert_uint_eq(json_object_size(env), sizeof names / sizeof names[0]);
	ck_assert_str_eq(cluster_text(env, "PATH"), "/usr/bin:/bin");
	ck_assert_str_eq(cluster_text(env, "A"), "b c");
	ck_assert_str_eq(cluster_text(env, "DTSS_TASK"), "1");
	ck_assert_str_eq(cluster_text(env, "DTSS_ATTEMPT"), "1");
}

/* X4, X5 */
START_TEST(a_task_has_what_it_was_given_and_nothing_else)
{
	struct cluster c;
	json_t *seen;
	uint64_t id;
	char *text;

	cluster_open(&c, NULL);
	(void)cluster_agent(&c, (enum cluster_rights)_i, "one", "--path", "/usr/bin:/bin", NULL);
	id = cluster_probe(&c, "{\"env\":{\"A\":\"b c\"}}", "json", NULL);
	json_decref(cluster_until(&c, id, "succeeded"));
	text = cluster_output(&c, id, "stdout", NULL);
	seen = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(seen);
	check_env(json_object_get(seen, "env"));
	ck_assert_uint_eq(json_object_size(json_object_get(seen, "fds")), 3);
	ck_assert_str_eq(cluster_text(json_object_get(seen, "fds"), "0"), "/dev/null");
	ck_assert_uint_eq(json_array_size(json_object_get(seen, "signals")), 0);
	ck_assert_int_eq(cluster_number(seen, "pid"), cluster_number(seen, "sid"));
	ck_assert_int_eq(cluster_number(seen, "umask"), 077);
	ck_assert_int_eq(cluster_number(seen, "no_new_privs"), 1);
	ck_assert_ptr_nonnull(strstr(cluster_text(seen, "cwd"), "/work/agent-one/"));
	json_decref(seen);
	free(text);
	cluster_close(&c);
}
END_TEST

START_TEST(as_root_it_can_run_tasks_as_somebody_else)
{
	struct cluster c;
	json_t *seen;
	uint64_t id;
	char *text;

	if (getuid() != 0)
		return;
	cluster_open(&c, NULL);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--user", "nobody", NULL);
	id = cluster_probe(&c, NULL, "touch", "mine", "json", NULL);
	json_decref(cluster_until(&c, id, "succeeded"));
	text = cluster_output(&c, id, "stdout", NULL);
	seen = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(seen);
	ck_assert_int_eq(cluster_number(seen, "uid"), 65534);
	ck_assert_int_eq(cluster_number(seen, "gid"), 65534);
	ck_assert_uint_le(json_array_size(json_object_get(seen, "groups")), 1); /* its own, not root's */
	ck_assert_int_eq(cluster_number(seen, "no_new_privs"), 1);
	json_decref(seen);
	free(text);
	cluster_close(&c);
}
END_TEST

struct cannot {
	const char *task;
	int err;
	const char *detail;
};

static const struct cannot cannots[] = {
	{ "{\"argv\":[\"no-such-program\"]}", ENOENT, "no-such-program" },
	{ "{\"argv\":[\"/etc/passwd\"]}", EACCES, "/etc/passwd" },
	{ "{\"argv\":[\"./script\"],\"cwd\":\"%s\"}", ENOEXEC, "./script" },
	{ "{\"argv\":[\"true\"],\"cwd\":\"/no/such/directory\"}", ENOENT, "/no/such/directory" },
	{ "{\"argv\":[\"true\"],\"env\":{\"LD_PRELOAD\":\"x\"}}", EPERM, "LD_PRELOAD" },
	{ "{\"argv\":[\"true\"],\"env\":{\"DTSS_FENCE\":\"9\"}}", EPERM, "DTSS_FENCE" },
};

static void script_make(const struct cluster *c)
{
	char path[128];
	FILE *f;

	cluster_path(c, "script", path);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs("no program, and no #! either\n", f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* Not exit code 127: a program may exit with that. */
START_TEST(what_cannot_start_says_why)
{
	struct cluster c;

	open_with_agent(&c, 0);
	script_make(&c);
	for (size_t i = 0; i < sizeof cannots / sizeof cannots[0]; i++) {
		char text[512];
		json_t *task, *attempt;

		snprintf(text, sizeof text, cannots[i].task, c.dir);
		task = cluster_until(&c, cluster_submit(&c, json_loads(text, 0, NULL)), "failed");
		attempt = json_array_get(json_object_get(task, "attempts"), 0);
		ck_assert_str_eq(cluster_text(task, "cause"), "start_failed");
		ck_assert_int_eq(cluster_number(attempt, "err"), cannots[i].err);
		ck_assert_msg(strstr(cluster_text(attempt, "detail"), cannots[i].detail) != NULL, "%s",
			      cluster_text(attempt, "detail"));
		json_decref(task);
	}
	cluster_close(&c);
}
END_TEST

/* The agent went to sleep over it, until its next heartbeat, three seconds later. */
START_TEST(what_cannot_start_is_told_at_once)
{
	struct cluster c;
	uint64_t best_ms = CLUSTER_WAIT_MS;

	open_with_agent(&c, 0);
	for (int i = 0; i < 3; i++) { /* a busy machine may be slow, but not each time */
		uint64_t from_ns = dtss_now().mono_ns, took_ms;
		json_t *task = json_loads(cannots[4].task, 0, NULL);

		json_decref(cluster_until(&c, cluster_submit(&c, task), "failed"));
		took_ms = (dtss_now().mono_ns - from_ns) / 1000000;
		best_ms = took_ms < best_ms ? took_ms : best_ms;
	}
	ck_assert_uint_lt(best_ms, 2000);
	cluster_close(&c);
}
END_TEST

/* A machine that cannot make a directory must not fail the tasks of all others. */
START_TEST(what_only_this_machine_cannot_start_is_tried_again)
{
	struct cluster c;
	json_t *task, *attempt;
	char dir[128], aside[128];
	uint64_t id;

	open_with_agent(&c, 0);
	cluster_path(&c, "work/agent-one", dir);
	cluster_path(&c, "aside", aside);
	ck_assert_int_eq(rename(dir, aside), 0);
	id = cluster_probe(&c, NULL, "exit", "0", NULL);
	json_decref(cluster_until(&c, id, "delayed"));
	ck_assert_int_eq(rename(aside, dir), 0);
	task = cluster_until(&c, id, "succeeded");
	attempt = json_array_get(json_object_get(task, "attempts"), 0);
	ck_assert_str_eq(cluster_text(attempt, "cause"), "rejected");
	ck_assert_int_eq(cluster_number(attempt, "err"), ENOENT);
	ck_assert_int_eq(cluster_number(task, "failed_count"), 0);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

/* X8: 20 MB, of which the first 16 MiB are there, a notice, and the last 64 KiB. */
START_TEST(huge_output_is_cut_in_the_middle)
{
	struct cluster c;
	size_t len, notice;
	uint64_t id;
	char *text;

	open_with_agent(&c, 0);
	id = cluster_probe(&c, NULL, "write", "20000000", "print", "THE END", NULL);
	json_decref(cluster_until(&c, id, "succeeded"));
	text = cluster_output(&c, id, "stdout", &len);
	ck_assert_uint_gt(len, DTSS_LOG_STREAM_MAX + DTSS_LOG_TAIL_MAX);
	ck_assert_uint_le(len, DTSS_LOG_STREAM_MAX + DTSS_LOG_TAIL_MAX + DTSS_LOG_NOTICE_MAX);
	ck_assert_str_eq(text + len - 9, "\nTHE END\n");
	notice = strspn(text, ".\n");
	ck_assert_uint_eq(notice, DTSS_LOG_STREAM_MAX + 1);
	ck_assert_ptr_eq(strstr(text + notice, "dtss-agent: 3157256 bytes are left out"), text + notice + 1);
	free(text);
	cluster_close(&c);
}
END_TEST

/* What was written while the scheduler was away, and before, is all there in the end. */
START_TEST(a_restart_of_the_scheduler_loses_no_output)
{
	struct cluster c;
	char go[128], *text;
	uint64_t id;

	open_with_agent(&c, 0);
	cluster_path(&c, "go", go);
	id = cluster_probe(&c, NULL, "print", "before", "touch", "../../../first", "wait", go, "print", "after", "exit",
			   "3", NULL);
	cluster_file_appears(&c, "first");
	json_decref(cluster_until(&c, id, "running"));
	cluster_scheduler_kill(&c);
	close(open(go, O_WRONLY | O_CREAT, 0666));
	cluster_no_strays(&c); /* it has ended, and nobody could be told */
	cluster_scheduler_start(&c);
	json_decref(cluster_until(&c, id, "failed"));
	text = cluster_output(&c, id, "stdout", NULL);
	ck_assert_str_eq(text, "before\nafter\n");
	free(text);
	cluster_close(&c);
}
END_TEST

START_TEST(a_task_leaves_nothing_on_the_disk)
{
	struct cluster c;
	char dir[128];
	uint64_t id;

	open_with_agent(&c, 0);
	id = cluster_probe(&c, NULL, "touch", "a", "touch", ".b", "exit", "0", NULL);
	json_decref(cluster_until(&c, id, "succeeded"));
	cluster_path(&c, "work/agent-one/1", dir);
	for (int i = 0; access(dir, F_OK) == 0; i++) {
		ck_assert_int_lt(i, CLUSTER_WAIT_MS / 10);
		usleep(10000);
	}
	cluster_close(&c);
}
END_TEST

Suite *suite_story_agent_run(void)
{
	Suite *suite = suite_create("story/agent_run");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, output_and_exit_code_arrive, CLUSTER_SAME, CLUSTER_NOBODY + 1);
	tcase_add_loop_test(tcase, a_task_has_what_it_was_given_and_nothing_else, CLUSTER_SAME, CLUSTER_NOBODY + 1);
	tcase_add_test(tcase, as_root_it_can_run_tasks_as_somebody_else);
	tcase_add_test(tcase, what_cannot_start_says_why);
	tcase_add_test(tcase, what_cannot_start_is_told_at_once);
	tcase_add_test(tcase, what_only_this_machine_cannot_start_is_tried_again);
	tcase_add_test(tcase, huge_output_is_cut_in_the_middle);
	tcase_add_test(tcase, a_restart_of_the_scheduler_loses_no_output);
	tcase_add_test(tcase, a_task_leaves_nothing_on_the_disk);
	suite_add_tcase(suite, tcase);
	return suite;
}
