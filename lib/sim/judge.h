/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_JUDGE_H
#define DTSS_SIM_JUDGE_H

#include <dtss.h>
#include <dtss/sim.h>
#include "sim/client.h"

/*
 * The judge: what dtss_failure_model(7) promises, each under its identifier, from what can be seen from outside alone.
 *
 *      batches that are durable ──► events, records ─┐
 *      heartbeats that a leader got ─────────────────┼──► a model of the tasks, attempts, workers and keys, folded
 *      what workers started and saw end ─────────────┤    by rules of its own ──► violation
 *      what clients asked, and were told ────────────┘
 *
 * Nothing of the engine is asked but what it answers to a client, and whether it has anything left to do: at rest, with
 * all that it knows durable, all that was due must have happened.
 */
#define JUDGE_TASKS_MAX 768   /* ids; a run makes fewer */
#define JUDGE_FENCES_MAX 1024 /* the newest attempts; a power of two */
#define JUDGE_KEYS_MAX 384
#define JUDGE_NEEDS_MAX 64
#define JUDGE_WORKERS_MAX 24 /* by name: agents, and placement workers */
#define JUDGE_TAGS_MAX 16
#define JUDGE_RESOURCES_MAX 4
#define JUDGE_AFTER_MAX 8
#define JUDGE_RULES_MAX 4
#define JUDGE_PAST_MAX 8 /* transitions of a task that are remembered */
#define JUDGE_SCHEDULERS_MAX DTSS_SIM_SCHEDULERS_MAX
#define JUDGE_EPOCHS_MAX 1024
#define JUDGE_SENT_MAX 64 /* heartbeats of a worker whose answer may still come */
#define JUDGE_HELD_MAX 24
#define JUDGE_HEARD_MAX 16  /* moments at which a worker was heard */
#define JUDGE_ASKED_MAX 256 /* requests of a scheduler that are not yet answered */
#define JUDGE_WALLS_MAX 64  /* settings of a wall clock; the time of an event before them is not known */
#define JUDGE_ENDS_MAX 4    /* ends of one attempt that were reported */

struct judge_need {
	uint32_t tags; /* bit set */
	uint64_t amounts[JUDGE_RESOURCES_MAX];
};

struct judge_policy {
	uint32_t attempts_max, lost_max, multiplier_milli;
	int jitter;
	uint64_t min_ms, max_ms;
	uint32_t rule_count;
	struct dtss_retry_rule rules[JUDGE_RULES_MAX];
};

struct judge_past {
	uint64_t seq;
	uint32_t state;
};

struct judge_task {
	uint32_t state; /* enum dtss_task_state; NEW: not yet */
	uint32_t cause;
	uint32_t job;  /* index + 1 of the client's; 0: not known */
	uint32_t need; /* index */
	uint8_t spec_seen, retired, held_asked, cancel_asked, hold_asked, release_asked, retry_asked;
	uint8_t key_gone;   /* its key was forgotten */
	uint8_t parent;     /* others wait for it, or did */
	uint8_t lost_last;  /* the last attempt ended as lost, and nothing was decided since */
	uint8_t after_lead; /* it backs off, and a leader began meanwhile */
	int32_t priority;
	uint32_t attempts, failed, lost, free;
	uint32_t live;               /* enum dtss_attempt_state of the last attempt; 0: none is live */
	uint64_t fence;              /* of the last attempt */
	uint32_t worker;             /* index + 1 */
	uint64_t reign, ended_batch; /* under which leader it was submitted, and in which batch it ended */
	uint64_t live_seq;           /* the event that made its attempt leased, or stopping */
	uint64_t retry_of;
	uint64_t spec_hash;
	struct judge_policy policy;
	uint64_t timeout_ms, deadline_ms;
	int64_t not_before_ns;
	uint32_t after_count;
	uint64_t after[JUDGE_AFTER_MAX];
	int64_t created_wall, started_wall, perhaps_wall, finished_wall, since_wall;
	uint64_t wait_ns, wait_low_ns, wait_high_ns; /* a backoff, and between what it must be; wait_ns 0: none */
	uint8_t wait_fresh;                          /* only the bounds are known yet */
	/* on the leader's monotonic clock; 0: not known, DTSS_NEVER: not set */
	uint64_t due_ns;         /* end of a backoff */
	uint64_t deadline_ns;    /* to start first */
	uint64_t phase_ns;       /* leased or running since */
	char queue[12], key[12]; /* of its specification; no key: "" */
	uint32_t past_count;
	struct judge_past past[JUDGE_PAST_MAX];
};

