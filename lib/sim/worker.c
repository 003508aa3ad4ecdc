/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/*
 * A machine with an agent: the real agent engine, and processes that are a time and an exit code (proc.c). It talks to one
 * scheduler, and turns to the next when that one is silent.
 */
#define WORKER_DOWN_MS 60000
#define WORKER_PAUSE_MS 90000
#define WORKER_UNANSWERED_MAX 3 /* heartbeats; then it turns to the next scheduler */
#define WORKER_AGAIN_NS 1000

static void worker_start(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	struct dtss_resource gpus = { "gpu", w->gpus };
	struct dtss_agent_config cfg;
	uint64_t wall_ms = (uint64_t)clock_now(s, SIM_PLACE_WORKERS + index).wall_ns / SIM_MS;

	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.name = w->name;
	w->incarnation = wall_ms > w->incarnation ? wall_ms : w->incarnation + 1;
	cfg.incarnation = w->incarnation;
	cfg.tags = w->tags;
	cfg.tag_count = w->tag_count;
	cfg.max_tasks = w->slots;
	cfg.resources = &gpus;
	cfg.resource_count = w->gpus ? 1 : 0;
	cfg.kill_grace_ms = WORKER_KILL_GRACE_MS;
	w->drains = 0;
	w->unanswered = 0;
	sim_say(s, SIM_PLACE_WORKERS + index, "starts");
	DTSS_ASSERT(dtss_agent_create(&w->agent, &cfg, &s->arena.mem) == 0);
}

void worker_init(struct sim *s, uint32_t index)
{
	static const char *const tags[] = { "one", "two" };
	struct sim_worker *w = &s->workers[index];

	snprintf(w->name, sizeof w->name, "w%u", (unsigned)index);
	w->slots = 1 + (uint32_t)sim_choose(s, SIM_SLOTS_MAX);
	/* the first has every tag, and GPUs, so that all work can be done */
	w->gpus = index == 0 ? 2 : (uint32_t)sim_choose(s, 3);
	w->tag_count = index == 0 ? 2 : (size_t)sim_choose(s, 2);
	w->tags[0] = tags[index == 0 ? 0 : sim_choose(s, 2)];
	w->tags[1] = tags[1];
	w->scheduler = (uint32_t)sim_choose(s, s->scheduler_count);
	w->start_ns = s->true_ns + sim_choose(s, 100) * 10 * SIM_MS;
	worker_wake(s, index);
}

void worker_wake(struct sim *s, uint32_t index)
{
	const struct sim_worker *w = &s->workers[index];
	uint32_t place = SIM_PLACE_WORKERS + index;
	uint64_t next, proc;

	if (!w->agent) {
		s->wake_ns[place] = w->start_ns;
		return;
	}
	if (w->paused_ns > s->true_ns) {
		s->wake_ns[place] = w->paused_ns;
		return;
	}
	next = clock_true_ns(s, place, dtss_agent_next_ns(w->agent));
	proc = proc_next_ns(w);
	s->wake_ns[place] = next < proc ? next : proc;
}

static void worker_send(struct sim *s, uint32_t index, const struct dtss_message *m)
{
	struct sim_worker *w = &s->workers[index];

	if (++w->unanswered > WORKER_UNANSWERED_MAX && s->scheduler_count > 1) {
		w->scheduler = (w->scheduler + 1) % s->scheduler_count;
		w->unanswered = 1;
		sim_say(s, SIM_PLACE_WORKERS + index, "turns to s%u", (unsigned)w->scheduler);
	}
	judge_sent(s, index, m);
	net_send(s, SIM_PLACE_WORKERS + index, SIM_PLACE_SCHEDULERS + w->scheduler, m);
}

static void worker_actions(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	struct dtss_agent_action a;

	while (dtss_agent_next_action(w->agent, &a)) {
		switch (a.type) {
		case DTSS_AGENT_START:
			proc_start(s, index, &a.u.start);
			break;
		case DTSS_AGENT_STOP:
			proc_stop(s, index, &a);
			break;
		case DTSS_AGENT_SEND:
			worker_send(s, index, a.u.message);
			break;
		case DTSS_AGENT_STALE:
		case DTSS_AGENT_RESET:
			sim_violate(s, "agent", "nobody else has this name, and there is one store", index, a.type);
			break;
		default:
			break;
		}
	}
}

/* kill -9: the processes die with it, as they would when the agent starts again and reads its journal. */
void worker_crash(struct sim *s, uint32_t index, uint64_t down_ns)
{
	struct sim_worker *w = &s->workers[index];
	uint64_t start_ns = down_ns == DTSS_NEVER ? DTSS_NEVER : s->true_ns + down_ns;

	if (w->agent) {
		s->counts.agent_crashes++;
		sim_say(s, SIM_PLACE_WORKERS + index, "dies");
		dtss_agent_destroy(w->agent);
		w->agent = NULL;
		memset(w->procs, 0, sizeof w->procs);
		inbox_clear(s, &w->inbox);
		w->paused_ns = 0;
		w->start_ns = start_ns;
	} else if (start_ns > w->start_ns) {
		w->start_ns = start_ns;
	}
	worker_wake(s, index);
}

