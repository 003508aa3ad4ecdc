/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/agent_story.h"

#define STORY_ROUNDS_MAX 10000 /* actions of one instant: more is a loop without end */

static void story_write(struct agent_story *s, const char *format, ...)
{
	va_list args;
	int len;

	if (s->quiet)
		return;
	va_start(args, format);
	len = vsnprintf(s->trace + s->len, sizeof s->trace - s->len, format, args);
	va_end(args);
	ck_assert_msg(len >= 0 && s->len + (size_t)len < sizeof s->trace, "the trace is full");
	s->len += (size_t)len;
}

static struct dtss_time story_now(const struct agent_story *s)
{
	struct dtss_time now = { s->ms * 1000000, (int64_t)s->ms * 1000000 };

	return now;
}

static const char *story_held(uint32_t state)
{
	static const char *const names[] = { "?", "leased", "running", "stopping", "ended" };

	return names[state <= DTSS_ATTEMPT_ENDED ? state : 0];
}

static void story_write_report(struct agent_story *s, const struct dtss_report *report)
{
	const struct dtss_outcome *o = &report->outcome;

	story_write(s, "; report %s %u@%u", report->kind == DTSS_REPORT_STARTED ? "started" : "ended",
		    (unsigned)report->task.v, (unsigned)report->fence);
	if (report->kind != DTSS_REPORT_ENDED)
		return;
	story_write(s, " %s", dtss_cause_name(o->cause));
	if (o->cause == DTSS_CAUSE_EXIT || o->exit_code != 0)
		story_write(s, " %d", (int)o->exit_code);
	if (o->signal != 0)
		story_write(s, " signal %u", (unsigned)o->signal);
}

static void story_write_send(struct agent_story *s, const struct dtss_message_heartbeat *m)
{
	const struct dtss_heartbeat *hb = &m->heartbeat;
	size_t i;

	story_write(s, "send %u: seen %u, used %u/%u", (unsigned)hb->number, (unsigned)hb->fence_seen,
		    (unsigned)hb->used, (unsigned)hb->max_tasks);
	if (hb->epoch != 0)
		story_write(s, " epoch %u", (unsigned)hb->epoch);
	if (hb->flags & DTSS_HEARTBEAT_STOPPING)
		story_write(s, " stopping");
	for (i = 0; i < hb->held_count; i++)
		story_write(s, ", %s %u@%u", story_held(hb->held[i].state), (unsigned)hb->held[i].task.v,
			    (unsigned)hb->held[i].fence);
	for (i = 0; i < m->report_count; i++)
		story_write_report(s, &m->reports[i]);
	story_write(s, "\n");
}

static int story_message(struct agent_story *s, struct dtss_message *message)
{
	message->size = sizeof *message;
	return dtss_agent_message(s->agent, story_now(s), message);
}

static void story_make_answer(struct agent_story *s, struct dtss_message *message, uint64_t number, int32_t result)
{
	struct dtss_message_answer *m = &message->u.answer;

	memset(message, 0, sizeof *message);
	message->type = DTSS_MESSAGE_ANSWER;
	m->number = number;
	m->incarnation = s->incarnation;
	m->epoch = s->epoch;
	memset(m->identity, s->identity, sizeof m->identity);
	m->result = result;
	m->lease_ms = s->lease_ms;
	m->heartbeat_ms = s->heartbeat_ms;
}

/* All that the heartbeat reported is acknowledged, in its order. The heartbeat dies with the next call, so copy first. */
static void story_answer_all(struct agent_story *s, const struct dtss_message_heartbeat *m)
{
	struct dtss_message message;
	struct dtss_ack *acks = NULL;
	size_t i, count = m->report_count;

	story_make_answer(s, &message, m->heartbeat.number, DTSS_OK);
	if (count > 0)
		acks = calloc(count, sizeof *acks);
	for (i = 0; i < count; i++) {
		acks[i].task = m->reports[i].task;
		acks[i].fence = m->reports[i].fence;
		acks[i].kind = m->reports[i].kind;
	}
	message.u.answer.acks = acks;
	message.u.answer.ack_count = count;
	ck_assert_int_eq(story_message(s, &message), 0);
	free(acks);
}

