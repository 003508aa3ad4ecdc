/* SPDX-License-Identifier: MIT */
#ifndef DTSS_WATCH_H
#define DTSS_WATCH_H

#include "dtss/cli.h"

enum watch_stream { WATCH_STDOUT = 1, WATCH_STDERR = 2 };

/* Follows a task through restarts of the scheduler: nothing that it writes is missed or comes twice. */
struct watch_plan {
	const char *body; /* submits this first, and Ctrl-C cancels it; NULL: id exists */
	json_int_t id;
	unsigned attempt; /* the first to follow */
	int one_attempt;  /* ends with that one */
	unsigned streams; /* bits of enum watch_stream */
	int to_stdout;    /* both streams */
};

/* The task as it was when it ended, which the caller owns; NULL: what went wrong was told. */
json_t *watch_task(struct cli *cli, const struct watch_plan *plan);

#endif
