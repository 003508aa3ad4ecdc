/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss.h>

Suite *suite_sim_worker_flaps(void);

/* L7: a worker whose clock is slow goes offline, rightly, and comes back with each heartbeat. */
START_TEST(what_it_changes_is_counted)
{
	struct dtss_sim_config cfg = { .size = sizeof cfg };
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim *sim;

	cfg.seed = 138264;
	cfg.faults_off = UINT64_C(0x19c0052f63d);
	cfg.workers_max = 4;
	cfg.clients_max = 1;
	cfg.tasks_max = 32;
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	ck_assert_int_ge(dtss_sim_run(sim), 0);
	dtss_sim_result(sim, &result);
	ck_assert_msg(!result.violation, "%s: %s", result.violation, result.text);
	dtss_sim_destroy(sim);
}
END_TEST

Suite *suite_sim_worker_flaps(void)
{
	Suite *suite = suite_create("sim_worker_flaps");
	TCase *replay = tcase_create("replay");

	tcase_add_test(replay, what_it_changes_is_counted);
	suite_add_tcase(suite, replay);
	return suite;
}
