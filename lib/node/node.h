/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_NODE_H
#define DTSS_NODE_NODE_H

#include <dtss/agent.h>
#include <dtss/node.h>
#include "core/check.h"
#include "core/size.h"
#include "node/keep.h"

/*
 * One round of the node (round.c), from left to right. Nothing goes out on the right before `stored` has covered it.
 *
 *   requests ─ verb.c, query.c ─┐                                            ┌─► answers    answer.c
 *   messages ─ message.c ───────┼─► engine ─ batch ─► store ─ ─ ─► stored ───┼─► ANSWER     message.c
 *   clock    ─ tick ────────────┘     ▲      commit.c   │                    ├─► SEND       action.c
 *                                     └── lookup.c ◄── rows                  └─► EVENT      action.c
 *
 * A request stands in exactly one list:
 *
 *   (begun) ──► held, until what it rests on is stored ──► ready ──► given ──► freed
 *      │  ▲         │ goes on                               ▲
 *      │  └─────────┤                                       │
 *      └────────► asked, until the store has answered ──────┘
 *
 * The node's state (recover.c):
 *
 *   LOADING ── led and loaded ──► LEADING ── NOSPC ──► RECOVERING, quiet: loaded again at once, renews leases, writes
 *      │  ▲                        ▲   │                   │   ▲     nothing
 *      │  │ in a while             │   └ UNKNOWN ► RECOVERING  │ NOSPC
 *      ▼  │                        │                │ in a while: loads, leads on
 *   STANDBY (somebody else leads)  └──── stored ────┴── in a while: writes again
 *
 *   and from anywhere, when a write fails or the data is damaged: FAILED. When the epoch is lost, or the node's own clock
 *   says that its term is over (renew.c): RECOVERING, and then it asks to lead again.
 */
#define NODE_NS_PER_MS 1000000u
#define NODE_STEP_ROUNDS 8  /* of one step, while something goes on */
#define NODE_ROUND_MAX 1024 /* completions, messages of one round each: the others must not starve */
#define NODE_ROUND_TICKS 4
#define NODE_BACKOFF_MS_MIN 100
#define NODE_BACKOFF_MS_MAX 5000
#define NODE_STANDBY_MS 1000 /* between two attempts to lead */
#define NODE_SLOTS_DEFAULT 1

/* How a request goes on when what it waits for is there. */
enum node_stage {
	NODE_STAGE_ANSWER = 0,   /* not at all: the answer is complete */
	NODE_STAGE_TASK_STORED,  /* what the engine no longer holds is in the store; then asks for the task */
	NODE_STAGE_TASK,         /* the task's rows */
	NODE_STAGE_AFTER_STORED, /* likewise, for the tasks that a specification waits for */
	NODE_STAGE_AFTER,        /* the rows of one of them */
	NODE_STAGE_LIST_STORED,  /* likewise, for history */
	NODE_STAGE_LIST,         /* a page of history */
	NODE_STAGE_LOG           /* log bytes */
};

enum node_waited {
	NODE_WAITED = 1,  /* by dtss_node_submit() */
	NODE_GIVEN_UP = 2 /* nobody wants the answer any more */
};

struct node_request {
	struct node_request *prev;
	struct node_request *next;
	struct node_queue *queue;
	uint64_t serial; /* of what it asked the store */
	uint64_t seq;    /* what the answer rests on */
	uint32_t stage;  /* enum node_stage */
	uint32_t waited; /* enum node_waited: not to be handed out */
	dtss_task_id task;
	struct keep keep;
	struct dtss_answer answer;
	char field[64]; /* behind answer.problem */
	char expected[192];
	/* SUBMIT and RETRY with dependencies: a copy, to fill in what became of them */
	struct dtss_task_spec *specs;
	size_t spec_count;
	size_t spec_at; /* the one that is looked up */
	size_t after_at;
	/* LIST */
	struct dtss_task_filter filter;
	const struct dtss_task_view **live;
	size_t live_count;
	uint64_t live_end; /* the engine was asked up to this id */
	/* LOG_READ */
	struct dtss_log_chunk chunk;
	uint32_t attempt;
};

struct node_queue {
	struct node_request *head;
	struct node_request *tail;
};

/* An ANSWER for an agent, held until what it acknowledges is stored. */
struct node_reply {
	struct node_reply *next;
	size_t size;
	uint64_t seq;
	uint32_t local; /* 1: for the worker in this process */
	const char *peer;
	struct dtss_message message;
	struct dtss_ack acks[];
};

