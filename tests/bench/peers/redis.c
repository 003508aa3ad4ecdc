/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/peers/support/peer.h"

/*
 *	lists     LPUSH tasks ──► LMOVE to a list of the line's own ──► LREM
 *	streams   XADD ──► XREADGROUP ──► XACK and XDEL
 *
 * Batched: as many commands in one write; but XREADGROUP, XACK and XDEL take many at once.
 */
#define ID_MAX 48

static int redis_start(struct peer_server *server)
{
	char port[16];
	const char *argv[] = {
		"redis-server", "--port",        port,     "--bind", "127.0.0.1",        "--save", "", "--appendonly",
		"yes",          "--appendfsync", "always", "--dir",  server->daemon.dir, NULL
	};

	peer_server_prepare(server);
	snprintf(port, sizeof port, "%u", server->daemon.port);
	if (strcmp(server->peer->durable, "second") == 0)
		argv[10] = "everysec";
	return peer_server_start(server, argv);
}

/* A command of words, up to a NULL. */
static void redis_say(struct line *line, ...)
{
	const char *words[PEER_BATCH_MAX + 8];
	va_list args;
	int n = 0;

	va_start(args, line);
	while ((words[n] = va_arg(args, const char *)) != NULL)
		n++;
	va_end(args);
	line_say(line, "*%d\r\n", n);
	for (int i = 0; i < n; i++)
		line_say(line, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
}

/* A number or the length of an array, whatever the kind; -1: nil; -2: an error. */
static long redis_number(struct line *line)
{
	const char *text = line_text(line);

	return !text || text[0] == '-' ? -2 : strtol(text + 1, NULL, 10);
}

/* A string of at most cap - 1 bytes. 0, or -1. */
static int redis_string(struct line *line, char *to, size_t cap)
{
	long len = redis_number(line);
	const char *bytes = len >= 0 ? line_bytes(line, (size_t)len + 2) : NULL;

	if (!bytes || (size_t)len >= cap)
		return -1;
	memcpy(to, bytes, (size_t)len);
	to[len] = '\0';
	return 0;
}

static int redis_numbers(struct line *line, unsigned count, long least)
{
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (redis_number(line) < least)
			return -1;
	return 0;
}

/* ---- lists ---- */

static int redis_open_list(struct line *line, unsigned batch)
{
	(void)line;
	(void)batch;
	return 0;
}

static int redis_cycle_list(struct line *line, unsigned count)
{
	char payloads[PEER_BATCH_MAX][PEER_PAYLOAD + 1], mine[16];

	snprintf(mine, sizeof mine, "mine-%u", line->index);
	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payloads[0]);
		redis_say(line, "LPUSH", "tasks", payloads[0], NULL);
	}
	if (redis_numbers(line, count, 1) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		redis_say(line, "LMOVE", "tasks", mine, "RIGHT", "LEFT", NULL);
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (redis_string(line, payloads[i], sizeof payloads[i]) != 0)
			return -1;
	for (unsigned i = 0; i < count; i++)
		redis_say(line, "LREM", mine, "1", payloads[i], NULL);
	if (redis_numbers(line, count, 1) != 0)
		return -1;
	atomic_fetch_add(&line->finished, count);
	return 0;
}

/* ---- streams ---- */

/* The group may be there: another line was faster. */
static int redis_open_stream(struct line *line, unsigned batch)
{
	(void)batch;
	redis_say(line, "XGROUP", "CREATE", "stream", "workers", "0", "MKSTREAM", NULL);
	return line_flush(line) == 0 && line_text(line) ? 0 : -1;
}

static int redis_put_stream(struct line *line, unsigned count)
{
	char payload[PEER_PAYLOAD + 1], id[ID_MAX];

	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payload);
		redis_say(line, "XADD", "stream", "*", "p", payload, NULL);
	}
	if (line_flush(line) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (redis_string(line, id, sizeof id) != 0)
			return -1;
	return 0;
}

/* [["stream",[[id,["p",payload]],...]]], or nil. How many, or -1. */
static int redis_take_stream(struct line *line, unsigned count, char (*ids)[ID_MAX])
{
	char number[16], name[16], payload[PEER_PAYLOAD + 1];
	long taken;

	snprintf(number, sizeof number, "%u", count);
	snprintf(name, sizeof name, "line-%u", line->index);
	redis_say(line, "XREADGROUP", "GROUP", "workers", name, "COUNT", number, "STREAMS", "stream", ">", NULL);
	if (line_flush(line) != 0)
		return -1;
	taken = redis_number(line);
	if (taken == -1)
		return 0;
	if (taken != 1 || redis_number(line) != 2 || redis_string(line, name, sizeof name) != 0 ||
	    (taken = redis_number(line)) < 0 || taken > (long)count)
		return -1;
	for (long i = 0; i < taken; i++)
		if (redis_number(line) != 2 || redis_string(line, ids[i], ID_MAX) != 0 || redis_number(line) != 2 ||
		    redis_string(line, name, sizeof name) != 0 || redis_string(line, payload, sizeof payload) != 0)
			return -1;
	return (int)taken;
}

static int redis_finish_stream(struct line *line, char (*ids)[ID_MAX], int count)
{
	line_say(line, "*%d\r\n$4\r\nXACK\r\n$6\r\nstream\r\n$7\r\nworkers\r\n", count + 3);
	for (int i = 0; i < count; i++)
		line_say(line, "$%zu\r\n%s\r\n", strlen(ids[i]), ids[i]);
	line_say(line, "*%d\r\n$4\r\nXDEL\r\n$6\r\nstream\r\n", count + 2);
	for (int i = 0; i < count; i++)
		line_say(line, "$%zu\r\n%s\r\n", strlen(ids[i]), ids[i]);
	return redis_numbers(line, 2, count);
}

static int redis_cycle_stream(struct line *line, unsigned count)
{
	char ids[PEER_BATCH_MAX][ID_MAX];

	if (redis_put_stream(line, count) != 0)
		return -1;
	for (unsigned done = 0; done < count;) {
		int taken = redis_take_stream(line, count - done, ids);

		if (taken < 0 || (taken > 0 && redis_finish_stream(line, ids, taken) != 0))
			return -1;
		if (taken == 0 && atomic_load(&line->server->stop))
			break; /* somebody else has it */
		done += (unsigned)taken;
		atomic_fetch_add(&line->finished, (unsigned)taken);
	}
	return 0;
}

#define REDIS(how, kind, last)                                                                                         \
	{                                                                                                              \
		.system = "redis", .settings = how, .durable = last, .program = "redis-server",                        \
		.version_option = "--version", .start = redis_start, .open = redis_open_##kind,                        \
		.cycle = redis_cycle_##kind                                                                            \
	}

const struct peer peers_redis[] = { REDIS("lists,everysec", list, "second"),
				    REDIS("lists,always", list, "yes"),
				    REDIS("streams,everysec", stream, "second"),
				    REDIS("streams,always", stream, "yes"),
				    { 0 } };
