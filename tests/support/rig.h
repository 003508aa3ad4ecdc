/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RIG_H
#define TESTS_SUPPORT_RIG_H

#include <dtss.h>
#include "support/gate_store.h"
#include "support/mirror_trace.h"

/*
 * A node in virtual time over a gate store, with one agent's end of a loop in the test's hand.
 *
 *      test ── requests ──► node ──► gate ──► memory
 *        └──── heartbeats ─ loop ──┘
 */
struct rig {
	struct dtss_node *node;
	struct gate_store *gate;
	struct mirror_trace *mirror; /* whatever the node does is done once more beside it, and must end the same */
	struct dtss_transport *far;  /* the end of agent "w" */
	struct dtss_config sched;    /* these three stay as they are when it is opened */
	int lead_expires;
	FILE *copy; /* where the trace goes, too; NULL: nowhere */
	uint64_t ms;
	uint64_t token;
	/* agent "w" */
	uint64_t number;
	uint64_t fence_seen;
	uint32_t slots; /* 0 at the beginning: it is given nothing */
	struct dtss_held held[8];
	size_t held_count;
	struct dtss_report reports[8];
	size_t report_count;
	/* what it was told last */
	struct dtss_message_answer answer;
	struct dtss_ack acks[8];
	struct dtss_message_assign assign; /* spec is not kept */
	struct dtss_message_stop stop;
	int answers;
	int assigns;
	int stops;
};

struct dtss_time rig_now(const struct rig *r);
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Time passes in steps that are as long as the node asks for, at most ms in all. */
void rig_pass(struct rig *r, uint64_t ms);
void rig_step(struct rig *r); /* no time passes */
uint32_t rig_state(const struct rig *r);
int32_t rig_error(const struct rig *r);

/* Begins it, and gives its token. */
uint64_t rig_begin(struct rig *r, struct dtss_request *request);
/* The answer with this token is there (1) or not (0); others must not be. */
int rig_answered(struct rig *r, uint64_t token, struct dtss_answer *ret_answer);
/* Begins and steps until it is answered: its result. */
int rig_ask(struct rig *r, struct dtss_request *request, struct dtss_answer *ret_answer);
struct dtss_request rig_request(uint32_t type);
struct dtss_task_spec rig_spec(const char *name);
/* A task of that name, stored; its id. */
dtss_task_id rig_submit(struct rig *r, const char *name);
int rig_ask_task(struct rig *r, uint32_t type, dtss_task_id id, struct dtss_answer *ret_answer);
uint32_t rig_task_state(struct rig *r, dtss_task_id id);

/* The worker in this process, whose name is "local". */
dtss_task_id rig_local_submit(struct rig *r, const struct dtss_task_spec *spec);
int rig_take(struct rig *r, struct dtss_work *ret_work);
int rig_finish(struct rig *r, uint64_t fence, const struct dtss_outcome *outcome);

/* Agent "w" says what stands in held and reports, which are then emptied; and takes in what it is told. */
void rig_heartbeat(struct rig *r);
void rig_listen(struct rig *r);
void rig_holds(struct rig *r, dtss_task_id task, uint64_t fence, uint32_t state);
void rig_reports(struct rig *r, dtss_task_id task, uint64_t fence, uint32_t kind, int32_t exit_code);
/* A task that was submitted, given to "w" and has ended there: history. No other may be ready. */
dtss_task_id rig_history(struct rig *r, const char *name, int32_t exit_code);

#endif
