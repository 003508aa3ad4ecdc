/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss/sim.h>
#include "fuzz/support/fuzz.h"

/*
 * The whole cluster by what the bytes choose, instead of a seed: no promise is broken, and the same bytes are the same
 * run. The cluster is small, so that the bytes are spent on what happens in it.
 */
static struct dtss_sim_result run(struct dtss_sim *sim)
{
	struct dtss_sim_result result = { .size = sizeof result };
	int rc = dtss_sim_run(sim);

	dtss_sim_result(sim, &result);
	ck_assert_msg(rc == 0, "%s %s", result.violation ? result.violation : dtss_errname(rc),
		      result.text ? result.text : "");
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dtss_sim_config cfg = { .size = sizeof cfg, .bytes = data, .byte_count = size };
	struct dtss_sim_result first, second;
	struct dtss_sim *sim;

	if (size == 0)
		return 0;
	cfg.schedulers_max = 2;
	cfg.workers_max = 3;
	cfg.clients_max = 2;
	cfg.tasks_max = 12;
	ck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);
	first = run(sim);
	if (data[0] % 16 == 0) {
		second = run(sim);
		ck_assert_uint_eq(first.events, second.events); /* S20 */
		ck_assert_uint_eq(first.simulated_ns, second.simulated_ns);
		ck_assert_uint_eq(first.choices, second.choices);
		ck_assert_uint_eq(first.batches, second.batches);
	}
	dtss_sim_destroy(sim);
	return 0;
}
