/* SPDX-License-Identifier: MIT */
/*
 * check [SUITE]...: runs the suites with these names (unit_map), or all. Check's own summary is the last line. Of Check's
 * environment CK_FORK, CK_RUN_CASE and CK_DEFAULT_TIMEOUT are for debugging.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suites.h"

#define TEST_TIMEOUT_S "60" /* under sanitizers, on a busy machine of two cores */

static int wanted(const char *name, char **names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return count == 0;
}

static SRunner *runner_make(char **names, int count)
{
	SRunner *runner = srunner_create(NULL);
	const struct suite *suite;
	int added = 0;

	for (suite = suites; suite->name; suite++) {
		if (!wanted(suite->name, names, count))
			continue;
		srunner_add_suite(runner, suite->make());
		added++;
	}
	if (added >= count && added > 0)
		return runner;
	fprintf(stderr, "check: no such suite; there are:\n");
	for (suite = suites; suite->name; suite++)
		fprintf(stderr, "  %s\n", suite->name);
	exit(2);
}

int main(int argc, char **argv)
{
	SRunner *runner;
	int failed;

	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0 || setenv("CK_DEFAULT_TIMEOUT", TEST_TIMEOUT_S, 0) != 0)
		return 2;
	runner = runner_make(argv + 1, argc - 1);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	if (failed > 0)
		srunner_print(runner, CK_MINIMAL); /* again, below the failures */
	srunner_free(runner);
	return failed > 0;
}
