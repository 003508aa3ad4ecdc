/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* E: when all is done, or time is up: L1, L5, L6, L7, S15, S23. */
#define COMMITS_PER_CHANGE 8  /* L7: more are a livelock */
#define COMMITS_PER_SILENCE 2 /* a slow clock's worker goes offline, and is back, at each heartbeat */

static void end_tasks(struct sim *s)
{
	const struct sim_judge *j = &s->judge;
	uint64_t id;

	for (id = 1; id <= j->task_count && !s->violation.id; id++) {
		const struct judge_task *t = &j->tasks[id];

		if (t->state < DTSS_TASK_SUCCEEDED)
			sim_violate(s, "L1", "a task did not end after the faults stopped", id, t->state);
		if (t->state == DTSS_TASK_SUCCEEDED && judge_doomed(s, t))
			sim_violate(s, "S15", "a child succeeded whose parent did not", id, 0);
		if (t->state == DTSS_TASK_SKIPPED && !judge_doomed(s, t))
			sim_violate(s, "S15", "skipped, and all parents succeeded", id, 0);
	}
}

static void end_orphan(struct sim *s, uint32_t job)
{
	uint64_t id;

	for (id = 1; id <= s->judge.task_count; id++)
		if (s->judge.tasks[id].job == job)
			SOMETIMES(s, SIM_PROBE_ORPHAN_TASK);
}

static void end_jobs(struct sim *s)
{
	uint32_t i, n;

	for (i = 0; i < s->client_count; i++)
		for (n = 0; n < s->clients[i].job_count; n++) {
			const struct sim_job *job = &s->clients[i].jobs[n];

			if (job->ended == UINT32_MAX)
				end_orphan(s, job->number);
			if (!job->ended)
				sim_violate(s, job->id ? "L1" : "L5", "a client never learned what became of its job",
					    job->number, job->id);
			else if (job->id && job->ended < DTSS_TASK_STATES &&
				 judge_task(s, job->id)->state != job->ended)
				sim_violate(s, "S26", "a client saw another end than the disk", job->id, job->ended);
		}
}

/* L7: what is stored again and again, and comes to nothing. */
static void end_commits(struct sim *s)
{
	const struct sim_judge *j = &s->judge;
	uint64_t changes = j->task_count + j->grants + j->reign.count + j->last_number + 1;

	if (j->batches > COMMITS_PER_CHANGE * changes + COMMITS_PER_SILENCE * j->silences + s->counts.drains * 8 +
				 s->counts.agent_crashes * 8 + s->counts.calls)
		sim_violate(s, "L7", "more commits than anybody caused", j->batches, changes);
}

static void end_counts(struct sim *s)
{
	const struct sim_judge *j = &s->judge;
	uint32_t i, n, leased = 0;

	for (i = 0; i < j->worker_count; i++) {
		leased += j->workers[i].leased;
		for (n = 0; n < JUDGE_RESOURCES_MAX && !j->workers[i].leased; n++)
			if (j->workers[i].taken[n])
				sim_violate(s, "S23", "resources are taken, and nothing runs", i, n);
	}
	for (i = 1; i <= j->task_count; i++)
		leased -= j->tasks[i].live != 0;
	if (leased)
		sim_violate(s, "S23", "leases are counted, and there are none", leased, 0);
}

void judge_end(struct sim *s)
{
	if (s->violation.id)
		return;
	judge_fold_store(s);
	end_jobs(s);
	end_tasks(s);
	end_counts(s);
	end_commits(s);
	if (s->judge.reign.count > 3)
		SOMETIMES(s, SIM_PROBE_MANY_LEADERS);
	if (s->judge.events > 1000)
		SOMETIMES(s, SIM_PROBE_LONG_RUN);
}
