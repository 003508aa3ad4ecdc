/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_OBJECTS_H
#define DTSS_CORE_OBJECTS_H

#include <string.h>
#include <dtss/sched.h>
#include "core/check.h"
#include "core/hash.h"
#include "core/ids.h"
#include "core/intern.h"
#include "core/map.h"
#include "core/pool.h"
#include "core/ready.h"
#include "core/size.h"
#include "core/wheel.h"

/*
 * The engine's objects, and who points to whom:
 *
 *        keys ◄──── task ────► need ────► pool's view          need: required tags and resources, shared by all tasks
 *          ▲         │ ▲         │                              that require the same; holds their ready queue
 *          │         │ └─────────┘ ready queue
 *        queue ◄─────┤
 *                    ├────► policy                             retry policy, shared likewise
 *      parent ◄─dep──┤
 *                    └────► tries ── at[], the last, while live ──► worker ──► pool's entry
 *                                                                    └── its live tasks, a list
 *
 * At most one attempt of a task is live or stopping, and it is the last.
 */
#define NS_PER_MS UINT64_C(1000000)

enum timer_owner { TIMER_TASK = 0, TIMER_WORKER = 1, TIMER_YOUNG = 2, TIMER_KEY = 3 };

struct need {
	struct pool_need pool; /* first: its tags and resources stand behind this block's end */
	struct ready ready;
	uint64_t hash;
	uint32_t refs;
	uint32_t heap_at; /* index + 1 in the dispatch heap; 0: not there */
	uint32_t parked;  /* 1: has tasks, and no worker fits; waits for one to improve */
	size_t size;      /* of this block */
	struct need *next_parked, **link_parked;
	struct intern **names; /* tags, then resources: held as long as this */
	uint32_t name_count, tag_names;
};

struct queue {
	struct intern *name;
	uint32_t refs;       /* tasks and keys */
	uint32_t waiting;    /* tasks that wait, counted against queue_tasks_max */
	uint32_t prepared;   /* those of the submit under way, likewise */
	struct task *loaded; /* the last of its tasks whose specification was loaded; NULL: it has left */
};

struct policy {
	uint64_t hash;
	uint32_t refs;
	uint32_t reserved;
	struct dtss_retry retry; /* defaults filled in */
	struct dtss_retry_rule rules[];
};

struct key {
	uint64_t hash;
	struct queue *queue;
	struct task *task; /* while it lives */
	uint64_t id;
	uint64_t spec_hash;
	int64_t finished_ns;
	uint64_t expires_ns;     /* mono; of a finished one */
	struct key *next, *prev; /* finished ones, oldest first */
	uint8_t dirty;           /* in the open batch's list */
	uint8_t gone;            /* deleted; freed when the batch is closed */
	uint32_t len;
	char text[]; /* ends with NUL */
};

/* A child waits for a parent; one block of them per child. */
struct dep {
	struct task *child;
	struct task *parent;      /* NULL: resolved */
	struct dep *next, **link; /* in the parent's list */
};

struct attempt {
	uint64_t fence;
	uint64_t incarnation;
	uint64_t worker_number;
	struct intern *worker_name;
	struct worker *worker; /* while live */
	int64_t granted_ns, started_ns, ended_ns;
	uint8_t state; /* enum dtss_attempt_state */
	uint8_t cause;
	uint8_t signal;
	uint8_t rejected; /* a heartbeat had seen it and does not list it: ends with the next tick */
	uint8_t sent;     /* its ASSIGN was released, so its lease runs */
	int32_t exit_code;
	int32_t err;
	char *detail; /* owned, or NULL */
};

/* What is known of a task once it was tried, in one block: those that wait for the first time have none. */
struct tries {
	struct task *next_live, **link_live; /* in its worker's list */
	uint64_t renewed_ns;                 /* mono: of the live attempt's lease */
	uint64_t phase_ns;                   /* mono: since when it is leased or running */
	uint64_t due_ns;                     /* mono: end of the backoff */
	int64_t due_since_ns;
	uint64_t due_wait_ns;
	uint32_t listed;   /* its worker's listing that listed it last */
	uint16_t from, to; /* of the attempts those marked */
	uint32_t cap;
	struct attempt at[];
};

#define TRIES_BYTES(cap) (sizeof(struct tries) + (cap) * sizeof(struct attempt))

enum mark { MARK_TASK = 1, MARK_SPEC = 2, MARK_ATTEMPT = 4 };

/* Which of its records were seen; MORE: its specification has a key, parents or a deadline, which the lead sees to; the
 * last two are of a snapshot: it is joined, and its own section was seen. */
enum loaded { LOADED_TASK = 1, LOADED_SPEC = 2, LOADED_MORE = 4, LOADED_JOINED = 8, LOADED_RESTORED = 16 };

