/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_submit(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* It is refused with that error about that field, and leaves no trace (S24, S25). */
static void expect_refused(const struct dtss_task_spec *spec, int error, const char *field)
{
	uint64_t digest = dtss_sched_digest_all(e.s);
	struct dtss_problem problem;
	dtss_task_id id = { 77 };

	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, spec, &id), error);
	dtss_sched_problem(e.s, &problem);
	ck_assert_str_eq(problem.field, field);
	ck_assert_str_ne(problem.expected, "");
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	ck_assert_uint_eq(id.v, 77);
	engine_check(&e);
}

START_TEST(ids_grow_from_one_and_the_task_is_as_it_was_asked_for)
{
	const struct dtss_pair labels[] = { { "team", "blue" } }, env[] = { { "A", "1" } };
	const char *tags[] = { "gpu", "linux" }, *argv[] = { "sleep", "1" };
	const struct dtss_resource resources[] = { { "mem", 64 } };
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_task_view v;
	dtss_task_id id;

	spec.queue = "night";
	spec.argv = argv;
	spec.argc = 2;
	spec.env = env;
	spec.env_count = 1;
	spec.tags = tags;
	spec.tag_count = 2;
	spec.resources = resources;
	spec.resource_count = 1;
	spec.labels = labels;
	spec.label_count = 1;
	spec.priority = -7;
	spec.payload = "a\0b";
	spec.payload_len = 3;
	ck_assert_uint_eq(engine_submit(&e, &spec).v, 1);
	id = engine_submit(&e, &spec);
	ck_assert_uint_eq(id.v, 2);
	engine_pump(&e);
	v = engine_view(&e, id);
	ck_assert_uint_eq(v.state, DTSS_TASK_READY);
	ck_assert_int_eq(v.created_ns, e.now.wall_ns);
	ck_assert_str_eq(v.spec->name, "job");
	ck_assert_str_eq(v.spec->queue, "night");
	ck_assert_str_eq(v.spec->argv[0], "sleep");
	ck_assert_str_eq(v.spec->env[0].value, "1");
	ck_assert_str_eq(v.spec->tags[1], "linux");
	ck_assert_uint_eq(v.spec->resources[0].amount, 64);
	ck_assert_str_eq(v.spec->labels[0].value, "blue");
	ck_assert_int_eq(v.spec->priority, -7);
	ck_assert_mem_eq(v.spec->payload, "a\0b", 3);
	ck_assert_uint_eq(v.attempt_count, 0);
}
END_TEST

/* S2 */
START_TEST(the_same_key_and_specification_give_the_first_id)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, again = { 0 };
	uint64_t seq;

	spec.key = "k";
	id = engine_submit(&e, &spec);
	seq = dtss_sched_seq(e.s);
	/* not stored yet: the repeated answer rests on the same events (S1) */
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &again), 1);
	ck_assert_uint_eq(again.v, id.v);
	ck_assert_uint_eq(dtss_sched_seq(e.s), seq);
	engine_join(&e, "w", 1, NULL);
	engine_exit(&e, id, 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_SUCCEEDED);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &again), 1);
	ck_assert_uint_eq(again.v, id.v);
	engine_restart(&e);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &again), 1);
	ck_assert_uint_eq(again.v, id.v);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &again), 1); /* S3: nothing was made by all that */
	ck_assert_uint_eq(engine_task(&e, "next").v, id.v + 1);
}
END_TEST

/* S2 */
START_TEST(the_same_key_for_another_specification_is_a_conflict)
{
	struct dtss_task_spec spec = engine_spec("job");
	uint64_t digest;
	dtss_task_id id, other = { 0 };

	spec.key = "k";
	id = engine_submit(&e, &spec);
	spec.priority = 1;
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &other), DTSS_E_CONFLICT);
	ck_assert_uint_eq(other.v, id.v);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	spec.queue = "another"; /* keys are unique in their queue */
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &other), 0);
	ck_assert_uint_ne(other.v, id.v);
}
END_TEST

START_TEST(tags_in_another_order_are_the_same_specification)
{
	const char *one[] = { "a", "b" }, *two[] = { "b", "a", "b" };
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id, again = { 0 };

	spec.key = "k";
	spec.tags = one;
	spec.tag_count = 2;
	id = engine_submit(&e, &spec);
	spec.tags = two;
	spec.tag_count = 2;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &again), 1);
	ck_assert_uint_eq(again.v, id.v);
}
END_TEST

