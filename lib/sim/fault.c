/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

/* Faults that come with time, one at a time, each for a while at least: links, power, clocks, and whole places. */
#define FAULT_SHORT_MS 1000 /* a fault that heals at once is none */
#define FAULT_LONG_MS 60000
#define FAULT_DOWN_MS 30000
#define FAULT_FLAPS 8

static uint64_t fault_for_ns(struct sim *s, uint64_t most_ms)
{
	return (FAULT_SHORT_MS + sim_choose(s, most_ms)) * SIM_MS;
}

static uint32_t fault_worker(struct sim *s)
{
	return (uint32_t)sim_choose(s, s->worker_count);
}

static uint32_t fault_scheduler(struct sim *s)
{
	return (uint32_t)sim_choose(s, s->scheduler_count);
}

/* A scheduler, worker, client or the store. */
static uint32_t fault_place(struct sim *s)
{
	uint32_t n = (uint32_t)sim_choose(s, s->scheduler_count + s->worker_count + s->client_count + 1);

	if (n < s->scheduler_count)
		return SIM_PLACE_SCHEDULERS + n;
	n -= s->scheduler_count;
	if (n < s->worker_count)
		return SIM_PLACE_WORKERS + n;
	n -= s->worker_count;
	return n < s->client_count ? SIM_PLACE_CLIENTS + n : SIM_PLACE_STORE;
}

static void fault_cut_one(struct sim *s, uint32_t from, uint32_t to, uint64_t until_ns)
{
	if (s->net.cut_ns[from][to] < until_ns)
		s->net.cut_ns[from][to] = until_ns;
}

static void fault_cut_both(struct sim *s, uint32_t a, uint32_t b, uint64_t until_ns)
{
	fault_cut_one(s, a, b, until_ns);
	fault_cut_one(s, b, a, until_ns);
}

/* Between a scheduler and any place. */
static void fault_cut(struct sim *s, uint64_t until_ns)
{
	uint32_t a = SIM_PLACE_SCHEDULERS + fault_scheduler(s), b = fault_place(s);

	sim_say(s, a, "the link to place %u is cut", (unsigned)b);
	switch (sim_choose(s, 3)) {
	case 0:
		fault_cut_both(s, a, b, until_ns);
		break;
	case 1:
		fault_cut_one(s, a, b, until_ns);
		break;
	default:
		fault_cut_one(s, b, a, until_ns);
		break;
	}
}

static void fault_isolate(struct sim *s, uint32_t place, uint64_t until_ns)
{
	uint32_t i, ways = 1 + (uint32_t)sim_choose(s, 3);

	sim_say(s, place, "is isolated");
	for (i = 0; i < SIM_PLACES; i++) {
		if (ways & 1)
			fault_cut_one(s, place, i, until_ns);
		if (ways & 2)
			fault_cut_one(s, i, place, until_ns);
	}
}

/* Each place is on one side; partial: each link is cut or not by itself, so two ends may still share a third. */
static void fault_partition(struct sim *s, uint64_t until_ns)
{
	uint64_t sides = sim_choose(s, UINT64_C(1) << SIM_PLACES);
	int partial = (int)sim_choose(s, 2);
	uint32_t i, j;

	sim_say(s, SIM_PLACE_STORE, "the network falls apart");
	for (i = 0; i < s->scheduler_count; i++) {
		uint64_t links = partial ? sim_choose(s, UINT64_C(1) << SIM_PLACES) : (sides >> i & 1 ? ~sides : sides);

		for (j = 0; j < SIM_PLACES; j++)
			if (links >> j & 1)
				fault_cut_both(s, SIM_PLACE_SCHEDULERS + i, j, until_ns);
	}
}

/* The same link again: each time for less than a second, each second. */
static void fault_flap(struct sim *s)
{
	struct sim_item *item;
	uint32_t a = SIM_PLACE_SCHEDULERS + fault_scheduler(s), b = fault_place(s), i;

	for (i = 0; i < FAULT_FLAPS; i++) {
		item = agenda_item(s, SIM_ITEM_FLAP, a, b);
		agenda_add(s, item, s->true_ns + (i * 1000 + sim_choose(s, 500)) * SIM_MS);
	}
}

