/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "sim/judge_impl.h"

/* P: what clients are told, against what was durable when they asked, and what is now: S1, S2, S22, S24, S26. */

static uint64_t asked_task(struct sim *s, const struct sim_call *call)
{
	if (call->ask == ASK_FREE)
		return call->arg;
	return call->ask < ASK_DRAIN ? s->clients[call->client].jobs[call->index].id : 0;
}

/* From here on the verb may have been carried out. */
static void asked_note(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t id)
{
	struct judge_task *t = id ? judge_task(s, id) : NULL;
	struct judge_worker *w;
	char name[8];

	if (t) {
		t->cancel_asked |= call->ask == ASK_CANCEL;
		t->hold_asked |= call->ask == ASK_HOLD;
		t->release_asked |= call->ask == ASK_RELEASE || call->ask == ASK_FREE;
		t->retry_asked |= call->ask == ASK_RETRY;
	}
	if (call->ask == ASK_PLACEMENT) {
		snprintf(name, sizeof name, "p%u", (unsigned)call->index);
		judge_worker_named(s, name)->heard[scheduler].any_ns = judge_now(s, scheduler).mono_ns;
	}
	if (call->ask != ASK_DRAIN && call->ask != ASK_CORDON)
		return;
	w = judge_worker_named(s, s->workers[call->index].name);
	w->drain_asked |= call->ask == ASK_DRAIN;
	w->cordon_asked |= call->ask == ASK_CORDON;
}

/* One that was deposed, and whose clock is too slow, or stood still, to know of it, refuses too as things were then. */
static void asked_deposed(struct judge_asked *asked, const struct judge_deposed *d, const struct judge_fence *f)
{
	int live = f && f->fence <= d->fence && (f->live || f->ended_seq > d->seq);

	DTSS_ASSERT(d->task_count <= asked->task_count);
	asked->seq = d->seq;
	asked->task_count = d->task_count;
	asked->live |= live;
	asked->dead |= !live;
}

void judge_asked(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t token)
{
	struct judge_asked *asked = &s->judge.asked[scheduler][token % JUDGE_ASKED_MAX];
	const struct judge_fence *f = judge_fence(s, call->arg);
	uint64_t id = asked_task(s, call);
	struct dtss_sched *sched;
	struct dtss_stats stats;

	memset(asked, 0, sizeof *asked);
	asked->seq = s->judge.last_seq;
	asked->task_count = s->judge.task_count;
	asked->live = f && f->live;
	asked->dead = !asked->live;
	if (s->wild && scheduler != s->judge.reign.scheduler)
		asked_deposed(asked, &s->judge.deposed[scheduler], f);
	asked_note(s, scheduler, call, id);
	if (scheduler != s->judge.reign.scheduler)
		return;
	sched = dtss_node_sched(s->schedulers[scheduler].node);
	if (!sched)
		return;
	memset(&stats, 0, sizeof stats);
	stats.size = sizeof stats;
	dtss_sched_stats(sched, &stats);
	asked->rest = stats.seq == s->judge.last_seq && stats.epoch == s->judge.reign.epoch;
	if (asked->rest && call->ask == ASK_EXPLAIN)
		asked->why = judge_why(s, id, judge_now(s, scheduler), &asked->count);
}

static void replied_submit(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
			   const struct judge_asked *asked)
{
	const struct sim_job *job = &s->clients[call->client].jobs[call->index];
	enum client_variant v = call->ask == ASK_CONFLICT ? CLIENT_OTHER : CLIENT_PLAIN;
	size_t i;

	for (i = 0; i < a->u.submit.count; i++) {
		uint64_t id = a->u.submit.ids[i].v;
		const struct judge_task *t = id <= s->judge.task_count && id ? judge_task(s, id) : NULL;

		if (!t || t->state == DTSS_TASK_NEW)
			sim_violate(s, "S1", "a task was acknowledged before it was stored", id, job[i].number);
		else if (t->spec_hash != job[i].hash[v])
			sim_violate(s, "S2", "a task was acknowledged that is another one", id, t->job);
		else if (a->u.submit.known[i] && !job[i].keyed)
			sim_violate(s, "S2", "known by a key that it does not have", id, job[i].number);
		else if (!a->u.submit.known[i] && id <= asked->task_count)
			sim_violate(s, "S2", "a task is called new that was there before", id, job[i].number);
		else if (a->u.submit.known[i])
			SOMETIMES(s, t->retired                      ? SIM_PROBE_KEY_KNOWN_HISTORY :
				     t->state >= DTSS_TASK_SUCCEEDED ? SIM_PROBE_KEY_KNOWN_ENDED :
								       SIM_PROBE_KEY_KNOWN_LIVE);
	}
}

/* A group that will never find room at once. */
static int replied_too_many(const struct sim *s, const struct sim_job *job)
{
	const struct dtss_config *c = &s->sched_cfg;

	return (c->queue_tasks_max && job->group > c->queue_tasks_max) || (c->tasks_max && job->group > c->tasks_max);
}

