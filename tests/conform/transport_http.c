/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdlib.h>
#include "conform/transport.h"
#include "dtss-agent/transport.h"
#include "dtssd/listen.h"
#include "dtssd/mail.h"

/* The programs' transport: the daemon's end behind a real HTTP server, the agent's end with a real client. */

struct http_pair {
	struct server server;
	struct token token; /* none */
	struct post_client client;
};

static void http_pair_open(struct transport_pair *pair)
{
	struct http_pair *h = calloc(1, sizeof *h);
	char url[64];
	int fd = listen_open("127.0.0.1:0", 0, guard_limits_default.write_ms, url, sizeof url);

	ck_assert_ptr_nonnull(h);
	ck_assert_int_ge(fd, 0);
	h->server.mem = dtss_mem_libc();
	h->server.token = &h->token;
	h->server.due_ns = DTSS_NEVER;
	ck_assert_int_eq(server_open(&h->server, fd, &guard_limits_default), 0);
	ck_assert_int_eq(mail_open(&h->server.mail, &pair->scheduler), 0);
	ck_assert_int_eq(post_client_init(&h->client, url, ""), 0);
	ck_assert_int_eq(agent_transport_open(&pair->worker, &h->client, TRANSPORT_WORKER), 0);
	pair->ctx = h;
}

/* One round of the daemon's loop, without a node. */
static void http_round(struct transport_pair *pair)
{
	struct http_pair *h = pair->ctx;

	h->server.now = dtss_now();
	h->server.stopping = !pair->scheduler;
	server_look(&h->server);
	if (pair->scheduler) {
		mail_flush(h->server.mail, h->server.now);
		server_sweep(&h->server);
	}
	server_look(&h->server);
	(void)post_step(&h->client);
}

static void http_pair_pump(struct transport_pair *pair)
{
	http_round(pair);
	poll(NULL, 0, 2);
}

static void http_pair_close(struct transport_pair *pair)
{
	struct http_pair *h = pair->ctx;

	if (pair->worker)
		pair->worker->ops->close(pair->worker);
	if (pair->scheduler)
		pair->scheduler->ops->close(pair->scheduler); /* refuses what waits */
	pair->scheduler = NULL;
	for (int i = 0; h->server.open > 0 && i < 100; i++)
		http_pair_pump(pair);
	ck_assert_uint_eq(h->server.open, 0);
	server_close(&h->server);
	post_client_fini(&h->client);
	free(h);
}

static const struct transport_factory http_factory = { http_pair_open, http_pair_pump, http_pair_close };

Suite *suite_conform_transport_http(void);
Suite *suite_conform_transport_http(void)
{
	return transport_conform("conform_transport_http", &http_factory);
}