/*
 * A backlog is millions of these, so what only some have stands in blocks of their own (bytes, with pointers of 8):
 *
 *      0        32       64                      120                                     216
 *      +--------+--------+-----------------------+---------------------------------------+- - - - - - - - -+
 *      | ready  | timer  | need, queue, policy,  | times, deps, children, counts, flags  | its SPEC record |
 *      |        |        | key, record, tries    |                                       |                 |
 *      +--------+--------+-----------------------+---------------------------------------+- - - - - - - - -+
 *        │                                 └──► tries: live list, lease, backoff, attempts
 *        └── while it waits: ready queue; ended: next in resolving, then in retiring
 */
struct task {
	struct ready_item ready; /* first: the ready queue gives it back; holds id and priority */
	struct timer timer;      /* whatever is due next in its state */
	struct need *need;
	struct queue *queue;
	struct policy *policy;
	struct key *key; /* NULL: none */
	uint8_t *record; /* the SPEC record, behind the task in its block; NULL: it has not come yet */
	uint32_t record_len;
	uint32_t spec_len;    /* the specification is its last spec_len bytes */
	struct tries *tries;  /* NULL: it was never tried; task_tries() gives zeros then */
	uint64_t deadline_ns; /* mono: to start first; DTSS_NEVER */
	union {
		uint64_t timeout_ms;  /* while it may run */
		uint64_t retired_seq; /* done: it leaves when this is stored */
	} u;
	int64_t not_before_ns;
	uint64_t retry_of;
	int64_t created_ns, started_ns, finished_ns;
	struct dep *deps;       /* own: one per parent that it waited for at submit */
	struct dep *children;   /* others' */
	uint32_t attempt_count; /* of tries */
	/* 16 bits hold DTSS_AFTER_MAX and DTSS_ATTEMPTS_MAX */
	uint16_t dep_count;
	uint16_t waiting; /* of them not yet resolved */
	uint16_t failed_count, lost_count, free_count;
	uint16_t expected; /* attempts, by its loaded record */
	uint8_t state, cause;
	uint8_t marks;     /* enum mark: records in the open batch */
	uint8_t resolving; /* ended, its children are still to be told */
	uint8_t done;
	uint8_t loaded; /* enum loaded */
};

/* The next in resolving or retiring: it has ended, so it is in no ready queue, and that link of it is free. */
static inline struct task *task_next(const struct task *t)
{
	DTSS_ASSERT(!t->ready.queued && (t->resolving || t->done));
	return (struct task *)(void *)t->ready.higher;
}

#define YOUNG_BUCKETS 16 /* of the placement grace */

/*
 * What a heartbeat or a record says about a worker; made before anything changes, so that taking it over cannot fail.
 *
 *      said   | len | name | 0 | len | address | 0 | len | tag | 0 | ... | len | resource | 0 | amount | ...
 *
 * as it was said, in one piece: the next heartbeat, which nearly always says the same, is compared with it alone.
 */
struct worker_shape {
	char *said;
	uint32_t said_len;
	uint16_t said_tags;
	uint8_t said_resources;
	uint32_t tag_count, resource_count;
	uint32_t tag_cap, resource_cap;
	int made;                        /* 0: there is none */
	const char *address;             /* NULL: none */
	const char **tags;               /* sorted; the interned texts */
	uint32_t *tag_numbers;           /* sorted, for the pool */
	struct dtss_resource *resources; /* what it has in all, by name */
	struct pool_amount *amounts;     /* likewise, by number */
	struct pool_amount *free;        /* what is free of it */
	uint64_t *taken;                 /* what its attempts took of it: may be more than there is, after it shrank */
};

#define WORKER_SAID 112 /* what most say is shorter */

/*
 * Workers speak in no order, and what the cache does not hold of one is waited for. So what a heartbeat that says what the
 * one before said is compared with, and what it changes, stands in one piece; and before it what another load changes:
 *
 *      entry | live ... counted | kind, status ... incarnation | said ........ | what only changes look at
 *                               └── two lines of a cache or three, more when more is said ──┘
 *      └── another load ───────────────────────────────────────────────────────┘
 */
