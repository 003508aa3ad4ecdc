/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_PRIVATE_H
#define DTSS_SIM_PRIVATE_H

#include <dtss.h>
#include "core/check.h"
#include "sim/choose.h"
#include "sim/client.h"
#include "sim/disk.h"
#include "sim/fault.h"
#include "sim/judge.h"
#include "sim/probes.h"
#include "sim/timeline.h"

/*
 * A cluster in one thread, on virtual time: real nodes with real engines, real agent engines, a network that loses,
 * repeats and reorders, one store that several schedulers share and whose power may be cut, and processes that are only
 * a time and an exit code. Every choice goes through sim_choose(), so that a seed is a run.
 *
 *   client 1..3 ──► scheduler 1..3 ──► disk: ONE store, with its journal of batches
 *        links cut,     ▲ │  links
 *        each way       │ ▼
 *                   worker 1..8: real agent engine ──► processes
 *
 * Discrete events: agenda.c is a heap of what is under way, by its time on the true clock; beside it each place has the
 * time at which it wakes. run.c takes the earliest of both, and only the place that it concerns acts. A place sees only
 * its own clock (clock.c).
 */
#define SIM_SCHEDULERS_MAX DTSS_SIM_SCHEDULERS_MAX
#define SIM_WORKERS_MAX DTSS_SIM_WORKERS_MAX
#define SIM_CLIENTS_MAX DTSS_SIM_CLIENTS_MAX
#define SIM_SLOTS_MAX 4
#define SIM_PROCS_MAX (SIM_SLOTS_MAX * 4) /* with those that are being stopped for good */
#define SIM_AGENDA_MAX 16384              /* under way; more messages are lost */
#define SIM_INBOX_MAX 512                 /* arrived at a scheduler or worker that is paused; more are lost */
#define SIM_OPEN_CALLS_MAX 256
#define SIM_MS UINT64_C(1000000)
#define SIM_S UINT64_C(1000000000)

struct sim_violation {
	const char *id; /* "S6"; NULL: none */
	char text[256];
};

/* What came up, so that a run that proves nothing is seen. */
struct sim_counts {
	uint64_t happenings; /* entries of the agenda and turns of places */
	uint64_t simulated_ms;
	uint64_t batches, events, messages, lost_messages, doubled_messages, calls;
	uint64_t node_crashes, agent_crashes, pauses, commits_unknown, commits_nospc, power_cuts, cuts, leads;
	uint64_t submits, accepted, known, completed, stops, losses, cancels, releases, drains;
};

/* ---- arena.c: the memory of one run ---- */

#define SIM_ARENA_CLASSES 40

struct sim_arena {
	struct dtss_mem mem;         /* give this to engines */
	const struct dtss_mem *from; /* where chunks come from */
	void *free[SIM_ARENA_CLASSES];
	struct sim_chunk *chunks;
	uint8_t *at;
	size_t left;
	size_t live; /* bytes; 0 at the end, or something leaked */
	int failed;  /* a block could not be had; the run ends */
};

void arena_init(struct sim_arena *a, const struct dtss_mem *from);
void arena_fini(struct sim_arena *a);
int arena_ready(struct sim_arena *a); /* 1: there is enough for whatever happens next */
void *arena_alloc(struct sim_arena *a,
		  size_t size); /* not cleared; never NULL for what is needed between two of those */
void arena_free(struct sim_arena *a, void *block, size_t size);

/* ---- clock.c: what a place believes the time to be ---- */

struct sim_clock {
	uint64_t true_ns; /* at this time ... */
	uint64_t mono_ns; /* ... it showed that, and from there it runs */
	uint32_t rate;    /* in millionths; 0: it stands still */
	int64_t wall_offset_ns;
};

