/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_torture_core_memory(void);

static struct engine e;

/* S25: without memory a verb changes nothing, and works when it is tried again. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		uint64_t trace_ = engine_trace(&e);                                                                    \
		error = (call);                                                                                        \
		if (error == DTSS_E_NOMEM)                                                                             \
			engine_no_trace(&e, trace_);                                                                   \
	} while (error == DTSS_E_NOMEM)

static dtss_task_id submit(const struct dtss_task_spec *spec, int expected)
{
	dtss_task_id id = { 0 };
	int error;

	TRY(dtss_sched_submit(e.s, e.now, spec, &id));
	ck_assert_int_eq(error, expected);
	engine_check(&e);
	return id;
}

static dtss_task_id many(dtss_task_id after)
{
	const struct dtss_resource mem = { "mem", 2 };
	const struct dtss_retry_rule rule = { 0, DTSS_RETRY_IGNORE, 5, 5 };
	const struct dtss_after parents[] = { { after, 0, 0 } };
	const char *tag = "many";
	struct dtss_task_spec specs[20];
	dtss_task_id ids[20];
	uint8_t known[20];
	int error;
	size_t i;

	for (i = 0; i < 20; i++) {
		specs[i] = engine_spec("many");
		specs[i].priority = (int32_t)i % 5;
		specs[i].retry.attempts_max = 3;
		specs[i].retry.rules = &rule;
		specs[i].retry.rule_count = i % 2;
		specs[i].resources = &mem;
		specs[i].resource_count = i % 3 == 0;
		specs[i].queue = i % 4 ? "q" : "r";
		specs[i].tags = &tag;
		specs[i].tag_count = i == 17;
		specs[i].after = parents;
		specs[i].after_count = i > 12;
	}
	specs[3].key = specs[9].key = "same";
	specs[9] = specs[3];
	TRY(dtss_sched_submit_many(e.s, e.now, specs, 20, ids, known));
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(known[9], 1);
	return ids[0];
}

static void look(dtss_task_id id)
{
	struct dtss_task_filter filter = { 0 };
	struct dtss_task_view view;
	struct dtss_explanation why;
	int error;

	TRY(dtss_sched_task_get(e.s, id, &view));
	ck_assert_int_eq(error, 0);
	TRY(dtss_sched_task_next(e.s, &filter, &view));
	ck_assert_int_eq(error, 0);
	TRY(dtss_sched_explain(e.s, e.now, id, &why));
	ck_assert_int_eq(error, 0);
}

static void operate(void)
{
	struct dtss_placement placement;
	const char *tag = "p";
	int error;

	TRY(dtss_sched_cordon(e.s, e.now, "a"));
	TRY(dtss_sched_drain(e.s, e.now, "a"));
	TRY(dtss_sched_uncordon(e.s, e.now, "a"));
	TRY(dtss_sched_place(e.s, e.now, &tag, 1, &placement));
	ck_assert_int_eq(error, 0);
	engine_pump(&e);
}

static void finish_all(int32_t exit_code)
{
	uint64_t id;

	for (id = 1; id < 60; id++)
		if (engine_state(&e, (dtss_task_id){ id }) == DTSS_TASK_LEASED) {
			struct dtss_outcome o = { DTSS_CAUSE_EXIT, exit_code, 0, 0, exit_code ? "it broke" : NULL };

			ck_assert_int_eq(engine_started(&e, (dtss_task_id){ id }), 0);
			ck_assert_int_eq(engine_ended(&e, (dtss_task_id){ id }, &o), 0);
		}
}

/* Every verb, on its own and with what came before. */
static void scenario(void)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, held;
	struct engine_agent *a, *p;
	int error, stopping;

	spec.key = "k";
	id = submit(&spec, 0);
	submit(&spec, 1);
	spec.priority = 1;
	submit(&spec, DTSS_E_CONFLICT);
	many(id);
	a = engine_agent(&e, "a", 3, "x");
	a->address = "1.2.3.4:5";
	a->resources[a->resource_count++] = (struct dtss_resource){ "mem", 3 };
	engine_beat(&e, a);
	engine_join(&e, "b", 2, "many");
	p = engine_agent(&e, "p", 2, "p");
	p->kind = DTSS_WORKER_PLACEMENT;
	p->address = "5.6.7.8:9";
	engine_beat(&e, p);
	look(id);
	operate();
	spec = engine_spec("held");
	spec.flags = DTSS_SPEC_HELD;
	held = submit(&spec, 0);
	TRY(dtss_sched_release(e.s, e.now, held));
	TRY(dtss_sched_hold(e.s, e.now, held));
	ck_assert_int_eq(error, 0);
	engine_pump(&e);
	finish_all(1);
	engine_pass(&e, 3000);
	a->tags[a->tag_count++] = "grown";
	engine_beat(&e, a);
	TRY(dtss_sched_cancel(e.s, e.now, held, &stopping));
	TRY(dtss_sched_retry(e.s, e.now, held, NULL, &id));
	ck_assert_int_eq(error, 0);
	engine_pump(&e);
	finish_all(5);
	e.agents[1].silent = 1;
	engine_pass(&e, 35000);
	engine_reborn(a);
	engine_beat(&e, a);
	engine_restart(&e);
	engine_beat(&e, a);
	engine_reborn(&e.agents[1]);
	e.agents[1].silent = 0;
	engine_beat(&e, &e.agents[1]);
	for (id.v = 0; id.v < 6; id.v++) {
		finish_all(0);
		engine_pass(&e, 4000);
	}
	for (id.v = 0; id.v < e.agent_count; id.v++)
		e.agents[id.v].silent = 1;
	engine_pass(&e, 86400000 + 10000); /* workers and keys are forgotten */
}

/* The nth allocation fails, for every n, until the scenario needs fewer. */
START_TEST(any_allocation_may_fail)
{
	size_t n;
	uint64_t digest = 0;

	for (n = (size_t)_i + 1;; n += 4) {
		e.mem.fail_at = n;
		engine_open(&e, NULL);
		scenario();
		if (digest) /* in the end it makes no difference */
			ck_assert_uint_eq(dtss_sched_digest(e.s), digest);
		digest = dtss_sched_digest(e.s);
		engine_close(&e);
		if (e.mem.count < n)
			break;
	}
	ck_assert_uint_gt(n, 300);
}
END_TEST

Suite *suite_torture_core_memory(void)
{
	Suite *s = suite_create("torture_core_memory");
	TCase *c = tcase_create("core_memory");

	tcase_add_loop_test(c, any_allocation_may_fail, 0, 4);
	suite_add_tcase(s, c);
	return s;
}