enum node_taken_state {
	NODE_TAKEN_NEW = 1, /* started by the agent, not yet given to the program */
	NODE_TAKEN_GIVEN = 2,
	NODE_TAKEN_ENDED = 3, /* its end is being reported */
	NODE_TAKEN_ACKED = 4  /* result says what became of the report */
};

/* An attempt of the worker in this process. */
struct node_taken {
	struct node_taken *next;
	struct keep keep;
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t state; /* enum node_taken_state */
	uint32_t stop;  /* 1: the program has to be told, 2: it was */
	int32_t result;
	uint32_t cause; /* as it was reported */
	int32_t exit_code;
	struct dtss_task_spec *spec;
};

struct node_local {
	struct dtss_transport *near; /* the scheduler's end of the loop */
	struct dtss_transport *far;
	struct dtss_agent *agent; /* NULL: nothing was ever taken */
	struct node_taken *taken; /* in the order of their start */
	uint32_t stale;           /* 1: a newer incarnation is registered elsewhere */
};

/*
 * What is recorded (trace.c). A segment begins where a snapshot can be taken: when the engine was loaded, or when nothing
 * is under way.
 *
 *      due ── quiet ──► on ── long enough ──► on, full ── quiet ──► on, with a new segment
 *       ▲                └────────────┬─────────┘
 *       └── in a while ── an error ◄──┘
 */
struct node_trace {
	struct dtss_trace *sink; /* NULL: none */
	uint32_t on;             /* 1: calls are recorded */
	uint32_t full;           /* 1: a new segment is to begin */
	int32_t error;           /* why it is not on; 0: nothing is wrong */
	uint32_t calls;          /* of dtss_sched_next_action(), not yet recorded */
	uint64_t again_ns;       /* after an error */
	uint64_t again_ms;
	uint64_t snapshot_bytes; /* of this segment */
	uint64_t bytes;          /* what came after it */
	uint64_t broken;         /* the engine's ticks that cannot be repeated */
	struct dtss_time now;    /* of the last call */
	uint8_t *buf;
	size_t cap;
};

struct dtss_node {
	struct dtss_mem mem;
	struct dtss_config sched_cfg;
	struct dtss_node_config cfg; /* strings are in keep */
	struct keep keep;
	struct dtss_store *store;
	struct dtss_store_info store_info;
	struct dtss_transport *transport; /* NULL: none */
	struct node_local local;
	struct dtss_sched *sched; /* NULL: it does not lead */
	struct node_trace trace;

	uint32_t state; /* enum dtss_node_state */
	int32_t error;
	uint32_t quiet;         /* 1: leads, but begins nothing that needs a write */
	uint32_t dirty;         /* 1: a step has something to do */
	uint64_t epoch;         /* 0: LEAD first */
	uint64_t wake_ns;       /* when to go on from STANDBY or RECOVERING */
	uint64_t lead_until_ns; /* by our own clock; DTSS_NEVER: leadership does not end by itself */
	uint64_t renew_ns;      /* when to ask for more */
	uint64_t renew_sent_ns;
	uint64_t lead_sent_ns;
	uint64_t backoff_ms;

	uint64_t serial; /* of the last operation of the store */
	uint64_t lead_serial;
	uint64_t renew_serial;
	uint64_t commit_serial; /* 0: no batch is in flight */
	uint64_t commit_seq;
	uint64_t stored;

	struct node_queue held;  /* by seq */
	struct node_queue asked; /* by serial */
	struct node_queue ready;
	struct node_queue waited;   /* answers that a call in progress waits for */
	struct node_request *given; /* its answer was handed out by the last call */
	size_t request_count;

	struct node_reply *replies; /* by seq */
	struct node_reply *replies_last;
	size_t reply_count;

	struct dtss_event *events;
	size_t event_cap;
	size_t event_count;
	size_t event_at; /* the next to hand out */
};

/* round.c */
void node_enter(struct dtss_node *n);                      /* a new call: what the one before gave is no longer used */
int node_round(struct dtss_node *n, struct dtss_time now); /* 1: something went on, another round may do more */
uint64_t node_ns_after(struct dtss_time now, uint64_t ms);

/* commit.c */
int node_commit(struct dtss_node *n, struct dtss_time now);
void node_committed(struct dtss_node *n, struct dtss_time now, int result);
uint64_t node_engine_seq(struct dtss_node *n); /* the engine's last event; what it no longer holds rests on it */

