/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_ENGINE_H
#define TESTS_BENCH_SUPPORT_ENGINE_H

#include "bench/bench.h"
#include "bench/support/world.h"

/* An engine that leads, without a store: every batch is stored as soon as it is closed. Its workers are never silent. */
struct dtss_sched *engine_make(const struct dtss_mem *mem, size_t workers);
/* One heartbeat of a worker that is known to place alone. */
void engine_heartbeat(struct dtss_sched *s, uint64_t ms, const struct world_worker *worker, uint64_t number);
void engine_register(struct dtss_sched *s, uint64_t ms, const struct world *w, uint64_t number);
/* Ticks until nothing is due, stores what is to be stored, and takes the actions. */
void engine_settle(struct dtss_sched *s, uint64_t ms);

#endif
