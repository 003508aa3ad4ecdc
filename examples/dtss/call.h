/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CALL_H
#define DTSS_CALL_H

#include "dtss/cli.h"

/* One question to the scheduler, and its answer. A zeroed one may be asked; it may be asked again. */
struct call {
	CURL *easy;
	long status; /* of HTTP; 0: there was no answer, and error says why */
	CURLcode result;
	int reached; /* by any of its questions: so what was asked may have been done */
	char error[CURL_ERROR_SIZE];
	char *text; /* what came, with a NUL behind it */
	size_t len;
	size_t cap;
	json_t *json; /* the same, or NULL */
};

enum call_type { CALL_JSON = 0, CALL_LINES = 1 };

/* Makes *easy ready for a path below /api/v2; NULL: it becomes a new handle. 0, or -1: no memory, which was told. */
int call_prepare(const struct cli *cli, CURL **easy, const char *method, const char *path);
/* Makes it ready for curl. body NULL: none; else it must live until the answer is there. 0, or -1: told. */
int call_begin(const struct cli *cli, struct call *call, const char *method, const char *path, enum call_type type,
	       const char *body);
void call_end(struct call *call, CURLcode result);
void call_fini(struct call *call);

int call_succeeded(const struct call *call);
/* 1: the scheduler is away, or not ready: the same question may have an answer later. */
int call_may_repeat(const struct call *call);
/* On stderr: what went wrong and what to do, in a sentence. */
void call_tell(const struct cli *cli, const struct call *call);

/* Asks, and waits for the answer: 0, or -1: it was an error, which was told. */
int call_ask(const struct cli *cli, struct call *call, const char *method, const char *path, const char *body);
/* As call_ask(), and asks again until the scheduler answers, unless nobody was there from the beginning. */
int call_persist(const struct cli *cli, struct call *call, const char *method, const char *path, const char *body);
/* How long to wait before asking again, in ms: 0 becomes the first pause, each further one is longer. */
unsigned call_backoff(unsigned before);

#endif