struct dtss_time clock_now(const struct sim *s, uint32_t place);
/* The first true time at which the place's clock shows at least mono_ns; not before now. */
uint64_t clock_true_ns(const struct sim *s, uint32_t place, uint64_t mono_ns);
void clock_draw(struct sim *s, uint32_t place);
void clock_set_rate(struct sim *s, uint32_t place, uint32_t rate);
void clock_step_wall(struct sim *s, uint32_t place);

/* ---- agenda.c: what is under way ---- */

enum sim_item_type {
	SIM_ITEM_MESSAGE = 1, /* bytes for the scheduler or worker at to */
	SIM_ITEM_CALL = 2,    /* a client's request, for the scheduler at to */
	SIM_ITEM_REPLY = 3,   /* its answer, for the client at to */
	SIM_ITEM_TIMEOUT = 4, /* the client at to waited long enough */
	SIM_ITEM_DISK = 5,    /* what the scheduler at from asked of the store becomes due */
	SIM_ITEM_ORPHAN = 6,  /* a write whose process is gone reaches the store */
	SIM_ITEM_FAULT = 7,   /* fault.c: time for the next one */
	SIM_ITEM_TAIL = 8,    /* faults stop */
	SIM_ITEM_LEADER = 9,  /* L3: somebody must lead by now */
	SIM_ITEM_CLOCK = 10,  /* the clock of to runs on */
	SIM_ITEM_FLAP = 11    /* the link is cut, again */
};

struct sim_item {
	struct sim_item *next; /* in an inbox, or free */
	uint32_t type;
	uint32_t from;
	uint32_t to;
	uint32_t len;
	uint8_t *bytes;
	struct sim_disk_op *op;
	uint64_t serial; /* MESSAGE: when it was sent */
	struct sim_call call;
	struct sim_reply reply;
};

struct sim_entry {
	uint64_t due_ns;
	uint64_t order;
	struct sim_item *item;
};

struct sim_agenda {
	struct sim_entry *heap;
	size_t count;
	size_t cap;
	uint64_t order;
	struct sim_item *free;
};

struct sim_item *agenda_item(struct sim *s, uint32_t type, uint32_t from, uint32_t to); /* not yet in the agenda */
void agenda_add(struct sim *s, struct sim_item *item, uint64_t due_ns);
uint64_t agenda_next_ns(const struct sim *s);
struct sim_item *agenda_take(struct sim *s); /* the earliest; which of several at the same instant is chosen */
struct sim_item *agenda_take_any(struct sim *s);
void agenda_free(struct sim *s, struct sim_item *item);
void agenda_fini(struct sim *s);

/* ---- net.c ---- */

struct sim_inbox {
	struct sim_item *head;
	struct sim_item *tail;
	uint32_t count;
};

struct sim_net {
	uint64_t cut_ns[SIM_PLACES][SIM_PLACES]; /* from, to: until then nothing passes; DTSS_NEVER: for good */
	uint32_t under_way[SIM_PLACES];          /* messages to each place */
	uint32_t queue_max;                      /* more than that to one place are lost */
	uint64_t open[SIM_OPEN_CALLS_MAX];       /* serials of calls that were not answered yet; 0: free */
	uint64_t serial;
	uint8_t *scratch; /* where messages are encoded */
};

struct sim_transport {
	struct dtss_transport base; /* first */
	struct sim *sim;
	uint32_t index;
	struct sim_item *item; /* the message that was handed out, and its bytes */
	struct dtss_message *message;
};

void net_init(struct sim *s);
void net_fini(struct sim *s);
void net_open(struct sim *s, uint32_t scheduler); /* its transport, for a node */
void net_send(struct sim *s, uint32_t from, uint32_t to, const struct dtss_message *m);
/* A client's request; it may be lost, doubled or late. Exactly one client_answer() follows. */
void net_call(struct sim *s, uint32_t client, uint32_t scheduler, const struct sim_call *call);
void net_reply(struct sim *s, const struct sim_call *call, const struct sim_reply *reply);
void net_arrive(struct sim *s, struct sim_item *item); /* a call, a reply, or the end of a client's patience */
int net_cut(const struct sim *s, uint32_t from, uint32_t to);
void net_heal(struct sim *s);
void inbox_put(struct sim *s, struct sim_inbox *inbox, struct sim_item *item);
struct sim_item *inbox_take(struct sim_inbox *inbox); /* or NULL */
void inbox_clear(struct sim *s, struct sim_inbox *inbox);

