/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "support/fail_mem.h"
#include "support/rand.h"

Suite *suite_torture_snapshot(void);

/*
 * Random verbs on an engine. Now and then, when nothing is under way, a twin is made from a snapshot of it; from then on
 * every verb goes to both, and they must give the same answers, actions, batches and digests, until the next twin.
 */
#define STEPS 1200
#define AGENTS 5
#define HELD 64
#define MS UINT64_C(1000000)
#define MUST(condition) ((condition) ? (void)0 : ck_abort_msg("seed %u, step %u: %s", seed_now, step_now, #condition))

struct agent {
	const char *name;
	uint64_t incarnation, number, fence_seen;
	uint32_t max_tasks, kind;
	const char *tags[2];
	struct dtss_resource resource;
	struct dtss_held held[HELD];
	size_t held_count;
};

static struct dtss_sched *one, *two;
static struct fail_mem mem_one, mem_two;
static struct dtss_config cfg;
static struct dtss_time now;
static struct agent agents[AGENTS];
static struct rand rnd;
static unsigned seed_now, step_now, twins;
static const char *const tags[] = { "a", "b", "c" };

static uint64_t dice(uint64_t sides)
{
	return rand_below(&rnd, sides);
}

static void same(int a, int b)
{
	MUST(a == b);
	MUST(dtss_sched_digest_all(one) == dtss_sched_digest_all(two));
	MUST(dtss_sched_seq(one) == dtss_sched_seq(two));
	MUST(dtss_sched_next_ns(one) == dtss_sched_next_ns(two));
}

/* The call on both; its result. s stands for the engine. */
#define BOTH(result, call)                                                                                             \
	do {                                                                                                           \
		struct dtss_sched *s = one;                                                                            \
		int other = 0;                                                                                         \
		result = call;                                                                                         \
		s = two;                                                                                               \
		if (two)                                                                                               \
			other = call, same(result, other);                                                             \
	} while (0)

static void twin(void)
{
	struct dtss_snapshot c = { .size = sizeof c };
	struct dtss_violation v;
	const void *piece;
	size_t len;
	int rc;

	dtss_sched_destroy(two);
	two = NULL;
	MUST(dtss_sched_create(&two, &cfg, &mem_two.mem) == 0);
	while ((rc = dtss_sched_snapshot(one, &c, &piece, &len)) == 1)
		MUST(dtss_sched_restore(two, piece, len) == 0);
	if (rc == DTSS_E_STATE) {
		dtss_sched_destroy(two);
		two = NULL;
		return;
	}
	MUST(rc == 0);
	MUST(dtss_sched_restore(two, piece, len) == DTSS_E_STATE);
	if (dtss_sched_check(two, &v, 1))
		ck_abort_msg("seed %u: %s: %s", seed_now, v.id, v.text);
	MUST(dtss_sched_digest_all(one) == dtss_sched_digest_all(two));
	MUST(dtss_sched_next_ns(one) == dtss_sched_next_ns(two));
	twins++;
}

static dtss_task_id any_task(void)
{
	struct dtss_stats st;

	dtss_sched_stats(one, &st);
	return (dtss_task_id){ st.totals[0] ? 1 + dice(st.totals[0]) : 1 };
}

static void do_submit(void)
{
	struct dtss_after after[2] = { { any_task(), 0, 0 }, { any_task(), 0, 0 } };
	struct dtss_resource mem = { "mem", 1 + dice(3) };
	struct dtss_task_spec spec = { .size = sizeof spec };
	const char *tag = tags[dice(3)];
	dtss_task_id id;
	char key[8];
	int rc;

	snprintf(key, sizeof key, "%u", (unsigned)dice(40));
	spec.name = "job";
	spec.key = dice(4) ? NULL : key;
	spec.queue = dice(2) ? "q" : NULL;
	spec.priority = (int32_t)dice(12);
	spec.tags = &tag;
	spec.tag_count = dice(2);
	spec.resources = &mem;
	spec.resource_count = dice(4) == 0;
	spec.after = after;
	spec.after_count = dice(3) == 0 ? 1 + dice(2) : 0;
	spec.flags = dice(12) == 0 ? DTSS_SPEC_HELD : 0;
	spec.not_before_ns = dice(6) ? 0 : now.wall_ns + (int64_t)dice(20) * 1000000000;
	spec.start_deadline_ms = dice(6) ? 0 : 1 + dice(100000);
	spec.timeout_ms = dice(5) ? 0 : 1 + dice(20000);
	spec.retry.attempts_max = (uint32_t)dice(5);
	BOTH(rc, dtss_sched_submit(s, now, &spec, &id));
	MUST(rc >= 0 || rc == DTSS_E_NOT_FOUND || rc == DTSS_E_CONFLICT || rc == DTSS_E_INVALID);
}

