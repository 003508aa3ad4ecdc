/* SPDX-License-Identifier: MIT */
#include "support/cluster.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "dtss-agent/tree.h"

#define CLUSTER_NOBODY_ID 65534
#define CLUSTER_ARGS_MAX 40

static void cluster_pause(void)
{
	const struct timespec pause = { 0, 10000000 };

	nanosleep(&pause, NULL);
}

static char *file_text(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1);
	size_t len = 0, n;
	char buf[65536];

	while (f && (n = fread(buf, 1, sizeof buf, f)) > 0) {
		text = realloc(text, len + n + 1);
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

static void file_copy(const char *from, const char *to)
{
	size_t len;
	char *text = file_text(from, &len);
	FILE *f = fopen(to, "we");

	ck_assert_msg(len > 0 && f != NULL, "cannot copy %s", from);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(to, 0755), 0);
	free(text);
}

void cluster_path(const struct cluster *c, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", c->dir, name);
}

void cluster_file_appears(const struct cluster *c, const char *name)
{
	char path[128];

	cluster_path(c, name, path);
	for (int i = 0; access(path, F_OK) < 0; i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "%s does not appear", path);
		cluster_pause();
	}
}

/* ---- processes ---- */

static void child_become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setgid(CLUSTER_NOBODY_ID) < 0 || setuid(CLUSTER_NOBODY_ID) < 0)
		_exit(123);
}

/* Hides control groups of version 2, in name spaces of its own. */
static void child_become_old(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

	/* within a chroot / is no mount point, /sys is */
	if (unshare(CLONE_NEWNS) < 0 || (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 &&
					 mount(NULL, "/sys", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		_exit(123);
	for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
		struct statfs fs;

		if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    umount2(mounts[i], MNT_DETACH) < 0)
			_exit(123);
	}
}

static pid_t cluster_spawn(struct cluster *c, enum cluster_rights rights, char *const argv[], const char *out,
			   const char *err)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	if (chdir(c->dir) < 0 || dup2(open("/dev/null", O_RDONLY), 0) < 0 ||
	    dup2(open(out, O_WRONLY | O_CREAT | O_APPEND, 0644), 1) < 0 ||
	    dup2(open(err, O_WRONLY | O_CREAT | O_APPEND, 0644), 2) < 0)
		_exit(123);
	if (rights == CLUSTER_NOBODY && getuid() == 0)
		child_become_nobody();
	if (rights == CLUSTER_OLD && getuid() == 0)
		child_become_old();
	execv(argv[0], argv);
	_exit(124);
}

int cluster_wait(struct cluster *c, pid_t pid)
{
	int status;

	for (int i = 0; waitpid(pid, &status, WNOHANG) != pid; i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "process %d does not end", (int)pid);
		cluster_pause();
	}
	if (pid == c->scheduler)
		c->scheduler = 0;
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i] == pid)
			c->agents[i] = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void cluster_kill(struct cluster *c, pid_t pid, int signal_number)
{
	ck_assert_int_eq(kill(pid, signal_number), 0);
	(void)cluster_wait(c, pid);
}

/* argv[0] of each process, as long as it began in our directory. */
int cluster_strays(const struct cluster *c)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(proc))) {
		char path[300], *text;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		text = file_text(path, NULL);
		count += strcmp(text, c->probe) == 0;
		free(text);
	}
	closedir(proc);
	return count;
}

void cluster_no_strays(const struct cluster *c)
{
	for (int i = 0; cluster_strays(c) > 0; i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "%d processes are left behind", cluster_strays(c));
		cluster_pause();
	}
}

/* ---- the scheduler ---- */

void cluster_scheduler_start(struct cluster *c)
{
	const char *build = getenv("DTSS_BUILD");
	char program[512], listen[64], store[128], config[128], out[128], err[128];
	char *argv[] = {
		program, (char *)"--listen", listen, (char *)"--store", store, (char *)"--config", config, NULL
	};

	ck_assert_msg(build != NULL, "DTSS_BUILD is not set: run make check");
	snprintf(program, sizeof program, "%s/dtssd", build);
	snprintf(listen, sizeof listen, "%s", c->url[0] ? c->url + strlen("http://") : "127.0.0.1:0");
	snprintf(store, sizeof store, "sqlite:%s/store.db", c->dir);
	cluster_path(c, "dtssd.conf", config);
	cluster_path(c, "dtssd.out", out);
	cluster_path(c, "dtssd.log", err);
	(void)unlink(out);
	c->scheduler = cluster_spawn(c, CLUSTER_SAME, argv, out, err);
	for (int i = 0;; i++) {
		char *text = file_text(out, NULL);
		int found = strchr(text, '\n') && sscanf(text, "listening on %63s", c->url) == 1;

		free(text);
		if (found)
			return;
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10 && waitpid(c->scheduler, NULL, WNOHANG) == 0,
			      "dtssd does not start");
		cluster_pause();
	}
}

