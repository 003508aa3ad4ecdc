/* SPDX-License-Identifier: MIT */
#ifndef DTSS_LIMITS_H
#define DTSS_LIMITS_H

/*
 * Every bound in the library, with its reason. Over one of these: DTSS_E_TOO_BIG, it can never work. Those that a
 * configuration may lower or raise are called *_DEFAULT; when such a table is full: DTSS_E_FULL, it may work later.
 */

/* names: what people type and what fits a line of a table */
#define DTSS_NAME_LEN_MAX 255        /* task, queue, worker, key, resource and label names: a file name's length */
#define DTSS_TAG_LEN_MAX 64          /* fits one cache line */
#define DTSS_LABEL_VALUE_LEN_MAX 255 /* a label is for finding, not for storing */
#define DTSS_ADDRESS_LEN_MAX 255     /* a DNS name and a port */
#define DTSS_DETAIL_LEN_MAX 255      /* one sentence about how an attempt ended */

/* a task's specification */
#define DTSS_TASK_TAGS_MAX 64
#define DTSS_RESOURCES_MAX 16
#define DTSS_LABELS_MAX 32
#define DTSS_ARGC_MAX 4096
#define DTSS_ENV_MAX 1024
#define DTSS_AFTER_MAX 10000 /* as many as one submit may bring */
#define DTSS_RULES_MAX 16
#define DTSS_SPEC_BYTES_MAX 262144 /* the whole encoded specification, payload included */
#define DTSS_SUBMIT_MANY_MAX 10000
#define DTSS_DURATION_MS_MAX 31536000000 /* a year; longer waits are a calendar's business */

/* retry */
#define DTSS_ATTEMPTS_MAX 1000  /* attempts_max, and all attempts of a task together: every loop is bounded */
#define DTSS_LOST_MAX_DEFAULT 3 /* workers that one task may take down before it is quarantined */
#define DTSS_BACKOFF_MS_MIN_DEFAULT 1000
#define DTSS_BACKOFF_MS_MAX_DEFAULT 300000
#define DTSS_BACKOFF_FREE_MS 100 /* after ends that count nowhere, so that they cannot spin */
#define DTSS_MULTIPLIER_MILLI_DEFAULT 2000
#define DTSS_MULTIPLIER_MILLI_MAX 1000000
#define DTSS_JITTER_PERCENT 25 /* jitter adds 0 to 25 % to a backoff */

/* a worker */
#define DTSS_WORKER_TAGS_MAX 256
#define DTSS_WORKER_TASKS_MAX 65535               /* keeps the exact load ratio in 32 bits */
#define DTSS_RESOURCE_AMOUNT_MAX 4503599627370496 /* 2^52: sums stay exact, and every JSON reader keeps them */

/* ids stay below 2^53, so every JSON reader keeps them; bits 40 to 47 are the cell */
#define DTSS_TASK_ID_MAX 1099511627775

/* tables: raise them for a bigger machine */
#define DTSS_TASKS_MAX_DEFAULT 1000000
#define DTSS_WORKERS_MAX_DEFAULT 20000
#define DTSS_KEYS_MAX_DEFAULT 1000000
#define DTSS_QUEUES_MAX_DEFAULT 1024
#define DTSS_REQUIREMENTS_MAX_DEFAULT 65536

/* time, in ms */
#define DTSS_HEARTBEAT_MS_DEFAULT 3000
/* Heartbeats that fit into a lease: agents fence at nine tenths of it less the grace, or at half, counted from a heartbeat
 * whose answer they have, and with long polls that may be two heartbeats old. */
#define DTSS_LEASE_HEARTBEATS_MIN 5
#define DTSS_LEASE_MS_DEFAULT 30000
#define DTSS_SUSPICIOUS_MS_DEFAULT 10000
#define DTSS_OFFLINE_MS_DEFAULT 20000
#define DTSS_START_CONFIRM_MS_DEFAULT 60000 /* leased, listed by its worker, but never started */
#define DTSS_KILL_GRACE_MS_DEFAULT 10000    /* between SIGTERM and SIGKILL */
#define DTSS_PLACEMENT_GRACE_MS_DEFAULT 1000
#define DTSS_KEY_TTL_MS_DEFAULT 86400000
#define DTSS_WORKER_FORGET_MS_DEFAULT 86400000 /* offline that long without a task: its entry is dropped */

/* one call */
#define DTSS_STEP_MAX 1024  /* transitions a verb or tick may make; the rest follows in the next tick */
#define DTSS_LIST_MAX 1000  /* entries a page */
#define DTSS_SCAN_MAX 10000 /* rows a store looks at for one page; then the page ends early, with a cursor */
#define DTSS_HEARTBEAT_REPORTS_MAX 1024

/* the agent's engine */
#define DTSS_AGENT_UNACKED_MAX 1024  /* ended attempts, beyond max_tasks, whose end is not yet acknowledged */
#define DTSS_AGENT_UNANSWERED_MAX 8  /* heartbeats without an answer, then a change no longer sends one at once ... */
#define DTSS_AGENT_REPEAT_MS_MIN 100 /* ... but this long after the one before */
#define DTSS_AGENT_REPORT_AGAIN_MS 1000 /* a report that was not acknowledged is not repeated sooner */
#define DTSS_AGENT_SENT_MAX 64          /* heartbeats whose sending time is remembered; later answers renew nothing */

/* logs */
#define DTSS_LOG_CHUNK_MAX 1048576   /* one append */
#define DTSS_LOG_STREAM_MAX 16777216 /* live bytes of one stream of one attempt */
#define DTSS_LOG_TAIL_MAX 65536      /* kept from the end beyond that */
#define DTSS_LOG_NOTICE_MAX 256      /* the sentence between the two */

/* a store */
#define DTSS_STORE_OPS_MAX 65536            /* submitted and not yet answered */
#define DTSS_STORE_GROUP_BYTES_MAX 16777216 /* written in one transaction before it is committed without being asked */
#define DTSS_LIST_BYTES_MAX 8388608         /* of one page, but for its last task; then the page ends early */
#define DTSS_MEMORY_HISTORY_MAX 100000      /* finished tasks that the memory store keeps: the last that finished */
#define DTSS_MEMORY_BATCHES_MAX 1024        /* batches that it keeps for followers */
#define DTSS_MEMORY_BATCH_BYTES_MAX 67108864
#define DTSS_MEMORY_LOG_BYTES_MAX 268435456 /* then the stream that was silent longest is dropped */

/* the node */
#define DTSS_NODE_REQUESTS_MAX 65536 /* requests begun and not yet answered */
#define DTSS_NODE_PUMP_MAX 64        /* rounds that the waiting calls of the node step before they give up */
#define DTSS_MESSAGE_BYTES_MAX 8388608
#define DTSS_LOOP_MESSAGES_MAX 4096 /* on the way to one end of a loop; more are lost, as on any network */

/* a trace */
#define DTSS_TRACE_BYTES_DEFAULT 1073741824 /* of all segments: some days of a busy scheduler */
#define DTSS_TRACE_BYTES_MIN 65536          /* so that a segment is more than a write */
#define DTSS_TRACE_SEGMENTS 16              /* of a full ring; what is lost with the oldest is a sixteenth */
#define DTSS_TRACE_FRAME_MAX 268435456      /* of the greatest frame: what is longer is damage */

#endif
