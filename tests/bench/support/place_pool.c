/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "bench/support/place.h"

/* The decision and its accounting alone. */
static int place_pool_one(struct place *p, uint32_t request)
{
	struct pool_entry *e = pool_best(p->pool, &p->needs[request]);

	if (!e)
		return 0;
	e->used++;
	e->stamp = ++p->stamp;
	pool_update(p->pool, e);
	p->given[p->given_count++] = (uint32_t)(e - p->entries);
	return 1;
}

static void place_pool_take_back(struct place *p)
{
	while (p->given_count > 0) {
		struct pool_entry *e = &p->entries[p->given[--p->given_count]];

		e->used--;
		pool_update(p->pool, e);
	}
}

void place_pool_make(struct place *p, const struct world *w)
{
	p->world = w;
	p->one = place_pool_one;
	p->take_back = place_pool_take_back;
	bench_mem_init(&p->mem);
	bench_must(pool_create(&p->pool, &p->mem.mem, DTSS_PLACE_LEAST_LOAD), "pool_create");
	p->entries = bench_alloc(w->count * sizeof *p->entries);
	p->needs = bench_alloc(w->need_count * sizeof *p->needs);
	for (size_t i = 0; i < w->count; i++) {
		const struct world_worker *from = &w->workers[i];
		struct pool_entry *e = &p->entries[i];

		e->max = from->max;
		e->used = from->used;
		e->for_place = 1;
		e->tag_count = (uint16_t)from->tag_count;
		e->tags = from->tags;
		bench_must(pool_add(p->pool, e), "pool_add");
	}
	for (uint32_t i = 0; i < w->need_count; i++) {
		p->needs[i].tags = w->needs[i].tags;
		p->needs[i].tag_count = (uint16_t)w->needs[i].count;
		p->needs[i].mode = POOL_PLACE;
	}
}

void place_pool_fini(struct place *p)
{
	for (uint32_t i = 0; i < p->world->need_count; i++)
		pool_need_fini(p->pool, &p->needs[i]);
	pool_destroy(p->pool);
	free(p->entries);
	free(p->needs);
}
