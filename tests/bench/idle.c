/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "bench/support/daemon.h"
#include "bench/support/web.h"

/* What the daemons take while there is nothing to do: dtssd alone, then with an agent that says so every three seconds. */
#define SETTLE_MS 500 /* until what a start leaves to do is done */

struct idle_process {
	const char *name;
	const struct daemon *daemon;
	uint64_t cpu_ns;
	uint64_t switches;
};

/* How often it was woken up. */
static uint64_t woken(const struct daemon *d)
{
	char path[64], line[128];
	unsigned long long count = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)d->pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file) && sscanf(line, "voluntary_ctxt_switches: %llu", &count) != 1)
		continue;
	if (file)
		fclose(file);
	return count;
}

static void idle_rows(struct bench_run *run, const char *with, struct idle_process *all, size_t count, int ms)
{
	poll(NULL, 0, bench_quick(run) ? 1 : SETTLE_MS);
	for (size_t i = 0; i < count; i++) {
		all[i].cpu_ns = daemon_cpu_ns(all[i].daemon);
		all[i].switches = woken(all[i].daemon);
	}
	poll(NULL, 0, ms);
	for (size_t i = 0; i < count; i++) {
		bench_row(run);
		bench_text(run, "process", all[i].name);
		bench_text(run, "case", with);
		bench_figure(run, "cpu_ms_per_s",
			     (double)(daemon_cpu_ns(all[i].daemon) - all[i].cpu_ns) / 1e3 / (double)ms);
		bench_figure(run, "wakes_per_s", (double)(woken(all[i].daemon) - all[i].switches) * 1000 / (double)ms);
		bench_figure(run, "resident_mb", (double)bench_rss_bytes(all[i].daemon->pid) / 1048576);
	}
}

/* Until the scheduler knows the agent. */
static int agent_known(const struct daemon *dtssd)
{
	uint64_t until_ns = bench_ns() + UINT64_C(5000000000);
	struct web web;
	int known = 0;

	web_init(&web, dtssd->port);
	while (!known && bench_ns() < until_ns && web_call(&web, "GET", "/api/v2/workers", NULL, 0) == 200)
		known = strstr(web.body, "\"bench\"") != NULL;
	web_fini(&web);
	return known;
}

static int idle(struct bench_run *run)
{
	struct daemon dtssd, agent = { 0 };
	struct idle_process all[] = { { "dtssd", &dtssd, 0, 0 }, { "dtss-agent", &agent, 0, 0 } };
	int ms = bench_quick(run) ? 10 : 6000, rc = daemon_dtssd(&dtssd, "sqlite", NULL);

	if (rc != 0)
		return bench_fail(run, "dtssd did not start");
	idle_rows(run, "alone", all, 1, ms);
	rc = daemon_agent(&agent, &dtssd, "bench", 2);
	if (rc == 0 && agent_known(&dtssd))
		idle_rows(run, "together", all, 2, ms);
	else
		rc = bench_fail(run, "dtss-agent did not reach dtssd");
	daemon_agent_stop(&agent);
	daemon_dtssd_stop(&dtssd);
	return rc;
}

const struct bench bench_idle = { "idle", "dtssd and dtss-agent with nothing to do", NULL, idle };
