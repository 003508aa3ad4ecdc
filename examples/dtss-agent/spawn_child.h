/* SPDX-License-Identifier: MIT */
#ifndef AGENT_SPAWN_CHILD_H
#define AGENT_SPAWN_CHILD_H

#include <stdalign.h>
#include "dtss-agent/limits.h"
#include "dtss-agent/spawn.h"

/* What a process has until it runs a task. It may share this, and all other memory, with the agent, which runs on. */
struct spawn_child {
	struct spawn spawn;
	int cgroup_fd; /* to be entered; -1: it is in it, or there is none */
	int go[2];
	int exec_fd;
	alignas(16) char stack[SPAWN_STACK];
};

/* Ends in exec, or in the end of the process. */
void spawn_child_run(void *child);

#endif
