/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* Its group may be none (-1). What it writes goes nowhere. */
static struct spawn spawn_of(char **argv, char **paths, const struct account *account, int cgroup_fd)
{
	static char *envp[] = { NULL };

	return (struct spawn){ .argv = argv,
			       .envp = envp,
			       .paths = paths,
			       .cwd = dir,
			       .account = account,
			       .out = { 0, 0 },
			       .cgroup_fd = cgroup_fd };
}

/* Lets it go, and waits for its end. What came out of exec_fd is in *ret_failure: so many bytes. */
static ssize_t let_go(const struct spawned *child, siginfo_t *ret_ended, struct spawn_failure *ret_failure)
{
	ssize_t n;

	ck_assert_int_eq(write(child->go_fd, "", 1), 1);
	ck_assert_int_eq(waitid(P_PIDFD, (id_t)child->pidfd, ret_ended, WEXITED), 0);
	ck_assert_int_eq(ret_ended->si_pid, child->pid);
	ck_assert_int_eq(ret_ended->si_code, CLD_EXITED);
	n = read(child->exec_fd, ret_failure, sizeof *ret_failure);
	close(child->pidfd);
	close(child->go_fd);
	close(child->exec_fd);
	free(child->room);
	return n;
}

/* The kernel had told a pidfd already when it gave up: a number that was the next file's, which we would have closed. */
START_TEST(a_process_that_must_enter_its_group_by_itself_has_a_pidfd)
{
	char *argv[] = { "true", NULL }, *paths[] = { "/bin/true", NULL };
	const struct account same = { 0 };
	struct spawn spawn = spawn_of(argv, paths, &same, odd_group());
	struct spawn_failure failure;
	struct spawned child;
	siginfo_t ended = { 0 };

	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	ck_assert_ptr_null(child.room); /* so it may use the C library */
	ck_assert_int_eq(let_go(&child, &ended, &failure), 0);
	ck_assert_int_eq(ended.si_status, 0);
	close(spawn.cgroup_fd);
}
END_TEST

/* It shares the agent's memory, and the errno in it, while the agent runs on. */
START_TEST(what_fails_in_a_child_is_told_and_is_no_error_of_the_agent)
{
	char *argv[] = { "true", NULL }, *paths[] = { "/nowhere/true", NULL };
	const struct account same = { 0 };
	struct spawn spawn = spawn_of(argv, paths, &same, -1);
	struct spawn_failure failure;
	struct spawned child;
	siginfo_t ended = { 0 };

	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	errno = EXDEV;
	ck_assert_int_eq(let_go(&child, &ended, &failure), sizeof failure);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_int_eq(failure.step, SPAWN_EXEC);
	ck_assert_int_eq(failure.err, ENOENT);
	ck_assert_int_eq(ended.si_status, 127);
}
END_TEST

/* Whoever may look into its memory must not find the agent's. */
START_TEST(a_child_that_gives_up_rights_has_memory_of_its_own)
{
	char *argv[] = { "true", NULL }, *paths[] = { "/bin/true", NULL };
	const struct account nobody = { .drop = 1, .uid = 65534, .gid = 65534 };
	struct spawn spawn = spawn_of(argv, paths, &nobody, -1);
	struct spawn_failure failure;
	struct spawned child;
	siginfo_t ended = { 0 };
	int root = geteuid() == 0;

	spawn.cwd = "/";
	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	ck_assert_ptr_null(child.room);
	ck_assert_int_eq(let_go(&child, &ended, &failure), root ? 0 : sizeof failure);
	ck_assert_int_eq(ended.si_status, root ? 0 : 127);
}
END_TEST

/* From here on this process and all below it have no clone3(): the kernel is older, or a container's filter refuses it. */
static void refuse_clone3(int err)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof steps / sizeof steps[0], .filter = steps };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	ck_assert_int_eq(syscall(SYS_clone3, NULL, 0), -1);
	ck_assert_int_eq(errno, err);
}

/* ENOSYS before Linux 5.3, EINVAL for a flag that is not known yet, EPERM from a filter. */
static const int refusals[] = { ENOSYS, EINVAL, EPERM };

START_TEST(without_clone3_a_process_is_made_as_ever)
{
	char *argv[] = { "true", NULL }, *paths[] = { "/nowhere/true", "/bin/true", NULL };
	const struct account same = { 0 };
	struct spawn spawn = spawn_of(argv, paths, &same, odd_group());
	struct spawn_failure failure;
	struct spawned child;
	siginfo_t ended = { 0 };

	refuse_clone3(refusals[_i]);
	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	ck_assert_ptr_null(child.room);
	ck_assert_int_eq(let_go(&child, &ended, &failure), 0);
	ck_assert_int_eq(ended.si_status, 0);
	paths[1] = NULL;
	ck_assert_int_eq(spawn_fork(&spawn, &child), 0);
	ck_assert_int_eq(let_go(&child, &ended, &failure), sizeof failure);
	ck_assert_int_eq(failure.err, ENOENT);
	close(spawn.cgroup_fd);
}
END_TEST

Suite *suite_unit_agent_spawn(void)
{
	Suite *s = suite_create("unit/agent_spawn");
	TCase *tc = tcase_create("spawn");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_process_that_must_enter_its_group_by_itself_has_a_pidfd);
	tcase_add_test(tc, what_fails_in_a_child_is_told_and_is_no_error_of_the_agent);
	tcase_add_test(tc, a_child_that_gives_up_rights_has_memory_of_its_own);
	tcase_add_loop_test(tc, without_clone3_a_process_is_made_as_ever, 0, sizeof refusals / sizeof refusals[0]);
	return s;
}
