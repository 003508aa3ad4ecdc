/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <dtss.h>
#include "dtss-agent/cgroup.h"
#include "support/cluster.h"

Suite *suite_story_agent_killed(void);

/* Leases that end while a test waits for it. */
#define SHORT_LEASE "lease_ms = 3000\nheartbeat_ms = 500\nsuspicious_ms = 1000\noffline_ms = 2000\n"

/* The guard of an agent: the process called dtss-guard that it started. */
static pid_t guard_of(pid_t agent)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while ((entry = readdir(proc))) {
		char path[300], line[256] = "";
		int pid, parent;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		f = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		if (fgets(line, sizeof line, f) && sscanf(line, "%d (dtss-guard) %*c %d", &pid, &parent) == 2 &&
		    parent == agent)
			found = pid;
		fclose(f);
	}
	closedir(proc);
	return found;
}

static long long incarnation_of(const struct cluster *c)
{
	json_t *answer = cluster_call(c, "GET", "/api/v2/workers", NULL, NULL);
	long long incarnation = cluster_number(json_array_get(json_object_get(answer, "workers"), 0), "incarnation");

	json_decref(answer);
	return incarnation;
}

/* Two tasks with all they start: six processes. */
static void run_families(struct cluster *c)
{
	uint64_t one = cluster_probe(c, NULL, "deaf", "hold", "1000", "gone", "1000", "touch", "../../../a", "sleep",
				     "1000", NULL);
	uint64_t two =
		cluster_probe(c, NULL, "hold", "1000", "gone", "1000", "touch", "../../../b", "sleep", "1000", NULL);

	cluster_file_appears(c, "a");
	cluster_file_appears(c, "b");
	json_decref(cluster_until(c, one, "running"));
	json_decref(cluster_until(c, two, "running"));
	while (cluster_strays(c) < 6)
		usleep(1000);
}

START_TEST(its_processes_die_with_the_agent)
{
	struct cluster c;
	pid_t agent;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, (enum cluster_rights)_i, "one", "--slots", "2", NULL);
	run_families(&c);
	cluster_kill(&c, agent, SIGKILL);
	cluster_no_strays(&c);
	cluster_close(&c);
}
END_TEST

/* X1, X6 */
START_TEST(the_next_start_kills_what_the_journal_lists)
{
	struct cluster c;
	long long incarnation;
	pid_t agent, guard;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, (enum cluster_rights)_i, "one", "--slots", "2", NULL);
	run_families(&c);
	incarnation = incarnation_of(&c);
	guard = guard_of(agent);
	ck_assert_int_gt(guard, 0);
	ck_assert_int_eq(kill(agent, SIGSTOP), 0); /* else it would start another guard */
	ck_assert_int_eq(kill(guard, SIGKILL), 0);
	cluster_kill(&c, agent, SIGKILL);
	ck_assert_int_eq(cluster_strays(&c), 6);
	agent = cluster_agent(&c, (enum cluster_rights)_i, "one", "--slots", "2", NULL);
	cluster_log_has(&c, "one", "2 of its tasks were cleared up");
	while (incarnation_of(&c) == incarnation)
		usleep(10000);
	ck_assert_int_gt(incarnation_of(&c), incarnation);
	cluster_close(&c);
}
END_TEST

START_TEST(a_guard_that_dies_is_replaced)
{
	struct cluster c;
	pid_t agent, guard, next;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", "--slots", "2", NULL);
	run_families(&c);
	guard = guard_of(agent);
	ck_assert_int_eq(kill(guard, SIGKILL), 0);
	while ((next = guard_of(agent)) == 0 || next == guard)
		usleep(1000);
	cluster_kill(&c, agent, SIGKILL);
	cluster_no_strays(&c);
	cluster_close(&c);
}
END_TEST

START_TEST(its_tasks_run_again_elsewhere)
{
	struct cluster c;
	char go[128];
	json_t *task;
	pid_t agent;
	uint64_t id;

	cluster_open(&c, SHORT_LEASE);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", NULL);
	cluster_path(&c, "go", go);
	id = cluster_probe(&c, NULL, "touch", "../../../began", "wait", go, "print", "done", NULL);
	cluster_file_appears(&c, "began");
	json_decref(cluster_until(&c, id, "running"));
	cluster_kill(&c, agent, SIGKILL);
	close(open(go, O_WRONLY | O_CREAT, 0666));
	(void)cluster_agent(&c, CLUSTER_SAME, "two", NULL);
	task = cluster_until(&c, id, "succeeded");
	ck_assert_str_eq(cluster_text(task, "worker"), "two");
	ck_assert_int_eq(cluster_number(task, "lost_count"), 1);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

/* Stopped for longer than its lease: another has the task, and what it then says of it counts nothing. */
START_TEST(a_late_report_is_refused)
{
	struct cluster c;
	json_t *task;
	pid_t one;
	uint64_t id;

	cluster_open(&c, SHORT_LEASE);
	one = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "1", NULL);
	id = cluster_probe(&c, NULL, "sleep", "4", "exit", "9", NULL);
	json_decref(cluster_until(&c, id, "running"));
	ck_assert_int_eq(kill(one, SIGSTOP), 0);
	(void)cluster_agent(&c, CLUSTER_SAME, "two", NULL);
	for (;;) {
		task = cluster_until(&c, id, "running");
		if (strcmp(cluster_text(task, "worker"), "two") == 0)
			break;
		json_decref(task);
		usleep(10000);
	}
	json_decref(task);
	ck_assert_int_eq(kill(one, SIGCONT), 0);
	task = cluster_until(&c, id, "end");
	ck_assert_uint_eq(json_array_size(json_object_get(task, "attempts")), 2);
	ck_assert_str_eq(cluster_text(task, "worker"), "two");
	ck_assert_int_eq(cluster_number(task, "exit_code"), 9);
	ck_assert_str_eq(cluster_text(json_array_get(json_object_get(task, "attempts"), 0), "cause"), "lost");
	json_decref(task);
	cluster_close(&c);
}
END_TEST

