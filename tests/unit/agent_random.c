/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss/agent.h>
#include <dtss/error.h>
#include "support/fail_mem.h"

Suite *suite_unit_agent_random(void);

/*
 * A scheduler that lies and a network that loses, repeats and reorders, from a seed; a driver that does what it is told,
 * slowly. Whatever comes: an attempt starts at most once, after the older ones of its task have died (X6); nothing runs
 * that the agent forgot; once everybody is quiet, everything ends.
 */
#define SEEDS 5 /* a check */
#define STEPS 500
#define FENCES STEPS

enum { UNKNOWN, STARTED, TERMED, KILLED, ENDED };

struct world {
	struct fail_mem mem;
	struct dtss_agent *agent;
	struct dtss_time now;
	uint64_t random;
	uint64_t number, epoch;
	uint64_t fence; /* the last granted */
	uint8_t identity;
	int state[FENCES + 1]; /* what the driver knows, by fence */
	uint64_t task[FENCES + 1];
};

static uint64_t choose(struct world *w, uint64_t n)
{
	w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (w->random >> 33) % n;
}

/* One of the last few. */
static uint64_t recent(struct world *w)
{
	uint64_t back = choose(w, 12);

	return w->fence > back ? w->fence - back : 1;
}

static int runs(const struct world *w, size_t fence)
{
	return w->state[fence] != UNKNOWN && w->state[fence] != ENDED;
}

static void started(struct world *w, const struct dtss_agent_start *start)
{
	size_t i;

	ck_assert_int_eq(w->state[start->fence], UNKNOWN);
	for (i = 1; i <= FENCES; i++)
		ck_assert_msg(!runs(w, i) || w->task[i] != start->task.v, "X6: an older attempt still runs");
	w->state[start->fence] = STARTED;
	w->task[start->fence] = start->task.v;
}

/* The list is sorted, and honest. */
static void heard(struct world *w, const struct dtss_heartbeat *hb)
{
	size_t i;

	ck_assert_uint_eq(hb->number, w->number + 1);
	w->number = hb->number;
	for (i = 0; i < hb->held_count; i++) {
		uint64_t fence = hb->held[i].fence;

		ck_assert_uint_le(fence, hb->fence_seen);
		ck_assert(i == 0 || hb->held[i - 1].fence < fence);
		if (hb->held[i].state == DTSS_ATTEMPT_RUNNING)
			ck_assert_int_eq(w->state[fence], STARTED);
		if (hb->held[i].state == DTSS_ATTEMPT_STOPPING)
			ck_assert(runs(w, fence));
		if (hb->held[i].state == DTSS_ATTEMPT_ENDED)
			ck_assert(!runs(w, fence));
	}
}

static void act(struct world *w, const struct dtss_agent_action *action)
{
	uint64_t fence = action->u.stop.fence;

	switch (action->type) {
	case DTSS_AGENT_START:
		started(w, &action->u.start);
		break;
	case DTSS_AGENT_STOP:
		ck_assert(runs(w, fence));
		ck_assert_int_lt(w->state[fence], action->u.stop.force ? KILLED : TERMED);
		w->state[fence] = action->u.stop.force ? KILLED : TERMED;
		break;
	case DTSS_AGENT_FORGET:
		fence = action->u.forget.fence;
		ck_assert_int_eq(w->state[fence], ENDED);
		w->state[fence] = UNKNOWN; /* another store may give the fence again */
		break;
	case DTSS_AGENT_SEND:
		heard(w, &action->u.message->u.heartbeat.heartbeat);
		break;
	default:
		break;
	}
}

static void pump(struct world *w)
{
	struct dtss_agent_action action;

	while (dtss_agent_next_action(w->agent, &action))
		act(w, &action);
}

static void answer(struct world *w, struct dtss_message *m, struct dtss_ack *acks)
{
	static const int32_t results[] = { 0, 0, 0, 0, DTSS_E_UNKNOWN, DTSS_E_NOT_LEADER };
	size_t i;

	m->type = DTSS_MESSAGE_ANSWER;
	m->u.answer.number = w->number > 3 ? w->number - choose(w, 3) : w->number;
	m->u.answer.incarnation = 1;
	m->u.answer.epoch = w->epoch - choose(w, 2);
	memset(m->u.answer.identity, w->identity, DTSS_IDENTITY_LEN);
	m->u.answer.result = results[choose(w, 6)];
	m->u.answer.lease_ms = 1000 + choose(w, 3000);
	m->u.answer.heartbeat_ms = 100 + choose(w, 400);
	m->u.answer.acks = acks;
	m->u.answer.ack_count = 6;
	for (i = 0; i < 6; i++) {
		acks[i].fence = recent(w);
		acks[i].task.v = 1 + acks[i].fence % 5;
		acks[i].kind = 1 + (uint32_t)choose(w, 2);
		acks[i].result = choose(w, 8) == 0 ? DTSS_E_FENCED : 0;
	}
}

