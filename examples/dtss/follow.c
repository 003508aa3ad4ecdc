/* SPDX-License-Identifier: MIT */
#include "dtss/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "dtss/call.h"

static size_t follow_receive(char *data, size_t one, size_t count, void *ctx)
{
	struct follow *f = ctx;
	size_t len = one * count;
	long status = 0;

	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return len; /* an error's text */
	if (f->len > 0) {
		f->paused = 1;
		return CURL_WRITEFUNC_PAUSE; /* it comes again, whole */
	}
	f->taken += len;
	if (!f->deaf) {
		memcpy(f->buf, data, len);
		f->len = len;
		f->at = 0;
	}
	return len;
}

int follow_begin(struct follow *f, const struct cli *cli, CURLM *multi, const char *query)
{
	char path[CALL_PATH_MAX];

	snprintf(path, sizeof path, "%s&stream=%s&offset=%llu", query, f->stream, (unsigned long long)f->taken);
	f->error[0] = '\0';
	if (call_prepare(cli, &f->easy, "GET", path) != 0)
		return -1;
	(void)curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, follow_receive); /* these cannot fail */
	(void)curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
	(void)curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->error);
	(void)curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
	if (curl_multi_add_handle(multi, f->easy) == CURLM_OK)
		return 0;
	say("out of memory");
	return -1;
}

void follow_end(struct follow *f, CURLM *multi)
{
	if (!f->easy)
		return;
	(void)curl_multi_remove_handle(multi, f->easy);
	curl_easy_cleanup(f->easy);
	f->easy = NULL;
	f->paused = 0;
}

/* 404: there was no such attempt, as the task ended without it, or even no task. A look at the task will tell. */
const char *follow_done(struct follow *f, CURLM *multi, CURLcode result)
{
	long status = 0;

	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	follow_end(f, multi);
	f->ended = result == CURLE_OK && (status == 200 || status == 404);
	f->refused = result == CURLE_OK && status != 404 && status >= 400 && status < 500;
	if (f->refused)
		say("the scheduler refuses to tell what the task writes, with status %ld", status);
	if (f->ended)
		return NULL;
	return result == CURLE_OK ? "it is not ready" : f->error[0] ? f->error : curl_easy_strerror(result);
}

int follow_flush(struct follow *f)
{
	struct pollfd room = { f->fd, POLLOUT, 0 };

	while (f->len > 0 && poll(&room, 1, 0) == 1) {
		ssize_t n = write(f->fd, f->buf + f->at, f->len < SINK_WRITE_MAX ? f->len : SINK_WRITE_MAX);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (n < 0) {
			if (errno != EPIPE)
				say("what the task writes cannot be passed on: %s", strerror(errno));
			f->deaf = 1;
			n = (ssize_t)f->len;
		}
		f->at += (size_t)n;
		f->len -= (size_t)n;
		if (f->deaf)
			return -1;
	}
	if (f->len == 0 && f->paused) {
		f->paused = 0;
		(void)curl_easy_pause(f->easy, CURLPAUSE_CONT); /* its failure is the request's, and is seen there */
	}
	return 0;
}
