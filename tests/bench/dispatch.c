/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/support/daemon.h"
#include "bench/support/web.h"

/*
 * What a task takes until it runs, with everything between: HTTP, SQLite, a real dtss-agent, its journal, its spawn.
 *
 *	start   one task after another, to a scheduler that is otherwise idle: from before its submit until it has begun;
 *	        and the same program from a bare posix_spawn(), which is the part of it that nobody can take away
 *	true    many × `true`, and the same number at once from a loop of posix_spawn() and wait()
 */
#define SLOTS 16
#define PACE_MS 10
#define WAIT_MS 10000
#define MANY 1000         /* tasks of one request */
#define TRUE_MS_MAX 10000 /* on a busy machine: then the rate is of those that have ended */

struct dispatch {
	struct bench_run *run;
	struct daemon dtssd;
	struct daemon agent;
	struct web web;
	int socket; /* where tasks tell that they have begun */
	struct sockaddr_un at;
};

/* ---- the time to the start ---- */

static int dispatch_listen(struct dispatch *d)
{
	d->at.sun_family = AF_UNIX;
	snprintf(d->at.sun_path, sizeof d->at.sun_path, "%s/started", d->agent.dir);
	d->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return d->socket < 0 ? -1 : bind(d->socket, (struct sockaddr *)&d->at, sizeof d->at);
}

/* When it has begun, in ms after that instant; negative: it has not. */
static double dispatch_began(const struct dispatch *d, uint64_t from_ns)
{
	struct pollfd started = { .fd = d->socket, .events = POLLIN };
	uint64_t began_ns;

	if (poll(&started, 1, WAIT_MS) != 1 || read(d->socket, &began_ns, sizeof began_ns) != (ssize_t)sizeof began_ns)
		return -1;
	return (double)(began_ns - from_ns) / 1e6;
}

/* From before its submit until it has begun. */
static double dispatch_one(struct dispatch *d)
{
	char body[1024];
	uint64_t from_ns;
	int len = snprintf(body, sizeof body, "{\"argv\":[\"%s/bench-job\",\"%s\"]}", bench_build(), d->at.sun_path);

	poll(NULL, 0, PACE_MS); /* a pace, so that what the last one left to do is done */
	from_ns = bench_ns();
	if (web_call(&d->web, "POST", "/api/v2/tasks", body, (size_t)len) != 201)
		return -1;
	return dispatch_began(d, from_ns);
}

static double bare_one(struct dispatch *d)
{
	char program[512], *argv[] = { program, d->at.sun_path, NULL }, *env[] = { NULL };
	uint64_t from_ns;
	double ms;
	pid_t pid;

	snprintf(program, sizeof program, "%s/bench-job", bench_build());
	poll(NULL, 0, PACE_MS);
	from_ns = bench_ns();
	if (posix_spawn(&pid, program, NULL, NULL, argv, env) != 0)
		return -1;
	ms = dispatch_began(d, from_ns);
	return waitpid(pid, NULL, 0) == pid ? ms : -1;
}

static int dispatch_start(struct dispatch *d)
{
	struct bench_samples ms = { 0 }, bare = { 0 };
	int count = bench_quick(d->run) ? 6 : 300;

	bench_reserve(&ms, (size_t)count);
	bench_reserve(&bare, (size_t)count / 3);
	for (int i = -5; i < count; i++) { /* the first ones wait for the agent itself */
		double one = dispatch_one(d), alone = i >= 0 && i % 3 == 0 ? bare_one(d) : 0;

		if (one < 0 || alone < 0)
			return bench_fail(d->run, "a task did not start in %d ms", WAIT_MS);
		if (i >= 0)
			bench_add(&ms, one);
		if (i >= 0 && i % 3 == 0)
			bench_add(&bare, alone);
	}
	bench_row(d->run);
	bench_text(d->run, "case", "start");
	bench_count(d->run, "tasks", (uint64_t)count);
	bench_figure(d->run, "p50_ms", bench_median(&ms));
	bench_figure(d->run, "p99_ms", bench_p99(&ms));
	bench_figure(d->run, "bare_p50_ms", bench_median(&bare));
	bench_samples_fini(&ms);
	bench_samples_fini(&bare);
	return 0;
}