static void hear(struct world *w)
{
	struct dtss_task_spec spec = { .size = sizeof spec, .payload = "x", .payload_len = 1 };
	struct dtss_message m = { .size = sizeof m };
	struct dtss_ack acks[6];
	uint8_t bytes[256];
	uint64_t fence = recent(w);

	spec.timeout_ms = choose(w, 2) * 700;
	if (choose(w, 2)) {
		answer(w, &m, acks);
	} else if (choose(w, 4)) {
		if (choose(w, 2))
			fence = ++w->fence;
		m.type = DTSS_MESSAGE_ASSIGN;
		m.u.assign.fence = fence;
		m.u.assign.task.v = 1 + fence % 5;
		m.u.assign.epoch = w->epoch;
		m.u.assign.incarnation = 1;
		m.u.assign.lease_ms = 2000;
		m.u.assign.heartbeat = choose(w, 2) ? w->number + 1 - choose(w, 4) % (w->number + 1) : 0;
		m.u.assign.spec = bytes;
		m.u.assign.spec_len = dtss_spec_encode(&spec, bytes, sizeof bytes);
	} else {
		m.type = DTSS_MESSAGE_STOP;
		m.u.stop.fence = fence;
		m.u.stop.task.v = 1 + fence % 5;
		m.u.stop.epoch = w->epoch;
		m.u.stop.incarnation = 1;
		m.u.stop.cause = DTSS_CAUSE_CANCEL;
	}
	ck_assert_int_eq(dtss_agent_message(w->agent, w->now, &m), 0);
}

static void work(struct world *w, uint64_t fence)
{
	struct dtss_outcome outcome = { DTSS_CAUSE_EXIT, (int32_t)choose(w, 2), 0, 0, NULL };

	if (!runs(w, fence))
		return;
	if (choose(w, 2)) {
		ck_assert_int_eq(dtss_agent_started(w->agent, w->now, fence), 0);
		return;
	}
	ck_assert_int_eq(dtss_agent_ended(w->agent, w->now, fence, &outcome), 0);
	w->state[fence] = ENDED;
}

static void pass(struct world *w)
{
	uint64_t next_ns = dtss_agent_next_ns(w->agent);

	if (choose(w, 30) == 0)
		w->now.mono_ns += UINT64_C(5000000000); /* it was suspended */
	else if (next_ns > w->now.mono_ns && next_ns != DTSS_NEVER && choose(w, 2))
		w->now.mono_ns = next_ns;
	ck_assert_int_eq(dtss_agent_tick(w->agent, w->now), 0);
}

static void step(struct world *w)
{
	switch (choose(w, 6)) {
	case 0:
	case 1:
		hear(w);
		break;
	case 2:
	case 3:
		work(w, recent(w));
		break;
	case 4:
		pass(w);
		break;
	default:
		if (choose(w, 40) == 0) { /* restored from a backup */
			w->identity++;
			w->fence = 0;
		}
		if (choose(w, 20) == 0)
			w->epoch++;
		ck_assert_int_eq(dtss_agent_resize(w->agent, w->now, (uint32_t)choose(w, 8)), 0);
	}
	if (choose(w, 3))
		pump(w); /* else more happens before the actions are looked at */
}

/* The worker is told that it is stale; every process dies, and nothing remains. */
static void quiet(struct world *w)
{
	struct dtss_message m = { .size = sizeof m, .type = DTSS_MESSAGE_ANSWER };
	struct dtss_outcome outcome = { DTSS_CAUSE_SIGNAL, 0, 9, 0, NULL };
	uint64_t fence;

	w->now.mono_ns += UINT64_C(10000000000);
	ck_assert_int_eq(dtss_agent_tick(w->agent, w->now), 0);
	pump(w);
	m.u.answer.number = w->number;
	m.u.answer.incarnation = 1;
	m.u.answer.epoch = w->epoch + 1;
	memset(m.u.answer.identity, w->identity, DTSS_IDENTITY_LEN);
	m.u.answer.result = DTSS_E_STALE;
	ck_assert_int_eq(dtss_agent_message(w->agent, w->now, &m), 0);
	pump(w);
	for (fence = 1; fence <= FENCES; fence++) {
		if (!runs(w, fence))
			continue;
		ck_assert_int_ge(w->state[fence], TERMED); /* nobody was overlooked */
		ck_assert_int_eq(dtss_agent_ended(w->agent, w->now, fence, &outcome), 0);
		w->state[fence] = ENDED;
	}
	pump(w);
	ck_assert_int_eq(dtss_agent_idle(w->agent), 1);
	ck_assert_uint_eq(dtss_agent_next_ns(w->agent), DTSS_NEVER);
}

static void run(uint64_t seed)
{
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "w", .incarnation = 1, .max_tasks = 4 };
	struct world w;
	int i;

	memset(&w, 0, sizeof w);
	fail_mem_init(&w.mem, 0);
	w.random = seed;
	w.epoch = 5;
	w.identity = 1;
	cfg.kill_grace_ms = 300;
	ck_assert_int_eq(dtss_agent_create(&w.agent, &cfg, &w.mem.mem), 0);
	for (i = 0; i < STEPS; i++)
		step(&w);
	quiet(&w);
	dtss_agent_destroy(w.agent);
	ck_assert_uint_eq(w.mem.blocks, 0);
}

START_TEST(whatever_comes)
{
	int i;

	for (i = 0; i < SEEDS; i++)
		run((uint64_t)_i * SEEDS + (uint64_t)i);
}
END_TEST

Suite *suite_unit_agent_random(void)
{
	Suite *suite = suite_create("unit_agent_random");
	TCase *tc = tcase_create("agent_random");

	tcase_add_loop_test(tc, whatever_comes, 0, 10);
	suite_add_tcase(suite, tc);
	return suite;
}