/* An attempt: what is known of its process, and what was reported of it. */
struct judge_fence {
	uint64_t fence;
	uint64_t incarnation;
	uint64_t ended_seq;       /* it was live until then; 0: it still is, or never was */
	uint64_t renewed_ns;      /* on the clock of the leader: the last heartbeat that it took, or the beginning */
	uint64_t renewed_true_ns; /* that heartbeat on the true clock; 0: none yet */
	uint64_t renewed_max_ns;  /* the same, but of all that it may have taken */
	uint64_t term_ns;         /* true: when its agent is to end it by its assignments; 0: it got none */
	uint64_t acked_true_ns;   /* sending of the last heartbeat that listed it and was answered */
	uint64_t told_ns; /* on the clock of the leader: its assignment was sent, or the leader began; 0: not yet */
	uint32_t task, attempt, worker;
	uint8_t live, ran, reported_count, started_reported, unlisted;
	uint8_t stop_told;
	uint8_t forgotten; /* the leader heard that its worker has it no more */
	/* the reign in which the leader heard that a worker has it, though ...; 0: none */
	uint64_t stranger;    /* ... it is not live */
	uint64_t stop_owed;   /* ... it is to be stopped, and the worker does not know yet */
	uint64_t assign_owed; /* the reign in which it heard that the worker never got it; 0: none */
	uint8_t given_up;     /* for its silence about a start, or long after its timeout: it may still be there */
	int32_t exit_code;    /* of its process, when it ran to its end */
	uint32_t signal;
	uint32_t end_cause;  /* likewise */
	uint32_t stop_cause; /* for which its agent first told it to end; NONE: it did not */
	struct dtss_outcome reported[JUDGE_ENDS_MAX];
	struct dtss_outcome record; /* as it stands in its record */
	uint32_t record_state;
};

struct judge_key {
	char queue[12], key[12];
	uint64_t task;           /* 0: this entry is free */
	uint64_t finished_order; /* 0: it lives */
	int64_t finished_wall;
	uint64_t expires_ns; /* on the leader's clock; 0: not known */
	uint8_t dropped;     /* the batch under way drops its record */
};

/* What one scheduler heard from a worker; volatile there. */
struct judge_heard {
	uint64_t last_ns; /* on its clock: the last that it took; 0: none since it leads, or forgot the worker */
	uint64_t any_ns;  /* the last that reached it */
	/* the same on the true clock: while its own stands still, that alone tells what came first */
	uint64_t last_true_ns, any_true_ns;
	uint64_t incarnation, number;
	uint64_t fence_seen; /* by the last that it took */
	uint64_t epoch, epoch_number,
		epoch_incarnation;      /* the highest epoch that it told of, and first in which heartbeat */
	uint64_t ring[JUDGE_HEARD_MAX]; /* of the last that reached it */
	uint32_t ring_count;
	uint8_t stopping;
	uint8_t fuzzy; /* its load is not exactly known: it said more than its list, or listed what nobody gave it */
};

struct judge_sent {
	uint64_t number, incarnation, true_ns;
	uint32_t count;
	uint64_t fences[JUDGE_HELD_MAX];
};

/* What is durable of a worker. */
struct judge_shape {
	uint64_t number; /* 0: not registered */
	uint64_t incarnation;
	uint32_t kind, status, max_tasks;
	uint8_t draining, cordoned, address;
	uint32_t tags;
	uint64_t amounts[JUDGE_RESOURCES_MAX];
};

struct judge_worker {
	char name[24];
	struct judge_shape now, next; /* next: by its record in the batch under way */
	uint32_t changes;             /* in the batch under way; more than one: what it was in between is not known */
	uint32_t leased, most_tasks;
	uint8_t drain_asked, cordon_asked;
	uint64_t taken[JUDGE_RESOURCES_MAX];
	struct judge_heard heard[JUDGE_SCHEDULERS_MAX];
	struct judge_sent sent[JUDGE_SENT_MAX];
	uint64_t given;   /* order of the last gift; 0: none since it was registered, or the leader began */
	uint64_t unheard; /* the fence of an assignment that it may never have heard of; 0: none */
};

/* A scheduler's wall clock against the true time: a ring of its settings. A write may hang while it is set many times. */
struct judge_clock {
	struct {
		int64_t offset;
		uint64_t since_ns; /* true */
	} walls[JUDGE_WALLS_MAX];
	uint32_t count;
};

struct judge_reign {
	uint32_t scheduler;
	uint64_t epoch, seq;
	uint64_t lead_ns;    /* its monotonic clock; 0: not known */
	uint64_t event_true; /* of its last event */
	int64_t lead_wall;
	uint64_t count;
};

/* What was durable when the last reign of a scheduler ended. */
struct judge_deposed {
	uint64_t seq, task_count, fence;
};

/* A request, as things stood when it arrived; for who was deposed and may not know it: when it was. */
struct judge_asked {
	uint64_t seq; /* that was durable */
	uint64_t task_count;
	uint32_t why;   /* what explain must answer; 0: not known */
	uint32_t count; /* ... and how many it must name */
	uint8_t rest;   /* all that the engine knew was durable */
	uint8_t live;   /* the attempt of the log was live ... */
	uint8_t dead;   /* ... and was not: both, where nobody can say what it takes the attempt for */
};