static void story_send(struct agent_story *s, const struct dtss_message *message)
{
	const struct dtss_message_heartbeat *m = &message->u.heartbeat;

	ck_assert_uint_eq(message->type, DTSS_MESSAGE_HEARTBEAT);
	ck_assert_uint_eq(m->heartbeat.number, s->sent + 1);
	ck_assert_uint_eq(m->heartbeat.incarnation, 5);
	ck_assert_str_eq(m->heartbeat.name, "w1");
	s->sent = m->heartbeat.number;
	story_write_send(s, m);
	if (s->answers)
		story_answer_all(s, m);
}

static void story_action(struct agent_story *s, const struct dtss_agent_action *action)
{
	story_write(s, "[%4u] ", (unsigned)s->ms);
	switch (action->type) {
	case DTSS_AGENT_START:
		ck_assert_uint_gt(action->u.start.spec_len, 0);
		story_write(s, "start %u@%u\n", (unsigned)action->u.start.task.v, (unsigned)action->u.start.fence);
		break;
	case DTSS_AGENT_STOP:
		story_write(s, "%s %u@%u %s\n", action->u.stop.force ? "kill" : "term", (unsigned)action->u.stop.task.v,
			    (unsigned)action->u.stop.fence, dtss_cause_name(action->u.stop.cause));
		break;
	case DTSS_AGENT_SEND:
		story_send(s, action->u.message);
		break;
	case DTSS_AGENT_FORGET:
		story_write(s, "forget %u@%u\n", (unsigned)action->u.forget.task.v, (unsigned)action->u.forget.fence);
		break;
	default:
		story_write(s, "%s\n", action->type == DTSS_AGENT_STALE ? "stale" : "reset");
	}
}

/* What a driver does after every call: the actions, then a tick if one is due, until there is nothing more. */
static void story_pump(struct agent_story *s)
{
	struct dtss_agent_action action;
	int rounds = 0;

	for (;;) {
		ck_assert_int_lt(rounds++, STORY_ROUNDS_MAX);
		if (dtss_agent_next_action(s->agent, &action))
			story_action(s, &action);
		else if (dtss_agent_next_ns(s->agent) <= s->ms * 1000000)
			ck_assert_int_eq(dtss_agent_tick(s->agent, story_now(s)), 0);
		else
			return;
	}
}

int story_open_failing(struct agent_story *s, uint32_t max_tasks, size_t fail_at)
{
	static const char *const tags[] = { "gpu", "linux" };
	static const struct dtss_resource resources[] = { { "memory", 1024 } };
	struct dtss_agent_config cfg;
	int result;

	memset(s, 0, sizeof *s);
	memset(&cfg, 0, sizeof cfg);
	fail_mem_init(&s->mem, fail_at);
	s->incarnation = 5;
	s->lease_ms = 20000;
	s->heartbeat_ms = 10000;
	s->identity = 0xaa;
	cfg.size = sizeof cfg;
	cfg.name = "w1";
	cfg.incarnation = 5;
	cfg.address = "127.0.0.1:9000";
	cfg.tags = tags;
	cfg.tag_count = 2;
	cfg.resources = resources;
	cfg.resource_count = 1;
	cfg.max_tasks = max_tasks;
	cfg.kill_grace_ms = 2000;
	cfg.heartbeat_ms = 10000;
	result = dtss_agent_create(&s->agent, &cfg, &s->mem.mem);
	if (result == 0)
		story_pump(s);
	return result;
}

void story_open(struct agent_story *s, uint32_t max_tasks)
{
	ck_assert_int_eq(story_open_failing(s, max_tasks, 0), 0);
}

void story_close(struct agent_story *s)
{
	dtss_agent_destroy(s->agent);
	ck_assert_uint_eq(s->mem.blocks, 0);
	ck_assert_uint_eq(s->mem.bytes, 0);
}

void story_until(struct agent_story *s, uint64_t ms)
{
	uint64_t next_ns;

	while ((next_ns = dtss_agent_next_ns(s->agent)) <= ms * 1000000) {
		if (next_ns > s->ms * 1000000)
			s->ms = (next_ns + 999999) / 1000000;
		story_pump(s);
	}
	s->ms = ms;
}

