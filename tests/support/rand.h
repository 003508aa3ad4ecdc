/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RAND_H
#define TESTS_SUPPORT_RAND_H

#include <stdint.h>

/* Numbers that repeat with their seed (SplitMix64: Steele, Lea, Flood 2014). Print the seed where a test fails. */
struct rand {
	uint64_t state;
};

static inline uint64_t rand_next(struct rand *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to limit - 1; limit is not 0. */
static inline uint64_t rand_below(struct rand *r, uint64_t limit)
{
	return rand_next(r) % limit;
}

#endif
