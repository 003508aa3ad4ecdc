/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "core/hash.h"
#include "sim/sim.h"

/* SplitMix64: the one source of every choice. */
uint64_t sim_choose(struct sim *s, uint64_t n)
{
	s->random += UINT64_C(0x9e3779b97f4a7c15);
	return n ? hash_word(s->random) % n : 0;
}

int sim_fault(struct sim *s, uint32_t permille)
{
	return s->faults_on && permille && sim_choose(s, 1000) < permille;
}

/* The first one counts. */
void sim_violate(struct sim *s, const char *id, const char *text, uint64_t a, uint64_t b)
{
	if (s->violation.id)
		return;
	s->violation.id = id;
	snprintf(s->violation.text, sizeof s->violation.text, "%s (%llu, %llu) at %llu ms", text, (unsigned long long)a,
		 (unsigned long long)b, (unsigned long long)(s->now.mono_ns / 1000000));
}
