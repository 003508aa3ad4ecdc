/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_CLUSTER_H
#define TESTS_SUPPORT_CLUSTER_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#define CLUSTER_AGENTS_MAX 4
#define CLUSTER_WAIT_MS 30000 /* for anything that must happen: a busy machine, under sanitizers */

/*
 * A real scheduler and real agents, in a directory of their own. Whatever must happen is waited for, and a test fails when
 * it does not. Processes are known by that directory, which stands in their argv[0].
 */
struct cluster {
	char dir[64];
	char url[64];
	char probe[96]; /* the program that tasks run: see probe.c */
	char config[512];
	pid_t scheduler; /* 0: none */
	pid_t agents[CLUSTER_AGENTS_MAX];
	size_t agent_count;
};

/* config: lines of dtssd.conf; NULL: none. The scheduler runs then. */
void cluster_open(struct cluster *c, const char *config);
void cluster_close(struct cluster *c); /* and no process is left behind */

void cluster_scheduler_start(struct cluster *c); /* again, at the same address, with the same store */
void cluster_scheduler_kill(struct cluster *c);  /* -9 */

/* How an agent runs, and so how it finds the processes of a task. */
enum cluster_rights {
	CLUSTER_SAME = 0,   /* as this process: as root with control groups, of version 2 if they are there */
	CLUSTER_NOBODY = 1, /* not as root, and without control groups; where we are root */
	CLUSTER_OLD = 2,    /* where it sees none of version 2; where we are root */
	CLUSTER_RIGHTS = 3
};

/* Starts an agent; more: further options, ended by NULL. Its stderr goes to NAME.log. */
pid_t cluster_agent(struct cluster *c, enum cluster_rights rights, const char *name, ...);
void cluster_agent_online(struct cluster *c, const char *name);
void cluster_log_has(struct cluster *c, const char *name, const char *text); /* sooner or later */
int cluster_log_count(const struct cluster *c, const char *name, const char *text);

/* The exit status, or 128 + the signal. */
int cluster_wait(struct cluster *c, pid_t pid);
void cluster_kill(struct cluster *c, pid_t pid, int signal_number); /* and waits for its end */

/* body NULL: none. A new reference; *ret_status may be NULL. */
json_t *cluster_call(const struct cluster *c, const char *method, const char *path, const char *body, long *ret_status);
/* A task of probe with these steps, ended by NULL; more: further members as JSON, or NULL. Gives the id. */
uint64_t cluster_probe(const struct cluster *c, const char *more, ...);
uint64_t cluster_submit(const struct cluster *c, json_t *task); /* steals it */
/* Waits for a state ("end": any that is final) and gives the task. */
json_t *cluster_until(const struct cluster *c, uint64_t id, const char *state);
const char *cluster_text(const json_t *task, const char *member); /* "" when it is not there */
long long cluster_number(const json_t *task, const char *member); /* -1 likewise */
char *cluster_output(const struct cluster *c, uint64_t id, const char *stream,
		     size_t *ret_len);                                        /* malloc'd, with a NUL */
void cluster_path(const struct cluster *c, const char *name, char path[128]); /* a file in its directory */
void cluster_file_appears(const struct cluster *c, const char *name);

int cluster_strays(const struct cluster *c);     /* living probes */
void cluster_no_strays(const struct cluster *c); /* sooner or later */

#endif