void worker_pause(struct sim *s, uint32_t index, uint64_t for_ns)
{
	struct sim_worker *w = &s->workers[index];
	size_t i;

	if (!w->agent || w->paused_ns > s->true_ns)
		return;
	s->counts.pauses++;
	sim_say(s, SIM_PLACE_WORKERS + index, "stops for %llu ms", (unsigned long long)(for_ns / SIM_MS));
	w->paused_ns = s->true_ns + for_ns;
	for (i = 0; i < SIM_PROCS_MAX; i++)
		w->procs[i].excused = 1; /* nobody was there to stop it in time */
	worker_wake(s, index);
}

void worker_drain(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	uint64_t grace_ms = sim_choose(s, 20000);

	if (!w->agent || w->drains || w->paused_ns > s->true_ns)
		return;
	w->drains = 1;
	sim_say(s, SIM_PLACE_WORKERS + index, "shuts down within %llu ms", (unsigned long long)grace_ms);
	DTSS_ASSERT(dtss_agent_drain(w->agent, clock_now(s, SIM_PLACE_WORKERS + index), grace_ms) == 0);
	worker_actions(s, index);
	worker_wake(s, index);
}

/* It has nothing more to do: its agent ends, and is started again in a while; in the tail soon, as all that was down. */
static void worker_drained(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];

	DTSS_ASSERT(proc_next_ns(w) == DTSS_NEVER);
	sim_say(s, SIM_PLACE_WORKERS + index, "has shut down");
	dtss_agent_destroy(w->agent);
	w->agent = NULL;
	inbox_clear(s, &w->inbox);
	w->start_ns = s->true_ns + (s->faults_on ? 1 + sim_choose(s, WORKER_DOWN_MS) * SIM_MS : SIM_S);
}

static void worker_deliver(struct sim *s, uint32_t index, struct sim_item *item)
{
	struct sim_worker *w = &s->workers[index];
	struct dtss_message *m;

	if (dtss_message_decode(item->bytes, item->len, &s->arena.mem, &m) != 0) {
		sim_violate(s, "codec", "a message cannot be decoded", item->len, 0);
		return;
	}
	judge_answered(s, index, m);
	judge_delivered(s, index, m);
	if (m->type == DTSS_MESSAGE_ANSWER)
		w->unanswered = 0;
	DTSS_ASSERT(dtss_agent_message(w->agent, clock_now(s, SIM_PLACE_WORKERS + index), m) == 0);
	dtss_message_free(m, &s->arena.mem);
	worker_actions(s, index);
}

/* After a pause the deadlines come first, then what has piled up. */
static void worker_act(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	struct sim_item *item;

	proc_turn(s, index);
	DTSS_ASSERT(dtss_agent_tick(w->agent, clock_now(s, SIM_PLACE_WORKERS + index)) == 0);
	worker_actions(s, index);
	judge_overdue(s, index);
	while ((item = inbox_take(&w->inbox)) != NULL) {
		worker_deliver(s, index, item);
		agenda_free(s, item);
	}
	if (w->drains && dtss_agent_idle(w->agent))
		worker_drained(s, index);
}

void worker_turn(struct sim *s, uint32_t index)
{
	struct sim_worker *w = &s->workers[index];
	uint32_t place = SIM_PLACE_WORKERS + index;

	w->paused_ns = 0;
	if (!w->agent)
		worker_start(s, index);
	if (sim_fault(s, DTSS_SIM_FAULT_WORKER_CRASH)) {
		worker_crash(s, index, 1 + sim_choose(s, WORKER_DOWN_MS) * SIM_MS);
		return;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_WORKER_PAUSE)) {
		worker_pause(s, index, 1 + sim_choose(s, WORKER_PAUSE_MS) * SIM_MS);
		return;
	}
	worker_act(s, index);
	worker_wake(s, index);
	if (w->agent && s->wake_ns[place] <= s->true_ns)
		s->wake_ns[place] = s->true_ns + WORKER_AGAIN_NS;
}

void worker_message(struct sim *s, struct sim_item *item)
{
	uint32_t index = item->to - SIM_PLACE_WORKERS;
	struct sim_worker *w = &s->workers[index];

	s->net.under_way[item->to]--;
	if (w->agent && w->paused_ns > s->true_ns) {
		inbox_put(s, &w->inbox, item);
		return;
	}
	if (w->agent) {
		worker_deliver(s, index, item);
		worker_wake(s, index);
	}
	agenda_free(s, item);
}

void worker_fini(struct sim *s, uint32_t index)
{
	dtss_agent_destroy(s->workers[index].agent);
	inbox_clear(s, &s->workers[index].inbox);
}
