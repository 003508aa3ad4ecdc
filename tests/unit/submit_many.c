/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_submit_many(void);

static struct engine e;
static struct dtss_task_spec specs[DTSS_SUBMIT_MANY_MAX + 1];
static dtss_task_id ids[DTSS_SUBMIT_MANY_MAX + 1];
static uint8_t known[DTSS_SUBMIT_MANY_MAX + 1];

static void setup(void)
{
	size_t i;

	engine_open(&e, NULL);
	for (i = 0; i < sizeof specs / sizeof *specs; i++)
		specs[i] = engine_spec("one");
}

static void teardown(void)
{
	engine_close(&e);
}

static int submit(size_t count)
{
	return dtss_sched_submit_many(e.s, e.now, specs, count, ids, known);
}

static void expect_refused(size_t count, int error, size_t index)
{
	uint64_t digest = dtss_sched_digest_all(e.s);
	struct dtss_problem problem;

	memset(ids, 0, sizeof ids);
	ck_assert_int_eq(submit(count), error);
	dtss_sched_problem(e.s, &problem);
	ck_assert_uint_eq(problem.index, index);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest); /* S25 */
	engine_check(&e);
}

START_TEST(all_get_ids_in_their_order)
{
	size_t i;

	ck_assert_int_eq(submit(100), 0);
	for (i = 0; i < 100; i++) {
		ck_assert_uint_eq(ids[i].v, i + 1);
		ck_assert_uint_eq(known[i], 0);
	}
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, ids[99]), DTSS_TASK_READY);
}
END_TEST

/* FULL would say that it can work later. */
START_TEST(more_at_once_than_a_queue_ever_holds_is_too_big)
{
	struct dtss_config cfg = { .size = sizeof cfg, .queue_tasks_max = 5, .tasks_max = 8 };
	size_t i;

	engine_close(&e);
	engine_open(&e, &cfg);
	expect_refused(6, DTSS_E_TOO_BIG, 5);
	ck_assert_int_eq(submit(5), 0);
	expect_refused(3, DTSS_E_FULL, 0); /* 3 fit, once there is room */
	for (i = 0; i < 9; i++)
		specs[i].queue = i < 5 ? "a" : "b";
	expect_refused(9, DTSS_E_FULL, 3); /* of 8, five are there already */
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ i + 1 }, NULL), 0);
	engine_pump(&e);
	expect_refused(9, DTSS_E_TOO_BIG, 8);
}
END_TEST

START_TEST(one_bad_one_refuses_all)
{
	specs[7].retry.attempts_max = 5000;
	expect_refused(20, DTSS_E_TOO_BIG, 7);
	specs[7].retry.attempts_max = 0;
	ck_assert_int_eq(submit(20), 0);
	ck_assert_uint_eq(ids[0].v, 1);
}
END_TEST

/* S2 */
START_TEST(a_key_twice_in_one_call_is_one_task)
{
	specs[1].key = "k";
	specs[3].key = "k";
	ck_assert_int_eq(submit(4), 0);
	ck_assert_uint_eq(ids[1].v, ids[3].v);
	ck_assert_uint_eq(known[1], 0);
	ck_assert_uint_eq(known[3], 1);
	ck_assert_uint_eq(ids[2].v, ids[1].v + 1);
	ck_assert_uint_eq(engine_task(&e, "next").v, 4);
	ck_assert_int_eq(submit(4), 0); /* again: those with a key are known, the others are new */
	ck_assert_uint_eq(known[1], 1);
	ck_assert_uint_eq(ids[1].v, 2);
	ck_assert_uint_eq(ids[0].v, 5);
}
END_TEST

/* S2 */
START_TEST(a_key_for_two_specifications_in_one_call_is_a_conflict)
{
	specs[1].key = "k";
	specs[3].key = "k";
	specs[3].priority = 5;
	expect_refused(4, DTSS_E_CONFLICT, 3);
	ck_assert_uint_eq(ids[3].v, 0); /* the id that the other one would have had is nobody's */
	specs[3].priority = 0;
	ck_assert_int_eq(submit(4), 0);
	specs[3].key = NULL;
	specs[1].priority = 5;
	expect_refused(4, DTSS_E_CONFLICT, 1);
	ck_assert_uint_eq(ids[1].v, 2); /* who has it */
}
END_TEST

