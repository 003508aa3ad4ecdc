/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_CLIENT_H
#define DTSS_SIM_CLIENT_H

#include <stdint.h>
#include <dtss/node.h>

struct sim;

#define SIM_JOBS_MAX 80   /* of one client */
#define SIM_TASKS_MAX 512 /* of all */
#define SIM_GROUP_MAX 6   /* submitted at once */
#define SIM_PARENTS_MAX 4
#define SIM_PAGE_MAX 12
#define SIM_QUEUES 3
#define SIM_PLACEMENTS 3 /* workers that are known by placement heartbeats alone */

enum sim_ask {
	ASK_SUBMIT = 1, /* about a job */
	ASK_AGAIN,      /* the same once more, key and all */
	ASK_CONFLICT,   /* its key with another specification */
	ASK_INVALID,    /* a specification that cannot be right */
	ASK_GET,
	ASK_CANCEL,
	ASK_HOLD,
	ASK_RELEASE,
	ASK_RETRY,
	ASK_EXPLAIN,
	ASK_LOG_APPEND,
	ASK_LOG_READ,
	ASK_DRAIN, /* about a worker */
	ASK_CORDON,
	ASK_UNCORDON,
	ASK_FREE, /* about a task that is held, and no job knows of it */
	ASK_LIST,
	ASK_WORKERS,
	ASK_STATS,
	ASK_PLACE,
	ASK_PLACEMENT,
	SIM_ASKS
};

/* What a client asks: made into a dtss_request where it arrives. */
struct sim_call {
	uint64_t serial;     /* net_call() gives it */
	uint64_t timeout_ns; /* the client's patience */
	uint32_t client;
	uint32_t scheduler;
	uint32_t ask;
	uint32_t index; /* which job, or which worker */
	uint64_t arg;   /* cursor, or fence */
	uint32_t more;  /* limit, or offset */
	uint32_t kind;
};

/* What it is told: of the answer, what the client looks at. */
struct sim_reply {
	int32_t result;
	uint32_t state;
	uint32_t known; /* bit set */
	uint32_t count;
	uint64_t next; /* cursor, fence of the last attempt, or offset */
	uint32_t ids[SIM_PAGE_MAX];
};

/* What is to be done, and how far it is. */
struct sim_job {
	uint64_t
		next_ns; /* true: when to ask next; 0: an answer is awaited; DTSS_NEVER: there is nothing more to ask */
	uint64_t id;     /* 0: not acknowledged */
	uint64_t fence;  /* of the last attempt that was seen */
	uint64_t
		hash[3]; /* of its specifications: as it is, with other contents, without its key; 0: never submitted */
	uint64_t cancel_ns, hold_ns;
	uint64_t timeout_ms, deadline_ms, backoff_min_ms, backoff_max_ms;
	int64_t not_before_ns;
	uint32_t number; /* over all clients, from 1: its name is j and this */
	uint32_t group;  /* how many are submitted with it, from it on; 0: with one before it */
	uint32_t parent_count;
	uint32_t parents[SIM_PARENTS_MAX]; /* indexes */
	uint64_t parent_ids[SIM_PARENTS_MAX];
	uint32_t tags, gpus, attempts_max, lost_max, multiplier, jitter, rules, queue, set;
	uint32_t work; /* how long it runs, about, in tenths of a second */
	uint32_t plan; /* bit set of 1 << enum sim_ask: still to be done */
	uint32_t last; /* what was asked last */
	uint32_t log_end;
	uint32_t ended; /* the terminal state that was seen; 0: none yet */
	int32_t priority;
	uint8_t keyed, held;
};

struct sim_listing {
	uint64_t after;
	uint64_t from;     /* tasks that there were when it began */
	uint64_t seen[16]; /* bit set of ids */
	uint32_t queue, limit;
	int on;
};

struct sim_client {
	uint32_t scheduler;             /* the one that it talks to */
	uint32_t uses;                  /* bit set of enum client_use, the same for all */
	uint32_t job_count, jobs_begin; /* number of its first job, less one */
	struct sim_job jobs[SIM_JOBS_MAX];
	uint64_t other_ns; /* true: when it asks something that is about no job; 0: an answer is awaited */
	uint32_t cordoned; /* bit set of workers that may be drained or cordoned */
	struct sim_listing listing;
};

void client_init(struct sim *s, uint32_t index);
void client_turn(struct sim *s, uint32_t index);
uint64_t client_next_ns(const struct sim *s, uint32_t index); /* true */
/* At the scheduler: makes the request, with that token, and gives it to the node. The error of dtss_node_request(). */
int client_deliver(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t token);
/* At the scheduler: what of the answer goes back. */
void client_pack(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct dtss_answer *a,
		 struct sim_reply *ret_reply);
/* At the client; reply NULL: none came in time, the outcome is unknown. */
void client_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *reply);
uint32_t client_left(const struct sim *s); /* jobs that have not been seen to end, and tasks that have not */

/* --- client_spec.c --- */
struct client_spec {
	struct dtss_task_spec spec;
	char name[12], key[12], queue[12], set[4], variant[4];
	const char *tags[2];
	struct dtss_resource gpus;
	struct dtss_after after[SIM_PARENTS_MAX];
	struct dtss_pair labels[2];
	struct dtss_retry_rule rules[2];
};

enum client_variant { CLIENT_PLAIN = 0, CLIENT_OTHER = 1, CLIENT_KEYLESS = 2 };
void client_spec(const struct sim_job *job, enum client_variant variant, struct client_spec *ret);
/* Remembers that this was submitted. */
void client_spec_note(struct sim *s, struct sim_job *job, enum client_variant variant, const struct client_spec *made);
uint64_t client_spec_hash(const void *data, size_t len);
int client_submitted(struct sim *s, uint32_t number, uint64_t hash); /* 1: a job of that number was, as that */
struct sim_job *client_job(struct sim *s, uint32_t number);          /* NULL: there is none */

/* --- client_plan.c --- */
enum client_use {
	USE_GROUPS,
	USE_UNKEYED,
	USE_CHAINS,
	USE_FAN,
	USE_RULES,
	USE_BACKOFF,
	USE_LOST,
	USE_TIMEOUT,
	USE_DEADLINE,
	USE_NOT_BEFORE,
	USE_PRIORITY,
	USE_TAGS,
	USE_GPUS,
	USE_HELD,
	USE_HOLD,
	USE_CANCEL,
	USE_RETRY,
	USE_DRAIN,
	USE_CORDON,
	USE_LIST,
	USE_EXPLAIN,
	USE_LOGS,
	USE_PLACES,
	USE_AGAIN,
	USE_CONFLICT,
	USE_INVALID,
	USE_VIEWS,
	USE_LATE,
	USE_BURST,
	CLIENT_USES
};
int client_uses(const struct sim *s, enum client_use use);
void client_plan(struct sim *s, uint32_t index); /* draws the jobs of a client */

/* --- client_other.c: what is about no job --- */
void client_other(struct sim *s, uint32_t index);
void client_other_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *reply);
void client_ask(struct sim *s, uint32_t index, uint32_t ask, uint32_t about, uint64_t arg, uint32_t more,
		uint32_t kind);

#endif
