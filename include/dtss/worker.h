/* SPDX-License-Identifier: MIT */
#ifndef DTSS_WORKER_H
#define DTSS_WORKER_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/task.h>

/* X(enumerator, value, name) */
#define DTSS_WORKER_STATUS_MAP(X)                                                                                      \
	X(DTSS_WORKER_ONLINE, 1, "online")                                                                             \
	X(DTSS_WORKER_SUSPICIOUS, 2, "suspicious") /* silent for suspicious_ms: gets no new work */                    \
	X(DTSS_WORKER_OFFLINE, 3, "offline")       /* silent for offline_ms */

enum dtss_worker_status {
#define DTSS_WORKER_STATUS_ENUM(name, value, text) name = value,
	DTSS_WORKER_STATUS_MAP(DTSS_WORKER_STATUS_ENUM)
#undef DTSS_WORKER_STATUS_ENUM
		DTSS_WORKER_STATUSES = 4
};

enum dtss_worker_kind {
	DTSS_WORKER_AGENT = 1,    /* runs tasks; chosen by place too when it has an address */
	DTSS_WORKER_PLACEMENT = 2 /* known by /api/v1 alone: place may choose it, no task is ever leased to it */
};

/* One attempt that a worker has, in its heartbeat. */
struct dtss_held {
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t
		state; /* enum dtss_attempt_state: LEASED, RUNNING or STOPPING; ENDED: the report is not yet acknowledged */
};

enum dtss_heartbeat_flag { DTSS_HEARTBEAT_STOPPING = 1 /* the agent takes no more work */ };

/* A worker announces itself, and lists the attempts whose leases it renews. Borrowed for the call. */
struct dtss_heartbeat {
	size_t size;
	const char *name;     /* not empty, at most DTSS_NAME_LEN_MAX */
	uint64_t incarnation; /* the greater wins; 0 for a placement worker */
	uint64_t number;      /* grows by one with each heartbeat of an incarnation; 0: not numbered */
	uint64_t epoch;       /* the highest that the worker has seen; 0: none */
	uint64_t fence_seen;  /* the highest fence that the worker had seen when it made this */
	uint32_t kind;        /* enum dtss_worker_kind */
	uint32_t flags;       /* enum dtss_heartbeat_flag */
	uint32_t max_tasks;   /* at most DTSS_WORKER_TASKS_MAX; 0: full */
	uint32_t used; /* of them in use by the worker's own count, listed attempts that have not ended included */
	const char *address; /* NULL: none */
	const char *const *tags;
	size_t tag_count;
	const struct dtss_resource *resources; /* what it has in all */
	size_t resource_count;
	const struct dtss_held *held;
	size_t held_count;
	int64_t sent_wall_ns; /* the worker's own clock; recorded as skew, never believed; 0: not told */
};

enum dtss_report_kind { DTSS_REPORT_STARTED = 1, DTSS_REPORT_ENDED = 2 };

/* What became of an attempt. Borrowed for the call. */
struct dtss_report {
	size_t size;
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t kind;               /* enum dtss_report_kind */
	struct dtss_outcome outcome; /* for ENDED */
};

/* A worker as the scheduler sees it. Valid until the next call on the handle that it came from. */
struct dtss_worker_view {
	const char *name;
	uint64_t number; /* durable, never used again */
	uint64_t incarnation;
	uint32_t kind;     /* enum dtss_worker_kind */
	uint32_t status;   /* enum dtss_worker_status */
	uint32_t draining; /* 1: an operator drains it: no new work, what runs may finish */
	uint32_t cordoned; /* 1: an operator keeps new work away */
	uint32_t stopping; /* 1: its agent is shutting down */
	uint32_t max_tasks;
	uint32_t used;
	uint32_t leased;         /* attempts that the engine counts on it, stopping ones included */
	const char *address;     /* NULL: none */
	const char *const *tags; /* sorted */
	size_t tag_count;
	const struct dtss_resource *resources;
	size_t resource_count;
	int64_t last_seen_ns; /* wall clock of the receipt; 0: not since the load */
	int64_t skew_ns;      /* its clock minus ours, at the last heartbeat that told */
};

#ifdef __cplusplus
extern "C" {
#endif

/* "online"; for a number that is no status "?". Static storage. */
DTSS_API const char *dtss_worker_status_name(uint32_t status);

#ifdef __cplusplus
}
#endif
#endif
