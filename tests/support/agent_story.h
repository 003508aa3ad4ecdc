/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_AGENT_STORY_H
#define TESTS_SUPPORT_AGENT_STORY_H

#include <stdint.h>
#include <dtss/agent.h>
#include <dtss/error.h>
#include "support/fail_mem.h"

/*
 * An agent in virtual time, told what the scheduler says and what its driver sees. All that it answers becomes lines:
 *
 *      [   0] send 1: seen 0, used 0/2
 *      [   5] start 7@1
 *      [   6] send 2: seen 1, used 1/2, running 7@1; report started 7@1
 *      [1000] term 7@1 cancel             or kill
 *      [1010] forget 7@1                  or stale, reset
 *
 * 7@1 is task 7 with fence 1; [ms]. A send adds " epoch N", " stopping" where they are not 0.
 */
struct agent_story {
	struct fail_mem mem;
	struct dtss_agent *agent;
	uint64_t ms;
	/* what the scheduler says of itself in its messages */
	uint64_t incarnation;
	uint64_t epoch;
	uint64_t lease_ms;
	uint64_t heartbeat_ms;
	uint64_t heard;   /* the heartbeat that assignments name; 0: none */
	uint8_t identity; /* every byte of it */
	int answers;      /* 1: every heartbeat is answered at once, with all acknowledgements */
	int quiet;        /* 1: nothing is written, for stories of thousands */
	uint64_t sent;    /* the last heartbeat's number */
	char trace[16384];
	size_t len;
};

/* Incarnation 5, grace 2 s; leases of 20 s and a heartbeat every 10 s, when the scheduler says so. */
void story_open(struct agent_story *s, uint32_t max_tasks);
/* The same with this allocation failing: DTSS_E_NOMEM. */
int story_open_failing(struct agent_story *s, uint32_t max_tasks, size_t fail_at);
void story_close(struct agent_story *s); /* and nothing is leaked */
/* Time passes, tick by tick as the agent asks for it. */
void story_until(struct agent_story *s, uint64_t ms);
/* Time passes and the agent is not called: it was suspended. Then one tick. */
void story_sleep_until(struct agent_story *s, uint64_t ms);

int story_assign(struct agent_story *s, uint64_t task, uint64_t fence, uint64_t timeout_ms);
int story_stop(struct agent_story *s, uint64_t task, uint64_t fence, uint32_t cause);
void story_answer(struct agent_story *s, uint64_t number, int32_t result);
/* An accepting answer with one acknowledgement. */
void story_ack(struct agent_story *s, uint64_t number, uint64_t task, uint64_t fence, uint32_t kind, int32_t result);
int story_started(struct agent_story *s, uint64_t fence);
int story_exit(struct agent_story *s, uint64_t fence, int32_t exit_code);
int story_signal(struct agent_story *s, uint64_t fence, uint32_t signal);
int story_drain(struct agent_story *s, uint64_t grace_ms);
int story_resize(struct agent_story *s, uint32_t max_tasks);
/* What happened since the last time is exactly this. */
void story_says(struct agent_story *s, const char *expected);
void story_skip(struct agent_story *s); /* whatever it was */

#endif
