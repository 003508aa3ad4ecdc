/* SPDX-License-Identifier: MIT */
#include "bench/support/engine.h"

#define ENGINE_SILENCE_MS 30000000000 /* nearly DTSS_DURATION_MS_MAX */
#define ENGINE_TASKS_MAX 11000000
#define ENGINE_SETTLE 512 /* registrations a batch */

struct dtss_sched *engine_make(const struct dtss_mem *mem, size_t workers)
{
	struct dtss_config cfg = { .size = sizeof cfg,
				   .seed = 1,
				   .tasks_max = ENGINE_TASKS_MAX,
				   .workers_max = (uint32_t)workers + 1,
				   .suspicious_ms = ENGINE_SILENCE_MS,
				   .offline_ms = ENGINE_SILENCE_MS + 1 };
	struct dtss_sched *s;

	bench_must(dtss_sched_create(&s, &cfg, mem), "dtss_sched_create");
	bench_must(dtss_sched_lead(s, bench_now(0), 1), "dtss_sched_lead");
	return s;
}

void engine_heartbeat(struct dtss_sched *s, uint64_t ms, const struct world_worker *worker, uint64_t number)
{
	struct dtss_heartbeat hb = { .size = sizeof hb,
				     .name = worker->name,
				     .number = number,
				     .kind = DTSS_WORKER_PLACEMENT,
				     .max_tasks = worker->max,
				     .used = worker->used,
				     .address = "10.0.0.1:8080",
				     .tags = worker->names,
				     .tag_count = worker->tag_count };

	bench_must(dtss_sched_heartbeat(s, bench_now(ms), &hb), "dtss_sched_heartbeat");
}

void engine_settle(struct dtss_sched *s, uint64_t ms)
{
	struct dtss_time now = bench_now(ms);
	struct dtss_action action;
	struct dtss_batch batch;

	do {
		bench_must(dtss_sched_tick(s, now), "dtss_sched_tick");
		if (bench_must(dtss_sched_batch(s, &batch), "dtss_sched_batch") == 1)
			dtss_sched_stored(s, now, batch.last_seq);
		while (dtss_sched_next_action(s, &action))
			;
	} while (dtss_sched_next_ns(s) <= now.mono_ns);
}

void engine_register(struct dtss_sched *s, uint64_t ms, const struct world *w, uint64_t number)
{
	for (size_t i = 0; i < w->count; i++) {
		engine_heartbeat(s, ms, &w->workers[i], number);
		if (i % ENGINE_SETTLE == 0)
			engine_settle(s, ms);
	}
	engine_settle(s, ms);
}
