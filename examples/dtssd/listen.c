/* SPDX-License-Identifier: MIT */
#include "dtssd/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/limits.h"
#include "common/options.h"

static int is_loopback(const struct addrinfo *found)
{
	const struct sockaddr_in *v4 = (const void *)found->ai_addr;
	const struct sockaddr_in6 *v6 = (const void *)found->ai_addr;

	if (found->ai_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* The socket, and the port that it got. -1 with errno. Its connections inherit how long a peer may take nothing. */
static int bind_to(const struct addrinfo *found, unsigned write_ms, unsigned *ret_port)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	int one = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &write_ms, sizeof write_ms) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, HTTP_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	*ret_port = ntohs(((struct sockaddr_in *)&bound)->sin_port); /* at the same place for both families */
	return fd;
}

int listen_open(const char *host_port, int anywhere, unsigned write_ms, char *where, size_t cap)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
	const char *colon = strrchr(host_port, ':');
	int host_len = (int)(colon - host_port), bare = host_port[0] == '[' && colon[-1] == ']', fd, rc;
	char host[256];
	unsigned port = 0;

	snprintf(host, sizeof host, "%.*s", bare ? host_len - 2 : host_len, host_port + bare);
	rc = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
	if (rc != 0)
		return -options_refuse("dtssd", "--listen %s: %s", host_port, gai_strerror(rc));
	if (!anywhere && !is_loopback(found)) {
		freeaddrinfo(found);
		return -options_refuse("dtssd",
				       "--listen %s is not loopback, and whoever reaches a scheduler can run commands: "
				       "give a --token-file",
				       host_port);
	}
	fd = bind_to(found, write_ms, &port);
	freeaddrinfo(found);
	if (fd < 0) {
		fprintf(stderr, "dtssd: cannot listen on %s: %s%s\n", host_port, strerror(errno),
			errno == EADDRINUSE ?
				"; choose another port with --listen HOST:PORT (port 0 takes a free one)" :
				"");
		return -EXIT_FAILURE;
	}
	snprintf(where, cap, "http://%.*s:%u", host_len, host_port, port);
	return fd;
}