/* engine.c: every call that changes the engine goes through here, so that it is recorded */
int node_engine_lead(struct dtss_node *n, struct dtss_time now); /* with the node's epoch */
void node_engine_destroy(struct dtss_node *n);
int node_engine_submit(struct dtss_node *n, struct dtss_time now, const struct dtss_task_spec *specs, size_t count,
		       dtss_task_id *ret_ids, uint8_t *ret_known);
int node_engine_cancel(struct dtss_node *n, struct dtss_time now, dtss_task_id id, int *ret_stopping);
int node_engine_retry(struct dtss_node *n, struct dtss_time now, dtss_task_id id, const struct dtss_task_spec *spec,
		      dtss_task_id *ret_id);
int node_engine_hold(struct dtss_node *n, struct dtss_time now, dtss_task_id id);
int node_engine_release(struct dtss_node *n, struct dtss_time now, dtss_task_id id);
int node_engine_heartbeat(struct dtss_node *n, struct dtss_time now, const struct dtss_heartbeat *heartbeat);
int node_engine_report(struct dtss_node *n, struct dtss_time now, const struct dtss_report *report);
int node_engine_place(struct dtss_node *n, struct dtss_time now, const char *const *tags, size_t tag_count,
		      struct dtss_placement *ret_placement);
int node_engine_drain(struct dtss_node *n, struct dtss_time now, const char *worker);
int node_engine_cordon(struct dtss_node *n, struct dtss_time now, const char *worker);
int node_engine_uncordon(struct dtss_node *n, struct dtss_time now, const char *worker);
int node_engine_tick(struct dtss_node *n, struct dtss_time now);
int node_engine_batch(struct dtss_node *n, struct dtss_time now, struct dtss_batch *ret_batch);
void node_engine_stored(struct dtss_node *n, struct dtss_time now, uint64_t seq);
int node_engine_next_action(struct dtss_node *n, struct dtss_action *ret_action);

/* trace.c: the recording itself; nothing of it when it is off */
void node_trace_begin(struct dtss_node *n, struct dtss_time now); /* a segment, with the engine as it stands */
void node_trace_turn(struct dtss_node *n, struct dtss_time now);  /* the same, if one is due and it can be done now */
void node_trace_end(struct dtss_node *n);                         /* before the engine goes */
void node_trace_flush(struct dtss_node *n, struct dtss_time now);
void node_trace_fail(struct dtss_node *n, struct dtss_time now, int error);
void node_trace_close(struct dtss_node *n);
/* One frame: begin, what the call was given, end. bytes: room for the latter. 0: it is not recorded. */
struct wire_out;
int node_trace_call(struct dtss_node *n, struct wire_out *out, uint32_t kind, uint32_t flags, struct dtss_time now,
		    int result, size_t bytes);
void node_trace_done(struct dtss_node *n, struct wire_out *out);
void node_trace_actions(struct dtss_node *n); /* engine.c: those that were handed out */

/* action.c */
int node_actions(struct dtss_node *n);
void node_events_drop(struct dtss_node *n);

/* store_poll.c */
int node_store_poll(struct dtss_node *n, struct dtss_time now);
/* Asks the store; serial comes back with the completion. */
int node_store_submit(struct dtss_node *n, struct dtss_store_op *op, uint64_t *ret_serial);

/* recover.c */
int node_lead(struct dtss_node *n, struct dtss_time now);
void node_led(struct dtss_node *n, struct dtss_time now, const struct dtss_store_done *done);
int node_wake(struct dtss_node *n, struct dtss_time now);
/* A write went wrong: what is not stored is answered with error, and the node loads again, or has failed. */
void node_recover(struct dtss_node *n, struct dtss_time now, int error);
void node_settled(struct dtss_node *n); /* writing works */

/* renew.c: leadership that ends by itself */
int node_renew(struct dtss_node *n, struct dtss_time now); /* 1: asked for more, or stepped down */
void node_renewed(struct dtss_node *n, uint64_t sent_ns);  /* the epoch is held, as asked for at sent_ns */
void node_renew_done(struct dtss_node *n, struct dtss_time now, const struct dtss_store_done *done);
void node_renew_forget(struct dtss_node *n); /* the epoch is not ours any more */
uint64_t node_renew_next_ns(const struct dtss_node *n);
void node_resign(struct dtss_node *n);

