/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/engine.h"
#include "support/engine.h"

Suite *suite_unit_need(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id needs(const struct dtss_resource *resources, size_t count, const char *const *tags,
			  size_t tag_count)
{
	struct dtss_task_spec spec = engine_spec("job");

	spec.resources = resources;
	spec.resource_count = count;
	spec.tags = tags;
	spec.tag_count = tag_count;
	return engine_submit(&e, &spec);
}

/* Names get their numbers as they come up; a need keeps them in order. */
START_TEST(resources_and_tags_in_any_order_fit_the_same_worker)
{
	const struct dtss_resource z = { "z", 1 }, both[] = { { "a", 2 }, { "z", 3 } };
	const char *const tz = "tz", *const tags[] = { "ta", "tb", "tz" };
	struct engine_agent *w = engine_agent(&e, "w", 8, "tz");
	dtss_task_id one, two, three;

	one = needs(&z, 1, &tz, 1);
	two = needs(both, 2, tags, 3);
	three = needs(both, 2, tags, 3);
	w->tags[w->tag_count++] = "tb";
	w->tags[w->tag_count++] = "ta";
	w->resources[w->resource_count++] = (struct dtss_resource){ "a", 3 };
	w->resources[w->resource_count++] = (struct dtss_resource){ "z", 4 };
	engine_beat(&e, w);
	ck_assert_uint_eq(engine_state(&e, one), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, two), DTSS_TASK_LEASED);
	ck_assert_uint_eq(engine_state(&e, three), DTSS_TASK_READY); /* no more of a, nor of z */
	ck_assert_uint_eq(engine_why(&e, three), DTSS_WHY_BUSY);
	engine_exit(&e, two, 0);
	ck_assert_uint_eq(engine_state(&e, three), DTSS_TASK_LEASED);
}
END_TEST

/* Stamps say who was given work longest ago; when they come to their end, the order stays. */
START_TEST(when_stamps_are_used_up_equals_still_rotate)
{
	const char *const names[] = { "a", "b", "c" };
	const char *last = "";
	size_t i;

	for (i = 0; i < 3; i++)
		engine_join(&e, names[i], 1000, NULL);
	e.s->stamp = UINT32_MAX - 4;
	for (i = 0; i < 12; i++) {
		dtss_task_id id = engine_task(&e, "job");

		engine_pump(&e);
		ck_assert_str_eq(engine_holder(&e, id)->name, names[i % 3]);
		ck_assert_str_ne(engine_holder(&e, id)->name, last);
		last = engine_holder(&e, id)->name;
		engine_exit(&e, id, 0);
	}
	ck_assert_uint_lt(e.s->stamp, UINT32_MAX / 2 + 100);
}
END_TEST

/* P7: whatever the policy, all attempts together are at most 1,000. */
START_TEST(a_task_that_is_always_given_back_fails_in_the_end)
{
	dtss_task_id id;
	int i;

	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	for (i = 1; i < DTSS_ATTEMPTS_MAX; i++) {
		ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_RELEASED), 0);
		engine_wait(&e, id, DTSS_TASK_LEASED, 600000);
	}
	ck_assert_int_eq(engine_cause_end(&e, id, DTSS_CAUSE_RELEASED), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_FAILED);
	ck_assert_uint_eq(engine_cause(&e, id), DTSS_CAUSE_ATTEMPTS);
	ck_assert_uint_eq(engine_attempt(&e, id), DTSS_ATTEMPTS_MAX);
}
END_TEST

Suite *suite_unit_need(void)
{
	Suite *s = suite_create("unit_need");
	TCase *tc = tcase_create("need");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, resources_and_tags_in_any_order_fit_the_same_worker);
	tcase_add_test(tc, when_stamps_are_used_up_equals_still_rotate);
	tcase_add_test(tc, a_task_that_is_always_given_back_fails_in_the_end);
	suite_add_tcase(s, tc);
	return s;
}
