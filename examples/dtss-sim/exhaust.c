/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <inttypes.h>
#include "common/options.h"

/* A violation that was met, as the list that leads to it. */
static void exhaust_tell(struct tool *t, const struct dtss_sim *sim, uint64_t seed)
{
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim_config cfg = { .size = sizeof cfg };
	struct violation v = { .seed = seed };
	char path[4096];

	dtss_sim_result(sim, &result);
	dtss_sim_setup(sim, &cfg);
	snprintf(v.id, sizeof v.id, "%s", result.violation);
	snprintf(v.text, sizeof v.text, "%s", result.text);
	cfg.choice_count = dtss_sim_choices(sim, &cfg.choices);
	printf("violation %s seed %" PRIu64 ": %s\n", v.id, v.seed, v.text);
	if (t->sum.violations++ == 0 && test_write(t, &v, &cfg, path, sizeof path) == 0)
		printf("%s replays it\n", path);
}

/* All combinations for one cluster. 0, or an error. */
static int exhaust_seed(struct tool *t, uint64_t seed)
{
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim_config cfg = t->cfg;
	struct dtss_sim *sim;
	int rc, more = 1;

	cfg.seed = seed;
	cfg.flags = DTSS_SIM_RECORD | DTSS_SIM_CALM;
	rc = dtss_sim_create(&sim, &cfg, NULL);
	if (rc < 0)
		return rc;
	while (rc >= 0 && more > 0 && !interrupted()) {
		rc = dtss_sim_run(sim);
		dtss_sim_result(sim, &result);
		t->sum.seeds++;
		t->sum.events += result.events;
		if (rc == 1)
			exhaust_tell(t, sim, seed);
		more = rc < 0 ? rc : dtss_sim_advance(sim, (size_t)t->depth);
	}
	dtss_sim_destroy(sim);
	return rc < 0 ? rc : more < 0 ? more : 0;
}

int exhaust_main(int argc, char **argv)
{
	static struct tool t = { .cfg = { .size = sizeof t.cfg,
					  .schedulers_max = 2,
					  .workers_max = 2,
					  .clients_max = 1,
					  .tasks_max = 1 },
				 .seed = 1,
				 .seeds = 1,
				 .depth = 6,
				 .dir = "." };
	int rc = settings_parse(&t, "dtss-sim exhaust",
				"Goes through every combination of the first decisions in a tiny cluster.", 1, argc,
				argv);

	if (rc < 0)
		return options_status(rc);
	interruptible();
	for (uint64_t seed = t.seed; rc == 0 && seed < t.seed + t.seeds && !interrupted(); seed++)
		rc = exhaust_seed(&t, seed);
	if (rc < 0)
		fprintf(stderr, "dtss-sim exhaust: %s\n", dtss_errname(rc));
	printf("exhaust seeds=%" PRIu64 " depth=%" PRIu64 " runs=%" PRIu64 " events=%" PRIu64 " violations=%" PRIu64
	       "\n",
	       t.seeds, t.depth, t.sum.seeds, t.sum.events, t.sum.violations);
	return rc < 0 ? TOOL_FAILED : t.sum.violations ? TOOL_VIOLATION : TOOL_OK;
}