/* One of what the jobs wait for came after whom they asked was deposed. */
static int replied_younger(const struct sim_job *job, uint32_t ask, const struct judge_asked *asked)
{
	uint32_t count = ask == ASK_SUBMIT ? job->group : 1, i, p;

	for (i = 0; i < count; i++)
		for (p = 0; p < job[i].parent_count; p++)
			if (job[i].parent_ids[p] > asked->task_count)
				return 1;
	return 0;
}

static void replied_submit_error(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
				 const struct judge_asked *asked)
{
	const struct sim_job *job = &s->clients[call->client].jobs[call->index];

	if (call->ask == ASK_INVALID) {
		SOMETIMES(s, a->result == DTSS_E_NOT_FOUND ? SIM_PROBE_UNKNOWN_PARENT : SIM_PROBE_INVALID_REFUSED);
		return;
	}
	if (a->result == DTSS_E_INVALID || (a->result == DTSS_E_NOT_FOUND && !replied_younger(job, call->ask, asked)) ||
	    (a->result == DTSS_E_TOO_BIG && !replied_too_many(s, job)))
		sim_violate(s, "S24", "a submit that is right was refused", job->number, (uint64_t)-a->result);
	if (a->result == DTSS_E_FULL)
		SOMETIMES(s, SIM_PROBE_QUEUE_FULL);
	if (a->result != DTSS_E_CONFLICT)
		return;
	SOMETIMES(s, SIM_PROBE_CONFLICT);
	job += call->ask == ASK_SUBMIT ? a->problem.index : 0;
	if (!job->keyed || (!job->hash[CLIENT_OTHER] && call->ask != ASK_CONFLICT))
		sim_violate(s, "S2", "a key is in conflict with itself", job->number, a->u.submit.conflict.v);
}

static void replied_retry(struct sim *s, const struct judge_task *t)
{
	static const uint32_t probes[] = { SIM_PROBE_RETRY_SUCCEEDED, SIM_PROBE_RETRY_FAILED,
					   SIM_PROBE_RETRY_CANCELLED, SIM_PROBE_RETRY_SKIPPED,
					   SIM_PROBE_RETRY_EXPIRED,   SIM_PROBE_RETRY_QUARANTINED };

	DTSS_ASSERT(t->state >= DTSS_TASK_SUCCEEDED);
	SOMETIMES(s, probes[t->state - DTSS_TASK_SUCCEEDED]);
	if (t->retired)
		SOMETIMES(s, SIM_PROBE_RETRY_HISTORY);
}

/* A verb about a task. */
static void replied_verb(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
			 const struct judge_asked *asked)
{
	uint64_t id = asked_task(s, call);
	const struct judge_task *t = judge_task(s, id);

	if (a->result == 0 && call->ask == ASK_CANCEL && t->state != DTSS_TASK_CANCELLED)
		sim_violate(s, "S22", "a cancel was acknowledged, and the task is not cancelled", id, t->state);
	if (a->result == 0 && call->ask == ASK_RETRY &&
	    (a->u.retry.v > s->judge.task_count || judge_task(s, a->u.retry.v)->retry_of != id))
		sim_violate(s, "S1", "a retry was acknowledged before it was stored", id, a->u.retry.v);
	if (a->result == DTSS_E_STATE && call->ask == ASK_CANCEL && t->state < DTSS_TASK_SUCCEEDED)
		sim_violate(s, "S22", "a cancel was refused, and the task has not ended", id, t->state);
	if (a->result == DTSS_E_NOT_FOUND && t->state < DTSS_TASK_SUCCEEDED && id <= asked->task_count)
		sim_violate(s, "S1", "an acknowledged task is gone", id, t->state);
	if (a->result == 0 && call->ask == ASK_RETRY)
		replied_retry(s, t);
	if (a->result == 0)
		SOMETIMES(s, SIM_PROBE_DONE_GET + call->ask - ASK_GET);
	else if (a->result == DTSS_E_STATE)
		SOMETIMES(s, call->ask == ASK_CANCEL ? SIM_PROBE_CANCEL_TOO_LATE :
			     call->ask == ASK_HOLD   ? SIM_PROBE_HOLD_REFUSED :
			     call->ask == ASK_RETRY  ? SIM_PROBE_RETRY_REFUSED :
						       SIM_PROBE_RELEASE_REFUSED);
}

static void replied_log(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
			const struct judge_asked *asked)
{
	const struct judge_fence *f = judge_fence(s, call->arg);
	const uint8_t *bytes = a->u.log.data;
	size_t i;

	if (call->ask == ASK_LOG_APPEND) {
		if (a->result == 0 && !asked->live)
			sim_violate(s, "S5", "log bytes of a stale attempt were accepted", call->arg, 0);
		if (a->result == DTSS_E_FENCED && f && f->live && !asked->dead)
			sim_violate(s, "S5", "log bytes of a live attempt were refused", call->arg, 0);
		SOMETIMES(s, a->result == 0             ? SIM_PROBE_LOG_APPENDED :
			     a->result == DTSS_E_FENCED ? SIM_PROBE_LOG_FENCED :
							  SIM_PROBE_LOG_OTHER);
		return;
	}
	if (a->result != 0 || !a->u.log.len)
		return;
	for (i = 1; i < a->u.log.len; i++)
		if (bytes[i] != (uint8_t)(bytes[0] + i))
			sim_violate(s, "X8", "the bytes of a log are not those that were written", asked_task(s, call),
				    i);
	SOMETIMES(s, SIM_PROBE_LOG_READ);
}

