/* SPDX-License-Identifier: MIT */
#include "support/dtssd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16

const char *program_path(const char *name)
{
	static char path[4096];
	const char *build = getenv("DTSS_BUILD");

	snprintf(path, sizeof path, "%s/%s", build ? build : "build", name);
	return path;
}

char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert(text != NULL);
	text[fread(text, 1, (1 << 16) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* The child dies with the test, however that ends. */
static pid_t spawn(const char **args, int out, int err)
{
	pid_t parent = getpid(), pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execv(args[0], (char **)args);
	_exit(127);
}

static size_t collect(const char **args, size_t n, va_list more)
{
	for (const char *arg; (arg = va_arg(more, const char *)) != NULL; args[n++] = arg)
		ck_assert_uint_lt(n, ARGS_MAX - 1);
	args[n] = NULL;
	return n;
}

/* Waits for the first line of stdout. */
static void launch(struct dtssd_run *run, va_list more)
{
	char listen_at[32], store[96], line[128] = "";
	const char *args[ARGS_MAX] = { program_path("dtssd"), "--listen", listen_at, "--store", store };
	int out[2], err = open(run->err, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	FILE *lines;

	ck_assert_int_ge(err, 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", run->port);
	snprintf(store, sizeof store, "sqlite:%s/s.db", run->dir);
	collect(args, 5, more);
	run->pid = spawn(args, out[1], err);
	close(out[1]);
	close(err);
	lines = fdopen(out[0], "r");
	ck_assert(lines != NULL);
	if (fgets(line, sizeof line, lines) == NULL)
		ck_abort_msg("dtssd did not start: %s", file_text(run->err));
	ck_assert_int_eq(sscanf(line, "listening on http://127.0.0.1:%u\n", &run->port), 1);
	snprintf(run->url, sizeof run->url, "http://127.0.0.1:%u", run->port);
	fclose(lines);
}

void dtssd_start(struct dtssd_run *run, ...)
{
	va_list more;

	memset(run, 0, sizeof *run);
	strcpy(run->dir, "/tmp/dtss-test-XXXXXX");
	ck_assert(mkdtemp(run->dir) != NULL);
	snprintf(run->err, sizeof run->err, "%s/err", run->dir);
	va_start(more, run);
	launch(run, more);
	va_end(more);
}

void dtssd_again(struct dtssd_run *run, ...)
{
	va_list more;

	ck_assert_int_eq(run->pid, 0);
	va_start(more, run);
	launch(run, more);
	va_end(more);
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

int dtssd_stop(struct dtssd_run *run, int signal)
{
	int status;

	ck_assert_int_gt(run->pid, 0);
	ck_assert_int_eq(kill(run->pid, signal), 0);
	ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
	run->pid = 0;
	return status_of(status);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void dtssd_clean(struct dtssd_run *run)
{
	if (run->pid > 0)
		dtssd_stop(run, SIGKILL);
	if (run->dir[0])
		nftw(run->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int dtssd_fails(char *err, size_t cap, ...)
{
	const char *args[ARGS_MAX] = { program_path("dtssd") };
	int fds[2], status;
	va_list more;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	va_start(more, cap);
	collect(args, 1, more);
	va_end(more);
	pid = spawn(args, fds[1], fds[1]);
	close(fds[1]);
	while (len + 1 < cap && (n = read(fds[0], err + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	err[len] = '\0';
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status_of(status);
}
