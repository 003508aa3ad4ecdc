/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/hash.h"
#include "support/codec_samples.h"
#include "support/memory_case.h"
#include "support/transport_samples.h"

/* The codec, the agent, and the loop transport. */
static struct fail_mem mem;

static struct fail_mem *plain_open(const struct memory_case *c)
{
	(void)c;
	fail_mem_init(&mem, 0);
	return &mem;
}

static void plain_close(void)
{
}

/* ---- codec ---- */

static int verb_again(const struct memory_case *c)
{
	static unsigned char bytes[CODEC_SAMPLE_BYTES], again[CODEC_SAMPLE_BYTES];
	const struct codec_sample *sample = &codec_samples[c->which];
	size_t len = sample->encode(bytes, sizeof bytes), len_again = 0;
	int error = sample->again(bytes, len, &mem.mem, again, &len_again);

	if (error == 0) {
		ck_assert_uint_eq(len, len_again);
		ck_assert_mem_eq(bytes, again, len);
	}
	return error;
}

static int verb_view(const struct memory_case *c)
{
	struct dtss_record records[4];
	struct dtss_task_view *view;
	size_t used;
	int error = dtss_task_view_decode(records, sample_rows(records), &mem.mem, &view, &used);

	(void)c;
	if (error == 0)
		dtss_task_view_free(view, &mem.mem);
	return error;
}

#define CODEC(name, which)                                                                                             \
	{                                                                                                              \
		name, plain_open, verb_again, NULL, plain_close, 0, which                                              \
	}

const struct memory_case memory_codec[] = {
	CODEC("decode a spec", 0),
	CODEC("decode a spec empty", 1),
	CODEC("decode a record meta", 2),
	CODEC("decode a record task", 3),
	CODEC("decode a record spec", 4),
	CODEC("decode a record attempt", 5),
	CODEC("decode a record key", 6),
	CODEC("decode a record worker", 7),
	CODEC("decode a message heartbeat", 8),
	CODEC("decode a message answer", 9),
	CODEC("decode a message assign", 10),
	CODEC("decode a message stop", 11),
	CODEC("decode a batch", 12),
	{ "task_view_decode", plain_open, verb_view, NULL, plain_close, 0, 0 },
};
const size_t memory_codec_count = sizeof memory_codec / sizeof *memory_codec;

/* ---- agent: one attempt runs, one is starting ---- */

static struct dtss_agent *agent;
static const struct dtss_time now = { 5000000000, 1700000000000000000 };

static void agent_drain_actions(void)
{
	struct dtss_agent_action action;

	while (dtss_agent_next_action(agent, &action))
		continue;
}

static int agent_assign(uint64_t task)
{
	struct dtss_task_spec spec = { .size = sizeof spec, .name = "job", .payload = "x", .payload_len = 1 };
	struct dtss_message m = { .size = sizeof m, .type = DTSS_MESSAGE_ASSIGN };
	unsigned char bytes[512];

	m.u.assign.task.v = task;
	m.u.assign.fence = task;
	m.u.assign.epoch = 1;
	m.u.assign.incarnation = 7;
	m.u.assign.lease_ms = 30000;
	m.u.assign.attempt = 1;
	m.u.assign.spec = bytes;
	m.u.assign.spec_len = dtss_spec_encode(&spec, bytes, sizeof bytes);
	return dtss_agent_message(agent, now, &m);
}

static int agent_make(void)
{
	static const char *const tags[] = { "x", "y" };
	static const struct dtss_resource resources[] = { { "gpu", 1 } };
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "a", .incarnation = 7, .max_tasks = 4 };

	cfg.tags = tags;
	cfg.tag_count = 2;
	cfg.resources = resources;
	cfg.resource_count = 1;
	cfg.address = "here:1";
	return dtss_agent_create(&agent, &cfg, &mem.mem);
}

static struct fail_mem *agent_open(const struct memory_case *c)
{
	fail_mem_init(&mem, 0);
	agent = NULL;
	if (c->which == 1)
		return &mem;
	ck_assert_int_eq(agent_make(), 0);
	ck_assert_int_eq(dtss_agent_tick(agent, now), 0);
	ck_assert_int_eq(agent_assign(1), 0);
	ck_assert_int_eq(agent_assign(2), 0);
	agent_drain_actions();
	ck_assert_int_eq(dtss_agent_started(agent, now, 1), 0);
	agent_drain_actions();
	return &mem;
}

