/* SPDX-License-Identifier: MIT */
#include "dtssd/guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "common/limits.h"
#include "common/log.h"

#define NS_PER_MS UINT64_C(1000000)

/* libmicrohttpd says no more to recv() than a descriptor. */
static struct guards *installed;

const struct guard_limits guard_limits_default = {
	.head_ms = HTTP_HEAD_MS,
	.body_ms = HTTP_BODY_MS,
	.body_ms_max = HTTP_BODY_MS_MAX,
	.idle_ms = HTTP_IDLE_MS,
	.write_ms = HTTP_WRITE_MS,
	.connections_max = HTTP_CONNECTIONS_MAX,
	.address_connections_max = HTTP_CONNECTIONS_MAX,
	.requests_max = HTTP_REQUESTS_MAX,
};

/* ---- deadlines ---- */

static int guards_pressed(const struct guards *guards)
{
	return guards->open > guards->limits->connections_max / 4 * 3;
}

static uint64_t guard_ms(const struct guard *guard)
{
	const struct guard_limits *limits = guard->all->limits;
	uint64_t ms = limits->body_ms + guard->got * 1000 / HTTP_BODY_RATE;

	switch (guard->state) {
	case GUARD_IDLE:
		return guards_pressed(guard->all) && limits->idle_ms > HTTP_IDLE_PRESSED_MS ? HTTP_IDLE_PRESSED_MS :
											      limits->idle_ms;
	case GUARD_HEAD:
		return limits->head_ms;
	case GUARD_BODY:
		return ms < limits->body_ms_max ? ms : limits->body_ms_max;
	default:
		return HTTP_LINGER_MS;
	}
}

static uint64_t guard_deadline_ns(const struct guard *guard)
{
	return guard->state == GUARD_BUSY ? DTSS_NEVER : guard->since_ns + guard_ms(guard) * NS_PER_MS;
}

static void guard_enter(struct guard *guard, enum guard_state state)
{
	uint64_t deadline_ns;

	guard->state = state;
	guard->since_ns = guard->all->now->mono_ns;
	guard->got = 0;
	deadline_ns = guard_deadline_ns(guard);
	if (deadline_ns < guard->all->due_ns)
		guard->all->due_ns = deadline_ns;
}

/* ---- refusals ---- */

