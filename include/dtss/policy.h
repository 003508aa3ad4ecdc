/* SPDX-License-Identifier: MIT */
#ifndef DTSS_POLICY_H
#define DTSS_POLICY_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/limits.h>
#include <dtss/version.h>

/* How an attempt ended, or why a task is where it is. X(enumerator, value, name) */
#define DTSS_CAUSE_MAP(X)                                                                                              \
	X(DTSS_CAUSE_NONE, 0, "none")                                                                                  \
	X(DTSS_CAUSE_EXIT, 1, "exit")                 /* the process exited; exit_code 0 is success */                 \
	X(DTSS_CAUSE_SIGNAL, 2, "signal")             /* a signal ended it */                                          \
	X(DTSS_CAUSE_TIMEOUT, 3, "timeout")           /* the run timeout passed */                                     \
	X(DTSS_CAUSE_START_FAILED, 4, "start_failed") /* it could not be started; err is the errno */                  \
	X(DTSS_CAUSE_OOM, 5, "out_of_memory")         /* the kernel killed it for memory */                            \
	X(DTSS_CAUSE_REJECTED, 6, "rejected")         /* the worker does not have it any more; counts nowhere */       \
	X(DTSS_CAUSE_RELEASED, 7, "released")         /* given back by a draining worker; counts nowhere */            \
	X(DTSS_CAUSE_LOST, 8, "lost")                 /* the worker is gone; counts against lost_max */                \
	X(DTSS_CAUSE_CANCEL, 9, "cancel")             /* somebody cancelled it */                                      \
	X(DTSS_CAUSE_DEPENDENCY, 10, "dependency")    /* a task that it waits for did not succeed */                   \
	X(DTSS_CAUSE_DEADLINE, 11, "start_deadline")  /* it waited longer than start_deadline_ms */                    \
	X(DTSS_CAUSE_LOST_MAX, 12, "lost_max")        /* it took too many workers down */                              \
	X(DTSS_CAUSE_ATTEMPTS, 13, "attempts")        /* more than DTSS_ATTEMPTS_MAX attempts together */              \
	X(DTSS_CAUSE_RULE, 14, "rule")                /* a retry rule said so */

enum dtss_cause {
#define DTSS_CAUSE_ENUM(name, value, text) name = value,
	DTSS_CAUSE_MAP(DTSS_CAUSE_ENUM)
#undef DTSS_CAUSE_ENUM
		DTSS_CAUSE_ENUM_END = 64
};

/* Strings may be NULL where a text is optional. */
struct dtss_outcome {
	uint32_t cause;     /* enum dtss_cause, EXIT to LOST, or CANCEL when it was stopped because of one */
	int32_t exit_code;  /* for EXIT */
	uint32_t signal;    /* for SIGNAL; also what ended a TIMEOUT */
	int32_t err;        /* for START_FAILED: errno */
	const char *detail; /* a sentence for people, at most DTSS_DETAIL_LEN_MAX; NULL: none */
};

enum dtss_retry_action {
	DTSS_RETRY_RETRY = 1,     /* counts as a failure; another attempt if attempts_max allows */
	DTSS_RETRY_FAIL = 2,      /* no further attempt */
	DTSS_RETRY_IGNORE = 3,    /* another attempt, and this one does not count */
	DTSS_RETRY_QUARANTINE = 4 /* the task becomes quarantined */
};

/* The first rule that matches decides; without a match a failure is DTSS_RETRY_RETRY. */
struct dtss_retry_rule {
	uint32_t causes;  /* bit set of 1 << enum dtss_cause; 0: any */
	uint32_t action;  /* enum dtss_retry_action */
	int32_t exit_min; /* for EXIT, both bounds included; exit_min = exit_max = 0: any code */
	int32_t exit_max;
};

enum dtss_jitter { DTSS_JITTER_DEFAULT = 0, DTSS_JITTER_ON = 1, DTSS_JITTER_OFF = 2 };

/*
 * Zero is the default everywhere. The nth backoff is min(backoff_ms_max, backoff_ms_min * multiplier^(n-1)), plus a
 * jitter of 0 to 25 % that is a hash of (seed, task, attempt), so it survives a restart.
 */
struct dtss_retry {
	uint32_t attempts_max;     /* 1 to 1000; 0: 1, no retry */
	uint32_t lost_max;         /* 1 to 1000; 0: 3 */
	uint64_t backoff_ms_min;   /* 0: 1000 */
	uint64_t backoff_ms_max;   /* 0: 300000 */
	uint32_t multiplier_milli; /* 1000 to 1000000; 0: 2000 */
	uint32_t jitter;           /* enum dtss_jitter */
	const struct dtss_retry_rule *rules;
	size_t rule_count;
};

enum dtss_placement_policy { DTSS_PLACE_LEAST_LOAD = 0, DTSS_PLACE_ROUND_ROBIN = 1, DTSS_PLACE_PACK = 2 };

#ifdef __cplusplus
extern "C" {
#endif

/* "exit", "timeout", ...; for a number that is no cause "?". Static storage. */
DTSS_API const char *dtss_cause_name(uint32_t cause);
/* The cause of that name, or -1. */
DTSS_API int dtss_cause_parse(const char *name);

#ifdef __cplusplus
}
#endif
#endif
