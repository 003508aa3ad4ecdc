/* SPDX-License-Identifier: MIT */
#ifndef DTSS_FOLLOW_H
#define DTSS_FOLLOW_H

#include "dtss/cli.h"

/*
 * One stream of one attempt, on its way to a descriptor. Each request begins behind what was taken, so a stream goes on
 * where it was when the scheduler comes back.
 *
 *	curl ──► follow_receive() ──► buf ──► follow_flush() ──► fd
 *	              └── buf is not empty: pause, curl keeps it
 */
struct follow {
	const char *stream;
	int fd;
	int deaf;    /* nobody reads fd any more */
	int ended;   /* all of the attempt was taken */
	int refused; /* it never will be */
	CURL *easy;  /* NULL: no request is under way */
	char error[CURL_ERROR_SIZE];
	int paused;
	uint64_t taken; /* bytes of this attempt */
	size_t at;
	size_t len;
	char buf[CURL_MAX_WRITE_SIZE];
};

/* query: the path and all that both streams have in common. 0, or -1, which was told. */
int follow_begin(struct follow *f, const struct cli *cli, CURLM *multi, const char *query);
/* Its request is over. NULL: the stream has ended; or why it must begin again. */
const char *follow_done(struct follow *f, CURLM *multi, CURLcode result);
void follow_end(struct follow *f, CURLM *multi);
/* Writes as much as there is room for. 0, or -1, once: nobody reads it. */
int follow_flush(struct follow *f);

#endif
