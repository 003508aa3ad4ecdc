/* SPDX-License-Identifier: MIT */
#include "dtss-agent/spawn_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "dtss-agent/cgroup.h"
#include "dtss-agent/spawn_raw.h"
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* The numbers with 32 are where ids once had 16 bits. */
#ifdef SYS_setresuid32
#define CHILD_SETGROUPS SYS_setgroups32
#define CHILD_SETRESGID SYS_setresgid32
#define CHILD_SETRESUID SYS_setresuid32
#define CHILD_GETRESGID SYS_getresgid32
#define CHILD_GETRESUID SYS_getresuid32
#else
#define CHILD_SETGROUPS SYS_setgroups
#define CHILD_SETRESGID SYS_setresgid
#define CHILD_SETRESUID SYS_setresuid
#define CHILD_GETRESGID SYS_getresgid
#define CHILD_GETRESUID SYS_getresuid
#endif

/*
 * Between the child's first instruction and exec: only raw calls, for its errno, its locks and its heap may be the
 * agent's, which goes on beside it.
 *
 *	signals -> session -> cgroup -> limits -> groups -> gid -> uid -> proof -> no new privileges -> directory -> files
 *	-> wait until the journal has our pid -> exec
 */
#define CALL4(number, a, b, c, d) raw_call(number, (long)(a), (long)(b), (long)(c), (long)(d), 0)
#define CALL(number, a, b, c) CALL4(number, a, b, c, 0)
#define CHILD_SIGSET ((NSIG - 1) / 8) /* bytes */

static int child_errno(long rc)
{
	return rc < 0 ? (int)-rc : 0;
}

static _Noreturn void child_end(int status)
{
	for (;;)
		(void)CALL(SYS_exit_group, status, 0, 0);
}

static _Noreturn void child_fail(int fd, int step, int err)
{
	struct spawn_failure failure;

	failure.err = err;
	failure.step = step;
	child_end(CALL(SYS_write, fd, &failure, sizeof failure) < 0 ? 126 : 127);
}

/* Handlers, ignored signals and the mask are inherited; a task starts with none of ours. */
static void child_signals(void)
{
	const unsigned long fresh[8] = { 0 }; /* the kernel's own structure, SIG_DFL and nothing else, is shorter */
	const uint64_t none[2] = { 0 };

	for (int s = 1; s < NSIG; s++) /* KILL and STOP refuse: they are as they should be */
		(void)CALL4(SYS_rt_sigaction, s, fresh, NULL, CHILD_SIGSET);
	(void)CALL4(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, CHILD_SIGSET);
}

/* Never runs with more rights than it was asked for: every step is checked, and root must not come back. */
static int child_account(const struct account *account)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	int err;

	if (!account->drop)
		return 0;
	if ((err = child_errno(CALL(CHILD_SETGROUPS, account->group_count, account->groups, 0))) != 0 ||
	    (err = child_errno(CALL(CHILD_SETRESGID, account->gid, account->gid, account->gid))) != 0 ||
	    (err = child_errno(CALL(CHILD_SETRESUID, account->uid, account->uid, account->uid))) != 0 ||
	    (err = child_errno(CALL(CHILD_GETRESUID, &r, &e, &s))) != 0 ||
	    (err = child_errno(CALL(CHILD_GETRESGID, &gr, &ge, &gs))) != 0)
		return err;
	if (r != account->uid || e != r || s != r || gr != account->gid || ge != gr || gs != gr)
		return EPERM;
	if (account->uid != 0 && CALL(CHILD_SETRESUID, 0, 0, 0) == 0)
		return EPERM;
	return 0;
}

static int child_limits(void)
{
	const uint64_t none[2] = { 0, 0 };

	(void)CALL(SYS_umask, 077, 0, 0);
	return child_errno(CALL4(SYS_prlimit64, 0, RLIMIT_CORE, none, NULL));
}

/* 0, 1 and 2 are the task's; what else is open here closes by itself at exec. */
static int child_files(const struct spawn *spawn)
{
	long null = CALL(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);

	if (null < 0)
		return child_errno(null);
	for (int fd = 0; fd < 3; fd++) {
		long rc = CALL(SYS_dup3, fd == 0 ? null : spawn->out[fd - 1], fd, 0);

		if (rc < 0)
			return child_errno(rc);
	}
	if (CALL(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	for (int fd = 3; fd < 65536; fd++) /* before Linux 5.11 */
		(void)CALL(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* As execvp() does: the first that is not just absent decides, and one that may not be run is told in the end. */
static int child_exec(const struct spawn *spawn)
{
	int found = ENOENT;

	for (char **path = spawn->paths; *path; path++) {
		int err = child_errno(CALL(SYS_execve, *path, spawn->argv, spawn->envp));

		if (err == EACCES)
			found = EACCES;
		else if (err != ENOENT && err != ENOTDIR)
			return err;
	}
	return found;
}

void spawn_child_run(void *child)
{
	const struct spawn_child *c = child;
	const struct spawn *spawn = &c->spawn;
	char byte;
	int err;

	(void)CALL(SYS_close, c->go[1], 0, 0); /* else we would hold it open ourselves, and never see the agent die */
	child_signals();
	if ((err = child_errno(CALL(SYS_setsid, 0, 0, 0))) != 0)
		child_fail(c->exec_fd, SPAWN_FILES, err);
	if (c->cgroup_fd >= 0 && (err = cgroup_enter(c->cgroup_fd)) != 0)
		child_fail(c->exec_fd, SPAWN_CGROUP, err);
	if ((err = child_limits()) != 0 || (err = child_account(spawn->account)) != 0 ||
	    (err = child_errno(CALL4(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0))) != 0)
		child_fail(c->exec_fd, SPAWN_ACCOUNT, err);
	if ((err = child_errno(CALL(SYS_chdir, spawn->cwd, 0, 0))) != 0)
		child_fail(c->exec_fd, SPAWN_CWD, err);
	if ((err = child_files(spawn)) != 0)
		child_fail(c->exec_fd, SPAWN_FILES, err);
	if (CALL(SYS_read, c->go[0], &byte, 1) != 1)
		child_end(126); /* the agent died first: nobody knows us */
	child_fail(c->exec_fd, SPAWN_EXEC, child_exec(spawn));
}
