/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_DESK_H
#define TESTS_SUPPORT_DESK_H

#include <dtss.h>

/*
 * An engine over a SQLite store, by hand, with one worker; and a ledger of what was asked of the store and of what it has
 * said is durable, with the time of both: the number of operations of the disk so far (power_count()).
 *
 *      verbs ─► engine ─ batch ─► store ─► said          after a power cut the store has the state of the last batch that
 *                  └─ digest ─► ledger: asked, said      it said is durable, or of one that was asked and not answered
 */
#define DESK_STATES 2048
#define DESK_GIVEN 64
#define DESK_LOG_FENCE 77

struct desk_state {
	uint64_t digest; /* of the engine, when it was all in a batch */
	uint64_t tasks;  /* the highest id */
	uint64_t log;    /* bytes of the log */
	size_t asked, said;
};

struct desk {
	char dir[64], path[80];
	struct dtss_store *store; /* NULL: it is not open */
	struct dtss_sched *s;
	struct dtss_time now;
	uint64_t epoch, token, number, fence_seen, log_asked;
	uint32_t slots;
	struct dtss_message_assign given[DESK_GIVEN]; /* to the worker; specs are not kept */
	size_t given_count;
	struct desk_state states[DESK_STATES];
	size_t state_count;
	uint64_t log_alone; /* log bytes that were stored though the batch beside them was refused; 0: none */
};

void desk_init(struct desk *d);
void desk_fini(struct desk *d); /* removes the directory */
/* Opens the store, leads and loads: the state of the ledger that it finds is durable from now on. */
int desk_open(struct desk *d);
void desk_close(struct desk *d); /* an engine or a store that is not there is fine */
/* The steps of it. */
int desk_open_store(struct desk *d);
int desk_ask(struct desk *d, const struct dtss_store_op *op, struct dtss_store_done *ret_done);
int desk_lead(struct desk *d);
int desk_load(struct desk *d); /* an engine that does not lead yet */
/* The newest state of the ledger with the engine's digest that was asked for by then, or NULL. */
struct desk_state *desk_find(struct desk *d, size_t after);

/* All that the engine has to store, with log bytes of the given length in the same group; 0, or what the store said. */
int desk_store(struct desk *d, size_t log_len);
int desk_submit(struct desk *d, size_t count, size_t payload); /* and stores */
int desk_flip(struct desk *d, uint64_t task);                  /* a task is held, or let go again; stores */
int desk_work(struct desk *d, uint32_t slots);                 /* the worker asks for work, and is given it */
int desk_end(struct desk *d, int32_t exit_code);               /* of all that it was given; those are history then */

/* The power was cut after so many operations: the ledger begins anew with what was said, or may come back. */
void desk_cut(struct desk *d, size_t after);
/* What is in the directory is a store with a state of the ledger that is legal after so many operations of the disk;
 * nothing that was said is lost, SQLite finds no damage, and it can go on from there. what is for messages. */
void desk_verify(struct desk *d, size_t after, const char *what);

#endif