/* ---- scheduler.c ---- */

struct sim_pending {
	struct sim_call call;
	int used;
};

struct sim_scheduler {
	struct dtss_node *node; /* NULL: crashed, or not yet started */
	struct sim_handle disk;
	struct sim_transport net;
	struct sim_inbox inbox; /* messages */
	struct sim_inbox calls;
	char holder[SIM_NAME_MAX];
	uint64_t start_ns;  /* true; while it is down: when it starts again; DTSS_NEVER: not at all */
	uint64_t paused_ns; /* true; until then it does nothing, and everything piles up */
	uint64_t held_ns;   /* it was stopped in the middle of this step: what it sends leaves that much later */
	uint64_t turn_ns;   /* true; its last turn */
	int crash_now;      /* it died in the middle of this step: nothing of the rest happens */
	uint32_t state;     /* enum dtss_node_state, as last seen */
	struct sim_pending pending[SIM_OPEN_CALLS_MAX];
	uint32_t pending_hint;
};

void scheduler_init(struct sim *s, uint32_t index);
void scheduler_turn(struct sim *s, uint32_t index);
void scheduler_message(struct sim *s, struct sim_item *item);
void scheduler_call(struct sim *s, struct sim_item *item);
void scheduler_crash(struct sim *s, uint32_t index, uint64_t down_ns); /* DTSS_NEVER: for good */
void scheduler_pause(struct sim *s, uint32_t index, uint64_t for_ns);
void scheduler_close(struct sim *s, uint32_t index, uint64_t down_ns); /* as an operator would */
void scheduler_wake(struct sim *s, uint32_t index);                    /* when it acts next, anew */
int scheduler_leads(const struct sim *s, uint32_t index);
void scheduler_fini(struct sim *s, uint32_t index);

/* ---- worker.c ---- */

#define WORKER_KILL_GRACE_MS 2000

struct sim_proc {
	uint64_t task, fence;
	uint64_t end_ns;     /* true; 0: this slot is free; DTSS_NEVER: it does not end by itself */
	uint64_t started_ns; /* true: when the agent is told that it runs; 0: it was */
	uint64_t term_ns;    /* true: when it was first told to end; 0: it was not */
	uint64_t timeout_ms; /* of its specification; 0: none */
	uint64_t timeout_ns; /* on its machine's monotonic clock: its run timeout; 0: none, or it is not known to run */
	uint32_t gpus;
	int32_t exit_code;
	uint32_t cause; /* enum dtss_cause */
	uint32_t signal;
	int ignores_term;
	int excused; /* its agent was paused: it may overlap with its successor */
};

struct sim_worker {
	struct dtss_agent *agent; /* NULL: crashed */
	char name[SIM_NAME_MAX];
	const char *tags[2];
	size_t tag_count;
	uint32_t slots;
	uint32_t gpus; /* a named resource; 0: none */
	uint64_t incarnation;
	uint64_t start_ns;  /* true; while it is down; DTSS_NEVER: it does not come back */
	uint64_t paused_ns; /* true */
	int drains;         /* its agent is shutting down */
	uint32_t scheduler; /* the one that it talks to */
	uint32_t unanswered;
	struct sim_inbox inbox;
	struct sim_proc procs[SIM_PROCS_MAX];
};

/* proc.c */
uint64_t proc_next_ns(const struct sim_worker *w); /* true */
void proc_start(struct sim *s, uint32_t worker, const struct dtss_agent_start *start);
void proc_stop(struct sim *s, uint32_t worker, const struct dtss_agent_action *stop);
void proc_turn(struct sim *s, uint32_t worker); /* what has started or ended */

