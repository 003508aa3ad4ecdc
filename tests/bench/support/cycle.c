/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/support/cycle.h"
#include "core/check.h"

#define CYCLE_ROUND_NS 1000 /* of the cycle's own clock: so slow that no lease ends */

/* ---- what the workers hold ---- */

static void cycle_assigned(struct cycle *c, const char *name, const struct dtss_message_assign *assign)
{
	uint32_t at = (uint32_t)strtoul(name + 1, NULL, 10);
	struct cycle_worker *w = &c->workers[at];
	struct cycle_held *h = &w->held[w->count];

	DTSS_ASSERT(at < CYCLE_WORKERS && w->count < CYCLE_SLOTS);
	if (w->count++ == 0)
		c->busy[c->busy_count++] = at;
	h->task = assign->task;
	h->fence = assign->fence;
	h->attempt = assign->attempt;
	h->started = 0;
	if (assign->fence > w->fence_seen)
		w->fence_seen = assign->fence;
}

static void cycle_report(struct dtss_report *r, const struct cycle_held *h, uint32_t kind)
{
	memset(r, 0, sizeof *r);
	r->size = sizeof *r;
	r->task = h->task;
	r->fence = h->fence;
	r->attempt = h->attempt;
	r->kind = kind;
	r->outcome.cause = kind == DTSS_REPORT_ENDED ? DTSS_CAUSE_EXIT : DTSS_CAUSE_NONE;
}

/* What the worker has to say: of each attempt its start, and its end unless that comes with the next commit. */
static size_t cycle_reports(struct cycle *c, struct cycle_worker *w)
{
	size_t count = 0;
	uint32_t i;

	for (i = 0; i < w->count; i++) {
		if (!w->held[i].started)
			cycle_report(&c->reports[count++], &w->held[i], DTSS_REPORT_STARTED);
		if (!c->start_only) {
			cycle_report(&c->reports[count++], &w->held[i], DTSS_REPORT_ENDED);
			c->finished++;
		}
		w->held[i].started = 1;
	}
	if (!c->start_only)
		w->count = 0;
	return count;
}

/* ---- the agents of a node ---- */

static struct cycle *cycle_of(struct dtss_transport *transport)
{
	return (struct cycle *)(void *)transport;
}

static int cycle_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *message)
{
	struct cycle *c = cycle_of(transport);
	size_t i;

	if (message->type == DTSS_MESSAGE_ASSIGN)
		cycle_assigned(c, peer, &message->u.assign);
	if (message->type == DTSS_MESSAGE_ANSWER) {
		c->refused += message->u.answer.result != 0;
		for (i = 0; i < message->u.answer.ack_count; i++)
			c->refused += message->u.answer.acks[i].result != 0;
	}
	return 0;
}

static void cycle_heartbeat(struct cycle *c, struct cycle_worker *w, struct dtss_heartbeat *hb)
{
	static const char *const tags[] = { "linux" };
	uint32_t i;

	memset(hb, 0, sizeof *hb);
	hb->size = sizeof *hb;
	hb->name = w->name;
	hb->incarnation = 1;
	hb->number = ++w->number;
	hb->fence_seen = w->fence_seen;
	hb->kind = DTSS_WORKER_AGENT;
	hb->max_tasks = CYCLE_SLOTS;
	hb->tags = tags;
	hb->tag_count = 1;
	for (i = 0; i < w->count; i++) {
		c->list[i].task = w->held[i].task;
		c->list[i].fence = w->held[i].fence;
		c->list[i].attempt = w->held[i].attempt;
		c->list[i].state = DTSS_ATTEMPT_RUNNING;
	}
	hb->held = c->list;
	hb->held_count = hb->used = w->count;
}