/* message.c, reply.c */
int node_messages(struct dtss_node *n, struct dtss_time now);
struct dtss_transport *node_transport_of(struct dtss_node *n, int local);
struct node_reply *node_reply_new(struct dtss_node *n, const struct dtss_message_heartbeat *m, const char *peer);
void node_reply_give(struct dtss_node *n, struct node_reply *reply);
void node_replies_release(struct dtss_node *n);
void node_replies_drop(struct dtss_node *n);

/* queue.c: where requests wait */
void node_queue_push(struct node_queue *queue, struct node_request *r);
void node_queue_push_by_seq(struct node_queue *queue, struct node_request *r);
void node_queue_remove(struct node_request *r);

/* await.c: for calls that wait */
struct node_request *node_await_new(struct dtss_node *n, uint32_t type); /* NULL: no memory */
/* Steps until it is answered: 1, and it is the caller's to free. 0: given up, it goes by itself. */
int node_await(struct dtss_node *n, struct dtss_time now, struct node_request *r);

/* request.c */
struct node_request *node_request_new(struct dtss_node *n, uint64_t token, uint32_t type);
void node_request_free(struct dtss_node *n, struct node_request *r);
void node_request_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r,
			const struct dtss_request *request);
void node_request_resume(struct dtss_node *n, struct dtss_time now, struct node_request *r,
			 const struct dtss_store_done *done); /* done NULL: what it waited for is stored */
int node_refusal(const struct dtss_node *n, uint32_t type);   /* 0, or why a request of that type cannot go on now */

/* answer.c */
void node_answer(struct dtss_node *n, struct node_request *r, int result, uint64_t seq);
void node_answer_problem(struct dtss_node *n, struct node_request *r, int result, const struct dtss_problem *problem);
void node_answer_invalid(struct dtss_node *n, struct node_request *r, const char *field, const char *expected);
/* With the engine's words about it. */
void node_answer_engine(struct dtss_node *n, struct node_request *r, int result, uint64_t seq);
void node_hold(struct dtss_node *n, struct node_request *r, uint32_t stage);
int node_answers_release(struct dtss_node *n, struct dtss_time now);
void node_answers_fail(struct dtss_node *n, int error); /* those that rest on what is not stored */

/* verb.c, submit.c, query.c, log.c, list.c: what a request does */
void node_verb(struct dtss_node *n, struct dtss_time now, struct node_request *r, const struct dtss_request *request);
void node_submit_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		       const struct dtss_request *request);
void node_submit_run(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_task_spec *specs, size_t count);
void node_retry_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r);
void node_retry_run(struct dtss_node *n, struct dtss_time now, struct node_request *r);
void node_retry_task(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_task_view *view);
void node_get_begin(struct dtss_node *n, struct node_request *r);
void node_get_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view);
void node_explain_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r);
void node_explain_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view);
void node_place(struct dtss_node *n, struct dtss_time now, struct node_request *r, const struct dtss_request *request);
void node_heartbeat(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		    const struct dtss_heartbeat *heartbeat);
void node_workers(struct dtss_node *n, struct node_request *r);
void node_stats(struct dtss_node *n, struct node_request *r);
void node_list_begin(struct dtss_node *n, struct node_request *r, const struct dtss_task_filter *filter);
void node_list_ask(struct dtss_node *n, struct node_request *r);
void node_list_rows(struct dtss_node *n, struct node_request *r, const struct dtss_store_done *done);
void node_log_append(struct dtss_node *n, struct node_request *r, const struct dtss_request *request);
void node_log_read(struct dtss_node *n, struct node_request *r, const struct dtss_request *request);
void node_log_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view, uint64_t seq);
void node_log_done(struct dtss_node *n, struct node_request *r, const struct dtss_store_done *done);

/* lookup.c: what the engine no longer holds */
void node_lookup(struct dtss_node *n, struct node_request *r);
void node_lookup_ask(struct dtss_node *n, struct node_request *r);
void node_lookup_done(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		      const struct dtss_store_done *done);
/* after.c: what became of the tasks that specifications wait for */
void node_after_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r);
void node_after_ask(struct dtss_node *n, struct dtss_time now, struct node_request *r);
void node_after_done(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		     const struct dtss_store_done *done);

/* local.c: the worker in this process */
int node_local_open(struct dtss_node *n, struct dtss_time now);
void node_local_close(struct dtss_node *n);
int node_local_pump(struct dtss_node *n, struct dtss_time now);
struct node_taken *node_taken_find(struct dtss_node *n, uint64_t fence);
void node_taken_free(struct dtss_node *n, struct node_taken *taken);

#endif
