/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

int dtss_agent_resize(struct dtss_agent *a, struct dtss_time now, uint32_t max_tasks)
{
	DTSS_ASSERT(a->count <= a->cap);
	if (max_tasks > DTSS_WORKER_TASKS_MAX)
		return DTSS_E_TOO_BIG;
	agent_enter(a, now);
	if (max_tasks != a->max_tasks)
		agent_changed(a);
	a->max_tasks = max_tasks;
	DTSS_ASSERT(a->max_tasks <= DTSS_WORKER_TASKS_MAX);
	return 0;
}
