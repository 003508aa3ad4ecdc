/* SPDX-License-Identifier: MIT */
#ifndef AGENT_POST_H
#define AGENT_POST_H

#include <stddef.h>
#include <stdint.h>
#include <curl/curl.h>

/* Requests under way to one scheduler. */
struct post_client {
	CURLM *multi;
	struct curl_slist *headers[2]; /* for JSON, for bytes */
	char *base;                    /* http://HOST:PORT */
};

enum post_state { POST_IDLE, POST_BUSY, POST_DONE };

/* One request, used again and again. Its state is asked for, nobody is called. */
struct post {
	CURL *easy;
	enum post_state state;
	long status; /* of HTTP; 0: there was no answer, then error says why */
	char error[CURL_ERROR_SIZE];
	char *body;     /* what is sent; owned */
	char *response; /* what came, with a NUL behind it */
	size_t len;
	size_t cap;
};

enum post_content { POST_JSON = 0, POST_BYTES = 1 };

/* 0, or -1: no memory. token "": none. */
int post_client_init(struct post_client *client, const char *server, const char *token);
void post_client_fini(struct post_client *client);
/* Lets everything make progress, and marks what is done: so many. */
int post_step(struct post_client *client);

/* body is taken over, also on failure. 0, or -1: not begun. */
int post_begin(struct post_client *client, struct post *post, const char *path, enum post_content content, char *body,
	       size_t len, long timeout_ms);
void post_cancel(struct post_client *client, struct post *post);
void post_fini(struct post_client *client, struct post *post);

#endif
