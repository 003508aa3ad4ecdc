/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dtss.h>
#include "support/cluster.h"

Suite *suite_story_agent_stop(void);

static double now_s(void)
{
	return (double)dtss_now().mono_ns / 1e9;
}

static void open_with_agent(struct cluster *c, int rights)
{
	cluster_open(c, NULL);
	(void)cluster_agent(c, (enum cluster_rights)rights, "one", "--slots", "4", "--grace", "1", NULL);
	cluster_agent_online(c, "one");
}

START_TEST(timeout_is_a_ladder)
{
	struct cluster c;
	double begin;
	json_t *task;
	uint64_t id;

	open_with_agent(&c, _i);
	id = cluster_probe(&c, "{\"timeout_ms\":200}", "sleep", "1000", NULL);
	task = cluster_until(&c, id, "failed");
	ck_assert_str_eq(cluster_text(task, "cause"), "timeout");
	ck_assert_int_eq(cluster_number(task, "signal"), SIGTERM);
	json_decref(task);
	begin = now_s();
	id = cluster_probe(&c, "{\"timeout_ms\":200}", "deaf", "hold", "1000", "gone", "1000", "sleep", "1000", NULL);
	task = cluster_until(&c, id, "failed");
	ck_assert_str_eq(cluster_text(task, "cause"), "timeout");
	ck_assert_int_eq(cluster_number(task, "signal"), SIGKILL);
	ck_assert(now_s() - begin >= 1.2); /* the grace was given */
	ck_assert_int_eq(cluster_strays(&c), 0);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

/* X2, X3: what a task leaves running ends with it, cannot delay its end, and does not change its exit code. */
START_TEST(nothing_outlives_its_task)
{
	struct cluster c;
	json_t *task;
	uint64_t id, other;

	open_with_agent(&c, _i);
	other = cluster_probe(&c, NULL, "gone", "1000", "sleep", "1000", NULL);
	json_decref(cluster_until(&c, other, "running"));
	id = cluster_probe(&c, NULL, "hold", "1000", "gone", "1000", "print", "x", "exit", "3", NULL);
	task = cluster_until(&c, id, "failed");
	ck_assert_int_eq(cluster_number(task, "exit_code"), 3);
	json_decref(task);
	while (cluster_strays(&c) > 2) /* those of the other task are still there */
		usleep(10000);
	json_decref(cluster_until(&c, other, "running"));
	ck_assert_int_eq(cluster_strays(&c), 2);
	cluster_close(&c);
}
END_TEST

/* Not even one that hides: for a lack of control groups it is known by being nobody else's. */
START_TEST(a_process_without_environment_ends_too)
{
	struct cluster c;

	open_with_agent(&c, _i);
	json_decref(cluster_until(&c, cluster_probe(&c, NULL, "bare", "1000", "exit", "0", NULL), "succeeded"));
	ck_assert_int_eq(cluster_strays(&c), 0);
	cluster_close(&c);
}
END_TEST

START_TEST(cancel_ends_the_processes)
{
	struct cluster c;
	uint64_t id;

	open_with_agent(&c, _i);
	id = cluster_probe(&c, NULL, "gone", "1000", "touch", "../../../ready", "sleep", "1000", NULL);
	cluster_file_appears(&c, "ready");
	json_decref(cluster_until(&c, id, "running"));
	json_decref(cluster_call(&c, "POST", "/api/v2/tasks/1/cancel", NULL, NULL));
	json_decref(cluster_until(&c, id, "cancelled"));
	cluster_no_strays(&c);
	cluster_close(&c);
}
END_TEST

START_TEST(sigterm_lets_tasks_finish)
{
	struct cluster c;
	char go[128];
	json_t *task;
	pid_t agent;
	uint64_t id;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "60", NULL);
	cluster_path(&c, "go", go);
	id = cluster_probe(&c, NULL, "wait", go, "print", "done", "exit", "5", NULL);
	json_decref(cluster_until(&c, id, "running"));
	ck_assert_int_eq(kill(agent, SIGTERM), 0);
	cluster_log_has(&c, "one", "may go on for 60 s");
	close(open(go, O_WRONLY | O_CREAT, 0666));
	ck_assert_int_eq(cluster_wait(&c, agent), 0);
	task = cluster_until(&c, id, "failed");
	ck_assert_int_eq(cluster_number(task, "exit_code"), 5);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

/* Given back, not charged: with one attempt allowed it runs again, on another agent. */
START_TEST(sigterm_gives_back_what_does_not_finish)
{
	struct cluster c;
	char go[128];
	json_t *task, *attempts;
	pid_t agent;
	uint64_t id;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "1", NULL);
	cluster_path(&c, "go", go);
	id = cluster_probe(&c, NULL, "wait", go, "exit", "0", NULL);
	json_decref(cluster_until(&c, id, "running"));
	ck_assert_int_eq(kill(agent, SIGTERM), 0);
	ck_assert_int_eq(cluster_wait(&c, agent), 0);
	ck_assert_int_eq(cluster_strays(&c), 0);
	close(open(go, O_WRONLY | O_CREAT, 0666));
	(void)cluster_agent(&c, CLUSTER_SAME, "two", NULL);
	task = cluster_until(&c, id, "succeeded");
	attempts = json_object_get(task, "attempts");
	ck_assert_uint_eq(json_array_size(attempts), 2);
	ck_assert_str_eq(cluster_text(json_array_get(attempts, 0), "cause"), "released");
	ck_assert_int_eq(cluster_number(task, "failed_count"), 0);
	ck_assert_int_eq(cluster_number(task, "lost_count"), 0);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

START_TEST(a_second_signal_is_at_once)
{
	struct cluster c;
	double begin;
	pid_t agent;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "60", NULL);
	json_decref(cluster_until(&c, cluster_probe(&c, NULL, "sleep", "1000", NULL), "running"));
	begin = now_s();
	ck_assert_int_eq(kill(agent, SIGTERM), 0);
	cluster_log_has(&c, "one", "may go on");
	ck_assert_int_eq(kill(agent, SIGINT), 0);
	(void)cluster_wait(&c, agent);
	ck_assert(now_s() - begin < 15);
	ck_assert_int_eq(cluster_strays(&c), 0);
	cluster_close(&c);
}
END_TEST

