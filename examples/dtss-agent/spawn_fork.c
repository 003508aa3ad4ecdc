/* SPDX-License-Identifier: MIT */
#include "dtss-agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "dtss-agent/spawn_child.h"
#include "dtss-agent/spawn_raw.h"

/*
 * Born in its group (version 2, since Linux 5.7): to move there is a write that waits until all processors have seen it,
 * 10 ms and more where nobody has moved for a while. A negative errno: it must enter by itself.
 */
static struct clone_args fork_args(const struct spawn *spawn, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
	};

	if (spawn->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)spawn->cgroup_fd;
	}
	return args;
}

/*
 * The child shares our memory until exec: to copy its tables, and then each page that one of us writes to, takes longer
 * than everything else here. We do not wait for it, so a program or directory on a file system that hangs holds up nobody
 * else. One that gives up our rights gets memory of its own, lest somebody with the new ones finds ours through it.
 */
static pid_t fork_shared(struct spawn_child *child, int *ret_pidfd)
{
	struct clone_args args = fork_args(&child->spawn, ret_pidfd);

	if (child->spawn.account->drop)
		return -ENOSYS;
	args.flags |= CLONE_VM;
	args.stack = (uint64_t)(uintptr_t)child->stack;
	args.stack_size = sizeof child->stack;
	return (pid_t)raw_clone(&args, spawn_child_run, child);
}

static pid_t fork_own(struct spawn_child *child, int *ret_pidfd)
{
	struct clone_args args = fork_args(&child->spawn, ret_pidfd);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0)
		spawn_child_run(child);
	return pid < 0 ? -errno : pid;
}

static pid_t fork_old(struct spawn_child *child)
{
	pid_t pid;

	child->cgroup_fd = child->spawn.cgroup_fd;
	pid = fork();
	if (pid == 0)
		spawn_child_run(child);
	return pid < 0 ? -errno : pid;
}

/* 0 or a positive errno. What the child goes on needing of ours is in ret_spawned->room. */
static int fork_any(struct spawn_child *child, struct spawned *ret_spawned)
{
	int pidfd = -1; /* the kernel tells one even when it then gives up and takes it back */
	pid_t pid = fork_shared(child, &pidfd);

	if (pid > 0)
		ret_spawned->room = child;
	if (pid == -ENOSYS)
		pid = fork_own(child, &pidfd);
	if (pid < 0) {
		pid = fork_old(child);
		if (pid > 0 && (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0)
			return errno; /* closing go_fd ends it, and it is reaped like any orphan */
	}
	ret_spawned->pid = pid;
	ret_spawned->pidfd = pidfd;
	return pid < 0 ? -pid : 0;
}

static int fork_pipes(struct spawn_child *child, struct spawned *s)
{
	int done[2];

	if (pipe2(child->go, O_CLOEXEC) < 0)
		return errno;
	s->go_fd = child->go[1];
	if (pipe2(done, O_CLOEXEC) < 0)
		return errno;
	s->exec_fd = done[0];
	child->exec_fd = done[1];
	return fcntl(s->exec_fd, F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

static void fork_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int spawn_fork(const struct spawn *spawn, struct spawned *ret_spawned)
{
	struct spawned s = { .pid = -1, .pidfd = -1, .go_fd = -1, .exec_fd = -1 };
	struct spawn_child *child = malloc(sizeof *child);
	int err;

	if (!child)
		return ENOMEM;
	child->spawn = *spawn;
	child->cgroup_fd = child->go[0] = child->exec_fd = -1;
	err = fork_pipes(child, &s);
	if (err == 0)
		err = fork_any(child, &s);
	fork_close(child->go[0]);
	fork_close(child->exec_fd);
	if (!s.room)
		free(child);
	if (err == 0) {
		*ret_spawned = s;
		return 0;
	}
	fork_close(s.exec_fd);
	fork_close(s.go_fd);
	return err;
}
