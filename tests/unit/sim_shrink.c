/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "sim/sim.h"
#include "sim/shrink.h"
#include "support/fail_mem.h"

Suite *suite_unit_sim_shrink(void);

/*
 * Shrinking, with an artificial run in the place of a cluster: some choices, of which a few together are the violation.
 */
#define CHOICES 900

struct artificial {
	uint32_t runs;
	uint32_t workers_needed;
	uint32_t fault_needed; /* a class; DTSS_SIM_FAULTS: none */
	uint64_t error_at;     /* this run fails; 0: none does */
};

/* Broken: a choice of at least 60 in 100, later one of at least 700 in 1000. Another promise is: a first choice of 99. */
static int artificial_play(void *ctx, const struct dtss_sim_config *cfg, struct sim_choice *ret_choice)
{
	struct artificial *a = ctx;
	uint64_t first, hundred, thousand;
	int stage = 0, other;

	if (++a->runs == a->error_at)
		return DTSS_E_NOMEM;
	if (cfg->choices)
		choice_list(ret_choice, cfg->choices, cfg->choice_count);
	else
		choice_seed(ret_choice, cfg->seed);
	choice_record(ret_choice, dtss_mem_libc());
	first = choice_next(ret_choice, 100);
	other = first == 99;
	for (int i = 0; i < CHOICES && stage < 2; i++) {
		hundred = choice_next(ret_choice, 100);
		thousand = choice_next(ret_choice, 1000);
		if (stage == 1 && thousand >= 700)
			stage = 2;
		if (stage == 0 && hundred >= 60)
			stage = 1;
	}
	if (cfg->workers_max && cfg->workers_max < a->workers_needed)
		return 0;
	if (a->fault_needed < DTSS_SIM_FAULTS && cfg->faults_off & UINT64_C(1) << a->fault_needed)
		return 0;
	return stage == 2 && !other;
}

static struct sim_shrink k;
static struct artificial a;
static struct dtss_sim_config cfg;

static void init(void)
{
	memset(&a, 0, sizeof a);
	memset(&cfg, 0, sizeof cfg);
	a.fault_needed = DTSS_SIM_FAULTS;
	cfg.size = sizeof cfg;
	cfg.seed = 11;
}

static void fini(void)
{
	shrink_fini(&k);
}

static void begin(void)
{
	shrink_init(&k, &cfg, dtss_mem_libc());
	k.play = artificial_play;
	k.ctx = &a;
}

static size_t not_zero(void)
{
	size_t count = 0;

	for (size_t i = 0; i < k.count; i++)
		count += k.list[i].value != 0;
	return count;
}

START_TEST(a_long_list_becomes_the_few_choices_that_matter)
{
	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	ck_assert_uint_eq(k.phase, SHRINK_DONE);
	ck_assert_uint_eq(not_zero(), 2);
	ck_assert_uint_le(k.count, 7);
	ck_assert_uint_eq(k.list[k.count - 1].value, 700);
	ck_assert_uint_eq(k.list[k.count - 1].n, 1000);
	ck_assert_uint_lt(a.runs, 400);
}
END_TEST

START_TEST(what_is_left_still_is_the_violation)
{
	struct sim_choice choice;

	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	memset(&choice, 0, sizeof choice);
	ck_assert_int_eq(artificial_play(&a, &k.best, &choice), 1);
	choice_fini(&choice);
}
END_TEST

START_TEST(faults_and_counts_that_do_not_matter_go)
{
	a.workers_needed = 3;
	a.fault_needed = 4;
	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	ck_assert_uint_eq(k.best.faults_off, ((UINT64_C(1) << DTSS_SIM_FAULTS) - 1) & ~(UINT64_C(1) << 4));
	ck_assert_uint_eq(k.best.workers_max, 4); /* 1, 2, 4: the first that still shows it */
	ck_assert_uint_eq(k.best.schedulers_max, 1);
	ck_assert_uint_eq(k.best.clients_max, 1);
	ck_assert_uint_eq(k.best.tasks_max, 1);
}
END_TEST

START_TEST(it_goes_on_where_it_stopped)
{
	uint32_t calls = 0, at_once;

	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	at_once = a.runs;
	shrink_fini(&k);
	a.runs = 0;
	begin();
	while (shrink_go(&k, 3) == 1)
		ck_assert_uint_lt(++calls, 10000);
	ck_assert_uint_eq(a.runs, at_once);
	ck_assert_uint_eq(not_zero(), 2);
	ck_assert_uint_gt(calls, 10);
}
END_TEST

START_TEST(a_run_that_does_not_repeat_is_left_as_it_is)
{
	cfg.seed = 11;
	a.workers_needed = 1;
	cfg.workers_max = 1;
	a.fault_needed = 7;
	cfg.faults_off = UINT64_C(1) << 7; /* so it never is the violation */
	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	ck_assert_ptr_null(k.best.choices);
	ck_assert_uint_eq(k.best.faults_off, UINT64_C(1) << 7);
}
END_TEST

START_TEST(an_error_of_a_run_is_passed_on)
{
	a.error_at = 50;
	begin();
	ck_assert_int_eq(shrink_go(&k, 100000), DTSS_E_NOMEM);
	ck_assert_int_eq(shrink_go(&k, 100000), 0);
	ck_assert_uint_eq(not_zero(), 2);
}
END_TEST

START_TEST(without_memory_for_the_list_it_says_so)
{
	struct fail_mem mem;

	for (size_t n = 1; n <= 2; n++) {
		fail_mem_init(&mem, n);
		shrink_init(&k, &cfg, &mem.mem);
		k.play = artificial_play;
		k.ctx = &a;
		ck_assert_int_eq(shrink_go(&k, 100000), DTSS_E_NOMEM);
		shrink_fini(&k);
		ck_assert_uint_eq(mem.blocks, 0);
	}
}
END_TEST

Suite *suite_unit_sim_shrink(void)
{
	Suite *suite = suite_create("unit_sim_shrink");
	TCase *smaller = tcase_create("smaller");

	tcase_add_checked_fixture(smaller, init, fini);
	tcase_add_test(smaller, a_long_list_becomes_the_few_choices_that_matter);
	tcase_add_test(smaller, what_is_left_still_is_the_violation);
	tcase_add_test(smaller, faults_and_counts_that_do_not_matter_go);
	tcase_add_test(smaller, it_goes_on_where_it_stopped);
	tcase_add_test(smaller, a_run_that_does_not_repeat_is_left_as_it_is);
	tcase_add_test(smaller, an_error_of_a_run_is_passed_on);
	tcase_add_test(smaller, without_memory_for_the_list_it_says_so);
	suite_add_tcase(suite, smaller);
	return suite;
}
