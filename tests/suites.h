/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TESTS_SUITES_H
#define DTSS_TESTS_SUITES_H

#include <check.h>

struct suite {
	const char *name; /* "unit_map" */
	Suite *(*make)(void);
};

/* All there are, from the list of test files; the last has no name. */
extern const struct suite suites[];

#endif
