/* SPDX-License-Identifier: MIT */
#include "support/fleet.h"

#include <check.h>
#include <string.h>

enum { FLEET_HOST_TAG = 1000 };

static uint32_t fleet_dice(struct fleet *f, uint32_t sides)
{
	return (uint32_t)rand_below(&f->rand, sides);
}

static void fleet_shape(struct fleet *f, struct fleet_worker *w)
{
	uint64_t set = rand_next(&f->rand);
	uint32_t i;

	if (f->kind != FLEET_HALVES) { /* one of twelve sets, always the same */
		struct rand sets = { set % 12 };

		set = rand_next(&sets);
	}
	w->entry.tag_count = 0;
	for (i = 0; i < FLEET_TAGS; i++)
		if (set >> i & 1)
			w->tags[w->entry.tag_count++] = i;
	if (f->kind == FLEET_HOSTS)
		w->tags[w->entry.tag_count++] = FLEET_HOST_TAG + f->next_name++;
	w->entry.resource_count = 0;
	for (i = 0; i < FLEET_RESOURCES; i++) {
		if (fleet_dice(f, 4) != 0)
			continue;
		w->free[w->entry.resource_count].resource = i;
		w->free[w->entry.resource_count++].amount = fleet_dice(f, 6);
	}
	w->entry.tags = w->tags;
	w->entry.free_resources = w->free;
}

static void fleet_load(struct fleet *f, struct fleet_worker *w)
{
	static const uint32_t max[] = { 0, 1, 2, 3, 4, 4, 4, 8, 64, 65535 };

	w->entry.max = max[fleet_dice(f, 10)];
	w->entry.used = w->entry.max == 0 || fleet_dice(f, 2) ? 0 : fleet_dice(f, w->entry.max + 1);
	w->entry.for_task = fleet_dice(f, 8) != 0;
	w->entry.for_place = fleet_dice(f, 8) == 0;
	w->entry.stamp = fleet_dice(f, 3) ? ++f->stamp : 0;
}

static void fleet_want(struct fleet *f, struct fleet_need *n)
{
	uint32_t i, most = f->kind == FLEET_HALVES ? 3 : 5, tags = fleet_dice(f, most);

	memset(n, 0, sizeof(*n));
	n->need.tags = n->tags;
	n->need.resources = n->resources;
	n->need.mode = fleet_dice(f, 5) == 0 ? POOL_PLACE : POOL_TASK;
	for (i = 0; i < FLEET_TAGS && n->need.tag_count < tags; i++)
		if (fleet_dice(f, FLEET_TAGS - i) < tags - n->need.tag_count)
			n->tags[n->need.tag_count++] = i;
	if (f->kind == FLEET_HOSTS && n->need.tag_count < 2 && fleet_dice(f, 2) == 0)
		n->tags[n->need.tag_count++] = FLEET_HOST_TAG + fleet_dice(f, f->next_name);
	for (i = 0; i < FLEET_RESOURCES; i++) {
		if (fleet_dice(f, 5) != 0)
			continue;
		n->resources[n->need.resource_count].resource = i;
		n->resources[n->need.resource_count++].amount = fleet_dice(f, 4);
	}
}

static void fleet_add(struct fleet *f, struct fleet_worker *w)
{
	fleet_shape(f, w);
	fleet_load(f, w);
	w->here = pool_add(f->pool, &w->entry) == 0;
	if (w->here)
		ck_assert_ptr_eq(pool_at(f->pool, w->entry.slot), &w->entry);
	else
		ck_assert_msg(f->mem.fail_at > 0, "seed %llu", (unsigned long long)f->seed);
}

int fleet_open(struct fleet *f, uint64_t seed, uint32_t policy, enum fleet_kind kind, uint32_t workers, uint32_t needs,
	       size_t fail_at)
{
	uint32_t i;
	int error;

	memset(f, 0, sizeof(*f));
	fail_mem_init(&f->mem, fail_at);
	f->rand.state = f->seed = seed;
	f->kind = kind;
	f->workers = workers;
	f->needs = needs;
	error = pool_create(&f->pool, &f->mem.mem, policy);
	if (error != 0)
		return error;
	for (i = 0; i < workers; i++)
		fleet_add(f, &f->worker[i]);
	for (i = 0; i < needs; i++)
		fleet_want(f, &f->need[i]);
	return 0;
}

void fleet_close(struct fleet *f)
{
	uint32_t i;

	for (i = 0; i < f->needs && f->seed % 2; i++)
		pool_need_fini(f->pool, &f->need[i].need);
	for (i = 0; i < f->workers && f->seed % 4 >= 2; i++)
		if (f->worker[i].here)
			pool_remove(f->pool, &f->worker[i].entry);
	fleet_check(f);
	pool_destroy(f->pool);
	ck_assert_uint_eq(f->mem.blocks, 0);
}

void fleet_check(const struct fleet *f)
{
	uint32_t slot = 0;

	ck_assert_msg(pool_check(f->pool, &slot), "seed %llu: slot %u", (unsigned long long)f->seed, slot);
}

struct fleet_worker *fleet_give(struct fleet *f, uint32_t need)
{
	struct fleet_need *n = &f->need[need];
	struct pool_entry *e = pool_best(f->pool, &n->need), *scanned = pool_best_scan(f->pool, &n->need);
	struct fleet_worker *w = (struct fleet_worker *)e;
	uint32_t i, k;

	ck_assert_msg(e == scanned, "seed %llu, stamp %u: slot %d, the scan finds %d", (unsigned long long)f->seed,
		      f->stamp, e == NULL ? -1 : (int)e->slot, scanned == NULL ? -1 : (int)scanned->slot);
	if (e == NULL)
		return NULL;
	for (i = 0; i < n->need.resource_count; i++)
		for (k = 0; k < e->resource_count; k++)
			if (w->free[k].resource == n->resources[i].resource)
				w->free[k].amount -= n->resources[i].amount;
	e->used++;
	e->stamp = ++f->stamp;
	pool_update(f->pool, e);
	f->choices++;
	return w;
}

void fleet_finish(struct fleet *f, struct fleet_worker *w)
{
	if (!w->here || w->entry.used == 0)
		return;
	w->entry.used--;
	if (w->entry.resource_count > 0)
		w->free[fleet_dice(f, w->entry.resource_count)].amount++;
	pool_update(f->pool, &w->entry);
}

static void fleet_retag(struct fleet *f, struct fleet_worker *w)
{
	struct fleet_worker old = *w;

	fleet_shape(f, w);
	if (pool_retag_reserve(f->pool, w->tags, w->entry.tag_count) == 0) {
		pool_retag(f->pool, &w->entry);
		return;
	}
	ck_assert_msg(f->mem.fail_at > 0, "seed %llu", (unsigned long long)f->seed);
	*w = old;
}

void fleet_disturb(struct fleet *f)
{
	struct fleet_worker *w = &f->worker[fleet_dice(f, f->workers)];
	uint32_t need, dice = fleet_dice(f, 16);

	if (dice == 0) {
		need = fleet_dice(f, f->needs);
		pool_need_fini(f->pool, &f->need[need].need);
		fleet_want(f, &f->need[need]);
	} else if (!w->here) {
		fleet_add(f, w);
	} else if (dice == 1) {
		pool_remove(f->pool, &w->entry);
		w->here = 0;
	} else if (dice <= 3) {
		fleet_retag(f, w);
	} else if (dice <= 7) {
		fleet_load(f, w);
		pool_update(f->pool, &w->entry);
	} else {
		fleet_finish(f, w);
	}
}