static int cycle_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	struct cycle *c = cycle_of(transport);
	struct dtss_message_heartbeat *m = &c->message.u.heartbeat;
	struct cycle_worker *w;

	if (c->speak_at == c->speak_count)
		return 0;
	w = &c->workers[c->speak[c->speak_at++]];
	memset(&c->message, 0, sizeof c->message);
	c->message.size = sizeof c->message;
	c->message.type = DTSS_MESSAGE_HEARTBEAT;
	m->reports = c->reports;
	m->report_count = cycle_reports(c, w);
	cycle_heartbeat(c, w, &m->heartbeat);
	*ret_message = &c->message;
	*ret_peer = w->name;
	return 1;
}

static int cycle_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1;
}

static void cycle_gone(struct dtss_transport *transport)
{
	(void)transport; /* it is a part of the cycle */
}

static const struct dtss_transport_ops cycle_ops = {
	sizeof(struct dtss_transport_ops), "cycle", cycle_send, cycle_poll, cycle_fd, cycle_gone
};

/* ---- a commit ---- */

static void cycle_engine_actions(struct cycle *c)
{
	struct dtss_action action;

	action.size = sizeof action;
	while (dtss_sched_next_action(c->sched, &action) == 1)
		if (action.type == DTSS_ACTION_SEND && action.u.send.message->type == DTSS_MESSAGE_ASSIGN)
			cycle_assigned(c, action.u.send.worker, &action.u.send.message->u.assign);
}

static int cycle_store(struct cycle *c, const struct dtss_batch *batch)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_COMMIT };
	struct dtss_store_done done;
	int rc;

	if (c->store == NULL)
		return 0;
	op.u.commit = batch;
	rc = c->store->ops->submit(c->store, &op, 1);
	if (rc == 0 && c->store->ops->poll(c->store, &done) == 1)
		rc = done.result;
	return rc;
}

static void cycle_engine_commit(struct cycle *c)
{
	struct dtss_batch batch;

	while (dtss_sched_next_ns(c->sched) <= c->now.mono_ns)
		c->refused += dtss_sched_tick(c->sched, c->now) != 0;
	batch.size = sizeof batch;
	if (dtss_sched_batch(c->sched, &batch) != 1)
		return;
	c->refused += cycle_store(c, &batch) != 0;
	dtss_sched_stored(c->sched, c->now, batch.last_seq);
	cycle_engine_actions(c);
}

static void cycle_node_commit(struct cycle *c)
{
	struct dtss_answer answer;

	c->refused += dtss_node_step(c->node, c->now) != 0;
	answer.size = sizeof answer;
	while (dtss_node_answer(c->node, &answer) == 1)
		c->refused += answer.result != 0;
}

static void cycle_commit(struct cycle *c)
{
	c->now.mono_ns += CYCLE_ROUND_NS;
	c->now.wall_ns += CYCLE_ROUND_NS;
	if (c->layer == CYCLE_ENGINE)
		cycle_engine_commit(c);
	else
		cycle_node_commit(c);
}

/* ---- verbs ---- */

static void cycle_submit(struct cycle *c)
{
	static const char *const queues[CYCLE_QUEUES] = { "q00", "q01", "q02", "q03", "q04", "q05", "q06", "q07",
							  "q08", "q09", "q10", "q11", "q12", "q13", "q14", "q15" };
	struct dtss_task_spec spec = { .size = sizeof spec };
	struct dtss_request request = { .size = sizeof request };
	dtss_task_id id;

	spec.name = "job";
	spec.queue = queues[c->submitted++ % CYCLE_QUEUES];
	spec.payload = c->payload;
	spec.payload_len = sizeof c->payload;
	if (c->layer == CYCLE_ENGINE) {
		c->refused += dtss_sched_submit(c->sched, c->now, &spec, &id) != 0;
		return;
	}
	request.type = DTSS_REQUEST_SUBMIT;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	c->refused += dtss_node_request(c->node, c->now, &request) != 0;
}

