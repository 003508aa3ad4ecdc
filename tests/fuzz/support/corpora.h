/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SUPPORT_CORPORA_H
#define TESTS_FUZZ_SUPPORT_CORPORA_H

#include <stddef.h>
#include <stdint.h>

/* All targets, from the list of their files; the last has no name. */
struct corpora_target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
};

extern const struct corpora_target corpora_targets[];

#endif
