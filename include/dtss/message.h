/* SPDX-License-Identifier: MIT */
#ifndef DTSS_MESSAGE_H
#define DTSS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>
#include <dtss/worker.h>

#define DTSS_IDENTITY_LEN 16

/*
 * What agents and scheduler say to each other.
 *
 *      agent  -- HEARTBEAT (with its reports) -->  scheduler
 *      agent  <------------ ANSWER --------------  scheduler     one for each heartbeat that arrived
 *      agent  <-------- ASSIGN, STOP ------------  scheduler
 *
 * Any of them may be lost, repeated or overtaken by another; heartbeats repair it.
 */
enum dtss_message_type {
	DTSS_MESSAGE_HEARTBEAT = 1,
	DTSS_MESSAGE_ANSWER = 2,
	DTSS_MESSAGE_ASSIGN = 3,
	DTSS_MESSAGE_STOP = 4
};

struct dtss_message_heartbeat {
	struct dtss_heartbeat heartbeat;
	uint8_t identity[DTSS_IDENTITY_LEN]; /* the store that the agent belongs to; zeros: not yet any */
	const struct dtss_report *reports;   /* applied before the list of attempts */
	size_t report_count;
};

/* The end of a report's way: the agent need not send it again. */
struct dtss_ack {
	dtss_task_id task;
	uint64_t fence;
	uint32_t kind;  /* enum dtss_report_kind that was reported */
	int32_t result; /* DTSS_OK, or DTSS_E_FENCED: refused as stale */
};

struct dtss_message_answer {
	uint64_t number;      /* of the heartbeat that this answers */
	uint64_t incarnation; /* likewise */
	uint64_t epoch;       /* the scheduler's; an agent refuses lower ones than it has seen */
	uint8_t identity[DTSS_IDENTITY_LEN];
	int32_t result; /* DTSS_OK: the leases of the listed attempts are renewed from the time of sending.
	                         DTSS_E_STALE: a newer incarnation is registered, the agent must end. Others: not accepted */
	uint32_t reserved;
	uint64_t lease_ms;
	uint64_t heartbeat_ms; /* how often to send one */
	const struct dtss_ack *acks;
	size_t ack_count;
};

struct dtss_message_assign {
	dtss_task_id task;
	uint64_t fence;
	uint64_t epoch;
	uint64_t incarnation; /* of the worker that is meant */
	uint64_t lease_ms;
	uint32_t attempt;
	uint32_t reserved;
	const void *spec; /* dtss_spec_encode() */
	size_t spec_len;
	uint64_t heartbeat; /* the newest of that worker when lease_ms was left: the agent counts from when it sent that
	                       one, however long this was under way. 0: from receipt */
};

struct dtss_message_stop {
	dtss_task_id task;
	uint64_t fence;
	uint64_t epoch;
	uint64_t incarnation;
	uint32_t cause; /* enum dtss_cause: CANCEL, TIMEOUT, or LOST when the attempt was superseded */
	uint32_t reserved;
};

struct dtss_message {
	size_t size;
	uint32_t type; /* enum dtss_message_type */
	uint32_t reserved;
	union {
		struct dtss_message_heartbeat heartbeat;
		struct dtss_message_answer answer;
		struct dtss_message_assign assign;
		struct dtss_message_stop stop;
	} u;
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The bytes of a specification: canonical (equal specifications give equal bytes; tags, labels, env and resources
 * are sorted and without repetition; after and rules keep their order; where zero stands for a default of name, queue or
 * retry, its value is written), versioned, little-endian, checksummed. after[].outcome is not part of it. The
 * specification must have passed dtss_spec_check().
 * Returns the length, of which at most cap bytes were written; call with cap 0 to learn it.
 */
DTSS_API size_t dtss_spec_encode(const struct dtss_task_spec *spec, void *buf, size_t cap);
/* One block from mem, with all arrays; strings and payload point into data, which must outlive it.
 * DTSS_E_CORRUPT, DTSS_E_VERSION, DTSS_E_NOMEM. */
DTSS_API int dtss_spec_decode(const void *data, size_t len, const struct dtss_mem *mem,
			      struct dtss_task_spec **ret_spec);
DTSS_API void dtss_spec_free(struct dtss_task_spec *spec, const struct dtss_mem *mem); /* NULL is fine */

/* What is wrong with an argument. Static or borrowed strings, valid as long as the handle's last error. */
struct dtss_problem {
	const char *field;    /* "retry.attempts_max"; "" when it is no single field */
	const char *expected; /* "1..1000" */
	size_t index;         /* which element: of submit_many's array, else of the field when it is an array */
};
/* Checks every limit and rule of dtss/task.h. DTSS_E_INVALID, DTSS_E_TOO_BIG; then *ret_problem (unless NULL) says what,
 * in static strings. */
DTSS_API int dtss_spec_check(const struct dtss_task_spec *spec, struct dtss_problem *ret_problem);

/* As for the specification. A message that is too long for DTSS_MESSAGE_BYTES_MAX is never made. */
DTSS_API size_t dtss_message_encode(const struct dtss_message *message, void *buf, size_t cap);
DTSS_API int dtss_message_decode(const void *data, size_t len, const struct dtss_mem *mem,
				 struct dtss_message **ret_message);
DTSS_API void dtss_message_free(struct dtss_message *message, const struct dtss_mem *mem);

#ifdef __cplusplus
}
#endif
#endif
