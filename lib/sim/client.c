/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/* A client that repeats each submit with the same key until it is acknowledged, cancels some, and asks at the end what
 * became of all. Its tokens are the index of the submit, and what was asked. */
#define MS UINT64_C(1000000)
enum ask { ASK_SUBMIT = 0, ASK_CANCEL = 1, ASK_GET = 2, ASK_RELEASE = 3, ASK_DRAIN = 4 };

void client_init(struct sim *s)
{
	uint32_t i;

	s->submit_count = 20 + (uint32_t)sim_choose(s, 60);
	for (i = 0; i < s->submit_count; i++) {
		struct sim_submit *u = &s->submits[i];

		snprintf(u->key, sizeof u->key, "k%u", (unsigned)i);
		snprintf(u->queue, sizeof u->queue, "q%u", (unsigned)sim_choose(s, 3));
		u->retry_ns = s->now.mono_ns + 1 + sim_choose(s, 20000) * MS;
		u->tag = (uint32_t)sim_choose(s, 3);
		u->attempts_max = 1 + (uint32_t)sim_choose(s, 4);
		u->work = 1 + (uint32_t)sim_choose(s, sim_choose(s, 4) ? 20 : 400);
		u->priority = (int32_t)sim_choose(s, 3);
		u->timeout_ms = sim_choose(s, 4) ? 0 : 5000 + sim_choose(s, 20000);
		u->cancel = sim_choose(s, 10) == 0;
		u->held = sim_choose(s, 8) == 0;
		u->gpus = sim_choose(s, 3) ? 0 : 1 + (uint32_t)sim_choose(s, 2);
		if (i && sim_choose(s, 4) == 0)
			u->parent = 1 + (uint32_t)sim_choose(s, i);
	}
}

static void client_request(struct sim *s, uint32_t index, uint32_t ask, struct dtss_request *r)
{
	r->size = sizeof *r;
	r->token = (uint64_t)index << 8 | ask;
	if (!s->node || dtss_node_request(s->node, s->now, r) != 0)
		s->submits[index].retry_ns = s->now.mono_ns + 500 * MS;
}

static void client_submit(struct sim *s, uint32_t index)
{
	static const char *const tags[] = { "one", "two" };
	struct sim_submit *u = &s->submits[index];
	struct dtss_resource gpus = { "gpu", u->gpus };
	struct dtss_task_spec spec;
	struct dtss_after after;
	struct dtss_request r;
	static const char work[512];

	memset(&spec, 0, sizeof spec);
	memset(&after, 0, sizeof after);
	memset(&r, 0, sizeof r);
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
		after.task.v = s->submits[u->parent - 1].id;
		if (!after.task.v)
			return; /* once the parent's id is known */
		spec.after = &after;
		spec.after_count = 1;
	}
	s->counts.submits++;
	u->retry_ns = 0;
	r.type = DTSS_REQUEST_SUBMIT;
	r.u.submit.specs = &spec;
	r.u.submit.count = 1;
	client_request(s, index, ASK_SUBMIT, &r);
}

static void client_ask(struct sim *s, uint32_t index, uint32_t ask)
{
	struct dtss_request r;

	memset(&r, 0, sizeof r);
	s->submits[index].retry_ns = 0;
	r.type = ask == ASK_CANCEL ? DTSS_REQUEST_CANCEL : ask == ASK_RELEASE ? DTSS_REQUEST_RELEASE : DTSS_REQUEST_GET;
	r.u.task.v = s->submits[index].id;
	client_request(s, index, ask, &r);
}

static uint32_t client_next_ask(const struct sim_submit *u)
{
	if (u->cancel == 1)
		return ASK_CANCEL;
	return u->held == 1 ? ASK_RELEASE : ASK_GET;
}

/* An operator drains a worker now and then, and changes his mind; after the faults no worker stays drained. */
static void client_drain(struct sim *s)
{
	struct sim_worker *w = &s->workers[sim_choose(s, s->worker_count)];
	struct dtss_request r;

	memset(&r, 0, sizeof r);
	r.size = sizeof r;
	r.token = ASK_DRAIN;
	r.type = s->faults_on && sim_choose(s, 3) == 0 ? DTSS_REQUEST_DRAIN : DTSS_REQUEST_UNCORDON;
	r.u.worker = w->name;
	if (s->node && dtss_node_request(s->node, s->now, &r) == 0)
		s->counts.drains += r.type == DTSS_REQUEST_DRAIN;
}

