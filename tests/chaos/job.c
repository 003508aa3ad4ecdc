/* SPDX-License-Identifier: MIT */
/*
 * job DIR MS BAD BYTES FAMILY: what chaos gives to agents. It appends a line to DIR/runs when it starts and when it ends,
 * writes BYTES of output that tell task and fence, runs for MS milliseconds, and fails in its first BAD attempts.
 * FAMILY 1: it leaves a process in a session of its own behind. 2: it is deaf to SIGTERM.
 *
 * DIR/live/TASK/FENCE is locked as long as any of its processes lives: the kernel says who overlaps, not a clock.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int runs;
static const char *task, *attempt, *fence;

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void tell(char what, const char *more)
{
	char line[256];
	int len = snprintf(line, sizeof line, "%c %s %s %s %lld %s\n", what, task, attempt, fence, now_ms(), more);

	if (write(runs, line, (size_t)len) != len)
		_exit(110);
}

static void find_others(const char *dir)
{
	DIR *others = opendir(dir);
	struct dirent *entry;

	if (!others)
		_exit(111);
	while ((entry = readdir(others))) {
		int fd;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, fence) == 0)
			continue;
		fd = openat(dirfd(others), entry->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			_exit(112);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			tell('O', entry->d_name);
		close(fd);
	}
	closedir(others);
}

static void live(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/live/%s", dir, task);
	(void)mkdir(path, 0777); /* an earlier attempt made it */
	snprintf(path, sizeof path, "%s/live/%s/%s", dir, task, fence);
	fd = open(path, O_RDWR | O_CREAT, 0666);
	if (fd < 0 || flock(fd, LOCK_SH) < 0)
		_exit(113);
	*strrchr(path, '/') = '\0';
	find_others(path);
}

static void leave_one_behind(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() == 0) {
			sleep(1000);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void write_output(long bytes)
{
	while (bytes > 0) {
		int len = printf("task %s fence %s left %ld\n", task, fence, bytes);

		bytes -= len;
	}
	fflush(stdout);
}

static void run_for(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0)
		;
}

int main(int argc, char **argv)
{
	char path[256], code[16];
	int failed;

	task = getenv("DTSS_TASK");
	attempt = getenv("DTSS_ATTEMPT");
	fence = getenv("DTSS_FENCE");
	if (argc != 6 || !task || !attempt || !fence)
		return 114;
	umask(0);
	snprintf(path, sizeof path, "%s/runs", argv[1]);
	runs = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (runs < 0)
		return 115;
	if (atoi(argv[5]) == 2)
		signal(SIGTERM, SIG_IGN);
	live(argv[1]);
	tell('S', "-");
	if (atoi(argv[5]) == 1)
		leave_one_behind();
	write_output(atol(argv[4]));
	run_for(atol(argv[2]));
	failed = atoi(attempt) <= atoi(argv[3]);
	snprintf(code, sizeof code, "%d", failed ? 3 : 0);
	tell('E', code);
	return failed ? 3 : 0;
}
