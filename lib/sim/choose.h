/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_CHOOSE_H
#define DTSS_SIM_CHOOSE_H

#include <dtss/sim.h>

/*
 * Where choices come from, and what was chosen. Whatever the source, 0 is the tamest choice, and a source that is at its
 * end gives nothing else: so a short list is a calm run, and lists can be made smaller.
 *
 *      seed ───────┐
 *      bytes ──────┼─► choice_next(n) ─► value < n ─► record: (value, n), in order
 *      list ───────┘
 */
enum choice_source { CHOICE_SEED = 0, CHOICE_BYTES = 1, CHOICE_LIST = 2 };

struct sim_choice {
	enum choice_source source;
	uint64_t random; /* SEED: the generator's state */
	const uint8_t *bytes;
	const struct dtss_sim_choice *list;
	size_t count; /* of bytes, or of the list */
	size_t at;
	uint64_t made; /* how many choices there were */
	const struct dtss_mem *mem;
	struct dtss_sim_choice *record; /* mem NULL: none is kept */
	size_t recorded, record_cap;
	int lost;       /* there was no memory for the record */
	size_t settled; /* how many of the record were made before choice_settle() */
};

void choice_seed(struct sim_choice *c, uint64_t seed);
void choice_bytes(struct sim_choice *c, const void *bytes, size_t count);
void choice_list(struct sim_choice *c, const struct dtss_sim_choice *list, size_t count);
/* From here on every choice is kept. */
void choice_record(struct sim_choice *c, const struct dtss_mem *mem);
void choice_fini(struct sim_choice *c);
/* 0 to n - 1; 0 when n is 0. */
uint64_t choice_next(struct sim_choice *c, uint64_t n);
/* 1 with a chance of permille in 1000. To lists, and in the record, it is a choice of two. */
uint64_t choice_fault(struct sim_choice *c, uint32_t permille);
/* The cluster stands. calm: what a seed would choose from here on is 0. */
void choice_settle(struct sim_choice *c, int calm);
/*
 * The odometer of exhaustive runs: of the first depth choices after the cluster stood that are decisions (of at most
 * SIM_DECISION_MAX; lengths of time are none), the last that can be raised is raised, and what stood behind it is gone.
 * The length of the list to run next; 0: all were run.
 */
#define SIM_DECISION_MAX 8
size_t choice_advance(struct sim_choice *c, size_t depth);

#endif
