/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <string.h>

/* The first one knows the sentences of all probes. */
static struct dtss_sim *any_sim(void)
{
	static struct dtss_sim *sim;
	struct dtss_sim_config cfg = { .size = sizeof cfg };

	if (!sim && dtss_sim_create(&sim, &cfg, NULL) < 0)
		sim = NULL;
	return sim;
}

const char *probe_text(uint32_t index)
{
	struct dtss_sim *sim = any_sim();
	uint64_t none;

	return sim && index < PROBES_MAX ? dtss_sim_probe(sim, index, &none) : NULL;
}

uint32_t probe_count(void)
{
	uint32_t count = 0;

	while (probe_text(count))
		count++;
	return count;
}

void seed_run(const struct tool *t, uint64_t seed, struct seed_result *ret_result)
{
	struct dtss_sim_config cfg = t->cfg;
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim *sim;
	int rc;

	memset(ret_result, 0, sizeof *ret_result);
	ret_result->violation.seed = seed;
	cfg.seed = seed;
	rc = dtss_sim_create(&sim, &cfg, mem_kept());
	if (rc == 0)
		rc = dtss_sim_run(sim);
	if (rc < 0) {
		snprintf(ret_result->violation.id, sizeof ret_result->violation.id, "error");
		snprintf(ret_result->violation.text, sizeof ret_result->violation.text, "%s", dtss_errname(rc));
		return;
	}
	dtss_sim_result(sim, &result);
	ret_result->events = result.events;
	ret_result->simulated_ns = result.simulated_ns;
	for (uint32_t i = 0; i < PROBES_MAX && dtss_sim_probe(sim, i, &ret_result->probes[i]); i++)
		;
	if (result.violation) {
		snprintf(ret_result->violation.id, sizeof ret_result->violation.id, "%s", result.violation);
		snprintf(ret_result->violation.text, sizeof ret_result->violation.text, "%s", result.text);
	}
	dtss_sim_destroy(sim);
}
