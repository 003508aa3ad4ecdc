/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V2 "/api/v2"

/* The whole API. openapi.json is made from this table. */
const struct route routes[] = {
	{ "POST", "/api/v1/heartbeat", api_v1_heartbeat, ROUTE_V1 | ROUTE_COMMIT, NULL,
	  "A placement worker announces itself" },
	{ "POST", "/api/v1/schedule", api_v1_schedule, ROUTE_V1, NULL, "Which worker should run this?" },
	{ "GET", "/api/v1/workers", api_v1_workers, ROUTE_V1, NULL, "Workers that can be placed on" },
	{ "POST", V2 "/tasks", api_tasks_submit, ROUTE_COMMIT, NULL, "Submit a task, an array of tasks, or NDJSON" },
	{ "GET", V2 "/tasks", api_tasks_list, 0, " state queue name label after limit ", "List tasks by growing id" },
	{ "GET", V2 "/tasks/{id}", api_task_get, 0, NULL, "One task" },
	{ "GET", V2 "/tasks/{id}/log", api_task_log, 0, " attempt stream offset follow ", "What an attempt wrote" },
	{ "GET", V2 "/tasks/{id}/explain", api_task_explain, 0, " at ",
	  "Why a task does not run; or did not, after event at" },
	{ "POST", V2 "/tasks/{id}/cancel", api_task_cancel, ROUTE_COMMIT, NULL, "Cancel a task" },
	{ "POST", V2 "/tasks/{id}/retry", api_task_retry, ROUTE_COMMIT, NULL, "Submit a finished task again" },
	{ "POST", V2 "/tasks/{id}/hold", api_task_hold, ROUTE_COMMIT, NULL, "Keep a waiting task from running" },
	{ "POST", V2 "/tasks/{id}/release", api_task_release, ROUTE_COMMIT, NULL, "Let a held task go" },
	{ "GET", V2 "/workers", api_workers_list, 0, NULL, "All workers by name" },
	{ "POST", V2 "/workers/{name}/drain", api_worker_drain, ROUTE_COMMIT, NULL,
	  "No new work; what runs may finish" },
	{ "POST", V2 "/workers/{name}/cordon", api_worker_cordon, ROUTE_COMMIT, NULL, "No new work" },
	{ "POST", V2 "/workers/{name}/uncordon", api_worker_uncordon, ROUTE_COMMIT, NULL, "End drain and cordon" },
	{ "POST", V2 "/workers/{name}/poll", api_worker_poll, 0, " wait_ms ", "An agent's heartbeat and its answer" },
	{ "POST", V2 "/workers/{name}/log", api_worker_log, ROUTE_COMMIT, " task fence stream offset ",
	  "An agent appends output" },
	{ "GET", V2 "/stats", api_stats_get, 0, NULL, "Counters" },
	{ "GET", V2 "/openapi.json", api_openapi_get, 0, NULL, "This description" },
	{ "GET", "/healthz", api_healthz, ROUTE_OPEN, NULL, "The process is alive" },
	{ "GET", "/readyz", api_readyz, ROUTE_OPEN, NULL, "It leads and its store takes writes" },
};
const size_t route_count = sizeof routes / sizeof routes[0];

/* %XX as the byte; that each is one, and none a NUL, was seen to in the head. */
static void decode(char *text)
{
	char *out = text;

	for (; *text; out++) {
		if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
			char digits[] = { text[1], text[2], '\0' };

			*out = (char)strtoul(digits, NULL, 16);
			text += 3;
		} else {
			*out = *text++;
		}
	}
	*out = '\0';
}

/* 1 when path has the form of pattern; then its {} is from *ret_segment to *ret_end. */
static int matches(const char *pattern, char *path, char **ret_segment, char **ret_end)
{
	const char *brace = strchr(pattern, '{'), *rest;
	size_t head = brace ? (size_t)(brace - pattern) : strlen(pattern) + 1;
	char *segment = path + head, *end;

	if (strncmp(pattern, path, head) != 0)
		return 0;
	if (!brace)
		return 1;
	rest = strchr(brace, '}') + 1;
	end = segment + strlen(segment) - strlen(rest);
	if (end <= segment || strcmp(end, rest) != 0)
		return 0;
	if (rest[0] == '\0' && strchr(segment, '/')) /* a longer path; but a worker's name may have a slash */
		return 0;
	*ret_segment = segment;
	*ret_end = end;
	return 1;
}

const struct route *route_find(const char *method, char *path, const char **ret_segment, char *allow, size_t cap)
{
	char *segment = NULL, *end = NULL;

	allow[0] = '\0';
	for (size_t i = 0; i < route_count; i++) {
		size_t len = strlen(allow);

		if (!matches(routes[i].path, path, &segment, &end))
			continue;
		if (strcmp(routes[i].method, method) == 0) {
			*ret_segment = segment;
			if (end) {
				*end = '\0';
				decode(segment);
			}
			return &routes[i];
		}
		snprintf(allow + len, cap - len, "%s%s", len ? ", " : "", routes[i].method);
	}
	return NULL;
}
