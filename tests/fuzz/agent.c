/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss/agent.h>
#include "fuzz/support/fuzz.h"

/*
 * The agent's engine under any messages, the true and the absurd, and a driver that reports what it likes. The model is
 * what processes there are, by fence. An attempt starts once, when no other of its task runs (X6); who is stopped runs;
 * what is listed is sorted and true; and in the end everything ends.
 */
#define STEPS_MAX 300
#define FENCES 24
#define TASKS 5

enum { UNKNOWN, STARTED, TERMED, KILLED, ENDED };

static struct dtss_agent *agent;
static struct dtss_time now;
static struct {
	int state;
	uint64_t task;
} fences[FENCES + 1];
static uint64_t number, epoch;
static uint8_t identity;
static int absurd; /* 1: it was told of a lease or an interval that no scheduler has */

static int runs(uint64_t fence)
{
	return fences[fence].state >= STARTED && fences[fence].state <= KILLED;
}

static void start(const struct dtss_agent_start *s)
{
	uint64_t i;

	ck_assert(s->fence >= 1 && s->fence <= FENCES);
	ck_assert_int_eq(fences[s->fence].state, UNKNOWN);
	for (i = 1; i <= FENCES; i++)
		ck_assert_msg(!runs(i) || fences[i].task != s->task.v, "X6: an older attempt still runs");
	fences[s->fence].state = STARTED;
	fences[s->fence].task = s->task.v;
}

static void heartbeat(const struct dtss_message *message)
{
	const struct dtss_heartbeat *hb = &message->u.heartbeat.heartbeat;
	size_t i;

	ck_assert_uint_eq(message->type, DTSS_MESSAGE_HEARTBEAT);
	ck_assert_uint_eq(hb->number, number + 1);
	number = hb->number;
	for (i = 0; i < hb->held_count; i++) {
		uint64_t fence = hb->held[i].fence;

		ck_assert(fence >= 1 && fence <= FENCES && fence <= hb->fence_seen);
		ck_assert(i == 0 || hb->held[i - 1].fence < fence);
		if (hb->held[i].state == DTSS_ATTEMPT_RUNNING || hb->held[i].state == DTSS_ATTEMPT_STOPPING)
			ck_assert(runs(fence));
		if (hb->held[i].state == DTSS_ATTEMPT_ENDED)
			ck_assert(!runs(fence));
	}
	ck_assert_uint_le(dtss_message_encode(message, NULL, 0), DTSS_MESSAGE_BYTES_MAX);
}

static void act(const struct dtss_agent_action *action)
{
	uint64_t fence = action->u.stop.fence;

	switch (action->type) {
	case DTSS_AGENT_START:
		start(&action->u.start);
		break;
	case DTSS_AGENT_STOP:
		ck_assert(fence <= FENCES && runs(fence));
		ck_assert_int_lt(fences[fence].state, action->u.stop.force ? KILLED : TERMED);
		fences[fence].state = action->u.stop.force ? KILLED : TERMED;
		break;
	case DTSS_AGENT_FORGET:
		ck_assert_int_eq(fences[action->u.forget.fence].state, ENDED);
		fences[action->u.forget.fence].state = UNKNOWN;
		break;
	case DTSS_AGENT_SEND:
		heartbeat(action->u.message);
		break;
	default:
		ck_assert(action->type == DTSS_AGENT_STALE || action->type == DTSS_AGENT_RESET);
	}
}

static void pump(void)
{
	struct dtss_agent_action action = { .size = sizeof action };

	while (dtss_agent_next_action(agent, &action) == 1)
		act(&action);
}

static uint64_t any_fence(struct fuzz_in *in)
{
	return 1 + fuzz_below(in, FENCES);
}

/* Seconds, or anything at all: then nobody can say when the agent will give up. */
static uint64_t duration(struct fuzz_in *in)
{
	if (fuzz_below(in, 16) != 15)
		return fuzz_below(in, 10000);
	absurd = 1;
	return fuzz_u64(in);
}

static void answer(struct fuzz_in *in, struct dtss_message_answer *a, struct dtss_ack *acks)
{
	static const int32_t results[] = { 0, 0, 0, DTSS_E_UNKNOWN, DTSS_E_NOT_LEADER, DTSS_E_INVALID, DTSS_E_STALE };
	size_t i;

	a->number = fuzz_below(in, 8) ? number - fuzz_below(in, 2) * (number > 0) : fuzz_u64(in);
	a->incarnation = fuzz_below(in, 16) ? 1 : fuzz_u64(in);
	a->epoch = epoch + fuzz_below(in, 2);
	memset(a->identity, identity, DTSS_IDENTITY_LEN);
	a->result = results[fuzz_below(in, 7)];
	a->lease_ms = duration(in);
	a->heartbeat_ms = duration(in);
	a->acks = acks;
	a->ack_count = fuzz_below(in, 5);
	for (i = 0; i < a->ack_count; i++) {
		acks[i].fence = any_fence(in);
		acks[i].task.v = 1 + acks[i].fence % TASKS;
		acks[i].kind = 1 + (uint32_t)fuzz_below(in, 2);
		acks[i].result = fuzz_below(in, 4) ? DTSS_OK : DTSS_E_FENCED;
	}
}

static void assign(struct fuzz_in *in, struct dtss_message_assign *a, uint8_t *bytes, size_t cap)
{
	struct dtss_task_spec spec = { .size = sizeof spec, .timeout_ms = fuzz_below(in, 3) * 700 };

	a->fence = any_fence(in);
	a->task.v = 1 + a->fence % TASKS;
	a->epoch = epoch;
	a->incarnation = 1;
	a->lease_ms = duration(in);
	a->attempt = 1 + (uint32_t)fuzz_below(in, 3);
	a->spec = bytes;
	a->spec_len = dtss_spec_encode(&spec, bytes, cap);
	if (fuzz_below(in, 8) == 7) /* not what an honest scheduler sends */
		bytes[fuzz_below(in, a->spec_len)] ^= 1;
	if (fuzz_below(in, 3) == 2)
		a->heartbeat = fuzz_below(in, 8) ? number - fuzz_below(in, 2) * (number > 0) : fuzz_u64(in);
}

