/* SPDX-License-Identifier: MIT */
#include "dtss-agent/kin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "dtss-agent/cgroup.h"

/* One row of /proc. */
struct proc {
	uint64_t start;
	pid_t pid;
	pid_t parent;
	pid_t session;
	char state;
	char agent; /* 1: an agent, 2: a guard */
	char member;
};

struct proc_table {
	struct proc *rows; /* by pid */
	size_t count;
	size_t cap;
};

static ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t cap)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, buf, cap - 1);
	close(fd);
	if (len >= 0)
		buf[len] = '\0';
	return len;
}

/* The name in parentheses may hold anything, parentheses too: the last one counts. */
static int proc_stat(pid_t pid, struct proc *ret_proc)
{
	char buf[1024], *open_paren, *close_paren;
	unsigned long long start;
	int parent, session;
	char state;

	if (proc_read(pid, "stat", buf, sizeof buf) <= 0)
		return -1;
	open_paren = strchr(buf, '(');
	close_paren = strrchr(buf, ')');
	if (!open_paren || !close_paren || close_paren < open_paren)
		return -1;
	if (sscanf(close_paren + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &state, &parent, &session, &start) != 4)
		return -1;
	*close_paren = '\0';
	*ret_proc = (struct proc){ .start = start, .pid = pid, .parent = parent, .session = session, .state = state };
	if (strcmp(open_paren + 1, KIN_AGENT_NAME) == 0)
		ret_proc->agent = 1;
	else if (strcmp(open_paren + 1, KIN_GUARD_NAME) == 0)
		ret_proc->agent = 2;
	return 0;
}

uint64_t kin_start_of(pid_t pid)
{
	struct proc proc;

	return proc_stat(pid, &proc) == 0 ? proc.start : 0;
}

static int proc_compare(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int proc_table_add(struct proc_table *t, const struct proc *proc)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct proc *rows = realloc(t->rows, cap * sizeof *rows);

		if (!rows)
			return -1;
		t->rows = rows;
		t->cap = cap;
	}
	t->rows[t->count++] = *proc;
	return 0;
}

static int proc_table_fill(struct proc_table *t)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int rc = dir ? 0 : -1;

	while (rc == 0 && (entry = readdir(dir))) {
		struct proc proc;
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && proc_stat((pid_t)pid, &proc) == 0)
			rc = proc_table_add(t, &proc);
	}
	if (dir)
		closedir(dir);
	qsort(t->rows, t->count, sizeof *t->rows, proc_compare);
	return rc;
}

static struct proc *proc_find(const struct proc_table *t, pid_t pid)
{
	struct proc key = { .pid = pid };

	return t->count ? bsearch(&key, t->rows, t->count, sizeof key, proc_compare) : NULL;
}

/* The agent that a process runs under: the nearest above it; 0: none. */
static pid_t proc_agent(const struct proc_table *t, const struct proc *proc)
{
	const struct proc *p = proc_find(t, proc->parent);
	size_t steps = 0;

	for (; p && steps < t->count; p = proc_find(t, p->parent), steps++)
		if (p->agent == 1)
			return p->pid;
	return 0;
}

/* name=number as a whole entry; shells put the environment in another order. */
static int env_has_number(const char *env, size_t len, const char *name, uint64_t number)
{
	char want[48];
	size_t want_len = (size_t)snprintf(want, sizeof want, "%c%s=%llu", 0, name, (unsigned long long)number) + 1;

	return memmem(env, len, want, want_len) != NULL;
}

static int proc_has_fence(pid_t pid, const struct kin *kin)
{
	char *env = malloc(ENVIRON_MAX);
	ssize_t len = env ? proc_read(pid, "environ", env + 1, ENVIRON_MAX - 1) : -1;
	int has = 0;

	if (len > 0) {
		env[0] = '\0'; /* so that the first entry has one in front too */
		has = env_has_number(env, (size_t)len + 1, "DTSS_TASK", kin->task) &&
		      env_has_number(env, (size_t)len + 1, "DTSS_FENCE", kin->fence);
	}
	free(env);
	return has;
}

/* May it be found by what it carries? With KIN_ORPHANED only where no living agent answers for it. */
static int kin_owns(const struct proc_table *t, const struct kin *kin, enum kin_scope scope, const struct proc *p)
{
	const struct proc *leader = kin->pid ? proc_find(t, kin->pid) : NULL;
	pid_t agent;

	if (p->pid == kin->pid)
		return p->start == kin->start;
	if (p->agent == 2 || (p->agent == 1 && p->parent == getpid()) || p->start < kin->start)
		return 0; /* our helpers, or another attempt's process that is about to exec */
	if (p->session == kin->pid && kin->pid && leader && leader->start == kin->start)
		return 1;
	agent = proc_agent(t, p);
	if (agent != (scope == KIN_ORPHANED ? 0 : getpid()))
		return 0;
	if (scope == KIN_ALONE || (scope == KIN_OURS && kin->pid && p->session == kin->pid && !leader))
		return 1;
	return proc_has_fence(p->pid, kin);
}

static void kin_mark(struct proc_table *t, const struct kin *kin, enum kin_scope scope)
{
	pid_t *pids = NULL;
	size_t count = kin->cgroup[0] ? cgroup_pids(kin->cgroup, &pids) : 0;
	int changed;

	for (size_t i = 0; i < count; i++) {
		struct proc *p = proc_find(t, pids[i]);

		if (p)
			p->member = 1;
	}
	free(pids);
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].pid != getpid() && kin_owns(t, kin, scope, &t->rows[i]))
			t->rows[i].member = 1;
	do {
		changed = 0;
		for (size_t i = 0; i < t->count; i++) {
			const struct proc *parent = t->rows[i].member ? NULL : proc_find(t, t->rows[i].parent);

			if (parent && parent->member)
				changed = t->rows[i].member = 1;
		}
	} while (changed);
}

/* The pid may be another's by now: hold it first, then look whether it is still the one that was found. */
static void kin_send(const struct proc *proc, int signal_number)
{
	int fd = (int)syscall(SYS_pidfd_open, proc->pid, 0);

	if (fd < 0)
		return;
	if (kin_start_of(proc->pid) == proc->start)
		(void)syscall(SYS_pidfd_send_signal, fd, signal_number, NULL,
			      0); /* it may have ended: that is what we want */
	close(fd);
}

int kin_signal(const struct kin *kin, enum kin_scope scope, int signal_number)
{
	struct proc_table t = { 0 };
	int living = 0;

	if (proc_table_fill(&t) < 0) {
		free(t.rows);
		return -1;
	}
	kin_mark(&t, kin, scope);
	for (size_t i = 0; i < t.count; i++) {
		if (!t.rows[i].member || t.rows[i].state == 'Z' || t.rows[i].state == 'X')
			continue;
		living++;
		if (signal_number)
			kin_send(&t.rows[i], signal_number);
	}
	free(t.rows);
	return living;
}

int kin_kill(const struct kin *kin, enum kin_scope scope)
{
	int living;

	if (cgroup_empty(kin->cgroup))
		return 0;
	if (cgroup_kill(kin->cgroup) == 0 && cgroup_empty(kin->cgroup))
		return 0;
	cgroup_freeze(kin->cgroup, 1);
	living = kin_signal(kin, scope, SIGKILL);
	cgroup_freeze(kin->cgroup, 0);
	return living;
}
