/* SPDX-License-Identifier: MIT */
#include "support/cli.h"

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLI_ARGS_MAX 32

static char *cli_text(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	long len;

	ck_assert_msg(f != NULL, "%s cannot be read", path);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	len = ftell(f);
	rewind(f);
	text = calloc((size_t)len + 1, 1);
	ck_assert_uint_eq(fread(text, 1, (size_t)len, f), (size_t)len);
	fclose(f);
	if (ret_len)
		*ret_len = (size_t)len;
	return text;
}

void cli_start_to(struct cluster *c, struct cli_run *run, int out, char *const *args)
{
	static int number;
	char program[512];
	const char *build = getenv("DTSS_BUILD");

	cli_free(run);
	number++;
	snprintf(program, sizeof program, "%s/dtss", build ? build : "");
	snprintf(run->files[0], sizeof run->files[0], "%s/cli-%d.out", c->dir, number);
	snprintf(run->files[1], sizeof run->files[1], "%s/cli-%d.err", c->dir, number);
	close(open(run->files[0], O_WRONLY | O_CREAT | O_TRUNC, 0600));
	close(open(run->files[1], O_WRONLY | O_CREAT | O_TRUNC, 0600));
	run->pid = fork();
	ck_assert_int_ge(run->pid, 0);
	if (run->pid > 0)
		return;
	if (setenv("DTSS_URL", c->url, 0) != 0 || dup2(open("/dev/null", O_RDONLY), 0) < 0 ||
	    dup2(out >= 0 ? out : open(run->files[0], O_WRONLY | O_APPEND), 1) < 0 ||
	    dup2(open(run->files[1], O_WRONLY | O_APPEND), 2) < 0)
		_exit(99);
	execv(program, args);
	_exit(98);
}

static void cli_start_list(struct cluster *c, struct cli_run *run, va_list list)
{
	char *args[CLI_ARGS_MAX + 1] = { (char *)"dtss" };
	size_t n = 1;

	while (n < CLI_ARGS_MAX && (args[n] = va_arg(list, char *)))
		n++;
	cli_start_to(c, run, -1, args);
}

void cli_start(struct cluster *c, struct cli_run *run, ...)
{
	va_list list;

	va_start(list, run);
	cli_start_list(c, run, list);
	va_end(list);
}

void cli_end(struct cluster *c, struct cli_run *run)
{
	run->status = cluster_wait(c, run->pid);
	run->pid = 0;
	run->out = cli_text(run->files[0], &run->out_len);
	run->err = cli_text(run->files[1], NULL);
	unlink(run->files[0]);
	unlink(run->files[1]);
}

void cli(struct cluster *c, struct cli_run *run, ...)
{
	va_list list;

	va_start(list, run);
	cli_start_list(c, run, list);
	va_end(list);
	cli_end(c, run);
}

void cli_free(struct cli_run *run)
{
	free(run->out);
	free(run->err);
	*run = (struct cli_run){ 0 };
}

/* Is one of its descriptors the socket of this inode? */
static int cli_holds(const struct cli_run *run, unsigned long inode)
{
	char path[64], link[64], socket[64];

	snprintf(socket, sizeof socket, "socket:[%lu]", inode);
	for (int fd = 3; fd < 64; fd++) {
		ssize_t len;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)run->pid, fd);
		len = readlink(path, link, sizeof link - 1);
		if (len <= 0)
			continue;
		link[len] = 0;
		if (strcmp(link, socket) == 0)
			return 1;
	}
	return 0;
}

static int cli_is_connected(const struct cli_run *run)
{
	FILE *f = fopen("/proc/net/tcp", "re");
	char line[256];
	int found = 0;

	ck_assert_ptr_nonnull(f);
	while (!found && fgets(line, sizeof line, f)) {
		unsigned state;
		unsigned long inode;

		/* number: local remote STATE queues timer retransmitted uid timeout INODE */
		found = sscanf(line, " %*u: %*s %*s %x %*s %*s %*s %*u %*u %lu", &state, &inode) == 2 && state == 1 &&
			cli_holds(run, inode);
	}
	fclose(f);
	return found;
}

void cli_connects(const struct cli_run *run)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0; !cli_is_connected(run); i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "dtss does not connect");
		nanosleep(&pause, NULL);
	}
}

int cli_count(const char *text, const char *wanted)
{
	int count = 0;

	for (; (text = strstr(text, wanted)); text++)
		count++;
	return count;
}

void cli_says(const struct cli_run *run, int stream, const char *wanted)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0;; i++) {
		char *text = cli_text(run->files[stream], NULL);
		int found = strstr(text, wanted) != NULL;

		free(text);
		if (found)
			return;
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "dtss does not say: %s", wanted);
		nanosleep(&pause, NULL);
	}
}
