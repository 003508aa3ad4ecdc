/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stddef.h>
#include <string.h>
#include <dtss.h>
#include "support/fail_mem.h"
#include "support/forgetful_store.h"

Suite *suite_unit_sim_api(void);

/* libdtss-sim as a user sees it. */

static struct dtss_sim_config cfg;
static struct dtss_sim *sim;
static struct dtss_sim_result result;
static struct forgetful forgetful;

static void init(void)
{
	memset(&cfg, 0, sizeof cfg);
	memset(&forgetful, 0, sizeof forgetful);
	cfg.size = sizeof cfg;
	cfg.seed = 5;
	cfg.tasks_max = 8;
	result.size = sizeof result;
	sim = NULL;
}

static void fini(void)
{
	dtss_sim_destroy(sim);
	forgetful_fini(&forgetful);
}

static void broken_store(void)
{
	forgetful.every = 10;
	cfg.store_open = forgetful_open;
	cfg.store_ctx = &forgetful;
}

static void refused(void)
{
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), DTSS_E_INVALID);
	ck_assert_ptr_null(sim);
	init();
}

START_TEST(a_bad_configuration_is_refused)
{
	struct dtss_config policy = { .size = sizeof policy, .placement = 99 };
	struct {
		struct dtss_sim_config cfg;
		int newer;
	} larger = { .newer = 1 };

	cfg.size = 0;
	refused();
	cfg.workers_max = DTSS_SIM_WORKERS_MAX + 1;
	refused();
	cfg.schedulers_max = DTSS_SIM_SCHEDULERS_MAX + 1;
	refused();
	cfg.byte_count = 1;
	refused();
	cfg.choice_count = 1;
	refused();
	cfg.sched = &policy;
	refused();
	larger.cfg = cfg;
	larger.cfg.size = sizeof larger;
	ck_assert_int_eq(dtss_sim_create(&sim, &larger.cfg, NULL), DTSS_E_INVALID);
	larger.newer = 0;
	ck_assert_int_eq(dtss_sim_create(&sim, &larger.cfg, NULL), 0);
}
END_TEST

START_TEST(a_run_can_be_had_again_from_its_choices)
{
	const struct dtss_sim_choice *choices;
	struct dtss_sim_result again = { .size = sizeof again };
	struct dtss_sim_config replay = cfg;
	struct dtss_sim *other;

	cfg.flags = DTSS_SIM_RECORD;
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_eq(dtss_sim_run(sim), 0);
	dtss_sim_result(sim, &result);
	ck_assert_ptr_null(result.violation);
	ck_assert_uint_gt(result.events, 100);
	ck_assert_uint_gt(result.simulated_ns, UINT64_C(1000000000));
	replay.choice_count = dtss_sim_choices(sim, &choices);
	replay.choices = choices;
	ck_assert_uint_eq(replay.choice_count, result.choices);
	ck_assert_int_eq(dtss_sim_create(&other, &replay, NULL), 0);
	ck_assert_int_eq(dtss_sim_run(other), 0);
	dtss_sim_result(other, &again);
	ck_assert_mem_eq(&again, &result, sizeof result);
	ck_assert_uint_eq(dtss_sim_choices(other, &choices), 0); /* it did not record */
	ck_assert_uint_eq(dtss_sim_timeline(other, NULL, 0), 0);
	dtss_sim_destroy(other);
}
END_TEST

START_TEST(a_handle_runs_again_from_the_beginning)
{
	struct dtss_sim_result again = { .size = sizeof again };

	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_eq(dtss_sim_run(sim), 0);
	dtss_sim_result(sim, &result);
	ck_assert_int_eq(dtss_sim_run(sim), 0);
	dtss_sim_result(sim, &again);
	ck_assert_mem_eq(&again, &result, sizeof result);
}
END_TEST

