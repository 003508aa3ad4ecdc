/* SPDX-License-Identifier: MIT */
#ifndef AGENT_SPAWN_H
#define AGENT_SPAWN_H

#include <stddef.h>
#include <sys/types.h>
#include <dtss.h>

/* Whose rights a task has. */
struct account {
	int drop; /* 1: the agent is root and its tasks are not */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int group_count;
	char *home;
};

/* name NULL: the agent's own. 0, -ENOENT: there is no such user, or another negative errno. */
int account_find(struct account *account, const char *name);
void account_fini(struct account *account);

/* Everything that exec needs, made before fork: after it the C library may not be called. */
struct spawn {
	char **argv;
	char **envp;
	char **paths; /* what to try, in order: one for a name with a slash */
	const char *cwd;
	const struct account *account;
	int out[2];    /* stdout and stderr of the task */
	int cgroup_fd; /* the directory of its group; -1: none */
};

/* A process that waits for a byte on go_fd. exec_fd then ends when it runs the task, or brings why it cannot. */
struct spawned {
	pid_t pid;
	int pidfd;
	int go_fd;
	int exec_fd;
	void *room; /* to be freed when it runs the task, or is reaped: until then it may be in it. NULL: it is not */
};

/* What comes out of exec_fd. */
struct spawn_failure {
	int err;
	int step; /* enum spawn_step */
};

enum spawn_step { SPAWN_CGROUP = 1, SPAWN_ACCOUNT = 2, SPAWN_CWD = 3, SPAWN_FILES = 4, SPAWN_EXEC = 5 };

/* From the specification, and the attempt's numbers. 0 or a positive errno, and what is wrong in detail. */
int spawn_prepare(struct spawn *spawn, const struct dtss_agent_start *start, const struct dtss_task_spec *spec,
		  const char *search, char detail[DTSS_DETAIL_LEN_MAX + 1]);
void spawn_fini(struct spawn *spawn);
/* 0 or a positive errno. What spawn points to must stay until the process runs the task, or is about to end. */
int spawn_fork(const struct spawn *spawn, struct spawned *ret_spawned);
/* One sentence. */
void spawn_explain(const struct spawn_failure *failure, const struct spawn *spawn,
		   char detail[DTSS_DETAIL_LEN_MAX + 1]);

#endif
