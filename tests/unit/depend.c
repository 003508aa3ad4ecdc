/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_depend(void);

#define CHILDREN 3000

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static void expect(dtss_task_id id, uint32_t state)
{
	engine_pump(&e);
	ck_assert_str_eq(dtss_task_state_name(engine_state(&e, id)), dtss_task_state_name(state));
}

/* It is given to "w", and ends with that code. */
static void run(dtss_task_id id, int32_t exit_code)
{
	expect(id, DTSS_TASK_LEASED);
	ck_assert_int_eq(engine_exit(&e, id, exit_code), 0);
}

/* S14 */
START_TEST(a_child_waits_for_all_its_parents)
{
	dtss_task_id a = engine_task(&e, "a"), b = engine_task(&e, "b"), child;
	struct dtss_after after[] = { { a, 0, 0 }, { b, 0, 0 } };
	struct dtss_task_spec spec = engine_spec("child");

	spec.after = after;
	spec.after_count = 2;
	child = engine_submit(&e, &spec);
	expect(child, DTSS_TASK_BLOCKED);
	run(a, 0);
	expect(child, DTSS_TASK_BLOCKED);
	engine_restart(&e);
	engine_beat(&e, w);
	run(b, 0);
	run(child, 0);
	expect(child, DTSS_TASK_SUCCEEDED);
}
END_TEST

/* S15 */
START_TEST(when_a_parent_does_not_succeed_the_whole_chain_is_skipped)
{
	dtss_task_id a = engine_task(&e, "a"), b = engine_after(&e, "b", a), c = engine_after(&e, "c", b), d, other;

	d = engine_after(&e, "d", c);
	other = engine_after(&e, "other", b);
	run(a, 1);
	expect(b, DTSS_TASK_SKIPPED);
	expect(c, DTSS_TASK_SKIPPED);
	expect(d, DTSS_TASK_SKIPPED);
	expect(other, DTSS_TASK_SKIPPED);
	ck_assert_uint_eq(engine_cause(&e, d), DTSS_CAUSE_DEPENDENCY);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, NULL), 1); /* none of them was ever granted */
}
END_TEST

START_TEST(a_parent_that_is_cancelled_or_expires_skips_too)
{
	struct dtss_task_spec spec = engine_spec("late");
	dtss_task_id busy = engine_task(&e, "busy"), a, b, ca, cb;

	engine_pump(&e);
	spec.start_deadline_ms = 1000;
	a = engine_task(&e, "a");
	b = engine_submit(&e, &spec);
	ca = engine_after(&e, "ca", a);
	cb = engine_after(&e, "cb", b);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	expect(ca, DTSS_TASK_SKIPPED);
	engine_pass(&e, 1001);
	expect(cb, DTSS_TASK_SKIPPED);
	run(busy, 0);
}
END_TEST

START_TEST(a_parent_that_has_ended_is_known_while_it_is_loaded)
{
	dtss_task_id a = engine_task(&e, "a"), keep, child;

	keep = engine_after(&e, "keep", a);
	engine_pump(&e);
	ck_assert_int_eq(engine_report(&e, a, engine_fence(&e, a), DTSS_REPORT_ENDED, DTSS_CAUSE_EXIT, 0), 0);
	engine_forget(&e, a);
	run(keep, 0);
	a = engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	child = engine_after(&e, "child", a); /* cancelled, and not yet stored */
	expect(child, DTSS_TASK_SKIPPED);
}
END_TEST

