/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <string.h>
#include "common/log.h"

static void http_log(void *cls, const char *fmt, va_list args)
{
	char text[LOG_LINE_MAX];

	(void)cls;
	vsnprintf(text, sizeof text, fmt, args);
	text[strcspn(text, "\n")] = '\0';
	log_line(LOG_DEBUG, "http: %s", text);
}

int server_open(struct server *s, int listen_fd, const struct guard_limits *limits)
{
	guards_init(&s->guards, limits, &s->now);
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				     server_access, s, MHD_OPTION_EXTERNAL_LOGGER, http_log, NULL,
				     MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, server_completed,
				     NULL, MHD_OPTION_NOTIFY_CONNECTION, guard_notify, &s->guards,
				     MHD_OPTION_URI_LOG_CALLBACK, server_target, s, MHD_OPTION_CONNECTION_LIMIT,
				     (unsigned)limits->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				     (unsigned)limits->address_connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
				     (unsigned)HTTP_STALL_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)HTTP_CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	return s->daemon ? 0 : -1;
}

/*
 * Requests come in and replies go out; the more of them share a commit, the better.
 *
 *	a look at replies: taken ── a further look: sent ── a further look: who got one asks again ──┐
 *	a look at requests: begun ───────────────────────────────────────────────────────────────────┴─► commit
 */
void server_look(struct server *s)
{
	int looks = 0, answered = s->resumed, more;
	size_t before;

	s->round++;
	s->crowded = s->requests >= HTTP_CROWD;
	s->requests = 0;
	do {
		before = s->requests;
		s->resumed = 0;
		MHD_run(s->daemon);
		looks++;
		more = s->resumed || (answered && looks < HTTP_LOOKS) || s->requests - before >= HTTP_CROWD;
	} while (more && looks < HTTP_LOOKS_MAX);
}

void server_close(struct server *s)
{
	MHD_stop_daemon(s->daemon);
	guards_fini(&s->guards);
}
