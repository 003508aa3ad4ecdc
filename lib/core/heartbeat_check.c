/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Of a heartbeat that does not say what the one before said. */
static int heartbeat_check_tags(struct dtss_sched *s, const struct dtss_heartbeat *hb)
{
	size_t i;

	if (hb->tag_count > DTSS_WORKER_TAGS_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "tags", "at most 256 tags", hb->tag_count);
	for (i = 0; i < hb->tag_count; i++) {
		if (!hb->tags[i] || !*hb->tags[i])
			return sched_problem(s, DTSS_E_INVALID, "tags", "tags that are not empty", i);
		if (strlen(hb->tags[i]) > DTSS_TAG_LEN_MAX)
			return sched_problem(s, DTSS_E_TOO_BIG, "tags", "tags of at most 64 bytes", i);
	}
	return 0;
}

static int heartbeat_check_resources(struct dtss_sched *s, const struct dtss_heartbeat *hb)
{
	size_t i, j;

	if (hb->resource_count > DTSS_RESOURCES_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "resources", "at most 16 resources", hb->resource_count);
	for (i = 0; i < hb->resource_count; i++) {
		const struct dtss_resource *r = &hb->resources[i];

		if (!r->name || !*r->name || strlen(r->name) > DTSS_NAME_LEN_MAX)
			return sched_problem(s, DTSS_E_INVALID, "resources", "names of 1 to 255 bytes", i);
		if (r->amount > DTSS_RESOURCE_AMOUNT_MAX)
			return sched_problem(s, DTSS_E_TOO_BIG, "resources", "amounts of at most 2^52", i);
		for (j = 0; j < i; j++)
			if (strcmp(hb->resources[j].name, r->name) == 0)
				return sched_problem(s, DTSS_E_INVALID, "resources", "each name once", i);
	}
	return 0;
}

int heartbeat_check(struct dtss_sched *s, const struct dtss_heartbeat *hb)
{
	int error;

	if (!hb->name || !*hb->name)
		return sched_problem(s, DTSS_E_INVALID, "worker_id", "not empty", 0);
	if (strlen(hb->name) > DTSS_NAME_LEN_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "worker_id", "at most 255 bytes", 0);
	if (hb->kind != DTSS_WORKER_AGENT && hb->kind != DTSS_WORKER_PLACEMENT)
		return sched_problem(s, DTSS_E_INVALID, "kind", "1 or 2", 0);
	if (hb->max_tasks > DTSS_WORKER_TASKS_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "max_tasks", "0..65535", 0);
	if (hb->address && strlen(hb->address) > DTSS_ADDRESS_LEN_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "address", "at most 255 bytes", 0);
	if (hb->kind == DTSS_WORKER_AGENT && !hb->incarnation)
		return sched_problem(s, DTSS_E_INVALID, "incarnation", "greater than 0", 0);
	if (hb->held_count > HEARTBEAT_HELD_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "held", "at most 131070 attempts", hb->held_count);
	error = heartbeat_check_tags(s, hb);
	return error ? error : heartbeat_check_resources(s, hb);
}
