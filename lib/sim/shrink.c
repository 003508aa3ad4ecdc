/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "sim/shrink.h"

#define SHRINK_COUNTS_MAX 4 /* tasks, workers, clients, schedulers */
#define SHRINK_TRIES 4      /* seeds for each change of the configuration */
#define SHRINK_SEEDS_MAX 64 /* for the soonest violation */

void shrink_fini(struct sim_shrink *k)
{
	if (k->list)
		k->mem->release(k->mem->ctx, k->list, k->cap * sizeof *k->list);
	if (k->trial)
		k->mem->release(k->mem->ctx, k->trial, k->cap * sizeof *k->trial);
	k->list = k->trial = NULL;
	k->count = k->cap = 0;
}

static void shrink_phase(struct sim_shrink *k, enum shrink_phase phase)
{
	k->phase = phase;
	k->at = 0;
	k->tries = 0;
	k->size = phase == SHRINK_COUNTS ? 1 : (k->count + 1) / 2;
}

void shrink_init(struct sim_shrink *k, const struct dtss_sim_config *cfg, const struct dtss_mem *mem)
{
	memset(k, 0, sizeof *k);
	k->best = *cfg;
	k->mem = mem;
	shrink_phase(k, SHRINK_COUNTS);
}

/* Choices at the end that are 0 need not be there. */
static size_t shrink_trim(const struct dtss_sim_choice *list, size_t count)
{
	while (count && !list[count - 1].value)
		count--;
	return count;
}

/* What was really chosen takes the place of what was asked for. */
static void shrink_adopt(struct sim_shrink *k, const struct sim_choice *choice)
{
	size_t count = shrink_trim(choice->record, choice->recorded);

	DTSS_ASSERT(count <= k->cap);
	if (count)
		memcpy(k->list, choice->record, count * sizeof *k->list);
	k->count = count;
	k->best.choices = k->list;
	k->best.choice_count = count;
	k->gained = 1;
}

static uint32_t *shrink_count(struct dtss_sim_config *cfg, size_t which)
{
	switch (which) {
	case 0:
		return &cfg->tasks_max;
	case 1:
		return &cfg->workers_max;
	case 2:
		return &cfg->clients_max;
	default:
		return &cfg->schedulers_max;
	}
}

/* A try with another configuration. sooner: only if it makes fewer choices. */
static int shrink_configured(struct sim_shrink *k, const struct dtss_sim_config *cfg, int sooner)
{
	struct sim_choice choice;
	int same;

	memset(&choice, 0, sizeof choice);
	same = k->play(k->ctx, cfg, &choice);
	if (same == 1 && sooner && k->made && choice.made >= k->made)
		same = 0;
	if (same == 1) {
		k->best = *cfg;
		k->made = choice.made;
	}
	choice_fini(&choice);
	return same;
}

/* What is drawn first shifts all that is drawn later, so a few seeds are tried. 1: this was the last of them. */
static int shrink_reseed(struct sim_shrink *k, struct dtss_sim_config *cfg)
{
	if (cfg->choices || cfg->bytes)
		return 1;
	cfg->seed += k->tries++;
	return k->tries == SHRINK_TRIES;
}

static int shrink_faults(struct sim_shrink *k)
{
	struct dtss_sim_config cfg = k->best;
	int last, same;

	if (k->at >= DTSS_SIM_FAULTS) {
		shrink_phase(k, SHRINK_SEEDS);
		return 0;
	}
	cfg.faults_off |= UINT64_C(1) << k->at;
	if (cfg.faults_off == k->best.faults_off) {
		k->at++;
		return 0;
	}
	last = shrink_reseed(k, &cfg);
	same = shrink_configured(k, &cfg, 0);
	if (same == 1 || last) {
		k->at++;
		k->tries = 0;
	}
	return same;
}