void client_turn(struct sim *s)
{
	uint32_t i;

	if (sim_choose(s, 200) == 0)
		client_drain(s);

	for (i = 0; i < s->submit_count; i++) {
		struct sim_submit *u = &s->submits[i];

		if (!u->retry_ns || u->retry_ns > s->now.mono_ns)
			continue;
		if (!u->id)
			client_submit(s, i);
		else
			client_ask(s, i, client_next_ask(u));
		if (u->retry_ns && u->retry_ns <= s->now.mono_ns)
			u->retry_ns = s->now.mono_ns + 1000 * MS;
	}
}

static void client_submitted(struct sim *s, struct sim_submit *u, const struct dtss_answer *a)
{
	uint64_t id;

	if (a->result == DTSS_E_CONFLICT || a->result == DTSS_E_NOT_FOUND || a->result == DTSS_E_INVALID)
		sim_violate(s, "S2", "a repeated submit was refused", (uint64_t)-a->result, u->id);
	if (a->result < 0) {
		u->retry_ns = s->now.mono_ns + 200 * MS;
		return;
	}
	id = a->u.submit.ids[0].v;
	s->counts.known += a->u.submit.known[0];
	if (u->id && u->id != id)
		sim_violate(s, "S2", "one key, two tasks", u->id, id);
	u->id = id;
	judge_accepted(s, u);
	u->retry_ns = s->now.mono_ns + sim_choose(s, 5000) * MS + 1;
}

static void client_got(struct sim *s, struct sim_submit *u, const struct dtss_answer *a)
{
	if (a->result == DTSS_E_NOT_FOUND)
		sim_violate(s, "S1", "an acknowledged task is gone", u->id, 0);
	if (a->result == 0 && dtss_task_state_terminal(a->u.task->state)) {
		if (u->ended && u->ended != a->u.task->state)
			sim_violate(s, "S10", "a terminal state changed", u->id, a->u.task->state);
		if (a->u.task->state == DTSS_TASK_SUCCEEDED && !u->ended)
			s->counts.completed++;
		u->ended = a->u.task->state;
		return;
	}
	u->retry_ns = s->now.mono_ns + (1000 + sim_choose(s, 4000)) * MS;
}

void client_answer(struct sim *s, const struct dtss_answer *a)
{
	struct sim_submit *u = &s->submits[a->token >> 8];

	DTSS_ASSERT(a->token >> 8 < s->submit_count);
	if ((a->token & 255) == ASK_SUBMIT) {
		client_submitted(s, u, a);
	} else if ((a->token & 255) == ASK_GET) {
		client_got(s, u, a);
	} else if ((a->token & 255) == ASK_RELEASE) {
		if (a->result == 0 || a->result == DTSS_E_STATE || a->result == DTSS_E_NOT_FOUND) {
			s->counts.releases += a->result == 0;
			u->held = 2;
		}
		u->retry_ns = s->now.mono_ns + 500 * MS;
	} else if ((a->token & 255) == ASK_CANCEL) {
		if (a->result == 0 || a->result == DTSS_E_STATE || a->result == DTSS_E_NOT_FOUND) {
			s->counts.cancels += a->result == 0;
			u->cancel = a->result == 0 ? 2 : 0;
		}
		u->retry_ns = s->now.mono_ns + 500 * MS;
	}
}

void client_node_lost(struct sim *s)
{
	uint32_t i;

	for (i = 0; i < s->submit_count; i++)
		if (!s->submits[i].ended && !s->submits[i].retry_ns)
			s->submits[i].retry_ns = s->now.mono_ns + sim_choose(s, 1000) * MS + 1;
}

uint64_t client_next_ns(const struct sim *s)
{
	uint64_t next = DTSS_NEVER;
	uint32_t i;

	for (i = 0; i < s->submit_count; i++)
		if (s->submits[i].retry_ns && s->submits[i].retry_ns < next)
			next = s->submits[i].retry_ns;
	return next;
}

uint32_t client_left(const struct sim *s)
{
	uint32_t i, left = 0;

	for (i = 0; i < s->submit_count; i++)
		left += !s->submits[i].ended;
	return left;
}
