/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_dispatch(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id with_tag(const char *tag, int32_t priority)
{
	struct dtss_task_spec spec = engine_spec("job");

	spec.priority = priority;
	spec.tags = &tag;
	spec.tag_count = tag != NULL;
	return engine_submit(&e, &spec);
}

static dtss_task_id with_resource(const char *name, uint64_t amount)
{
	struct dtss_resource r = { name, amount };
	struct dtss_task_spec spec = engine_spec("job");

	spec.resources = &r;
	spec.resource_count = 1;
	return engine_submit(&e, &spec);
}

static void expect(dtss_task_id id, uint32_t state)
{
	engine_pump(&e);
	ck_assert_str_eq(dtss_task_state_name(engine_state(&e, id)), dtss_task_state_name(state));
}

/* S21 */
START_TEST(the_higher_priority_goes_first_and_then_the_lower_id)
{
	dtss_task_id low = with_tag(NULL, -5), a = with_tag(NULL, 3), b = with_tag(NULL, 3), high = with_tag(NULL, 9);
	const dtss_task_id order[] = { high, a, b, low };
	size_t i;

	engine_join(&e, "w", 1, NULL);
	for (i = 0; i < 4; i++) {
		expect(order[i], DTSS_TASK_LEASED);
		engine_exit(&e, order[i], 0);
	}
}
END_TEST

/* S21: over requirements too */
START_TEST(the_best_of_all_requirements_goes_first)
{
	dtss_task_id plain = with_tag(NULL, 1), tagged = with_tag("x", 2), late = with_tag("x", 0);

	engine_join(&e, "w", 2, "x");
	expect(tagged, DTSS_TASK_LEASED);
	expect(plain, DTSS_TASK_LEASED);
	expect(late, DTSS_TASK_READY);
	engine_exit(&e, plain, 0);
	expect(late, DTSS_TASK_LEASED);
}
END_TEST

/* S21 */
START_TEST(a_retry_keeps_its_place)
{
	struct dtss_task_spec spec = engine_spec("first");
	dtss_task_id first, second, third;

	spec.retry.attempts_max = 2;
	spec.retry.backoff_ms_min = 1;
	first = engine_submit(&e, &spec);
	second = engine_task(&e, "second");
	third = engine_task(&e, "third");
	engine_join(&e, "w", 1, NULL);
	expect(first, DTSS_TASK_LEASED);
	engine_exit(&e, first, 1);
	expect(second, DTSS_TASK_LEASED);
	engine_pass(&e, 10);
	engine_exit(&e, second, 0);
	expect(first, DTSS_TASK_LEASED);
	expect(third, DTSS_TASK_READY);
}
END_TEST

/* L4 */
START_TEST(a_task_that_fits_nowhere_blocks_nobody)
{
	dtss_task_id never = with_tag("nobody", 100), huge = with_resource("mem", 1000), a, b;

	engine_join(&e, "w", 2, NULL);
	a = engine_task(&e, "a");
	b = engine_task(&e, "b");
	expect(a, DTSS_TASK_LEASED);
	expect(b, DTSS_TASK_LEASED);
	expect(never, DTSS_TASK_READY);
	expect(huge, DTSS_TASK_READY);
	engine_join(&e, "new", 1, "nobody");
	expect(never, DTSS_TASK_LEASED);
}
END_TEST

/* L7: heartbeats without news wake nobody, whatever waits in vain */
START_TEST(what_waits_in_vain_costs_no_tick)
{
	dtss_task_id never = with_tag("nobody", 100), huge = with_resource("mem", 1000);
	struct engine_agent *w = engine_join(&e, "w", 2, NULL);
	struct dtss_heartbeat hb;

	expect(never, DTSS_TASK_READY);
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	ck_assert_uint_gt(dtss_sched_next_ns(e.s), e.now.mono_ns);
	engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_uint_gt(dtss_sched_next_ns(e.s), e.now.mono_ns);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, huge), DTSS_TASK_READY);
}
END_TEST

/* S13 */
START_TEST(slots_are_never_exceeded)
{
	dtss_task_id id[10];
	size_t i, given = 0;

	engine_join(&e, "w", 3, NULL);
	engine_join(&e, "v", 2, NULL);
	for (i = 0; i < 10; i++)
		id[i] = engine_task(&e, "job");
	engine_pump(&e);
	for (i = 0; i < 10; i++)
		given += engine_state(&e, id[i]) == DTSS_TASK_LEASED;
	ck_assert_uint_eq(given, 5);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 3);
}
END_TEST

