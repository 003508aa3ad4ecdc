/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_JUDGE_H
#define DTSS_SIM_JUDGE_H

#include <stdint.h>
#include <dtss/agent.h>
#include <dtss/store.h>
#include "sim/client.h"

/* What the checker knows of a task, from the batches alone, and from what the client asked for. */
struct sim_seen {
	uint64_t fence;
	uint64_t parent; /* 0: none */
	uint32_t state;
	uint32_t completions;
};

struct sim_judge {
	struct sim_seen seen[2 * SIM_TASKS_MAX];
	struct dtss_sched *shadow; /* a standby that applied every batch */
	uint64_t compared_seq;     /* up to there leader and standby were compared */
	uint64_t last_seq, last_hash, last_epoch, last_fence;
};

void judge_init(struct sim *s);
void judge_fini(struct sim *s);
void judge_lead(struct sim *s, uint32_t scheduler, uint64_t epoch);              /* the store gave it */
void judge_batch(struct sim *s, uint32_t scheduler, const struct dtss_batch *b); /* C: it is durable */
void judge_power(struct sim *s);                        /* R: the store came back after a power cut */
void judge_recovery(struct sim *s, uint32_t scheduler); /* R: before a scheduler opens */
void judge_step(struct sim *s, uint32_t scheduler);     /* after a step */
void judge_started(struct sim *s, uint32_t worker,
		   const struct dtss_agent_start *start); /* a process will be started */
void judge_accepted(struct sim *s, const struct sim_client *c, const struct sim_submit *u);
void judge_end(struct sim *s); /* E */

#endif
