/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <inttypes.h>

#define RARE 10 /* a probe that was hit less often may be luck */

void sum_add(struct sum *sum, const struct seed_result *r)
{
	sum->seeds++;
	sum->events += r->events;
	sum->simulated_ns += r->simulated_ns;
	for (uint32_t i = 0; i < PROBES_MAX; i++)
		sum->probes[i] += r->probes[i];
	if (!r->violation.id[0])
		return;
	if (sum->violations < TOLD_MAX)
		sum->told[sum->violations] = r->violation;
	sum->violations++;
}

void sum_merge(struct sum *sum, const struct sum *more)
{
	sum->seeds += more->seeds;
	sum->events += more->events;
	sum->simulated_ns += more->simulated_ns;
	for (uint32_t i = 0; i < PROBES_MAX; i++)
		sum->probes[i] += more->probes[i];
	for (uint64_t i = 0; i < more->violations && i < TOLD_MAX && sum->violations + i < TOLD_MAX; i++)
		sum->told[sum->violations + i] = more->told[i];
	sum->violations += more->violations;
}

uint32_t sum_probes(const struct sum *sum)
{
	uint32_t hit = 0;

	for (uint32_t i = 0; i < PROBES_MAX; i++)
		hit += sum->probes[i] > 0;
	return hit;
}

static void print_probes(const struct sum *sum, uint64_t from, uint64_t below, const char *title)
{
	uint32_t count = probe_count(), printed = 0;

	for (uint32_t i = 0; i < count; i++)
		if (sum->probes[i] >= from && sum->probes[i] < below) {
			if (!printed++)
				printf("%s:\n", title);
			printf("  %" PRIu64 "\t%s\n", sum->probes[i], probe_text(i));
		}
}

void sum_print(const struct tool *t)
{
	const struct sum *sum = &t->sum;
	uint64_t simulated_s = sum->simulated_ns / 1000000000, ms = sum->elapsed_ms ? sum->elapsed_ms : 1;

	printf("seeds      %" PRIu64 " in %" PRIu64 ".%" PRIu64 " s: %" PRIu64 " a second\n", sum->seeds, ms / 1000,
	       ms / 100 % 10, sum->seeds * 1000 / ms);
	printf("events     %" PRIu64 ": %" PRIu64 " a seed\n", sum->events, sum->seeds ? sum->events / sum->seeds : 0);
	printf("simulated  %" PRIu64 " s: %" PRIu64 " a second\n", simulated_s, simulated_s * 1000 / ms);
	printf("probes     %u of %u\n", (unsigned)sum_probes(sum), (unsigned)probe_count());
	print_probes(sum, 0, 1, "never");
	print_probes(sum, 1, RARE, "less than ten times");
	printf("violations %" PRIu64 "\n", sum->violations);
	if (t->plain)
		printf("sim seeds=%" PRIu64 " events=%" PRIu64 " simulated_s=%" PRIu64 " probes=%u violations=%" PRIu64
		       "\n",
		       sum->seeds, sum->events, simulated_s, (unsigned)sum_probes(sum), sum->violations);
}
