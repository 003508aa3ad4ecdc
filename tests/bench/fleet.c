/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "bench/support/beat.h"
#include "bench/support/daemon.h"
#include "bench/support/web.h"

/*
 * One dtssd and a fleet, every agent with a connection of its own on which one poll after the other waits for work and
 * carries a heartbeat. The agents are the bench itself, which runs nothing: a task ends with the heartbeat that follows.
 *
 *	connect   until every agent has had its first answer
 *	idle      polls alone: what the fleet costs while there is no work
 *	tasks     as many as go through them
 */
#define AGENTS 10000
#define SLOTS 4
#define TASKS 100000
#define MANY 1000          /* tasks of one request */
#define BACKLOG 20000      /* tasks that were submitted and have not ended, at most */
#define TASKS_MS_MAX 12000 /* on a busy machine: then the figures are of those that have ended */
#define FILES_SPARE 128    /* of dtssd and of this program, beside the agents' connections */
#define ANSWER_MAX 16384
#define EVENTS 256
#define NS_PER_MS UINT64_C(1000000)

struct fleet_agent {
	struct beat_agent beat;
	struct beat_task tasks[SLOTS];
	int fd;
	unsigned in_len;
	char *in; /* of an answer that is not whole; ANSWER_MAX bytes */
};

struct fleet {
	struct bench_run *run;
	struct daemon dtssd;
	struct web web;
	struct fleet_agent *agents;
	size_t count;
	int epoll;
	uint64_t answers;
	uint64_t finished;
};

/* ---- one agent ---- */

static int agent_connect(struct fleet *f, struct fleet_agent *a)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = a };

	a->fd = web_connect(f->dtssd.port);
	return a->fd < 0 || fcntl(a->fd, F_SETFL, O_NONBLOCK) != 0 ? -1 :
								     epoll_ctl(f->epoll, EPOLL_CTL_ADD, a->fd, &event);
}

static int agent_poll(struct fleet_agent *a, unsigned wait_ms)
{
	char body[4096], path[96], text[5120];
	size_t body_len = beat_write(&a->beat, body), len;

	snprintf(path, sizeof path, "/api/v2/workers/%s/poll?wait_ms=%u", a->beat.name, wait_ms);
	len = web_head(text, sizeof text, "POST", path, body_len);
	memcpy(text + len, body, body_len);
	return write(a->fd, text, len + body_len) == (ssize_t)(len + body_len) ? 0 : -1;
}

/* An answer is there: the next poll goes out. 0, or -1. */
static int agent_answered(struct fleet *f, struct fleet_agent *a, int status, const char *body, int last)
{
	int acked = status == 200 ? beat_read(&a->beat, body) : -1;

	if (acked < 0)
		return -1;
	f->answers++;
	f->finished += (uint64_t)acked;
	if (last) { /* the server had it with this connection */
		close(a->fd);
		if (agent_connect(f, a) != 0)
			return -1;
	}
	return agent_poll(a, 3000);
}

static int agent_read(struct fleet *f, struct fleet_agent *a)
{
	const char *body;
	size_t body_len, whole;
	int status, last;
	ssize_t n;

	if (!a->in)
		a->in = bench_alloc(ANSWER_MAX);
	n = read(a->fd, a->in + a->in_len, ANSWER_MAX - 1 - a->in_len);
	if (n <= 0)
		return -1;
	a->in_len += (unsigned)n;
	a->in[a->in_len] = '\0';
	whole = web_answer(a->in, a->in_len, &status, &body, &body_len, &last);
	if (whole == 0)
		return a->in_len < ANSWER_MAX - 1 ? 0 : -1;
	a->in_len = 0;
	return agent_answered(f, a, status, body, last);
}

/* ---- all of them ---- */

/* What is there now, or comes within ms. 0, or -1: somebody was refused. */
static int fleet_round(struct fleet *f, int ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(f->epoll, events, EVENTS, ms);

	for (int i = 0; i < n; i++)
		if (agent_read(f, events[i].data.ptr) != 0)
			return bench_fail(f->run, "an agent was refused: %s",
					  ((struct fleet_agent *)events[i].data.ptr)->in);
	return 0;
}

static int fleet_run(struct fleet *f, uint64_t ms)
{
	uint64_t until_ns = bench_ns() + ms * NS_PER_MS;

	while (bench_ns() < until_ns)
		if (fleet_round(f, 10) != 0)
			return -1;
	return 0;
}

static void fleet_row(struct fleet *f, const char *name, uint64_t from_ns, uint64_t cpu_ns)
{
	bench_row(f->run);
	bench_text(f->run, "case", name);
	bench_count(f->run, "agents", f->count);
	bench_figure(f->run, "seconds", (double)(bench_ns() - from_ns) / 1e9);
	bench_figure(f->run, "cpu_share", (double)(daemon_cpu_ns(&f->dtssd) - cpu_ns) / (double)(bench_ns() - from_ns));
}

