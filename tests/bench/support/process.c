/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/support/run.h"

/* The text of /proc/PID/name; "" when there is none. */
static void process_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)(pid ? pid : getpid()), name);
	f = fopen(path, "r");
	if (f) {
		len = fread(text, 1, size - 1, f);
		fclose(f);
	}
	text[len] = '\0';
}

uint64_t bench_rss_bytes(pid_t pid)
{
	char text[256];
	unsigned long long all, resident;

	process_read(pid, "statm", text, sizeof text);
	if (sscanf(text, "%llu %llu", &all, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t bench_process_cpu_ns(pid_t pid)
{
	char text[1024];
	const char *at;
	unsigned long long user, system;

	process_read(pid, "stat", text, sizeof text);
	at = strrchr(text, ')'); /* the name before it may be anything */
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return 0;
	return (user + system) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

void bench_dir_make(char path[64])
{
	snprintf(path, 64, "%s/XXXXXX", bench_guard_dir());
	bench_must(mkdtemp(path) ? 0 : DTSS_E_IO, path);
}

static int process_unlink(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path) != 0 && errno != ENOENT;
}

void bench_dir_remove(const char *path)
{
	int rc = nftw(path, process_unlink, 16, FTW_DEPTH | FTW_PHYS);

	bench_must(rc == 0 || (rc < 0 && errno == ENOENT) ? 0 : DTSS_E_IO, path); /* or it is gone, or was never made */
}
