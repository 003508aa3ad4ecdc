/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_CLI_H
#define TESTS_SUPPORT_CLI_H

#include "support/cluster.h"

/* One run of the real dtss against a cluster. A zeroed one may be used, and used again. */
struct cli_run {
	pid_t pid;
	int status; /* its exit status, or 128 + the signal */
	char *out;
	char *err;
	size_t out_len;
	char files[2][128]; /* where they go while it runs */
};

/* Begins dtss with these arguments, ended by NULL. */
void cli_start(struct cluster *c, struct cli_run *run, ...);
/* The same; its stdout is this descriptor, unless it is -1. */
void cli_start_to(struct cluster *c, struct cli_run *run, int out, char *const *args);
/* Waits for its end, and fills in what it said. */
void cli_end(struct cluster *c, struct cli_run *run);
/* Both. */
void cli(struct cluster *c, struct cli_run *run, ...);
void cli_free(struct cli_run *run);
/* Sooner or later it says that on stdout (0) or stderr (1). */
void cli_says(const struct cli_run *run, int stream, const char *text);
/* Sooner or later it has a connection to its scheduler. */
void cli_connects(const struct cli_run *run);
/* How often the text stands there. */
int cli_count(const char *text, const char *wanted);

#endif
