/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/* One seed: a cluster with its faults, drawn anew; then the faults stop, and all that was promised must come true. */
#define RUN_HAPPENINGS_MAX 2000000  /* L7: no livelock */
#define RUN_STALLED_NS (60 * SIM_S) /* L1: in the tail some task becomes terminal that often, longest job aside ... */
#define RUN_STALLED_TERMS 2 /* ... and the terms of a dead leader, and of the leases that its heir starts anew */
#define RUN_LEADER_TERMS 2  /* L3 */
#define RUN_DOWN_MS 30000
#define RUN_SETTLE_NS (10 * SIM_S) /* what crashed starts again, and the last slow answers come in */

/* The first one counts. */
void sim_violate(struct sim *s, const char *id, const char *text, uint64_t a, uint64_t b)
{
	if (s->violation.id)
		return;
	s->violation.id = id;
	snprintf(s->violation.text, sizeof s->violation.text, "%s (%llu, %llu) at %llu ms", text, (unsigned long long)a,
		 (unsigned long long)b, (unsigned long long)((s->true_ns - s->begin_ns) / SIM_MS));
	sim_say(s, SIM_PLACE_STORE, "%s: %s", id, s->violation.text);
}

/* Every scheduler dies with the store, and some of the workers. */
static void run_power_cut(struct sim *s)
{
	uint64_t off_ns = 1 + sim_choose(s, RUN_DOWN_MS) * SIM_MS;
	uint32_t i;

	s->disk.power_cut = 0;
	s->disk.power_cuts++;
	s->counts.power_cuts++;
	sim_say(s, SIM_PLACE_STORE, "the power is cut for %llu ms", (unsigned long long)(off_ns / SIM_MS));
	for (i = 0; i < s->scheduler_count; i++)
		scheduler_crash(s, i, off_ns + sim_choose(s, 1000) * SIM_MS);
	for (i = 0; i < s->worker_count; i++)
		if (sim_choose(s, 2))
			worker_crash(s, i, off_ns + sim_choose(s, 1000) * SIM_MS);
	journal_recover(s);
	judge_power(s);
}

/* So much, and so many terms, by clocks of the cluster: wild ones may stand still for a while yet, and run at half the
 * speed. */
static uint64_t run_by_clocks(const struct sim *s, uint64_t ns, uint64_t terms)
{
	ns += terms * s->sched_cfg.lease_ms * SIM_MS;
	return s->wild ? SIM_STALL_MS * SIM_MS + 2 * ns : ns;
}

/* L3: somebody leads soon after the faults stopped. */
static void run_leader(struct sim *s)
{
	uint32_t i;

	for (i = 0; i < s->scheduler_count; i++)
		if (scheduler_leads(s, i))
			return;
	sim_violate(s, "L3", "nobody leads, though the faults stopped two terms ago", s->disk.epoch, s->core);
}

static void run_tail(struct sim *s)
{
	struct sim_item *item = agenda_item(s, SIM_ITEM_LEADER, SIM_PLACE_STORE, SIM_PLACE_STORE);

	fault_tail(s);
	agenda_add(s, item, s->true_ns + run_by_clocks(s, 0, RUN_LEADER_TERMS) + RUN_SETTLE_NS);
}

/* ---- what happens next ---- */

static void run_item(struct sim *s, struct sim_item *item)
{
	s->counts.happenings += item->type != SIM_ITEM_TIMEOUT && item->type != SIM_ITEM_REPLY; /* net_arrive() does */
	switch (item->type) {
	case SIM_ITEM_MESSAGE:
		if (item->to >= SIM_PLACE_WORKERS)
			worker_message(s, item);
		else
			scheduler_message(s, item);
		return; /* it is theirs */
	case SIM_ITEM_CALL:
		scheduler_call(s, item);
		return;
	case SIM_ITEM_REPLY:
	case SIM_ITEM_TIMEOUT:
		net_arrive(s, item);
		break;
	case SIM_ITEM_DISK:
		disk_due(s, item);
		break;
	case SIM_ITEM_ORPHAN:
		disk_orphan(s, item);
		break;
	case SIM_ITEM_FAULT:
		fault_next(s);
		break;
	case SIM_ITEM_FLAP:
		fault_flapped(s, item);
		break;
	case SIM_ITEM_CLOCK:
		fault_clock_runs(s, item);
		break;
	case SIM_ITEM_TAIL:
		run_tail(s);
		break;
	default:
		DTSS_ASSERT(item->type == SIM_ITEM_LEADER);
		run_leader(s);
		break;
	}
	agenda_free(s, item);
}

static void run_place(struct sim *s, uint32_t place)
{
	if (place < SIM_PLACE_WORKERS) {
		scheduler_turn(s, place - SIM_PLACE_SCHEDULERS);
	} else if (place < SIM_PLACE_CLIENTS) {
		worker_turn(s, place - SIM_PLACE_WORKERS);
	} else {
		client_turn(s, place - SIM_PLACE_CLIENTS);
		s->wake_ns[place] = client_next_ns(s, place - SIM_PLACE_CLIENTS);
		if (s->wake_ns[place] <= s->true_ns)
			s->wake_ns[place] = s->true_ns + 1;
	}
}