/* What was leased starts, and ends unless that comes with the next commit. A node hears it in its next step. */
static void cycle_go_on(struct cycle *c)
{
	size_t i, count;

	memcpy(c->speak, c->busy, c->busy_count * sizeof c->busy[0]);
	c->speak_count = c->busy_count;
	c->speak_at = 0;
	if (!c->start_only)
		c->busy_count = 0;
	while (c->layer == CYCLE_ENGINE && c->speak_at < c->speak_count) {
		count = cycle_reports(c, &c->workers[c->speak[c->speak_at++]]);
		for (i = 0; i < count; i++)
			c->refused += dtss_sched_report(c->sched, c->now, &c->reports[i]) != 0;
	}
}

void cycle_round(struct cycle *c)
{
	uint32_t i, tasks = c->group / CYCLE_VERBS;

	if (tasks > 0) {
		cycle_go_on(c);
		for (i = 0; i < tasks; i++)
			cycle_submit(c);
		cycle_commit(c);
		return;
	}
	cycle_submit(c);
	cycle_commit(c);
	c->start_only = 1;
	cycle_go_on(c);
	cycle_commit(c);
	c->start_only = 0;
	cycle_go_on(c);
	cycle_commit(c);
}

/* ---- begin and end ---- */

static int cycle_lead(struct cycle *c, const struct dtss_mem *mem)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LEAD, .u.lead = { "bench", 1000000 } };
	struct dtss_store_done done = { .u.epoch = 1 };
	int rc = dtss_sched_create(&c->sched, NULL, mem);

	if (rc == 0 && c->store != NULL)
		rc = c->store->ops->submit(c->store, &op, 1);
	if (rc == 0 && c->store != NULL && c->store->ops->poll(c->store, &done) == 1)
		rc = done.result;
	return rc == 0 ? dtss_sched_lead(c->sched, c->now, done.u.epoch) : rc;
}

static int cycle_begin(struct cycle *c, struct dtss_store *store, const struct dtss_mem *mem)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };

	if (c->layer == CYCLE_ENGINE) {
		c->store = store;
		return cycle_lead(c, mem);
	}
	cfg.store = store;
	cfg.transport = &c->base;
	cfg.mem = mem;
	return dtss_node_open(&c->node, &cfg, c->now);
}

/* The first heartbeat of every worker. */
static void cycle_hello(struct cycle *c)
{
	struct dtss_heartbeat hb;
	struct dtss_sched *sched = c->layer == CYCLE_ENGINE ? c->sched : dtss_node_sched(c->node);
	uint32_t i;

	for (i = 0; i < CYCLE_WORKERS; i++) {
		cycle_heartbeat(c, &c->workers[i], &hb);
		c->refused += dtss_sched_heartbeat(sched, c->now, &hb) != 0;
	}
	cycle_commit(c);
}

struct cycle *cycle_open(enum cycle_layer layer, struct dtss_store *store, uint32_t group, const struct dtss_mem *mem)
{
	struct cycle *c = calloc(1, sizeof *c);
	uint32_t i;

	if (c == NULL)
		return NULL;
	DTSS_ASSERT(group > 0 && group <= CYCLE_GROUP_MAX);
	c->base.ops = &cycle_ops;
	c->layer = layer;
	c->group = group;
	c->now.mono_ns = c->now.wall_ns = 1000000000;
	for (i = 0; i < CYCLE_WORKERS; i++)
		(void)snprintf(c->workers[i].name, sizeof c->workers[i].name, "w%04u", i % 10000);
	if (cycle_begin(c, store, mem != NULL ? mem : dtss_mem_libc()) != 0) {
		free(c);
		return NULL;
	}
	cycle_hello(c);
	return c;
}

int cycle_close(struct cycle *c)
{
	int failed;

	cycle_go_on(c);
	cycle_commit(c);
	failed = c->refused > 0 || c->finished != c->submitted;
	if (c->layer == CYCLE_NODE)
		dtss_node_close(c->node);
	dtss_sched_destroy(c->sched);
	if (c->store != NULL)
		c->store->ops->close(c->store);
	free(c);
	return failed ? -1 : 0;
}
