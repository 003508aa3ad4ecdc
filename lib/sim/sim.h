/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_SIM_H
#define DTSS_SIM_SIM_H

#include <dtss.h>
#include "sim/choose.h"
#include "sim/timeline.h"

/*
 * A cluster in one thread, on virtual time: the real node with the real engine, real agent engines, a network that
 * loses, repeats and reorders, a disk that fails, and processes that are only a time and an exit code. Every choice goes
 * through one sim_choose(), so a seed is a run.
 *
 *      client ──► node ──► disk: a memory store that outlives the node; the checker sees every batch
 *                  ▲ │
 *                  │ ▼ network: bytes, with a delay each, lost or doubled
 *               agent engine ──► processes
 */
#define SIM_WORKERS_MAX DTSS_SIM_WORKERS_MAX
#define SIM_SLOTS_MAX 4
#define SIM_TASKS_MAX DTSS_SIM_TASKS_MAX
#define SIM_WIRE_MAX 4096 /* messages under way; more are lost */
#define SIM_DELAYED_MAX 8 /* commits whose completion is withheld */

/* Faults in 1/1000 of the occasions; each class is absent in about half of the seeds. */
struct sim_faults {
	uint32_t drop, duplicate, slow; /* of a message */
	uint32_t commit_unknown, commit_lost, commit_nospc, commit_slow;
	uint32_t node_crash;  /* at a commit: before, after, or while it is under way */
	uint32_t agent_crash; /* at a turn of a worker */
	uint32_t agent_pause;
	uint32_t start_fails, fails, ignores_term;
};

#define SIM_PROBES 1

struct sim_violation {
	const char *id; /* "S6"; NULL: none */
	char text[256];
};

/* What came up, so that a run that proves nothing is seen. */
struct sim_counts {
	uint64_t turns, batches, events, messages, lost_messages, doubled_messages;
	uint64_t node_crashes, agent_crashes, pauses, commits_unknown, commits_nospc;
	uint64_t submits, known, completed, stops, losses, cancels, releases, drains;
};

struct sim_proc {
	uint64_t task, fence;
	uint64_t end_ns; /* 0: this slot is free */
	uint32_t gpus;
	int32_t exit_code;
	uint32_t signal;
	int ignores_term;
	int excused; /* its agent was paused: it may overlap with its successor */
};

struct sim_worker {
	struct dtss_agent *agent; /* NULL: crashed */
	char name[16];
	const char *tags[2];
	size_t tag_count;
	uint32_t slots;
	uint32_t gpus; /* a named resource; 0: none */
	uint64_t incarnation;
	uint64_t wake_ns; /* crashed or paused: until then; else 0 */
	struct sim_proc procs[SIM_SLOTS_MAX * 4];
};

struct sim_wire {
	uint64_t due_ns;
	uint64_t order;
	int to_node;
	uint32_t worker;
	uint8_t *bytes; /* NULL: free */
	size_t len;
};

struct sim_delayed {
	uint64_t due_ns;
	uint64_t token;
	int32_t result;
	int used;
};

/* What the client knows of one submit. */
struct sim_submit {
	char key[16];
	char queue[16];
	uint64_t id;       /* 0: not acknowledged */
	uint64_t retry_ns; /* when to ask again; 0: an answer is awaited, or it has ended */
	uint32_t parent;   /* index + 1 of the submit that it waits for; 0: none */
	uint32_t tag;      /* which of the workers' tags it needs; 0: none */
	uint32_t attempts_max;
	uint32_t work;  /* how long it runs, about, in tenths of a second */
	uint32_t ended; /* the terminal state that was seen; 0: none yet */
	int32_t priority;
	uint64_t timeout_ms;
	int cancel;    /* 1: to be cancelled; 2: it was */
	int held;      /* 1: submitted as held, to be released; 2: it was */
	uint32_t gpus; /* how many it needs; 0: none */
};

/* What the checker knows of a task, from the batches alone, and from what the client asked for. */
struct sim_seen {
	uint64_t fence;
	uint64_t parent; /* 0: none */
	uint32_t state;
	uint32_t completions;
};

