/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* The checker: the predicates of dtss_failure_model(7), each under its identifier, from what reached the disk. since: 0.1 */

static struct sim_seen *judge_seen(struct sim *s, uint64_t task)
{
	DTSS_ASSERT(task > 0 && task < sizeof s->judge.seen / sizeof *s->judge.seen);
	return &s->judge.seen[task];
}

static void judge_grant(struct sim *s, struct sim_seen *seen, const struct dtss_event *e)
{
	if (e->fence <= s->judge.last_fence)
		sim_violate(s, "S6", "a fence was granted twice, or went back", e->task, e->fence);
	if (seen->parent && s->judge.seen[seen->parent].state != DTSS_TASK_SUCCEEDED)
		sim_violate(s, "S14", "granted before its parent succeeded", e->task, seen->parent);
	s->judge.last_fence = e->fence;
	seen->fence = e->fence;
}

static void judge_task_event(struct sim *s, const struct dtss_event *e)
{
	struct sim_seen *seen = judge_seen(s, e->task);

	if (e->from != seen->state)
		sim_violate(s, "S19", "an event does not follow the one before", e->task, e->from);
	if (dtss_task_state_terminal(seen->state))
		sim_violate(s, "S10", "an edge leaves a terminal state", e->task, e->to);
	if (!dtss_task_edge(e->from, e->to))
		sim_violate(s, "S9", "not an edge of the table", e->from, e->to);
	if (e->to == DTSS_TASK_LEASED)
		judge_grant(s, seen, e);
	if (e->to == DTSS_TASK_SUCCEEDED && ++seen->completions > 1)
		sim_violate(s, "S4", "two completions were accepted", e->task, e->fence);
	if (e->to == DTSS_TASK_SUCCEEDED && e->fence != seen->fence)
		sim_violate(s, "S5", "a completion with a stale fence was accepted", e->task, e->fence);
	if (e->to == DTSS_TASK_READY && e->cause == DTSS_CAUSE_LOST)
		s->counts.losses++;
	seen->state = e->to;
	if (dtss_task_state_terminal(e->to))
		s->progress_ns = s->true_ns;
}

static void judge_chain(struct sim *s, const struct dtss_batch *b)
{
	if (b->first_seq != s->judge.last_seq + 1 || b->prev_hash != s->judge.last_hash)
		sim_violate(s, "S19", "a batch does not follow the one before", b->first_seq, s->judge.last_seq);
	if (b->epoch < s->judge.last_epoch)
		sim_violate(s, "S7", "an older epoch was accepted", b->epoch, s->judge.last_epoch);
	s->judge.last_seq = b->last_seq;
	s->judge.last_hash = b->hash;
	s->judge.last_epoch = b->epoch;
}

void judge_init(struct sim *s)
{
	DTSS_ASSERT(dtss_sched_create(&s->judge.shadow, NULL, &s->arena.mem) == 0);
}

void judge_fini(struct sim *s)
{
	dtss_sched_destroy(s->judge.shadow);
}

void judge_lead(struct sim *s, uint32_t scheduler, uint64_t epoch)
{
	if (epoch <= s->judge.last_epoch)
		sim_violate(s, "S8", "an epoch was given twice", epoch, scheduler);
}

void judge_batch(struct sim *s, uint32_t scheduler, const struct dtss_batch *b)
{
	size_t i;
	int error;

	(void)scheduler;
	s->counts.batches++;
	s->counts.events += b->event_count;
	judge_chain(s, b);
	for (i = 0; i < b->event_count; i++) {
		if (b->events[i].seq != b->first_seq + i)
			sim_violate(s, "S19", "events have gaps", b->events[i].seq, b->first_seq + i);
		if (b->events[i].type == DTSS_EVENT_TASK)
			judge_task_event(s, &b->events[i]);
	}
	error = dtss_sched_apply(s->judge.shadow, b);
	if (error)
		sim_violate(s, "S20", "a standby cannot apply the batch", b->last_seq, (uint64_t)-error);
}

