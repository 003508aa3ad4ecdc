/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_HEAD_H
#define DTSSD_HEAD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Where a request ends, read as RFC 9112 has it and no other way. libmicrohttpd forgives a lot, and a proxy in front may
 * forgive something else: whoever sends such a request wants the two to disagree about where the next one begins.
 */
struct head {
	size_t len;  /* with the empty line */
	int chunked; /* the body comes in chunks; else it is body_len bytes */
	uint64_t body_len;
};

/* Looks at the first len bytes of what came. 0: not whole yet; 1: whole; above: the HTTP status that refuses it, and why,
 * as soon as no more bytes could mend it. */
int head_check(const char *bytes, size_t len, struct head *ret_head, const char **ret_why);

/*
 *	          ┌────────────── CR LF ◄── DATA ◄──┐
 *	          ▼                                 │ LF
 *	CHUNK_SIZE ── digits CR ──► CHUNK_SIZE_LF ──┤
 *	                                            │ LF after 0
 *	                            end ◄── LF CR ◄─┘
 */
enum body_state {
	BODY_LENGTH,
	BODY_CHUNK_SIZE,
	BODY_CHUNK_SIZE_LF,
	BODY_CHUNK_DATA,
	BODY_CHUNK_CR,
	BODY_CHUNK_LF,
	BODY_LAST_CR,
	BODY_LAST_LF
};

struct body {
	enum body_state state;
	unsigned digits; /* of the chunk's size */
	uint64_t left;   /* of the body, or of the chunk */
};

void body_begin(struct body *body, const struct head *head);
/* How many of the bytes belong to the body. 0: it goes on behind them; 1: it has ended; above: as head_check(). */
int body_feed(struct body *body, const char *bytes, size_t len, size_t *ret_taken, const char **ret_why);

#endif
