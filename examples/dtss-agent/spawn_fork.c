/* SPDX-License-Identifier: MIT */
#include "dtss-agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "dtss-agent/cgroup.h"
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/*
 * The C library's own tell all threads of which it knows, under a lock: after a clone3() that it does not see, these are
 * curl's in our parent, and one of them may have had the lock. The numbers with 32 are where ids once had 16 bits.
 */
#ifdef SYS_setresuid32
#define CHILD_SETGROUPS SYS_setgroups32
#define CHILD_SETRESGID SYS_setresgid32
#define CHILD_SETRESUID SYS_setresuid32
#else
#define CHILD_SETGROUPS SYS_setgroups
#define CHILD_SETRESGID SYS_setresgid
#define CHILD_SETRESUID SYS_setresuid
#endif

/*
 * Between fork and exec: only async-signal-safe calls, because curl may have threads.
 *
 *	cgroup -> wait until the journal has our pid -> limits -> groups -> gid -> uid -> proof -> no new privileges
 *	-> directory -> files -> exec
 */

static void child_fail(int fd, int step, int err)
{
	struct spawn_failure failure = { .err = err, .step = step };

	if (write(fd, &failure, sizeof failure) < 0)
		_exit(126);
	_exit(127);
}

/* Handlers, ignored signals and the mask are inherited; a task starts with none of ours. */
static void child_signals(void)
{
	struct sigaction fresh = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &fresh,
				NULL); /* KILL, STOP and those of the C library refuse: they are as they should be */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Never runs with more rights than it was asked for: every step is checked, and root must not come back. */
static int child_account(const struct account *account)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (!account->drop)
		return 0;
	if (syscall(CHILD_SETGROUPS, (size_t)account->group_count, account->groups) < 0)
		return errno;
	if (syscall(CHILD_SETRESGID, account->gid, account->gid, account->gid) < 0 ||
	    syscall(CHILD_SETRESUID, account->uid, account->uid, account->uid) < 0)
		return errno;
	if (getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0)
		return errno;
	if (r != account->uid || e != r || s != r || gr != account->gid || ge != gr || gs != gr)
		return EPERM;
	if (account->uid != 0 && syscall(CHILD_SETRESUID, 0, 0, 0) == 0)
		return EPERM;
	return 0;
}

static int child_limits(void)
{
	const struct rlimit none = { 0, 0 };

	(void)umask(077);
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return errno;
	return 0;
}

/* 0, 1 and 2 are the task's; what else is open here closes by itself at exec. */
static int child_files(const struct spawn *spawn)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, 0) < 0 || dup2(spawn->out[0], 1) < 0 || dup2(spawn->out[1], 2) < 0)
		return errno;
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	for (int fd = 3; fd < 65536; fd++) /* before Linux 5.11 */
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* As execvp() does: the first that is not just absent decides, and one that may not be run is told in the end. */
static int child_exec(const struct spawn *spawn)
{
	int err = ENOENT;

	for (char **path = spawn->paths; *path; path++) {
		execve(*path, spawn->argv, spawn->envp);
		if (errno == EACCES)
			err = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return err;
}

static void child_run(const struct spawn *spawn, int cgroup_fd, const int go[2], int exec_fd)
{
	char byte;
	int err;

	close(go[1]); /* else we would hold it open ourselves, and never see the agent die */
	child_signals();
	if (setsid() < 0)
		child_fail(exec_fd, SPAWN_FILES, errno);
	if (cgroup_fd >= 0 && (err = cgroup_enter(cgroup_fd)) != 0)
		child_fail(exec_fd, SPAWN_CGROUP, err);
	if (read(go[0], &byte, 1) != 1)
		_exit(126); /* the agent died first: nobody knows us */
	if ((err = child_limits()) != 0 || (err = child_account(spawn->account)) != 0 ||
	    (err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0) != 0)
		child_fail(exec_fd, SPAWN_ACCOUNT, err);
	if (chdir(spawn->cwd) < 0)
		child_fail(exec_fd, SPAWN_CWD, errno);
	if ((err = child_files(spawn)) != 0)
		child_fail(exec_fd, SPAWN_FILES, err);
	child_fail(exec_fd, SPAWN_EXEC, child_exec(spawn));
}

/*
 * Born in its group (version 2, since Linux 5.7): to move there is a write that waits until all processors have seen it,
 * 10 ms and more where nobody has moved for a while. -1: it must enter by itself.
 */
static pid_t fork_into(int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1; /* the kernel tells one even when it then gives up and takes it back */
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_fd,
	};
	pid_t pid = cgroup_fd < 0 ? -1 : (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

int spawn_fork(const struct spawn *spawn, struct spawned *ret_spawned)
{
	struct spawned s = { .pid = -1, .pidfd = -1, .go_fd = -1, .exec_fd = -1 };
	int go[2], done[2], err;

	if (pipe2(go, O_CLOEXEC) < 0)
		return errno;
	if (pipe2(done, O_CLOEXEC) < 0) {
		err = errno;
		goto no_pipe;
	}
	s.pid = fork_into(spawn->cgroup_fd, &s.pidfd);
	if (s.pid == 0)
		child_run(spawn, -1, go, done[1]);
	if (s.pid < 0)
		s.pid = fork();
	if (s.pid == 0)
		child_run(spawn, spawn->cgroup_fd, go, done[1]);
	err = s.pid < 0 ? errno : 0;
	close(go[0]);
	close(done[1]);
	s.go_fd = go[1];
	s.exec_fd = done[0];
	if (err == 0 && s.pidfd < 0 && (s.pidfd = (int)syscall(SYS_pidfd_open, s.pid, 0)) < 0)
		err = errno; /* closing go_fd ends it, and it is reaped like any orphan */
	if (err == 0 && fcntl(s.exec_fd, F_SETFL, O_NONBLOCK) < 0)
		err = errno;
	if (err == 0) {
		*ret_spawned = s;
		return 0;
	}
	close(s.exec_fd);
	close(s.go_fd);
	if (s.pidfd >= 0)
		close(s.pidfd);
	return err;
no_pipe:
	close(go[0]);
	close(go[1]);
	return err;
}