/* S13 */
START_TEST(named_resources_gate_the_fit)
{
	struct engine_agent *w = engine_agent(&e, "w", 10, NULL);
	dtss_task_id a, b, c, other;

	w->resources[w->resource_count++] = (struct dtss_resource){ "mem", 10 };
	engine_beat(&e, w);
	a = with_resource("mem", 6);
	b = with_resource("mem", 5);
	c = with_resource("mem", 4);
	other = engine_task(&e, "needs nothing");
	expect(a, DTSS_TASK_LEASED);
	expect(b, DTSS_TASK_READY);
	expect(c, DTSS_TASK_LEASED);
	expect(other, DTSS_TASK_LEASED);
	engine_exit(&e, c, 0);
	expect(b, DTSS_TASK_READY);
	engine_exit(&e, a, 0);
	expect(b, DTSS_TASK_LEASED);
}
END_TEST

START_TEST(a_resource_may_shrink_and_grow_under_what_runs)
{
	struct engine_agent *w = engine_agent(&e, "w", 10, NULL);
	dtss_task_id a, b;

	w->resources[w->resource_count++] = (struct dtss_resource){ "gpu", 4 };
	engine_beat(&e, w);
	a = with_resource("gpu", 3);
	expect(a, DTSS_TASK_LEASED);
	w->resources[0].amount = 2;
	engine_beat(&e, w);
	b = with_resource("gpu", 1);
	expect(b, DTSS_TASK_READY);
	engine_restart(&e);
	engine_beat(&e, w);
	expect(b, DTSS_TASK_READY);
	w->resources[w->resource_count++] = (struct dtss_resource){ "disk", 1 };
	w->resources[0].amount = 4;
	engine_beat(&e, w);
	expect(b, DTSS_TASK_LEASED);
	engine_exit(&e, a, 0);
	engine_exit(&e, b, 0);
	expect(with_resource("gpu", 4), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(equals_take_turns)
{
	const char *names[] = { "a", "b", "c", "d" };
	size_t i, round;

	for (i = 0; i < 4; i++)
		engine_join(&e, names[i], 2, NULL);
	for (round = 0; round < 5; round++)
		for (i = 0; i < 4; i++) {
			dtss_task_id id = engine_task(&e, "job");

			engine_pump(&e);
			ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, names[i]), round + 1);
			engine_exit(&e, id, 0);
		}
}
END_TEST

START_TEST(the_least_loaded_by_ratio_is_chosen)
{
	struct engine_agent *big = engine_join(&e, "big", 8, NULL), *small = engine_join(&e, "small", 2, NULL);
	size_t i;

	for (i = 0; i < 5; i++)
		engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(big->held_count, 4);
	ck_assert_uint_eq(small->held_count, 1);
	big->foreign = 3; /* it has other work as well */
	engine_beat(&e, big);
	engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(small->held_count, 2);
}
END_TEST

static void open_with(uint32_t placement)
{
	struct dtss_config cfg = { .size = sizeof cfg };

	engine_close(&e);
	cfg.placement = placement;
	engine_open(&e, &cfg);
}

START_TEST(the_round_robin_policy_ignores_load)
{
	struct engine_agent *big, *small;
	size_t i;

	open_with(DTSS_PLACE_ROUND_ROBIN);
	big = engine_join(&e, "big", 100, NULL);
	small = engine_join(&e, "small", 4, NULL);
	for (i = 0; i < 8; i++)
		engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(big->held_count, 4);
	ck_assert_uint_eq(small->held_count, 4);
}
END_TEST

START_TEST(the_pack_policy_fills_one_before_the_next)
{
	struct engine_agent *a, *b;
	size_t i;

	open_with(DTSS_PLACE_PACK);
	a = engine_join(&e, "a", 4, NULL);
	b = engine_join(&e, "b", 4, NULL);
	for (i = 0; i < 4; i++) {
		engine_task(&e, "job");
		engine_pump(&e);
	}
	ck_assert_uint_eq(a->held_count * b->held_count, 0);
	ck_assert_uint_eq(a->held_count + b->held_count, 4);
}
END_TEST

START_TEST(all_required_tags_must_be_there)
{
	const char *both[] = { "gpu", "eu" };
	struct dtss_task_spec spec = engine_spec("job");
	struct engine_agent *c;
	dtss_task_id id;

	spec.tags = both;
	spec.tag_count = 2;
	engine_join(&e, "a", 1, "gpu");
	engine_join(&e, "b", 1, "eu");
	id = engine_submit(&e, &spec);
	expect(id, DTSS_TASK_READY);
	c = engine_agent(&e, "c", 1, "gpu");
	c->tags[c->tag_count++] = "eu";
	engine_beat(&e, c);
	expect(id, DTSS_TASK_LEASED);
	ck_assert_ptr_eq(engine_holder(&e, id), c);
}
END_TEST

