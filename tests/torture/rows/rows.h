/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TORTURE_ROWS_ROWS_H
#define TESTS_TORTURE_ROWS_ROWS_H

#include <stddef.h>

/*
 * One connection: what is sent, and what may come back.
 *
 * {{TEXT*N}} stands for N times TEXT. When all is sent the sender closes its direction.
 *
 * legal lists what may happen, with | between: the statuses of the answers in their order (200*9 are nine), and + at the
 * end when the connection must go on: another request on it is answered. Without + the server must close; "-" is no
 * answer at all.
 */
struct http_row {
	const char *name;
	const char *bytes;
	size_t len;
	const char *legal;
	unsigned tasks;   /* that are stored by it: exactly these */
	const char *body; /* NULL, or what follows a counted Content-Length; then another request that is fine */
	size_t body_len;
};

struct http_rows {
	const struct http_row *rows;
	size_t count;
};

#define ROW(name, bytes, legal, tasks)                                                                                 \
	{                                                                                                              \
		name, bytes, sizeof(bytes) - 1, legal, tasks, NULL, 0                                                  \
	}
#define SEND(name, head, body, legal, tasks)                                                                           \
	{                                                                                                              \
		name, head, sizeof(head) - 1, legal, tasks, body, sizeof(body) - 1                                     \
	}
#define ROWS(array)                                                                                                    \
	{                                                                                                              \
		array, sizeof(array) / sizeof((array)[0])                                                              \
	}

/* What rows are made of. */
#define HOST "Host: localhost\r\n"
#define BODY "{\"argv\":[\"true\"]}" /* 17 bytes, 11 in hex */
#define GET "GET /healthz HTTP/1.1\r\n"
#define POST "POST /api/v2/tasks HTTP/1.1\r\n"
#define FINE GET HOST "\r\n"
#define CHUNKS "11\r\n" BODY "\r\n0\r\n\r\n"
/* What a smuggler hides: executed on its own, it stores a task. */
#define HIDDEN POST HOST "Content-Length: 17\r\n\r\n" BODY

extern const struct http_rows http_rows_framing;
extern const struct http_rows http_rows_chunks;
extern const struct http_rows http_rows_head;
extern const struct http_rows http_rows_target;
extern const struct http_rows http_rows_body;

#endif