static int fleet_connect(struct fleet *f)
{
	uint64_t from_ns = bench_ns(), cpu_ns = daemon_cpu_ns(&f->dtssd);

	for (size_t i = 0; i < f->count; i++) {
		struct fleet_agent *a = &f->agents[i];

		snprintf(a->beat.name, sizeof a->beat.name, "agent-%u", (unsigned)i % 1000000);
		a->beat.slots = SLOTS;
		a->beat.tasks = a->tasks;
		if (agent_connect(f, a) != 0 || agent_poll(a, 0) != 0)
			return bench_fail(f->run, "agent %zu cannot connect", i);
		if (i % EVENTS == 0 && fleet_round(f, 0) != 0)
			return -1;
	}
	while (f->answers < f->count)
		if (fleet_round(f, 100) != 0)
			return -1;
	fleet_row(f, "connect", from_ns, cpu_ns);
	bench_figure(f->run, "per_s", (double)f->count * 1e9 / (double)(bench_ns() - from_ns));
	return 0;
}

static int fleet_idle(struct fleet *f, uint64_t empty_bytes)
{
	uint64_t answers, from_ns, cpu_ns;

	if (fleet_run(f, bench_quick(f->run) ? 1 : 1000) != 0)
		return -1;
	answers = f->answers;
	from_ns = bench_ns();
	cpu_ns = daemon_cpu_ns(&f->dtssd);
	if (fleet_run(f, bench_quick(f->run) ? 10 : 6000) != 0)
		return -1;
	fleet_row(f, "idle", from_ns, cpu_ns);
	bench_figure(f->run, "polls_per_s", (double)(f->answers - answers) * 1e9 / (double)(bench_ns() - from_ns));
	bench_figure(f->run, "kb_per_agent",
		     (double)(bench_rss_bytes(f->dtssd.pid) - empty_bytes) / 1024 / (double)f->count);
	return 0;
}

static int fleet_tasks(struct fleet *f)
{
	uint64_t count = bench_quick(f->run) ? MANY : TASKS, submitted = 0, answers = f->answers;
	uint64_t from_ns = bench_ns(), cpu_ns = daemon_cpu_ns(&f->dtssd), until_ns = from_ns + TASKS_MS_MAX * NS_PER_MS;
	char *body = bench_alloc(MANY * 32);
	size_t len = 0;
	int rc = 0;

	for (int i = 0; i < MANY; i++)
		len += (size_t)sprintf(body + len, "%c{\"argv\":[\"true\"]}", i ? ',' : '[');
	body[len++] = ']';
	while (rc == 0 && f->finished < count && bench_ns() < until_ns) {
		if (submitted < count && submitted - f->finished < BACKLOG) {
			if (web_call(&f->web, "POST", "/api/v2/tasks", body, len) != 201)
				rc = bench_fail(f->run, "tasks were not taken");
			submitted += MANY;
		}
		if (rc == 0)
			rc = fleet_round(f, 1);
	}
	free(body);
	if (rc == 0 && f->finished == 0)
		rc = bench_fail(f->run, "no task has ended");
	if (rc != 0)
		return rc;
	fleet_row(f, "tasks", from_ns, cpu_ns);
	bench_count(f->run, "tasks", f->finished);
	bench_figure(f->run, "tasks_per_s", (double)f->finished * 1e9 / (double)(bench_ns() - from_ns));
	bench_figure(f->run, "cpu_us_per_task",
		     (double)(daemon_cpu_ns(&f->dtssd) - cpu_ns) / 1e3 / (double)f->finished);
	bench_figure(f->run, "polls_per_s", (double)(f->answers - answers) * 1e9 / (double)(bench_ns() - from_ns));
	return 0;
}

static void fleet_close(struct fleet *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->agents[i].fd >= 0)
			close(f->agents[i].fd);
		free(f->agents[i].in);
	}
	free(f->agents);
	close(f->epoll);
	web_fini(&f->web);
	daemon_dtssd_stop(&f->dtssd);
}

static int fleet(struct bench_run *run)
{
	struct fleet f = { .run = run,
			   .count = bench_quick(run) ? 100 : AGENTS,
			   .epoll = epoll_create1(EPOLL_CLOEXEC) };
	uint64_t files = files_raise(), empty_bytes;
	int rc = daemon_dtssd(&f.dtssd, "sqlite", NULL);

	if (files < f.count + FILES_SPARE) /* the row says how many there were */
		f.count = files > 2 * FILES_SPARE ? (size_t)files - FILES_SPARE : FILES_SPARE;
	if (rc != 0)
		return bench_fail(run, "dtssd did not start");
	web_init(&f.web, f.dtssd.port);
	f.agents = bench_alloc(f.count * sizeof *f.agents);
	for (size_t i = 0; i < f.count; i++)
		f.agents[i].fd = -1;
	empty_bytes = bench_rss_bytes(f.dtssd.pid);
	rc = fleet_connect(&f);
	if (rc == 0)
		rc = fleet_idle(&f, empty_bytes);
	if (rc == 0)
		rc = fleet_tasks(&f);
	fleet_close(&f);
	return rc;
}

const struct bench bench_fleet = { "fleet", "ten thousand agents at one dtssd", NULL, fleet };
