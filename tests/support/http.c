/* SPDX-License-Identifier: MIT */
#include "support/dtssd.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 20000L

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct http_reply *reply = ctx;
	size_t n = size * count;

	reply->body = realloc(reply->body, reply->len + n + 1);
	ck_assert(reply->body != NULL);
	memcpy(reply->body + reply->len, data, n);
	reply->len += n;
	reply->body[reply->len] = '\0';
	return n;
}

static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
	struct http_reply *reply = ctx;
	size_t len = strlen(reply->headers);

	snprintf(reply->headers + len, sizeof reply->headers - len, "%.*s", (int)(size * count), data);
	return size * count;
}

void http_free(struct http_reply *reply)
{
	free(reply->body);
	json_decref(reply->json);
	memset(reply, 0, sizeof *reply);
}

void http_call(struct http_reply *reply, const struct dtssd_run *run, const char *method, const char *path,
	       const char *header, const char *body, size_t len)
{
	struct curl_slist *headers = curl_slist_append(NULL, header ? header : "X-Test: yes");
	CURL *curl = curl_easy_init();
	char url[4096];
	CURLcode rc;

	http_free(reply);
	snprintf(url, sizeof url, "%s%s", run->url, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	rc = curl_easy_perform(curl);
	ck_assert_msg(rc == CURLE_OK, "%s %s: %s", method, path, curl_easy_strerror(rc));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &reply->seconds);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (reply->body)
		reply->json = json_loadb(reply->body, reply->len, JSON_REJECT_DUPLICATES, NULL);
}

void http_get(struct http_reply *reply, const struct dtssd_run *run, const char *path)
{
	http_call(reply, run, "GET", path, NULL, NULL, 0);
}

void http_post(struct http_reply *reply, const struct dtssd_run *run, const char *path, const char *body)
{
	http_call(reply, run, "POST", path, NULL, body, strlen(body));
}

void http_beat(struct http_reply *reply, const struct dtssd_run *run, const char *agent, int number, int wait_ms,
	       const char *held, const char *reports)
{
	char path[128], body[2048];

	snprintf(path, sizeof path, "/api/v2/workers/%s/poll?wait_ms=%d", agent, wait_ms);
	snprintf(body, sizeof body,
		 "{\"name\":\"%s\",\"incarnation\":1,\"number\":%d,\"max_tasks\":4,\"tags\":[\"%s\"],\"fence_seen\":%d,"
		 "\"held\":%s,\"reports\":%s}",
		 agent, number, agent, number > 1, held, reports);
	http_post(reply, run, path, body);
}

static json_t *member(const struct http_reply *reply, const char *path)
{
	json_t *value = reply->json;
	char name[64];
	int n;

	for (; value && sscanf(path, "%63[^.]%n", name, &n) == 1; path += n + (path[n] == '.')) {
		if (json_is_array(value))
			value = json_array_get(value, (size_t)atoi(name));
		else
			value = json_object_get(value, name);
	}
	return value;
}

const char *http_text(const struct http_reply *reply, const char *path)
{
	const char *text = json_string_value(member(reply, path));

	return text ? text : "";
}

json_int_t http_int(const struct http_reply *reply, const char *path)
{
	json_t *value = member(reply, path);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

int http_raw(const struct dtssd_run *run, const char *bytes, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)run->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	return fd;
}

int http_raw_until(int fd, char *buf, size_t cap, const char *needle)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	buf[0] = '\0';
	while (!strstr(buf, needle)) {
		ssize_t n;

		if (len + 1 >= cap || poll(&pfd, 1, 10000) != 1)
			return 0;
		n = recv(fd, buf + len, cap - 1 - len, 0);
		if (n <= 0)
			return 0;
		len += (size_t)n;
		buf[len] = '\0';
	}
	return 1;
}
