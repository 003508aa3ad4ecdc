/* SPDX-License-Identifier: MIT */
#include "bench/support/beat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/support/web.h"

#define BEAT_HEAD 256
#define BEAT_TASK 256 /* as held and as reported */

size_t beat_bytes(const struct beat_agent *agent)
{
	return BEAT_HEAD + (size_t)agent->slots * BEAT_TASK;
}

size_t beat_write(struct beat_agent *agent, char *text)
{
	const char *quote = agent->tagged ? "\"" : "";
	size_t len = (size_t)sprintf(text,
				     "{\"name\":\"%s\",\"incarnation\":1,\"number\":%llu,\"fence_seen\":%llu,"
				     "\"max_tasks\":%u,\"tags\":[%s%s%s],\"held\":[",
				     agent->name, (unsigned long long)++agent->number,
				     (unsigned long long)agent->fence_seen, agent->slots, quote,
				     agent->tagged ? agent->name : "", quote);

	for (unsigned i = 0; i < agent->held; i++)
		len += (size_t)sprintf(text + len,
				       "%s{\"task\":%llu,\"fence\":%llu,\"attempt\":%u,\"state\":\"ended\"}",
				       i ? "," : "", (unsigned long long)agent->tasks[i].task,
				       (unsigned long long)agent->tasks[i].fence, agent->tasks[i].attempt);
	len += (size_t)sprintf(text + len, "],\"reports\":[");
	for (unsigned i = 0; i < agent->held; i++)
		len += (size_t)sprintf(text + len,
				       "%s{\"task\":%llu,\"fence\":%llu,\"attempt\":%u,\"kind\":\"ended\","
				       "\"cause\":\"exit\",\"exit_code\":0}",
				       i ? "," : "", (unsigned long long)agent->tasks[i].task,
				       (unsigned long long)agent->tasks[i].fence, agent->tasks[i].attempt);
	return len + (size_t)sprintf(text + len, "]}");
}

static int forget_fence(struct beat_agent *agent, uint64_t fence)
{
	for (unsigned i = 0; i < agent->held; i++) {
		if (agent->tasks[i].fence == fence) {
			agent->tasks[i] = agent->tasks[--agent->held];
			return 1;
		}
	}
	return 0;
}

/* "acks":[{"task":4,"fence":11,...},...] */
static int read_acks(struct beat_agent *agent, const char *from, const char *end)
{
	int count = 0;

	while ((from = strstr(from, "\"fence\":")) != NULL && from < end) {
		from += strlen("\"fence\":");
		count += forget_fence(agent, strtoull(from, NULL, 10));
	}
	return count;
}

static int holds(const struct beat_agent *agent, uint64_t fence)
{
	for (unsigned i = 0; i < agent->held; i++)
		if (agent->tasks[i].fence == fence)
			return 1;
	return 0;
}

/* "assign":[{"task":6,"fence":13,"attempt":1,...,"spec":{...}},...] */
static void read_assigns(struct beat_agent *agent, const char *at)
{
	while (agent->held < agent->slots && (at = strstr(at, "{\"task\":")) != NULL) {
		struct beat_task task = { .task = (uint64_t)web_number(at, "task", 0),
					  .fence = (uint64_t)web_number(at, "fence", 0),
					  .attempt = (unsigned)web_number(at, "attempt", 1) };

		if (task.fence > agent->fence_seen)
			agent->fence_seen = task.fence;
		if (!holds(agent, task.fence))
			agent->tasks[agent->held++] = task;
		at++;
	}
}

int beat_read(struct beat_agent *agent, const char *text)
{
	const char *acks = strstr(text, "\"acks\":["), *acks_end = acks ? strchr(acks, ']') : NULL;
	const char *assign = strstr(text, "\"assign\":[");
	int count = acks_end ? read_acks(agent, acks, acks_end) : 0;

	if (assign)
		read_assigns(agent, assign);
	return acks || assign ? count : -1;
}