static void agent_close(void)
{
	agent_drain_actions();
	dtss_agent_destroy(agent);
}

static uint64_t agent_trace(void)
{
	struct dtss_agent_stats stats;

	memset(&stats, 0, sizeof stats);
	stats.size = sizeof stats;
	dtss_agent_stats(agent, &stats);
	return hash_bytes(dtss_agent_next_ns(agent), 0, &stats, sizeof stats);
}

static int verb_agent_answer(void)
{
	struct dtss_message m = { .size = sizeof m, .type = DTSS_MESSAGE_ANSWER };
	struct dtss_ack ack = { { 1 }, 1, DTSS_REPORT_STARTED, DTSS_OK };

	m.u.answer.number = 1;
	m.u.answer.incarnation = 7;
	m.u.answer.epoch = 1;
	m.u.answer.lease_ms = 30000;
	m.u.answer.heartbeat_ms = 3000;
	m.u.answer.acks = &ack;
	m.u.answer.ack_count = 1;
	return dtss_agent_message(agent, now, &m);
}

static int verb_agent(const struct memory_case *c)
{
	struct dtss_outcome outcome = { DTSS_CAUSE_EXIT, 1, 0, 0, "a long story of what went wrong" };
	struct dtss_message stop = { .size = sizeof stop, .type = DTSS_MESSAGE_STOP };

	switch (c->which) {
	case 1:
		return agent_make();
	case 2:
		return agent_assign(3);
	case 3:
		return dtss_agent_started(agent, now, 2);
	case 4:
		return dtss_agent_ended(agent, now, 1, &outcome);
	case 5:
		return verb_agent_answer();
	case 6:
		return dtss_agent_drain(agent, now, 0);
	case 7:
		return dtss_agent_resize(agent, now, 100);
	case 8:
		stop.u.stop.task.v = stop.u.stop.fence = 1;
		stop.u.stop.epoch = 1;
		stop.u.stop.incarnation = 7;
		stop.u.stop.cause = DTSS_CAUSE_CANCEL;
		return dtss_agent_message(agent, now, &stop);
	default:
		return dtss_agent_tick(agent, (struct dtss_time){ now.mono_ns + 40000000000, now.wall_ns });
	}
}

/* ---- loop ---- */

static struct dtss_transport *near, *far;

static struct fail_mem *loop_open(const struct memory_case *c)
{
	fail_mem_init(&mem, 0);
	near = far = NULL;
	if (c->which > 0)
		ck_assert_int_eq(dtss_loop_open(&near, &far, "w", &mem.mem), 0);
	return &mem;
}

static void loop_close(void)
{
	near->ops->close(near);
	far->ops->close(far);
}

static int verb_loop(const struct memory_case *c)
{
	const struct dtss_message *got;
	struct dtss_message m;
	const char *peer;
	int error;

	if (c->which == 0)
		return dtss_loop_open(&near, &far, "w", &mem.mem);
	fill_heartbeat(&m, 5);
	error = far->ops->send(far, NULL, &m);
	if (error < 0)
		return error;
	error = near->ops->poll(near, &got, &peer);
	ck_assert(error == DTSS_E_NOMEM || error == 1 || error == 0);
	return error < 0 ? error : 0;
}

#define AGENT(name, which)                                                                                             \
	{                                                                                                              \
		name, agent_open, verb_agent, agent_trace, agent_close, 0, which                                       \
	}

const struct memory_case memory_agent[] = {
	{ "agent create", agent_open, verb_agent, NULL, agent_close, 0, 1 },
	AGENT("agent: an assignment", 2),
	AGENT("agent: a start", 3),
	AGENT("agent: an end", 4),
	AGENT("agent: an answer", 5),
	AGENT("agent: drain", 6),
	AGENT("agent: resize", 7),
	AGENT("agent: a stop", 8),
	AGENT("agent: it fences itself", 9),
	{ "loop open", loop_open, verb_loop, NULL, loop_close, 0, 0 },
	{ "loop send and poll", loop_open, verb_loop, NULL, loop_close, 0, 1 },
};
const size_t memory_agent_count = sizeof memory_agent / sizeof *memory_agent;
