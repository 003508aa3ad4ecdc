/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include "node/node.h"

/* The one file of the library that asks the system for anything but memory. */

#define POSIX_BLIND_MS 10 /* how long to wait for a transport that has no descriptor */

#ifdef CLOCK_BOOTTIME
#define POSIX_MONO CLOCK_BOOTTIME /* runs on in suspend, as leases do elsewhere */
#else
#define POSIX_MONO CLOCK_MONOTONIC
#endif

struct dtss_time dtss_now(void)
{
	struct timespec mono, wall;
	struct dtss_time now;
	int rc = clock_gettime(POSIX_MONO, &mono);

	DTSS_ASSERT(rc == 0);
	rc = clock_gettime(CLOCK_REALTIME, &wall);
	DTSS_ASSERT(rc == 0);
	now.mono_ns = (uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec;
	now.wall_ns = (int64_t)wall.tv_sec * 1000000000 + (int64_t)wall.tv_nsec;
	return now;
}

static int posix_store_fd(const struct dtss_node *n)
{
	return n->store->ops->fd(n->store);
}

static int posix_transport_fd(const struct dtss_node *n)
{
	return n->transport != NULL ? n->transport->ops->fd(n->transport) : -1;
}

int dtss_node_fd(const struct dtss_node *node)
{
	int store, transport;

	DTSS_ASSERT(node != NULL);
	store = posix_store_fd(node);
	transport = posix_transport_fd(node);
	if (store >= 0 && transport >= 0)
		return -1;
	return store >= 0 ? store : transport;
}

/* Rounded up, so that the time has come when poll() returns. */
static int posix_wait_ms(const struct dtss_node *n, uint64_t end_ns)
{
	uint64_t next = dtss_node_next_ns(n), now = dtss_now().mono_ns, ms;

	if (next > end_ns)
		next = end_ns;
	if (next <= now)
		return 0;
	ms = (next - now - 1) / NODE_NS_PER_MS + 1;
	if (n->transport != NULL && posix_transport_fd(n) < 0 && ms > POSIX_BLIND_MS)
		ms = POSIX_BLIND_MS;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int posix_wait(const struct dtss_node *n, int timeout_ms)
{
	struct pollfd fds[2];

	fds[0].fd = posix_store_fd(n);
	fds[1].fd = posix_transport_fd(n);
	fds[0].events = fds[1].events = POLLIN;
	fds[0].revents = fds[1].revents = 0;
	if (poll(fds, 2, timeout_ms) < 0 && errno != EINTR && errno != EAGAIN)
		return DTSS_E_IO;
	return 0;
}

int dtss_node_run(struct dtss_node *node, int timeout_ms)
{
	struct dtss_time now = dtss_now();
	uint64_t end_ns = DTSS_NEVER;
	int rc;

	DTSS_ASSERT(node != NULL);
	if (timeout_ms >= 0)
		end_ns = node_ns_after(now, (uint64_t)timeout_ms);
	for (;;) {
		rc = dtss_node_step(node, now);
		if (node->ready.head != NULL || node->event_at < node->event_count)
			return 1;
		if (rc < 0 || now.mono_ns >= end_ns)
			return rc;
		rc = posix_wait(node, posix_wait_ms(node, end_ns));
		if (rc < 0)
			return rc;
		now = dtss_now();
	}
}
