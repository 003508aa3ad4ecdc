/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dtss-agent/spawn.h"
#include "dtss-agent/tree.h"

Suite *suite_unit_agent_spawn(void);

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/dtss-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(tree_remove(dir), 0);
}

/* What the kernel does not take as a group when it makes a process, but the process can enter: as one of version 1. */
static int odd_group(void)
{
	int procs = open("cgroup.procs", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), fd;

	ck_assert_int_ge(procs, 0);
	close(procs);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* The kernel had told a pidfd already when it gave up: a number that was the next file's, which we would have closed. */
START_TEST(a_process_that_must_enter_its_group_by_itself_has_a_pidfd)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL }, *paths[] = { "/bin/true", NULL };
	const struct account same = { 0 };
	struct spawn spawn = { .argv = argv, .envp = envp, .paths = paths, .account = &same };
	struct spawn_failure failure;
	struct spawned child;
	siginfo_t ended = { 0 };

	spawn.cwd = dir;
	spawn.out[0] = spawn.out[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	spawn.cgroup_fd = odd_group();
	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	ck_assert_int_eq(write(child.go_fd, "", 1), 1);
	ck_assert_int_eq(waitid(P_PIDFD, (id_t)child.pidfd, &ended, WEXITED), 0);
	ck_assert_int_eq(ended.si_pid, child.pid);
	ck_assert_int_eq(ended.si_code, CLD_EXITED);
	ck_assert_int_eq(ended.si_status, 0);
	ck_assert_int_eq(read(child.exec_fd, &failure, sizeof failure), 0);
	close(child.pidfd);
	close(child.go_fd);
	close(child.exec_fd);
	close(spawn.cgroup_fd);
	close(spawn.out[0]);
}
END_TEST

Suite *suite_unit_agent_spawn(void)
{
	Suite *s = suite_create("unit/agent_spawn");
	TCase *tc = tcase_create("spawn");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_process_that_must_enter_its_group_by_itself_has_a_pidfd);
	return s;
}