/* Not even a task that ignores SIGTERM is left for the next start to clear up, and then counted as lost. */
START_TEST(a_second_signal_gives_back_what_ignores_sigterm)
{
	struct cluster c;
	json_t *task;
	pid_t agent;
	uint64_t id;

	cluster_open(&c, NULL);
	agent = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "60", NULL);
	id = cluster_probe(&c, NULL, "deaf", "touch", "../../../ready", "sleep", "1000", NULL);
	cluster_file_appears(&c, "ready");
	json_decref(cluster_until(&c, id, "running"));
	ck_assert_int_eq(kill(agent, SIGTERM), 0);
	cluster_log_has(&c, "one", "may go on");
	ck_assert_int_eq(kill(agent, SIGTERM), 0);
	ck_assert_int_eq(cluster_wait(&c, agent), 0);
	ck_assert_int_eq(cluster_strays(&c), 0);
	task = cluster_until(&c, id, "ready");
	ck_assert_str_eq(cluster_text(json_array_get(json_object_get(task, "attempts"), 0), "cause"), "released");
	ck_assert_int_eq(cluster_number(task, "lost_count"), 0);
	json_decref(task);
	cluster_close(&c);
}
END_TEST

Suite *suite_story_agent_stop(void)
{
	Suite *suite = suite_create("story/agent_stop");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, timeout_is_a_ladder, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_loop_test(tcase, nothing_outlives_its_task, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_loop_test(tcase, a_process_without_environment_ends_too, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_loop_test(tcase, cancel_ends_the_processes, CLUSTER_SAME, CLUSTER_RIGHTS);
	tcase_add_test(tcase, sigterm_lets_tasks_finish);
	tcase_add_test(tcase, sigterm_gives_back_what_does_not_finish);
	tcase_add_test(tcase, a_second_signal_is_at_once);
	tcase_add_test(tcase, a_second_signal_gives_back_what_ignores_sigterm);
	suite_add_tcase(suite, tcase);
	return suite;
}
