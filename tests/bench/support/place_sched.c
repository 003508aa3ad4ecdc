/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "bench/support/engine.h"
#include "bench/support/place.h"

#define PLACE_AGAIN_MS 2000 /* beyond placement_grace_ms, so that a heartbeat replaces what was placed */

static size_t place_sched_batch(struct place *p, struct bench_samples *calls)
{
	struct dtss_time now = bench_now(p->ms);

	for (size_t i = 0; i < PLACE_BATCH; i++) {
		const struct world_need *need = &p->world->needs[p->world->requests[p->next++ % WORLD_REQUESTS]];
		struct dtss_placement placement;
		uint64_t from = calls ? bench_tick() : 0;
		int result = dtss_sched_place(p->sched, now, need->names, need->count, &placement);

		if (calls)
			bench_add(calls, bench_tick_ns(from, bench_tick()));
		if (result == 0)
			p->chosen[p->given_count++] = (uint32_t)strtoul(placement.worker + 1, NULL, 10);
		*(result == 0 ? &p->placed : &p->refused) += 1;
	}
	return PLACE_BATCH;
}

/* Time passes, and the workers say what they run. */
static void place_sched_take_back(struct place *p)
{
	p->ms += PLACE_AGAIN_MS;
	engine_settle(p->sched, p->ms);
	while (p->given_count > 0)
		engine_heartbeat(p->sched, p->ms, &p->world->workers[p->chosen[--p->given_count]], ++p->number);
	engine_settle(p->sched, p->ms);
}

void place_sched_make(struct place *p, const struct world *w)
{
	p->world = w;
	p->batch = place_sched_batch;
	p->take_back = place_sched_take_back;
	bench_mem_init(&p->mem);
	p->sched = engine_make(&p->mem.mem, w->count);
	p->number = 1;
	engine_register(p->sched, p->ms, w, p->number);
}

void place_sched_fini(struct place *p)
{
	dtss_sched_destroy(p->sched);
}
