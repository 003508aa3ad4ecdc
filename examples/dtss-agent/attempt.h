/* SPDX-License-Identifier: MIT */
#ifndef AGENT_ATTEMPT_H
#define AGENT_ATTEMPT_H

#include <signal.h>
#include <dtss.h>
#include "common/limits.h"
#include "dtss-agent/cgroup.h"
#include "dtss-agent/journal.h"
#include "dtss-agent/kin.h"
#include "dtss-agent/spawn.h"
#include "dtss-agent/stream.h"

/*
 *	INTENDED ──► STARTING ──► RUNNING ──► CLEARING ──► DELIVERING ──► ENDED ──► (FORGET)
 *	 written      forked       exec'ed     its first    all are gone,   the engine
 *	 down                                  process has  their output    was told
 *	     │            │                    ended: kill  is not
 *	     └────────────┴── cannot start ──► the others
 */
enum attempt_state {
	ATTEMPT_INTENDED = 1,
	ATTEMPT_STARTING,
	ATTEMPT_RUNNING,
	ATTEMPT_CLEARING,
	ATTEMPT_DELIVERING,
	ATTEMPT_ENDED
};

struct attempt {
	struct attempt *next;
	struct kin kin;
	enum attempt_state state;
	int stop; /* 1: was told to end, 2: is being killed */
	int pidfd;
	int exec_fd;
	int exec_ready;           /* the last wait found that it has run, or why it has not */
	struct spawn spawn;       /* until it has started */
	void *room;               /* of a process that has not yet exec'ed; NULL: it has its own */
	struct stream streams[2]; /* stdout, stderr */
	struct dtss_outcome outcome;
	char detail[DTSS_DETAIL_LEN_MAX + 1];
	uint64_t look_ns;     /* when to look again whether all are gone */
	uint64_t clearing_ns; /* since when */
	char *cwd;            /* where it runs */
	char *dir;            /* its own directory; NULL: it was given another */
	char log_path[512];
};

/* What all attempts share. */
struct attempts {
	struct attempt *first;
	struct attempt *forgotten; /* nobody asks for them any more, but their directories are still there */
	struct dtss_agent *engine;
	struct post_client *client;
	struct journal *journal;
	const struct cgroup_home *cgroups;
	const struct account *account;
	const char *search; /* --path */
	const char *dir;    /* each gets a directory in it */
	const char *worker; /* the name, as it stands in a URL */
	int failed;         /* one does not start, which the next step tells */
};

/* Everything that can be found wrong before the intent is written. 0, or a positive errno with detail; the cause is set
 * when it is the task's fault. */
int attempt_prepare(struct attempt *a, const struct attempts *all, const struct dtss_agent_start *start);
/* It does not start. Unless something else is known, that is not the task's fault: another worker may have more luck. */
void attempt_fail(struct attempt *a, int err, const char *detail);

/* The engine's actions. */
void attempt_start(struct attempts *all, struct dtss_time now, const struct dtss_agent_start *start);
void attempt_stop(struct attempts *all, uint64_t fence, int force);
void attempt_forget(struct attempts *all, uint64_t fence);
/* Removes what the forgotten ones left: a file system may take its time. */
void attempts_bury(struct attempts *all);
/* Syncs the journal, and starts what was written to it. */
void attempts_spawn(struct attempts *all, struct dtss_time now);
/* A child of ours has ended, and is not yet reaped. 1: it was the first process of an attempt. */
int attempts_exited(struct attempts *all, struct dtss_time now, const siginfo_t *info);
/* Output, and what follows from the end of processes. Returns when to call it again without other news. */
uint64_t attempts_step(struct attempts *all, struct dtss_time now);
/* Kills all, for at most wait_ms. The number of attempts of which a process still lives. */
int attempts_kill(struct attempts *all, int wait_ms);
void attempts_fini(struct attempts *all);

#endif
