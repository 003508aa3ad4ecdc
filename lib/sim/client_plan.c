/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* What the clients of a run want: each feature is absent in about half of the seeds. */

int client_uses(const struct sim *s, enum client_use use)
{
	return (int)(s->clients[0].uses >> use & 1);
}

/* 1 in n of the jobs, of runs that use it at all. */
static int plan_use(struct sim *s, enum client_use use, uint32_t n)
{
	return client_uses(s, use) && sim_choose(s, n) == n - 1;
}

static void plan_retry(struct sim *s, struct sim_job *job)
{
	job->attempts_max = 1 + (uint32_t)sim_choose(s, 4);
	job->lost_max = 1000; /* so that faults alone do not end it */
	if (plan_use(s, USE_LOST, 3))
		job->lost_max = 1 + (uint32_t)sim_choose(s, 3);
	if (plan_use(s, USE_BACKOFF, 2)) {
		job->backoff_min_ms = 1 + sim_choose(s, 4000);
		job->backoff_max_ms = job->backoff_min_ms + sim_choose(s, 20000);
		job->multiplier = 1000 + (uint32_t)sim_choose(s, 4000);
		job->jitter = sim_choose(s, 2) ? DTSS_JITTER_OFF : DTSS_JITTER_DEFAULT;
	}
	if (plan_use(s, USE_RULES, 2))
		job->rules = 1 + (uint32_t)sim_choose(s, 31);
	if ((job->rules & 3) == DTSS_RETRY_IGNORE)
		job->rules |= 4; /* what ignores its own timeout never ends */
}

static void plan_times(struct sim *s, struct sim_job *job)
{
	job->work = 1 + (uint32_t)sim_choose(s, sim_choose(s, 6) < 5 ? 20 : 300);
	if (plan_use(s, USE_TIMEOUT, 3))
		job->timeout_ms = 500 + sim_choose(s, sim_choose(s, 2) ? 2000 : 20000); /* often it is outlived */
	if (plan_use(s, USE_DEADLINE, 3))
		job->deadline_ms = 100 + sim_choose(s, sim_choose(s, 2) ? 60000 : 3000);
	if (plan_use(s, USE_NOT_BEFORE, 3))
		job->not_before_ns =
			INT64_C(1700000000000000000) + (int64_t)(job->next_ns + sim_choose(s, 40000) * SIM_MS);
}

static void plan_needs(struct sim *s, struct sim_job *job)
{
	if (plan_use(s, USE_TAGS, 2))
		job->tags = (uint32_t)sim_choose(s, 4);
	if (plan_use(s, USE_GPUS, 3))
		job->gpus = 1 + (uint32_t)sim_choose(s, 2);
	if (client_uses(s, USE_PRIORITY))
		job->priority = (int32_t)sim_choose(s, 5) - (int32_t)sim_choose(s, 2);
}

/* Parents have keys, so that their ids are known in the end, and were submitted by a call before. */
static void plan_parents(struct sim *s, struct sim_client *c, uint32_t at, uint32_t group_begin)
{
	struct sim_job *job = &c->jobs[at];
	uint32_t want = 0, i, parent;

	if (!group_begin)
		return;
	if (plan_use(s, USE_CHAINS, 3))
		want = 1;
	if (plan_use(s, USE_FAN, 6))
		want = 2 + (uint32_t)sim_choose(s, SIM_PARENTS_MAX - 1);
	for (i = 0; i < want; i++) {
		parent = sim_choose(s, 2) ?
				 (uint32_t)sim_choose(s, group_begin) :
				 group_begin - 1 - (uint32_t)sim_choose(s, group_begin < 4 ? group_begin : 4);
		if (c->jobs[parent].keyed)
			job->parents[job->parent_count++] = parent;
	}
	for (i = 1; i < job->parent_count; i++)
		if (job->parents[i] == job->parents[i - 1])
			job->parent_count = i;
}

