/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/peers/support/peer.h"
#include "bench/support/beat.h"
#include "bench/support/web.h"

/*
 * A client and an agent on one connection: tasks are submitted with one request, come with the answer to a poll, and are
 * reported with the next one, whose answer says that their end is stored. A tag brings them to this agent: without it dtssd
 * would spread each batch over all of them, and nobody would have one to report.
 */
#define WAIT_MS 300 /* of a poll; so long a line may outlast the others */

struct dtssd_line {
	struct web web;
	struct beat_agent agent;
	struct beat_task tasks[PEER_BATCH_MAX];
	char path[64];
	char *body;
	size_t cap;
	long long owed; /* tasks that were submitted here, less those that ended here */
};

static int dtssd_start(struct peer_server *server)
{
	const char *store = strcmp(server->peer->settings, "memory") == 0 ? "memory" : "sqlite";

	return daemon_dtssd(&server->daemon, store, NULL);
}

static int dtssd_open(struct line *line, unsigned batch)
{
	struct dtssd_line *d = bench_alloc(sizeof *d);

	line->state = d;
	web_init(&d->web, line->server->daemon.port);
	snprintf(d->agent.name, sizeof d->agent.name, "line-%u-%u", batch, line->index);
	d->agent.slots = batch;
	d->agent.tagged = 1;
	d->agent.tasks = d->tasks;
	d->cap = beat_bytes(&d->agent) + batch * (PEER_PAYLOAD + 64);
	d->body = bench_alloc(d->cap);
	snprintf(d->path, sizeof d->path, "/api/v2/workers/%s/poll?wait_ms=%d", d->agent.name, WAIT_MS);
	return 0;
}

static int dtssd_put(struct line *line, struct dtssd_line *d, unsigned count)
{
	char payload[PEER_PAYLOAD + 1];
	size_t len = 0;

	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payload);
		len += (size_t)sprintf(d->body + len, "%s{\"argv\":[\"%s\"],\"tags\":[\"%s\"]}",
				       count == 1 ? "" :
				       i          ? "," :
						    "[",
				       payload, d->agent.name);
	}
	if (count > 1)
		d->body[len++] = ']';
	d->owed += count;
	return web_call(&d->web, "POST", "/api/v2/tasks", d->body, len) == 201 ? 0 : -1;
}

static int dtssd_cycle(struct line *line, unsigned count)
{
	struct dtssd_line *d = line->state;

	if (dtssd_put(line, d, count) != 0)
		return -1;
	while (d->owed > 0 && !atomic_load(&line->server->stop)) {
		int acked;

		if (web_call(&d->web, "POST", d->path, d->body, beat_write(&d->agent, d->body)) != 200 ||
		    (acked = beat_read(&d->agent, d->web.body)) < 0)
			return -1;
		d->owed -= acked;
		atomic_fetch_add(&line->finished, (unsigned)acked);
	}
	return 0;
}

static void dtssd_close(struct line *line)
{
	struct dtssd_line *d = line->state;

	web_fini(&d->web);
	free(d->body);
	free(d);
}

#define DTSSD(how, last)                                                                                               \
	{                                                                                                              \
		.system = "dtssd", .settings = how, .durable = last, .program = "dtssd",                               \
		.version_option = "--version", .start = dtssd_start, .open = dtssd_open, .cycle = dtssd_cycle,         \
		.close = dtssd_close, .own_connection = 1                                                              \
	}

const struct peer peers_dtssd[] = { DTSSD("memory", "no"), DTSSD("sqlite", "yes"), { 0 } };