/* Of each 1, 2, 4 and so on: the first number that still shows it stays. at is which, size the number. */
static int shrink_counts(struct sim_shrink *k)
{
	static const uint32_t most[SHRINK_COUNTS_MAX] = { DTSS_SIM_TASKS_MAX, DTSS_SIM_WORKERS_MAX,
							  DTSS_SIM_CLIENTS_MAX, DTSS_SIM_SCHEDULERS_MAX };
	struct dtss_sim_config cfg = k->best;
	uint32_t *count;
	int last, same;

	if (k->at >= SHRINK_COUNTS_MAX) {
		shrink_phase(k, SHRINK_FAULTS);
		return 0;
	}
	count = shrink_count(&cfg, k->at);
	if (k->size >= (*count ? *count : most[k->at])) {
		k->at++;
		k->size = 1;
		return 0;
	}
	*count = (uint32_t)k->size;
	last = shrink_reseed(k, &cfg);
	same = shrink_configured(k, &cfg, 0);
	if (same == 1 || last) {
		k->at += same == 1;
		k->size = same == 1 ? 1 : 2 * k->size;
		k->tries = 0;
	}
	return same;
}

/* The one of many seeds that is there with the fewest choices. */
static int shrink_seeds(struct sim_shrink *k)
{
	struct dtss_sim_config cfg = k->best;

	if (k->at == 0)
		k->seed = cfg.seed;
	if (k->at >= SHRINK_SEEDS_MAX || cfg.choices || cfg.bytes) {
		shrink_phase(k, SHRINK_LIST);
		return 0;
	}
	cfg.seed = k->seed + k->at++;
	return shrink_configured(k, &cfg, 1);
}

/* From the seed to the list of what it chose. */
static int shrink_list(struct sim_shrink *k)
{
	struct sim_choice choice;
	int same;

	memset(&choice, 0, sizeof choice);
	same = k->play(k->ctx, &k->best, &choice);
	if (same == 1) {
		k->cap = choice.recorded ? choice.recorded : 1;
		k->list = k->mem->alloc(k->mem->ctx, k->cap * sizeof *k->list);
		k->trial = k->mem->alloc(k->mem->ctx, k->cap * sizeof *k->trial);
		if (k->list && k->trial)
			shrink_adopt(k, &choice);
		else
			same = DTSS_E_NOMEM;
	}
	choice_fini(&choice);
	shrink_phase(k, same == 1 ? SHRINK_CUT : SHRINK_DONE);
	return same;
}

static int shrink_try(struct sim_shrink *k, size_t count)
{
	struct dtss_sim_config cfg = k->best;
	struct sim_choice choice;
	int same;

	cfg.choices = k->trial;
	cfg.choice_count = count;
	memset(&choice, 0, sizeof choice);
	same = k->play(k->ctx, &cfg, &choice);
	if (same == 1)
		shrink_adopt(k, &choice);
	choice_fini(&choice);
	return same;
}

/* The end is cut off: half of what is left, then a quarter, and so on. */
static int shrink_cut(struct sim_shrink *k)
{
	size_t count = k->count > k->size ? k->count - k->size : 0;
	int same;

	if (!k->size || !k->count) {
		shrink_phase(k, SHRINK_KIND);
		return 0;
	}
	memcpy(k->trial, k->list, count * sizeof *k->trial);
	same = shrink_try(k, count);
	if (same != 1 || k->size > k->count)
		k->size = k->size > k->count ? k->count / 2 : k->size / 2;
	return same;
}

/* 1: the choice is not 0, and the first such of its kind. */
static int shrink_first_of_kind(const struct sim_shrink *k, size_t at)
{
	size_t i;

	if (!k->list[at].value)
		return 0;
	for (i = 0; i < at; i++)
		if (k->list[i].n == k->list[at].n && k->list[i].value)
			return 0;
	return 1;
}