void story_sleep_until(struct agent_story *s, uint64_t ms)
{
	s->ms = ms;
	ck_assert_int_eq(dtss_agent_tick(s->agent, story_now(s)), 0);
	story_pump(s);
}

int story_assign(struct agent_story *s, uint64_t task, uint64_t fence, uint64_t timeout_ms)
{
	static const char *const argv[] = { "true" };
	struct dtss_task_spec spec;
	struct dtss_message message;
	uint8_t bytes[512];
	int result;

	memset(&spec, 0, sizeof spec);
	spec.size = sizeof spec;
	spec.argv = argv;
	spec.argc = 1;
	spec.timeout_ms = timeout_ms;
	memset(&message, 0, sizeof message);
	message.type = DTSS_MESSAGE_ASSIGN;
	message.u.assign.task.v = task;
	message.u.assign.fence = fence;
	message.u.assign.epoch = s->epoch;
	message.u.assign.incarnation = s->incarnation;
	message.u.assign.lease_ms = s->lease_ms;
	message.u.assign.heartbeat = s->heard;
	message.u.assign.attempt = 1;
	message.u.assign.spec = bytes;
	message.u.assign.spec_len = dtss_spec_encode(&spec, bytes, sizeof bytes);
	result = story_message(s, &message);
	story_pump(s);
	return result;
}

int story_stop(struct agent_story *s, uint64_t task, uint64_t fence, uint32_t cause)
{
	struct dtss_message message;
	int result;

	memset(&message, 0, sizeof message);
	message.type = DTSS_MESSAGE_STOP;
	message.u.stop.task.v = task;
	message.u.stop.fence = fence;
	message.u.stop.epoch = s->epoch;
	message.u.stop.incarnation = s->incarnation;
	message.u.stop.cause = cause;
	result = story_message(s, &message);
	story_pump(s);
	return result;
}

void story_answer(struct agent_story *s, uint64_t number, int32_t result)
{
	struct dtss_message message;

	story_make_answer(s, &message, number, result);
	ck_assert_int_eq(story_message(s, &message), 0);
	story_pump(s);
}

void story_ack(struct agent_story *s, uint64_t number, uint64_t task, uint64_t fence, uint32_t kind, int32_t result)
{
	struct dtss_ack ack = { { task }, fence, kind, result };
	struct dtss_message message;

	story_make_answer(s, &message, number, DTSS_OK);
	message.u.answer.acks = &ack;
	message.u.answer.ack_count = 1;
	ck_assert_int_eq(story_message(s, &message), 0);
	story_pump(s);
}

int story_started(struct agent_story *s, uint64_t fence)
{
	int result = dtss_agent_started(s->agent, story_now(s), fence);

	story_pump(s);
	return result;
}

static int story_ended(struct agent_story *s, uint64_t fence, uint32_t cause, int32_t exit_code, uint32_t signal)
{
	struct dtss_outcome outcome = { cause, exit_code, signal, 0, "said the driver" };
	int result = dtss_agent_ended(s->agent, story_now(s), fence, &outcome);

	story_pump(s);
	return result;
}

int story_exit(struct agent_story *s, uint64_t fence, int32_t exit_code)
{
	return story_ended(s, fence, DTSS_CAUSE_EXIT, exit_code, 0);
}

int story_signal(struct agent_story *s, uint64_t fence, uint32_t signal)
{
	return story_ended(s, fence, DTSS_CAUSE_SIGNAL, 0, signal);
}

int story_drain(struct agent_story *s, uint64_t grace_ms)
{
	int result = dtss_agent_drain(s->agent, story_now(s), grace_ms);

	story_pump(s);
	return result;
}

int story_resize(struct agent_story *s, uint32_t max_tasks)
{
	int result = dtss_agent_resize(s->agent, story_now(s), max_tasks);

	story_pump(s);
	return result;
}

void story_says(struct agent_story *s, const char *expected)
{
	if (strcmp(s->trace, expected) != 0)
		ck_abort_msg("it was\n%sinstead of\n%s", s->trace, expected);
	story_skip(s);
}

void story_skip(struct agent_story *s)
{
	s->len = 0;
	s->trace[0] = '\0';
}