START_TEST(a_parent_that_left_the_engine_is_known_by_its_outcome)
{
	dtss_task_id a = engine_task(&e, "a"), id = { 0 };
	struct dtss_after after = { a, 0, 0 };
	struct dtss_task_spec spec = engine_spec("child");

	run(a, 0);
	spec.after = &after;
	spec.after_count = 1;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id), DTSS_E_NOT_FOUND);
	after.outcome = DTSS_TASK_SUCCEEDED;
	expect(engine_submit(&e, &spec), DTSS_TASK_LEASED);
	after.outcome = DTSS_TASK_FAILED;
	expect(engine_submit(&e, &spec), DTSS_TASK_SKIPPED);
	after.outcome = DTSS_TASK_QUARANTINED;
	expect(engine_submit(&e, &spec), DTSS_TASK_SKIPPED);
	after.outcome = 99;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id), DTSS_E_INVALID);
}
END_TEST

/* S15: ids come from the engine, so a task can only wait for older ones: no cycle */
START_TEST(a_task_cannot_wait_for_itself_or_for_what_comes_later)
{
	struct dtss_task_spec spec = engine_spec("self");
	struct dtss_after after = { { 1 }, 0, 0 };
	dtss_task_id id;

	spec.after = &after;
	spec.after_count = 1;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id), DTSS_E_NOT_FOUND);
	after.task.v = 2;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &id), DTSS_E_NOT_FOUND);
	ck_assert_uint_eq(engine_task(&e, "first").v, 1);
}
END_TEST

static void three_thousand(int32_t exit_code, uint32_t expected)
{
	dtss_task_id parent = engine_task(&e, "parent"), child[CHILDREN];
	struct dtss_stats st;
	size_t i;
	int ticks = 0;

	for (i = 0; i < CHILDREN; i++) {
		struct dtss_task_spec spec = engine_spec("child");
		struct dtss_after after = { parent, 0, 0 };

		spec.after = &after;
		spec.after_count = 1;
		ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &child[i]), 0);
	}
	engine_pump(&e);
	w->max_tasks = 0; /* no dispatches, so that the ticks are for the children alone */
	engine_beat(&e, w);
	{
		struct dtss_report r = { .size = sizeof r, .task = parent, .attempt = 1, .kind = DTSS_REPORT_ENDED };

		r.fence = engine_fence(&e, parent);
		r.outcome.cause = DTSS_CAUSE_EXIT;
		r.outcome.exit_code = exit_code;
		ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	}
	while (dtss_sched_next_ns(e.s) <= e.now.mono_ns) {
		uint64_t left;

		dtss_sched_stats(e.s, &st);
		left = st.live[DTSS_TASK_BLOCKED];
		ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
		dtss_sched_stats(e.s, &st);
		ck_assert_uint_le(left - st.live[DTSS_TASK_BLOCKED], DTSS_STEP_MAX);
		engine_store(&e);
		if (st.live[DTSS_TASK_BLOCKED]) /* it stays loaded until all of them know */
			ck_assert_int_eq(dtss_sched_task_get(e.s, parent, &(struct dtss_task_view){ 0 }), 0);
		ck_assert_int_lt(++ticks, 6);
	}
	ck_assert_int_ge(ticks, 3);
	for (i = 0; i < CHILDREN; i++)
		ck_assert_uint_eq(engine_state(&e, child[i]), expected);
	ck_assert_int_eq(dtss_sched_task_get(e.s, parent, &(struct dtss_task_view){ 0 }), DTSS_E_NOT_FOUND);
}

/* Whoever tells what became of a task that does not exist yet is not believed. */
START_TEST(the_outcome_of_an_id_that_was_never_given_is_not_believed)
{
	dtss_task_id a = engine_task(&e, "a"), ids[2];
	struct dtss_after after = { { a.v + 1 }, DTSS_TASK_SUCCEEDED, 0 };
	struct dtss_task_spec specs[2] = { engine_spec("b"), engine_spec("c") };
	uint64_t digest = dtss_sched_digest_all(e.s);

	specs[1].after = &after;
	specs[1].after_count = 1;
	ck_assert_int_eq(dtss_sched_submit_many(e.s, e.now, specs, 2, ids, NULL), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &specs[1], ids), DTSS_E_NOT_FOUND);
	after.task.v = DTSS_TASK_ID_MAX;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &specs[1], ids), DTSS_E_NOT_FOUND);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
}
END_TEST