/* All of a kind, then those in the second half, then those in the first. */
static int shrink_kind(struct sim_shrink *k)
{
	size_t first, end, i;
	int same, changed = 0;

	while (!k->tries && k->at < k->count && !shrink_first_of_kind(k, k->at))
		k->at++;
	if (k->at >= k->count) {
		shrink_phase(k, SHRINK_ZERO);
		return 0;
	}
	first = k->tries == 1 ? k->at + (k->count - k->at) / 2 : k->at;
	end = k->tries == 2 ? k->at + (k->count - k->at) / 2 : k->count;
	memcpy(k->trial, k->list, k->count * sizeof *k->trial);
	for (i = first; i < end; i++)
		if (k->trial[i].n == k->list[k->at].n && k->trial[i].value) {
			k->trial[i].value = 0;
			changed = 1;
		}
	same = changed ? shrink_try(k, shrink_trim(k->trial, k->count)) : 0;
	k->tries = (k->tries + 1) % 3;
	if (same == 1 || !k->tries) {
		k->at++;
		k->tries = 0;
	}
	return same;
}

/* Blocks from the front; after a pass, blocks of half the size. 1: there is a block at k->at. */
static int shrink_block(struct sim_shrink *k, enum shrink_phase next)
{
	if (k->at < k->count)
		return 1;
	k->at = 0;
	k->size = k->size > k->count ? (k->count + 1) / 2 : k->size / 2;
	if (!k->size)
		shrink_phase(k, next);
	return 0;
}

static int shrink_zero(struct sim_shrink *k)
{
	size_t end, i;
	int all = 1;

	if (!shrink_block(k, SHRINK_DELETE))
		return 0;
	end = k->at + k->size < k->count ? k->at + k->size : k->count;
	memcpy(k->trial, k->list, k->count * sizeof *k->trial);
	for (i = k->at; i < end; i++) {
		all = all && !k->trial[i].value;
		k->trial[i].value = 0;
	}
	k->at = end;
	return all ? 0 : shrink_try(k, shrink_trim(k->trial, k->count));
}

static int shrink_delete(struct sim_shrink *k)
{
	size_t end;
	int same;

	if (!shrink_block(k, SHRINK_LOWER))
		return 0;
	end = k->at + k->size < k->count ? k->at + k->size : k->count;
	memcpy(k->trial, k->list, k->at * sizeof *k->trial);
	memcpy(k->trial + k->at, k->list + end, (k->count - end) * sizeof *k->trial);
	same = shrink_try(k, k->count - (end - k->at));
	if (same != 1)
		k->at = end;
	return same;
}

/* Each value halved as long as that works, then one less; the pass before begins anew if this one gained something. */
static int shrink_lower(struct sim_shrink *k)
{
	uint64_t value;
	int same;

	while (k->at < k->count && !k->list[k->at].value)
		k->at++;
	if (k->at >= k->count) {
		shrink_phase(k, k->gained ? SHRINK_CUT : SHRINK_DONE);
		k->gained = 0;
		return 0;
	}
	memcpy(k->trial, k->list, k->count * sizeof *k->trial);
	value = k->list[k->at].value;
	k->trial[k->at].value = k->size ? value / 2 : value - 1;
	same = shrink_try(k, shrink_trim(k->trial, k->count));
	if (same == 1)
		return 1;
	k->at += k->size ? 0 : 1;
	k->size = !k->size;
	return same;
}

static int shrink_step(struct sim_shrink *k)
{
	switch (k->phase) {
	case SHRINK_FAULTS:
		return shrink_faults(k);
	case SHRINK_COUNTS:
		return shrink_counts(k);
	case SHRINK_SEEDS:
		return shrink_seeds(k);
	case SHRINK_LIST:
		return shrink_list(k);
	case SHRINK_CUT:
		return shrink_cut(k);
	case SHRINK_KIND:
		return shrink_kind(k);
	case SHRINK_ZERO:
		return shrink_zero(k);
	case SHRINK_DELETE:
		return shrink_delete(k);
	default:
		return shrink_lower(k);
	}
}

int shrink_go(struct sim_shrink *k, uint32_t runs)
{
	uint32_t i;
	int same;

	DTSS_ASSERT(k->play);
	for (i = 0; i < runs && k->phase != SHRINK_DONE; i++) {
		same = shrink_step(k);
		if (same < 0)
			return same;
	}
	return k->phase != SHRINK_DONE;
}
