/* SPDX-License-Identifier: MIT */
#ifndef AGENT_KIN_H
#define AGENT_KIN_H

#include <stdint.h>
#include <sys/types.h>
#include "dtss-agent/limits.h"

/*
 * All processes of one attempt, however they got away from each other: those of its cgroup, of its session, with its
 * DTSS_TASK and DTSS_FENCE in their environment, and the children of all these. Without a cgroup they are found
 * in /proc: the agent is a subreaper, so whatever a task leaves behind becomes the agent's child.
 */
struct kin {
	uint64_t task;
	uint64_t fence;
	uint64_t
		start; /* of the first process, in clock ticks since boot: a pid may be used again, both together not */
	pid_t pid;     /* of the first process, which leads their session; 0: not yet started */
	uint32_t attempt;
	char cgroup[CGROUP_PATH_MAX]; /* "": none */
};

enum kin_scope {
	KIN_OURS = 0,    /* below this process */
	KIN_ALONE = 1,   /* below this process, where no other attempt runs: whatever is found belongs to it */
	KIN_ORPHANED = 2 /* of an agent that is dead */
};

#define KIN_AGENT_NAME "dtss-agent"
#define KIN_GUARD_NAME "dtss-guard" /* our own helpers, which are nobody's kin */

/* Sends the signal to all that live (0: to none) through pidfds, and returns how many live; -1: /proc cannot be read. */
int kin_signal(const struct kin *kin, enum kin_scope scope, int signal_number);
/* Kills once whatever lives; call it again until it returns 0: none lives any more. */
int kin_kill(const struct kin *kin, enum kin_scope scope);
/* When the process started; 0: there is none. */
uint64_t kin_start_of(pid_t pid);

#endif
