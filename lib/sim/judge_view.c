/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* S23, S26: what is shown of tasks, workers and counts is what is stored, and explain tells why it is so. */

/* Was it in that state at that seq, or later? What is too long ago to know passes. */
static int view_was(const struct judge_task *t, uint32_t state, uint64_t since_seq)
{
	uint32_t i, n = t->past_count < JUDGE_PAST_MAX ? t->past_count : JUDGE_PAST_MAX;

	for (i = 1; i <= n; i++) {
		const struct judge_past *p = &t->past[(t->past_count - i) % JUDGE_PAST_MAX];

		if (p->state == state)
			return 1;
		if (p->seq <= since_seq)
			return 0;
	}
	return t->past_count > JUDGE_PAST_MAX;
}

void judge_view_task(struct sim *s, const struct dtss_task_view *v, uint64_t since_seq, int rest)
{
	const struct judge_task *t;

	if (!v->id.v || v->id.v > s->judge.task_count) {
		sim_violate(s, "S26", "a task is shown that is not stored", v->id.v, 0);
		return;
	}
	t = judge_task(s, v->id.v);
	if (!view_was(t, v->state, since_seq))
		sim_violate(s, "S26", "a task is shown in a state that it was not in", v->id.v, v->state);
	if (v->spec->priority != t->priority || v->spec->after_count != t->after_count ||
	    strcmp(v->spec->queue, t->queue) != 0 || v->retry_of.v != t->retry_of)
		sim_violate(s, "S26", "a task is shown with another specification", v->id.v, 0);
	if (!rest || t->past[(t->past_count - 1) % JUDGE_PAST_MAX].seq > since_seq)
		return;
	if (v->failed_count != t->failed || v->lost_count != t->lost || v->attempt_count != t->attempts)
		sim_violate(s, "S26", "the counts of a task are shown wrong", v->id.v, v->failed_count);
	if (t->state == DTSS_TASK_CANCELLED && t->live && !v->stopping)
		sim_violate(s, "S26", "an attempt is being stopped, and that is not shown", v->id.v, 0);
}

void judge_view_stats(struct sim *s, const struct dtss_stats *stats)
{
	const struct sim_judge *j = &s->judge;
	uint64_t live[DTSS_TASK_STATES] = { 0 }, workers = 0, id;
	uint32_t i;

	for (id = 1; id <= j->task_count; id++)
		if (j->tasks[id].state < DTSS_TASK_SUCCEEDED)
			live[j->tasks[id].state]++;
	for (i = DTSS_TASK_BLOCKED; i < DTSS_TASK_SUCCEEDED; i++)
		if (stats->live[i] != live[i])
			sim_violate(s, "S23", "tasks by state are counted wrong", i, stats->live[i]);
	for (i = 0; i < DTSS_TASK_STATES; i++)
		if (stats->totals[i] != j->totals[i])
			sim_violate(s, "S23", "totals are shown wrong", i, stats->totals[i]);
	if (stats->grants != j->grants || stats->retries != j->retries || stats->losses != j->losses)
		sim_violate(s, "S23", "grants, retries or losses are shown wrong", stats->grants, j->grants);
	for (i = 0; i < j->worker_count; i++)
		workers += j->workers[i].now.number != 0;
	for (i = 0; i < DTSS_WORKER_STATUSES; i++)
		workers -= stats->workers[i];
	if (workers)
		sim_violate(s, "S23", "workers are counted wrong", workers, 0);
	SOMETIMES(s, SIM_PROBE_STATS_AT_REST);
}

void judge_view_workers(struct sim *s, const struct dtss_answer *a, int rest)
{
	size_t i;

	for (i = 0; i < a->u.workers.count; i++) {
		const struct dtss_worker_view *v = &a->u.workers.workers[i];
		const struct judge_worker *w = judge_worker_named(s, v->name);

		if (i && strcmp(v[-1].name, v->name) >= 0)
			sim_violate(s, "S26", "workers are not listed by name", v->number, i);
		if (!rest)
			continue;
		if (v->number != w->now.number || v->incarnation != w->now.incarnation ||
		    v->max_tasks != w->now.max_tasks || !v->draining != !w->now.draining ||
		    !v->cordoned != !w->now.cordoned)
			sim_violate(s, "S26", "a worker is shown other than it is stored", v->number, w->now.number);
		if (v->leased != w->leased)
			sim_violate(s, "S23", "the leases of a worker are counted wrong", v->leased, w->leased);
		SOMETIMES(s, SIM_PROBE_WORKERS_AT_REST);
	}
}

/* Of those with all tags: how many there are, could hold it in all, are open beyond doubt, are closed beyond doubt. */
static uint32_t why_ready(struct sim *s, const struct judge_need *n, uint64_t now)
{
	uint32_t i, r, known = 0, tagged = 0, big = 0, open = 0, shut = 0;

	for (i = 0; i < s->judge.worker_count; i++) {
		const struct judge_worker *w = &s->judge.workers[i];
		int fits = 1;

		known += w->now.number != 0;
		if (!w->now.number || w->now.kind != DTSS_WORKER_AGENT || (w->now.tags & n->tags) != n->tags)
			continue;
		tagged++;
		for (r = 0; r < JUDGE_RESOURCES_MAX; r++)
			fits &= n->amounts[r] <= w->now.amounts[r];
		big += (uint32_t)fits;
		open += fits && judge_open(s, w, now, s->true_ns);
		shut += fits && (w->now.draining || w->now.cordoned || w->now.status == DTSS_WORKER_OFFLINE);
	}
	if (!known)
		return DTSS_WHY_NO_WORKERS;
	if (!tagged)
		return DTSS_WHY_NO_TAG;
	if (!big)
		return DTSS_WHY_RESOURCE;
	if (shut == big)
		return DTSS_WHY_NOT_ONLINE;
	return open == big ? DTSS_WHY_BUSY : 0;
}

uint32_t judge_why(struct sim *s, uint64_t id, struct dtss_time now, uint32_t *ret_count)
{
	const struct judge_task *t = judge_task(s, id);
	uint32_t why;

	switch (t->state) {
	case DTSS_TASK_NEW:
		return 0;
	case DTSS_TASK_BLOCKED:
		*ret_count = judge_missing(s, t);
		return *ret_count && !judge_doomed(s, t) ? DTSS_WHY_DEPENDENCY : 0;
	case DTSS_TASK_HELD:
		return DTSS_WHY_HELD;
	case DTSS_TASK_DELAYED:
		if (t->not_before_ns || !t->due_ns || t->due_ns <= now.mono_ns)
			return 0;
		*ret_count = (uint32_t)((t->due_ns - now.mono_ns) / JUDGE_MS);
		return DTSS_WHY_DELAYED;
	case DTSS_TASK_READY:
		why = why_ready(s, &s->judge.needs[t->need], now.mono_ns);
		/* it may be granted with the tick that follows */
		return why == DTSS_WHY_BUSY && s->judge.dirty ? 0 : why;
	case DTSS_TASK_LEASED:
		return DTSS_WHY_LEASED;
	case DTSS_TASK_RUNNING:
		return DTSS_WHY_RUNNING;
	default:
		return DTSS_WHY_FINISHED;
	}
}
