/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TASK_H
#define DTSS_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/policy.h>

/* Given by the engine, from 1; 0 is no task. */
typedef struct dtss_task_id {
	uint64_t v;
} dtss_task_id;

/* X(enumerator, value, name). Terminal states are those from DTSS_TASK_SUCCEEDED on. */
#define DTSS_TASK_STATE_MAP(X)                                                                                         \
	X(DTSS_TASK_NEW, 0, "new")         /* not yet a task; never seen from outside */                               \
	X(DTSS_TASK_BLOCKED, 1, "blocked") /* a dependency is missing */                                               \
	X(DTSS_TASK_HELD, 2, "held")       /* somebody holds it */                                                     \
	X(DTSS_TASK_DELAYED, 3, "delayed") /* not before a time, or backing off */                                     \
	X(DTSS_TASK_READY, 4, "ready")     /* waits for a worker */                                                    \
	X(DTSS_TASK_LEASED, 5, "leased")   /* given to a worker, start not yet confirmed */                            \
	X(DTSS_TASK_RUNNING, 6, "running")                                                                             \
	X(DTSS_TASK_SUCCEEDED, 7, "succeeded")                                                                         \
	X(DTSS_TASK_FAILED, 8, "failed")                                                                               \
	X(DTSS_TASK_CANCELLED, 9, "cancelled")                                                                         \
	X(DTSS_TASK_SKIPPED, 10, "skipped")         /* a dependency can no longer hold */                              \
	X(DTSS_TASK_EXPIRED, 11, "expired")         /* the start deadline passed */                                    \
	X(DTSS_TASK_QUARANTINED, 12, "quarantined") /* it took too many workers down */

enum dtss_task_state {
#define DTSS_TASK_STATE_ENUM(name, value, text) name = value,
	DTSS_TASK_STATE_MAP(DTSS_TASK_STATE_ENUM)
#undef DTSS_TASK_STATE_ENUM
		DTSS_TASK_STATES = 13 /* how many there are */
};

struct dtss_pair {
	const char *name;
	const char *value;
};

struct dtss_resource {
	const char *name;
	uint64_t amount; /* 1 to DTSS_RESOURCE_AMOUNT_MAX, in whatever unit the name means */
};

struct dtss_after {
	dtss_task_id task;
	uint32_t outcome; /* a terminal enum dtss_task_state when the engine no longer holds the task: the node fills it
	                     in from the store; else 0 */
	uint32_t reserved; /* 0 */
};

enum dtss_spec_flag { DTSS_SPEC_HELD = 1 /* starts as held */ };

/*
 * What to run. Zero is the default everywhere, so { sizeof spec } is a valid beginning. Strings end with NUL, are
 * UTF-8 by convention and compared byte by byte. Everything is borrowed for the call.
 */
struct dtss_task_spec {
	size_t size;         /* sizeof(struct dtss_task_spec) */
	const char *name;    /* for people and for filters; NULL: "" */
	const char *queue;   /* NULL: "default" */
	const char *key;     /* the caller's own id, unique in the queue: makes submit idempotent; NULL: none */
	const void *payload; /* opaque bytes for programs that embed the library */
	size_t payload_len;
	const char *const *argv; /* for processes */
	size_t argc;
	const struct dtss_pair *env;
	size_t env_count;
	const char *cwd;         /* NULL: the worker's choice */
	const char *const *tags; /* a worker must have all of them */
	size_t tag_count;
	const struct dtss_resource *resources; /* a worker must have that much free of each */
	size_t resource_count;
	const struct dtss_after *after; /* all of them must succeed first, else the task is skipped */
	size_t after_count;
	const struct dtss_pair *labels;
	size_t label_count;
	int32_t priority;           /* higher first; among equals the lower id */
	uint32_t flags;             /* enum dtss_spec_flag */
	int64_t not_before_ns;      /* wall clock; 0: at once */
	uint64_t start_deadline_ms; /* from submit to first start; 0: none */
	uint64_t timeout_ms;        /* of one run; 0: none */
	struct dtss_retry retry;
};

enum dtss_attempt_state {
	DTSS_ATTEMPT_LEASED = 1, /* granted, start not yet confirmed */
	DTSS_ATTEMPT_RUNNING = 2,
	DTSS_ATTEMPT_STOPPING =
		3, /* its task has ended without it; it keeps slot and fence until it is reported ended */
	DTSS_ATTEMPT_ENDED = 4
};

struct dtss_attempt_view {
	uint32_t attempt; /* from 1 */
	uint32_t state;   /* enum dtss_attempt_state */
	uint64_t fence;
	const char *worker;
	uint64_t incarnation;
	int64_t granted_ns; /* wall clock; 0: not yet */
	int64_t started_ns;
	int64_t ended_ns;
	struct dtss_outcome outcome; /* of an ended one */
};

/* A task as it stands. Valid until the next call on the handle that it came from. */
struct dtss_task_view {
	dtss_task_id id;
	dtss_task_id retry_of; /* 0: none */
	uint32_t state;        /* enum dtss_task_state */
	uint32_t cause;        /* enum dtss_cause: of a terminal state, or of the last attempt's end */
	uint32_t failed_count; /* attempts that counted against attempts_max */
	uint32_t lost_count;   /* attempts that counted against lost_max */
	uint32_t stopping;     /* 1 while an attempt of a cancelled task has not yet been reported ended */
	uint32_t reserved;
	int64_t created_ns; /* wall clock, as all here; 0: not yet */
	int64_t started_ns; /* first start */
	int64_t finished_ns;
	int64_t due_ns; /* while delayed: until about when */
	const struct dtss_task_spec *spec;
	const struct dtss_attempt_view *attempts;
	size_t attempt_count;
};

#ifdef __cplusplus
extern "C" {
#endif

/* "ready"; for a number that is no state "?". Static storage. */
DTSS_API const char *dtss_task_state_name(uint32_t state);
/* The state of that name, or -1. */
DTSS_API int dtss_task_state_parse(const char *name);
/* 1 when no edge leaves the state, else 0. */
DTSS_API int dtss_task_state_terminal(uint32_t state);
/* 1 when a task may go from one state to the other in one transition, else 0. From DTSS_TASK_NEW: how it may begin. */
DTSS_API int dtss_task_edge(uint32_t from, uint32_t to);

#ifdef __cplusplus
}
#endif
#endif
