/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dtss-agent/journal.h"
#include "dtss-agent/tree.h"

Suite *suite_unit_agent_journal(void);

static char dir[64], path[96];

static void setup(void)
{
	strcpy(dir, "/tmp/dtss-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/journal", dir);
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove(dir), 0);
}

static void open_begun(struct journal *j, uint64_t incarnation)
{
	ck_assert_int_eq(journal_open(j, path, 0), 0);
	ck_assert_int_eq(journal_begin(j, incarnation), 0);
}

static void intend(struct journal *j, uint64_t fence)
{
	struct kin kin = { .task = fence * 10, .fence = fence, .attempt = 1 };

	ck_assert_int_eq(journal_intent(j, &kin), 0);
}

static void append(struct journal *j, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	ck_assert_int_eq(pwrite(j->fd, text, (size_t)len, j->end), len);
	j->end += len;
}

START_TEST(what_is_not_gone_is_found_again)
{
	struct kin kin = { .task = 7, .fence = 3, .attempt = 2, .cgroup = "/sys/fs/cgroup/dtss-1-3" };
	struct journal j;

	open_begun(&j, 99);
	intend(&j, 1);
	intend(&j, 2);
	ck_assert_int_eq(journal_intent(&j, &kin), 0);
	ck_assert_int_eq(journal_pid(&j, 3, 4242, 12345), 0);
	ck_assert_int_eq(journal_gone(&j, 1), 0);
	ck_assert_int_eq(journal_sync(&j), 0);
	journal_close(&j);
	ck_assert_int_eq(journal_open(&j, path, 0), 0);
	ck_assert_uint_eq(j.incarnation, 99);
	ck_assert_uint_eq(j.count, 2);
	ck_assert_uint_eq(j.damaged, 0);
	for (size_t i = 0; i < j.count; i++) {
		if (j.live[i].fence == 2) {
			ck_assert_uint_eq(j.live[i].task, 20);
			ck_assert_int_eq(j.live[i].pid, 0);
			continue;
		}
		ck_assert_uint_eq(j.live[i].fence, 3);
		ck_assert_uint_eq(j.live[i].attempt, 2);
		ck_assert_int_eq(j.live[i].pid, 4242);
		ck_assert_uint_eq(j.live[i].start, 12345);
		ck_assert_str_eq(j.live[i].cgroup, kin.cgroup);
	}
	journal_close(&j);
}
END_TEST

START_TEST(torn_and_damaged_lines_are_passed_over)
{
	struct journal j;

	open_begun(&j, 5);
	intend(&j, 1);
	append(&j, "0123456789abcdef gone 1\n"); /* somebody's hand, or a flipped bit */
	append(&j, "\n\377\001 what\n");
	intend(&j, 2);
	append(&j, "89abcdef01234567 intent 30 1 3 "); /* the power went out here */
	journal_close(&j);
	ck_assert_int_eq(journal_open(&j, path, 0), 0);
	ck_assert_uint_eq(j.count, 2);
	ck_assert_uint_eq(j.damaged, 4);
	ck_assert_uint_eq(j.incarnation, 5);
	journal_close(&j);
}
END_TEST

START_TEST(only_one_has_it)
{
	struct journal one, two;

	open_begun(&one, 5);
	ck_assert_int_eq(journal_open(&two, path, 20), -EBUSY);
	journal_close(&one);
	ck_assert_int_eq(journal_open(&two, path, 0), 0);
	journal_close(&two);
}
END_TEST

/* A boot ends every process: whoever has such a pid now has nothing to do with it. */
START_TEST(attempts_of_another_boot_are_over)
{
	struct journal j;

	open_begun(&j, 5);
	strcpy(j.boot, "another");
	intend(&j, 1);
	journal_close(&j);
	ck_assert_int_eq(journal_open(&j, path, 0), 0);
	ck_assert_uint_eq(j.count, 0);
	ck_assert_uint_eq(j.damaged, 0);
	journal_close(&j);
}
END_TEST

