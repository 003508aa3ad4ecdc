/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_key(void);

#define DAY_MS UINT64_C(86400000)

static struct engine e;
static struct dtss_task_spec spec;

static void setup(void)
{
	engine_open(&e, NULL);
	spec = engine_spec("job");
	spec.key = "k";
}

static void teardown(void)
{
	engine_close(&e);
}

static void open_with(uint32_t keys_max, uint64_t key_ttl_ms)
{
	struct dtss_config cfg = { .size = sizeof cfg };

	engine_close(&e);
	cfg.keys_max = keys_max;
	cfg.key_ttl_ms = key_ttl_ms;
	engine_open(&e, &cfg);
}

/* A task with that key, which has ended. */
static dtss_task_id finished(const char *key)
{
	dtss_task_id id;

	spec.key = key;
	id = engine_submit(&e, &spec);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	engine_pump(&e);
	return id;
}

static int again(const char *key, dtss_task_id *ret_id)
{
	spec.key = key;
	return dtss_sched_submit(e.s, e.now, &spec, ret_id);
}

/* S2: the window in which a repeated submit is safe */
START_TEST(a_key_is_remembered_a_day_after_the_end_and_then_free)
{
	dtss_task_id id = finished("k"), other;

	engine_pass(&e, DAY_MS - 1000);
	ck_assert_int_eq(again("k", &other), 1);
	ck_assert_uint_eq(other.v, id.v);
	engine_pass(&e, 1001);
	ck_assert_int_eq(again("k", &other), 0);
	ck_assert_uint_eq(other.v, id.v + 1);
	engine_pump(&e);
}
END_TEST

START_TEST(a_key_of_a_task_that_has_not_ended_is_never_forgotten)
{
	dtss_task_id id, other;

	open_with(1, 1000);
	id = engine_submit(&e, &spec);
	engine_pass(&e, 10 * DAY_MS);
	finished("a");
	finished("b");
	ck_assert_int_eq(again("k", &other), 1);
	ck_assert_uint_eq(other.v, id.v);
}
END_TEST

START_TEST(the_oldest_keys_leave_first_when_there_are_too_many)
{
	dtss_task_id a, b, c, other;

	open_with(2, 0);
	a = finished("a");
	b = finished("b");
	c = finished("c");
	ck_assert_int_eq(again("b", &other), 1);
	ck_assert_uint_eq(other.v, b.v);
	ck_assert_int_eq(again("c", &other), 1);
	ck_assert_uint_eq(other.v, c.v);
	ck_assert_int_eq(again("a", &other), 0);
	ck_assert_uint_gt(other.v, a.v);
	engine_pump(&e);
}
END_TEST

START_TEST(keys_survive_a_restart_and_keep_their_time)
{
	dtss_task_id id = finished("k"), live, other;

	live = engine_submit(&e, (spec.key = "live", &spec));
	engine_pass(&e, DAY_MS / 2);
	engine_restart(&e);
	engine_takeover(&e);
	ck_assert_int_eq(again("k", &other), 1);
	ck_assert_uint_eq(other.v, id.v);
	ck_assert_int_eq(again("live", &other), 1);
	ck_assert_uint_eq(other.v, live.v);
	engine_pass(&e, DAY_MS / 2 - 1000);
	ck_assert_int_eq(again("k", &other), 1);
	engine_pass(&e, 1001);
	ck_assert_int_eq(again("k", &other), 0);
	engine_pump(&e);
}
END_TEST

START_TEST(keys_leave_in_the_order_of_their_ends_after_a_restart_too)
{
	const char *names[] = { "d", "a", "c", "b", "e", "g", "f" };
	dtss_task_id other;
	size_t i;

	open_with(7, 0);
	for (i = 0; i < 7; i++) {
		finished(names[i]);
		engine_pass(&e, 10);
	}
	engine_restart(&e);
	finished("new");
	for (i = 1; i < 7; i++)
		ck_assert_int_eq(again(names[i], &other), 1);
	ck_assert_int_eq(again("d", &other), 0);
	engine_pump(&e);
}
END_TEST

START_TEST(a_key_may_be_forgotten_used_and_ended_again_in_one_batch)
{
	dtss_task_id first, second, third;

	open_with(1, 0);
	first = finished("k");
	spec.key = "other";
	second = engine_submit(&e, &spec);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, second, NULL), 0);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0); /* "k" is forgotten */
	spec.key = "k";
	third = engine_submit(&e, &spec);
	ck_assert_uint_gt(third.v, first.v);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, third, NULL), 0);
	engine_pump(&e);
	engine_restart(&e);
	ck_assert_int_eq(again("k", &second), 1);
	ck_assert_uint_eq(second.v, third.v);
}
END_TEST

/* The task is still loaded, because its attempt is stopping, when its key is forgotten. */
START_TEST(a_key_may_leave_before_its_task)
{
	dtss_task_id id, other;
	int stopping;

	open_with(1, 0);
	engine_join(&e, "w", 1, NULL);
	id = engine_submit(&e, &spec);
	engine_pump(&e);
	engine_started(&e, id);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, &stopping), 0);
	ck_assert_int_eq(stopping, 1);
	finished("other");
	ck_assert_int_eq(again("k", &other), 0);
	engine_pump(&e);
	ck_assert_int_eq(engine_exit(&e, id, 0), 0);
	ck_assert_int_eq(again("k", &other), 1);
	ck_assert_uint_gt(other.v, id.v);
}
END_TEST

START_TEST(a_queue_and_a_key_do_not_run_together)
{
	dtss_task_id a, b;

	spec.queue = "ab";
	spec.key = "c";
	a = engine_submit(&e, &spec);
	spec.queue = "a";
	spec.key = "bc";
	b = engine_submit(&e, &spec);
	ck_assert_uint_ne(a.v, b.v);
}
END_TEST

Suite *suite_unit_key(void)
{
	Suite *s = suite_create("unit_key");
	TCase *c = tcase_create("key");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_key_is_remembered_a_day_after_the_end_and_then_free);
	tcase_add_test(c, a_key_of_a_task_that_has_not_ended_is_never_forgotten);
	tcase_add_test(c, the_oldest_keys_leave_first_when_there_are_too_many);
	tcase_add_test(c, keys_survive_a_restart_and_keep_their_time);
	tcase_add_test(c, keys_leave_in_the_order_of_their_ends_after_a_restart_too);
	tcase_add_test(c, a_key_may_be_forgotten_used_and_ended_again_in_one_batch);
	tcase_add_test(c, a_key_may_leave_before_its_task);
	tcase_add_test(c, a_queue_and_a_key_do_not_run_together);
	suite_add_tcase(s, c);
	return s;
}
