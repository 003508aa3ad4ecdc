/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/*
 * A client: it submits its jobs, one by one and many at once, does to each what its plan says, and asks until it has seen
 * it end. What was not answered is unknown, and is asked again, of another scheduler; but a submit without a key is not,
 * for it could be done twice.
 */
#define CLIENT_PATIENCE_NS (5 * SIM_S)
#define CLIENT_PAUSE_MS 200 /* at least, before it asks about a job again: the least choice is no hurry */
#define JOB_LOST UINT32_MAX /* ended: nobody will ever know what became of it */

void client_init(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];

	client_plan(s, index);
	c->scheduler = (uint32_t)sim_choose(s, s->scheduler_count);
	c->other_ns = s->true_ns + (1 + sim_choose(s, 10)) * SIM_S;
}

void client_ask(struct sim *s, uint32_t index, uint32_t ask, uint32_t about, uint64_t arg, uint32_t more, uint32_t kind)
{
	struct sim_client *c = &s->clients[index];
	struct sim_call call;

	memset(&call, 0, sizeof call);
	call.ask = ask;
	call.index = about;
	call.arg = arg;
	call.more = more;
	call.kind = kind;
	call.timeout_ns = sim_choose(s, 16) == 15 ? CLIENT_PATIENCE_NS / 50 : CLIENT_PATIENCE_NS;
	net_call(s, index, c->scheduler, &call);
}

/* 1: the ids of all that it and those with it wait for are known now. */
static int client_parents_known(struct sim_client *c, uint32_t at)
{
	uint32_t i, n;

	for (i = at; i < at + c->jobs[at].group; i++)
		for (n = 0; n < c->jobs[i].parent_count; n++) {
			if (!c->jobs[i].parent_ids[n])
				c->jobs[i].parent_ids[n] = c->jobs[c->jobs[i].parents[n]].id;
			if (!c->jobs[i].parent_ids[n])
				return 0;
		}
	return 1;
}

static int client_planned(const struct sim_job *job, uint32_t ask)
{
	return (int)(job->plan >> ask & 1);
}

/* What to ask about a job that was acknowledged. */
static uint32_t client_next_ask(struct sim *s, const struct sim_job *job)
{
	static const uint32_t any[] = {
		ASK_EXPLAIN, ASK_LOG_APPEND, ASK_LOG_READ, ASK_AGAIN, ASK_CONFLICT, ASK_INVALID
	};
	uint32_t ask = any[sim_choose(s, sizeof any / sizeof *any)];

	if (!job->ended && client_planned(job, ASK_HOLD) && s->true_ns >= job->hold_ns)
		return ASK_HOLD;
	if (!job->ended && client_planned(job, ASK_CANCEL) && s->true_ns >= job->cancel_ns)
		return ASK_CANCEL;
	if (!job->ended && client_planned(job, ASK_RELEASE) && !client_planned(job, ASK_HOLD) && !sim_choose(s, 2))
		return ASK_RELEASE;
	if (client_planned(job, ask) && (ask != ASK_LOG_APPEND || job->fence))
		return ask;
	if (job->ended && client_planned(job, ASK_RETRY))
		return ASK_RETRY;
	return ASK_GET;
}

#define ASKS_AFTER_END                                                                                                 \
	(1u << ASK_EXPLAIN | 1u << ASK_LOG_READ | 1u << ASK_AGAIN | 1u << ASK_CONFLICT | 1u << ASK_INVALID |           \
	 1u << ASK_RETRY | 1u << ASK_LOG_APPEND)

static void client_job_turn(struct sim *s, uint32_t index, uint32_t at)
{
	struct sim_client *c = &s->clients[index];
	struct sim_job *job = &c->jobs[at];
	uint32_t ask = ASK_SUBMIT;

	if (job->ended && (!(job->plan & ASKS_AFTER_END) || job->ended == JOB_LOST)) {
		job->next_ns = DTSS_NEVER;
		return;
	}
	if (!job->id && (!job->group || !client_parents_known(c, at))) {
		job->next_ns = s->true_ns + 3000 * SIM_MS; /* the first of its group submits it, once all is known */
		return;
	}
	if (job->id)
		ask = client_next_ask(s, job);
	job->last = ask;
	job->next_ns = 0;
	s->counts.submits += ask == ASK_SUBMIT ? job->group : 0;
	if (ask == ASK_LOG_APPEND)
		client_ask(s, index, ask, at, job->fence, job->log_end, (uint32_t)sim_choose(s, 200));
	else
		client_ask(s, index, ask, at, job->fence, 0, (uint32_t)sim_choose(s, 6));
}

void client_turn(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];
	uint32_t i;

	if (c->other_ns && c->other_ns <= s->true_ns)
		client_other(s, index);
	for (i = 0; i < c->job_count; i++)
		if (c->jobs[i].next_ns && c->jobs[i].next_ns <= s->true_ns)
			client_job_turn(s, index, i);
}

uint64_t client_next_ns(const struct sim *s, uint32_t index)
{
	const struct sim_client *c = &s->clients[index];
	uint64_t next = c->other_ns ? c->other_ns : DTSS_NEVER;
	uint32_t i;

	for (i = 0; i < c->job_count; i++)
		if (c->jobs[i].next_ns && c->jobs[i].next_ns < next)
			next = c->jobs[i].next_ns;
	return next;
}

/* ---- answers ---- */

