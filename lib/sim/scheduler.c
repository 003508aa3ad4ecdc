/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/* A scheduler: the real node, with a handle on the store and a transport, which may die or stop at any step. */
#define SCHEDULER_DOWN_MS 30000 /* at most so long, unless it is for good */
#define SCHEDULER_AGAIN_NS 1000 /* between two steps, when there is more to do at once */

void scheduler_init(struct sim *s, uint32_t index)
{
	struct sim_scheduler *sc = &s->schedulers[index];

	snprintf(sc->holder, sizeof sc->holder, "s%u", (unsigned)index);
	sc->start_ns = s->true_ns + sim_choose(s, 100) * 10 * SIM_MS;
	s->wake_ns[SIM_PLACE_SCHEDULERS + index] = sc->start_ns;
}

int scheduler_leads(const struct sim *s, uint32_t index)
{
	return s->schedulers[index].node && s->schedulers[index].state == DTSS_NODE_LEADING;
}

static uint64_t scheduler_next_ns(const struct sim *s, uint32_t index)
{
	const struct sim_scheduler *sc = &s->schedulers[index];
	uint64_t next, done;

	if (!sc->node)
		return sc->start_ns;
	if (sc->paused_ns > s->true_ns)
		return sc->paused_ns;
	if (sc->inbox.head || sc->calls.head || sc->paused_ns)
		return s->true_ns;
	next = clock_true_ns(s, SIM_PLACE_SCHEDULERS + index, dtss_node_next_ns(sc->node));
	done = disk_next_ns(s, index);
	return next < done ? next : done;
}

/* Never twice at one time: what arrives when it has just had its turn is heard after that, and the judge has to see so. */
void scheduler_wake(struct sim *s, uint32_t index)
{
	uint64_t next = scheduler_next_ns(s, index);

	if (next <= s->true_ns && s->schedulers[index].turn_ns == s->true_ns)
		next = s->true_ns + SCHEDULER_AGAIN_NS;
	s->wake_ns[SIM_PLACE_SCHEDULERS + index] = next;
}

/* Once the faults have stopped, what dies of an earlier one starts again soon. */
static uint64_t scheduler_down_ns(struct sim *s)
{
	return s->faults_on ? 1 + sim_choose(s, SCHEDULER_DOWN_MS) * SIM_MS : SIM_S;
}

/* Everything of the process is gone. */
static void scheduler_gone(struct sim *s, uint32_t index, uint64_t down_ns)
{
	struct sim_scheduler *sc = &s->schedulers[index];

	dtss_node_close(sc->node);
	sc->node = NULL;
	sc->state = 0;
	sc->crash_now = 0;
	sc->paused_ns = 0;
	sc->held_ns = 0;
	inbox_clear(s, &sc->inbox);
	inbox_clear(s, &sc->calls);
	memset(sc->pending, 0, sizeof sc->pending);
	sc->start_ns = down_ns == DTSS_NEVER ? DTSS_NEVER : s->true_ns + down_ns;
	scheduler_wake(s, index);
}

void scheduler_crash(struct sim *s, uint32_t index, uint64_t down_ns)
{
	struct sim_scheduler *sc = &s->schedulers[index];
	uint64_t batches = s->counts.batches;
	int led = s->disk.led;

	if (!sc->node) {
		if (down_ns == DTSS_NEVER || s->true_ns + down_ns > sc->start_ns)
			sc->start_ns = down_ns == DTSS_NEVER ? DTSS_NEVER : s->true_ns + down_ns;
		scheduler_wake(s, index);
		return;
	}
	s->counts.node_crashes++;
	sim_say(s, SIM_PLACE_SCHEDULERS + index, "dies");
	disk_leader_died(s, index);
	sc->crash_now = 1;
	scheduler_gone(s, index, down_ns);
	DTSS_ASSERT(s->disk.led == led);           /* the dead do not resign, others wait until its term is over ... */
	DTSS_ASSERT(s->counts.batches == batches); /* ... and they store nothing more */
}

/* In good order, with time to resign. One that stands still does not hear that it should. */
void scheduler_close(struct sim *s, uint32_t index, uint64_t down_ns)
{
	const struct sim_scheduler *sc = &s->schedulers[index];

	if (!sc->node || sc->paused_ns > s->true_ns)
		return;
	sim_say(s, SIM_PLACE_SCHEDULERS + index, "is shut down");
	scheduler_gone(s, index, down_ns);
}

void scheduler_pause(struct sim *s, uint32_t index, uint64_t for_ns)
{
	struct sim_scheduler *sc = &s->schedulers[index];

	if (!sc->node || sc->paused_ns > s->true_ns)
		return;
	s->counts.pauses++;
	sim_say(s, SIM_PLACE_SCHEDULERS + index, "stops for %llu ms", (unsigned long long)(for_ns / SIM_MS));
	sc->paused_ns = s->true_ns + for_ns;
	scheduler_wake(s, index);
}

static void scheduler_open(struct sim *s, uint32_t index)
{
	struct sim_scheduler *sc = &s->schedulers[index];
	struct dtss_node_config cfg;
	int error;

	judge_recovery(s, index);
	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	disk_open(s, index);
	net_open(s, index);
	cfg.store = &sc->disk.base;
	cfg.transport = &sc->net.base;
	cfg.mem = &s->arena.mem;
	cfg.sched = &s->sched_cfg;
	cfg.holder = sc->holder;
	sim_say(s, SIM_PLACE_SCHEDULERS + index, "starts");
	error = dtss_node_open(&sc->node, &cfg, clock_now(s, SIM_PLACE_SCHEDULERS + index));
	if (error)
		sim_violate(s, "P10", "the scheduler does not start again", (uint64_t)-error, index);
}

