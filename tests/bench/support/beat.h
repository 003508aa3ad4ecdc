/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BEAT_H
#define BENCH_BEAT_H

#include <stddef.h>
#include <stdint.h>

/* What an agent that runs nothing must know to take tasks and to say that they have ended. */
struct beat_task {
	uint64_t task;
	uint64_t fence;
	unsigned attempt;
};

struct beat_agent {
	char name[24];
	uint64_t number; /* of the heartbeat that was written last */
	uint64_t fence_seen;
	unsigned slots;
	int tagged;              /* 1: its name is a tag of it */
	unsigned held;           /* tasks, all of which have ended and are reported with the next heartbeat */
	struct beat_task *tasks; /* room for slots */
};

/* Bytes that beat_write() may need. */
size_t beat_bytes(const struct beat_agent *agent);
/* The next heartbeat: what is held has ended. Gives its length. */
size_t beat_write(struct beat_agent *agent, char *text);
/* Takes an answer: what was acknowledged is forgotten, what was assigned is held. Gives how many were acknowledged, or -1
 * when it is no answer. The text has a NUL behind it. */
int beat_read(struct beat_agent *agent, const char *text);

#endif
