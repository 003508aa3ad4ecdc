/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/support/run.h"

/*
 * The benches run in a child. Whatever ends it, an interrupt too, its servers end with it and its files go:
 *
 *      guard ──► benches ──► dtssd, redis-server, ...
 *        │          └─ gone: they become children of the guard, which ends them
 *        └─ removes the directory that all others were made in
 */
#define GUARD_PATIENCE_S 10 /* for servers that were asked to end; then they are made to */

static char guard_dir[64];

const char *bench_guard_dir(void)
{
	return guard_dir;
}

static void guard_dir_make(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(guard_dir, sizeof guard_dir, "%s/dtss-bench-XXXXXX",
		 base && *base && strlen(base) < 32 ? base : "/tmp");
	bench_must(mkdtemp(guard_dir) && chmod(guard_dir, 0711) == 0 ? 0 : DTSS_E_IO,
		   guard_dir); /* not all run as root */
}

/* The children that it has inherited. How many there were. */
static unsigned guard_kill(int sig)
{
	char path[64];
	unsigned count = 0;
	int pid;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	while (f && fscanf(f, "%d", &pid) == 1)
		count += kill(pid, sig) == 0;
	if (f)
		fclose(f);
	return count;
}

/* What a server leaves behind when it ends comes here too, so it is looked at again after each. */
static void guard_end_rest(const sigset_t *waited)
{
	const struct timespec second = { .tv_sec = 1 };

	for (int i = 0; guard_kill(i < GUARD_PATIENCE_S ? SIGTERM : SIGKILL) > 0; i++) {
		sigtimedwait(waited, NULL, &second);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			i--;
	}
}

/* How the child ended, when it has; until then it is told what this process is told. */
static int guard_wait(pid_t child, const sigset_t *waited)
{
	for (;;) {
		int status, sig = sigwaitinfo(waited, NULL);

		if (sig != SIGCHLD && sig > 0)
			kill(child, sig);
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
	}
}

int bench_guard(int (*run)(void *ctx), void *ctx)
{
	sigset_t waited, before;
	int status;
	pid_t child;

	sigemptyset(&waited);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGHUP);
	sigaddset(&waited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &waited, &before);
	bench_must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : DTSS_E_IO, "prctl");
	guard_dir_make();
	child = fork();
	bench_must(child >= 0 ? 0 : DTSS_E_NOMEM, "fork");
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
		exit(run(ctx));
	}
	status = guard_wait(child, &waited);
	guard_end_rest(&waited);
	bench_dir_remove(guard_dir);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