static void replied_place(struct sim *s, const struct sim_call *call, const struct dtss_answer *a)
{
	const struct judge_worker *w;
	uint32_t tags = 0;

	if (call->kind >= 2)
		tags = judge_tag_bit(s, call->kind & 1 ? "one" : "two") |
		       (call->kind & 1 ? judge_tag_bit(s, "two") : 0);
	if (a->result == DTSS_E_NO_WORKER)
		SOMETIMES(s, SIM_PROBE_PLACE_NOBODY);
	if (a->result != 0)
		return;
	SOMETIMES(s, SIM_PROBE_PLACED);
	w = judge_worker_named(s, a->u.placement.worker);
	if (w->now.number && (w->now.tags & tags) != tags && w->now.kind == DTSS_WORKER_AGENT)
		sim_violate(s, "S21", "a worker without the tags was chosen", w->now.number, tags);
}

static void replied_list(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
			 const struct judge_asked *asked)
{
	size_t i;

	if (a->u.list.count > call->more)
		sim_violate(s, "S24", "a page is longer than its limit", a->u.list.count, call->more);
	for (i = 0; i < a->u.list.count && !s->violation.id; i++)
		judge_view_task(s, a->u.list.tasks[i], asked->seq, asked->rest);
	SOMETIMES(s, a->u.list.next ? SIM_PROBE_LIST_PAGE : SIM_PROBE_LIST_LAST_PAGE);
}

static void replied_explain(struct sim *s, const struct sim_call *call, const struct dtss_answer *a,
			    const struct judge_asked *asked)
{
	const struct dtss_explanation *e = a->u.explanation;

	if (e->why >= DTSS_WHY_FINISHED && e->why <= DTSS_WHY_DISPATCHING)
		SOMETIMES(s, SIM_PROBE_WHY_FINISHED + e->why - DTSS_WHY_FINISHED);
	if (!asked->why)
		return;
	if (e->why != asked->why && !(asked->why == DTSS_WHY_NO_TAG && e->why == DTSS_WHY_NO_TAG_SET))
		sim_violate(s, "S26", "explain tells something that is not so", asked_task(s, call),
			    (uint64_t)e->why << 8 | asked->why);
	if (asked->why == DTSS_WHY_DEPENDENCY && e->count != asked->count)
		sim_violate(s, "S26", "explain counts dependencies that are not so", e->count, asked->count);
	if (asked->why == DTSS_WHY_DELAYED && (e->count > asked->count + 1 || e->count + 1 < asked->count))
		sim_violate(s, "S26", "explain tells a wait that is not so", e->count, asked->count);
}

static void replied_probe(struct sim *s, int32_t result)
{
	if (result == DTSS_E_NOT_LEADER)
		SOMETIMES(s, SIM_PROBE_ANSWER_NOT_LEADER);
	if (result == DTSS_E_UNKNOWN)
		SOMETIMES(s, SIM_PROBE_ANSWER_UNKNOWN);
	if (result == DTSS_E_NOSPC)
		SOMETIMES(s, SIM_PROBE_ANSWER_NOSPC);
	if (result == DTSS_E_IO)
		SOMETIMES(s, SIM_PROBE_ANSWER_IO);
}

void judge_replied(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct dtss_answer *a)
{
	const struct judge_asked *asked = &s->judge.asked[scheduler][a->token % JUDGE_ASKED_MAX];

	if (a->result == DTSS_E_BUG || a->result == DTSS_E_CORRUPT)
		sim_violate(s, "P9", "a scheduler says that it is broken", call->ask, (uint64_t)-a->result);
	replied_probe(s, a->result);
	if (call->ask <= ASK_INVALID && a->result == 0)
		replied_submit(s, call, a, asked);
	else if (call->ask <= ASK_INVALID)
		replied_submit_error(s, call, a, asked);
	else if (call->ask == ASK_LOG_APPEND || call->ask == ASK_LOG_READ)
		replied_log(s, call, a, asked);
	else if (call->ask == ASK_PLACE)
		replied_place(s, call, a);
	else if (call->ask < ASK_DRAIN)
		replied_verb(s, call, a, asked);
	if (a->result != 0 || s->violation.id)
		return;
	if (call->ask == ASK_GET)
		judge_view_task(s, a->u.task, asked->seq, asked->rest);
	else if (call->ask == ASK_LIST)
		replied_list(s, call, a, asked);
	else if (call->ask == ASK_EXPLAIN)
		replied_explain(s, call, a, asked);
	else if (call->ask == ASK_WORKERS)
		judge_view_workers(s, a, asked->rest && asked->seq == s->judge.last_seq);
	else if (call->ask == ASK_STATS && asked->rest && asked->seq == s->judge.last_seq)
		judge_view_stats(s, a->u.stats);
}
