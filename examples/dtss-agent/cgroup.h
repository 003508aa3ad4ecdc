/* SPDX-License-Identifier: MIT */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include "dtss-agent/limits.h"

/*
 * One control group per attempt, where this machine lets us make one: no process gets out of it, so killing is exact.
 * Version 2 if it is there, else version 1's freezer, else none. A path tells by its files of which version it is.
 */
struct cgroup_home {
	int version;                /* 2, 1; 0: none */
	char path[CGROUP_PATH_MAX]; /* our own group: those of the attempts are made in it */
};

void cgroup_probe(struct cgroup_home *home);
/* Where the group of an attempt is to be; "": there are none. */
void cgroup_name(const struct cgroup_home *home, uint64_t incarnation, uint64_t fence, char path[CGROUP_PATH_MAX]);
/* Makes the group, whose directory is *ret_fd. 0, or -1: then path is "". */
int cgroup_make(char path[CGROUP_PATH_MAX], int *ret_fd);
/* The caller enters it; async-signal-safe. 0 or a positive errno. */
int cgroup_enter(int fd);
/* All its processes at once where the kernel can: 0; -1: it cannot. */
int cgroup_kill(const char *path);
/* 1: no process is in it or below it; 0: some are, or it is not known. */
int cgroup_empty(const char *path);
void cgroup_freeze(const char *path, int frozen); /* version 1: nobody forks while we kill */
/* Its processes, malloc'd. */
size_t cgroup_pids(const char *path, pid_t **ret_pids);
/* How often the kernel killed in it for want of memory. */
uint64_t cgroup_oom_kills(const char *path);
/* 0: it is gone, or stays for the groups that the task made in it; -1: somebody is still dying in it. */
int cgroup_remove(const char *path);

#endif