void fault_flapped(struct sim *s, const struct sim_item *item)
{
	if (s->faults_on)
		fault_cut_both(s, item->from, item->to, s->true_ns + (100 + sim_choose(s, 900)) * SIM_MS);
}

static void fault_store_cut(struct sim *s, uint64_t until_ns)
{
	uint32_t a = SIM_PLACE_SCHEDULERS + fault_scheduler(s);

	sim_say(s, a, "is cut from the store");
	fault_cut_both(s, a, SIM_PLACE_STORE, until_ns);
}

static void fault_worker_down(struct sim *s)
{
	uint32_t worker = fault_worker(s);

	if (sim_choose(s, 2))
		worker_crash(s, worker, fault_for_ns(s, FAULT_LONG_MS));
	else
		worker_pause(s, worker, fault_for_ns(s, FAULT_LONG_MS));
}

/* A monotonic clock that stands still; only where clocks are wild. */
static void fault_stall(struct sim *s)
{
	uint32_t place = fault_place(s);
	struct sim_item *item;

	if (!s->wild || s->clocks[place].rate == 0)
		return;
	sim_say(s, place, "its clock stands still");
	item = agenda_item(s, SIM_ITEM_CLOCK, place, place);
	item->serial = s->clocks[place].rate;
	clock_set_rate(s, place, 0);
	agenda_add(s, item, s->true_ns + fault_for_ns(s, SIM_STALL_MS - FAULT_SHORT_MS));
}

void fault_clock_runs(struct sim *s, const struct sim_item *item)
{
	clock_set_rate(s, item->to, (uint32_t)item->serial);
	fault_wake(s, item->to);
}

/* Its clock has changed, so the time at which it acts next has. */
void fault_wake(struct sim *s, uint32_t place)
{
	if (place < SIM_PLACE_WORKERS && place < s->scheduler_count)
		scheduler_wake(s, place);
	else if (place >= SIM_PLACE_WORKERS && place - SIM_PLACE_WORKERS < s->worker_count)
		worker_wake(s, place - SIM_PLACE_WORKERS);
}

static void fault_wall(struct sim *s)
{
	uint32_t place = fault_place(s);

	clock_step_wall(s, place);
	if (place < s->scheduler_count)
		judge_wall(s, place);
	sim_say(s, place, "its wall clock is set");
}

static void fault_do(struct sim *s, uint32_t class)
{
	uint64_t until_ns = s->true_ns + fault_for_ns(s, FAULT_LONG_MS);

	s->counts.cuts += class < DTSS_SIM_FAULT_STORE_FULL;
	switch (class) {
	case DTSS_SIM_FAULT_CUT:
		fault_cut(s, until_ns);
		break;
	case DTSS_SIM_FAULT_ISOLATE:
		fault_isolate(s, fault_place(s), until_ns);
		break;
	case DTSS_SIM_FAULT_PARTITION:
		fault_partition(s, until_ns);
		break;
	case DTSS_SIM_FAULT_FLAP:
		fault_flap(s);
		break;
	case DTSS_SIM_FAULT_STORE_CUT:
		fault_store_cut(s, until_ns);
		break;
	case DTSS_SIM_FAULT_STORE_FULL:
		s->disk.full_until_ns = until_ns;
		break;
	case DTSS_SIM_FAULT_POWER:
		s->disk.power_cut = 1;
		break;
	case DTSS_SIM_FAULT_CRASH:
		scheduler_crash(s, fault_scheduler(s), fault_for_ns(s, FAULT_DOWN_MS));
		break;
	case DTSS_SIM_FAULT_PAUSE:
		scheduler_pause(s, fault_scheduler(s), fault_for_ns(s, 3 * s->sched_cfg.lease_ms));
		break;
	case DTSS_SIM_FAULT_CLOSE:
		scheduler_close(s, fault_scheduler(s), fault_for_ns(s, FAULT_DOWN_MS));
		break;
	case DTSS_SIM_FAULT_DRAIN:
		worker_drain(s, fault_worker(s));
		break;
	case DTSS_SIM_FAULT_WORKER_DOWN:
		fault_worker_down(s);
		break;
	case DTSS_SIM_FAULT_WALL:
		fault_wall(s);
		break;
	default:
		DTSS_ASSERT(class == DTSS_SIM_FAULT_STALL);
		fault_stall(s);
		break;
	}
}