static void do_heartbeat(struct agent *a)
{
	struct dtss_heartbeat hb = { .size = sizeof hb };
	uint64_t d = dice(16);
	int rc;

	if (d == 0 && a->kind == DTSS_WORKER_AGENT) {
		a->incarnation++;
		a->held_count = 0;
		a->number = a->fence_seen = 0;
	} else if (d == 1 && a->held_count) {
		a->held[dice(a->held_count)] = a->held[a->held_count - 1];
		a->held_count--;
	} else if (d == 2) {
		a->max_tasks = (uint32_t)dice(6);
	} else if (d == 3) {
		a->tags[0] = tags[dice(3)];
	} else if (d == 4) {
		a->resource.amount = 1 + dice(8);
	}
	hb.name = a->name;
	hb.kind = a->kind;
	hb.incarnation = a->incarnation;
	hb.number = a->kind == DTSS_WORKER_AGENT ? ++a->number : 0;
	hb.fence_seen = a->fence_seen;
	hb.flags = dice(40) == 0 ? DTSS_HEARTBEAT_STOPPING : 0;
	hb.max_tasks = a->max_tasks;
	hb.used = (uint32_t)(a->held_count + (dice(8) == 0));
	hb.address = dice(30) ? "1.2.3.4:5" : NULL;
	hb.tags = a->tags;
	hb.tag_count = 1 + dice(2);
	hb.resources = &a->resource;
	hb.resource_count = 1;
	hb.held = a->held;
	hb.held_count = a->held_count;
	hb.sent_wall_ns = now.wall_ns + 5;
	BOTH(rc, dtss_sched_heartbeat(s, now, &hb));
	MUST(rc == 0 || rc == DTSS_E_STALE || rc == DTSS_E_STATE);
}

static void do_report(struct agent *a)
{
	static const uint32_t causes[] = { DTSS_CAUSE_EXIT,     DTSS_CAUSE_EXIT,     DTSS_CAUSE_SIGNAL,
					   DTSS_CAUSE_REJECTED, DTSS_CAUSE_RELEASED, DTSS_CAUSE_OOM };
	struct dtss_report r = { .size = sizeof r };
	int rc;

	r.task = any_task();
	r.fence = dice(50);
	r.kind = DTSS_REPORT_ENDED;
	r.outcome.cause = causes[dice(6)];
	r.outcome.exit_code = (int32_t)dice(2);
	r.outcome.detail = dice(3) ? NULL : "so it went";
	if (a->held_count && dice(6)) {
		size_t at = dice(a->held_count);

		r.task = a->held[at].task;
		r.fence = a->held[at].fence;
		if (dice(2)) {
			r.kind = DTSS_REPORT_STARTED;
			a->held[at].state = DTSS_ATTEMPT_RUNNING;
		} else {
			a->held[at] = a->held[--a->held_count];
		}
	}
	BOTH(rc, dtss_sched_report(s, now, &r));
	MUST(rc == 0 || rc == DTSS_E_FENCED);
}

static void do_operator(void)
{
	const char *worker = agents[dice(AGENTS)].name;
	const char *tag = tags[dice(3)];
	struct dtss_placement placement;
	struct dtss_explanation why;
	dtss_task_id id = any_task(), made;
	size_t tag_count = dice(2);
	int rc;

	switch (dice(9)) {
	case 0:
		BOTH(rc, dtss_sched_cancel(s, now, id, NULL));
		break;
	case 1:
		BOTH(rc, dtss_sched_hold(s, now, id));
		break;
	case 2:
		BOTH(rc, dtss_sched_release(s, now, id));
		break;
	case 3:
		BOTH(rc, dtss_sched_retry(s, now, id, NULL, &made));
		break;
	case 4:
		BOTH(rc, dtss_sched_drain(s, now, worker));
		break;
	case 5:
		BOTH(rc, dtss_sched_cordon(s, now, worker));
		break;
	case 6:
		BOTH(rc, dtss_sched_uncordon(s, now, worker));
		break;
	case 7:
		BOTH(rc, dtss_sched_explain(s, now, id, &why));
		break;
	default:
		BOTH(rc, dtss_sched_place(s, now, &tag, tag_count, &placement));
	}
	MUST(rc == 0 || rc == DTSS_E_STATE || rc == DTSS_E_NOT_FOUND || rc == DTSS_E_NO_WORKER);
}

static void deliver(const struct dtss_action *a)
{
	const struct dtss_message *m = a->u.send.message;
	size_t i;

	if (m->type != DTSS_MESSAGE_ASSIGN || dice(20) == 0)
		return;
	for (i = 0; i < AGENTS; i++) {
		struct agent *to = &agents[i];

		if (strcmp(to->name, a->u.send.worker) != 0 || to->held_count == HELD)
			continue;
		to->held[to->held_count++] = (struct dtss_held){ m->u.assign.task, m->u.assign.fence,
								 m->u.assign.attempt, DTSS_ATTEMPT_LEASED };
		if (m->u.assign.fence > to->fence_seen)
			to->fence_seen = m->u.assign.fence;
	}
}