struct sim_judge {
	struct dtss_config cfg; /* of the engines, with the defaults filled in */
	struct judge_asked asked[JUDGE_SCHEDULERS_MAX][JUDGE_ASKED_MAX];
	struct judge_task tasks[JUDGE_TASKS_MAX];
	struct judge_fence fences[JUDGE_FENCES_MAX];
	struct judge_key keys[JUDGE_KEYS_MAX];
	struct judge_need needs[JUDGE_NEEDS_MAX];
	struct judge_worker workers[JUDGE_WORKERS_MAX];
	struct judge_clock clocks[JUDGE_SCHEDULERS_MAX];
	struct judge_reign reign;
	struct judge_deposed deposed[JUDGE_SCHEDULERS_MAX];
	uint16_t ready[JUDGE_TASKS_MAX]; /* ids */
	uint16_t live[JUDGE_TASKS_MAX];  /* ids of tasks with a live attempt */
	uint16_t waits[JUDGE_TASKS_MAX]; /* ids of the other unfinished ones */
	uint16_t place[JUDGE_TASKS_MAX]; /* where a task stands in its list */
	uint8_t list[JUDGE_TASKS_MAX];   /* which: 0 none, 1 ready, 2 live, 3 waits */
	uint32_t list_count[4];
	char tags[JUDGE_TAGS_MAX][24], resources[JUDGE_RESOURCES_MAX][24];
	uint32_t tag_count, resource_count, need_count, key_count, worker_count;
	uint8_t epoch_of[JUDGE_EPOCHS_MAX]; /* scheduler + 1 */
	uint64_t task_count;                /* submitted: the next id is one more */
	uint64_t totals[DTSS_TASK_STATES], grants, retries, losses, key_order, gifts;
	uint64_t last_seq, last_hash, last_epoch, last_fence, last_number;
	uint64_t batches, events, terminal;
	uint64_t silences; /* workers that went offline, each time rightly */
	uint64_t finished_keys;
	uint32_t keys_dropped; /* in the batch under way */
	uint64_t rests;
	struct dtss_sched *shadow; /* a standby that applied every batch; NULL: this run has none */
	uint64_t compared_seq;
	uint64_t event_ns;   /* of the event under way, on the leader's monotonic clock; 0: not known */
	uint64_t event_true; /* the same on the true clock */
	uint32_t strangers;  /* whose workers the leader has still to tell to stop them */
	int places;          /* placements were asked for: loads are not exactly known */
	int quiet;           /* at rest, and no answer of the store is awaited: all messages are out */
	int dirty;           /* something happened since the last look at rest */
};

struct sim;
struct sim_proc;

/* --- judge.c --- */
void judge_init(struct sim *s);
void judge_fini(struct sim *s);
void judge_lead(struct sim *s, uint32_t scheduler, uint64_t epoch);              /* the store gave it */
void judge_batch(struct sim *s, uint32_t scheduler, const struct dtss_batch *b); /* C: it is durable */
void judge_power(struct sim *s);                                                 /* R: the store came back */
void judge_recovery(struct sim *s, uint32_t scheduler);                          /* R: before a scheduler opens */
void judge_step(struct sim *s, uint32_t scheduler);                              /* after a step */
void judge_wall(struct sim *s, uint32_t scheduler);                              /* its wall clock was set */
void judge_end(struct sim *s);                                                   /* E */
/* --- judge_answer.c: P --- */
void judge_asked(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t token);
void judge_replied(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct dtss_answer *a);
/* --- judge_machine.c: what the machines and the network did --- */
void judge_heard(struct sim *s, uint32_t scheduler, const struct dtss_message *m); /* it is handed to the node */
void judge_told(struct sim *s, uint32_t scheduler, const char *worker, const struct dtss_message *m);
void judge_sent(struct sim *s, uint32_t worker, const struct dtss_message *m);
void judge_answered(struct sim *s, uint32_t worker, const struct dtss_message *m);
void judge_started(struct sim *s, uint32_t worker, const struct dtss_agent_start *start);
void judge_ended(struct sim *s, const struct sim_proc *p, const struct dtss_outcome *o);
/* --- judge_agent.c: one agent and its processes --- */
void judge_delivered(struct sim *s, uint32_t worker, const struct dtss_message *m);
void judge_beside(struct sim *s, uint32_t worker, const struct dtss_agent_start *start);
void judge_stopped(struct sim *s, const struct sim_proc *p, const struct dtss_agent_action *stop); /* p may be NULL */
void judge_exited(struct sim *s, const struct sim_proc *p, const struct dtss_outcome *o);
void judge_reported(struct sim *s, const struct dtss_report *r);
void judge_overdue(struct sim *s, uint32_t worker);                            /* its agent has looked at the time */
void judge_outlived(struct sim *s, uint32_t worker, const struct sim_proc *p); /* it is told to end, or ends */

#endif
