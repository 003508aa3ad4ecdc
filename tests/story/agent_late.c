/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dtss-agent/transport.h"

Suite *suite_story_agent_late(void);

/* A scheduler whose answer is long under way. */
struct slow_server {
	int fd;
	char url[64];
};

static void server_open(struct slow_server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(s->fd, 0);
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(s->fd, 1), 0);
	ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
}

/* Takes what has come of the request, and answers after the pause. */
static void server_answer(struct slow_server *s, unsigned pause_ms, const char *body)
{
	int fd = accept(s->fd, NULL, NULL);
	char text[4096];
	int len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, text, sizeof text), 0);
	usleep(pause_ms * 1000);
	len = snprintf(text, sizeof text,
		       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       strlen(body), body);
	ck_assert_int_eq(write(fd, text, (size_t)len), len);
	close(fd);
}

static void beat(struct dtss_transport *t)
{
	struct dtss_message message = { .size = sizeof message, .type = DTSS_MESSAGE_HEARTBEAT };
	struct dtss_heartbeat *hb = &message.u.heartbeat.heartbeat;

	hb->size = sizeof *hb;
	hb->name = "a";
	hb->incarnation = 1;
	hb->number = 1;
	hb->max_tasks = 1;
	ck_assert_int_eq(t->ops->send(t, NULL, &message), 0);
}

static const struct dtss_message *next_message(struct dtss_transport *t, struct post_client *client, int tries)
{
	const struct dtss_message *message = NULL;
	const char *peer;

	while (tries-- > 0 && t->ops->poll(t, &message, &peer) == 0) {
		message = NULL;
		ck_assert_int_eq(curl_multi_poll(client->multi, NULL, 0, 10, NULL), CURLM_OK);
	}
	return message;
}

/* X6: what a lease has left is counted from when it was asked for; one that is over by then is nobody's. */
START_TEST(an_assignment_that_comes_late_has_less_of_its_lease)
{
	static const char body[] =
		"{\"assign\":[{\"task\":1,\"fence\":1,\"attempt\":1,\"epoch\":1,\"incarnation\":1,\"lease_ms\":250,"
		"\"spec\":{\"argv\":[\"true\"]}},"
		"{\"task\":2,\"fence\":2,\"attempt\":1,\"epoch\":1,\"incarnation\":1,\"lease_ms\":60000,"
		"\"spec\":{\"argv\":[\"true\"]}}]}";
	struct slow_server server;
	struct post_client client;
	struct dtss_transport *t;
	const struct dtss_message *message;
	const char *peer;

	server_open(&server);
	ck_assert_int_eq(post_client_init(&client, server.url, ""), 0);
	ck_assert_int_eq(agent_transport_open(&t, &client, "a"), 0);
	beat(t);
	ck_assert_int_eq(t->ops->poll(t, &message, &peer), 0); /* it is sent */
	while (next_message(t, &client, 3))
		ck_abort_msg("nobody has answered yet");
	server_answer(&server, 300, body);
	message = next_message(t, &client, 1000);
	ck_assert_ptr_nonnull(message);
	ck_assert_uint_eq(message->type, DTSS_MESSAGE_ASSIGN);
	ck_assert_uint_eq(message->u.assign.task.v, 2);
	ck_assert_uint_le(message->u.assign.lease_ms, 59700);
	ck_assert_uint_gt(message->u.assign.lease_ms, 20000);
	t->ops->close(t);
	post_client_fini(&client);
	close(server.fd);
}
END_TEST

Suite *suite_story_agent_late(void)
{
	Suite *suite = suite_create("story/agent_late");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_assignment_that_comes_late_has_less_of_its_lease);
	suite_add_tcase(suite, tcase);
	return suite;
}