static void plan_asks(struct sim *s, struct sim_job *job)
{
	uint64_t later = job->next_ns + sim_choose(s, 30000) * SIM_MS;

	job->held = plan_use(s, USE_HELD, 5) && job->keyed;
	if (job->held)
		job->plan |= 1u << ASK_RELEASE;
	if (plan_use(s, USE_HOLD, 5))
		job->plan |= 1u << ASK_HOLD | 1u << ASK_RELEASE;
	if (plan_use(s, USE_CANCEL, 5))
		job->plan |= 1u << ASK_CANCEL;
	if (!job->held && plan_use(s, USE_RETRY, 8))
		job->plan |= 1u << ASK_RETRY;
	if (plan_use(s, USE_EXPLAIN, 2))
		job->plan |= 1u << ASK_EXPLAIN;
	if (plan_use(s, USE_LOGS, 3))
		job->plan |= 1u << ASK_LOG_APPEND | 1u << ASK_LOG_READ;
	if (job->keyed && plan_use(s, USE_AGAIN, 4))
		job->plan |= 1u << ASK_AGAIN;
	if (job->keyed && plan_use(s, USE_CONFLICT, 6))
		job->plan |= 1u << ASK_CONFLICT;
	if (plan_use(s, USE_INVALID, 8))
		job->plan |= 1u << ASK_INVALID;
	job->cancel_ns = later;
	job->hold_ns = job->next_ns + sim_choose(s, 5000) * SIM_MS;
}

/* Walls that are years apart make not_before mean nothing. */
static int plan_walls_agree(const struct sim *s)
{
	uint32_t i;

	for (i = 0; i < s->scheduler_count; i++)
		if (s->clocks[SIM_PLACE_SCHEDULERS + i].wall_offset_ns != 0)
			return 0;
	return s->faults.rate[DTSS_SIM_FAULT_WALL] == 0;
}

static void plan_uses(struct sim *s)
{
	uint32_t i;

	for (i = 0; i < CLIENT_USES; i++)
		s->clients[0].uses |= (uint32_t)sim_choose(s, 2) << i;
	if (!plan_walls_agree(s))
		s->clients[0].uses &= ~(1u << USE_NOT_BEFORE);
	s->judge.places = client_uses(s, USE_PLACES);
}

static void plan_job(struct sim *s, struct sim_client *c, uint32_t at, uint32_t group_begin)
{
	uint64_t span = s->faults_end_ns - s->begin_ns;
	struct sim_job *job = &c->jobs[at];

	job->number = c->jobs_begin + at + 1;
	job->next_ns = s->true_ns + 1 + sim_choose(s, span / SIM_MS) * SIM_MS / (client_uses(s, USE_BURST) ? 20 : 1);
	if (plan_use(s, USE_LATE, 4))
		job->next_ns = s->faults_end_ns + sim_choose(s, 30000) * SIM_MS;
	job->keyed = !plan_use(s, USE_UNKEYED, 4);
	job->queue = (uint32_t)sim_choose(s, SIM_QUEUES);
	job->set = (uint32_t)sim_choose(s, 3);
	plan_retry(s, job);
	plan_times(s, job);
	plan_needs(s, job);
	plan_parents(s, c, at, group_begin);
	plan_asks(s, job);
}

static uint32_t plan_count(struct sim *s)
{
	uint32_t most = 56 / s->client_count, count;

	most = most < SIM_JOBS_MAX ? most : SIM_JOBS_MAX;
	count = most / 4 + (uint32_t)sim_choose(s, most - most / 4);
	if (s->cfg.tasks_max && count > s->cfg.tasks_max / s->client_count + 1)
		count = s->cfg.tasks_max / s->client_count + 1;
	return count;
}

void client_plan(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];
	uint32_t i, group_begin = 0, group_left = 0;

	if (index == 0)
		plan_uses(s);
	else
		c->jobs_begin = s->clients[index - 1].jobs_begin + s->clients[index - 1].job_count;
	c->job_count = plan_count(s);
	for (i = 0; i < c->job_count; i++) {
		if (!group_left) {
			group_begin = i;
			group_left = 1;
			if (plan_use(s, USE_GROUPS, 4))
				group_left = 2 + (uint32_t)sim_choose(s, SIM_GROUP_MAX - 1);
			if (group_left > c->job_count - i)
				group_left = c->job_count - i;
			c->jobs[i].group = group_left;
		}
		plan_job(s, c, i, group_begin);
		if (i != group_begin)
			c->jobs[i].keyed = c->jobs[group_begin].keyed;
		c->jobs[i].held = c->jobs[i].held && c->jobs[i].keyed;
		group_left--;
	}
}
