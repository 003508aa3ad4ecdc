/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/support/daemon.h"
#include "bench/support/web.h"
#include "bench/support/wrk.h"

/*
 * dtssd on loopback, driven by wrk, beside a program with the same server library that answers a constant:
 *
 *	constant   at once
 *	suspend    the exchange is suspended and resumed first: so must be whatever waits for a disk
 *	schedule   v1: which of 200 workers? Nothing is written
 *	submit     v2: one task of 100 bytes a request, in SQLite before its answer
 *	thousand   v2: 1,000 of them in one request
 *
 * Figures are for a second of the server's own computing: wrk has the other core, and less of it at one connection.
 * A thousand on each of 256 connections are 256,000 tasks under way, some seconds' work: so these runs are longer.
 */
#define WORKERS 200
#define TAGS 20
#define BODIES 16
#define TASKS 1000

enum way { CONSTANT, SUSPEND, SCHEDULE, SUBMIT, THOUSAND, WAYS };

static const char *const way_names[WAYS] = { "constant", "suspend", "schedule", "submit", "thousand" };
static const unsigned connection_counts[] = { 1, 16, 64, 256 };

struct http_bench {
	struct bench_run *run;
	struct daemon dtssd;
	struct daemon constant[2];
	struct wrk_script scripts[WAYS];
};

/* ---- what is asked ---- */

static const char *payload(void)
{
	return "{\"argv\":[\"true\",\"0123456789012345678901234567890123456789012345678901234567890123456789012345678\"]}";
}

static int script_schedule(struct http_bench *h, enum way way)
{
	char bodies[BODIES][128];
	const char *list[BODIES];

	for (int i = 0; i < BODIES; i++) {
		snprintf(bodies[i], sizeof bodies[i], "{\"task_id\":\"task-%d\",\"required_tags\":[\"t%d\"%s]}", i,
			 i % TAGS, i % 2 ? "" : ",\"all\"");
		list[i] = bodies[i];
	}
	return wrk_script_make(&h->scripts[way], h->dtssd.dir, way_names[way], "/api/v1/schedule", list, BODIES);
}

static int script_thousand(struct http_bench *h)
{
	size_t len = strlen(payload()), at = 0;
	char *body = bench_alloc(TASKS * (len + 1) + 2);
	int rc;

	for (int i = 0; i < TASKS; i++) {
		body[at++] = i ? ',' : '[';
		memcpy(body + at, payload(), len);
		at += len;
	}
	body[at] = ']';
	rc = wrk_script_make(&h->scripts[THOUSAND], h->dtssd.dir, "thousand", "/api/v2/tasks",
			     (const char *const *)&body, 1);
	free(body);
	return rc;
}

static int scripts_make(struct http_bench *h)
{
	const char *one = payload();

	if (script_schedule(h, CONSTANT) != 0 || script_schedule(h, SUSPEND) != 0 ||
	    script_schedule(h, SCHEDULE) != 0 || script_thousand(h) != 0)
		return -1;
	return wrk_script_make(&h->scripts[SUBMIT], h->dtssd.dir, "submit", "/api/v2/tasks", &one, 1);
}

/* Workers of v1 are asked for no more when they have said nothing for ten seconds. 0, or -1. */
static int workers_tell(const struct http_bench *h)
{
	char body[256];
	struct web web;
	int status = 200;

	web_init(&web, h->dtssd.port);
	for (int i = 0; i < WORKERS && status == 200; i++) {
		int len = snprintf(
			body, sizeof body,
			"{\"worker_id\":\"worker-%d\",\"address\":\"127.0.0.1:9000\",\"resource_tags\":[\"all\",\"t%d\","
			"\"t%d\"],\"max_tasks\":10000,\"current_tasks\":%d}",
			i, i % TAGS, (i / TAGS) % TAGS, i % 100);

		status = web_call(&web, "POST", "/api/v1/heartbeat", body, (size_t)len);
	}
	web_fini(&web);
	return status == 200 ? 0 : -1;
}

/* ---- the runs ---- */