START_TEST(a_worker_that_gets_a_tag_gets_the_work_that_wanted_it)
{
	struct engine_agent *w = engine_join(&e, "w", 1, NULL);
	dtss_task_id id = with_tag("new", 0);

	expect(id, DTSS_TASK_READY);
	w->tags[w->tag_count++] = "new";
	engine_beat(&e, w);
	expect(id, DTSS_TASK_LEASED);
}
END_TEST

/* At most 1,024 dispatches a call, and all of them in the end. */
START_TEST(thousands_are_dispatched_in_bounded_steps)
{
	struct dtss_stats before, after;
	char names[4][8];
	size_t i;
	int ticks = 0;

	for (i = 0; i < 4; i++) {
		snprintf(names[i], sizeof names[i], "w%zu", i);
		engine_join(&e, names[i], 800, NULL);
	}
	for (i = 0; i < 3000; i++)
		ck_assert_int_eq(dtss_sched_submit(e.s, e.now,
						   &(struct dtss_task_spec){ .size = sizeof(struct dtss_task_spec),
									     .priority = (int32_t)(i % 7) },
						   &(dtss_task_id){ 0 }),
				 0);
	do {
		dtss_sched_stats(e.s, &before);
		ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
		dtss_sched_stats(e.s, &after);
		ck_assert_uint_le(after.grants - before.grants, DTSS_STEP_MAX);
		engine_store(&e);
		ticks++;
	} while (dtss_sched_next_ns(e.s) <= e.now.mono_ns);
	ck_assert_uint_eq(after.grants, 3000);
	ck_assert_int_le(ticks, 5);
	ck_assert_uint_le(e.agents[0].held_count, 751);
}
END_TEST

/* L1, L2: a thousand workers may die at once */
START_TEST(everything_that_was_lost_runs_elsewhere)
{
	dtss_task_id id[500];
	size_t i;

	for (i = 0; i < 5; i++)
		engine_join(&e, (const char *[]){ "a", "b", "c", "d", "e" }[i], 100, NULL);
	for (i = 0; i < 500; i++)
		id[i] = engine_task(&e, "job");
	engine_pump(&e);
	for (i = 0; i < 4; i++)
		e.agents[i].silent = 1;
	engine_pass(&e, 31000);
	for (i = 0; i < 500; i++)
		if (engine_state(&e, id[i]) == DTSS_TASK_LEASED && engine_holder(&e, id[i]) == &e.agents[4])
			engine_exit(&e, id[i], 0);
	for (i = 0; i < 4; i++) {
		engine_reborn(&e.agents[i]);
		e.agents[i].silent = 0;
		engine_beat(&e, &e.agents[i]);
	}
	for (i = 0; i < 500; i++)
		if (engine_state(&e, id[i]) == DTSS_TASK_LEASED)
			engine_exit(&e, id[i], 0);
	for (i = 0; i < 500; i++)
		ck_assert_uint_eq(engine_state(&e, id[i]), DTSS_TASK_SUCCEEDED);
}
END_TEST

Suite *suite_unit_dispatch(void)
{
	Suite *s = suite_create("unit_dispatch");
	TCase *c = tcase_create("dispatch");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_higher_priority_goes_first_and_then_the_lower_id);
	tcase_add_test(c, the_best_of_all_requirements_goes_first);
	tcase_add_test(c, a_retry_keeps_its_place);
	tcase_add_test(c, a_task_that_fits_nowhere_blocks_nobody);
	tcase_add_test(c, what_waits_in_vain_costs_no_tick);
	tcase_add_test(c, slots_are_never_exceeded);
	tcase_add_test(c, named_resources_gate_the_fit);
	tcase_add_test(c, a_resource_may_shrink_and_grow_under_what_runs);
	tcase_add_test(c, equals_take_turns);
	tcase_add_test(c, the_least_loaded_by_ratio_is_chosen);
	tcase_add_test(c, the_round_robin_policy_ignores_load);
	tcase_add_test(c, the_pack_policy_fills_one_before_the_next);
	tcase_add_test(c, all_required_tags_must_be_there);
	tcase_add_test(c, a_worker_that_gets_a_tag_gets_the_work_that_wanted_it);
	tcase_add_test(c, thousands_are_dispatched_in_bounded_steps);
	tcase_add_test(c, everything_that_was_lost_runs_elsewhere);
	suite_add_tcase(s, c);
	return s;
}
