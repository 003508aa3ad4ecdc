/* SPDX-License-Identifier: MIT */
#ifndef COMMON_PROBLEM_H
#define COMMON_PROBLEM_H

#include <jansson.h>
#include <dtss.h>
#include "common/limits.h"

/* Why something was refused. The sentence names the field and what was expected, so that it can stand alone. */
struct problem {
	int code;                            /* DTSS_E_* */
	char field[PROBLEM_FIELD_MAX];       /* "" when it is no single field */
	char expected[PROBLEM_EXPECTED_MAX]; /* "" likewise */
	char sentence[PROBLEM_SENTENCE_MAX];
};

/* Each returns code, so that a refusal is one line. */
int problem_set(struct problem *p, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int problem_field(struct problem *p, int code, const char *field, const char *expected);
/* What the library found: element -1, or the position in an array of tasks. */
int problem_of(struct problem *p, int code, const struct dtss_problem *found, long element);

/* {"error","code","field","expected"}; NULL: out of memory. */
json_t *problem_json(const struct problem *p);
/* DTSS_E_CONFLICT -> "CONFLICT", DTSS_OK -> "OK" */
const char *problem_code_name(int code);

#endif
