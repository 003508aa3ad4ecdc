/* SPDX-License-Identifier: MIT */
#include <dtss/policy.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * The definition of the best entry. A rank is a 64-bit key and the slot:
 *
 *   key = | used * 2^32 / max, rounded down | stamp |
 *           the upper 32 bits                 the lower 32 bits
 *
 * Rounding down keeps the order of the fractions and their equality: with max below 2^16, different ones are further
 * apart than 2^-32.
 */
uint32_t pool_modes(const struct pool_entry *e)
{
	return (uint32_t)(e->for_task != 0) << POOL_TASK | (uint32_t)(e->for_place != 0) << POOL_PLACE;
}

struct pool_rank pool_rank_of(const struct pool *p, const struct pool_entry *e)
{
	struct pool_rank rank = { POOL_UNUSABLE, e->slot };
	uint64_t load;

	DTSS_ASSERT(e->max <= DTSS_WORKER_TASKS_MAX);
	if (e->used >= e->max || pool_modes(e) == 0)
		return rank;
	load = ((uint64_t)e->used << 32) / e->max;
	if (p->policy == DTSS_PLACE_ROUND_ROBIN)
		load = 0;
	else if (p->policy == DTSS_PLACE_PACK)
		load = UINT32_MAX - 1 - load; /* not UINT32_MAX: with the greatest stamp that were unusable */
	rank.key = load << 32 | e->stamp;
	return rank;
}

int pool_matches(const struct pool_entry *e, const struct pool_need *need)
{
	return pool_subset(need->tags, need->tag_count, e->tags, e->tag_count);
}

int pool_has_resources(const struct pool_entry *e, const struct pool_need *need)
{
	size_t i, at = 0;

	for (i = 0; i < need->resource_count; i++) {
		while (at < e->resource_count && e->free_resources[at].resource < need->resources[i].resource)
			at++;
		if (at == e->resource_count || e->free_resources[at].resource != need->resources[i].resource)
			return 0;
		if (e->free_resources[at].amount < need->resources[i].amount)
			return 0;
	}
	return 1;
}

int pool_fits(const struct pool_entry *e, const struct pool_need *need)
{
	if ((pool_modes(e) >> need->mode & 1) == 0 || e->used >= e->max)
		return 0;
	return pool_matches(e, need) && pool_has_resources(e, need);
}

struct pool_entry *pool_best_scan(const struct pool *p, const struct pool_need *need)
{
	struct pool_rank best = pool_rank_none();
	struct pool_entry *found = NULL;
	uint32_t slot;

	for (slot = 0; slot < p->slots; slot++) {
		struct pool_entry *e = p->entries[slot];
		struct pool_rank rank;

		if (e == NULL || !pool_fits(e, need))
			continue;
		rank = pool_rank_of(p, e);
		if (!pool_rank_before(&rank, &best))
			continue;
		best = rank;
		found = e;
	}
	return found;
}
