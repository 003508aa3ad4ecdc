/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPEN_STATES "blocked,held,delayed,ready,leased,running"
#define LOAD_TASKS 24
#define SETTLED 5 /* looks in a row that see the same */

/* With the nemesis gone there is an answer to everything, sooner or later. */
static json_t *judge_get(struct chaos *c, struct call *call, const char *path)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;

	do {
		call_make(c, call, "GET", path, NULL);
		if (call->outcome == OK && call->json)
			return call->json;
		pause_ms(20);
	} while (mono_ms() < until && !chaos_interrupted);
	fatal("no answer to GET %s, with nothing in the way: see %s", path, c->dir);
}

/* S26: pages bring each task once, in the order of the ids. */
static json_t *judge_list(struct chaos *c, struct call *call, const char *filter)
{
	json_t *all = json_array();
	int64_t after = 0, id;
	char path[160];

	do {
		json_t *page, *task;
		size_t i;

		snprintf(path, sizeof path, "/api/v2/tasks?limit=300&after=%lld%s", (long long)after, filter);
		page = judge_get(c, call, path);
		json_array_foreach (json_object_get(page, "tasks"), i, task) {
			id = number_of(task, "id");
			if (id <= after)
				violation(c, "task %lld is listed after %lld", (long long)id, (long long)after);
			after = id;
			json_array_append(all, task);
		}
		after = number_of(page, "next");
	} while (after > 0);
	return all;
}

/* How many have not ended, or have an attempt that is being stopped. What is held is let go. */
static size_t judge_open(struct chaos *c, struct call *call, char *names, size_t cap)
{
	json_t *open = judge_list(c, call, "&state=" OPEN_STATES), *workers, *one;
	size_t count = json_array_size(open), i;
	char path[96];

	names[0] = '\0';
	json_array_foreach (open, i, one) {
		if (strlen(names) + 64 < cap)
			snprintf(names + strlen(names), cap - strlen(names), " %lld is %s",
				 (long long)number_of(one, "id"), text_of(one, "state"));
		if (strcmp(text_of(one, "state"), "held") != 0)
			continue;
		snprintf(path, sizeof path, "/api/v2/tasks/%lld/release", (long long)number_of(one, "id"));
		call_make(c, call, "POST", path, NULL); /* the next round sees whether it was */
	}
	json_decref(open);
	workers = json_object_get(judge_get(c, call, "/api/v2/workers"), "workers");
	json_array_foreach (workers, i, one) {
		count += number_of(one, "used") > 0 || number_of(one, "leased") > 0;
		if (strlen(names) + 64 < cap && number_of(one, "leased") > 0)
			snprintf(names + strlen(names), cap - strlen(names), " %s has %lld", text_of(one, "name"),
				 (long long)number_of(one, "leased"));
	}
	return count;
}

/* L1: as long as there is progress, there is time. */
void judge_wait(struct chaos *c)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;
	size_t least = SIZE_MAX;
	char names[1024];
	struct call call;

	call_init(&call, c);
	for (;;) {
		size_t count = judge_open(c, &call, names, sizeof names);

		crew_look(c);
		if (count == 0 || chaos_interrupted)
			break;
		if (count < least) {
			least = count;
			until = mono_ms() + CHAOS_WAIT_MS;
		}
		if (mono_ms() > until) {
			violation(c, "L1: nothing ends any more, with nothing in the way:%s", names);
			break;
		}
		pause_ms(50);
	}
	call_fini(&call);
}

/* ---- descriptors ---- */

/* Tasks, and clients that leave before the answer. */
static void leak_load(struct chaos *c, struct call *call)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: chaos\r\n\r\n";
	char names[1024];

	for (unsigned i = 0; i < LOAD_TASKS; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		(void)inet_pton(AF_INET, c->scheduler.net >= 0 ? "10.77.0.2" : "127.0.0.1", &to.sin_addr);
		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
		    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
			violation(c, "no connection to the scheduler, with nothing in the way");
		if (fd >= 0)
			close(fd);
		call_make(c, call, "POST", "/api/v2/tasks", "{\"name\":\"load\",\"argv\":[\"true\"]}");
		if (call->outcome != OK)
			violation(c, "a submit has no answer, with nothing in the way");
	}
	while (judge_open(c, call, names, sizeof names) > 0 && !chaos_interrupted)
		pause_ms(10);
}

