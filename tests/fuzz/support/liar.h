/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SUPPORT_LIAR_H
#define TESTS_FUZZ_SUPPORT_LIAR_H

#include "fuzz/support/fuzz.h"

/*
 * A store in memory whose answers the input decides: errors before and after the write, late ones, rows that are damaged
 * or of somebody else, epochs and offsets that cannot be. What it says was not written was not; the rest may be a lie.
 * Beside it stands the truth: which task was ever written in which state.
 */
#define LIAR_TASKS 256

struct liar_truth {
	uint32_t states[LIAR_TASKS]; /* by id: bit set of 1 << enum dtss_task_state */
};

struct dtss_store *liar_open(struct fuzz_in *in, struct liar_truth *truth);

#endif
