/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "bench/peers/support/peer.h"

/*
 * Its binary protocol: "\0REQ" or "\0RES", the type and the size in network order, and the arguments with a NUL between
 * them. Nothing answers the end of a background job, so the next packet on the connection is what it is waited for with.
 */
enum gearman_type {
	CAN_DO = 1,
	SUBMIT_JOB_BG = 18,
	JOB_CREATED = 8,
	GRAB_JOB = 9,
	NO_JOB = 10,
	JOB_ASSIGN = 11,
	WORK_COMPLETE = 13
};

#define QUEUE "bench"
#define HANDLE_MAX 128

static int gearmand_start(struct peer_server *server)
{
	char port[16], db[96];
	const char *argv[] = { "gearmand", "-L",         "127.0.0.1",       "-p", port, "-l", "none",
			       "-q",       "libsqlite3", "--libsqlite3-db", db,   NULL };

	peer_server_prepare(server);
	snprintf(port, sizeof port, "%u", server->daemon.port);
	snprintf(db, sizeof db, "%s/queue.db", server->daemon.dir);
	if (strcmp(server->peer->settings, "memory") == 0)
		argv[7] = NULL;
	return peer_server_start(server, argv);
}

static void gearmand_packet(struct line *line, enum gearman_type type, const void *data, size_t len)
{
	uint32_t words[2] = { htonl(type), htonl((uint32_t)len) };

	line_add(line, "\0REQ", 4);
	line_add(line, words, sizeof words);
	line_add(line, data, len);
}

/* Its type, or -1. */
static int gearmand_answer(struct line *line, const char **ret_data, size_t *ret_len)
{
	const char *head = line_bytes(line, 12);
	uint32_t words[2];

	if (!head || memcmp(head, "\0RES", 4) != 0)
		return -1;
	memcpy(words, head + 4, sizeof words);
	*ret_len = ntohl(words[1]);
	*ret_data = line_bytes(line, *ret_len);
	return *ret_data ? (int)ntohl(words[0]) : -1;
}

static int gearmand_open(struct line *line, unsigned batch)
{
	(void)batch;
	gearmand_packet(line, CAN_DO, QUEUE, strlen(QUEUE));
	return line_flush(line);
}

static int gearmand_put(struct line *line, unsigned count)
{
	char payload[PEER_PAYLOAD + 1], packet[256];
	const char *data;
	size_t len;

	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payload);
		len = (size_t)snprintf(packet, sizeof packet, "%s%c%.21s%c%s", QUEUE, 0, payload, 0, payload);
		gearmand_packet(line, SUBMIT_JOB_BG, packet, len);
	}
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (gearmand_answer(line, &data, &len) != JOB_CREATED)
			return -1;
	return 0;
}

/* How many it gave, which may be none: another line was faster. */
static int gearmand_take(struct line *line, unsigned count, char (*handles)[HANDLE_MAX])
{
	const char *data;
	size_t len;
	int taken = 0;

	for (unsigned i = 0; i < count; i++)
		gearmand_packet(line, GRAB_JOB, "", 0);
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		int type = gearmand_answer(line, &data, &len);

		if (type == JOB_ASSIGN)
			snprintf(handles[taken++], HANDLE_MAX, "%s", data);
		else if (type != NO_JOB)
			return -1;
	}
	return taken;
}

static int gearmand_cycle(struct line *line, unsigned count)
{
	char handles[PEER_BATCH_MAX][HANDLE_MAX];
	unsigned done = 0;

	if (gearmand_put(line, count) != 0)
		return -1;
	while (done < count) {
		int taken = gearmand_take(line, count - done, handles);

		if (taken < 0)
			return -1;
		for (int i = 0; i < taken; i++)
			gearmand_packet(line, WORK_COMPLETE, handles[i], strlen(handles[i]) + 1);
		if (line_flush(line) != 0)
			return -1;
		if (taken == 0 && atomic_load(&line->server->stop))
			break; /* somebody else has it */
		done += (unsigned)taken;
		atomic_fetch_add(&line->finished, (unsigned)taken);
	}
	return 0;
}

#define GEARMAND(how, last, most)                                                                                      \
	{                                                                                                              \
		.system = "gearmand", .settings = how, .durable = last, .batch = most, .program = "gearmand",          \
		.version_option = "--version", .start = gearmand_start, .open = gearmand_open, .cycle = gearmand_cycle \
	}

const struct peer peers_gearmand[] = { GEARMAND("memory", "no", 0), GEARMAND("sqlite", "yes", 10), { 0 } };