/* The answer left: what it says must be on the disk, with the parent that was asked for. */
void judge_accepted(struct sim *s, const struct sim_client *c, const struct sim_submit *u)
{
	struct sim_seen *seen = judge_seen(s, u->id);

	if (seen->state == DTSS_TASK_NEW)
		sim_violate(s, "S1", "acknowledged before it was stored", u->id, 0);
	if (u->parent)
		seen->parent = c->submits[u->parent - 1].id;
}

/* An engine whose events are all on the disk is what a standby made of them. */
static void judge_twin(struct sim *s, const struct dtss_sched *sched)
{
	struct dtss_stats stats;

	dtss_sched_stats(sched, &stats);
	if (stats.seq != s->judge.last_seq || s->judge.compared_seq == s->judge.last_seq)
		return;
	s->judge.compared_seq = s->judge.last_seq;
	if (dtss_sched_digest(sched) != dtss_sched_digest(s->judge.shadow))
		sim_violate(s, "S20", "leader and standby differ", stats.seq, 0);
}

void judge_step(struct sim *s, uint32_t scheduler)
{
	struct dtss_violation v[4];
	struct dtss_sched *sched = dtss_node_sched(s->schedulers[scheduler].node);

	if (!sched)
		return;
	if (dtss_sched_check(sched, v, 4))
		sim_violate(s, v[0].id, v[0].text, v[0].task, v[0].worker);
	judge_twin(s, sched);
}

/* What the disk holds is what was folded: an engine that loads it has the digest of the one that applied it. */
void judge_recovery(struct sim *s, uint32_t scheduler)
{
	struct dtss_sched *fresh;
	const void *data;
	size_t len;
	int more, error = 0;

	(void)scheduler;
	DTSS_ASSERT(dtss_sched_create(&fresh, NULL, &s->arena.mem) == 0);
	while (!error && (more = s->disk.inner->ops->load(s->disk.inner, &data, &len)) > 0)
		error = dtss_sched_load(fresh, data, len);
	if (error)
		sim_violate(s, "S20", "a stored record cannot be loaded", (uint64_t)-error, 0);
	else if (dtss_sched_digest(fresh) != dtss_sched_digest(s->judge.shadow))
		sim_violate(s, "S20", "the stored state is not the fold of the batches", s->judge.last_seq, 0);
	dtss_sched_destroy(fresh);
}

void judge_power(struct sim *s)
{
	judge_recovery(s, 0);
}

/* X6: with clocks that run alike, a lost attempt is dead before the next one starts, wherever that is. */
void judge_started(struct sim *s, uint32_t worker, const struct dtss_agent_start *start)
{
	uint32_t i;
	size_t j;

	for (i = 0; i < s->worker_count && !s->wild && !s->workers[worker].late; i++)
		for (j = 0; j < SIM_PROCS_MAX; j++) {
			const struct sim_proc *p = &s->workers[i].procs[j];

			if (p->end_ns && p->task == start->task.v && !p->excused)
				sim_violate(s, "X6", "two attempts of a task run at once", p->task, p->fence);
		}
}

static void judge_client(struct sim *s, const struct sim_client *c)
{
	uint32_t i;

	for (i = 0; i < c->submit_count; i++) {
		const struct sim_submit *u = &c->submits[i];

		if (!u->id || !u->ended)
			sim_violate(s, "L1", "a task did not end after the faults stopped", i, u->id);
		else if (judge_seen(s, u->id)->state != u->ended)
			sim_violate(s, "S26", "a client saw another end than the disk", u->id, u->ended);
	}
}

void judge_end(struct sim *s)
{
	uint32_t i;

	judge_recovery(s, 0);
	for (i = 0; i < s->client_count; i++)
		judge_client(s, &s->clients[i]);
}
