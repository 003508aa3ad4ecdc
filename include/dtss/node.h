/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_H
#define DTSS_NODE_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/sched.h>
#include <dtss/trace.h>
#include <dtss/transport.h>

/*
 * The driver: pumps an engine against a store, a transport and a clock, and is the only caller of their vtables. It
 * holds every answer until what it rests on is durable. It asks no clock itself: the time goes in with each call.
 *
 * Six functions are enough for a program that is scheduler and worker at once:
 *
 *      dtss_node_open    a store and a transport, or none: in memory, in process
 *      dtss_node_submit  returns when the task is durable
 *      dtss_node_take    an attempt to work on, for the worker in this process
 *      dtss_node_finish  returns when its end is durable
 *      dtss_node_step    keeps everything going; call it at least every few seconds
 *      dtss_node_close
 *
 * Servers use dtss_node_request() and dtss_node_answer() instead: many requests at once, answered as they become durable.
 */
struct dtss_node;

/* Zero is the default everywhere. */
struct dtss_node_config {
	size_t size;
	struct dtss_store *store;         /* NULL: memory. Owned by the node from here on, also on failure */
	struct dtss_transport *transport; /* NULL: none but the worker in this process. Owned likewise */
	const struct dtss_mem *mem;       /* NULL: dtss_mem_libc() */
	const struct dtss_config *sched;  /* NULL: all defaults */
	const char *holder;               /* who leads, for people; NULL: "node" */
	/* the worker in this process, for take; it exists from the first take on */
	const char *worker; /* its name; NULL: "local" */
	const char *const *tags;
	size_t tag_count;
	uint32_t slots; /* attempts taken and not finished at a time; 0: 1. A program that works on several at
	                              once says so; more would only wait here, away from other workers */
	uint32_t reserved;
	struct dtss_trace *trace; /* NULL: nothing is recorded. Owned likewise */
};

/* An attempt taken: work on spec, then finish it. Valid until the next call on the node; keep task and fence. */
struct dtss_work {
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t stop; /* 0. 1: this is no new work: stop working on it and finish it with DTSS_CAUSE_CANCEL */
	const struct dtss_task_spec *spec;
};

enum dtss_node_state {
	DTSS_NODE_LOADING = 1,
	DTSS_NODE_STANDBY = 2, /* another node leads */
	DTSS_NODE_LEADING = 3,
	DTSS_NODE_RECOVERING =
		4,           /* a commit's outcome is unknown, or there was no space: it loads again, with backoff */
	DTSS_NODE_FAILED = 5 /* fsync failed, or damage: nothing more is accepted until the process starts again */
};

enum dtss_request_type {
	DTSS_REQUEST_SUBMIT = 1,    /* u.submit */
	DTSS_REQUEST_CANCEL = 2,    /* u.task */
	DTSS_REQUEST_RETRY = 3,     /* u.task */
	DTSS_REQUEST_HOLD = 4,      /* u.task */
	DTSS_REQUEST_RELEASE = 5,   /* u.task */
	DTSS_REQUEST_GET = 6,       /* u.task */
	DTSS_REQUEST_LIST = 7,      /* u.list */
	DTSS_REQUEST_EXPLAIN = 8,   /* u.task */
	DTSS_REQUEST_HEARTBEAT = 9, /* u.heartbeat: of a placement worker; agents use the transport */
	DTSS_REQUEST_PLACE = 10,    /* u.place */
	DTSS_REQUEST_DRAIN = 11,    /* u.worker */
	DTSS_REQUEST_CORDON = 12,   /* u.worker */
	DTSS_REQUEST_UNCORDON = 13, /* u.worker */
	DTSS_REQUEST_WORKERS = 14,  /* all, by name */
	DTSS_REQUEST_STATS = 15,
	DTSS_REQUEST_LOG_APPEND =
		16,                /* u.log_append: refused with DTSS_E_FENCED unless the fence is live or stopping */
	DTSS_REQUEST_LOG_READ = 17 /* u.log_read */
};

/* Borrowed for the call. */
struct dtss_request {
	size_t size;
	uint64_t token; /* comes back with the answer */
	uint32_t type;  /* enum dtss_request_type */
	uint32_t reserved;
	union {
		struct {
			const struct dtss_task_spec *specs;
			size_t count; /* 1 to DTSS_SUBMIT_MANY_MAX: all or nothing */
		} submit;
		dtss_task_id task;
		struct dtss_task_filter list;
		const struct dtss_heartbeat *heartbeat;
		struct {
			const char *const *tags;
			size_t tag_count;
		} place;
		const char *worker;
		struct {
			dtss_task_id task;
			struct dtss_log_chunk chunk;
		} log_append;
		struct {
			dtss_task_id task;
			uint32_t attempt;            /* 0: the last */
			struct dtss_log_chunk chunk; /* fence is filled in by the node */
		} log_read;
	} u;
};