void cluster_scheduler_kill(struct cluster *c)
{
	cluster_kill(c, c->scheduler, SIGKILL);
}

void cluster_open(struct cluster *c, const char *config)
{
	char path[512];
	FILE *f;

	*c = (struct cluster){ .dir = "/tmp/dtss-check-XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(c->dir));
	ck_assert_int_eq(chmod(c->dir, 01777), 0);
	cluster_path(c, "dtssd.conf", path);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(config ? config : "", f);
	ck_assert_int_eq(fclose(f), 0);
	snprintf(path, sizeof path, "%s/probe", getenv("DTSS_BUILD") ? getenv("DTSS_BUILD") : "");
	snprintf(c->probe, sizeof c->probe, "%s/probe", c->dir);
	file_copy(path, c->probe);
	cluster_scheduler_start(c);
}

void cluster_close(struct cluster *c)
{
	for (size_t i = 0; i < c->agent_count; i++) {
		if (c->agents[i] == 0)
			continue;
		ck_assert_int_eq(kill(c->agents[i], SIGTERM), 0);
		(void)kill(c->agents[i], SIGINT); /* at once; a second SIGTERM could merge with the first */
		(void)cluster_wait(c, c->agents[i]);
	}
	if (c->scheduler)
		cluster_scheduler_kill(c);
	cluster_no_strays(c);
	ck_assert_int_eq(tree_remove(c->dir), 0);
}

/* ---- agents ---- */

pid_t cluster_agent(struct cluster *c, enum cluster_rights rights, const char *name, ...)
{
	char program[128], from[512], dir[128], err[128];
	char *argv[CLUSTER_ARGS_MAX] = { program, (char *)"--server", c->url, (char *)"--name", (char *)name };
	int n = 5, has_dir = 0;
	va_list args;
	char *arg;

	cluster_path(c, "dtss-agent", program);
	snprintf(from, sizeof from, "%s/dtss-agent", getenv("DTSS_BUILD"));
	if (access(program, X_OK) < 0)
		file_copy(from, program);
	va_start(args, name);
	while ((arg = va_arg(args, char *)) && n < CLUSTER_ARGS_MAX - 4) {
		has_dir |= strcmp(arg, "--work-dir") == 0;
		argv[n++] = arg;
	}
	va_end(args);
	cluster_path(c, "work", dir);
	if (mkdir(dir, 01777) == 0)
		ck_assert_int_eq(chmod(dir, 01777), 0);
	if (!has_dir) {
		argv[n++] = (char *)"--work-dir";
		argv[n++] = dir;
	}
	if (getuid() == 0 && rights != CLUSTER_NOBODY)
		argv[n++] = (char *)"--allow-root";
	snprintf(err, sizeof err, "%s/%s.log", c->dir, name);
	ck_assert_uint_lt(c->agent_count, CLUSTER_AGENTS_MAX);
	return c->agents[c->agent_count++] = cluster_spawn(c, rights, argv, err, err);
}

static int agent_is_online(const struct cluster *c, const char *name)
{
	json_t *answer = cluster_call(c, "GET", "/api/v2/workers", NULL, NULL), *worker;
	int online = 0;
	size_t i;

	json_array_foreach (json_object_get(answer, "workers"), i, worker)
		online |= strcmp(cluster_text(worker, "name"), name) == 0 &&
			  strcmp(cluster_text(worker, "status"), "online") == 0;
	json_decref(answer);
	return online;
}

void cluster_agent_online(struct cluster *c, const char *name)
{
	for (int i = 0; !agent_is_online(c, name); i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "agent %s does not come online", name);
		cluster_pause();
	}
}

int cluster_log_count(const struct cluster *c, const char *name, const char *wanted)
{
	char path[160], *text;
	int count = 0;

	snprintf(path, sizeof path, "%s/%s.log", c->dir, name);
	text = file_text(path, NULL);
	for (const char *at = text; (at = strstr(at, wanted)); at++)
		count++;
	free(text);
	return count;
}

void cluster_log_has(struct cluster *c, const char *name, const char *wanted)
{
	for (int i = 0; cluster_log_count(c, name, wanted) == 0; i++) {
		ck_assert_msg(i < CLUSTER_WAIT_MS / 10, "%s never says: %s", name, wanted);
		cluster_pause();
	}
}
