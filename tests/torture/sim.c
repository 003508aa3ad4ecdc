/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "sim/sim.h"

/*
 * A few hundred clusters, each with faults of its own. What must hold is judged under its identifier: P10, S1, S2, S4,
 * S5, S6, S7, S9, S10, S14, S19, S20, S26, X6, L1, and what dtss_sched_check() knows: S3, S11, S13, S15, S21, S23, L2, L4.
 * DTSS_SEED=N runs that one alone, DTSS_SEEDS=N so many.
 */
#define SEEDS 120

static struct sim_counts sum;

static void add_counts(const struct sim_counts *counts)
{
	uint64_t *to = (uint64_t *)&sum;
	const uint64_t *from = (const uint64_t *)counts;
	size_t i;

	for (i = 0; i < sizeof sum / sizeof *to; i++)
		to[i] += from[i];
}

/* 1: a promise was not kept. */
static int run(uint64_t seed, struct sim_violation *ret_violation, struct sim_counts *ret_counts)
{
	struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = seed };
	struct sim *s = sim_new(&cfg, dtss_mem_libc());
	int violated;

	ck_assert_ptr_nonnull(s);
	choice_seed(&s->choice, seed);
	ck_assert_int_eq(sim_go(s), 0);
	*ret_violation = s->violation;
	*ret_counts = s->counts;
	violated = s->violation.id != NULL;
	sim_free(s);
	return violated;
}

static void run_seed(uint64_t seed)
{
	struct sim_violation violation;
	struct sim_counts counts;

	ck_assert_msg(run(seed, &violation, &counts) == 0, "DTSS_SEED=%llu to reproduce: %s: %s",
		      (unsigned long long)seed, violation.id, violation.text);
	add_counts(&counts);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(clusters_with_faults_keep_their_promises)
{
	uint64_t seed = from_environment("DTSS_SEED", 0), seeds = from_environment("DTSS_SEEDS", SEEDS);

	if (seed) {
		run_seed(seed);
		return;
	}
	for (seed = 1; seed <= seeds; seed++)
		run_seed(seed);
	/* a run in which nothing happened proves nothing */
	ck_assert_uint_gt(sum.node_crashes, 0);
	ck_assert_uint_gt(sum.agent_crashes, 0);
	ck_assert_uint_gt(sum.pauses, 0);
	ck_assert_uint_gt(sum.lost_messages, 0);
	ck_assert_uint_gt(sum.doubled_messages, 0);
	ck_assert_uint_gt(sum.commits_unknown, 0);
	ck_assert_uint_gt(sum.commits_nospc, 0);
	ck_assert_uint_gt(sum.known, 0);
	ck_assert_uint_gt(sum.losses, 0);
	ck_assert_uint_gt(sum.cancels, 0);
	ck_assert_uint_gt(sum.releases, 0);
	ck_assert_uint_gt(sum.drains, 0);
	ck_assert_uint_gt(sum.completed, seeds);
}
END_TEST

START_TEST(a_seed_is_a_run)
{
	struct sim_violation none;
	struct sim_counts once, again;

	ck_assert_int_eq(run(7, &none, &once), 0);
	ck_assert_int_eq(run(7, &none, &again), 0);
	ck_assert_mem_eq(&once, &again, sizeof once);
	ck_assert_int_eq(run(8, &none, &again), 0);
	ck_assert(memcmp(&once, &again, sizeof once) != 0);
}
END_TEST

Suite *suite_torture_sim(void);

Suite *suite_torture_sim(void)
{
	Suite *suite = suite_create("torture_sim");
	TCase *clusters = tcase_create("clusters");

	tcase_set_timeout(clusters, 240);
	tcase_add_test(clusters, clusters_with_faults_keep_their_promises);
	tcase_add_test(clusters, a_seed_is_a_run);
	suite_add_tcase(suite, clusters);
	return suite;
}