/* Valid until the next call on the node. With result < 0 only problem is filled in. */
struct dtss_answer {
	size_t size;
	uint64_t token;
	uint32_t type;
	int32_t result; /* 0 or DTSS_E_*. DTSS_E_UNKNOWN, DTSS_E_NOSPC, DTSS_E_IO, DTSS_E_NOT_LEADER: HTTP's 503 */
	struct dtss_problem problem;
	union {
		struct {
			const dtss_task_id *ids;
			const uint8_t *known; /* 1: the key was known, nothing new was made */
			size_t count;
			dtss_task_id conflict; /* with DTSS_E_CONFLICT: who has the key; 0: another of these */
		} submit;
		struct {
			uint32_t stopping;
		} cancel;
		dtss_task_id retry; /* the new task */
		const struct dtss_task_view *task;
		struct {
			const struct dtss_task_view *const *tasks;
			size_t count;
			uint64_t next; /* 0: that was all */
		} list;
		const struct dtss_explanation *explanation;
		struct dtss_placement placement;
		struct {
			const struct dtss_worker_view *workers;
			size_t count;
		} workers;
		const struct dtss_stats *stats;
		struct {
			uint64_t offset; /* append: the length stored; read: of data */
			const void *data;
			size_t len;
			uint32_t attempt;
			uint32_t ended; /* read: 1 when the attempt has ended, so that no more can come */
		} log;
	} u;
};

struct dtss_node_info {
	size_t size;
	uint32_t state;      /* enum dtss_node_state */
	uint32_t durability; /* enum dtss_durability */
	int32_t error;       /* the last store error, while RECOVERING or FAILED */
	uint32_t reserved;
	uint64_t epoch;
	uint8_t identity[DTSS_IDENTITY_LEN];
	const char *store;   /* its name */
	uint32_t tracing;    /* 1: what happens is recorded */
	int32_t trace_error; /* why it is not; 0: nothing is wrong */
};

#ifdef __cplusplus
extern "C" {
#endif

/* cfg NULL: in memory. Loads the store and leads, if nobody else does. The errors of the store's load; DTSS_E_NOMEM;
 * DTSS_E_INVALID. On failure nothing is left open. */
DTSS_API int dtss_node_open(struct dtss_node **ret_node, const struct dtss_node_config *cfg, struct dtss_time now);
/* What is not durable is lost, and unanswered requests are unknown. NULL is fine. */
DTSS_API void dtss_node_close(struct dtss_node *node);
/* One round: messages, verbs, ticks, batch, store, answers. Never waits. 0, or the error that made the node fail. */
DTSS_API int dtss_node_step(struct dtss_node *node, struct dtss_time now);
/* When to step next if nothing arrives before: 0 at once, DTSS_NEVER. */
DTSS_API uint64_t dtss_node_next_ns(const struct dtss_node *node);

/* Returns when the task is durable: 0, or 1 when the key was known. Errors of dtss_sched_submit(); DTSS_E_UNKNOWN when the
 * store has not answered after DTSS_NODE_PUMP_MAX rounds: repeat it with the same key. */
DTSS_API int dtss_node_submit(struct dtss_node *node, struct dtss_time now, const struct dtss_task_spec *spec,
			      dtss_task_id *ret_id);
/* 1 and an attempt, or 0: nothing to do now. */
DTSS_API int dtss_node_take(struct dtss_node *node, struct dtss_time now, struct dtss_work *ret_work);
/* outcome NULL: exit code 0, success. Returns when it is durable. DTSS_E_FENCED: refused, somebody else has the task;
 * DTSS_E_NOT_FOUND: no such attempt was taken here; DTSS_E_UNKNOWN as for submit: finish it again. */
DTSS_API int dtss_node_finish(struct dtss_node *node, struct dtss_time now, uint64_t fence,
			      const struct dtss_outcome *outcome);

/* 0: there will be exactly one answer. DTSS_E_FULL, DTSS_E_NOMEM, DTSS_E_INVALID: not begun. */
DTSS_API int dtss_node_request(struct dtss_node *node, struct dtss_time now, const struct dtss_request *request);
/* 1 and an answer, or 0. */
DTSS_API int dtss_node_answer(struct dtss_node *node, struct dtss_answer *ret_answer);
/* 1 and a durable change, or 0. A program that never asks misses nothing: they are dropped at each step. */
DTSS_API int dtss_node_event(struct dtss_node *node, struct dtss_event *ret_event);
DTSS_API void dtss_node_info(const struct dtss_node *node, struct dtss_node_info *ret_info);
/* The engine, for queries that need not be durable, as in tests; NULL unless it leads. */
DTSS_API struct dtss_sched *dtss_node_sched(struct dtss_node *node);
/* The last event that is durable: an answer of the engine that rests on no later one, dtss_sched_seq(), may be told. */
DTSS_API uint64_t dtss_node_stored(const struct dtss_node *node);

/* lib/node/posix.c, not in the amalgamation: steps until timeout_ms (-1: for ever) have passed or an answer is there,
 * waiting on the descriptors of store and transport. 1: answers or events wait, 0: timeout, or an error. */
DTSS_API int dtss_node_run(struct dtss_node *node, int timeout_ms);
/* A descriptor that becomes readable when dtss_node_step() has something to do before dtss_node_next_ns(). -1: there is
 * none, or both store and transport have one; then dtss_node_run() waits for them. */
DTSS_API int dtss_node_fd(const struct dtss_node *node);

#ifdef __cplusplus
}
#endif
#endif