START_TEST(what_is_wrong_with_a_specification_is_named)
{
	static char payload[DTSS_SPEC_BYTES_MAX];
	const char *tags[] = { "" };
	const struct dtss_after unknown = { { 12345 }, 0, 0 };
	struct dtss_task_spec spec = engine_spec("job");

	spec.retry.attempts_max = 1001;
	expect_refused(&spec, DTSS_E_TOO_BIG, "retry.attempts_max");
	spec = engine_spec("job");
	spec.tags = tags;
	spec.tag_count = 1;
	expect_refused(&spec, DTSS_E_INVALID, "tags");
	spec = engine_spec("job");
	spec.payload = payload;
	spec.payload_len = sizeof payload;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &(dtss_task_id){ 0 }), DTSS_E_TOO_BIG);
	spec = engine_spec("job");
	spec.after = &unknown;
	spec.after_count = 1;
	expect_refused(&spec, DTSS_E_NOT_FOUND, "after");
	spec = engine_spec("job");
	spec.size = 3;
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec, &(dtss_task_id){ 0 }), DTSS_E_INVALID);
	ck_assert_uint_eq(engine_task(&e, "first").v, 1);
}
END_TEST

START_TEST(a_full_table_refuses_until_something_leaves)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	engine_close(&e);
	cfg.tasks_max = 3;
	engine_open(&e, &cfg);
	id = engine_task(&e, "a");
	engine_task(&e, "b");
	engine_task(&e, "c");
	expect_refused(&spec, DTSS_E_FULL, "tasks");
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	engine_pump(&e);
	engine_task(&e, "d");
}
END_TEST

START_TEST(a_full_queue_refuses_what_would_wait_in_it_alone)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	struct dtss_task_spec spec = engine_spec("job");

	engine_close(&e);
	cfg.queue_tasks_max = 2;
	engine_open(&e, &cfg);
	engine_task(&e, "a");
	engine_task(&e, "b");
	expect_refused(&spec, DTSS_E_FULL, "queue");
	spec.queue = "other";
	engine_submit(&e, &spec);
	engine_join(&e, "w", 1, NULL); /* one is given away: there is room again */
	spec.queue = NULL;
	engine_submit(&e, &spec);
	expect_refused(&spec, DTSS_E_FULL, "queue");
}
END_TEST

START_TEST(full_tables_of_queues_and_requirements_let_known_ones_in)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	const char *tags[] = { "a" };
	struct dtss_task_spec spec = engine_spec("job");

	engine_close(&e);
	cfg.queues_max = 1;
	cfg.requirements_max = 1;
	engine_open(&e, &cfg);
	engine_task(&e, "plain");
	spec.queue = "second";
	expect_refused(&spec, DTSS_E_FULL, "queue");
	spec.queue = NULL;
	engine_submit(&e, &spec);
	spec.tags = tags;
	spec.tag_count = 1;
	expect_refused(&spec, DTSS_E_FULL, "tags");
	spec.tag_count = 0;
	engine_submit(&e, &spec);
}
END_TEST

START_TEST(only_a_leader_takes_tasks)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id = { 9 };

	ck_assert_int_eq(dtss_sched_submit(e.standby, e.now, &spec, &id), DTSS_E_NOT_LEADER);
	ck_assert_uint_eq(id.v, 9);
	ck_assert_uint_eq(dtss_sched_next_ns(e.standby), DTSS_NEVER);
}
END_TEST

START_TEST(nothing_leaves_before_it_is_stored)
{
	struct dtss_action a;
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &a), 0);
	ck_assert_int_eq(engine_batch(&e), 1);
	ck_assert_int_eq(dtss_sched_next_action(e.s, &a), 0);
	engine_stored(&e);
	ck_assert_uint_eq(engine_last(&e, DTSS_MESSAGE_ASSIGN)->task, id.v);
}
END_TEST

Suite *suite_unit_submit(void)
{
	Suite *s = suite_create("unit_submit");
	TCase *c = tcase_create("submit");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, ids_grow_from_one_and_the_task_is_as_it_was_asked_for);
	tcase_add_test(c, the_same_key_and_specification_give_the_first_id);
	tcase_add_test(c, the_same_key_for_another_specification_is_a_conflict);
	tcase_add_test(c, tags_in_another_order_are_the_same_specification);
	tcase_add_test(c, what_is_wrong_with_a_specification_is_named);
	tcase_add_test(c, a_full_table_refuses_until_something_leaves);
	tcase_add_test(c, a_full_queue_refuses_what_would_wait_in_it_alone);
	tcase_add_test(c, full_tables_of_queues_and_requirements_let_known_ones_in);
	tcase_add_test(c, only_a_leader_takes_tasks);
	tcase_add_test(c, nothing_leaves_before_it_is_stored);
	suite_add_tcase(s, c);
	return s;
}
