/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ENGINE_H
#define TESTS_SUPPORT_ENGINE_H

#include <dtss.h>
#include "support/fail_mem.h"
#include "support/records.h"

/*
 * The engine in virtual time, with fake agents. Whatever it decides is stored at once, and then
 *
 *      no invariant is broken · a standby that applied the same has the same digest (S20)
 *      events have no gaps (S19) and make legal edges (S9, S10) · fences grow (S6)
 */
#define ENGINE_TASKS 8192
#define ENGINE_AGENTS 8
#define ENGINE_SENT 8192
#define ENGINE_BEAT_MS 3000

struct engine_agent {
	const char *name;
	const char *address;
	uint64_t incarnation;
	uint64_t number;
	uint64_t fence_seen;
	uint32_t kind;
	uint32_t flags;
	uint32_t max_tasks;
	uint32_t foreign; /* slots in use by what the scheduler does not know */
	const char *tags[4];
	size_t tag_count;
	struct dtss_resource resources[4];
	size_t resource_count;
	struct dtss_held held[1024];
	size_t held_count;
	int deaf;         /* messages to it are lost */
	int silent;       /* engine_pass() sends no heartbeats for it */
	uint64_t beat_ns; /* of its last heartbeat */
};

struct engine_sent {
	uint32_t type; /* enum dtss_message_type */
	uint32_t attempt, cause;
	char worker[32];
	uint64_t task, fence, incarnation;
	uint64_t lease_ms;  /* ASSIGN */
	uint64_t heartbeat; /* likewise */
};

/* What the events told about a task. */
struct engine_task {
	uint8_t state, cause, retired;
	uint32_t attempt, steps;
	uint64_t fence;
};

struct engine {
	struct dtss_sched *s;
	struct dtss_sched *standby;
	struct fail_mem mem, standby_mem;
	struct dtss_config cfg;
	struct dtss_time now;
	struct records records;
	uint64_t epoch, seq, fence;
	uint64_t closed;  /* the last event of the last batch */
	uint64_t changes; /* state changes of tasks so far */
	struct engine_agent agents[ENGINE_AGENTS];
	size_t agent_count;
	struct engine_sent sent[ENGINE_SENT];
	size_t sent_count;
	struct dtss_event last; /* the last event about a worker */
	struct engine_task tasks[ENGINE_TASKS];
};

/* It leads with epoch 1. cfg NULL: all defaults. */
void engine_open(struct engine *e, const struct dtss_config *cfg);
void engine_close(struct engine *e); /* and every byte was given back */
/* Ticks that are due, and stores what changed, until there is nothing to do now. */
void engine_pump(struct engine *e);
void engine_store(struct engine *e); /* what changed, without ticks */
/* The two halves of it: a batch is closed and written (0: there is none), and the engine learns that. */
int engine_batch(struct engine *e);
void engine_stored(struct engine *e);
/* Time passes as the engine asks for it; agents that are not silent send their heartbeats. */
void engine_pass(struct engine *e, uint64_t ms);
void engine_sleep(struct engine *e, uint64_t ms); /* both clocks go on, and nobody is called */
void engine_check(const struct engine *e);
/* What a refused verb must leave as it was (S25): taken before it. 0, and nothing to compare, once the allocation that was
 * to fail is over. */
uint64_t engine_trace(const struct engine *e);
void engine_no_trace(const struct engine *e, uint64_t trace);
/* It is killed: what was not stored is lost. A new one is loaded from the records, and leads. */
void engine_restart(struct engine *e);
/* It is killed, and the standby leads. */
void engine_takeover(struct engine *e);

struct dtss_task_spec engine_spec(const char *name);
dtss_task_id engine_submit(struct engine *e, const struct dtss_task_spec *spec); /* a new task */
dtss_task_id engine_task(struct engine *e, const char *name);
dtss_task_id engine_after(struct engine *e, const char *name, dtss_task_id parent);
/* By the events: after it was pumped. */
uint32_t engine_state(const struct engine *e, dtss_task_id id);
uint32_t engine_cause(const struct engine *e, dtss_task_id id);
uint64_t engine_fence(const struct engine *e, dtss_task_id id);
uint32_t engine_attempt(const struct engine *e, dtss_task_id id);
struct dtss_task_view engine_view(struct engine *e, dtss_task_id id);
/* Why it waits: the sentence, and enum dtss_why. */
const char *engine_text(struct engine *e, dtss_task_id id);
uint32_t engine_why(struct engine *e, dtss_task_id id);
void engine_wait(struct engine *e, dtss_task_id id, uint32_t state, uint64_t ms_max); /* it comes to that state */

/* A new agent; it is in the table, and has sent its first heartbeat. tag may be NULL. */
struct engine_agent *engine_join(struct engine *e, const char *name, uint32_t max_tasks, const char *tag);
/* The same, without a heartbeat. */
struct engine_agent *engine_agent(struct engine *e, const char *name, uint32_t max_tasks, const char *tag);
struct dtss_heartbeat engine_heartbeat(struct engine *e, struct engine_agent *a); /* its next */
int engine_beat(struct engine *e, struct engine_agent *a);                        /* sends it, and pumps */
void engine_reborn(struct engine_agent *a);                                       /* as a new incarnation, empty */
struct engine_agent *engine_holder(struct engine *e, dtss_task_id id);            /* who holds it, or NULL */
uint32_t engine_status(struct engine *e, const char *worker);
void engine_forget(struct engine *e, dtss_task_id id); /* its agent does not list it any more */

/* Reports of the agent about the task's last attempt, and pumps. */
int engine_started(struct engine *e, dtss_task_id id);
int engine_exit(struct engine *e, dtss_task_id id, int32_t exit_code);
int engine_ended(struct engine *e, dtss_task_id id, const struct dtss_outcome *outcome);
int engine_cause_end(struct engine *e, dtss_task_id id, uint32_t cause);
/* Any report. */
int engine_report(struct engine *e, dtss_task_id id, uint64_t fence, uint32_t kind, uint32_t cause, int32_t exit_code);

size_t engine_count(const struct engine *e, uint32_t type, const char *worker); /* messages sent; worker NULL: to any */
const struct engine_sent *engine_last(const struct engine *e, uint32_t type);   /* there is one */

#endif
