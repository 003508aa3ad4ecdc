/* SPDX-License-Identifier: MIT */
#include "bench/support/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/bench.h"

#define STOP_MS 10000

static void become(const char *const *argv, const char *err_path, int out, pid_t parent)
{
	int err = open(err_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	sigset_t none;

	sigemptyset(&none);
	if (err >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && dup2(err, 2) >= 0 &&
	    dup2(out >= 0 ? out : err, 1) >= 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int daemon_start(struct daemon *d, const char *const *argv, const char *err_path, char *line, size_t cap)
{
	pid_t parent = getpid();
	int out[2] = { -1, -1 };
	FILE *lines;

	if (line && pipe2(out, O_CLOEXEC) != 0)
		return -1;
	d->pid = fork();
	if (d->pid == 0)
		become(argv, err_path, out[1], parent);
	if (!line)
		return d->pid > 0 ? 0 : -1;
	close(out[1]);
	lines = fdopen(out[0], "r");
	if (d->pid < 0 || !lines || !fgets(line, (int)cap, lines))
		line[0] = '\0';
	if (lines)
		fclose(lines);
	return d->pid > 0 ? 0 : -1;
}

void daemon_stop(struct daemon *d)
{
	struct pollfd ended = { .fd = -1, .events = POLLIN };

	if (d->pid <= 0)
		return;
	ended.fd = (int)syscall(SYS_pidfd_open, d->pid, 0);
	kill(d->pid, SIGTERM);
	if (ended.fd < 0 || poll(&ended, 1, STOP_MS) != 1)
		kill(d->pid, SIGKILL);
	if (ended.fd >= 0)
		close(ended.fd);
	while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	d->pid = 0;
}

void daemon_tell(const struct daemon *d)
{
	char line[512];
	FILE *file;

	snprintf(line, sizeof line, "%s/err", d->dir);
	file = fopen(line, "r");

	while (file && fgets(line, sizeof line, file))
		fprintf(stderr, "%s", line);
	if (file)
		fclose(file);
}

int daemon_dtssd(struct daemon *d, const char *store, const char *conf)
{
	char program[512], where[128], line[128], err[96], config[96];
	const char *argv[] = { program, "--listen", "127.0.0.1:0", "--store", where, "--config", config, NULL };
	FILE *file;

	bench_dir_make(d->dir);
	snprintf(program, sizeof program, "%s/dtssd", bench_build());
	snprintf(where, sizeof where, strcmp(store, "memory") == 0 ? "memory" : "sqlite:%s/s.db", d->dir);
	snprintf(err, sizeof err, "%s/err", d->dir);
	snprintf(config, sizeof config, "%s/conf", d->dir);
	file = fopen(config, "w");
	if (!file || fputs(conf ? conf : "", file) < 0 || fclose(file) != 0)
		return -1;
	if (daemon_start(d, argv, err, line, sizeof line) == 0 &&
	    sscanf(line, "listening on http://127.0.0.1:%u", &d->port) == 1)
		return 0;
	daemon_tell(d);
	daemon_dtssd_stop(d);
	return -1;
}

void daemon_dtssd_stop(struct daemon *d)
{
	daemon_stop(d);
	bench_dir_remove(d->dir);
}

int daemon_agent(struct daemon *d, const struct daemon *dtssd, const char *name, unsigned slots)
{
	char program[512], url[64], err[96], work[96], many[16];
	const char *argv[] = { program, "--server",     url,       "--name", name, "--slots", many, "--work-dir",
			       work,    "--allow-root", "--grace", "1",      NULL };

	bench_dir_make(d->dir);
	snprintf(program, sizeof program, "%s/dtss-agent", bench_build());
	snprintf(url, sizeof url, "http://127.0.0.1:%u", dtssd->port);
	snprintf(err, sizeof err, "%s/err", d->dir);
	snprintf(work, sizeof work, "%s/work", d->dir);
	snprintf(many, sizeof many, "%u", slots);
	return daemon_start(d, argv, err, NULL, 0);
}

void daemon_agent_stop(struct daemon *d)
{
	daemon_stop(d);
	bench_dir_remove(d->dir);
}

uint64_t daemon_cpu_ns(const struct daemon *d)
{
	struct timespec used = { 0, 0 };
	clockid_t clock;

	if (clock_getcpuclockid(d->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		return 0;
	return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

uint64_t files_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 0;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return 0;
	return files.rlim_cur;
}
