/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/peers/support/peer.h"

/* Its text protocol; a reserved job is worked on, and a deleted one is done. */
static int beanstalkd_start(struct peer_server *server)
{
	char port[16];
	const char *argv[] = { "beanstalkd", "-l", "127.0.0.1", "-p", port, NULL, NULL, NULL, NULL };

	peer_server_prepare(server);
	snprintf(port, sizeof port, "%u", server->daemon.port);
	if (strcmp(server->peer->settings, "memory") != 0) {
		argv[5] = "-b";
		argv[6] = server->daemon.dir;
		argv[7] = server->peer->settings;
	}
	return peer_server_start(server, argv);
}

static int beanstalkd_open(struct line *line, unsigned batch)
{
	(void)line;
	(void)batch;
	return 0;
}

static int beanstalkd_expect(struct line *line, unsigned count, const char *word)
{
	for (unsigned i = 0; i < count; i++) {
		const char *text = line_text(line);

		if (!text || strncmp(text, word, strlen(word)) != 0)
			return -1;
	}
	return 0;
}

static int beanstalkd_put(struct line *line, unsigned count)
{
	char payload[PEER_PAYLOAD + 1];

	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payload);
		line_say(line, "put 1024 0 120 %d\r\n%s\r\n", PEER_PAYLOAD, payload);
	}
	return line_flush(line) == 0 ? beanstalkd_expect(line, count, "INSERTED ") : -1;
}

static int beanstalkd_take(struct line *line, unsigned count, uint64_t *ids)
{
	for (unsigned i = 0; i < count; i++)
		line_say(line, "reserve\r\n");
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		const char *text = line_text(line);

		if (!text || strncmp(text, "RESERVED ", 9) != 0)
			return -1;
		ids[i] = strtoull(text + 9, NULL, 10);
		if (!line_bytes(line, PEER_PAYLOAD + 2))
			return -1;
	}
	return 0;
}

static int beanstalkd_cycle(struct line *line, unsigned count)
{
	uint64_t ids[PEER_BATCH_MAX];

	if (beanstalkd_put(line, count) != 0 || beanstalkd_take(line, count, ids) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		line_say(line, "delete %llu\r\n", (unsigned long long)ids[i]);
	if (line_flush(line) != 0 || beanstalkd_expect(line, count, "DELETED") != 0)
		return -1;
	atomic_fetch_add(&line->finished, count);
	return 0;
}

#define BEANSTALKD(how, last, most)                                                                                    \
	{                                                                                                              \
		.system = "beanstalkd", .settings = how, .durable = last, .batch = most, .program = "beanstalkd",      \
		.version_option = "-v", .start = beanstalkd_start, .open = beanstalkd_open, .cycle = beanstalkd_cycle  \
	}

const struct peer peers_beanstalkd[] = { BEANSTALKD("memory", "no", 0), BEANSTALKD("-f0", "yes", 10), { 0 } };
