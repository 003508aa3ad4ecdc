/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_CLIENT_H
#define DTSS_SIM_CLIENT_H

#include <stdint.h>
#include <dtss/node.h>

struct sim;

#define SIM_SUBMITS_MAX 80 /* of one client */
#define SIM_TASKS_MAX 512  /* of all */

/* What a client asks: made into a dtss_request where it arrives. */
struct sim_call {
	uint64_t serial;     /* net_call() gives it */
	uint64_t timeout_ns; /* the client's patience */
	uint32_t client;
	uint32_t scheduler;
	uint32_t ask;
	uint32_t index; /* which submit, or which worker */
};

/* What it is told: of the answer, what the client looks at. */
struct sim_reply {
	int32_t result;
	uint32_t state;
	uint32_t known;
	uint64_t id;
};

/* What the client knows of one submit. */
struct sim_submit {
	char key[16];
	char queue[16];
	uint64_t id;       /* 0: not acknowledged */
	uint64_t retry_ns; /* true; when to ask again; 0: an answer is awaited, or it has ended */
	uint32_t parent;   /* index + 1 of the submit that it waits for; 0: none */
	uint32_t tag;      /* which of the workers' tags it needs; 0: none */
	uint32_t attempts_max;
	uint32_t work;  /* how long it runs, about, in tenths of a second */
	uint32_t ended; /* the terminal state that was seen; 0: none yet */
	int32_t priority;
	uint64_t timeout_ms;
	int cancel;    /* 1: to be cancelled; 2: it was */
	int held;      /* 1: submitted as held, to be released; 2: it was */
	uint32_t gpus; /* how many it needs; 0: none */
};

struct sim_client {
	uint32_t scheduler; /* the one that it talks to */
	struct sim_submit submits[SIM_SUBMITS_MAX];
	uint32_t submit_count;
	uint64_t drain_ns; /* true; when an operator thinks of drains next */
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
uint32_t client_left(const struct sim *s); /* submits that have not been seen to end, of all clients */

#endif
