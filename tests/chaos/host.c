/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"
#define NOBODY 65534

void host_path(const struct chaos *c, const char *name, char path[CHAOS_PATH_MAX])
{
	snprintf(path, CHAOS_PATH_MAX, "%s/%s", c->dir, name);
}

char *host_text(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1), buf[65536];
	size_t len = 0, n;

	while (f && (n = fread(buf, 1, sizeof buf, f)) > 0) {
		text = realloc(text, len + n + 1);
		if (!text)
			fatal("no memory");
		memcpy(text + len, buf, n);
		len += n;
		text[len] = '\0';
	}
	if (f)
		fclose(f);
	if (ret_len)
		*ret_len = len;
	return text;
}

void host_write(const struct chaos *c, const char *name, const char *text)
{
	char path[CHAOS_PATH_MAX];
	FILE *f;

	host_path(c, name, path);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		fatal("%s: %s", path, strerror(errno));
}

/* What runs as nobody may not be able to look into where we were built. */
static void host_copy(const struct chaos *c, const char *from, const char *name)
{
	char source[CHAOS_PATH_MAX + 512], path[CHAOS_PATH_MAX];
	size_t len;
	char *text;
	FILE *f;

	snprintf(source, sizeof source, "%s/%s", c->build, from);
	text = host_text(source, &len);
	host_path(c, name, path);
	f = fopen(path, "we");
	if (len == 0 || !f || fwrite(text, 1, len, f) != len || fclose(f) != 0 || chmod(path, 0755) < 0)
		fatal("cannot copy %s to %s", source, path);
	free(text);
}

/* ---- a control group for all that we start: nobody leaves it ---- */

/* All processes within it, and then itself with what is below. */
static void host_sweep(const char *path)
{
	char file[1024];
	DIR *dir = opendir(path);
	struct dirent *entry;
	int fd;

	snprintf(file, sizeof file, "%s/cgroup.kill", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) == 1)
		pause_ms(50);
	if (fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir))) {
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			(void)rmdir(file);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(path); /* if it cannot be, somebody is still dying: the next one sees to it */
}

/* What was left of runs that were killed themselves: a group is called after its process. */
static void host_sweep_all(const char *place)
{
	char path[512];
	DIR *dir = opendir(place);
	struct dirent *entry;
	int pid;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "chaos-%d", &pid) != 1 || kill(pid, 0) == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", place, entry->d_name);
		host_sweep(path);
	}
	if (dir)
		closedir(dir);
}

static void host_cgroup(struct chaos *c)
{
	static const char *const places[] = { CGROUPS "/unified", CGROUPS };
	char path[CHAOS_PATH_MAX + 32];

	c->cgroup[0] = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0] && getuid() == 0; i++) {
		snprintf(path, sizeof path, "%s/cgroup.controllers", places[i]);
		if (access(path, F_OK) < 0)
			continue;
		host_sweep_all(places[i]);
		snprintf(c->cgroup, sizeof c->cgroup, "%s/chaos-%d", places[i], (int)getpid());
		if (mkdir(c->cgroup, 0755) < 0 && errno != EEXIST)
			c->cgroup[0] = '\0';
		return;
	}
}

/* Processes of ours: all that began in our directory, and all of our control group. */
unsigned host_left(const struct chaos *c, char *names, size_t cap)
{
	char path[300], *text;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned count = 0;

	names[0] = '\0';
	while (proc && (entry = readdir(proc))) {
		int ours;

		if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		text = host_text(path, NULL);
		ours = strncmp(text, c->dir, strlen(c->dir)) == 0;
		if (!ours && c->cgroup[0]) {
			free(text);
			snprintf(path, sizeof path, "/proc/%s/cgroup", entry->d_name);
			text = host_text(path, NULL);
			ours = strstr(text, strrchr(c->cgroup, '/')) != NULL;
		}
		if (ours && strlen(names) + 300 < cap)
			snprintf(names + strlen(names), cap - strlen(names), " %s", entry->d_name);
		count += ours != 0;
		free(text);
	}
	if (proc)
		closedir(proc);
	return count;
}