START_TEST(thousands_of_children_become_ready_in_bounded_steps)
{
	three_thousand(0, DTSS_TASK_READY);
}
END_TEST

START_TEST(thousands_of_children_are_skipped_in_bounded_steps)
{
	three_thousand(1, DTSS_TASK_SKIPPED);
}
END_TEST

/* It was killed between two of those steps: the parent is still there, and tells the rest. */
START_TEST(half_told_children_are_told_after_a_restart)
{
	dtss_task_id parent = engine_task(&e, "parent"), child[2000];
	size_t i;

	for (i = 0; i < 2000; i++)
		child[i] = engine_after(&e, "child", parent);
	engine_pump(&e);
	w->max_tasks = 0;
	engine_beat(&e, w);
	{
		struct dtss_report r = { .size = sizeof r, .task = parent, .attempt = 1, .kind = DTSS_REPORT_ENDED };

		r.fence = engine_fence(&e, parent);
		r.outcome.cause = DTSS_CAUSE_EXIT;
		ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	}
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	engine_store(&e);
	engine_restart(&e);
	for (i = 0; i < 2000; i++)
		ck_assert_uint_eq(engine_state(&e, child[i]), DTSS_TASK_READY);
}
END_TEST

START_TEST(a_child_may_end_before_its_parent)
{
	dtss_task_id a = engine_task(&e, "a"), b = engine_after(&e, "b", a), c = engine_after(&e, "c", b);

	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, b, NULL), 0);
	expect(c, DTSS_TASK_SKIPPED);
	run(a, 0);
	expect(a, DTSS_TASK_SUCCEEDED);
	ck_assert_uint_eq(e.tasks[a.v].retired, 1);
}
END_TEST

START_TEST(a_cancelled_parent_tells_its_children_while_its_attempt_is_stopping)
{
	dtss_task_id a = engine_task(&e, "a"), b = engine_after(&e, "b", a);

	engine_pump(&e);
	engine_started(&e, a);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	expect(b, DTSS_TASK_SKIPPED);
	engine_restart(&e);
	ck_assert_uint_eq(engine_view(&e, a).stopping, 1);
	engine_cause_end(&e, a, DTSS_CAUSE_CANCEL);
	ck_assert_uint_eq(e.tasks[a.v].retired, 1);
}
END_TEST

START_TEST(a_dependency_named_twice_counts_once_it_is_over)
{
	dtss_task_id a = engine_task(&e, "a"), id;
	struct dtss_after after[] = { { a, 0, 0 }, { a, 0, 0 } };
	struct dtss_task_spec spec = engine_spec("child");
	int error;

	spec.after = after;
	spec.after_count = 2;
	error = dtss_sched_submit(e.s, e.now, &spec, &id);
	run(a, 0);
	if (error == 0) /* or it was refused: in no case does it hang */
		run(id, 0);
}
END_TEST

START_TEST(a_held_child_waits_for_both)
{
	struct dtss_task_spec spec = engine_spec("child");
	dtss_task_id a = engine_task(&e, "a"), b = engine_task(&e, "b"), x, y;
	struct dtss_after after = { a, 0, 0 };

	spec.after = &after;
	spec.after_count = 1;
	spec.flags = DTSS_SPEC_HELD;
	x = engine_submit(&e, &spec);
	after.task = b;
	y = engine_submit(&e, &spec);
	expect(x, DTSS_TASK_HELD);
	ck_assert_int_eq(dtss_sched_release(e.s, e.now, x), 0);
	expect(x, DTSS_TASK_BLOCKED);
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, x), 0);
	run(a, 0);
	expect(x, DTSS_TASK_HELD);
	engine_restart(&e);
	engine_beat(&e, w);
	ck_assert_int_eq(dtss_sched_release(e.s, e.now, x), 0);
	expect(x, DTSS_TASK_READY);
	run(b, 1);
	expect(y, DTSS_TASK_SKIPPED);
}
END_TEST

