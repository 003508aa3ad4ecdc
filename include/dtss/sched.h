/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SCHED_H
#define DTSS_SCHED_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/message.h>
#include <dtss/store.h>
#include <dtss/time.h>

/*
 * The scheduler engine: no I/O, no clock, no threads. Verbs go in with the time, batches and actions come out.
 *
 *   verb(now, args) --> changes memory, marks records and events in the open batch
 *   dtss_sched_batch() --> closes it; the caller stores it
 *   dtss_sched_stored(now, seq) --> releases the actions that it caused
 *   dtss_sched_next_action() --> hands them out
 *
 * Every verb gets what it may need before it changes anything: an error, DTSS_E_NOMEM included, leaves no trace. A verb
 * never dispatches by itself; it makes dtss_sched_next_ns() due, and dtss_sched_tick() dispatches.
 *
 * Besides those named with a function, every verb may return DTSS_E_NOMEM, and DTSS_E_NOT_LEADER before dtss_sched_lead().
 */
struct dtss_sched;

/* Zero is the default everywhere. */
struct dtss_config {
	size_t size;
	uint64_t seed;      /* for jitter and hash tables; recorded with a trace */
	uint32_t placement; /* enum dtss_placement_policy */
	uint32_t tasks_max;
	uint32_t queue_tasks_max; /* waiting tasks of one queue; 0: as tasks_max */
	uint32_t workers_max;
	uint32_t keys_max;
	uint32_t queues_max;
	uint32_t requirements_max;
	uint64_t lease_ms;
	uint64_t heartbeat_ms; /* at most a fifth of lease_ms; 0: 3000, or that fifth */
	uint64_t suspicious_ms;
	uint64_t offline_ms;
	uint64_t start_confirm_ms;
	uint64_t kill_grace_ms;
	uint64_t placement_grace_ms;
	uint64_t key_ttl_ms;
	uint64_t worker_forget_ms;
};

enum dtss_action_type {
	DTSS_ACTION_SEND = 1, /* a message to a worker */
	DTSS_ACTION_EVENT = 2 /* a durable change, for whoever watches */
};

/* Valid until the next call on the handle. */
struct dtss_action {
	size_t size;
	uint32_t type; /* enum dtss_action_type */
	uint32_t reserved;
	union {
		struct {
			const char *worker;
			const struct dtss_message *message;
		} send;
		struct dtss_event event;
	} u;
};

struct dtss_placement {
	const char *worker; /* valid until the next call on the handle */
	const char *address;
};

/* X(enumerator, value): why a task does not run. */
enum dtss_why {
	DTSS_WHY_FINISHED = 1,
	DTSS_WHY_RUNNING = 2,
	DTSS_WHY_LEASED = 3,
	DTSS_WHY_HELD = 4,
	DTSS_WHY_DEPENDENCY = 5,  /* waits for other tasks */
	DTSS_WHY_DELAYED = 6,     /* not_before, or a backoff */
	DTSS_WHY_NO_WORKERS = 7,  /* none is registered */
	DTSS_WHY_NO_TAG = 8,      /* no worker has one of the tags */
	DTSS_WHY_NO_TAG_SET = 9,  /* each tag exists, no worker has them all */
	DTSS_WHY_NOT_ONLINE = 10, /* those that would fit are suspicious, offline, drained, cordoned or stopping */
	DTSS_WHY_RESOURCE = 11,   /* no worker has that much of a resource in all */
	DTSS_WHY_BUSY = 12,       /* those that would fit are full */
	DTSS_WHY_DISPATCHING = 13 /* nothing: it goes out with the next tick */
};

struct dtss_explanation {
	size_t size;
	uint32_t why;        /* enum dtss_why */
	uint32_t candidates; /* workers that have all tags */
	const char *subject; /* the tag, resource or worker that it is about; NULL: none */
	const char *near;    /* NO_TAG: the most alike tag that a worker has; NULL: none */
	dtss_task_id task;   /* DEPENDENCY: the first that is waited for */
	uint64_t count;      /* DEPENDENCY: how many are waited for; DELAYED: about how many ms more */
	const char *text;    /* one sentence, for example: no worker has tag "gpuu" (did you mean "gpu"?) */
};

struct dtss_stats {
	size_t size;
	uint64_t live[DTSS_TASK_STATES];   /* tasks in the engine by state */
	uint64_t totals[DTSS_TASK_STATES]; /* tasks that ever reached each terminal state; [0]: ever submitted */
	uint64_t workers[DTSS_WORKER_STATUSES];
	uint64_t grants;
	uint64_t retries;
	uint64_t losses;
	uint64_t fenced;     /* refused as stale since the load; volatile */
	uint64_t placements; /* answered by place since the load; volatile */
	uint64_t slots;      /* of online workers */
	uint64_t used;
	uint64_t seq;
	uint64_t epoch;
};

