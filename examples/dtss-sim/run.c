/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <inttypes.h>
#include <string.h>
#include "common/options.h"

/* Of each identifier the first one is told in full, if they are not too many; the others by their seeds. */
static void tell_all(const struct tool *t)
{
	uint32_t left = t->brief ? 0 : t->until_violation ? 1 : TOLD_FULLY_MAX;

	for (uint64_t i = 0; i < t->sum.violations && i < TOLD_MAX; i++) {
		const struct violation *v = &t->sum.told[i];
		uint64_t before = 0;

		while (before < i && strcmp(t->sum.told[before].id, v->id) != 0)
			before++;
		if (before < i || left == 0)
			printf("violation %s seed %" PRIu64 ": %s\n", v->id, v->seed, v->text);
		else
			tell(t, v);
		left -= before == i && left > 0;
	}
	if (t->sum.violations > TOLD_MAX)
		printf("and %" PRIu64 " more violations\n", t->sum.violations - TOLD_MAX);
}

int run_seeds(struct tool *t)
{
	interruptible();
	if (t->resume && resume_load(t) != 0)
		return TOOL_USAGE;
	if (jobs_run(t) != 0 || (t->resume && resume_save(t) != 0))
		return TOOL_FAILED;
	tell_all(t);
	sum_print(t);
	return t->sum.violations ? TOOL_VIOLATION : TOOL_OK;
}

int run_main(int argc, char **argv)
{
	static struct tool t = { .cfg = { .size = sizeof t.cfg }, .seed = 1, .seeds = 1000, .jobs = 1, .dir = "." };
	int rc = settings_parse(&t, "dtss-sim run", "Runs many seeds, each a cluster with faults of its own.", 0, argc,
				argv);

	return rc < 0 ? options_status(rc) : run_seeds(&t);
}
