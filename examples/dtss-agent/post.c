/* SPDX-License-Identifier: MIT */
#include "dtss-agent/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dtss-agent/limits.h"

static int post_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -1;
	*list = longer;
	return 0;
}

static int post_headers(struct curl_slist **list, const char *type, const char *token)
{
	char line[2048];

	snprintf(line, sizeof line, "Content-Type: %s", type);
	if (post_header(list, line) < 0 || post_header(list, "Expect:") < 0)
		return -1;
	snprintf(line, sizeof line, "Authorization: Bearer %s", token);
	return token[0] ? post_header(list, line) : 0;
}

int post_client_init(struct post_client *client, const char *server, const char *token)
{
	size_t len = strlen(server);

	*client = (struct post_client){ .multi = curl_multi_init(), .base = strdup(server) };
	while (client->base && len > 0 && client->base[len - 1] == '/')
		client->base[--len] = '\0';
	if (!client->multi || !client->base ||
	    post_headers(&client->headers[POST_JSON], "application/json", token) < 0 ||
	    post_headers(&client->headers[POST_BYTES], "application/octet-stream", token) < 0) {
		post_client_fini(client);
		return -1;
	}
	return 0;
}

void post_client_fini(struct post_client *client)
{
	if (client->multi)
		(void)curl_multi_cleanup(client->multi);
	curl_slist_free_all(client->headers[POST_JSON]);
	curl_slist_free_all(client->headers[POST_BYTES]);
	free(client->base);
	*client = (struct post_client){ 0 };
}

static size_t post_receive(char *data, size_t one, size_t len, void *ctx)
{
	struct post *post = ctx;
	size_t need = post->len + len * one + 1;

	if (need > POST_RESPONSE_MAX)
		return 0;
	if (need > post->cap) {
		char *more = realloc(post->response, need * 2);

		if (!more)
			return 0;
		post->response = more;
		post->cap = need * 2;
	}
	memcpy(post->response + post->len, data, len * one);
	post->len += len * one;
	post->response[post->len] = '\0';
	return len * one;
}

#define POST_SET(post, option, value) (curl_easy_setopt((post)->easy, option, value) == CURLE_OK)

static int post_setup(struct post *post)
{
	post->easy = curl_easy_init();
	return post->easy && POST_SET(post, CURLOPT_PRIVATE, post) &&
	       POST_SET(post, CURLOPT_ERRORBUFFER, post->error) &&
	       POST_SET(post, CURLOPT_WRITEFUNCTION, post_receive) && POST_SET(post, CURLOPT_WRITEDATA, post) &&
	       POST_SET(post, CURLOPT_NOSIGNAL, 1L) &&
	       POST_SET(post, CURLOPT_CONNECTTIMEOUT_MS, (long)POST_CONNECT_MS) &&
	       POST_SET(post, CURLOPT_PROTOCOLS_STR, "http,https") && POST_SET(post, CURLOPT_PROXY, "") &&
	       POST_SET(post, CURLOPT_POST, 1L);
}

int post_begin(struct post_client *client, struct post *post, const char *path, enum post_content content, char *body,
	       size_t len, long timeout_ms)
{
	char *url = NULL;
	int ok;

	free(post->body);
	post->body = body;
	post->len = 0;
	post->status = 0;
	post->error[0] = '\0';
	if (post->response)
		post->response[0] = '\0';
	if ((!post->easy && !post_setup(post)) || asprintf(&url, "%s%s", client->base, path) < 0)
		return -1;
	ok = POST_SET(post, CURLOPT_URL, url) && POST_SET(post, CURLOPT_HTTPHEADER, client->headers[content]) &&
	     POST_SET(post, CURLOPT_POSTFIELDS, body) && POST_SET(post, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) &&
	     POST_SET(post, CURLOPT_TIMEOUT_MS, timeout_ms) &&
	     curl_multi_add_handle(client->multi, post->easy) == CURLM_OK;
	free(url);
	if (!ok)
		return -1;
	post->state = POST_BUSY;
	return 0;
}

int post_step(struct post_client *client)
{
	int running, left, done = 0;
	CURLMsg *msg;

	(void)curl_multi_perform(client->multi, &running); /* what fails is told request by request */
	while ((msg = curl_multi_info_read(client->multi, &left))) {
		CURLcode result = msg->data.result;
		CURL *easy = msg->easy_handle;
		struct post *post = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &post);
		if (result == CURLE_OK)
			(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &post->status);
		else if (!post->error[0])
			snprintf(post->error, sizeof post->error, "%s", curl_easy_strerror(result));
		(void)curl_multi_remove_handle(client->multi, easy);
		post->state = POST_DONE;
		done++;
	}
	return done;
}

void post_cancel(struct post_client *client, struct post *post)
{
	if (post->state == POST_BUSY)
		(void)curl_multi_remove_handle(client->multi, post->easy);
	post->state = POST_IDLE;
}

void post_fini(struct post_client *client, struct post *post)
{
	post_cancel(client, post);
	if (post->easy)
		curl_easy_cleanup(post->easy);
	free(post->body);
	free(post->response);
	*post = (struct post){ 0 };
}