/* ---- many ---- */

/* So many processes, SLOTS at a time, each as soon as one has ended; a second. */
static double bare_per_s(int count)
{
	static char *const argv[] = { (char *)"true", NULL };
	static char *const env[] = { NULL };
	uint64_t from_ns = bench_ns();
	int running = 0;
	pid_t pid;

	for (int i = 0; i < count; i++) {
		if (running == SLOTS && wait(NULL) > 0)
			running--;
		if (posix_spawnp(&pid, "true", NULL, NULL, argv, env) != 0)
			return -1;
		running++;
	}
	while (running-- > 0)
		if (wait(NULL) < 0)
			return -1;
	return count * 1e9 / (double)(bench_ns() - from_ns);
}

static long long succeeded(struct dispatch *d)
{
	return web_call(&d->web, "GET", "/api/v2/stats", NULL, 0) == 200 ? web_number(d->web.body, "succeeded", -1) :
									   -1;
}

static double dispatch_per_s(struct dispatch *d, int count)
{
	char *body = bench_alloc(MANY * 32);
	size_t at = 0;
	long long from = succeeded(d), now = from;
	uint64_t from_ns = bench_ns();

	for (int i = 0; i < MANY; i++)
		at += (size_t)sprintf(body + at, "%c{\"argv\":[\"true\"]}", i ? ',' : '[');
	body[at++] = ']';
	for (int i = 0; i < count && now >= 0; i += MANY)
		now = web_call(&d->web, "POST", "/api/v2/tasks", body, at) == 201 ? from : -1;
	free(body);
	while (now >= 0 && now < from + count && bench_ns() - from_ns < TRUE_MS_MAX * UINT64_C(1000000)) {
		poll(NULL, 0, PACE_MS);
		now = succeeded(d);
	}
	return now < 0 ? -1 : (double)(now - from) * 1e9 / (double)(bench_ns() - from_ns);
}

/* The loop before and behind, so that its figure is of the same minute. */
static int dispatch_true(struct dispatch *d)
{
	int count = bench_quick(d->run) ? MANY : 10 * MANY;
	double before = bare_per_s(count / 10), ours = dispatch_per_s(d, count), behind = bare_per_s(count / 10);

	if (before < 0 || ours < 0 || behind < 0)
		return bench_fail(d->run, "`true` did not run");
	bench_row(d->run);
	bench_text(d->run, "case", "true");
	bench_count(d->run, "tasks", (uint64_t)count);
	bench_count(d->run, "slots", SLOTS);
	bench_figure(d->run, "tasks_per_s", ours);
	bench_figure(d->run, "bare_per_s", (before + behind) / 2);
	bench_figure(d->run, "ratio_bare", ours * 2 / (before + behind));
	return 0;
}

static int dispatch(struct bench_run *run)
{
	struct dispatch d = { .run = run, .socket = -1 };
	int rc;

	if (bench_built(run, "bench-job") != 0)
		return -1;
	rc = daemon_dtssd(&d.dtssd, "sqlite", NULL);
	if (rc == 0)
		rc = daemon_agent(&d.agent, &d.dtssd, "bench", SLOTS);
	if (rc == 0)
		rc = dispatch_listen(&d);
	if (rc != 0)
		bench_fail(run, "dtssd and dtss-agent did not start");
	web_init(&d.web, d.dtssd.port);
	if (rc == 0 && bench_case(run, "start"))
		rc = dispatch_start(&d);
	if (rc == 0 && bench_case(run, "true"))
		rc = dispatch_true(&d);
	web_fini(&d.web);
	if (d.socket >= 0)
		close(d.socket);
	daemon_agent_stop(&d.agent);
	daemon_dtssd_stop(&d.dtssd);
	return rc;
}

const struct bench bench_dispatch = { "dispatch", "from submit to a running process", "start,true", dispatch };
