/* SPDX-License-Identifier: MIT */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include "common/limits.h"
#include "dtss-agent/kin.h"

/*
 * What this agent is about to start, written before it starts it, so that whoever finds the journal of a killed agent can
 * find what that agent left running. Lines of text, each led by the checksum of the rest:
 *
 *	incarnation NUMBER
 *	intent TASK ATTEMPT FENCE BOOT-ID CGROUP       synced before anything is started
 *	pid FENCE PID START                            the process waits until this is written
 *	gone FENCE                                     no process of it lives any more
 *
 *	NUL NUL NUL ...                                room: what stands where something stood is synced without
 *	                                               the file system's own journal, and waits for nobody else's
 *
 * A line that is torn or damaged is passed over. Only attempts of the running boot are kept: a reboot ended the others.
 */
struct journal {
	int lock_fd;
	int fd;
	int dirty;            /* written and not synced */
	off_t end;            /* of the last line */
	uint64_t incarnation; /* the last that was used; 0: none */
	struct kin *live;     /* not gone */
	size_t count;
	size_t cap;
	size_t gone;    /* lines that compaction would drop */
	size_t damaged; /* lines passed over at open */
	char boot[40];
	char path[PATH_LEN_MAX];
};

/* Locks PATH.lock for as long as it is open, waiting for wait_ms; then reads PATH. 0; -EBUSY: another agent has it; or
 * another negative errno. */
int journal_open(struct journal *j, const char *path, int wait_ms);
void journal_close(struct journal *j);
int journal_read(struct journal *j); /* what is in the file now */
/* Starts the file anew with what is live. All these return 0 or a negative errno. */
int journal_begin(struct journal *j, uint64_t incarnation);
int journal_intent(struct journal *j, const struct kin *kin); /* then journal_sync(), then start it */
int journal_pid(struct journal *j, uint64_t fence, pid_t pid, uint64_t start);
int journal_gone(struct journal *j, uint64_t fence);
void journal_sync_begin(struct journal *j); /* the disk may begin with what a sync is going to wait for */
int journal_sync(struct journal *j);
/* Kills all that it lists; for at most wait_ms. The number of attempts of which a process still lives. */
int journal_exterminate(struct journal *j, int wait_ms);

#endif
