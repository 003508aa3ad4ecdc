/* SPDX-License-Identifier: MIT */
#ifndef AGENT_STREAM_H
#define AGENT_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <dtss.h>
#include "dtss-agent/post.h"

/*
 * stdout or stderr of an attempt, on its way to the scheduler. It never makes the process wait:
 *
 *	pipe ──► spool (a file without a name, up to 16 MiB) ──► POST .../log, one request under way
 *	    └──► once that is full: the last 64 KiB, in a ring ──► at the end, behind a notice of how much is left out
 *
 * The spool keeps what was sent, so it can be sent again from wherever the scheduler says.
 */
struct stream {
	int fd;          /* our end of the pipe; -1: closed */
	int ready;       /* the last wait found something in it */
	int spool;       /* -1: none yet */
	uint64_t size;   /* of the spool */
	uint64_t beyond; /* bytes that came after it was full */
	char *ring;      /* DTSS_LOG_TAIL_MAX bytes; byte n of beyond stands at n % that */
	char *tail;      /* after the end: notice and ring, as they are sent */
	size_t tail_len;
	uint64_t sent;  /* acknowledged */
	size_t sending; /* in the request under way */
	struct post post;
	uint64_t retry_ns; /* not before */
	uint64_t moved_ns; /* when something was acknowledged, or the end came */
	uint32_t failures; /* in a row */
	uint32_t full;     /* nothing more goes to the spool */
	uint32_t ended;
	uint32_t over;    /* given up: nobody will take it */
	const char *name; /* "stdout" */
};

void stream_init(struct stream *s, const char *name);
void stream_fini(struct stream *s, struct post_client *client);
/* Takes what the pipe holds; all: until it is empty, and closes it. dir is where a spool is made. */
void stream_read(struct stream *s, const char *dir, int all);
/* Nothing more comes. */
void stream_end(struct stream *s, uint64_t now_ns);
/* Sends what there is to path, and takes note of answers. 1: all is acknowledged, or given up; 0: it goes on at once when
 * the client has news, and at *ret_again_ns. */
int stream_step(struct stream *s, struct post_client *client, const char *path, uint64_t now_ns,
		uint64_t *ret_again_ns);
/* Bytes that nobody took. */
uint64_t stream_lost(const struct stream *s);

#endif
