/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/* A client that repeats each submit with the same key until it is acknowledged, cancels some, and asks at the end what
 * became of all. */
#define MS SIM_MS
#define CLIENT_TIMEOUT_NS (5 * SIM_S)
enum ask { ASK_SUBMIT = 0, ASK_CANCEL = 1, ASK_GET = 2, ASK_RELEASE = 3, ASK_DRAIN = 4, ASK_UNCORDON = 5 };

void client_init(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];
	uint64_t span_ms = (s->faults_end_ns - s->begin_ns) / MS;
	uint32_t i;

	c->scheduler = (uint32_t)sim_choose(s, s->scheduler_count);
	c->drain_ns = s->true_ns + (1 + sim_choose(s, 30)) * SIM_S;
	c->submit_count = 20 / s->client_count + (uint32_t)sim_choose(s, 60 / s->client_count);
	for (i = 0; i < c->submit_count; i++) {
		struct sim_submit *u = &c->submits[i];

		snprintf(u->key, sizeof u->key, "c%uk%u", (unsigned)index, (unsigned)i);
		snprintf(u->queue, sizeof u->queue, "q%u", (unsigned)sim_choose(s, 3));
		u->retry_ns = s->true_ns + 1 + sim_choose(s, span_ms) * MS;
		u->tag = (uint32_t)sim_choose(s, 3);
		u->attempts_max = 1 + (uint32_t)sim_choose(s, 4);
		u->work = 1 + (uint32_t)sim_choose(s, sim_choose(s, 4) ? 20 : 400);
		u->priority = (int32_t)sim_choose(s, 3);
		u->timeout_ms = sim_choose(s, 4) ? 0 : 5000 + sim_choose(s, 20000);
		u->cancel = sim_choose(s, 10) == 9;
		u->held = sim_choose(s, 8) == 7;
		u->gpus = sim_choose(s, 3) ? 0 : 1 + (uint32_t)sim_choose(s, 2);
		if (i && sim_choose(s, 4) == 3)
			u->parent = 1 + (uint32_t)sim_choose(s, i);
	}
}

static int client_submit(struct sim *s, uint32_t scheduler, const struct sim_client *c, const struct sim_submit *u,
			 struct dtss_request *r)
{
	static const char *const tags[] = { "one", "two" };
	struct sim_scheduler *sc = &s->schedulers[scheduler];
	struct dtss_resource gpus = { "gpu", u->gpus };
	struct dtss_task_spec spec;
	struct dtss_after after;
	static const char work[512];

	memset(&spec, 0, sizeof spec);
	memset(&after, 0, sizeof after);
	spec.size = sizeof spec;
	spec.name = u->key;
	spec.key = u->key;
	spec.queue = u->queue;
	spec.payload = work; /* its length is how long it runs */
	spec.payload_len = u->work;
	spec.priority = u->priority;
	spec.timeout_ms = u->timeout_ms;
	spec.retry.attempts_max = u->attempts_max;
	spec.retry.lost_max = 1000; /* so that faults alone do not end it */
	spec.flags = u->held ? DTSS_SPEC_HELD : 0;
	spec.resources = &gpus;
	spec.resource_count = u->gpus ? 1 : 0;
	if (u->tag) {
		spec.tags = &tags[u->tag - 1];
		spec.tag_count = 1;
	}
	if (u->parent) {
		after.task.v = c->submits[u->parent - 1].id;
		spec.after = &after;
		spec.after_count = 1;
	}
	r->type = DTSS_REQUEST_SUBMIT;
	r->u.submit.specs = &spec;
	r->u.submit.count = 1;
	return dtss_node_request(sc->node, clock_now(s, SIM_PLACE_SCHEDULERS + scheduler), r);
}

int client_deliver(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t token)
{
	static const uint32_t types[] = { 0, DTSS_REQUEST_CANCEL, DTSS_REQUEST_GET, DTSS_REQUEST_RELEASE };
	const struct sim_client *c = &s->clients[call->client];
	struct dtss_request r;

	memset(&r, 0, sizeof r);
	r.size = sizeof r;
	r.token = token;
	if (call->ask == ASK_SUBMIT)
		return client_submit(s, scheduler, c, &c->submits[call->index], &r);
	if (call->ask >= ASK_DRAIN) {
		r.type = call->ask == ASK_DRAIN ? DTSS_REQUEST_DRAIN : DTSS_REQUEST_UNCORDON;
		r.u.worker = s->workers[call->index].name;
	} else {
		r.type = types[call->ask];
		r.u.task.v = c->submits[call->index].id;
	}
	return dtss_node_request(s->schedulers[scheduler].node, clock_now(s, SIM_PLACE_SCHEDULERS + scheduler), &r);
}

void client_pack(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct dtss_answer *a,
		 struct sim_reply *ret_reply)
{
	(void)s;
	(void)scheduler;
	ret_reply->result = a->result;
	if (a->result == 0 && call->ask == ASK_SUBMIT) {
		ret_reply->id = a->u.submit.ids[0].v;
		ret_reply->known = a->u.submit.known[0];
	}
	if (a->result == 0 && call->ask == ASK_GET)
		ret_reply->state = a->u.task->state;
}

static uint32_t client_next_ask(const struct sim_submit *u)
{
	if (u->cancel == 1)
		return ASK_CANCEL;
	return u->held == 1 ? ASK_RELEASE : ASK_GET;
}

