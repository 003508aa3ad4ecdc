/* SPDX-License-Identifier: MIT */
#include "dtss-agent/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dtss-agent/limits.h"

/* It keeps nothing open but the pipe and the lock: a new agent waits for the lock until all is cleared up. */
static void guard_close_others(int life_fd, int lock_fd)
{
	unsigned low = (unsigned)(life_fd < lock_fd ? life_fd : lock_fd),
		 high = (unsigned)(life_fd < lock_fd ? lock_fd : life_fd);
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (low > 3)
		(void)syscall(SYS_close_range, 3u, low - 1, 0);
	if (high > low + 1)
		(void)syscall(SYS_close_range, low + 1, high - 1, 0);
	(void)syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void guard_run(int life_fd, struct journal *journal)
{
	static const int deaf[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE };
	char byte;

	(void)setsid();
	(void)prctl(PR_SET_NAME, KIN_GUARD_NAME);
	for (size_t i = 0; i < sizeof deaf / sizeof deaf[0]; i++)
		(void)signal(deaf[i], SIG_IGN);
	guard_close_others(life_fd, journal->lock_fd);
	while (read(life_fd, &byte, 1) < 0 && errno == EINTR)
		;
	if (journal_read(journal) < 0)
		_exit(1);
	_exit(journal_exterminate(journal, JOURNAL_KILL_MS) != 0);
}

int guard_start(struct guard *guard, struct journal *journal)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		guard_run(ends[0], journal);
	}
	close(ends[0]);
	if (pid < 0) {
		int err = errno;

		close(ends[1]);
		return -err;
	}
	if (guard->life_fd > 0)
		close(guard->life_fd);
	*guard = (struct guard){ .pid = pid, .life_fd = ends[1] };
	return 0;
}

void guard_end(struct guard *guard)
{
	if (guard->life_fd > 0)
		close(guard->life_fd);
	if (guard->pid > 0)
		while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*guard = (struct guard){ 0 };
}
