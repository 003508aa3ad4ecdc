/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/*
 * A small workload, always the same, and one death: at the first fsync, at the second, until it has none any more. Before
 * it, so that it did not happen, and after it, so that nobody knows.
 */

#define POINT_TASKS 4

struct point {
	struct chaos *c;
	struct call call;
	struct plan *plans[POINT_TASKS];
	unsigned numbers[POINT_TASKS];
};

/* Again until there is an answer, as a client with a key may. */
static void point_call(struct point *p, enum op_kind kind, unsigned plan, const char *path, const char *body)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;

	do {
		struct node *node = &p->c->scheduler;
		size_t op;

		if (node->doomed && crew_died(node))
			crew_scheduler_start(p->c, 0, 0);
		op = history_begin(p->c, kind, plan);
		call_make(p->c, &p->call, "POST", path, body);
		history_end(p->c, op, &p->call);
		if (p->call.outcome == OK || p->call.status == 409)
			return;
		pause_ms(5);
	} while (mono_ms() < until && !chaos_interrupted);
	fatal("no answer to POST %s: see %s", path, p->c->dir);
}

static void point_submit(struct point *p, unsigned i, unsigned run_ms, unsigned bad, int after, int hold)
{
	struct plan *plan = p->plans[i] = calloc(1, sizeof *plan);
	char text[CHAOS_PATH_MAX * 4], more[64] = "";

	if (!plan)
		fatal("no memory");
	snprintf(plan->key, sizeof plan->key, "point-%u", i);
	if (after >= 0) {
		plan->after[plan->after_count++] = p->numbers[after];
		snprintf(more, sizeof more, ",\"after\":[%llu]", (unsigned long long)p->plans[after]->id);
	}
	snprintf(text, sizeof text,
		 "{\"key\":\"%s\",\"queue\":\"points\",\"argv\":[\"%s/job\",\"%s\",\"%u\",\"%u\",\"100\",\"1\"],"
		 "\"hold\":%s,\"retry\":{\"attempts_max\":2,\"lost_max\":5,\"backoff_ms_min\":10}%s}",
		 plan->key, p->c->dir, p->c->dir, run_ms, bad, hold ? "true" : "false", more);
	plan->text = strdup(text);
	plan->hold = hold;
	p->numbers[i] = history_plan(p->c, plan);
	point_call(p, OP_SUBMIT, p->numbers[i], "/api/v2/tasks", plan->text);
	plan->id = (uint64_t)number_of(p->call.json, "id");
	plan->known = 1;
}

static void point_verb(struct point *p, enum op_kind kind, unsigned i, const char *verb)
{
	char path[96];

	snprintf(path, sizeof path, "/api/v2/tasks/%llu/%s", (unsigned long long)p->plans[i]->id, verb);
	point_call(p, kind, p->numbers[i], path, NULL);
}

static int point_ended(struct point *p, unsigned i)
{
	char path[96];

	snprintf(path, sizeof path, "/api/v2/tasks/%llu", (unsigned long long)p->plans[i]->id);
	call_make(p->c, &p->call, "GET", path, NULL);
	return p->call.outcome == OK && state_final(text_of(p->call.json, "state"));
}

/* What died by itself comes again; all has to end. */
static void point_wait(struct point *p, struct node *node, unsigned which)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;
	unsigned i = 0;

	while (i < POINT_TASKS && !chaos_interrupted) {
		if (node->doomed && crew_died(node) && which == 0)
			crew_scheduler_start(p->c, 0, 0);
		else if (node->doomed && crew_died(node))
			crew_agent_start(p->c, 0, 0, 0);
		if (point_ended(p, i))
			i++;
		else
			pause_ms(5);
		if (mono_ms() > until)
			fatal("L1: the tasks do not end: see %s", p->c->dir);
	}
}

static void point_work(struct point *p)
{
	point_submit(p, 0, 10, 0, -1, 0);
	point_submit(p, 1, 10, 1, 0, 0); /* waits for it, and fails once */
	point_submit(p, 2, 10, 0, -1, 1);
	point_submit(p, 3, 1000, 0, -1, 0);
	point_verb(p, OP_RELEASE, 2, "release");
	point_verb(p, OP_CANCEL, 3, "cancel");
}

static void point_forget(struct chaos *c)
{
	for (size_t i = 0; i < c->plan_count; i++) {
		free(c->plans[i]->text);
		free(c->plans[i]);
	}
	free(c->plans);
	free(c->ops);
	free(c->runs);
	json_decref(c->tasks);
	c->plans = NULL;
	c->ops = NULL;
	c->runs = NULL;
	c->tasks = NULL;
	c->plan_count = c->op_count = c->run_count = 0;
}

/* It is told to end, and may die of that too. 1: it has died, now or before. */
static int point_end(struct chaos *c, struct node *node, unsigned which)
{
	int status;

	if (!node->doomed)
		return 1;
	status = crew_died(node) ? SIGKILL : crew_end(c, node, SIGTERM);
	if (status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		violation(c, "%s ended with %d: see %s/%s.log", node->name, status, c->dir, node->name);
	if (which == 0)
		crew_scheduler_start(c, 0, 0);
	else
		crew_agent_start(c, 0, 0, 0);
	return status != 0;
}

/* which 0: the scheduler dies, 1: the agent. 1: it came to its nth fsync. */
static int point_run(struct chaos *c, unsigned which, unsigned n, int when)
{
	struct point p = { .c = c };
	struct node *node = which == 0 ? &c->scheduler : &c->agents[0];
	int died;

	host_open(c);
	crew_begin(c);
	crew_scheduler_start(c, which == 0 ? n : 0, when);
	if (c->scheduler.pid == 0)
		crew_scheduler_start(c, 0, 0);
	crew_agent_start(c, 0, which == 1 ? n : 0, when);
	call_init(&p.call, c);
	point_work(&p);
	point_wait(&p, node, which);
	call_fini(&p.call);
	died = point_end(c, node, which);
	judge_wait(c);
	judge_all(c, 0);
	crew_close(c);
	judge_store(c);
	host_close(c);
	point_forget(c);
	c->figures.fsync += died != 0;
	if (died && which == 0)
		c->figures.kills_scheduler++;
	if (died && which == 1)
		c->figures.kills_agent++;
	return died;
}

void points_run(struct chaos *c)
{
	point_forget(c);
	c->options.agents = 1;
	for (unsigned which = 0; which < 2; which++)
		for (int when = 0; when < 2; when++) {
			unsigned n = 1;

			for (; c->figures.violations == 0 && !chaos_interrupted; n += c->options.points) {
				if (!point_run(c, which, n, when))
					break;
				c->figures.points++;
			}
			printf("chaos: the %s was killed %s fsync 1 to %u of a small workload, step %u\n",
			       which == 0 ? "scheduler" : "agent", when ? "after" : "before",
			       n > c->options.points ? n - c->options.points : 0, c->options.points);
		}
}
