/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* Every bound of the three programs, with its reason; those of tasks and workers are in dtss/limits.h. */

/* text about what is wrong */
#define PROBLEM_FIELD_MAX 160 /* a path such as retry.rules[15].exit_max, or as much of a stranger's key */
#define PROBLEM_EXPECTED_MAX 160
#define PROBLEM_SENTENCE_MAX 512 /* one line of a terminal, or a few */
#define LOG_LINE_MAX 4096

/* files */
#define TOKEN_LEN_MIN 16   /* 128 bits written in the densest readable way need more than this */
#define TOKEN_LEN_MAX 1024 /* fits a header line */
#define CONFIG_BYTES_MAX 65536
#define PATH_LEN_MAX 4096

/* JSON that strangers send */
#define JSON_DEPTH_MAX 32 /* five times what a task needs; each level costs stack and memory */

/* HTTP, the scheduler's side */
#define HTTP_BODY_MAX 8388608      /* 10,000 tasks of 800 bytes */
#define HTTP_BODIES_MAX 536870912  /* of all bodies that are being read together */
#define HTTP_DISCARD_MAX 67108864  /* of a body that is too long: read on so far, so that its sender sees the answer */
#define HTTP_HEAD_MAX 8192         /* ten times what a client of ours sends, and a line of proxies may add */
#define HTTP_FIELDS_MAX 64         /* likewise */
#define HTTP_TARGET_MAX 2048       /* a list's filters, each as long as it may be, stay below */
#define HTTP_PARAMETERS_MAX 64     /* with as many fields, they fit in half of a connection's memory */
#define HTTP_METHOD_MAX 16         /* the longest that is registered */
#define HTTP_CHUNK_DIGITS_MAX 12   /* more bytes than anybody may send, and no sum overflows */
#define HTTP_CONNECTIONS_MAX 16384 /* 10,000 agents, maybe all from one address, are not three of four */
#define HTTP_FILES_KEPT 64         /* descriptors that connections leave to the store and everything else */
#define HTTP_CONNECTION_MEMORY                                                                                         \
	16512 /* a half for what is read, which the longest head fits in; cleared each time, for each agent */
#define HTTP_BACKLOG 1024         /* a fleet that comes back at once */
#define HTTP_HEAD_MS 5000         /* from a head's first byte to its last */
#define HTTP_BODY_MS 5000         /* for a body, and one more for each HTTP_BODY_RATE bytes that came */
#define HTTP_BODY_RATE 1000       /* bytes a second: a modem */
#define HTTP_BODY_MS_MAX 30000    /* however it trickles: the longest body takes 2.3 Mbit/s */
#define HTTP_IDLE_MS 30000        /* without a request: ten heartbeats */
#define HTTP_IDLE_PRESSED_MS 1000 /* likewise, when three of four connections are taken */
#define HTTP_MS_MAX 3600000       /* of a deadline that is set: an hour */
#define HTTP_WRITE_MS 10000       /* a reader that takes nothing */
#define HTTP_STALL_S 30           /* libmicrohttpd's own deadline, which ours are to come before */
#define HTTP_REQUESTS_MAX 1000    /* of one connection: then it says where it comes from anew */
#define HTTP_LINGER_MS 1000       /* after a refusal, so that its sender reads it before the connection breaks */
#define HTTP_SWEEP_MS 20          /* deadlines are looked at no more often */
#define HTTP_CROWD 4              /* requests in a round: from so many on, replies go out together */
#define HTTP_LOOKS 3              /* in a round with replies: taken, sent, and who got one asks again */
#define HTTP_LOOKS_MAX 4          /* in any round: whoever came first is not to wait for ever */
#define HTTP_RETRY_AFTER "1"
#define HTTP_WAIT_GRID_MS 16    /* waits end on this grid, so that thousands of them end together */
#define SUBMIT_LINES_MAX 100000 /* of one NDJSON body: bounds what their outcomes need */
#define SUBMIT_WINDOW 1024      /* lines of one NDJSON body that are under way at once */
#define FOLLOW_WAIT_MS 1000     /* how often a log is looked at, and a client that has left is noticed */
#define FOLLOW_CHUNK_MAX 65536  /* bytes read at once */
#define LIST_LIMIT_DEFAULT 100
#define STORE_TROUBLE_MS 10000            /* how long /readyz remembers that the store refused a write */
#define TRACE_BYTES_MAX 1099511627776     /* a terabyte: nobody looks further back */
#define JSON_INTEGER_MAX 9007199254740992 /* 2^53: what every reader keeps */
#define MEMORY_LONG 262144                /* bytes of one block: from here on it is mapped by itself */
#define MEMORY_SPARE 4194304              /* freed bytes that are kept for what comes next */
#define BLOCKS_LEN_MAX 1032               /* bytes of a block that is kept: what a request needs is shorter */
#define BLOCKS_KEPT_BYTES 524288          /* of all that are kept: what some hundred requests need together */
#define STOP_MS 8000                      /* begun requests may finish after SIGTERM; 10 s is promised */

/* the transport over HTTP */
#define POLL_WAIT_MS_MAX 3000 /* a suspended connection does not notice that its client has left */
#define POLL_ANSWER_MS 5000   /* a heartbeat that the scheduler has not answered by then: 503 */
#define POLL_COMPANY_MS 100   /* work waits so long for its heartbeat's answer, to come home with it */
#define OUTBOX_MAX 4096       /* messages for a worker that no poll has fetched; heartbeats repair what is dropped */
#define OUTBOXES_MAX 65536    /* incarnations that polled lately: a big fleet that restarts again and again */
#define POLL_ASSIGN_BYTES_MAX 8388608 /* of assignments in one answer: an agent takes 16 MiB; the rest comes next */
#define OUTBOX_KEEP_MS 60000          /* so long after the last poll a worker's outbox is kept */
#define OUTBOX_BUCKETS 4096

#endif
