/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/trace.h"

void trace_put_config(struct wire_out *out, const struct dtss_config *cfg)
{
	wire_put64(out, cfg->seed);
	wire_put32(out, cfg->placement);
	wire_put32(out, cfg->tasks_max);
	wire_put32(out, cfg->queue_tasks_max);
	wire_put32(out, cfg->workers_max);
	wire_put32(out, cfg->keys_max);
	wire_put32(out, cfg->queues_max);
	wire_put32(out, cfg->requirements_max);
	wire_put64(out, cfg->lease_ms);
	wire_put64(out, cfg->heartbeat_ms);
	wire_put64(out, cfg->suspicious_ms);
	wire_put64(out, cfg->offline_ms);
	wire_put64(out, cfg->start_confirm_ms);
	wire_put64(out, cfg->kill_grace_ms);
	wire_put64(out, cfg->placement_grace_ms);
	wire_put64(out, cfg->key_ttl_ms);
	wire_put64(out, cfg->worker_forget_ms);
}

void trace_get_config(struct wire_in *in, struct dtss_config *cfg)
{
	memset(cfg, 0, sizeof *cfg);
	cfg->size = sizeof *cfg;
	cfg->seed = wire_get64(in);
	cfg->placement = wire_get32(in);
	cfg->tasks_max = wire_get32(in);
	cfg->queue_tasks_max = wire_get32(in);
	cfg->workers_max = wire_get32(in);
	cfg->keys_max = wire_get32(in);
	cfg->queues_max = wire_get32(in);
	cfg->requirements_max = wire_get32(in);
	cfg->lease_ms = wire_get64(in);
	cfg->heartbeat_ms = wire_get64(in);
	cfg->suspicious_ms = wire_get64(in);
	cfg->offline_ms = wire_get64(in);
	cfg->start_confirm_ms = wire_get64(in);
	cfg->kill_grace_ms = wire_get64(in);
	cfg->placement_grace_ms = wire_get64(in);
	cfg->key_ttl_ms = wire_get64(in);
	cfg->worker_forget_ms = wire_get64(in);
}
