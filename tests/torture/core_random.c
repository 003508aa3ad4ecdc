/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/engine.h"
#include "support/rand.h"

Suite *suite_torture_core_random(void);

/*
 * Any verb at any moment, with agents that crash, lose messages, repeat old reports and heartbeats, and a scheduler that
 * is killed. The rig checks every invariant after each step; at the end the faults stop, and all work must come to its
 * end.
 */
#define STEPS 1500
#define TASKS 400

static struct engine e;
static struct rand rnd;
static const char *const tags[] = { "a", "b", "c" };

static uint64_t dice(uint64_t sides)
{
	return rand_below(&rnd, sides);
}

static dtss_task_id any_task(void)
{
	struct dtss_stats st;

	dtss_sched_stats(e.s, &st);
	return (dtss_task_id){ st.totals[0] ? 1 + dice(st.totals[0]) : 1 };
}

static void do_submit(void)
{
	static const struct dtss_retry_rule rules[] = { { 0, DTSS_RETRY_FAIL, 3, 3 }, { 0, DTSS_RETRY_IGNORE, 4, 4 } };
	struct dtss_resource mem = { "mem", 1 + dice(3) };
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_after after[2] = { { any_task(), 0, 0 }, { any_task(), 0, 0 } };
	const char *tag = tags[dice(3)];
	struct dtss_stats st;
	char key[8];
	dtss_task_id id;
	int error;

	dtss_sched_stats(e.s, &st);
	if (st.totals[0] >= TASKS)
		return;
	snprintf(key, sizeof key, "%u", (unsigned)dice(30));
	spec.key = dice(4) ? NULL : key;
	spec.queue = dice(2) ? "q" : NULL;
	spec.priority = (int32_t)dice(3);
	spec.tags = &tag;
	spec.tag_count = dice(2);
	spec.resources = &mem;
	spec.resource_count = dice(4) == 0;
	spec.after = after;
	spec.after_count = dice(4) == 0 ? 1 + dice(2) : 0;
	spec.flags = dice(12) == 0 ? DTSS_SPEC_HELD : 0;
	spec.not_before_ns = dice(6) ? 0 : e.now.wall_ns + (int64_t)dice(20) * 1000000000;
	spec.start_deadline_ms = dice(6) ? 0 : 1 + dice(100000);
	spec.timeout_ms = dice(5) ? 0 : 1 + dice(20000);
	spec.retry.attempts_max = (uint32_t)dice(5);
	spec.retry.lost_max = (uint32_t)dice(5);
	spec.retry.rules = rules;
	spec.retry.rule_count = dice(3) ? 0 : 2;
	error = dtss_sched_submit(e.s, e.now, &spec, &id);
	ck_assert(error >= 0 || error == DTSS_E_NOT_FOUND || error == DTSS_E_CONFLICT || error == DTSS_E_INVALID);
}

static void do_agent(void)
{
	struct engine_agent *a = &e.agents[dice(e.agent_count)];
	uint64_t d = dice(14);

	if (d == 0)
		engine_reborn(a);
	else if (d == 1)
		a->silent = !a->silent;
	else if (d == 2)
		a->deaf = !a->deaf;
	else if (d == 3)
		a->max_tasks = (uint32_t)dice(6);
	else if (d == 4 && a->held_count) /* it loses one */
		a->held[dice(a->held_count)] = a->held[a->held_count - 1], a->held_count--;
	else if (d == 5)
		a->tags[0] = tags[dice(3)];
	else if (d == 6)
		a->resources[0].amount = 1 + dice(8);
	else if (d == 7)
		a->flags ^= DTSS_HEARTBEAT_STOPPING;
	ck_assert_int_eq(engine_beat(&e, a), 0);
}

static void do_report(void)
{
	static const uint32_t causes[] = { DTSS_CAUSE_EXIT,    DTSS_CAUSE_EXIT,     DTSS_CAUSE_EXIT,
					   DTSS_CAUSE_SIGNAL,  DTSS_CAUSE_REJECTED, DTSS_CAUSE_RELEASED,
					   DTSS_CAUSE_TIMEOUT, DTSS_CAUSE_OOM,      DTSS_CAUSE_START_FAILED,
					   DTSS_CAUSE_CANCEL };
	struct engine_agent *a = &e.agents[dice(e.agent_count)];
	dtss_task_id id = any_task();
	uint64_t fence = dice(10) ? engine_fence(&e, id) : dice(e.fence + 2);
	int error;

	if (a->held_count && dice(4)) { /* mostly about what it holds */
		struct dtss_held *h = &a->held[dice(a->held_count)];

		id = h->task;
		fence = h->fence;
		if (dice(2)) {
			h->state = DTSS_ATTEMPT_RUNNING;
			error = engine_report(&e, id, fence, DTSS_REPORT_STARTED, 0, 0);
			ck_assert(error == 0 || error == DTSS_E_FENCED);
			return;
		}
		*h = a->held[--a->held_count];
	}
	error = engine_report(&e, id, fence, DTSS_REPORT_ENDED, causes[dice(10)], (int32_t)dice(6) / 2);
	ck_assert(error == 0 || error == DTSS_E_FENCED);
}

