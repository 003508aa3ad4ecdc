/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/engine.h"
#include "support/rand.h"

#define WORKERS 200

Suite *suite_unit_roster(void);

static struct engine e;
static int there[WORKERS];

static void setup(void)
{
	engine_open(&e, NULL);
	memset(there, 0, sizeof there);
}

static void teardown(void)
{
	engine_close(&e);
}

static const char *name_of(size_t i)
{
	static char name[16];

	snprintf(name, sizeof name, "n%zu", 1000 + i);
	return name;
}

static void beat(size_t i, uint64_t number)
{
	struct dtss_heartbeat hb = { .size = sizeof hb,
				     .name = name_of(i),
				     .incarnation = 1,
				     .number = number,
				     .epoch = 1,
				     .kind = DTSS_WORKER_AGENT };

	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	there[i] = 1;
}

/* After each name, whether somebody has it or not, comes the next that somebody has. */
static void expect_walked(void)
{
	struct dtss_worker_view v;

	engine_check(&e);
	for (size_t i = 0; i < WORKERS; i++) {
		size_t next = i + 1;
		int result = dtss_sched_worker_next(e.s, name_of(i), &v);

		while (next < WORKERS && !there[next])
			next++;
		ck_assert_int_eq(result, next < WORKERS ? 0 : DTSS_E_NOT_FOUND);
		if (next < WORKERS)
			ck_assert_str_eq(v.name, name_of(next));
	}
	ck_assert_int_eq(dtss_sched_worker_next(e.s, NULL, &v), 0);
	for (size_t i = 0; strcmp(v.name, name_of(i)) != 0; i++)
		ck_assert(!there[i]);
}

START_TEST(workers_that_come_in_any_order_are_walked_by_name)
{
	size_t order[WORKERS];
	struct rand rnd = { 3 };

	for (size_t i = 0; i < WORKERS; i++) {
		size_t j = rand_below(&rnd, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < WORKERS; i++) {
		beat(order[i], 1);
		if (i % 40 == 0)
			expect_walked();
	}
	expect_walked();
}
END_TEST

START_TEST(workers_that_were_forgotten_are_not_walked_and_may_come_back)
{
	struct rand rnd = { 4 };

	for (size_t i = WORKERS; i-- > 0;)
		beat(i, 1);
	engine_pump(&e);
	engine_pass(&e, 43200000);
	for (size_t i = 0; i < WORKERS; i++) {
		there[i] = 0;
		if (rand_below(&rnd, 3) == 0)
			beat(i, 2);
	}
	engine_pump(&e);
	engine_pass(&e, 43300000);
	expect_walked();
	for (size_t i = 0; i < WORKERS; i += 2)
		beat(i, 3);
	expect_walked();
}
END_TEST

Suite *suite_unit_roster(void)
{
	Suite *s = suite_create("unit_roster");
	TCase *c = tcase_create("roster");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, workers_that_come_in_any_order_are_walked_by_name);
	tcase_add_test(c, workers_that_were_forgotten_are_not_walked_and_may_come_back);
	suite_add_tcase(s, c);
	return s;
}