/* All between two ticks: a's children are to be told, but the only one has gone, and so has the attempt. */
START_TEST(a_parent_whose_children_and_attempt_go_before_it_could_tell_leaves_once)
{
	dtss_task_id a = engine_task(&e, "a"), child = engine_after(&e, "child", a), b, c;
	struct dtss_report r = { .size = sizeof r, .task = a, .attempt = 1, .kind = DTSS_REPORT_ENDED };

	engine_pump(&e);
	engine_started(&e, a);
	r.fence = engine_fence(&e, a);
	r.outcome.cause = DTSS_CAUSE_CANCEL;
	b = engine_task(&e, "b");
	c = engine_after(&e, "c", b);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, b, NULL), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, child, NULL), 0);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &r), 0);
	engine_store(&e);
	expect(c, DTSS_TASK_SKIPPED);
	ck_assert_uint_eq(e.tasks[a.v].retired, 1);
	ck_assert_uint_eq(e.tasks[b.v].retired, 1);
}
END_TEST

/* S24: leaving is a transition too */
START_TEST(thousands_of_parents_without_children_leave_in_bounded_steps)
{
	dtss_task_id parent[CHILDREN], child[CHILDREN];
	size_t i;

	for (i = 0; i < CHILDREN; i++) {
		parent[i] = engine_task(&e, "parent");
		child[i] = engine_after(&e, "child", parent[i]);
	}
	for (i = 0; i < CHILDREN; i++)
		ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, parent[i], NULL), 0);
	for (i = 0; i < CHILDREN; i++)
		ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, child[i], NULL), 0);
	engine_store(&e);
	for (i = 0; dtss_sched_next_ns(e.s) <= e.now.mono_ns; i++) {
		uint64_t seq = e.seq;

		ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
		engine_store(&e);
		ck_assert_uint_le(e.seq - seq, DTSS_STEP_MAX);
	}
	ck_assert_uint_ge(i, CHILDREN / DTSS_STEP_MAX);
	ck_assert_uint_eq(e.tasks[parent[CHILDREN - 1].v].retired, 1);
}
END_TEST

Suite *suite_unit_depend(void)
{
	Suite *s = suite_create("unit_depend");
	TCase *c = tcase_create("depend");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_child_waits_for_all_its_parents);
	tcase_add_test(c, when_a_parent_does_not_succeed_the_whole_chain_is_skipped);
	tcase_add_test(c, a_parent_that_is_cancelled_or_expires_skips_too);
	tcase_add_test(c, a_parent_that_has_ended_is_known_while_it_is_loaded);
	tcase_add_test(c, a_parent_that_left_the_engine_is_known_by_its_outcome);
	tcase_add_test(c, a_task_cannot_wait_for_itself_or_for_what_comes_later);
	tcase_add_test(c, the_outcome_of_an_id_that_was_never_given_is_not_believed);
	tcase_add_test(c, thousands_of_children_become_ready_in_bounded_steps);
	tcase_add_test(c, thousands_of_children_are_skipped_in_bounded_steps);
	tcase_add_test(c, half_told_children_are_told_after_a_restart);
	tcase_add_test(c, a_child_may_end_before_its_parent);
	tcase_add_test(c, a_cancelled_parent_tells_its_children_while_its_attempt_is_stopping);
	tcase_add_test(c, a_dependency_named_twice_counts_once_it_is_over);
	tcase_add_test(c, a_held_child_waits_for_both);
	tcase_add_test(c, a_parent_whose_children_and_attempt_go_before_it_could_tell_leaves_once);
	tcase_add_test(c, thousands_of_parents_without_children_leave_in_bounded_steps);
	suite_add_tcase(s, c);
	return s;
}
