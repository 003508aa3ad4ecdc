/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_digest(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* Some minutes of everybody's life; the seed makes hash tables and jitter different, and nothing else. */
static uint64_t story(uint64_t seed, uint64_t *ret_all)
{
	struct dtss_config cfg = { .size = sizeof cfg, .seed = seed };
	struct dtss_task_spec spec = engine_spec("job");
	uint64_t digest;
	size_t i;

	engine_close(&e);
	engine_open(&e, &cfg);
	engine_join(&e, "a", 2, "x");
	engine_join(&e, "b", 3, "y");
	spec.retry.attempts_max = 3;
	spec.retry.jitter = DTSS_JITTER_OFF;
	for (i = 1; i <= 40; i++) {
		const char *tag = i % 3 ? "x" : "y";

		spec.tags = &tag;
		spec.tag_count = i % 4 != 0;
		spec.priority = (int32_t)i % 3;
		engine_submit(&e, &spec);
		engine_pass(&e, 500);
		if (engine_state(&e, (dtss_task_id){ i / 2 + 1 }) == DTSS_TASK_LEASED)
			engine_exit(&e, (dtss_task_id){ i / 2 + 1 }, (int32_t)i % 2);
	}
	digest = dtss_sched_digest(e.s);
	*ret_all = dtss_sched_digest_all(e.s);
	return digest;
}

/* S20: the same verbs give the same state */
START_TEST(the_same_verbs_give_the_same_digests)
{
	uint64_t first_all, second_all, first = story(1, &first_all), second = story(1, &second_all);

	ck_assert_uint_eq(first, second);
	ck_assert_uint_eq(first_all, second_all);
}
END_TEST

/* S20: no order depends on a hash table's layout */
START_TEST(the_layout_of_hash_tables_changes_nothing)
{
	uint64_t all, first = story(1, &all), i;

	for (i = 2; i < 6; i++)
		ck_assert_uint_eq(story(i, &all), first);
}
END_TEST

START_TEST(what_is_durable_shows_in_it_and_what_is_volatile_does_not)
{
	struct engine_agent *w = engine_join(&e, "w", 2, NULL);
	uint64_t digest = dtss_sched_digest(e.s), all = dtss_sched_digest_all(e.s);
	dtss_task_id id;

	engine_sleep(&e, 100);
	engine_beat(&e, w);
	ck_assert_uint_eq(dtss_sched_digest(e.s), digest);
	ck_assert_uint_ne(dtss_sched_digest_all(e.s), all);
	w->max_tasks = 3;
	engine_beat(&e, w);
	ck_assert_uint_ne(dtss_sched_digest(e.s), digest);
	digest = dtss_sched_digest(e.s);
	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "w"), 0);
	ck_assert_uint_ne(dtss_sched_digest(e.s), digest);
	digest = dtss_sched_digest(e.s);
	id = engine_task(&e, "job");
	ck_assert_uint_ne(dtss_sched_digest(e.s), digest);
	digest = dtss_sched_digest(e.s);
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
	ck_assert_uint_ne(dtss_sched_digest(e.s), digest);
}
END_TEST

START_TEST(who_does_not_lead_has_nothing_volatile)
{
	engine_join(&e, "w", 2, NULL);
	engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(dtss_sched_digest_all(e.standby), dtss_sched_digest(e.standby));
	ck_assert_uint_eq(dtss_sched_digest_all(e.standby), dtss_sched_digest(e.s));
	ck_assert_uint_ne(dtss_sched_digest_all(e.s), dtss_sched_digest(e.s));
}
END_TEST

Suite *suite_unit_digest(void)
{
	Suite *s = suite_create("unit_digest");
	TCase *c = tcase_create("digest");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_same_verbs_give_the_same_digests);
	tcase_add_test(c, the_layout_of_hash_tables_changes_nothing);
	tcase_add_test(c, what_is_durable_shows_in_it_and_what_is_volatile_does_not);
	tcase_add_test(c, who_does_not_lead_has_nothing_volatile);
	suite_add_tcase(s, c);
	return s;
}
