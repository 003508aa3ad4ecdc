/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_heartbeat_listed(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* Each worker numbers its listings: by chance the one that does not list a task has the number of the one that did. */
START_TEST(what_another_worker_listed_does_not_count)
{
	unsigned beats;

	for (beats = 1; beats < 12; beats++) {
		struct engine_agent *first, *second;
		dtss_task_id id;
		unsigned i;

		engine_close(&e);
		engine_open(&e, NULL);
		first = engine_join(&e, "first", 1, NULL);
		id = engine_task(&e, "job");
		engine_pump(&e);
		for (i = 0; i < 4; i++)
			ck_assert_int_eq(engine_beat(&e, first), 0);
		first->max_tasks = 0; /* so that the other one gets it next */
		ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_RELEASED), 0);
		ck_assert_int_eq(engine_beat(&e, first), 0);
		second = engine_join(&e, "second", 1, NULL);
		for (i = 1; i < beats && engine_state(&e, id) == DTSS_TASK_DELAYED; i++)
			ck_assert_int_eq(engine_beat(&e, second), 0);
		engine_wait(&e, id, DTSS_TASK_LEASED, 10000);
		ck_assert_ptr_eq(engine_holder(&e, id), second);
		engine_forget(&e, id);
		ck_assert_int_eq(engine_beat(&e, second), 0);
		ck_assert_uint_ne(engine_state(&e, id), DTSS_TASK_LEASED);
		ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_REJECTED);
	}
}
END_TEST

/* It holds nothing, and says nothing new of itself. */
START_TEST(what_an_idle_worker_does_beside_us_counts)
{
	struct engine_agent *w = engine_join(&e, "w", 1, NULL);
	dtss_task_id id;

	ck_assert_int_eq(engine_beat(&e, w), 0);
	w->foreign = 1;
	ck_assert_int_eq(engine_beat(&e, w), 0);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	w->foreign = 0;
	ck_assert_int_eq(engine_beat(&e, w), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	engine_check(&e);
}
END_TEST

Suite *suite_unit_heartbeat_listed(void)
{
	Suite *suite = suite_create("heartbeat_listed");
	TCase *tc = tcase_create("heartbeat_listed");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_another_worker_listed_does_not_count);
	tcase_add_test(tc, what_an_idle_worker_does_beside_us_counts);
	suite_add_tcase(suite, tc);
	return suite;
}
