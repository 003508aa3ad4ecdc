/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/engine.h"
#include "support/engine.h"

Suite *suite_unit_backoff(void);

static struct dtss_retry policy(uint64_t min, uint64_t max, uint32_t multiplier, uint32_t jitter)
{
	struct dtss_retry r = { 1000, 3, min, max, multiplier, jitter, NULL, 0 };

	return r;
}

static uint64_t ms(const struct dtss_retry *r, uint32_t failures)
{
	return backoff_ns(7, 1, failures, r, failures) / NS_PER_MS;
}

START_TEST(it_grows_by_the_multiplier_up_to_the_maximum)
{
	struct dtss_retry r = policy(1000, 60000, 2000, DTSS_JITTER_OFF),
			  slow = policy(100, 200, 1100, DTSS_JITTER_OFF),
			  fixed = policy(300, 900, 1000, DTSS_JITTER_OFF);
	const uint64_t expected[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	uint32_t i;

	for (i = 0; i < 8; i++)
		ck_assert_uint_eq(ms(&r, i + 1), expected[i]);
	ck_assert_uint_eq(ms(&slow, 2), 110);
	ck_assert_uint_eq(ms(&slow, 3), 121);
	ck_assert_uint_eq(ms(&slow, 50), 200);
	ck_assert_uint_eq(ms(&fixed, 1), 300);
	ck_assert_uint_eq(ms(&fixed, 999), 300);
}
END_TEST

/* S12: min <= wait <= max * 1.25 for any attempt number, without overflow */
START_TEST(it_stays_in_its_bounds_for_every_policy)
{
	const uint64_t mins[] = { 1, 100, 1000, DTSS_DURATION_MS_MAX },
		       maxs[] = { 1, 1000, 300000, DTSS_DURATION_MS_MAX };
	const uint32_t multipliers[] = { 1000, 1001, 1500, 2000, DTSS_MULTIPLIER_MILLI_MAX };
	size_t i, j, k;
	uint32_t n;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			for (k = 0; k < 5; k++)
				for (n = 1; n <= DTSS_ATTEMPTS_MAX; n += 1 + n / 8) {
					struct dtss_retry r = policy(mins[i], maxs[j], multipliers[k], DTSS_JITTER_ON);
					uint64_t low = mins[i] < maxs[j] ? mins[i] : maxs[j];
					uint64_t wait = backoff_ns(n, 3, n, &r, n);

					ck_assert_uint_ge(wait, low * NS_PER_MS);
					ck_assert_uint_le(wait, maxs[j] * NS_PER_MS / 4 * 5);
				}
}
END_TEST

START_TEST(jitter_is_the_same_after_a_restart_and_differs_between_tasks)
{
	struct dtss_retry r = policy(1000, 60000, 2000, DTSS_JITTER_ON);
	uint64_t task, least = UINT64_MAX, most = 0;

	ck_assert_uint_eq(backoff_ns(7, 1, 1, &r, 1), backoff_ns(7, 1, 1, &r, 1));
	ck_assert_uint_ne(backoff_ns(7, 1, 1, &r, 1), backoff_ns(8, 1, 1, &r, 1));
	ck_assert_uint_ne(backoff_ns(7, 1, 1, &r, 1), backoff_ns(7, 1, 2, &r, 1));
	for (task = 1; task < 200; task++) {
		uint64_t wait = backoff_ns(7, task, 1, &r, 1);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	ck_assert_uint_lt(least, 1010 * NS_PER_MS);
	ck_assert_uint_gt(most, 1240 * NS_PER_MS);
	ck_assert_uint_le(most, 1250 * NS_PER_MS);
}
END_TEST

START_TEST(ends_that_count_nowhere_wait_100_ms_to_6_s)
{
	uint32_t i;

	ck_assert_uint_eq(backoff_free_ns(1), 100 * NS_PER_MS);
	ck_assert_uint_eq(backoff_free_ns(2), 200 * NS_PER_MS);
	for (i = 7; i < 1001; i++)
		ck_assert_uint_eq(backoff_free_ns(i), 6400 * NS_PER_MS);
}
END_TEST

/* S12, and S18: not before it is due on the monotonic clock, whatever the wall clock does */
START_TEST(a_failed_task_comes_back_when_it_is_due)
{
	static struct engine e;
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;
	int64_t jumps[] = { 0, 3600, -3600, 1000000000, -1000000000 };
	size_t i;

	engine_open(&e, NULL);
	engine_join(&e, "w", 1, NULL);
	spec.retry.attempts_max = 2;
	spec.retry.backoff_ms_min = 4000;
	spec.retry.jitter = DTSS_JITTER_OFF;
	for (i = 0; i < 5; i++) {
		id = engine_submit(&e, &spec);
		engine_pump(&e);
		engine_exit(&e, id, 1);
		ck_assert_int_eq(engine_view(&e, id).due_ns, e.now.wall_ns + 4000000000);
		e.now.wall_ns += jumps[i] * 1000000000;
		engine_pass(&e, 3990);
		ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_DELAYED);
		engine_pass(&e, 20);
		ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
		engine_exit(&e, id, 0);
	}
	engine_close(&e);
}
END_TEST

Suite *suite_unit_backoff(void)
{
	Suite *s = suite_create("unit_backoff");
	TCase *c = tcase_create("backoff");

	tcase_add_test(c, it_grows_by_the_multiplier_up_to_the_maximum);
	tcase_add_test(c, it_stays_in_its_bounds_for_every_policy);
	tcase_add_test(c, jitter_is_the_same_after_a_restart_and_differs_between_tasks);
	tcase_add_test(c, ends_that_count_nowhere_wait_100_ms_to_6_s);
	tcase_add_test(c, a_failed_task_comes_back_when_it_is_due);
	suite_add_tcase(s, c);
	return s;
}
