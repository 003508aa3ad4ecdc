/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/peers/support/peer.h"
#include "bench/support/web.h"

#define START_MS 10000

const char *program_find(const char *name)
{
	static char file[512];
	char path[4096];
	const char *at = path;

	snprintf(path, sizeof path, "%s:%s:/usr/local/sbin:/usr/sbin:/sbin", bench_build(), getenv("PATH"));
	while (*at) {
		size_t len = strcspn(at, ":");

		snprintf(file, sizeof file, "%.*s/%s", (int)len, at, name);
		if (access(file, X_OK) == 0)
			return file;
		at += len + (at[len] == ':');
	}
	return NULL;
}

/* A port that is free now. */
static unsigned port_free(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bench_must(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 &&
				   getsockname(fd, (struct sockaddr *)&at, &len) == 0 ?
			   0 :
			   DTSS_E_IO,
		   "a free port");
	close(fd);
	return ntohs(at.sin_port);
}

int peer_server_prepare(struct peer_server *server)
{
	bench_dir_make(server->daemon.dir);
	server->daemon.port = port_free();
	return 0;
}

static int server_ended(const struct peer_server *server)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)server->daemon.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

int peer_server_start(struct peer_server *server, const char **argv)
{
	uint64_t until_ns = bench_ns() + START_MS * UINT64_C(1000000);
	const char *program = program_find(argv[0]);
	char err[96];

	if (!program)
		return -1;
	argv[0] = program;
	snprintf(err, sizeof err, "%s/err", server->daemon.dir);
	if (daemon_start(&server->daemon, argv, err, NULL, 0) != 0)
		return -1;
	while (bench_ns() < until_ns && !server_ended(server)) {
		int fd = web_connect(server->daemon.port);

		if (fd >= 0) {
			close(fd);
			return 0;
		}
		poll(NULL, 0, 10); /* it tells nobody when it is ready */
	}
	return -1;
}
