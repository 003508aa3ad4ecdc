/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_BABBLE_H
#define TESTS_SUPPORT_BABBLE_H

#include "support/rand.h"
#include "support/rig.h"

/* Random requests, heartbeats and troubles of the store, for a rig; agent "w" and two workers of /api/v1. */
#define BABBLE_HELD 8

struct babble {
	struct rig *rig;
	struct rand rnd;
	struct dtss_held held[BABBLE_HELD]; /* by "w" */
	size_t held_count;
	int calm; /* 1: the store has no troubles */
};

void babble_step(struct babble *b);

#endif