static void hear(struct fuzz_in *in)
{
	struct dtss_message m = { .size = sizeof m };
	struct dtss_ack acks[8];
	uint8_t bytes[512];
	int error;

	m.type = 1 + (uint32_t)fuzz_below(in, 5); /* what is not for agents, too */
	if (m.type == DTSS_MESSAGE_ANSWER)
		answer(in, &m.u.answer, acks);
	else if (m.type == DTSS_MESSAGE_ASSIGN)
		assign(in, &m.u.assign, bytes, sizeof bytes);
	else if (m.type == DTSS_MESSAGE_STOP)
		m.u.stop = (struct dtss_message_stop){
			{ 1 + fuzz_below(in, TASKS) }, any_fence(in), epoch, 1, (uint32_t)fuzz_below(in, 16), 0
		};
	error = dtss_agent_message(agent, now, &m);
	ck_assert(error == 0 || error == DTSS_E_INVALID);
	ck_assert(error == 0 || m.type < DTSS_MESSAGE_ANSWER || m.type > DTSS_MESSAGE_STOP ||
		  m.type == DTSS_MESSAGE_ASSIGN);
}

/* The driver reports about what it was told to start; about what is over it is told so. */
static void work(struct fuzz_in *in)
{
	uint64_t fence = any_fence(in);
	struct dtss_outcome outcome = { .cause = DTSS_CAUSE_EXIT, .exit_code = (int32_t)fuzz_below(in, 3) };
	int end = fuzz_below(in, 2) == 1, error;

	if (fences[fence].state == UNKNOWN)
		return;
	error = end ? dtss_agent_ended(agent, now, fence, &outcome) : dtss_agent_started(agent, now, fence);
	if (runs(fence))
		ck_assert_int_eq(error, 0);
	else
		ck_assert(!end || error == DTSS_E_NOT_FOUND || error == DTSS_E_STATE);
	if (runs(fence) && end)
		fences[fence].state = ENDED;
}

static void pass(struct fuzz_in *in)
{
	uint64_t next = dtss_agent_next_ns(agent);

	if (fuzz_below(in, 4) == 3)
		now.mono_ns += fuzz_below(in, 65536) * 1000000; /* up to a minute: it was suspended */
	else if (next != DTSS_NEVER && next > now.mono_ns && next - now.mono_ns < UINT64_C(1) << 60)
		now.mono_ns = next;
	ck_assert_int_eq(dtss_agent_tick(agent, now), 0);
}

static void step(struct fuzz_in *in)
{
	switch (fuzz_below(in, 9)) {
	case 0:
	case 1:
	case 2:
		hear(in);
		break;
	case 3:
	case 4:
		work(in);
		break;
	case 5:
	case 6:
		pass(in);
		break;
	case 7:
		identity = (uint8_t)(1 + fuzz_below(in, 3));
		epoch += fuzz_below(in, 2);
		break;
	default:
		if (fuzz_below(in, 16) == 15)
			ck_assert_int_eq(dtss_agent_drain(agent, now, fuzz_below(in, 2) * 500), 0);
		else
			ck_assert_int_eq(dtss_agent_resize(agent, now, (uint32_t)fuzz_below(in, 8)), 0);
	}
	if (fuzz_below(in, 3) != 2)
		pump(); /* else more happens before the actions are looked at */
}

static void all_die(void)
{
	struct dtss_outcome outcome = { .cause = DTSS_CAUSE_SIGNAL, .signal = 9 };
	uint64_t fence;

	for (fence = 1; fence <= FENCES; fence++) {
		if (!runs(fence))
			continue;
		ck_assert(fences[fence].state >= TERMED || absurd); /* nobody was overlooked */
		ck_assert_int_eq(dtss_agent_ended(agent, now, fence, &outcome), 0);
		fences[fence].state = ENDED;
	}
	pump();
}

/* Minutes without any answer: every lease is over, and what runs is told to end. Nothing new is begun. */
static void quiet(void)
{
	uint64_t fence;
	int i;

	for (i = 0; i < 4; i++) {
		now.mono_ns += UINT64_C(30000000000);
		ck_assert_int_eq(dtss_agent_tick(agent, now), 0);
		pump();
	}
	all_die();
	for (fence = 1; fence <= FENCES; fence++)
		ck_assert(!runs(fence) || absurd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "w", .incarnation = 1, .kill_grace_ms = 300 };
	struct fuzz_in in = { data, size };
	struct fail_mem memory;
	int refused, steps;

	memset(fences, 0, sizeof fences);
	now = (struct dtss_time){ UINT64_C(1000000000), INT64_C(1700000000000000000) };
	number = 0;
	epoch = 5;
	identity = 1;
	absurd = 0;
	cfg.max_tasks = (uint32_t)fuzz_below(&in, 5);
	cfg.flags = (uint32_t)fuzz_below(&in, 2);
	fuzz_mem_init(&memory, &refused);
	ck_assert_int_eq(dtss_agent_create(&agent, &cfg, &memory.mem), 0);
	for (steps = 0; in.left > 0 && steps < STEPS_MAX; steps++)
		step(&in);
	quiet();
	dtss_agent_destroy(agent);
	ck_assert_int_eq(refused, 0);
	ck_assert_uint_eq(memory.blocks, 0);
	return 0;
}