static void same_action(const struct dtss_action *a, const struct dtss_action *b)
{
	uint8_t x[4096], y[4096];
	size_t len;

	MUST(a->type == b->type);
	if (a->type == DTSS_ACTION_EVENT) {
		MUST(memcmp(&a->u.event, &b->u.event, sizeof a->u.event) == 0);
		return;
	}
	MUST(strcmp(a->u.send.worker, b->u.send.worker) == 0);
	len = dtss_message_encode(a->u.send.message, x, sizeof x);
	MUST(len <= sizeof x && len == dtss_message_encode(b->u.send.message, y, sizeof y));
	MUST(memcmp(x, y, len) == 0);
}

static void do_actions(void)
{
	struct dtss_action a, b;

	while (dtss_sched_next_action(one, &a)) {
		if (two) {
			MUST(dtss_sched_next_action(two, &b));
			same_action(&a, &b);
		}
		if (a.type == DTSS_ACTION_SEND)
			deliver(&a);
	}
	if (two)
		MUST(!dtss_sched_next_action(two, &b));
}

static void do_store(void)
{
	struct dtss_batch a = { .size = sizeof a }, b = { .size = sizeof b };

	if (!dtss_sched_batch(one, &a)) {
		if (two)
			MUST(!dtss_sched_batch(two, &b));
		return;
	}
	if (two) {
		MUST(dtss_sched_batch(two, &b));
		MUST(a.hash == b.hash && a.last_seq == b.last_seq && a.record_count == b.record_count);
	}
	dtss_sched_stored(one, now, a.last_seq);
	if (two) {
		dtss_sched_stored(two, now, b.last_seq);
		MUST(dtss_sched_digest_all(one) == dtss_sched_digest_all(two));
	}
}

static void do_pass(void)
{
	uint64_t ms = dice(12) ? dice(3000) : dice(40000);
	int rc, i;

	now.mono_ns += ms * MS;
	now.wall_ns += (int64_t)(ms * MS);
	if (dice(40) == 0)
		now.wall_ns += ((int64_t)dice(4000) - 2000) * 1000000000;
	for (i = 0; i < 4 && dtss_sched_next_ns(one) <= now.mono_ns; i++) {
		BOTH(rc, dtss_sched_tick(s, now));
		MUST(rc == 0);
	}
}

static void step(void)
{
	uint64_t d = dice(100);

	if (d < 22)
		do_submit();
	else if (d < 47)
		do_heartbeat(&agents[dice(AGENTS)]);
	else if (d < 72)
		do_report(&agents[dice(AGENTS)]);
	else if (d < 84)
		do_operator();
	else
		do_pass();
	if (dice(3))
		do_store();
	if (dice(4))
		do_actions();
	if (dice(12) == 0)
		twin();
}

static void begin(unsigned seed)
{
	size_t i;

	rnd.state = seed;
	memset(agents, 0, sizeof agents);
	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.seed = seed;
	cfg.placement = seed % 3;
	cfg.keys_max = 8;
	cfg.worker_forget_ms = 60000;
	now = (struct dtss_time){ 5000000 * MS, INT64_C(1700000000) * 1000000000 };
	fail_mem_init(&mem_one, 0);
	fail_mem_init(&mem_two, 0);
	two = NULL;
	ck_assert_int_eq(dtss_sched_create(&one, &cfg, &mem_one.mem), 0);
	ck_assert_int_eq(dtss_sched_lead(one, now, 1), 0);
	for (i = 0; i < AGENTS; i++) {
		agents[i].name = (const char *[]){ "v", "w", "x", "y", "z" }[i];
		agents[i].kind = i == 4 ? DTSS_WORKER_PLACEMENT : DTSS_WORKER_AGENT;
		agents[i].incarnation = i == 4 ? 0 : 1;
		agents[i].max_tasks = 4;
		agents[i].tags[0] = tags[i % 3];
		agents[i].tags[1] = tags[(i + 1) % 3];
		agents[i].resource = (struct dtss_resource){ "mem", 4 };
	}
}

START_TEST(a_restored_engine_goes_on_as_the_first)
{
	seed_now = 1 + (unsigned)_i;
	twins = 0;
	begin(seed_now);
	for (step_now = 0; step_now < STEPS; step_now++)
		step();
	ck_assert_uint_gt(twins, 10);
	dtss_sched_destroy(one);
	dtss_sched_destroy(two);
	ck_assert_uint_eq(mem_one.blocks, 0);
	ck_assert_uint_eq(mem_two.blocks, 0);
}
END_TEST

Suite *suite_torture_snapshot(void)
{
	Suite *s = suite_create("torture_snapshot");
	TCase *c = tcase_create("snapshot");

	tcase_add_loop_test(c, a_restored_engine_goes_on_as_the_first, 0, 24);
	suite_add_tcase(s, c);
	return s;
}
