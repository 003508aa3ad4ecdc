/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "bench/support/engine.h"
#include "bench/support/place.h"

#define PLACE_AGAIN_MS 2000 /* beyond placement_grace_ms, so that a heartbeat replaces what was placed */

static int place_sched_one(struct place *p, uint32_t request)
{
	const struct world_need *need = &p->world->needs[request];
	struct dtss_placement placement;

	if (dtss_sched_place(p->sched, bench_now(p->ms), need->names, need->count, &placement) != 0)
		return 0;
	p->given[p->given_count++] = (uint32_t)strtoul(placement.worker + 1, NULL, 10);
	return 1;
}

/* Time passes, and the workers say what they run. */
static void place_sched_take_back(struct place *p)
{
	p->ms += PLACE_AGAIN_MS;
	engine_settle(p->sched, p->ms);
	while (p->given_count > 0)
		engine_heartbeat(p->sched, p->ms, &p->world->workers[p->given[--p->given_count]], ++p->number);
	engine_settle(p->sched, p->ms);
}

void place_sched_make(struct place *p, const struct world *w)
{
	p->world = w;
	p->one = place_sched_one;
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