/* ---- calls ---- */

static void scheduler_refuse(struct sim *s, const struct sim_call *call, int error)
{
	struct sim_reply reply;

	memset(&reply, 0, sizeof reply);
	reply.result = error;
	net_reply(s, call, &reply);
}

static void scheduler_deliver(struct sim *s, uint32_t index, const struct sim_call *call)
{
	struct sim_scheduler *sc = &s->schedulers[index];
	uint32_t i, token = 0;
	int error;

	for (i = 0; i < SIM_OPEN_CALLS_MAX; i++) {
		token = (sc->pending_hint + i) % SIM_OPEN_CALLS_MAX;
		if (!sc->pending[token].used)
			break;
	}
	if (i == SIM_OPEN_CALLS_MAX)
		return; /* it is not answered, as by any server with too many connections */
	sc->pending_hint = token + 1;
	sc->pending[token].used = 1;
	sc->pending[token].call = *call;
	error = client_deliver(s, index, call, token);
	if (error == 0)
		return;
	sc->pending[token].used = 0;
	scheduler_refuse(s, call, error);
}

static void scheduler_answers(struct sim *s, uint32_t index)
{
	struct sim_scheduler *sc = &s->schedulers[index];
	struct sim_reply reply;
	struct dtss_answer a;

	while (dtss_node_answer(sc->node, &a)) {
		struct sim_pending *p = &sc->pending[a.token];

		DTSS_ASSERT(a.token < SIM_OPEN_CALLS_MAX);
		DTSS_ASSERT(p->used);
		memset(&reply, 0, sizeof reply);
		client_pack(s, index, &p->call, &a, &reply);
		net_reply(s, &p->call, &reply);
		p->used = 0;
	}
}

/* ---- what arrives ---- */

void scheduler_message(struct sim *s, struct sim_item *item)
{
	struct sim_scheduler *sc = &s->schedulers[item->to - SIM_PLACE_SCHEDULERS];

	s->net.under_way[item->to]--;
	if (!sc->node) {
		agenda_free(s, item); /* nobody listens */
		return;
	}
	inbox_put(s, &sc->inbox, item);
	scheduler_wake(s, item->to - SIM_PLACE_SCHEDULERS);
}

void scheduler_call(struct sim *s, struct sim_item *item)
{
	struct sim_scheduler *sc = &s->schedulers[item->to - SIM_PLACE_SCHEDULERS];

	if (!sc->node) {
		agenda_free(s, item);
		return;
	}
	inbox_put(s, &sc->calls, item);
	scheduler_wake(s, item->to - SIM_PLACE_SCHEDULERS);
}

/* ---- its turn ---- */

static void scheduler_note(struct sim *s, uint32_t index)
{
	static const char *const names[] = { "", "loads", "stands by", "leads", "recovers", "has failed" };
	struct sim_scheduler *sc = &s->schedulers[index];
	struct dtss_node_info info;

	memset(&info, 0, sizeof info);
	info.size = sizeof info;
	dtss_node_info(sc->node, &info);
	DTSS_ASSERT(info.state > 0 && info.state < sizeof names / sizeof *names);
	if (info.state == sc->state)
		return;
	sc->state = info.state;
	sim_say(s, SIM_PLACE_SCHEDULERS + index, "%s", names[info.state]);
}

static void scheduler_step(struct sim *s, uint32_t index)
{
	struct sim_scheduler *sc = &s->schedulers[index];
	struct sim_item *item;
	int error;

	while ((item = inbox_take(&sc->calls)) != NULL) {
		scheduler_deliver(s, index, &item->call);
		agenda_free(s, item);
	}
	error = dtss_node_step(sc->node, clock_now(s, SIM_PLACE_SCHEDULERS + index));
	if (sc->crash_now) {
		scheduler_crash(s, index, scheduler_down_ns(s));
		return;
	}
	scheduler_answers(s, index);
	scheduler_note(s, index);
	judge_step(s, index);
	if (error) /* it says so to everybody, and whoever watches it starts it again */
		scheduler_crash(s, index, scheduler_down_ns(s));
}

void scheduler_turn(struct sim *s, uint32_t index)
{
	struct sim_scheduler *sc = &s->schedulers[index];

	DTSS_ASSERT(sc->turn_ns < s->true_ns);
	sc->turn_ns = s->true_ns;
	if (!sc->node)
		scheduler_open(s, index);
	else
		sc->paused_ns = 0;
	if (!sc->node)
		return;
	if (sim_fault(s, DTSS_SIM_FAULT_STEP_CRASH)) {
		scheduler_crash(s, index, scheduler_down_ns(s));
		return;
	}
	scheduler_step(s, index);
	if (sc->held_ns) {
		scheduler_pause(s, index, sc->held_ns);
		sc->held_ns = 0;
	}
	scheduler_wake(s, index);
}

void scheduler_fini(struct sim *s, uint32_t index)
{
	s->schedulers[index].crash_now = 1;
	if (s->schedulers[index].node)
		scheduler_gone(s, index, DTSS_NEVER);
}
