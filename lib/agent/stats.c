/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"

void dtss_agent_stats(const struct dtss_agent *a, struct dtss_agent_stats *ret_stats)
{
	size_t i;

	DTSS_ASSERT(a != NULL);
	DTSS_ASSERT(ret_stats != NULL);
	memset(ret_stats, 0, sizeof *ret_stats);
	ret_stats->size = sizeof *ret_stats;
	for (i = 0; i < a->count; i++) {
		const struct agent_attempt *t = a->attempts[i];

		ret_stats->running += t->started && agent_attempt_alive(t);
		ret_stats->held += !t->orphan && t->state != AGENT_GONE;
	}
	ret_stats->started = a->started_total;
	ret_stats->ended = a->ended_total;
	ret_stats->fenced = a->fenced_total;
	ret_stats->epoch = a->epoch;
	ret_stats->answered_ns = a->answered_ns;
}