static void client_ask(struct sim *s, uint32_t index, uint32_t ask, uint32_t about)
{
	struct sim_call call;

	memset(&call, 0, sizeof call);
	call.ask = ask;
	call.index = about;
	call.timeout_ns = CLIENT_TIMEOUT_NS;
	net_call(s, index, s->clients[index].scheduler, &call);
}

/* An operator drains a worker now and then, and changes his mind; after the faults no worker stays drained. */
static void client_drain(struct sim *s, uint32_t index)
{
	uint32_t worker = (uint32_t)sim_choose(s, s->worker_count);
	int drains = s->faults_on && sim_choose(s, 3) == 2;

	s->clients[index].drain_ns = s->true_ns + (1 + sim_choose(s, s->faults_on ? 30 : 5)) * SIM_S;
	s->counts.drains += (uint64_t)drains;
	client_ask(s, index, drains ? ASK_DRAIN : ASK_UNCORDON, worker);
}

void client_turn(struct sim *s, uint32_t index)
{
	struct sim_client *c = &s->clients[index];
	uint32_t i;

	if (c->drain_ns <= s->true_ns)
		client_drain(s, index);
	for (i = 0; i < c->submit_count; i++) {
		struct sim_submit *u = &c->submits[i];

		if (!u->retry_ns || u->retry_ns > s->true_ns)
			continue;
		if (!u->id && u->parent && !c->submits[u->parent - 1].id) {
			u->retry_ns = s->true_ns + 1000 * MS; /* once the parent's id is known */
			continue;
		}
		u->retry_ns = 0;
		s->counts.submits += !u->id;
		client_ask(s, index, u->id ? client_next_ask(u) : ASK_SUBMIT, i);
	}
}

static void client_submitted(struct sim *s, struct sim_client *c, struct sim_submit *u, const struct sim_reply *a)
{
	if (a->result == DTSS_E_CONFLICT || a->result == DTSS_E_NOT_FOUND || a->result == DTSS_E_INVALID)
		sim_violate(s, "S2", "a repeated submit was refused", (uint64_t)-a->result, u->id);
	if (a->result < 0) {
		u->retry_ns = s->true_ns + 200 * MS;
		return;
	}
	s->counts.accepted += !u->id;
	s->counts.known += a->known;
	if (u->id && u->id != a->id)
		sim_violate(s, "S2", "one key, two tasks", u->id, a->id);
	u->id = a->id;
	judge_accepted(s, c, u);
	u->retry_ns = s->true_ns + sim_choose(s, 5000) * MS + 1;
}

static void client_got(struct sim *s, struct sim_submit *u, const struct sim_reply *a)
{
	if (a->result == DTSS_E_NOT_FOUND)
		sim_violate(s, "S1", "an acknowledged task is gone", u->id, 0);
	if (a->result == 0 && dtss_task_state_terminal(a->state)) {
		if (u->ended && u->ended != a->state)
			sim_violate(s, "S10", "a terminal state changed", u->id, a->state);
		if (a->state == DTSS_TASK_SUCCEEDED && !u->ended)
			s->counts.completed++;
		u->ended = a->state;
		return;
	}
	u->retry_ns = s->true_ns + (1000 + sim_choose(s, 4000)) * MS;
}

void client_answer(struct sim *s, const struct sim_call *call, const struct sim_reply *a)
{
	struct sim_client *c = &s->clients[call->client];
	struct sim_submit *u = &c->submits[call->index];

	if (!a || a->result == DTSS_E_NOT_LEADER)
		c->scheduler = (call->scheduler + 1) % s->scheduler_count;
	if (call->ask >= ASK_DRAIN)
		return;
	if (!a) {
		u->retry_ns = s->true_ns + sim_choose(s, 1000) * MS + 1;
		return;
	}
	if (call->ask == ASK_SUBMIT) {
		client_submitted(s, c, u, a);
	} else if (call->ask == ASK_GET) {
		client_got(s, u, a);
	} else if (call->ask == ASK_RELEASE) {
		if (a->result == 0 || a->result == DTSS_E_STATE || a->result == DTSS_E_NOT_FOUND) {
			s->counts.releases += a->result == 0;
			u->held = 2;
		}
		u->retry_ns = s->true_ns + 500 * MS;
	} else if (call->ask == ASK_CANCEL) {
		if (a->result == 0 || a->result == DTSS_E_STATE || a->result == DTSS_E_NOT_FOUND) {
			s->counts.cancels += a->result == 0;
			u->cancel = a->result == 0 ? 2 : 0;
		}
		u->retry_ns = s->true_ns + 500 * MS;
	}
}

uint64_t client_next_ns(const struct sim *s, uint32_t index)
{
	const struct sim_client *c = &s->clients[index];
	uint64_t next = c->drain_ns;
	uint32_t i;

	for (i = 0; i < c->submit_count; i++)
		if (c->submits[i].retry_ns && c->submits[i].retry_ns < next)
			next = c->submits[i].retry_ns;
	return next;
}

uint32_t client_left(const struct sim *s)
{
	uint32_t i, j, left = 0;

	for (i = 0; i < s->client_count; i++)
		for (j = 0; j < s->clients[i].submit_count; j++)
			left += !s->clients[i].submits[j].ended;
	return left;
}
