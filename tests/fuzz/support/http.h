/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SUPPORT_HTTP_H
#define TESTS_FUZZ_SUPPORT_HTTP_H

#include <jansson.h>
#include "dtssd/server.h"
#include "fuzz/support/fuzz.h"

/*
 * dtssd without sockets: its own functions from the request's head on, over a stand-in for libmicrohttpd (mhd.c), a node
 * in memory, and a clock that goes on when somebody waits.
 *
 *	http_ask() ──► server_access() ──► handler ──► node ──► memory
 *	    ▲                                 │
 *	    └── http_reply ◄── mhd.c ◄── reply_*()
 */
#define HTTP_ARGS_MAX 16

struct http_arg {
	const char *name;
	const char *value; /* NULL: none */
};

struct http_ask {
	const char *method;
	const char *path;
	struct http_arg args[HTTP_ARGS_MAX];
	size_t arg_count;
	const char *type; /* of the body; NULL: not told */
	const void *body;
	size_t len;
};

struct http_reply {
	unsigned status;
	char *body; /* with a NUL behind it; to be freed */
	size_t len;
	json_t *json; /* the same, when it is JSON; to be freed */
	int rounds;   /* that passed until it was there: 0: at once */
};

/* Between them: one server, which starts with nothing in it. */
void http_open(void);
void http_close(void); /* every invariant held */
struct dtss_sched *http_sched(void);
/* There is one reply, of a status that is no surprise; an error says what is wrong, and has changed nothing. */
void http_ask(const struct http_ask *ask, struct http_reply *ret_reply);
void http_reply_free(struct http_reply *reply);
/* The same in one line, for a body of JSON text (NULL: none). */
unsigned http_json(const char *method, const char *path, const char *body, json_t **ret_json);

/* mhd.c: the connection that libmicrohttpd would have made, and what was replied on it. */
struct mhd_connection {
	const struct http_ask *ask;
	struct guard guard;
	struct MHD_Response *response; /* queued */
	unsigned status;
	int suspended;
};

struct MHD_Connection *mhd_connection(struct mhd_connection *connection);
/* 1: all of the body is in the reply, which owns it. 0: its reader has nothing now. -1: it was cut off. */
int mhd_read(struct mhd_connection *connection, struct http_reply *reply);
const char *mhd_header(const struct MHD_Response *response, const char *name);
void mhd_close(struct mhd_connection *connection);

#endif