void worker_init(struct sim *s, uint32_t index);
void worker_turn(struct sim *s, uint32_t index);
void worker_message(struct sim *s, struct sim_item *item);
void worker_crash(struct sim *s, uint32_t index, uint64_t down_ns);
void worker_pause(struct sim *s, uint32_t index, uint64_t for_ns);
void worker_drain(struct sim *s, uint32_t index);
void worker_wake(struct sim *s, uint32_t index);
void worker_fini(struct sim *s, uint32_t index);

/* ---- the whole ---- */

struct sim {
	struct dtss_sim_config cfg;
	const struct dtss_mem *mem;
	struct sim_arena arena;
	struct sim_choice choice;
	struct sim_timeline timeline;
	uint64_t true_ns;
	uint64_t begin_ns;
	uint64_t faults_end_ns;  /* from then on the tail */
	uint64_t progress_ns;    /* judge.c sets it when a task became terminal */
	uint64_t longest_job_ns; /* worker.c: the longest that was started */
	struct sim_faults faults;
	int faults_on;
	int replied;   /* a client was told something since finished was looked at */
	int finished;  /* and there is nothing left to wait for */
	int wild;      /* clocks run at half or twice the speed, or stand still: X6 cannot hold */
	int permanent; /* some faults outside the core stay */
	struct dtss_config sched_cfg;
	struct sim_agenda agenda;
	struct sim_net net;
	uint64_t wake_ns[SIM_PLACES]; /* true; DTSS_NEVER */
	struct sim_clock clocks[SIM_PLACES];
	struct sim_disk disk;
	struct sim_scheduler schedulers[SIM_SCHEDULERS_MAX];
	uint32_t scheduler_count;
	uint32_t core;                              /* the scheduler that is healthy in the tail */
	struct sim_worker workers[SIM_WORKERS_MAX]; /* the first can do all work, and is in the core */
	uint32_t worker_count;
	struct sim_client clients[SIM_CLIENTS_MAX];
	uint32_t client_count;
	struct sim_judge judge;
	uint64_t probes[SIM_PROBES];
	struct sim_counts counts;
	struct sim_violation violation;
};

uint64_t sim_choose(struct sim *s, uint64_t n); /* 0 to n - 1; 0 is the tamest */
int sim_fault(struct sim *s, uint32_t class);   /* enum dtss_sim_fault: whether it strikes now */
void sim_settle(struct sim *s);                 /* the cluster and its faults are drawn: from here on it runs */
/* A line of what this place did; nothing when no timeline is kept. */
void sim_say(struct sim *s, uint32_t place, const char *format, ...);

/* run.c */
/* cfg is copied. The caller sets choice and timeline, then lets it go, to its end or to the first violation. */
struct sim *sim_new(const struct dtss_sim_config *cfg, const struct dtss_mem *mem);
int sim_go(struct sim *s); /* DTSS_E_NOMEM */
void sim_free(struct sim *s);
void sim_outcome(const struct sim *s, struct dtss_sim_result *ret_result); /* but violation, text and choices */
void sim_violate(struct sim *s, const char *id, const char *text, uint64_t a, uint64_t b); /* the first one counts */

/* draw.c: what is drawn anew for each seed */
void draw_all(struct sim *s);
uint32_t draw_up_to(struct sim *s, uint32_t cap, uint32_t n); /* 1 to n, and at most cap unless that is 0 */

/* fault.c: faults that come with time */
void fault_begin(struct sim *s);
void fault_next(struct sim *s);
void fault_flapped(struct sim *s, const struct sim_item *item);
void fault_clock_runs(struct sim *s, const struct sim_item *item);
void fault_wake(struct sim *s, uint32_t place);
void fault_tail(struct sim *s); /* faults stop: what is in the core is well, some outside never is again */

#endif
