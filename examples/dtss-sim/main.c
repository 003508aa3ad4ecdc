/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <stdlib.h>
#include <string.h>
#include "common/nearest.h"
#include "common/options.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "run", run_main, "runs many seeds, each a cluster with faults of its own" },
	{ "exhaust", exhaust_main, "goes through every combination of the first decisions" },
	{ "replay", replay_main, "carries out a recorded trace again" },
};
#define COMMANDS (sizeof commands / sizeof *commands)

static const char *no_option(void *ctx, const char *name, const char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return "not known";
}

static int parse(int argc, char **argv)
{
	char text[1024];
	size_t len =
		(size_t)snprintf(text, sizeof text, "Runs libdtss in simulated clusters and checks its promises.\n\n");
	struct options o = { .program = "dtss-sim", .operands = "COMMAND", .summary = text, .set = no_option };

	for (size_t i = 0; i < COMMANDS; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "  %-9s %s\n", commands[i].name,
					commands[i].summary);
	snprintf(text + len, sizeof text - len, "\ndtss-sim COMMAND --help says more.");
	return options_parse(&o, argc, argv);
}

/* In the place of the library's own. */
void dtss_assert_failed(const char *file, int line, const char *condition)
{
	job_assert_failed(file, line, condition);
	fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, condition);
	abort();
}

int main(int argc, char **argv)
{
	int at = parse(argc, argv), status;
	struct nearest near = { NULL, NULL, 0 };

	if (at < 0)
		return options_status(at);
	if (at >= argc)
		return options_refuse("dtss-sim", "expected a command");
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[at], commands[i].name) == 0) {
			status = commands[i].main(argc - at, argv + at);
			if (!ferror(stdout) && fflush(stdout) == 0)
				return status;
			fprintf(stderr, "dtss-sim: what should be printed could not be written\n");
			return status ? status : TOOL_FAILED;
		}
	near.word = argv[at];
	for (size_t i = 0; i < COMMANDS; i++)
		nearest_try(&near, commands[i].name);
	return near.best ? options_refuse("dtss-sim", "no command %s (did you mean %s?)", argv[at], near.best) :
			   options_refuse("dtss-sim", "no command %s", argv[at]);
}
