/* SPDX-License-Identifier: MIT */
#include "core/config.h"

uint64_t config_lease_ms(const struct dtss_config *c)
{
	return c->lease_ms ? c->lease_ms : DTSS_LEASE_MS_DEFAULT;
}

/* A shorter lease asks for more heartbeats by itself: else agents would fence healthy work. */
uint64_t config_heartbeat_ms(const struct dtss_config *c)
{
	uint64_t often = config_lease_ms(c) / DTSS_LEASE_HEARTBEATS_MIN;

	if (c->heartbeat_ms)
		return c->heartbeat_ms;
	return often && often < DTSS_HEARTBEAT_MS_DEFAULT ? often : DTSS_HEARTBEAT_MS_DEFAULT;
}

/* Zero is the default everywhere. */
void config_defaults(struct dtss_config *c)
{
	c->tasks_max = c->tasks_max ? c->tasks_max : DTSS_TASKS_MAX_DEFAULT;
	c->queue_tasks_max = c->queue_tasks_max ? c->queue_tasks_max : c->tasks_max;
	c->workers_max = c->workers_max ? c->workers_max : DTSS_WORKERS_MAX_DEFAULT;
	c->keys_max = c->keys_max ? c->keys_max : DTSS_KEYS_MAX_DEFAULT;
	c->queues_max = c->queues_max ? c->queues_max : DTSS_QUEUES_MAX_DEFAULT;
	c->requirements_max = c->requirements_max ? c->requirements_max : DTSS_REQUIREMENTS_MAX_DEFAULT;
	c->lease_ms = config_lease_ms(c);
	c->heartbeat_ms = config_heartbeat_ms(c);
	c->suspicious_ms = c->suspicious_ms ? c->suspicious_ms : DTSS_SUSPICIOUS_MS_DEFAULT;
	c->offline_ms = c->offline_ms ? c->offline_ms : DTSS_OFFLINE_MS_DEFAULT;
	c->start_confirm_ms = c->start_confirm_ms ? c->start_confirm_ms : DTSS_START_CONFIRM_MS_DEFAULT;
	c->kill_grace_ms = c->kill_grace_ms ? c->kill_grace_ms : DTSS_KILL_GRACE_MS_DEFAULT;
	c->placement_grace_ms = c->placement_grace_ms ? c->placement_grace_ms : DTSS_PLACEMENT_GRACE_MS_DEFAULT;
	c->key_ttl_ms = c->key_ttl_ms ? c->key_ttl_ms : DTSS_KEY_TTL_MS_DEFAULT;
	c->worker_forget_ms = c->worker_forget_ms ? c->worker_forget_ms : DTSS_WORKER_FORGET_MS_DEFAULT;
}

int config_valid(const struct dtss_config *c)
{
	const uint64_t ms[] = { c->lease_ms,           c->heartbeat_ms,     c->suspicious_ms,
				c->offline_ms,         c->start_confirm_ms, c->kill_grace_ms,
				c->placement_grace_ms, c->key_ttl_ms,       c->worker_forget_ms };
	size_t i;

	for (i = 0; i < sizeof ms / sizeof *ms; i++)
		if (ms[i] > DTSS_DURATION_MS_MAX)
			return 0;
	return c->placement <= DTSS_PLACE_PACK && c->suspicious_ms <= c->offline_ms &&
	       c->heartbeat_ms <= c->lease_ms / DTSS_LEASE_HEARTBEATS_MIN;
}