static void fault_later(struct sim *s)
{
	agenda_add(s, agenda_item(s, SIM_ITEM_FAULT, SIM_PLACE_STORE, SIM_PLACE_STORE),
		   s->true_ns + s->faults.every_ns / 2 + sim_choose(s, s->faults.every_ns));
}

void fault_begin(struct sim *s)
{
	if (s->faults.timed_count)
		fault_later(s);
}

void fault_next(struct sim *s)
{
	uint32_t class;

	if (!s->faults_on)
		return;
	class = s->faults.timed[sim_choose(s, s->faults.timed_count)];
	if (sim_fault(s, class))
		fault_do(s, class);
	fault_later(s);
}

/* Outside the core: dead for good, or cut from the store for good, and from some of the workers one way. */
static void fault_tail_scheduler(struct sim *s, uint32_t index)
{
	uint32_t place = SIM_PLACE_SCHEDULERS + index, i;

	switch (sim_choose(s, 3)) {
	case 0:
		return;
	case 1:
		scheduler_crash(s, index, DTSS_NEVER);
		return;
	default:
		break;
	}
	sim_say(s, place, "is cut for good");
	fault_cut_one(s, place, SIM_PLACE_STORE, DTSS_NEVER);
	for (i = 0; i < SIM_PLACE_STORE; i++)
		if (sim_choose(s, 2))
			fault_cut_one(s, sim_choose(s, 2) ? place : i, i, DTSS_NEVER);
}

static void fault_tail_worker(struct sim *s, uint32_t index)
{
	uint32_t place = SIM_PLACE_WORKERS + index, ways, i;

	switch (sim_choose(s, 4)) {
	case 2:
		worker_crash(s, index, DTSS_NEVER);
		return;
	case 3:
		break;
	default:
		return;
	}
	ways = 1 + (uint32_t)sim_choose(s, 3);
	sim_say(s, place, "is cut for good");
	for (i = 0; i < s->scheduler_count; i++) {
		if (ways & 1)
			fault_cut_one(s, place, SIM_PLACE_SCHEDULERS + i, DTSS_NEVER);
		if (ways & 2)
			fault_cut_one(s, SIM_PLACE_SCHEDULERS + i, place, DTSS_NEVER);
	}
}

static void fault_soon(const struct sim *s, uint64_t *when_ns)
{
	if (*when_ns > s->true_ns + SIM_S)
		*when_ns = s->true_ns + SIM_S;
}

/* What was for a while is over soon. */
static void fault_tail_heal(struct sim *s)
{
	uint32_t i;

	net_heal(s);
	s->disk.full_until_ns = 0;
	for (i = 0; i < s->scheduler_count; i++) {
		struct sim_scheduler *sc = &s->schedulers[i];

		fault_soon(s, &sc->start_ns);
		fault_soon(s, &sc->paused_ns);
		disk_heal(s, i);
	}
	for (i = 0; i < s->worker_count; i++) {
		fault_soon(s, &s->workers[i].start_ns);
		fault_soon(s, &s->workers[i].paused_ns);
	}
}

void fault_tail(struct sim *s)
{
	uint32_t i;

	s->faults_on = 0;
	sim_say(s, SIM_PLACE_STORE, "the faults stop");
	fault_tail_heal(s);
	s->core = fault_scheduler(s);
	for (i = 0; s->permanent && i < s->scheduler_count; i++)
		if (i != s->core)
			fault_tail_scheduler(s, i);
	for (i = 1; s->permanent && i < s->worker_count; i++)
		fault_tail_worker(s, i);
	for (i = 0; i < SIM_PLACE_CLIENTS; i++)
		fault_wake(s, i);
}