START_TEST(an_older_program_gets_the_part_of_a_result_that_it_knows)
{
	struct dtss_sim_result old;

	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_eq(dtss_sim_run(sim), 0);
	memset(&old, 0x55, sizeof old);
	old.size = offsetof(struct dtss_sim_result, choices);
	dtss_sim_result(sim, &old);
	ck_assert_uint_gt(old.events, 0);
	ck_assert_uint_eq(old.choices, UINT64_C(0x5555555555555555));
}
END_TEST

START_TEST(bytes_drive_a_run_whatever_they_are)
{
	uint8_t bytes[4096];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	cfg.bytes = bytes;
	for (cfg.byte_count = 0; cfg.byte_count <= sizeof bytes; cfg.byte_count += 512) {
		ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
		ck_assert_int_eq(dtss_sim_run(sim), 0);
		dtss_sim_destroy(sim);
		sim = NULL;
	}
}
END_TEST

START_TEST(probes_end_somewhere)
{
	uint64_t count = 0;
	uint32_t i;

	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	for (i = 0; dtss_sim_probe(sim, i, &count); i++)
		ck_assert_uint_eq(count, 0);
	ck_assert_uint_gt(i, 0);
	ck_assert_ptr_null(dtss_sim_probe(sim, UINT32_MAX, &count));
}
END_TEST

START_TEST(a_store_that_forgets_is_found_and_made_small)
{
	struct dtss_sim_config small = { .size = sizeof small };
	char id[16], text[64];

	cfg.flags = DTSS_SIM_RECORD | DTSS_SIM_TIMELINE;
	broken_store();
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_eq(dtss_sim_run(sim), 1);
	dtss_sim_result(sim, &result);
	strcpy(id, result.violation);
	for (int i = 0; i < 20 && dtss_sim_shrink(sim, 20) == 1; i++)
		;
	dtss_sim_result(sim, &result);
	ck_assert_str_eq(result.violation, id);
	dtss_sim_setup(sim, &small);
	ck_assert_uint_ne(small.faults_off, 0);
	ck_assert_uint_gt(dtss_sim_timeline(sim, text, sizeof text), sizeof text);
}
END_TEST

START_TEST(without_a_violation_there_is_nothing_to_shrink)
{
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_eq(dtss_sim_shrink(sim, 10), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sim_run(sim), 0);
	ck_assert_int_eq(dtss_sim_shrink(sim, 10), DTSS_E_STATE);
}
END_TEST

START_TEST(without_memory_it_says_so_and_leaks_nothing)
{
	struct fail_mem mem;
	int rc = DTSS_E_NOMEM;

	cfg.flags = DTSS_SIM_RECORD | DTSS_SIM_TIMELINE;
	cfg.tasks_max = 1;
	for (size_t n = 1; rc == DTSS_E_NOMEM; n++) {
		fail_mem_init(&mem, n);
		rc = dtss_sim_create(&sim, &cfg, &mem.mem);
		if (rc == 0)
			rc = dtss_sim_run(sim);
		dtss_sim_destroy(sim);
		sim = NULL;
		ck_assert_uint_eq(mem.blocks, 0);
		ck_assert(rc == DTSS_E_NOMEM || mem.count < n);
	}
	ck_assert_int_eq(rc, 0);
}
END_TEST

Suite *suite_unit_sim_api(void)
{
	Suite *suite = suite_create("unit_sim_api");
	TCase *api = tcase_create("api");

	tcase_add_checked_fixture(api, init, fini);
	tcase_add_test(api, a_bad_configuration_is_refused);
	tcase_add_test(api, a_run_can_be_had_again_from_its_choices);
	tcase_add_test(api, a_handle_runs_again_from_the_beginning);
	tcase_add_test(api, an_older_program_gets_the_part_of_a_result_that_it_knows);
	tcase_add_test(api, bytes_drive_a_run_whatever_they_are);
	tcase_add_test(api, probes_end_somewhere);
	tcase_add_test(api, a_store_that_forgets_is_found_and_made_small);
	tcase_add_test(api, without_a_violation_there_is_nothing_to_shrink);
	tcase_add_test(api, without_memory_it_says_so_and_leaks_nothing);
	suite_add_tcase(suite, api);
	return suite;
}