/* Where a snapshot has come to; begins with all zero but its size. */
struct dtss_snapshot {
	size_t size;
	uint32_t phase; /* all of it is the engine's */
	uint32_t sub;
	uint64_t at;
	const void *next;
};

/* What a broken invariant looks like. */
struct dtss_violation {
	const char *id; /* "S13" of the failure model */
	const char *text;
	uint64_t task; /* 0: none */
	uint64_t worker;
};

#ifdef __cplusplus
extern "C" {
#endif

/* mem must be given, for example dtss_mem_libc(). cfg NULL: all defaults. DTSS_E_INVALID, DTSS_E_NOMEM. */
DTSS_API int dtss_sched_create(struct dtss_sched **ret_sched, const struct dtss_config *cfg,
			       const struct dtss_mem *mem);
DTSS_API void dtss_sched_destroy(struct dtss_sched *s); /* NULL is fine */

/* Before lead: the records of a store, in any order, once each. DTSS_E_CORRUPT; DTSS_E_VERSION: it is newer, or the
 * specification in it; DTSS_E_STATE: it leads. */
DTSS_API int dtss_sched_load(struct dtss_sched *s, const void *record, size_t len);
/* From here on it decides. Leases, backoffs and the workers' silence count from now. DTSS_E_STATE: it leads already;
 * DTSS_E_EPOCH: the epoch is not above 0; DTSS_E_CORRUPT: the records do not belong together, or cannot be true. */
DTSS_API int dtss_sched_lead(struct dtss_sched *s, struct dtss_time now, uint64_t epoch);
/* As a standby, before lead: what the leader stored. DTSS_E_CORRUPT: it does not follow what was applied before;
 * DTSS_E_STATE: it leads. After another error the engine is to be destroyed. */
DTSS_API int dtss_sched_apply(struct dtss_sched *s, const struct dtss_batch *batch);

/* DTSS_E_INVALID, DTSS_E_TOO_BIG (dtss_sched_problem() says what), DTSS_E_FULL (likewise), DTSS_E_CONFLICT (*ret_id is the
 * task that has the key), DTSS_E_NOT_FOUND (an after that neither the engine nor its outcome knows). Returns 0 for a new
 * task, 1 when key and specification are those of task *ret_id. */
DTSS_API int dtss_sched_submit(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *spec,
			       dtss_task_id *ret_id);
/* All or nothing; ids and known (1 where the key was known, may be NULL) have count elements. Errors as submit; with
 * DTSS_E_CONFLICT the id at the problem's index is set, to 0 when it is another of these that has the key. */
DTSS_API int dtss_sched_submit_many(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *specs,
				    size_t count, dtss_task_id *ret_ids, uint8_t *ret_known);
/* DTSS_E_NOT_FOUND, DTSS_E_STATE: it has ended. *ret_stopping (may be NULL): 1 when an attempt must still be stopped. */
DTSS_API int dtss_sched_cancel(struct dtss_sched *s, struct dtss_time now, dtss_task_id id, int *ret_stopping);
/* The specification of a finished task again, without its key, as a new task. spec: dtss_spec_encode() of it when the
 * engine no longer holds it, with what became of its dependencies; else NULL. DTSS_E_NOT_FOUND, DTSS_E_STATE, DTSS_E_FULL. */
DTSS_API int dtss_sched_retry(struct dtss_sched *s, struct dtss_time now, dtss_task_id id,
			      const struct dtss_task_spec *spec, dtss_task_id *ret_id);
/* Keeps a task that waits from running, and lets it go again. DTSS_E_NOT_FOUND, DTSS_E_STATE. */
DTSS_API int dtss_sched_hold(struct dtss_sched *s, struct dtss_time now, dtss_task_id id);
DTSS_API int dtss_sched_release(struct dtss_sched *s, struct dtss_time now, dtss_task_id id);

/* DTSS_E_INVALID, DTSS_E_TOO_BIG, DTSS_E_FULL, DTSS_E_STALE (an older incarnation), DTSS_E_STATE (a placement heartbeat
 * under an agent's name), DTSS_E_EPOCH (the worker has seen a newer epoch than ours). */
DTSS_API int dtss_sched_heartbeat(struct dtss_sched *s, struct dtss_time now, const struct dtss_heartbeat *hb);
/* DTSS_E_INVALID, DTSS_E_FENCED: a stale fence, or a task that the engine does not hold; counted, nothing changed. */
DTSS_API int dtss_sched_report(struct dtss_sched *s, struct dtss_time now, const struct dtss_report *rep);
/* Which worker should run this? Counts at once, is a reservation and no task, and is never stored.
 * DTSS_E_NO_WORKER, DTSS_E_INVALID, DTSS_E_TOO_BIG. */
DTSS_API int dtss_sched_place(struct dtss_sched *s, struct dtss_time now, const char *const *tags, size_t tag_count,
			      struct dtss_placement *ret_placement);
/* For an operator; they last over incarnations until uncordon, which ends both. DTSS_E_NOT_FOUND. */
DTSS_API int dtss_sched_drain(struct dtss_sched *s, struct dtss_time now, const char *worker);
DTSS_API int dtss_sched_cordon(struct dtss_sched *s, struct dtss_time now, const char *worker);
DTSS_API int dtss_sched_uncordon(struct dtss_sched *s, struct dtss_time now, const char *worker);
/* Whatever became due, at most DTSS_STEP_MAX transitions. */
DTSS_API int dtss_sched_tick(struct dtss_sched *s, struct dtss_time now);
/* The monotonic time of the next tick: 0 at once, DTSS_NEVER. */
DTSS_API uint64_t dtss_sched_next_ns(const struct dtss_sched *s);

/* Closes the open batch: 1 and a batch (valid until the next call), 0: nothing changed. Only one may be open to be stored. */
DTSS_API int dtss_sched_batch(struct dtss_sched *s, struct dtss_batch *ret_batch);
/* Everything up to seq is durable; leases granted in it run from here. */
DTSS_API void dtss_sched_stored(struct dtss_sched *s, struct dtss_time now, uint64_t seq);
/* The last event that the answer of the verb or query before rests on. */
DTSS_API uint64_t dtss_sched_seq(const struct dtss_sched *s);
/* 1 and an action, or 0. */
DTSS_API int dtss_sched_next_action(struct dtss_sched *s, struct dtss_action *ret_action);

/* The engine's own tasks and workers; finished ones are in the store. DTSS_E_NOT_FOUND. */
DTSS_API int dtss_sched_task_get(struct dtss_sched *s, dtss_task_id id, struct dtss_task_view *ret_view);
/* The task with the smallest id above after that passes the filter (its limit is not used). DTSS_E_NOT_FOUND: none. */
DTSS_API int dtss_sched_task_next(struct dtss_sched *s, const struct dtss_task_filter *filter,
				  struct dtss_task_view *ret_view);
DTSS_API int dtss_sched_worker_get(struct dtss_sched *s, const char *name, struct dtss_worker_view *ret_view);
/* The worker with the smallest name (byte by byte) above after; NULL: the first. DTSS_E_NOT_FOUND: none. */
DTSS_API int dtss_sched_worker_next(struct dtss_sched *s, const char *after, struct dtss_worker_view *ret_view);
/* 1 when the attempt with this fence is live or stopping, else 0. */
DTSS_API int dtss_sched_fence_live(const struct dtss_sched *s, dtss_task_id id, uint64_t fence);
/* Why it does not run. DTSS_E_NOT_FOUND, DTSS_E_NOT_LEADER. */
DTSS_API int dtss_sched_explain(struct dtss_sched *s, struct dtss_time now, dtss_task_id id,
				struct dtss_explanation *ret_explanation);
DTSS_API void dtss_sched_stats(const struct dtss_sched *s, struct dtss_stats *ret_stats);
/* What the last DTSS_E_INVALID, DTSS_E_TOO_BIG, DTSS_E_FULL, DTSS_E_NOT_FOUND or DTSS_E_STATE was about. */
DTSS_API void dtss_sched_problem(const struct dtss_sched *s, struct dtss_problem *ret_problem);
/* Of the durable state: meta, live tasks, keys, durable worker fields; equal on every machine. */
DTSS_API uint64_t dtss_sched_digest(const struct dtss_sched *s);
/* The volatile state too: leases, timers, load, what is queued. */
DTSS_API uint64_t dtss_sched_digest_all(const struct dtss_sched *s);
/*
 * Piece by piece, everything that the future depends on: what is durable, and, if it leads, what is volatile. 1 and a
 * piece (valid until the next call), 0: that was all. DTSS_E_NOMEM; DTSS_E_STATE: something is under way, so that it
 * would not be whole: a batch is open or not yet stored, or actions wait. No verb may come in between.
 */
DTSS_API int dtss_sched_snapshot(struct dtss_sched *s, struct dtss_snapshot *snapshot, const void **ret_piece,
				 size_t *ret_len);
/* The pieces, in their order, into a new engine of the same configuration: which then is as the other was, and leads if
 * that did. DTSS_E_CORRUPT, DTSS_E_VERSION, DTSS_E_STATE: it leads. After an error the engine is to be destroyed. */
DTSS_API int dtss_sched_restore(struct dtss_sched *s, const void *piece, size_t len);
/* Every invariant, by name; slow. The number that do not hold, of which at most cap are written. Before lead: those of
 * what was loaded alone. */
DTSS_API size_t dtss_sched_check(const struct dtss_sched *s, struct dtss_violation *ret_violations, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
