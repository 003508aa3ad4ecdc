/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* What a client asks that is about no job of its own: an operator's drains, lists, views, and placements. */

static uint64_t other_later(struct sim *s)
{
	return s->true_ns + (s->faults_on ? 200 + sim_choose(s, 8000) : 1000) * SIM_MS;
}

/* After the faults no worker stays drained: each is let go again and again, for a drain may come late. */
static void other_uncordon(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];

	c->cordoned++;
	client_ask(s, index, ASK_UNCORDON, c->cordoned % s->worker_count, 0, 0, 0);
}

static void other_list(struct sim *s, uint32_t index)
{
	struct sim_listing *l = &s->clients[index].listing;

	if (!l->on) {
		memset(l, 0, sizeof *l);
		l->on = 1;
		l->from = s->judge.task_count;
		l->queue = (uint32_t)sim_choose(s, SIM_QUEUES + 1);
		l->limit = 1 + (uint32_t)sim_choose(s, SIM_PAGE_MAX);
	}
	client_ask(s, index, ASK_LIST, 0, l->after, l->limit, l->queue);
}

/* In the end somebody looks after what is held for nobody: a submit that came twice, once its key was forgotten. */
static int other_free(struct sim *s, uint32_t index)
{
	uint64_t id;

	for (id = 1; !s->faults_on && index == 0 && id <= s->judge.task_count; id++)
		if (s->judge.tasks[id].state == DTSS_TASK_HELD) {
			client_ask(s, index, ASK_FREE, 0, id, 0, 0);
			return 1;
		}
	return 0;
}

void client_other(struct sim *s, uint32_t index)
{
	static const struct {
		enum client_use use;
		uint32_t ask;
	} kinds[] = { { USE_DRAIN, ASK_DRAIN },     { USE_CORDON, ASK_CORDON }, { USE_LIST, ASK_LIST },
		      { USE_VIEWS, ASK_WORKERS },   { USE_VIEWS, ASK_STATS },   { USE_PLACES, ASK_PLACE },
		      { USE_PLACES, ASK_PLACEMENT } };
	struct sim_client *c = &s->clients[index];
	size_t kind = sim_choose(s, sizeof kinds / sizeof *kinds);
	uint32_t ask = kinds[kind].ask;
	int drains = client_uses(s, USE_DRAIN) || client_uses(s, USE_CORDON);

	c->other_ns = 0;
	if (!sim_choose(s, 2) && other_free(s, index))
		return;
	if (drains && (!s->faults_on || ask > ASK_CORDON) && !sim_choose(s, 2)) {
		other_uncordon(s, index);
	} else if (c->listing.on) {
		other_list(s, index);
	} else if (!client_uses(s, kinds[kind].use) || (!s->faults_on && ask <= ASK_CORDON)) {
		c->other_ns = other_later(s);
	} else if (ask == ASK_LIST) {
		other_list(s, index);
	} else if (ask == ASK_PLACE || ask == ASK_PLACEMENT) {
		client_ask(s, index, ask, (uint32_t)sim_choose(s, SIM_PLACEMENTS), 0, (uint32_t)sim_choose(s, 4),
			   (uint32_t)sim_choose(s, 4));
	} else {
		s->counts.drains += ask <= ASK_CORDON;
		client_ask(s, index, ask, (uint32_t)sim_choose(s, s->worker_count), 0, 0, 0);
	}
}

/* S26: each task that there was when the listing began is seen once. */
static void other_listed(struct sim *s, struct sim_listing *l)
{
	uint64_t id;

	l->on = 0;
	for (id = 1; id <= l->from; id++) {
		const struct judge_task *t = &s->judge.tasks[id];
		int wanted = l->queue == SIM_QUEUES || t->queue[1] - '0' == (int)l->queue;

		if (wanted != (int)(l->seen[id / 64] >> id % 64 & 1))
			sim_violate(s, "S26", "a list misses a task, or has one that was not asked for", id, l->queue);
	}
	SOMETIMES(s, SIM_PROBE_LIST_COMPLETE);
	if (s->judge.task_count > l->from)
		SOMETIMES(s, SIM_PROBE_LIST_UNDER_INSERTS);
}

static void other_page(struct sim *s, struct sim_listing *l, const struct sim_reply *reply)
{
	uint32_t i;

	for (i = 0; i < reply->count; i++) {
		uint32_t id = reply->ids[i];
		uint64_t bit = UINT64_C(1) << id % 64;

		DTSS_ASSERT(id < 64 * sizeof l->seen / sizeof *l->seen);
		if (id <= l->after || l->seen[id / 64] & bit)
			sim_violate(s, "S26", "a list gives a task twice, or out of order", id, l->after);
		l->seen[id / 64] |= bit;
		l->after = id;
	}
	if (reply->next && reply->next < l->after)
		sim_violate(s, "S26", "a cursor goes back", reply->next, l->after);
	l->after = reply->next;
	if (!reply->next)
		other_listed(s, l);
}

void client_other_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *reply)
{
	struct sim_client *c = &s->clients[call->client];

	c->other_ns = other_later(s);
	if (call->ask == ASK_LIST && reply && reply->result == 0 && c->listing.on) {
		other_page(s, &c->listing, reply);
		c->other_ns = s->true_ns + 1 + sim_choose(s, 500) * SIM_MS;
	}
}