/* Where nobody can say that it may go on, it does not: before the lease ends. */
START_TEST(without_a_scheduler_tasks_end_before_their_lease)
{
	struct cluster c;
	uint64_t id;

	cluster_open(&c, SHORT_LEASE);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "1", NULL);
	id = cluster_probe(&c, NULL, "sleep", "1000", NULL);
	json_decref(cluster_until(&c, id, "running"));
	cluster_scheduler_kill(&c);
	cluster_no_strays(&c);
	cluster_scheduler_start(&c);
	cluster_log_has(&c, "one", "is back");
	json_decref(cluster_until(&c, id, "running")); /* again */
	cluster_close(&c);
}
END_TEST

/* Those of this incarnation. */
static int groups_of(const struct cgroup_home *home, long long incarnation)
{
	DIR *dir = opendir(home->path);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		long long of;

		count += sscanf(entry->d_name, "dtss-%lld-", &of) == 1 && of == incarnation;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* It is killed while it starts them: some processes have begun to be, some groups are made, and some are not. */
START_TEST(no_control_group_is_left_of_a_killed_agent)
{
	long long incarnations[12];
	struct cgroup_home home = { 0 };
	struct cluster c;
	int left = 0;

	cgroup_probe(&home);
	cluster_open(&c, NULL);
	for (size_t i = 0; i < sizeof incarnations / sizeof incarnations[0]; i++) {
		pid_t agent = cluster_agent(&c, CLUSTER_SAME, "one", "--slots", "8", NULL);

		cluster_agent_online(&c, "one");
		incarnations[i] = incarnation_of(&c);
		for (int task = 0; task < 8; task++)
			(void)cluster_probe(&c, NULL, "sleep", "1000", NULL);
		usleep((useconds_t)i * 1000);
		cluster_kill(&c, agent, SIGKILL);
		c.agent_count--;
	}
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--slots", "1", NULL); /* waits for the guard of the last */
	while (incarnation_of(&c) == incarnations[11])
		usleep(10000);
	for (size_t i = 0; i < sizeof incarnations / sizeof incarnations[0]; i++)
		left += groups_of(&home, incarnations[i]);
	ck_assert_int_eq(left, 0);
	cluster_close(&c);
}
END_TEST

/* An agent tries at its start whether it can make groups, and may be killed right then. */
START_TEST(what_a_killed_trial_left_is_removed)
{
	struct cgroup_home home = { 0 };
	char path[CGROUP_PATH_MAX + 64];
	pid_t dead = fork();

	if (dead == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(dead, NULL, 0), dead);
	cgroup_probe(&home);
	if (home.version == 0)
		return; /* nothing can be left then */
	snprintf(path, sizeof path, "%s/dtss-%d-0", home.path, (int)dead);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	cgroup_probe(&home);
	ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

/* Which is long before the next heartbeat. */
START_TEST(it_is_back_soon_after_the_scheduler)
{
	struct cluster c;
	struct timespec begin, end;
	uint64_t id;

	cluster_open(&c, "lease_ms = 150000\nheartbeat_ms = 30000\n");
	(void)cluster_agent(&c, CLUSTER_SAME, "one", NULL);
	cluster_agent_online(&c, "one");
	cluster_scheduler_kill(&c);
	cluster_log_has(&c, "one", "cannot reach the scheduler");
	cluster_scheduler_start(&c);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	id = cluster_probe(&c, NULL, "exit", "0", NULL);
	json_decref(cluster_until(&c, id, "succeeded"));
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 10);
	ck_assert_int_eq(cluster_log_count(&c, "one", "is back"), 1);
	cluster_close(&c);
}
END_TEST

Suite *suite_story_agent_killed(void)
{
	Suite *suite = suite_create("story/agent_killed");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, its_processes_die_with_the_agent, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_loop_test(tcase, the_next_start_kills_what_the_journal_lists, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_test(tcase, a_guard_that_dies_is_replaced);
	tcase_add_test(tcase, its_tasks_run_again_elsewhere);
	tcase_add_test(tcase, a_late_report_is_refused);
	tcase_add_test(tcase, without_a_scheduler_tasks_end_before_their_lease);
	tcase_add_test(tcase, no_control_group_is_left_of_a_killed_agent);
	tcase_add_test(tcase, what_a_killed_trial_left_is_removed);
	tcase_add_test(tcase, it_is_back_soon_after_the_scheduler);
	suite_add_tcase(suite, tcase);
	return suite;
}