/* Nothing was decided: ask again. */
static int client_not_now(int32_t result)
{
	switch (result) {
	case DTSS_E_NOT_LEADER:
	case DTSS_E_UNKNOWN:
	case DTSS_E_NOSPC:
	case DTSS_E_IO:
	case DTSS_E_AGAIN:
	case DTSS_E_FULL:
	case DTSS_E_NOMEM:
	case DTSS_E_EPOCH:
	case DTSS_E_CLOSED:
		return 1;
	default:
		return 0;
	}
}

/* Too many at once: they go one by one. */
static void client_split(struct sim_job *job)
{
	uint32_t i, n = job->group;

	for (i = 0; i < n; i++)
		job[i].group = 1;
}

static void client_submit_failed(struct sim *s, struct sim_job *job, const struct sim_reply *reply)
{
	int sure = reply && reply->result != DTSS_E_UNKNOWN && reply->result != DTSS_E_IO;
	uint32_t i;

	job->next_ns = s->true_ns + (500 + sim_choose(s, 4000)) * SIM_MS;
	if (reply && reply->result == DTSS_E_TOO_BIG)
		client_split(job);
	if (job->keyed || sure)
		return;
	for (i = 0; i < job->group; i++) {
		job[i].ended = JOB_LOST;
		SOMETIMES(s, SIM_PROBE_CLIENT_LOST_JOB);
	}
}

static void client_acknowledged(struct sim *s, struct sim_job *job, const struct sim_reply *reply)
{
	uint32_t i;

	for (i = 0; i < reply->count; i++) {
		if (!job[i].id)
			job[i].id = reply->ids[i];
		job[i].next_ns = s->true_ns + (CLIENT_PAUSE_MS + sim_choose(s, 5000)) * SIM_MS;
		s->counts.known += reply->known >> i & 1;
	}
	if (reply->count > 1)
		SOMETIMES(s, reply->known ? SIM_PROBE_GROUP_KNOWN : SIM_PROBE_GROUP);
}

static void client_got(struct sim *s, struct sim_job *job, const struct sim_reply *reply)
{
	job->fence = reply->next;
	if (reply->state == DTSS_TASK_HELD && !client_planned(job, ASK_HOLD))
		job->plan |= 1u << ASK_RELEASE; /* a hold that came late, or twice */
	if (!dtss_task_state_terminal(reply->state))
		return;
	if (job->ended && job->ended != reply->state)
		sim_violate(s, "S10", "a terminal state changed", job->id, reply->state);
	s->counts.completed += reply->state == DTSS_TASK_SUCCEEDED && !job->ended;
	job->ended = reply->state;
}

/* Something other than a submit was decided. */
static void client_decided(struct sim *s, struct sim_job *job, const struct sim_call *call,
			   const struct sim_reply *reply)
{
	if (call->ask == ASK_GET) {
		if (reply->result == 0)
			client_got(s, job, reply);
		return;
	}
	job->plan &= ~(1u << call->ask);
	s->counts.cancels += call->ask == ASK_CANCEL && reply->result == 0;
	s->counts.releases += call->ask == ASK_RELEASE && reply->result == 0;
	if (call->ask == ASK_LOG_APPEND && reply->result == 0) {
		job->log_end = (uint32_t)reply->next;
		if (sim_choose(s, 2))
			job->plan |= 1u << ASK_LOG_APPEND;
	}
	if (call->ask == ASK_LOG_APPEND && reply->result != 0)
		job->log_end = 0;
}

static void client_job_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *reply)
{
	struct sim_job *job = &s->clients[call->client].jobs[call->index];
	int seen = call->ask == ASK_GET && reply && !client_not_now(reply->result);

	job->next_ns = s->true_ns + (CLIENT_PAUSE_MS + sim_choose(s, seen ? 20000 : 3000)) * SIM_MS;
	if (call->ask == ASK_SUBMIT) {
		if (reply && reply->result == 0)
			client_acknowledged(s, job, reply);
		else if (reply && reply->result == DTSS_E_CONFLICT && reply->ids[0])
			job->id = reply->ids[0];
		else
			client_submit_failed(s, job, reply);
		return;
	}
	if (reply && !client_not_now(reply->result))
		client_decided(s, job, call, reply);
}

/* It turns away from whom it asked, unless it has already; in the tail only for a reason, so that it stays with who answers:
 * otherwise it may, by chance, ask one that is dead each time. */
static void client_turn_away(struct sim *s, const struct sim_call *call, const struct sim_reply *reply)
{
	struct sim_client *c = &s->clients[call->client];
	int turns = !reply || reply->result == DTSS_E_NOT_LEADER || (s->faults_on && sim_choose(s, 32) == 31);

	if (turns && c->scheduler == call->scheduler)
		c->scheduler = (call->scheduler + 1) % s->scheduler_count;
}

void client_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *reply)
{
	client_turn_away(s, call, reply);
	if (!reply)
		SOMETIMES(s, SIM_PROBE_CALL_UNKNOWN);
	if (call->ask >= ASK_DRAIN)
		client_other_answer(s, call, reply);
	else
		client_job_answer(s, call, reply);
}

uint32_t client_left(const struct sim *s)
{
	const struct sim_judge *j = &s->judge;
	uint32_t i, n, left = 0;

	for (i = 0; i < s->client_count; i++)
		for (n = 0; n < s->clients[i].job_count; n++)
			left += !s->clients[i].jobs[n].ended;
	return left + j->list_count[1] + j->list_count[2] + j->list_count[3];
}