static void do_operator(void)
{
	const char *worker = e.agents[dice(e.agent_count)].name;
	struct dtss_placement placement;
	struct dtss_task_spec spec = engine_spec("again");
	dtss_task_id id = any_task();
	int error = 0;

	switch (dice(8)) {
	case 0:
		error = dtss_sched_cancel(e.s, e.now, id, NULL);
		break;
	case 1:
		error = dtss_sched_hold(e.s, e.now, id);
		break;
	case 2:
		error = dtss_sched_release(e.s, e.now, id);
		break;
	case 3:
		error = dtss_sched_retry(e.s, e.now, id, dice(2) ? &spec : NULL, &id);
		break;
	case 4:
		error = dtss_sched_drain(e.s, e.now, worker);
		break;
	case 5:
		error = dtss_sched_uncordon(e.s, e.now, worker);
		break;
	case 6:
		error = dtss_sched_place(e.s, e.now, NULL, 0, &placement);
		break;
	default:
		engine_text(&e, engine_task(&e, "explained"));
	}
	ck_assert(error == 0 || error == DTSS_E_STATE || error == DTSS_E_NOT_FOUND || error == DTSS_E_NO_WORKER);
	engine_check(&e);
}

static void step(void)
{
	uint64_t d = dice(100);

	if (d < 20)
		do_submit();
	else if (d < 45)
		do_agent();
	else if (d < 75)
		do_report();
	else if (d < 83)
		do_operator();
	else if (d < 97)
		engine_pass(&e, dice(10) ? dice(3000) : dice(40000));
	else if (d < 98)
		e.now.wall_ns += ((int64_t)dice(4000) - 2000) * 1000000000;
	else if (d < 99)
		engine_restart(&e);
	else
		engine_takeover(&e);
	if (dice(3))
		engine_pump(&e);
	e.sent_count = 0;
}

/* L1: with workers that can fit the work and no more faults, everything ends. */
static void settle(void)
{
	struct dtss_stats st;
	uint64_t id;
	size_t i;
	int round;

	e.now.wall_ns += INT64_C(100000) * 1000000000; /* past every not_before */
	for (i = 0; i < e.agent_count; i++) {
		struct engine_agent *a = &e.agents[i];

		engine_reborn(a);
		a->silent = a->deaf = 0;
		a->flags = 0;
		a->max_tasks = 20;
		a->resources[0].amount = 100;
		for (a->tag_count = 0; a->tag_count < 3; a->tag_count++)
			a->tags[a->tag_count] = tags[a->tag_count];
		engine_beat(&e, a);
		ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, a->name), 0);
	}
	for (round = 0; round < 300; round++) {
		for (id = 1; id < ENGINE_TASKS; id++)
			if (e.tasks[id].state == DTSS_TASK_HELD)
				ck_assert_int_eq(dtss_sched_release(e.s, e.now, (dtss_task_id){ id }), 0);
		engine_pass(&e, 5000);
		for (id = 1; id < ENGINE_TASKS; id++)
			if (e.tasks[id].state == DTSS_TASK_LEASED)
				engine_exit(&e, (dtss_task_id){ id }, 0);
		e.sent_count = 0;
		dtss_sched_stats(e.s, &st);
		for (id = 0, i = DTSS_TASK_BLOCKED; i < DTSS_TASK_SUCCEEDED; i++)
			id += st.live[i];
		if (!id)
			return;
	}
	for (id = 1; id < ENGINE_TASKS; id++)
		if (e.tasks[id].state && e.tasks[id].state < DTSS_TASK_SUCCEEDED)
			fprintf(stderr, "task %llu is %s: %s\n", (unsigned long long)id,
				dtss_task_state_name(e.tasks[id].state), engine_text(&e, (dtss_task_id){ id }));
	ck_abort_msg("some tasks did not end");
}

START_TEST(whatever_happens_no_invariant_breaks)
{
	uint64_t seed = 9000 + (uint64_t)_i;
	struct dtss_config cfg = { .size = sizeof cfg, .placement = (uint32_t)_i % 3, .keys_max = 5 };
	size_t i;

	rnd.state = seed;
	cfg.seed = seed;
	engine_open(&e, &cfg);
	for (i = 0; i < 5; i++) {
		struct engine_agent *a =
			engine_agent(&e, (const char *[]){ "a", "b", "c", "d", "e" }[i], 4, tags[i % 3]);

		a->address = i % 2 ? "1.2.3.4:5" : NULL;
		a->resources[a->resource_count++] = (struct dtss_resource){ "mem", 4 };
		engine_beat(&e, a);
	}
	for (i = 0; i < STEPS; i++)
		step();
	engine_pump(&e);
	settle();
	engine_close(&e);
}
END_TEST

Suite *suite_torture_core_random(void)
{
	Suite *s = suite_create("torture_core_random");
	TCase *c = tcase_create("core_random");

	tcase_add_loop_test(c, whatever_happens_no_invariant_breaks, 0, 6);
	suite_add_tcase(s, c);
	return s;
}
