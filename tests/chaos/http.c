/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>
#include "common/rfc3339.h"

#define CALL_BODY_MAX (16 << 20)

static size_t call_receive(char *data, size_t one, size_t count, void *ctx)
{
	struct call *call = ctx;
	size_t len = one * count;
	char *more = call->len + len < CALL_BODY_MAX ? realloc(call->text, call->len + len + 1) : NULL;

	if (!more)
		return 0;
	call->text = more;
	memcpy(more + call->len, data, len);
	call->len += len;
	more[call->len] = '\0';
	return len;
}

void call_init(struct call *call, const struct chaos *c)
{
	char line[128];

	*call = (struct call){ .easy = curl_easy_init() };
	snprintf(line, sizeof line, "Authorization: Bearer %s", c->token);
	call->headers = curl_slist_append(NULL, line);
	call->headers = curl_slist_append(call->headers, "Content-Type: application/json");
	if (!call->easy || !call->headers)
		fatal("no memory");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, CHAOS_CALL_MS);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, call_receive);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
}

void call_fini(struct call *call)
{
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	json_decref(call->json);
	free(call->text);
}

/* 4xx: refused, and nothing has changed. 5xx: who knows. */
static enum outcome call_outcome(const struct call *call, CURLcode result)
{
	if (result == CURLE_COULDNT_CONNECT)
		return FAIL;
	if (result != CURLE_OK || call->status >= 500)
		return UNKNOWN;
	return call->status < 300 ? OK : FAIL;
}

void call_make(const struct chaos *c, struct call *call, const char *method, const char *path, const char *body)
{
	int reads = strcmp(method, "GET") == 0;
	char url[512];
	CURLcode result;

	json_decref(call->json);
	call->json = NULL;
	call->len = 0;
	call->status = 0;
	snprintf(url, sizeof url, "%s%s", c->url, path);
	curl_easy_setopt(call->easy, CURLOPT_URL, url);
	if (reads) {
		curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body ? body : "");
	}
	/* on an old connection curl itself may send a request twice; what changes something is sent once */
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, reads ? 0L : 1L);
	result = curl_easy_perform(call->easy);
	if (result == CURLE_OK)
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
	call->outcome = call_outcome(call, result);
	if (result == CURLE_OK && call->len > 0)
		call->json = json_loadb(call->text, call->len, 0, NULL);
}

const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

int64_t number_of(const json_t *object, const char *member)
{
	const json_t *number = json_object_get(object, member);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

int64_t time_of(const json_t *object, const char *member)
{
	int64_t ns;

	return rfc3339_parse(text_of(object, member), &ns) == 0 ? ns / 1000000 : -1;
}

int state_final(const char *state)
{
	static const char *const finals[] = { "succeeded", "failed", "cancelled", "skipped", "expired", "quarantined" };

	for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++)
		if (strcmp(state, finals[i]) == 0)
			return 1;
	return 0;
}
