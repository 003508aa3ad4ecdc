/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "bench/support/daemon.h"

#define PEER_PAYLOAD 100 /* bytes of a task, the same for everybody */
#define PEER_BATCH_MAX 100
#define PEER_LINES_MAX 16
#define LINE_BYTES 262144 /* more than the longest batch, or the answer to it */

struct peer;

/* A server that runs for a bench, on loopback. */
struct peer_server {
	const struct peer *peer;
	struct daemon daemon; /* its port is set before the start */
	atomic_int stop;      /* 1: lines end with the cycle they are in */
};

/* One connection, with a thread of its own, which waits for each answer. */
struct line {
	struct peer_server *server;
	unsigned index;
	int fd;                 /* -1: the driver uses something else */
	void *state;            /* the driver's own */
	atomic_ullong finished; /* tasks */
	uint64_t number;        /* of payloads */
	int failed;
	size_t out_len, in_len, in_at;
	char out[LINE_BYTES];
	char in[LINE_BYTES + 1];
};

/*
 * How one system is asked to keep tasks: tests/bench/peers/NAME.c has an array `peers_NAME` of them, ended by one without a
 * name. A cycle is: put count tasks; take as many, not necessarily the same; finish them; each part waited for.
 */
struct peer {
	const char *system;
	const char *settings; /* without a space */
	unsigned
		batch; /* 0: PEER_BATCH_MAX. Less where every task waits for the disk by itself, so that a cycle ends */
	const char *durable; /* "no", "second": once a second, "yes": before each answer */
	const char *program; /* whose --version, or what version_option is, tells the version */
	const char *version_option;
	int (*start)(struct peer_server *server);       /* 0, or -1 */
	int (*open)(struct line *line, unsigned batch); /* the connection is there, when the server has one; 0, or -1 */
	int (*cycle)(struct line *line, unsigned count); /* counts in line->finished; 0, or -1 */
	void (*close)(struct line *line);                /* NULL: there is nothing of its own */
	int own_connection;                              /* 1: open() makes it */
};

extern const struct peer *const peer_lists[]; /* made from the names of the files; NULL ends it */

/* --- for drivers: servers --- */
/* Where a program is, also beside the PATH of those who are not root; NULL: nowhere. Until the next call. */
const char *program_find(const char *name);
/* Starts it, with a directory and a port of its own, and waits until somebody can connect. argv[0] is replaced by where the
 * program is. 0, or -1. */
int peer_server_start(struct peer_server *server, const char **argv);
/* The directory and the port, for its arguments. */
int peer_server_prepare(struct peer_server *server);

/* --- for drivers: a line --- */
void line_add(struct line *line, const void *bytes, size_t len);
void line_say(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int line_flush(struct line *line); /* 0, or -1 */
/* The next bytes, until the next call; or NULL. */
const char *line_bytes(struct line *line, size_t len);
/* The next line without its CR LF, with a NUL; or NULL. */
char *line_text(struct line *line);
/* A payload that no other is like. */
void line_payload(struct line *line, char payload[PEER_PAYLOAD + 1]);

#endif