static int measure(struct http_bench *h, enum way way, unsigned connections, struct wrk_figures *ret)
{
	const struct daemon *server = way == CONSTANT ? &h->constant[0] : way == SUSPEND ? &h->constant[1] : &h->dtssd;
	double seconds = bench_quick(h->run) ? 0.05 : way == THOUSAND ? 1 + connections / 64.0 : 0.5;

	if (way == SCHEDULE && workers_tell(h) != 0)
		return bench_fail(h->run, "dtssd did not take the heartbeats of %d workers", WORKERS);
	if (wrk_run(&h->scripts[way], server, connections, seconds, ret) != 0)
		return bench_fail(h->run, "wrk did not run");
	if (ret->errors > 0)
		return bench_fail(h->run, "%s at %u connections: %.0f errors", way_names[way], connections,
				  ret->errors);
	return 0;
}

static void row(struct http_bench *h, enum way way, unsigned connections, const struct wrk_figures *all)
{
	const struct wrk_figures *f = &all[way], *constant = &all[CONSTANT];
	double many = way == THOUSAND ? TASKS : 1;

	bench_row(h->run);
	bench_text(h->run, "case", way_names[way]);
	bench_count(h->run, "connections", connections);
	bench_figure(h->run, "per_s", f->per_s * many);
	bench_figure(h->run, "per_cpu_s", f->per_cpu_s * many);
	bench_figure(h->run, "p50_us", f->p50_us);
	bench_figure(h->run, "p99_us", f->p99_us);
	bench_figure(h->run, "ratio_constant", f->per_cpu_s * many / constant->per_cpu_s);
	bench_figure(h->run, "ratio_suspend", f->per_cpu_s * many / all[SUSPEND].per_cpu_s);
	bench_figure(h->run, "ratio_p99_constant", f->p99_us > 0 ? constant->p99_us / f->p99_us : 0);
}

static int http_measure(struct http_bench *h)
{
	size_t count = sizeof connection_counts / sizeof connection_counts[0];

	for (size_t i = 0; i < count; i++) {
		struct wrk_figures figures[WAYS] = { 0 };

		if (!bench_case_count(h->run, connection_counts[i]) ||
		    (bench_quick(h->run) && !bench_asked(h->run, connection_counts[i]) && connection_counts[i] != 16))
			continue;
		for (int way = 0; way < WAYS; way++)
			if (measure(h, (enum way)way, connection_counts[i], &figures[way]) != 0)
				return -1;
		for (int way = 0; way < WAYS; way++)
			row(h, (enum way)way, connection_counts[i], figures);
	}
	return 0;
}

static int constant_start(struct daemon *d, const char *option)
{
	char program[512], line[128];
	const char *argv[] = { program, option, NULL };

	snprintf(program, sizeof program, "%s/bench-constant", bench_build());
	return daemon_start(d, argv, "/dev/null", line, sizeof line) == 0 &&
			       sscanf(line, "listening on http://127.0.0.1:%u", &d->port) == 1 ?
		       0 :
		       -1;
}

static int http(struct bench_run *run)
{
	struct http_bench h = { .run = run };
	int rc;

	if (!wrk_found())
		return bench_fail(run, "wrk is not installed; make deps-bench installs it");
	if (bench_built(run, "bench-constant") != 0)
		return -1;
	files_raise();
	rc = daemon_dtssd(&h.dtssd, "sqlite", "tasks_max = 10000000\nqueue_tasks_max = 10000000\n");
	if (rc == 0 && (constant_start(&h.constant[0], NULL) != 0 || constant_start(&h.constant[1], "--suspend") != 0 ||
			scripts_make(&h) != 0))
		rc = -1;
	rc = rc == 0 ? http_measure(&h) : bench_fail(run, "a server did not start");
	daemon_stop(&h.constant[0]);
	daemon_stop(&h.constant[1]);
	daemon_dtssd_stop(&h.dtssd);
	return rc;
}

const struct bench bench_http = { "http", "requests of v1 and v2 over loopback, from wrk", "1 16 64 256", http };
