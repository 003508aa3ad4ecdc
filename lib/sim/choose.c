/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t choice_random(struct sim_choice *c)
{
	uint64_t word = c->random += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
	return word ^ (word >> 31);
}

/* As few bytes as n needs, so that a fuzzer's change of one byte changes one choice. */
static uint64_t choice_take(struct sim_choice *c, uint64_t n)
{
	uint64_t value = 0, left;
	uint32_t shift = 0;

	for (left = n - 1; left && c->at < c->count; left >>= 8, shift += 8)
		value |= (uint64_t)c->bytes[c->at++] << shift;
	return left ? 0 : value % n;
}

/* A list that no longer fits the code gives the nearest choice that there is. */
static uint64_t choice_listed(struct sim_choice *c, uint64_t n)
{
	uint64_t value = c->at < c->count ? c->list[c->at++].value : 0;

	return value < n ? value : n - 1;
}

static void choice_keep(struct sim_choice *c, uint64_t value, uint64_t n)
{
	size_t cap = c->record_cap ? 2 * c->record_cap : 1024;

	if (!c->lost && c->recorded == c->record_cap) {
		struct dtss_sim_choice *grown = c->record ? c->mem->realloc(c->mem->ctx, c->record,
									    c->record_cap * sizeof *grown,
									    cap * sizeof *grown) :
							    c->mem->alloc(c->mem->ctx, cap * sizeof *grown);

		c->lost = !grown;
		if (grown) {
			c->record = grown;
			c->record_cap = cap;
		}
	}
	if (c->lost)
		return;
	c->record[c->recorded].value = value;
	c->record[c->recorded++].n = n;
}

void choice_seed(struct sim_choice *c, uint64_t seed)
{
	memset(c, 0, sizeof *c);
	c->source = CHOICE_SEED;
	c->random = seed;
}

void choice_bytes(struct sim_choice *c, const void *bytes, size_t count)
{
	DTSS_ASSERT(bytes || !count);
	memset(c, 0, sizeof *c);
	c->source = CHOICE_BYTES;
	c->bytes = bytes;
	c->count = count;
}

void choice_list(struct sim_choice *c, const struct dtss_sim_choice *list, size_t count)
{
	DTSS_ASSERT(list || !count);
	memset(c, 0, sizeof *c);
	c->source = CHOICE_LIST;
	c->list = list;
	c->count = count;
}

void choice_record(struct sim_choice *c, const struct dtss_mem *mem)
{
	DTSS_ASSERT(!c->made);
	c->mem = mem;
}

void choice_fini(struct sim_choice *c)
{
	if (c->record)
		c->mem->release(c->mem->ctx, c->record, c->record_cap * sizeof *c->record);
	c->record = NULL;
	c->recorded = c->record_cap = 0;
}

uint64_t choice_next(struct sim_choice *c, uint64_t n)
{
	uint64_t value = 0;

	c->made++;
	if (n > 1 && c->source == CHOICE_SEED)
		value = choice_random(c) % n;
	else if (n > 1 && c->source == CHOICE_BYTES)
		value = choice_take(c, n);
	else if (c->source == CHOICE_LIST)
		value = choice_listed(c, n ? n : 1);
	if (c->mem)
		choice_keep(c, value, n);
	DTSS_ASSERT(value < n || value == 0);
	return value;
}

uint64_t choice_fault(struct sim_choice *c, uint32_t permille)
{
	uint64_t value = 0;

	DTSS_ASSERT(permille <= 1000);
	c->made++;
	if (c->source == CHOICE_SEED)
		value = choice_random(c) % 1000 < permille;
	else if (c->source == CHOICE_BYTES)
		value = choice_take(c, 256) >= 256 - (permille * 255 + 999) / 1000;
	else
		value = choice_listed(c, 2);
	if (c->mem)
		choice_keep(c, value, 2);
	return value;
}

void choice_settle(struct sim_choice *c, int calm)
{
	c->settled = c->recorded;
	if (calm && c->source == CHOICE_SEED)
		c->source = CHOICE_LIST;
}

size_t choice_advance(struct sim_choice *c, size_t depth)
{
	size_t end, i;

	for (end = c->settled; end < c->recorded && depth; end++)
		depth -= c->record[end].n > 1 && c->record[end].n <= SIM_DECISION_MAX;
	for (i = end; i > c->settled; i--) {
		struct dtss_sim_choice *choice = &c->record[i - 1];

		if (choice->n <= SIM_DECISION_MAX && choice->value + 1 < choice->n) {
			choice->value++;
			return i;
		}
	}
	return 0;
}

uint64_t sim_choose(struct sim *s, uint64_t n)
{
	return choice_next(&s->choice, n);
}

int sim_fault(struct sim *s, uint32_t class)
{
	DTSS_ASSERT(class < DTSS_SIM_FAULTS);
	return s->faults_on && s->faults.rate[class] && choice_fault(&s->choice, s->faults.rate[class]);
}

void sim_settle(struct sim *s)
{
	choice_settle(&s->choice, (s->cfg.flags & DTSS_SIM_CALM) != 0);
}
