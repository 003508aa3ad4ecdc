/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WEB_H
#define BENCH_WEB_H

#include <stddef.h>

/* A client of HTTP on a kept connection, as thin as can be: what it takes is not to stand in a figure. */
struct web {
	unsigned port;
	int fd; /* -1: opened by the next call */
	char *in;
	size_t in_len;
	size_t in_cap;
	const char *body; /* of the last answer, with a NUL behind it; until the next call */
	size_t body_len;
};

/* A connected socket without delay; -1. */
int web_connect(unsigned port);
/* Writes the head of a request to text; gives its length. */
size_t web_head(char *text, size_t cap, const char *method, const char *path, size_t body_len);
/* Where the answer at the front of text ends, 0 when it is not whole; *ret_status -1: it is none. last: 1 when the server
 * closes behind it. */
size_t web_answer(const char *text, size_t len, int *ret_status, const char **ret_body, size_t *ret_body_len,
		  int *ret_last);

void web_init(struct web *web, unsigned port);
void web_fini(struct web *web);
/* The status, or -1. The connection is made anew when the server had asked for that. */
int web_call(struct web *web, const char *method, const char *path, const char *body, size_t len);

/* The number behind "key": in a text; or fallback. */
long long web_number(const char *text, const char *key, long long fallback);

#endif