static uint32_t run_first(const struct sim *s)
{
	uint32_t i, first = 0;

	for (i = 1; i < SIM_PLACES; i++)
		if (s->wake_ns[i] < s->wake_ns[first])
			first = i;
	return first;
}

static void run_next(struct sim *s)
{
	uint32_t first = run_first(s);
	uint64_t due_ns = agenda_next_ns(s), wake_ns = s->wake_ns[first];

	if (due_ns < wake_ns || (due_ns == wake_ns && sim_choose(s, 2) == 0)) {
		DTSS_ASSERT(due_ns != DTSS_NEVER);
		DTSS_ASSERT(due_ns >= s->true_ns);
		s->true_ns = due_ns;
		run_item(s, agenda_take(s));
	} else {
		DTSS_ASSERT(wake_ns != DTSS_NEVER);
		s->true_ns = wake_ns > s->true_ns ? wake_ns : s->true_ns;
		s->counts.happenings++;
		run_place(s, first);
	}
	if (s->disk.power_cut)
		run_power_cut(s);
}

/* ---- to the end ---- */

static int run_stalled(const struct sim *s)
{
	uint64_t since = s->progress_ns > s->faults_end_ns ? s->progress_ns : s->faults_end_ns;

	return !s->faults_on &&
	       s->true_ns > since + run_by_clocks(s, RUN_STALLED_NS, RUN_STALLED_TERMS) + s->longest_job_ns;
}

/* Clients learn of an end by replies alone. */
static int run_unfinished(struct sim *s)
{
	if (s->replied)
		s->finished = client_left(s) == 0;
	s->replied = 0;
	return !s->finished;
}

static int run_all(struct sim *s)
{
	while (!s->violation.id && (s->faults_on || run_unfinished(s)) && s->counts.happenings < RUN_HAPPENINGS_MAX &&
	       !run_stalled(s)) {
		if (!arena_ready(&s->arena))
			return DTSS_E_NOMEM;
		run_next(s);
	}
	s->counts.simulated_ms = (s->true_ns - s->begin_ns) / SIM_MS;
	if (!s->violation.id)
		judge_end(s);
	return s->arena.failed ? DTSS_E_NOMEM : 0;
}

struct sim *sim_new(const struct dtss_sim_config *cfg, const struct dtss_mem *mem)
{
	struct sim *s = mem->alloc(mem->ctx, sizeof *s);

	if (!s)
		return NULL;
	memset(s, 0, sizeof *s);
	s->cfg = *cfg;
	s->mem = mem;
	arena_init(&s->arena, mem);
	return s;
}

int sim_go(struct sim *s)
{
	uint32_t i;

	if (!arena_ready(&s->arena))
		return DTSS_E_NOMEM;
	s->true_ns = SIM_S;
	s->begin_ns = s->true_ns;
	s->faults_on = 1;
	s->replied = 1;
	draw_all(s);
	net_init(s);
	disk_init(s);
	judge_init(s);
	for (i = 0; i < s->scheduler_count; i++)
		scheduler_init(s, i);
	for (i = 0; i < s->worker_count; i++)
		worker_init(s, i);
	for (i = 0; i < s->client_count; i++) {
		client_init(s, i);
		s->wake_ns[SIM_PLACE_CLIENTS + i] = client_next_ns(s, i);
	}
	agenda_add(s, agenda_item(s, SIM_ITEM_TAIL, SIM_PLACE_STORE, SIM_PLACE_STORE), s->faults_end_ns);
	sim_settle(s);
	fault_begin(s);
	return run_all(s);
}

static void run_drop(struct sim *s)
{
	while (s->agenda.count) {
		struct sim_item *item = agenda_take_any(s);

		disk_item_free(s, item);
		agenda_free(s, item);
	}
}

void sim_free(struct sim *s)
{
	const struct dtss_mem *mem = s->mem;
	uint32_t i;

	s->faults_on = 0;
	for (i = 0; i < s->scheduler_count; i++)
		scheduler_fini(s, i);
	for (i = 0; i < s->worker_count; i++)
		worker_fini(s, i);
	judge_fini(s);
	disk_fini(s);
	run_drop(s);
	agenda_fini(s);
	net_fini(s);
	DTSS_ASSERT(s->arena.live == 0); /* S23: nothing leaks */
	arena_fini(&s->arena);
	choice_fini(&s->choice);
	timeline_fini(&s->timeline);
	mem->release(mem->ctx, s, sizeof *s);
}

void sim_outcome(const struct sim *s, struct dtss_sim_result *ret_result)
{
	ret_result->events = s->counts.happenings;
	ret_result->simulated_ns = s->true_ns - s->begin_ns;
	ret_result->tasks = s->counts.accepted;
	ret_result->batches = s->counts.batches;
	ret_result->schedulers = s->scheduler_count;
	ret_result->workers = s->worker_count;
	ret_result->clients = s->client_count;
}
