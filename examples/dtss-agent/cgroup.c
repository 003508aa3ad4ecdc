/* SPDX-License-Identifier: MIT */
#include "dtss-agent/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cgroup_open(const char *path, const char *file, int flags)
{
	char full[CGROUP_PATH_MAX + 64];

	snprintf(full, sizeof full, "%s/%s", path, file);
	return open(full, flags | O_CLOEXEC);
}

static int cgroup_write(const char *path, const char *file, const char *text)
{
	int fd = cgroup_open(path, file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* The number that follows word in the file; -1: not there. */
static long long cgroup_number(const char *path, const char *file, const char *word)
{
	char buf[1024], *at;
	int fd = cgroup_open(path, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	at = strstr(buf, word);
	return at ? strtoll(at + strlen(word), NULL, 10) : -1;
}

/* Where a hierarchy is mounted: type cgroup2, or type cgroup with the freezer among its options. */
static int cgroup_mount(int version, char mount[CGROUP_PATH_MAX])
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[CGROUP_PATH_MAX + 256], where[CGROUP_PATH_MAX], type[32], options[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*s %511s %31s %255s", where, type, options) != 3)
			continue;
		if (version == 2 ? strcmp(type, "cgroup2") == 0 :
				   strcmp(type, "cgroup") == 0 && strstr(options, "freezer")) {
			snprintf(mount, CGROUP_PATH_MAX, "%s", where);
			found = 1;
		}
	}
	if (f)
		fclose(f);
	return found ? 0 : -1;
}

/* Our own group in it: the line "0::/path" of version 2, "7:freezer:/path" of version 1. */
static int cgroup_own(int version, char own[CGROUP_PATH_MAX])
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[CGROUP_PATH_MAX + 256];
	int found = 0;

	while (f && !found && fgets(line, sizeof line, f)) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (version == 2 ? strncmp(line, "0:", 2) == 0 : strstr(names, "freezer") != NULL) {
			snprintf(own, CGROUP_PATH_MAX, "%s", strcmp(path, "/") == 0 ? "" : path);
			found = 1;
		}
	}
	if (f)
		fclose(f);
	return found ? 0 : -1;
}

/* Those of agents that were killed in the middle of a trial: no attempt has fence 0. */
static void cgroup_remove_trials(const struct cgroup_home *home)
{
	DIR *dir = opendir(home->path);
	char path[CGROUP_PATH_MAX + 256];
	struct dirent *entry;
	unsigned fence;
	int pid;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "dtss-%9d-%u", &pid, &fence) != 2 || fence != 0 || kill(pid, 0) == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", home->path, entry->d_name);
		(void)cgroup_remove(path);
	}
	if (dir)
		closedir(dir);
}

static int cgroup_try(struct cgroup_home *home, int version)
{
	char mount[CGROUP_PATH_MAX], own[CGROUP_PATH_MAX], trial[CGROUP_PATH_MAX];
	int fd;

	if (cgroup_mount(version, mount) < 0 || cgroup_own(version, own) < 0)
		return -1;
	if (snprintf(home->path, sizeof home->path, "%s%s", mount, own) >= CGROUP_PATH_MAX - 64)
		return -1;
	home->version = version;
	cgroup_remove_trials(home);
	cgroup_name(home, (uint64_t)getpid(), 0, trial);
	if (cgroup_make(trial, &fd) < 0)
		return -1;
	close(fd);
	fd = cgroup_open(trial, version == 2 ? "cgroup.kill" : "freezer.state", O_WRONLY);
	(void)cgroup_remove(trial);
	if (fd < 0)
		return -1;
	close(fd);
	fd = cgroup_open(home->path, "cgroup.procs",
			 O_WRONLY); /* needed to move a process from here into a group below */
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

void cgroup_probe(struct cgroup_home *home)
{
	if (cgroup_try(home, 2) < 0 && cgroup_try(home, 1) < 0)
		*home = (struct cgroup_home){ 0 };
}

void cgroup_name(const struct cgroup_home *home, uint64_t incarnation, uint64_t fence, char path[CGROUP_PATH_MAX])
{
	path[0] = '\0';
	if (home->version)
		snprintf(path, CGROUP_PATH_MAX, "%.*s/dtss-%llu-%llu", CGROUP_PATH_MAX - 64, home->path,
			 (unsigned long long)incarnation, (unsigned long long)fence);
}

int cgroup_make(char path[CGROUP_PATH_MAX], int *ret_fd)
{
	int fd = -1;

	if (!path[0])
		return -1;
	if (mkdir(path, 0755) == 0 || errno == EEXIST) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			(void)cgroup_remove(path);
	}
	if (fd < 0) {
		path[0] = '\0';
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

int cgroup_enter(int fd)
{
	int procs = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC), err = 0;

	if (procs < 0)
		return errno;
	if (write(procs, "0", 1) != 1)
		err = errno;
	close(procs);
	return err;
}

int cgroup_kill(const char *path)
{
	return path[0] ? cgroup_write(path, "cgroup.kill", "1") : -1;
}

int cgroup_empty(const char *path)
{
	return path[0] && cgroup_number(path, "cgroup.events", "populated ") == 0;
}

void cgroup_freeze(const char *path, int frozen)
{
	if (path[0])
		(void)cgroup_write(path, "freezer.state",
				   frozen ? "FROZEN" : "THAWED"); /* version 2 has no such file */
}

size_t cgroup_pids(const char *path, pid_t **ret_pids)
{
	char full[CGROUP_PATH_MAX + 64];
	size_t count = 0, cap = 0;
	pid_t *pids = NULL;
	long pid;
	FILE *f;

	snprintf(full, sizeof full, "%s/cgroup.procs", path);
	f = fopen(full, "re");
	while (f && fscanf(f, "%ld", &pid) == 1) {
		if (count == cap) {
			pid_t *more = realloc(pids, (cap + 64) * sizeof *pids);

			if (!more)
				break;
			pids = more;
			cap += 64;
		}
		pids[count++] = (pid_t)pid;
	}
	if (f)
		fclose(f);
	*ret_pids = pids;
	return count;
}

uint64_t cgroup_oom_kills(const char *path)
{
	long long n = path[0] ? cgroup_number(path, "memory.events", "oom_kill ") : -1;

	return n > 0 ? (uint64_t)n : 0;
}

/* A process that is dead, and a zombie already, may take a moment until it is out of its group. */
int cgroup_remove(const char *path)
{
	struct stat st;

	if (!path[0] || rmdir(path) == 0 || errno != EBUSY)
		return 0;
	return stat(path, &st) == 0 && st.st_nlink <= 2 ? -1 : 0;
}