struct worker {
	struct pool_entry entry;              /* first: the pool gives it back */
	struct task *live;                    /* attempts on it, stopping ones included */
	uint32_t listing;                     /* counts heartbeats, to find what they do not list */
	uint32_t young_total, old_total;      /* placements without a task */
	uint32_t counted_slots, counted_used; /* in the stats */
	uint32_t most_tasks; /* the most that this incarnation had: it may have shrunk below what runs */
	uint8_t draining, cordoned;
	uint8_t dirty, gone, improved;
	uint8_t reachable; /* 1: its shape has an address */
	uint8_t kind, status, stopping;
	uint8_t deaf; /* 1: deaf_fence is not 0 */
	uint8_t said_resources;
	uint16_t said_tags;
	uint32_t max_tasks;
	uint32_t leased;
	uint32_t foreign; /* used beyond those, by its own count */
	uint64_t incarnation;
	uint64_t heartbeat;    /* the newest number */
	uint64_t fence_seen;   /* by its own word */
	uint64_t event_seq;    /* its last durable change */
	uint64_t last_seen_ns; /* mono */
	int64_t last_seen_wall_ns, skew_ns;
	char said[WORKER_SAID]; /* as in its shape; empty: too long for here */
	struct worker_shape shape;
	struct worker *lower, *higher, *prev, *next; /* in the roster */
	uint64_t hash;                               /* of its name */
	struct intern *name;
	struct timer timer; /* its silence */
	struct timer young_timer;
	uint64_t number;
	uint64_t deaf_fence; /* lost, though it spoke all the time and never knew of it; 0: it hears */
	uint64_t deaf_task;
	size_t record_bytes; /* while dirty: room for its record in the open batch */
	uint64_t young_from; /* the bucket number of young[0]'s round */
	uint16_t young[YOUNG_BUCKETS];
	struct worker *next_improved;
};

static inline const char *worker_said(const struct worker *w)
{
	return w->said[0] ? w->said : w->shape.said;
}

/* An action that waits for its seq, or to be handed out. */
struct pending {
	uint64_t seq;
	uint32_t type; /* 0: EVENT; else enum dtss_message_type */
	uint32_t cause;
	union {
		struct dtss_event event;
		struct {
			uint64_t task, fence, incarnation;
			uint64_t lease_ms;  /* ASSIGN: what was left of it ... */
			uint64_t heartbeat; /* ... when this was the worker's newest */
			struct intern *worker;
		} message;
	} u;
};

struct ring {
	struct pending *at;
	size_t cap, head, count; /* cap is a power of two */
	size_t released;         /* of count: those that may be handed out */
};

/* What changed since the last batch was closed. */
struct open_batch {
	struct task **tasks;
	size_t task_count, task_cap;
	struct worker **workers;
	size_t worker_count, worker_cap;
	struct key **keys;
	size_t key_count, key_cap;
	struct dtss_event *events;
	size_t event_count, event_cap;
	size_t record_count; /* at most so many records */
	size_t bytes;        /* at most so many bytes */
};

struct closed_batch {
	struct dtss_record *records;
	size_t record_count, record_cap;
	struct dtss_event *events;
	size_t event_cap;
	uint8_t *bytes;
	size_t len, cap;
	struct dtss_record *unsealed; /* the last of records whose sum waits for that of another; or NULL */
	int in_flight;
};

struct dtss_sched {
	struct dtss_mem mem;
	struct dtss_config cfg; /* defaults filled in */
	uint64_t key0, key1;    /* of hash tables */
	uint64_t epoch;         /* 0: does not lead */
	struct dtss_meta_record meta;
	uint64_t stored_seq, closed_seq;
	struct dtss_problem problem;
	struct ids tasks;
	uint64_t task_count; /* not done */
	struct map keys, workers, queues, needs, policies;
	struct interns names, tags, resources; /* worker and queue names; tags; resource names */
	struct worker *roster, *first_worker;  /* by name */
	size_t worker_count;
	struct key *key_head, *key_tail; /* finished, oldest first */
	uint64_t key_count;
	struct pool *pool;
	struct wheel wheel;
	struct timer key_timer;
	struct need **heap; /* by their best task */
	size_t heap_count, heap_cap;
	struct need *parked;
	struct worker *improved;
	struct task *resolving_head, *resolving_tail;
	struct task *retiring_head, *retiring_tail;
	struct open_batch open;
	struct closed_batch closed;
	struct ring ring;
	struct dtss_stats stats;
	uint32_t stamp;                   /* of the last gift */
	uint64_t wall_offset;             /* wall - mono at the last tick: a jump re-arms what follows the wall clock */
	struct dtss_message message;      /* of the action handed out last */
	struct dtss_task_spec *view_spec; /* of the last view; or NULL */
	void *view;                       /* block behind the last view or explanation */
	size_t view_cap;
	uint8_t *scratch; /* for encoding one record */
	size_t scratch_cap;
	int due_at_once;              /* 1: a tick has work left */
	int restoring;                /* 1: the volatile part of a snapshot has begun: no record comes any more */
	uint64_t restored_ns;         /* the latest time in it */
	uint64_t broken_ticks;        /* that ended for lack of memory: the same again would not have */
	uint64_t answer_seq;          /* what the last answer rests on; DTSS_NEVER: on everything so far */
	struct intern *action_worker; /* of the action handed out last */
};

#endif
