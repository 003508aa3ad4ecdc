/* SPDX-License-Identifier: MIT */
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "common/limits.h"

/*
 * What the server library of dtssd can do at best: it answers whatever is asked with the same few bytes, from a loop like
 * dtssd's, at once or after it has suspended and resumed the exchange within the round, as somebody does who asks first.
 *
 *	bench-constant [--suspend]
 */
#define WAITING_MAX 4096 /* more connections than any bench opens */

static const char constant[] = "{\"worker_id\":\"worker-001\",\"address\":\"127.0.0.1:9000\"}\n";

static struct MHD_Connection *waiting[WAITING_MAX];
static size_t waiting_count;
static int suspends;

static enum MHD_Result reply(struct MHD_Connection *connection)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(sizeof constant - 1, (void *)constant, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* state: NULL at the head, then at `begun` while the body comes, at `asked` when it waited. */
static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *data, size_t *len, void **state)
{
	static char begun, asked;

	(void)cls, (void)url, (void)method, (void)version, (void)data;
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*len > 0) {
		*len = 0;
		return MHD_YES;
	}
	if (!suspends || *state == &asked || waiting_count == WAITING_MAX)
		return reply(connection);
	*state = &asked;
	MHD_suspend_connection(connection);
	waiting[waiting_count++] = connection;
	return MHD_YES;
}

static int wait_ms(struct MHD_Daemon *daemon, int resumed)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (resumed)
		return 0;
	return MHD_get_timeout(daemon, &ms) == MHD_YES && ms < 1000 ? (int)ms : 1000;
}

static void serve(struct MHD_Daemon *daemon)
{
	struct pollfd fd = { .fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN };

	for (;;) {
		int resumed;

		MHD_run(daemon);
		resumed = waiting_count > 0;
		while (waiting_count > 0)
			MHD_resume_connection(waiting[--waiting_count]);
		poll(&fd, 1, wait_ms(daemon, resumed));
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct MHD_Daemon *daemon;

	suspends = argc > 1 && strcmp(argv[1], "--suspend") == 0;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, NULL,
				  MHD_OPTION_CONNECTION_LIMIT, 2000U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				  (size_t)HTTP_CONNECTION_MEMORY, MHD_OPTION_END);
	if (!daemon) {
		fprintf(stderr, "bench-constant: cannot serve HTTP on this machine\n");
		return EXIT_FAILURE;
	}
	printf("listening on http://127.0.0.1:%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	if (fflush(stdout) != 0)
		return EXIT_FAILURE;
	serve(daemon);
}