struct sim {
	struct dtss_sim_config cfg;
	const struct dtss_mem *mem;
	struct sim_choice choice;
	struct sim_timeline timeline;
	struct dtss_time now;
	struct sim_faults faults;
	int faults_on;
	struct dtss_node *node; /* NULL: crashed */
	uint64_t node_wake_ns;
	struct dtss_store *inner; /* outlives the node */
	struct dtss_store disk;
	struct dtss_transport net;
	struct sim_delayed delayed[SIM_DELAYED_MAX];
	int crash_now; /* a commit decided that the node dies here */
	struct sim_wire wires[SIM_WIRE_MAX];
	uint64_t wire_order;
	struct dtss_message *delivered;
	struct sim_wire *delivered_wire;
	struct sim_worker workers[SIM_WORKERS_MAX];
	uint32_t worker_count;
	struct sim_submit submits[SIM_TASKS_MAX];
	uint32_t submit_count;
	struct sim_seen seen[2 * SIM_TASKS_MAX];
	struct dtss_sched *shadow; /* a standby that applied every batch */
	uint64_t compared_seq;     /* up to there leader and standby were compared */
	uint64_t last_seq, last_hash, last_epoch, last_fence;
	struct sim_counts counts;
	uint64_t probes[SIM_PROBES];
	struct sim_violation violation;
};

/* --- run.c --- */
/* cfg is copied. The caller sets choice and timeline, then lets it go, to its end or to the first violation. */
struct sim *sim_new(const struct dtss_sim_config *cfg, const struct dtss_mem *mem);
int sim_go(struct sim *s); /* DTSS_E_NOMEM */
void sim_free(struct sim *s);
void sim_outcome(const struct sim *s, struct dtss_sim_result *ret_result); /* but violation, text and choices */
const char *sim_probe_text(uint32_t index);
void sim_violate(struct sim *s, const char *id, const char *text, uint64_t a, uint64_t b);

/* --- choose.c --- */
uint64_t sim_choose(struct sim *s, uint64_t n); /* 0 to n - 1; 0 is the tamest */
int sim_fault(struct sim *s, uint32_t permille);
void sim_settle(struct sim *s); /* the cluster and its faults are drawn: from here on it runs */

/* --- timeline.c --- */
/* A line of what this place did; nothing when no timeline is kept. */
void sim_say(struct sim *s, uint32_t place, const char *format, ...);

/* --- disk.c --- */
void disk_init(struct sim *s);
uint64_t disk_next_ns(const struct sim *s);

/* --- net.c --- */
void net_init(struct sim *s);
void net_send(struct sim *s, int to_node, uint32_t worker, const struct dtss_message *m);
uint64_t net_next_ns(const struct sim *s);
void net_deliver(struct sim *s); /* to the workers: what is due */
void net_fini(struct sim *s);

/* --- worker.c --- */
void worker_init(struct sim *s, uint32_t index);
void worker_turn(struct sim *s, uint32_t index);
uint64_t worker_next_ns(const struct sim *s, uint32_t index);
void worker_message(struct sim *s, uint32_t index, const struct dtss_message *m);
void worker_fini(struct sim *s, uint32_t index);

/* --- client.c --- */
void client_init(struct sim *s);
void client_turn(struct sim *s);
void client_answer(struct sim *s, const struct dtss_answer *a);
void client_node_lost(struct sim *s); /* what was not answered is unknown */
uint64_t client_next_ns(const struct sim *s);
uint32_t client_left(const struct sim *s); /* submits that have not been seen to end */

/* --- judge.c --- */
void judge_batch(struct sim *s, const struct dtss_batch *b);
void judge_accepted(struct sim *s, const struct sim_submit *u);
void judge_node(struct sim *s);     /* the engine's own invariants */
void judge_recovery(struct sim *s); /* before a node opens: what the disk holds is what was folded */
void judge_end(struct sim *s);

#endif
