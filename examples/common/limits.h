/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* Every bound of the three programs, with its reason; those of tasks and workers are in dtss/limits.h. */

/* text about what is wrong */
#define PROBLEM_FIELD_MAX 160    /* a path such as retry.rules[15].exit_max, or as much of a stranger's key */
#define PROBLEM_EXPECTED_MAX 160
#define PROBLEM_SENTENCE_MAX 512 /* one line of a terminal, or a few */
#define LOG_LINE_MAX 4096

/* files */
#define TOKEN_LEN_MIN 16       /* 128 bits written in the densest readable way need more than this */
#define TOKEN_LEN_MAX 1024     /* fits a header line */
#define CONFIG_BYTES_MAX 65536
#define PATH_LEN_MAX 4096

/* HTTP, the scheduler's side */
#define HTTP_BODY_MAX 8388608        /* 10,000 tasks of 800 bytes */
#define HTTP_CONNECTIONS_MAX 10000   /* whole fleets may come from one address */
#define HTTP_CONNECTION_MEMORY 16384 /* head and write buffer */
#define HTTP_IDLE_S 30
#define HTTP_RETRY_AFTER_S 1
#define HTTP_TIMEOUT_MS 30000        /* a request that the node has not answered by then is unknown: 503 */
#define FOLLOW_WAIT_MS 1000          /* how often a log is looked at, and a client that has left is noticed */
#define FOLLOW_CHUNK_MAX 65536       /* bytes read at once */
#define LIST_LIMIT_DEFAULT 100
#define STOP_MS 8000                 /* begun requests may finish after SIGTERM; 10 s is promised */

/* the transport over HTTP */
#define POLL_WAIT_MS_MAX 3000   /* a suspended connection does not notice that its client has left */
#define OUTBOX_MAX 4096         /* messages for a worker that no poll has fetched; heartbeats repair what is dropped */
#define OUTBOX_KEEP_MS 60000    /* so long after the last poll a worker's outbox is kept */

#endif
