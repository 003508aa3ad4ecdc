/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/* One seed: a cluster with its faults, drawn anew; then the faults stop, and all that was promised must come true. */
#define MS UINT64_C(1000000)
#define FAULTS_FOR_MS 120000  /* simulated */
#define SETTLE_FOR_MS 3600000 /* after that, everything must have ended */
#define TURNS_MAX 2000000     /* L7: no livelock */

/* Each class of faults is absent in half of the seeds. */
static uint32_t draw(struct sim *s, uint32_t permille)
{
	return sim_choose(s, 2) ? (uint32_t)sim_choose(s, permille + 1) : 0;
}

static void draw_faults(struct sim *s)
{
	struct sim_faults *f = &s->faults;

	f->drop = draw(s, 300);
	f->duplicate = draw(s, 200);
	f->slow = draw(s, 100);
	f->commit_unknown = draw(s, 100);
	f->commit_lost = draw(s, 100);
	f->commit_nospc = draw(s, 100);
	f->commit_slow = draw(s, 50);
	f->node_crash = draw(s, 100);
	f->agent_crash = draw(s, 10);
	f->agent_pause = draw(s, 10);
	f->start_fails = draw(s, 100);
	f->fails = draw(s, 300);
	f->ignores_term = draw(s, 500);
}

static void run_node_open(struct sim *s)
{
	struct dtss_node_config cfg;

	judge_recovery(s);
	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.store = &s->disk;
	cfg.transport = &s->net;
	s->node_wake_ns = 0;
	if (dtss_node_open(&s->node, &cfg, s->now) != 0)
		sim_violate(s, "P10", "the scheduler does not start again", s->last_seq, 0);
}

static void run_node_crash(struct sim *s)
{
	s->counts.node_crashes++;
	s->crash_now = 0;
	dtss_node_close(s->node);
	s->node = NULL;
	s->node_wake_ns = s->now.mono_ns + 1 + sim_choose(s, 30000) * MS;
	client_node_lost(s);
}

static void run_node(struct sim *s)
{
	struct dtss_answer a;

	if (!s->node && s->node_wake_ns <= s->now.mono_ns)
		run_node_open(s);
	if (!s->node)
		return;
	if (!s->crash_now)
		DTSS_ASSERT(dtss_node_step(s->node, s->now) == 0);
	if (s->crash_now) {
		run_node_crash(s);
		return;
	}
	while (dtss_node_answer(s->node, &a))
		client_answer(s, &a);
	judge_node(s);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t run_next_ns(const struct sim *s)
{
	uint64_t next = earlier(net_next_ns(s), client_next_ns(s));
	uint32_t i;

	next = earlier(next, disk_next_ns(s));
	next = earlier(next, s->node ? dtss_node_next_ns(s->node) : s->node_wake_ns);
	for (i = 0; i < s->worker_count; i++)
		next = earlier(next, worker_next_ns(s, i));
	return next;
}

static void run_turn(struct sim *s)
{
	uint32_t i;

	s->counts.turns++;
	net_deliver(s);
	for (i = 0; i < s->worker_count; i++)
		if (worker_next_ns(s, i) <= s->now.mono_ns)
			worker_turn(s, i);
	client_turn(s);
	run_node(s);
}

static void run_advance(struct sim *s)
{
	uint64_t next = run_next_ns(s);
	uint64_t step = next > s->now.mono_ns ? next - s->now.mono_ns : 1;

	if (next == DTSS_NEVER)
		step = 1000 * MS;
	s->now.mono_ns += step;
	s->now.wall_ns += (int64_t)step;
}

static void run_all(struct sim *s)
{
	uint64_t begin = s->now.mono_ns;

	while (!s->violation.id && client_left(s) && s->counts.turns < TURNS_MAX &&
	       s->now.mono_ns < begin + (FAULTS_FOR_MS + SETTLE_FOR_MS) * MS) {
		if (s->faults_on && s->now.mono_ns > begin + FAULTS_FOR_MS * MS)
			s->faults_on = 0;
		run_turn(s);
		run_advance(s);
	}
	if (!s->violation.id)
		judge_end(s);
}

struct sim *sim_new(const struct dtss_sim_config *cfg, const struct dtss_mem *mem)
{
	struct sim *s = mem->alloc(mem->ctx, sizeof *s);

	if (!s)
		return NULL;
	memset(s, 0, sizeof *s);
	s->cfg = *cfg;
	s->mem = mem;
	return s;
}

int sim_go(struct sim *s)
{
	uint32_t i, most = s->cfg.workers_max ? s->cfg.workers_max : SIM_WORKERS_MAX;

	s->now.mono_ns = 1000 * MS;
	s->now.wall_ns = INT64_C(1700000000000000000);
	s->faults_on = 1;
	draw_faults(s);
	disk_init(s);
	net_init(s);
	DTSS_ASSERT(dtss_memory_open(&s->inner, dtss_mem_libc()) == 0);
	DTSS_ASSERT(dtss_sched_create(&s->shadow, s->cfg.sched, dtss_mem_libc()) == 0);
	s->worker_count = 1 + (uint32_t)sim_choose(s, most);
	for (i = 0; i < s->worker_count; i++)
		worker_init(s, i);
	client_init(s);
	sim_settle(s);
	run_all(s);
	return DTSS_OK;
}

void sim_free(struct sim *s)
{
	const struct dtss_mem *mem = s->mem;
	uint32_t i;

	dtss_node_close(s->node);
	for (i = 0; i < s->worker_count; i++)
		worker_fini(s, i);
	net_fini(s);
	if (s->inner)
		s->inner->ops->close(s->inner);
	dtss_sched_destroy(s->shadow);
	choice_fini(&s->choice);
	timeline_fini(&s->timeline);
	mem->release(mem->ctx, s, sizeof *s);
}

void sim_outcome(const struct sim *s, struct dtss_sim_result *ret_result)
{
	ret_result->events = s->counts.turns;
	ret_result->simulated_ns = s->now.mono_ns - 1000 * MS;
	ret_result->tasks = s->counts.submits;
	ret_result->batches = s->counts.batches;
	ret_result->schedulers = ret_result->clients = 1;
	ret_result->workers = s->worker_count;
}

const char *sim_probe_text(uint32_t index)
{
	DTSS_ASSERT(index < SIM_PROBES);
	return "a commit was reported as unknown";
}

/* The first one counts. */
void sim_violate(struct sim *s, const char *id, const char *text, uint64_t a, uint64_t b)
{
	if (s->violation.id)
		return;
	s->violation.id = id;
	snprintf(s->violation.text, sizeof s->violation.text, "%s (%llu, %llu) at %llu ms", text, (unsigned long long)a,
		 (unsigned long long)b, (unsigned long long)(s->now.mono_ns / 1000000));
}
