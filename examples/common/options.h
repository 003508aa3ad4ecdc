/* SPDX-License-Identifier: MIT */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stddef.h>

/* One table makes the parser and the help. */
struct option_def {
	const char *name;  /* "listen", without the dashes */
	const char *value; /* what stands behind it in the help: "HOST:PORT"; NULL: none */
	const char *help;  /* one line, with the default */
};

struct options {
	const char *program;  /* "dtssd", or "dtss run" */
	const char *operands; /* "-- COMMAND [ARGUMENT]…"; "" when there are none */
	const char *summary;  /* one sentence */
	const struct option_def *defs;
	size_t count;
	const char *letters; /* "fn": the first options that begin so can be given as -f and -n; NULL: none */
	/* NULL: fine; else a sentence. value is NULL when the option has none. */
	const char *(*set)(void *ctx, const char *name, const char *value);
	void *ctx;
};

#define OPTIONS_EXIT_USAGE 2

/*
 * Everything up to the first operand. Gives the index of that, or minus the exit status plus 1: -1 after --help and
 * --version, which every program has, and -3 after a mistake, which was told on stderr.
 */
int options_parse(const struct options *o, int argc, char **argv);
/* The exit status for a negative result. */
int options_status(int result);
/* "dtssd: sentence" on stderr with a hint at --help; gives OPTIONS_EXIT_USAGE. */
int options_refuse(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
