/* SPDX-License-Identifier: MIT */
#ifndef AGENT_GUARD_H
#define AGENT_GUARD_H

#include <sys/types.h>
#include "dtss-agent/journal.h"

/*
 * A process that sleeps until the agent is dead, even by kill -9, and then kills what the journal lists: the work of a
 * dead agent is given to another, so it must not go on here. If the guard was killed too, the next start does it.
 */
struct guard {
	pid_t pid;
	int life_fd; /* the agent's end of a pipe: it closes with the agent */
};

int guard_start(struct guard *guard, struct journal *journal); /* 0 or -errno */
void guard_end(struct guard *guard);

#endif
