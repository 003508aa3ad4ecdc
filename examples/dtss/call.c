/* SPDX-License-Identifier: MIT */
#include "dtss/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dtss/view.h"

static const long keepalive_s = 10; /* a peer that vanished is noticed, however quiet a task is */

int call_prepare(const struct cli *cli, CURL **easy, const char *method, const char *path)
{
	size_t len = strlen(cli->url);
	char *url = NULL;
	int ok;

	while (len > 0 && cli->url[len - 1] == '/')
		len--;
	if (!*easy)
		*easy = curl_easy_init();
	if (!*easy || asprintf(&url, "%.*s/api/v2%s", (int)len, cli->url, path) < 0) {
		say("out of memory");
		return -1;
	}
	curl_easy_reset(*easy);
	ok = curl_easy_setopt(*easy, CURLOPT_URL, url) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_HTTPHEADER, cli->headers[CALL_JSON]) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CALL_CONNECT_MS) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_TCP_KEEPIDLE, keepalive_s) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_TCP_KEEPINTVL, keepalive_s) == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	     curl_easy_setopt(*easy, CURLOPT_PROXY, "") == CURLE_OK;
	free(url);
	if (!ok)
		say("%s: curl cannot ask that", cli->url);
	return ok ? 0 : -1;
}

static size_t call_receive(char *data, size_t one, size_t count, void *ctx)
{
	struct call *call = ctx;
	size_t len = one * count, need = call->len + len + 1;

	if (need > CALL_REPLY_MAX)
		return 0;
	if (need > call->cap) {
		char *more = realloc(call->text, need * 2);

		if (!more)
			return 0;
		call->text = more;
		call->cap = need * 2;
	}
	memcpy(call->text + call->len, data, len);
	call->len += len;
	call->text[call->len] = '\0';
	return len;
}

int call_begin(const struct cli *cli, struct call *call, const char *method, const char *path, enum call_type type,
	       const char *body)
{
	json_decref(call->json);
	call->json = NULL;
	call->status = 0;
	call->error[0] = '\0';
	call->len = 0;
	if (call->text)
		call->text[0] = '\0';
	if (call_prepare(cli, &call->easy, method, path) != 0)
		return -1;
	(void)curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS); /* these cannot fail */
	(void)curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, cli->headers[type]);
	(void)curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, call_receive);
	(void)curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
	(void)curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	if (body) {
		(void)curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		(void)curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body);
	}
	return 0;
}

void call_end(struct call *call, CURLcode result)
{
	long sent = 0;

	call->result = result;
	if (curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent > 0)
		call->reached = 1;
	if (result == CURLE_OK)
		(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
	else if (!call->error[0])
		snprintf(call->error, sizeof call->error, "%s", curl_easy_strerror(result));
	if (call->len > 0)
		call->json = json_loadb(call->text, call->len, 0, NULL);
}

void call_fini(struct call *call)
{
	if (call->easy)
		curl_easy_cleanup(call->easy);
	json_decref(call->json);
	free(call->text);
	*call = (struct call){ 0 };
}

int call_succeeded(const struct call *call)
{
	return call->status >= 200 && call->status < 300;
}

int call_may_repeat(const struct call *call)
{
	static const char *const codes[] = { "UNKNOWN", "NOT_LEADER", "CLOSED", "AGAIN", "BUSY" };
	const char *code = task_text(call->json, "code");

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (call->status == 503 && strcmp(code, codes[i]) == 0)
			return 1;
	return call->status == 0;
}

void call_tell(const struct cli *cli, const struct call *call)
{
	const char *error = task_text(call->json, "error");

	if (call->status == 0)
		say("no scheduler answers at %s (%s): start dtssd there, or name another with --url or DTSS_URL",
		    cli->url, call->error);
	else if (call->status == 401)
		say("the scheduler at %s %s: give its token with --token-file or DTSS_TOKEN", cli->url,
		    cli->token.text[0] ? "does not know this token" : "wants a token");
	else if (error[0])
		say("%s", error);
	else
		say("%s answers with status %ld, which is not what a scheduler says: is --url right?", cli->url,
		    call->status);
}

int call_ask(const struct cli *cli, struct call *call, const char *method, const char *path, const char *body)
{
	if (call_begin(cli, call, method, path, CALL_JSON, body) != 0)
		return -1;
	call_end(call, curl_easy_perform(call->easy));
	if (call_succeeded(call) && call->json)
		return 0;
	call_tell(cli, call);
	return -1;
}

int call_persist(const struct cli *cli, struct call *call, const char *method, const char *path, const char *body)
{
	unsigned pause_ms = 0;

	for (;;) {
		if (call_begin(cli, call, method, path, CALL_JSON, body) != 0)
			return -1;
		call_end(call, curl_easy_perform(call->easy));
		if (call_succeeded(call) && call->json)
			return 0;
		if (!call_may_repeat(call) || !call->reached) {
			call_tell(cli, call);
			return -1;
		}
		if (pause_ms == 0)
			say("lost the scheduler at %s (%s): trying again until it is back, or Ctrl-C", cli->url,
			    call->status ? "it is not ready" : call->error);
		pause_ms = call_backoff(pause_ms);
		usleep(pause_ms * 1000);
	}
}

unsigned call_backoff(unsigned before)
{
	if (before == 0)
		return BACKOFF_MS_MIN;
	return before * 2 < BACKOFF_MS_MAX ? before * 2 : BACKOFF_MS_MAX;
}
