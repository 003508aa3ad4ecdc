/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "bench/peers/support/peer.h"
#include "bench/support/run.h"
#include "bench/support/web.h"

/*
 * dtssd and what else one might keep tasks in, each as a server on loopback: put, take, finish, over the same number of
 * connections, one task at a time or in batches.
 */
#define MEASURE_MS 2000 /* then every line ends the cycle that it is in */
#define PATIENCE_S 30   /* for one answer: then the line has failed */

/* With --quick. */
#define QUICK_LINES 2
#define QUICK_BATCH 5

/* What dtssd did with the same batch: [0] in memory, [1] durable. */
struct peers {
	struct bench_run *run;
	double ours[2][2];
};

static void *line_main(void *arg)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct line *line = arg;
	unsigned batch = *(unsigned *)line->state;
	const struct peer *peer = line->server->peer;

	line->state = NULL;
	line->number = (uint64_t)batch << 32; /* so that no payload comes twice at one server */
	line->fd = peer->own_connection ? -1 : web_connect(line->server->daemon.port);
	if (line->fd >= 0)
		setsockopt(line->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	line->failed = (!peer->own_connection && line->fd < 0) || peer->open(line, batch) != 0;
	while (!line->failed && !atomic_load(&line->server->stop))
		line->failed = peer->cycle(line, batch) != 0;
	if (peer->close)
		peer->close(line);
	if (line->fd >= 0)
		close(line->fd);
	return NULL;
}

/* Tasks a second; negative: a line was cut, or refused. */
static double measure(struct peers *p, struct peer_server *server, unsigned batch, unsigned count)
{
	struct line *lines[PEER_LINES_MAX];
	pthread_t threads[PEER_LINES_MAX];
	unsigned state[PEER_LINES_MAX];
	uint64_t from_ns = bench_ns(), done = 0;
	int failed = 0;

	atomic_store(&server->stop, 0);
	for (unsigned i = 0; i < count; i++) {
		lines[i] = bench_alloc(sizeof *lines[i]);
		lines[i]->server = server;
		lines[i]->index = i;
		state[i] = batch;
		lines[i]->state = &state[i];
		bench_must(pthread_create(&threads[i], NULL, line_main, lines[i]) == 0 ? 0 : DTSS_E_NOMEM, "a thread");
	}
	poll(NULL, 0, bench_quick(p->run) ? 50 : MEASURE_MS);
	atomic_store(&server->stop, 1);
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		done += atomic_load(&lines[i]->finished);
		failed |= lines[i]->failed;
		free(lines[i]);
	}
	return failed ? -1 : (double)done * 1e9 / (double)(bench_ns() - from_ns);
}

/* The first word of what it says that has a digit in front, or behind "v=". */
static void version_of(const struct peer *peer, char *version, size_t cap)
{
	const char *program = program_find(peer->program);
	char command[600], line[256] = "";
	FILE *out;

	snprintf(command, sizeof command, "'%s' %s 2>&1", program, peer->version_option);
	out = popen(command, "r");
	while (out && fgets(line, sizeof line, out) && line[0] == '\n')
		continue;
	if (out)
		pclose(out);
	snprintf(version, cap, "?");
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		const char *number = strncmp(word, "v=", 2) == 0 ? word + 2 : word;

		if (number[0] >= '0' && number[0] <= '9') {
			snprintf(version, cap, "%s", number);
			break;
		}
	}
}

static void peer_row(struct peers *p, const struct peer *peer, const char *version, unsigned batch, double per_s)
{
	int durable = strcmp(peer->durable, "no") != 0, batched = batch > 1;

	if (strcmp(peer->system, "dtssd") == 0)
		p->ours[durable][batched] = per_s;
	bench_row(p->run);
	bench_text(p->run, "system", peer->system);
	bench_text(p->run, "version", version);
	bench_text(p->run, "settings", peer->settings);
	bench_text(p->run, "durable", peer->durable);
	bench_count(p->run, "connections", bench_quick(p->run) ? QUICK_LINES : PEER_LINES_MAX);
	bench_count(p->run, "batch", batch);
	bench_figure(p->run, "tasks_per_s", per_s);
	bench_figure(p->run, "ratio_peer", per_s > 0 ? p->ours[durable][batched] / per_s : 0);
}

static int peer_measure(struct peers *p, const struct peer *peer)
{
	struct peer_server server = { .peer = peer };
	char version[32];
	int rc = 0;

	if (!program_find(peer->program))
		return bench_fail(p->run, "%s is not installed; make deps-peers installs it", peer->program);
	version_of(peer, version, sizeof version);
	if (peer->start(&server) != 0) {
		daemon_tell(&server.daemon);
		rc = bench_fail(p->run, "%s (%s) did not start", peer->system, peer->settings);
	}
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		unsigned batch = i == 0              ? 1 :
				 bench_quick(p->run) ? QUICK_BATCH :
				 peer->batch         ? peer->batch :
						       PEER_BATCH_MAX;
		double per_s = measure(p, &server, batch, bench_quick(p->run) ? QUICK_LINES : PEER_LINES_MAX);

		if (per_s < 0)
			rc = bench_fail(p->run, "%s (%s) refused what it was asked, or hung up", peer->system,
					peer->settings);
		else
			peer_row(p, peer, version, batch, per_s);
	}
	daemon_stop(&server.daemon);
	bench_dir_remove(server.daemon.dir);
	return rc;
}

static int peers(struct bench_run *run)
{
	struct peers p = { .run = run };
	int rc = 0;

	for (const struct peer *const *list = peer_lists; *list; list++)
		for (const struct peer *peer = *list; peer->system; peer++)
			if (bench_case(run, peer->system) && peer_measure(&p, peer) != 0)
				rc = -1;
	return rc;
}

static const struct bench bench_peers = { "peers", "put, take, finish: dtssd beside other systems", "SYSTEM", peers };

const struct bench *const bench_list[] = { &bench_peers, NULL };