void host_open(struct chaos *c)
{
	char path[CHAOS_PATH_MAX];

	strcpy(c->dir, "/tmp/dtss-chaos-XXXXXX");
	if (!mkdtemp(c->dir) || chmod(c->dir, 01777) < 0)
		fatal("%s: %s", c->dir, strerror(errno));
	host_path(c, "live", path);
	if (mkdir(path, 0777) < 0 || chmod(path, 0777) < 0)
		fatal("%s: %s", path, strerror(errno));
	host_path(c, "work", path);
	if (mkdir(path, 0777) < 0 || chmod(path, 01777) < 0)
		fatal("%s: %s", path, strerror(errno));
	host_write(c, "runs", "");
	host_path(c, "runs", path);
	if (chmod(path, 0666) < 0)
		fatal("%s: %s", path, strerror(errno));
	snprintf(c->token, sizeof c->token, "chaos-%08x%08x", draw(&c->random, UINT32_MAX),
		 draw(&c->random, UINT32_MAX));
	host_write(c, "token", c->token);
	host_path(c, "token", path);
	if (chmod(path, 0644) < 0)
		fatal("%s: %s", path, strerror(errno));
	host_copy(c, "dtssd", "dtssd");
	host_copy(c, "dtss-agent", "dtss-agent");
	host_copy(c, "chaos-job", "job");
	host_copy(c, "nth_fsync.so", "nth_fsync.so");
	host_path(c, "history", path);
	c->history = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (c->history < 0)
		fatal("%s: %s", path, strerror(errno));
	host_cgroup(c);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void host_groups(const char *path, char *names, size_t cap)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	snprintf(names, cap, " control groups below %s:", path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && strlen(names) + 300 < cap)
			snprintf(names + strlen(names), cap - strlen(names), " %s", entry->d_name);
	if (dir)
		closedir(dir);
}

/* A control group can be removed when nothing is in it, neither process nor group. */
static int host_empty(const struct chaos *c, char *names, size_t cap)
{
	if (host_left(c, names, cap) > 0)
		return 0;
	if (c->cgroup[0] && rmdir(c->cgroup) < 0 && errno != ENOENT) {
		host_groups(c->cgroup, names, cap);
		return 0;
	}
	return 1;
}

void host_close(struct chaos *c)
{
	int64_t until = mono_ms() + 10000;
	char names[4096];

	while (!host_empty(c, names, sizeof names)) {
		if (mono_ms() > until) {
			violation(c, "left behind:%s", names);
			break;
		}
		pause_ms(10);
	}
	close(c->history);
	if (c->figures.violations > 0)
		printf("chaos: %s is kept: history, runs, store.db, *.log\n", c->dir);
	else if (nftw(c->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		violation(c, "%s cannot be removed: %s", c->dir, strerror(errno));
}

/* ---- a process ---- */

static void child_join(const char *cgroup)
{
	char path[CHAOS_PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(125);
}

static void child_become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		_exit(126);
}

/* A signal that comes before the program does must not end in our handler. */
static pid_t host_fork(void)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGPIPE };
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	for (size_t i = 0; pid == 0 && i < sizeof handled / sizeof handled[0]; i++)
		(void)signal(handled[i], SIG_DFL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* It dies with us, however we end: after that the guards of the agents clear up. */
pid_t host_spawn(const struct chaos *c, const struct node *node, char *const argv[], char *const env[], int nobody)
{
	char out[CHAOS_PATH_MAX + 16], err[CHAOS_PATH_MAX + 16];
	pid_t parent = getpid(), pid;

	snprintf(out, sizeof out, "%s/%s.out", c->dir, node->name);
	snprintf(err, sizeof err, "%s/%s.log", c->dir, node->name);
	pid = host_fork();
	if (pid < 0)
		fatal("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	if (c->cgroup[0])
		child_join(c->cgroup);
	if ((node->net >= 0 && setns(node->net, CLONE_NEWNET) < 0) || chdir(c->dir) < 0 ||
	    dup2(open("/dev/null", O_RDONLY), 0) < 0 || dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644), 1) < 0 ||
	    dup2(open(err, O_WRONLY | O_CREAT | O_APPEND, 0644), 2) < 0)
		_exit(123);
	if (nobody)
		child_become_nobody();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(127);
	execve(argv[0], argv, env);
	_exit(124);
}

int host_descriptors(pid_t pid)
{
	char path[64];
	DIR *dir;
	int count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

pid_t host_child(pid_t parent, const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (proc && found == 0 && (entry = readdir(proc))) {
		char path[300], called[32], *text;
		int pid, of;

		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		text = atoi(entry->d_name) > 0 ? host_text(path, NULL) : NULL;
		if (text && sscanf(text, "%d (%31[^)]) %*c %d", &pid, called, &of) == 3 && of == parent &&
		    strcmp(called, name) == 0)
			found = pid;
		free(text);
	}
	if (proc)
		closedir(proc);
	return found;
}
