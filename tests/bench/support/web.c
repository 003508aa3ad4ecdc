/* SPDX-License-Identifier: MIT */
#include "bench/support/web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define WEB_BYTES 65536

int web_connect(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

size_t web_head(char *text, size_t cap, const char *method, const char *path, size_t body_len)
{
	return (size_t)snprintf(text, cap,
				"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
				"Content-Length: %zu\r\n\r\n",
				method, path, body_len);
}

size_t web_answer(const char *text, size_t len, int *ret_status, const char **ret_body, size_t *ret_body_len,
		  int *ret_last)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4), *length;
	size_t head;

	if (!end)
		return 0;
	head = (size_t)(end - text) + 4;
	length = memmem(text, head, "Content-Length: ", 16);
	*ret_status = len > 12 && memcmp(text, "HTTP/1.1 ", 9) == 0 && length ? atoi(text + 9) : -1;
	if (*ret_status < 0)
		return head;
	*ret_last = memmem(text, head, "Connection: close", 17) != NULL;
	*ret_body = text + head;
	*ret_body_len = strtoul(length + 16, NULL, 10);
	return head + *ret_body_len <= len ? head + *ret_body_len : 0;
}

void web_init(struct web *web, unsigned port)
{
	*web = (struct web){ .port = port, .fd = -1 };
}

static void web_close(struct web *web)
{
	if (web->fd >= 0)
		close(web->fd);
	web->fd = -1;
}

void web_fini(struct web *web)
{
	web_close(web);
	free(web->in);
	web->in = NULL;
}

static int web_send(struct web *web, const char *head, size_t head_len, const char *body, size_t len)
{
	struct iovec parts[] = { { (void *)head, head_len }, { (void *)body, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1 };

	while (message.msg_iovlen > 0) {
		ssize_t n = sendmsg(web->fd, &message, MSG_NOSIGNAL);

		if (n < 0)
			return -1;
		while (message.msg_iovlen > 0 && (size_t)n >= message.msg_iov->iov_len) {
			n -= (ssize_t)message.msg_iov->iov_len;
			message.msg_iov++;
			message.msg_iovlen--;
		}
		if (message.msg_iovlen > 0) {
			message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + n;
			message.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* More bytes; there is always room for a NUL. */
static int web_receive(struct web *web)
{
	ssize_t n;

	if (web->in_cap - web->in_len < WEB_BYTES) {
		char *grown = realloc(web->in, web->in_cap * 2 + 2 * WEB_BYTES);

		if (!grown)
			return -1;
		web->in = grown;
		web->in_cap = web->in_cap * 2 + 2 * WEB_BYTES;
	}
	n = read(web->fd, web->in + web->in_len, web->in_cap - web->in_len - 1);
	if (n <= 0)
		return -1;
	web->in_len += (size_t)n;
	return 0;
}

int web_call(struct web *web, const char *method, const char *path, const char *body, size_t len)
{
	char head[512];
	size_t head_len = web_head(head, sizeof head, method, path, len);
	int status = -1, last = 1;

	web->in_len = 0;
	if (web->fd < 0)
		web->fd = web_connect(web->port);
	if (web->fd < 0 || web_send(web, head, head_len, body, len) != 0) {
		web_close(web);
		return -1;
	}
	do {
		if (web_receive(web) != 0) {
			status = -1;
			last = 1;
			break;
		}
	} while (web_answer(web->in, web->in_len, &status, &web->body, &web->body_len, &last) == 0);
	if (status > 0)
		web->in[web->in_len] = '\0';
	if (last)
		web_close(web);
	return status;
}

long long web_number(const char *text, const char *key, long long fallback)
{
	char pattern[64];
	const char *at;

	snprintf(pattern, sizeof pattern, "\"%s\":", key);
	at = strstr(text, pattern);
	return at ? strtoll(at + strlen(pattern), NULL, 10) : fallback;
}