START_TEST(it_does_not_grow_for_ever)
{
	struct stat st;
	struct journal j;

	open_begun(&j, 5);
	intend(&j, 1);
	for (uint64_t fence = 2; fence < 5000; fence++) {
		intend(&j, fence);
		ck_assert_int_eq(journal_gone(&j, fence), 0);
	}
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 400000);
	journal_close(&j);
	ck_assert_int_eq(journal_open(&j, path, 0), 0);
	ck_assert_uint_eq(j.count, 1);
	ck_assert_uint_eq(j.incarnation, 5);
	journal_close(&j);
}
END_TEST

/* So that a sync has no more to write than the lines: neither a length nor where a block is. */
START_TEST(lines_stand_where_there_was_room_already)
{
	struct stat before, after;
	struct journal j;

	open_begun(&j, 5);
	ck_assert_int_eq(stat(path, &before), 0);
	for (uint64_t fence = 1; fence < 100; fence++)
		intend(&j, fence);
	ck_assert_int_eq(journal_sync(&j), 0);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_blocks, before.st_blocks);
	journal_close(&j);
}
END_TEST

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	return pid;
}

static int ended_by(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* X7: a pid alone says nothing; with the start time it does. */
START_TEST(it_kills_its_own_and_nobody_else)
{
	pid_t mine = sleeper(), other = sleeper();
	struct journal j;

	open_begun(&j, 5);
	intend(&j, 1);
	intend(&j, 2);
	ck_assert_int_eq(journal_pid(&j, 1, mine, kin_start_of(mine)), 0);
	ck_assert_int_eq(journal_pid(&j, 2, other, kin_start_of(other) - 1), 0);
	ck_assert_int_eq(journal_exterminate(&j, 5000), 0);
	ck_assert_int_eq(ended_by(mine), SIGKILL);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0);
	ck_assert_int_eq(kill(other, SIGTERM), 0);
	ck_assert_int_eq(ended_by(other), SIGTERM);
	journal_close(&j);
}
END_TEST

/* Another agent on this machine, of another scheduler, may have a task of the same number with the same fence. */
START_TEST(the_tasks_of_a_living_agent_are_its_own)
{
	char task[] = "DTSS_TASK=10", fence[] = "DTSS_FENCE=1", *envp[] = { task, fence, NULL };
	int ends[2];
	pid_t agent, found;
	struct journal j;
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	agent = fork();
	if (agent == 0) {
		char *argv[] = { (char *)"sleep", (char *)"1000", NULL };
		pid_t child;

		prctl(PR_SET_NAME, KIN_AGENT_NAME);
		child = fork();
		if (child == 0)
			execve("/bin/sleep", argv, envp);
		close(ends[1]);
		_exit(waitpid(child, NULL, 0) < 0);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* it runs: nobody holds the other end */
	close(ends[0]);
	open_begun(&j, 5);
	intend(&j, 1);
	ck_assert_int_eq(kin_signal(&j.live[0], KIN_ORPHANED, 0), 0);
	ck_assert_int_eq(journal_exterminate(&j, 0), 0);
	ck_assert_int_eq(waitpid(agent, NULL, WNOHANG), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	intend(&j, 1);
	ck_assert_int_eq(kill(agent, SIGKILL), 0); /* now it is an orphan */
	ck_assert_int_eq(ended_by(agent), SIGKILL);
	ck_assert_int_eq(journal_exterminate(&j, 5000), 0);
	found = wait(NULL);
	ck_assert_int_gt(found, 0);
	journal_close(&j);
}
END_TEST

Suite *suite_unit_agent_journal(void)
{
	Suite *suite = suite_create("unit/agent_journal");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_is_not_gone_is_found_again);
	tcase_add_test(tcase, torn_and_damaged_lines_are_passed_over);
	tcase_add_test(tcase, only_one_has_it);
	tcase_add_test(tcase, attempts_of_another_boot_are_over);
	tcase_add_test(tcase, it_does_not_grow_for_ever);
	tcase_add_test(tcase, lines_stand_where_there_was_room_already);
	tcase_add_test(tcase, it_kills_its_own_and_nobody_else);
	tcase_add_test(tcase, the_tasks_of_a_living_agent_are_its_own);
	suite_add_tcase(suite, tcase);
	return suite;
}