/* When it does not change any more. */
static int leak_count(pid_t pid)
{
	int count = host_descriptors(pid), same = 0;

	for (int i = 0; i < 200 && same < SETTLED; i++) {
		int now;

		pause_ms(50);
		now = host_descriptors(pid);
		same = now == count ? same + 1 : 0;
		count = now;
	}
	return count;
}

/* S23: after the same load again there are no more of them; but for a connection that is kept, or not. */
static void judge_leaks(struct chaos *c)
{
	int before[CHAOS_AGENTS_MAX + 1], after;
	struct call call;

	call_init(&call, c);
	for (int round = 0; round < 2; round++) {
		leak_load(c, &call);
		for (unsigned i = 0; i <= c->options.agents; i++) {
			const struct node *node = i == 0 ? &c->scheduler : &c->agents[i - 1];

			after = leak_count(node->pid);
			if (round == 0)
				before[i] = after;
			else if (after > before[i] + LOAD_TASKS / 2)
				violation(c, "S23: %s had %d descriptors, and has %d after the same load again",
					  node->name, before[i], after);
		}
	}
	call_fini(&call);
}

/* ---- all of it ---- */

static int run_order(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	if (x->fence != y->fence)
		return x->fence < y->fence ? -1 : 1;
	return x->what > y->what ? -1 : x->what < y->what; /* S, O, E */
}

static void judge_read_runs(struct chaos *c)
{
	char path[CHAOS_PATH_MAX], *text, *at = NULL;

	host_path(c, "runs", path);
	text = host_text(path, NULL);
	for (char *line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		struct run run = { 0 };
		char more[32] = "";
		unsigned long long task, fence;
		long long ms;

		if (sscanf(line, "%c %llu %u %llu %lld %31s", &run.what, &task, &run.attempt, &fence, &ms, more) != 6)
			fatal("%s: no line of a job: %s", path, line);
		run.task = task;
		run.fence = fence;
		run.mono_ms = ms;
		run.other = run.what == 'O' ? strtoull(more, NULL, 10) : 0;
		run.code = run.what == 'E' ? atoi(more) : -1;
		c->runs = realloc(c->runs, (c->run_count + 1) * sizeof *c->runs);
		if (!c->runs)
			fatal("no memory");
		c->runs[c->run_count++] = run;
	}
	free(text);
	if (c->run_count > 0)
		qsort(c->runs, c->run_count, sizeof *c->runs, run_order);
}

void judge_print(const struct chaos *c, uint64_t id)
{
	json_t *task;
	size_t i;

	json_array_foreach (c->tasks, i, task) {
		char *text;

		if ((uint64_t)number_of(task, "id") != id)
			continue;
		text = json_dumps(task, 0);
		printf("  %s\n", text);
		free(text);
		for (size_t p = 0; p < c->plan_count; p++)
			if (strcmp(c->plans[p]->key, text_of(task, "key")) == 0)
				history_print(c, (unsigned)p);
	}
	for (i = 0; i < c->run_count; i++) {
		const struct run *run = &c->runs[i];

		if (run->task == id)
			printf("  run %c attempt %u fence %llu at %lld, other %llu, code %d\n", run->what, run->attempt,
			       (unsigned long long)run->fence, (long long)run->mono_ms, (unsigned long long)run->other,
			       run->code);
	}
}

/* What one task says is what the list says. */
static void judge_gets(struct chaos *c, struct call *call)
{
	size_t count = json_array_size(c->tasks), step = count / 200 + 1;

	for (size_t i = 0; i < count; i += step) {
		json_t *task = json_array_get(c->tasks, i);
		char path[96];

		snprintf(path, sizeof path, "/api/v2/tasks/%lld", (long long)number_of(task, "id"));
		if (!json_equal(judge_get(c, call, path), task)) {
			violation(c, "task %lld is not what the list says", (long long)number_of(task, "id"));
			judge_print(c, (uint64_t)number_of(task, "id"));
		}
	}
}

void judge_all(struct chaos *c, int leaks)
{
	struct call call;

	if (leaks)
		judge_leaks(c);
	call_init(&call, c);
	c->tasks = judge_list(c, &call, "");
	judge_read_runs(c);
	judge_gets(c, &call);
	judge_logs(c, &call);
	call_fini(&call);
	judge_history(c);
	judge_runs(c);
}
