/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* What is drawn anew for each seed: topology, limits, clocks, and which faults there are. */

uint32_t draw_up_to(struct sim *s, uint32_t cap, uint32_t n)
{
	uint32_t drawn = 1 + (uint32_t)sim_choose(s, n);

	return cap && drawn > cap ? cap : drawn;
}

/* The highest rate of each class. */
static const uint32_t draw_most[DTSS_SIM_FAULTS] = {
	[DTSS_SIM_FAULT_DROP] = 300,
	[DTSS_SIM_FAULT_DUPLICATE] = 200,
	[DTSS_SIM_FAULT_REPLAY] = 30,
	[DTSS_SIM_FAULT_SLOW] = 100,
	[DTSS_SIM_FAULT_QUEUE] = 1000,
	[DTSS_SIM_FAULT_SEND_FULL] = 50,
	[DTSS_SIM_FAULT_COMMIT_UNKNOWN] = 100,
	[DTSS_SIM_FAULT_COMMIT_LOST] = 100,
	[DTSS_SIM_FAULT_COMMIT_NOSPC] = 100,
	[DTSS_SIM_FAULT_COMMIT_IO] = 20,
	[DTSS_SIM_FAULT_COMMIT_SYNC] = 20,
	[DTSS_SIM_FAULT_COMMIT_SLOW] = 50,
	[DTSS_SIM_FAULT_COMMIT_LATE] = 50,
	[DTSS_SIM_FAULT_COMMIT_HANG] = 10,
	[DTSS_SIM_FAULT_COMMIT_CRASH] = 40,
	[DTSS_SIM_FAULT_COMMIT_PAUSE] = 20,
	[DTSS_SIM_FAULT_COMMIT_POWER] = 10,
	[DTSS_SIM_FAULT_STEP_CRASH] = 4,
	[DTSS_SIM_FAULT_WORKER_CRASH] = 30,
	[DTSS_SIM_FAULT_WORKER_PAUSE] = 10,
	[DTSS_SIM_FAULT_START_FAILS] = 100,
	[DTSS_SIM_FAULT_START_SLOW] = 300,
	[DTSS_SIM_FAULT_FAILS] = 300,
	[DTSS_SIM_FAULT_SIGNAL] = 100,
	[DTSS_SIM_FAULT_OOM] = 100,
	[DTSS_SIM_FAULT_IGNORES_TERM] = 500,
	[DTSS_SIM_FAULT_HANGS] = 50,
	[DTSS_SIM_FAULT_CUT] = 500,
	[DTSS_SIM_FAULT_ISOLATE] = 300,
	[DTSS_SIM_FAULT_PARTITION] = 300,
	[DTSS_SIM_FAULT_FLAP] = 300,
	[DTSS_SIM_FAULT_STORE_CUT] = 300,
	[DTSS_SIM_FAULT_STORE_FULL] = 100,
	[DTSS_SIM_FAULT_POWER] = 50,
	[DTSS_SIM_FAULT_CRASH] = 200,
	[DTSS_SIM_FAULT_PAUSE] = 200,
	[DTSS_SIM_FAULT_CLOSE] = 100,
	[DTSS_SIM_FAULT_DRAIN] = 200,
	[DTSS_SIM_FAULT_WORKER_DOWN] = 200,
	[DTSS_SIM_FAULT_WALL] = 500,
	[DTSS_SIM_FAULT_STALL] = 200,
};

/* Each class of faults is absent in half of the seeds, and all of them in a few. */
static void draw_faults(struct sim *s)
{
	struct sim_faults *f = &s->faults;
	int calm = sim_choose(s, 20) == 19;
	uint32_t i;

	for (i = 0; i < DTSS_SIM_FAULTS; i++) {
		f->rate[i] = sim_choose(s, 2) ? 1 + (uint32_t)sim_choose(s, draw_most[i]) : 0;
		if (calm || s->cfg.faults_off >> i & 1)
			f->rate[i] = 0;
		if (i >= SIM_FAULTS_TIMED && f->rate[i])
			f->timed[f->timed_count++] = i;
	}
	f->every_ns = (200 + sim_choose(s, 5000)) * SIM_MS;
}

/* Now and then a limit is small. 0 is its default. */
static uint64_t draw_limit(struct sim *s, uint64_t least, uint64_t most)
{
	return sim_choose(s, 3) ? 0 : least + sim_choose(s, most - least + 1);
}

static void draw_config(struct sim *s)
{
	static const uint64_t leases_ms[] = { 30000, 10000, 5000, 2000 };
	struct dtss_config *c = &s->sched_cfg;

	if (s->cfg.sched) {
		*c = *s->cfg.sched;
	} else {
		memset(c, 0, sizeof *c);
		c->placement = (uint32_t)sim_choose(s, DTSS_PLACE_PACK + 1);
		c->lease_ms = leases_ms[sim_choose(s, sizeof leases_ms / sizeof *leases_ms)];
		if (c->lease_ms < 30000) {
			c->suspicious_ms = c->lease_ms / 3;
			c->offline_ms = c->lease_ms / 3 * 2;
		}
		c->keys_max = (uint32_t)draw_limit(s, 4, 64);
		c->tasks_max = (uint32_t)draw_limit(s, 10, 100);
		c->queue_tasks_max = (uint32_t)draw_limit(s, 5, 100);
		c->key_ttl_ms = draw_limit(s, 300000, 3600000);
		c->start_confirm_ms = draw_limit(s, 1000, 30000);
		c->worker_forget_ms = draw_limit(s, 30000, 600000);
	}
	c->size = sizeof *c;
	c->seed = sim_choose(s, 1000000);
	if (!c->lease_ms)
		c->lease_ms = DTSS_LEASE_MS_DEFAULT;
}

void draw_all(struct sim *s)
{
	const struct dtss_sim_config *cfg = &s->cfg;
	uint32_t i;

	draw_faults(s);
	draw_config(s);
	s->wild = sim_choose(s, 8) == 7;
	s->permanent = sim_choose(s, 10) >= 7;
	s->faults_end_ns = s->begin_ns + (30 + sim_choose(s, 60)) * SIM_S;
	s->scheduler_count = draw_up_to(s, cfg->schedulers_max, SIM_SCHEDULERS_MAX);
	s->worker_count = draw_up_to(s, cfg->workers_max, 1 + (uint32_t)sim_choose(s, SIM_WORKERS_MAX)); /* often few */
	s->client_count = draw_up_to(s, cfg->clients_max, SIM_CLIENTS_MAX);
	for (i = 0; i < SIM_PLACES; i++)
		s->wake_ns[i] = DTSS_NEVER;
	for (i = 0; i < s->scheduler_count; i++)
		clock_draw(s, SIM_PLACE_SCHEDULERS + i);
	for (i = 0; i < s->worker_count; i++)
		clock_draw(s, SIM_PLACE_WORKERS + i);
	clock_draw(s, SIM_PLACE_STORE);
}