static const char *reason_of(int status)
{
	switch (status) {
	case MHD_HTTP_REQUEST_TIMEOUT:
		return "Request Timeout";
	case MHD_HTTP_URI_TOO_LONG:
		return "URI Too Long";
	case MHD_HTTP_EXPECTATION_FAILED:
		return "Expectation Failed";
	case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
		return "Request Header Fields Too Large";
	case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

/* Everything before has been answered, or this would not have been read; nothing behind it will be. */
static void guard_refuse(struct guard *guard, int status, const char *why)
{
	char body[256], answer[512];
	int len = snprintf(body, sizeof body, "{\"error\":\"%s\",\"code\":\"INVALID\"}\n", why);

	len = snprintf(answer, sizeof answer,
		       "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
		       "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
		       status, reason_of(status), len, body);
	log_line(LOG_DEBUG, "http: refused with %d: %s", status, why);
	guard_enter(guard, GUARD_LEAVING);
	if (send(guard->fd, answer, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != len ||
	    shutdown(guard->fd, SHUT_WR) != 0)
		shutdown(guard->fd, SHUT_RDWR); /* it fails only when the peer has gone */
}

void guards_sweep(struct guards *guards)
{
	uint64_t now_ns = guards->now->mono_ns;

	if (now_ns < guards->due_ns)
		return;
	guards->due_ns = DTSS_NEVER;
	for (size_t fd = 0; fd < guards->cap; fd++) {
		struct guard *guard = guards->by_fd[fd];
		uint64_t deadline_ns = guard ? guard_deadline_ns(guard) : DTSS_NEVER;

		if (deadline_ns <= now_ns && (guard->state == GUARD_HEAD || guard->state == GUARD_BODY)) {
			guard_refuse(guard, MHD_HTTP_REQUEST_TIMEOUT, "expected the whole request sooner");
		} else if (deadline_ns <= now_ns) {
			shutdown(guard->fd, SHUT_RDWR); /* libmicrohttpd sees it, and closes */
			guard_enter(guard, GUARD_LEAVING);
		} else if (deadline_ns < guards->due_ns) {
			guards->due_ns = deadline_ns;
		}
	}
	if (guards->due_ns < now_ns + HTTP_SWEEP_MS * NS_PER_MS)
		guards->due_ns = now_ns + HTTP_SWEEP_MS * NS_PER_MS;
}

/* ---- reading ---- */

static ssize_t guard_again(void)
{
	errno = EAGAIN;
	return -1;
}

/* libmicrohttpd also reads before an answer is out. "Again" makes it wait for news from the kernel, which knows nothing of
 * what is held here; "interrupted" does not. */
static ssize_t guard_later(const struct guard *guard)
{
	errno = guard->held_len > 0 ? EINTR : EAGAIN;
	return -1;
}

/* What follows a refusal is of no interest; but only who has read all of it can close without breaking the answer. */
static ssize_t guard_drain(struct guard *guard, char *buf, size_t len)
{
	ssize_t n;

	do
		n = recvfrom(guard->fd, buf, len, MSG_DONTWAIT, NULL, NULL);
	while (n > 0);
	return n;
}

/* What was held back, and what has come since. Below zero, or 0 at the end of it all: as recv(2). */
static ssize_t guard_fill(struct guard *guard, char *buf, size_t len)
{
	size_t held = guard->held_len < len ? guard->held_len : len;
	ssize_t n = held < len ? recvfrom(guard->fd, buf + held, len - held, MSG_DONTWAIT, NULL, NULL) : 0;

	if (held == 0)
		return n;
	memcpy(buf, guard->held, held);
	memmove(guard->held, guard->held + held, guard->held_len - held);
	guard->held_len -= held;
	return (ssize_t)held + (n > 0 ? n : 0);
}

/* These come before what is still held. 0, or -1: no memory. */
static int guard_hold(struct guard *guard, const char *bytes, size_t len)
{
	char *held;

	if (len == 0)
		return 0;
	held = malloc(len + guard->held_len);
	if (!held)
		return -1;
	memcpy(held, bytes, len);
	if (guard->held_len > 0)
		memcpy(held + len, guard->held, guard->held_len);
	free(guard->held);
	guard->held = held;
	guard->held_len += len;
	return 0;
}

/* 1 when nothing will make the request whole. libmicrohttpd is told of new bytes alone, and would wait. */
static int nothing_follows(const struct guard *guard)
{
	struct pollfd at = { .fd = guard->fd, .events = POLLRDHUP };
	int unread;

	return poll(&at, 1, 0) == 1 && ioctl(guard->fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* How many of the bytes may go through: 0 when more must come first. Below zero: it has been refused. */
static ssize_t guard_admit(struct guard *guard, const char *bytes, size_t len)
{
	struct head head = { 0 };
	size_t body_len = 0;
	const char *why;
	int status = 1;

	if (guard->state == GUARD_IDLE)
		guard_enter(guard, GUARD_HEAD);
	if (guard->state == GUARD_HEAD) {
		status = head_check(bytes, len, &head, &why);
		if (status == 0)
			return 0;
		if (status == 1) {
			guard->requests++;
			body_begin(&guard->body, &head);
			guard_enter(guard, GUARD_BODY);
		}
	}
	if (status == 1)
		status = body_feed(&guard->body, bytes + head.len, len - head.len, &body_len, &why);
	if (status > 1) {
		guard_refuse(guard, status, why);
		return -1;
	}
	guard->got += body_len;
	if (status == 1)
		guard_enter(guard, GUARD_BUSY);
	return (ssize_t)(head.len + body_len);
}

ssize_t guard_read(struct guard *guard, char *buf, size_t len)
{
	ssize_t n, taken;

	if (guard->state == GUARD_LEAVING)
		return guard_drain(guard, buf, len);
	if (guard->state == GUARD_BUSY)
		return guard_later(guard);
	n = guard_fill(guard, buf, len);
	if (n <= 0)
		return n;
	taken = guard_admit(guard, buf, (size_t)n);
	if (taken < 0)
		return guard_drain(guard, buf, len);
	if (guard_hold(guard, buf + taken, (size_t)(n - taken)) != 0)
		return 0;
	guard->more = guard->held_len > 0;
	if (guard->state != GUARD_BUSY && nothing_follows(guard))
		return 0;
	return taken > 0 ? taken : guard_again();
}

/*
 * libmicrohttpd reads with recv(2), and offers no hook in front of it; so this one comes before the C library's. When
 * it should ever read with something else, guard_claim() finds no head that went through, and nothing is accepted.
 */
ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct guard *guard = installed && fd >= 0 && (size_t)fd < installed->cap ? installed->by_fd[fd] : NULL;

	return guard ? guard_read(guard, buf, len) : recvfrom(fd, buf, len, flags, NULL, NULL);
}

/* ---- connections ---- */

void guards_init(struct guards *guards, const struct guard_limits *limits, const struct dtss_time *now)
{
	*guards = (struct guards){ .limits = limits, .now = now, .due_ns = DTSS_NEVER };
	installed = guards;
}

void guards_fini(struct guards *guards)
{
	installed = NULL;
	free(guards->by_fd);
}

static int guards_reach(struct guards *guards, size_t fd)
{
	size_t cap = guards->cap ? guards->cap : 64;
	struct guard **grown;

	while (cap <= fd)
		cap *= 2;
	if (cap == guards->cap)
		return 0;
	grown = realloc(guards->by_fd, cap * sizeof *grown);
	if (!grown)
		return -1;
	memset(grown + guards->cap, 0, (cap - guards->cap) * sizeof *grown);
	guards->by_fd = grown;
	guards->cap = cap;
	return 0;
}

static struct guard *guard_create(struct guards *guards, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guard *guard = calloc(1, sizeof *guard);

	if (!guard || guards_reach(guards, (size_t)info->connect_fd) != 0) {
		free(guard);
		return NULL;
	}
	guard->all = guards;
	guard->fd = info->connect_fd;
	guards->by_fd[guard->fd] = guard;
	guards->open++;
	guard_enter(guard, GUARD_IDLE);
	if (guards_pressed(guards))
		guards->due_ns = guards->now->mono_ns; /* idle ones have less time now */
	return guard;
}

void guard_notify(void *cls, struct MHD_Connection *connection, void **context,
		  enum MHD_ConnectionNotificationCode code)
{
	struct guard *guard = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = guard_create(cls, connection);
	} else if (guard) {
		guard->all->by_fd[guard->fd] = NULL;
		guard->all->open--;
		free(guard->held);
		free(guard);
		*context = NULL;
	}
}

struct guard *guard_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

int guard_claim(struct guard *guard)
{
	return guard && guard->claimed < guard->requests && ++guard->claimed == guard->requests;
}

void guard_answered(struct guard *guard)
{
	if (guard && guard->state == GUARD_BUSY)
		guard_enter(guard, GUARD_IDLE);
}

int guard_is_last(const struct guard *guard)
{
	return guard->requests >= guard->all->limits->requests_max;
}