START_TEST(the_table_must_have_room_for_all)
{
	struct dtss_config cfg = { .size = sizeof cfg };

	engine_close(&e);
	cfg.tasks_max = 10;
	cfg.queue_tasks_max = 100;
	engine_open(&e, &cfg);
	engine_task(&e, "a");
	expect_refused(10, DTSS_E_FULL, 9);
	ck_assert_int_eq(submit(9), 0);
}
END_TEST

START_TEST(each_queue_counts_its_own)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	size_t i;

	engine_close(&e);
	cfg.queue_tasks_max = 3;
	engine_open(&e, &cfg);
	for (i = 0; i < 6; i++)
		specs[i].queue = i % 2 ? "odd" : "even";
	ck_assert_int_eq(submit(6), 0);
	specs[0].queue = "third";
	expect_refused(2, DTSS_E_FULL, 1);
	specs[1].queue = "third";
	specs[2].queue = "third";
	specs[3].queue = "third";
	expect_refused(4, DTSS_E_TOO_BIG, 3);
	ck_assert_int_eq(submit(3), 0);
}
END_TEST

START_TEST(as_many_as_the_limit_and_no_more)
{
	struct dtss_batch b;

	expect_refused(DTSS_SUBMIT_MANY_MAX + 1, DTSS_E_TOO_BIG, DTSS_SUBMIT_MANY_MAX + 1);
	expect_refused(0, DTSS_E_TOO_BIG, 0);
	ck_assert_int_eq(submit(DTSS_SUBMIT_MANY_MAX), 0);
	ck_assert_uint_eq(ids[DTSS_SUBMIT_MANY_MAX - 1].v, DTSS_SUBMIT_MANY_MAX);
	engine_check(&e);
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	ck_assert_uint_eq(b.event_count, DTSS_SUBMIT_MANY_MAX);
	ck_assert_uint_eq(b.record_count, 1 + 2 * DTSS_SUBMIT_MANY_MAX); /* META, and TASK and SPEC of each */
}
END_TEST

START_TEST(a_caller_may_not_care_what_was_known)
{
	ck_assert_int_eq(dtss_sched_submit_many(e.s, e.now, specs, 2, ids, NULL), 0);
	ck_assert_uint_eq(ids[1].v, 2);
}
END_TEST

/* An older program has a shorter structure: the stride is its own. */
START_TEST(structures_of_another_size_are_taken_one_by_one)
{
	struct longer {
		struct dtss_task_spec spec;
		uint64_t more;
	} longer[3];
	size_t i;

	memset(longer, 0, sizeof longer);
	for (i = 0; i < 3; i++) {
		longer[i].spec = engine_spec(i == 2 ? "third" : "other");
		longer[i].spec.size = sizeof longer[i];
	}
	ck_assert_int_eq(dtss_sched_submit_many(e.s, e.now, &longer[0].spec, 3, ids, NULL), 0);
	ck_assert_str_eq(engine_view(&e, ids[2]).spec->name, "third");
	longer[1].more = 1;
	ck_assert_int_eq(dtss_sched_submit_many(e.s, e.now, &longer[0].spec, 3, ids, NULL), DTSS_E_INVALID);
}
END_TEST

Suite *suite_unit_submit_many(void)
{
	Suite *s = suite_create("unit_submit_many");
	TCase *c = tcase_create("submit_many");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, all_get_ids_in_their_order);
	tcase_add_test(c, more_at_once_than_a_queue_ever_holds_is_too_big);
	tcase_add_test(c, one_bad_one_refuses_all);
	tcase_add_test(c, a_key_twice_in_one_call_is_one_task);
	tcase_add_test(c, a_key_for_two_specifications_in_one_call_is_a_conflict);
	tcase_add_test(c, the_table_must_have_room_for_all);
	tcase_add_test(c, each_queue_counts_its_own);
	tcase_add_test(c, as_many_as_the_limit_and_no_more);
	tcase_add_test(c, a_caller_may_not_care_what_was_known);
	tcase_add_test(c, structures_of_another_size_are_taken_one_by_one);
	suite_add_tcase(s, c);
	return s;
}
