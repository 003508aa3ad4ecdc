/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/raw.h"
#include "torture/rows/rows.h"

/*
 * Clients that are slow, idle, many, or gone, against a real dtssd with short deadlines. A client that does nothing wrong
 * is answered all the while; at the end nothing is left of the others.
 *
 * DTSS_IDLE says how many are idle at once, where 5,000 are too many.
 */
#define HEALTHY_MS 5000
#define CROWD 5000
#define SLOW 200
#define HEAD_MS 300
#define BODY_MS 300
#define IDLE_MS 600
#define BUSY_DEADLINES "http_head_ms = 300\nhttp_body_ms = 300\nhttp_body_ms_max = 1000\nhttp_write_ms = 500\n"
#define DEADLINES "http_idle_ms = 600\n" BUSY_DEADLINES

static struct dtssd_run run;
static struct healthy healthy;

static void begin(const char *conf)
{
	raw_start(&run, conf);
	healthy_open(&healthy, &run);
	ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
}

static void teardown(void)
{
	healthy_close(&healthy);
	dtssd_clean(&run);
}

static int say(const char *bytes)
{
	int fd = raw_connect(&run);

	ck_assert_int_eq(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
	return fd;
}

/* ---- deadlines ---- */

/* A byte now and then, for ever: the last status, or 0. *ret_ms: how long that went well. */
static int drip(int fd, const char *bytes, unsigned *ret_ms)
{
	struct raw_reader reader = { 0 };
	uint64_t begun_ms = raw_now_ms();
	const char *body;
	size_t at = 0, len;
	int status = 0;

	while (!reader.ended && !status) {
		ck_assert_msg(raw_now_ms() - begun_ms < RAW_MS, "the server does not lose its patience");
		ck_assert(send(fd, bytes + at, 1, MSG_NOSIGNAL) == 1 || at > 0);
		at += bytes[at + 1] != '\0';
		raw_take(&reader, fd, 20);
		status = raw_response(&reader, &body, &len);
		healthy_submitted(&healthy, HEALTHY_MS);
	}
	*ret_ms = (unsigned)(raw_now_ms() - begun_ms);
	raw_reader_fini(&reader);
	raw_closed(fd, 0);
	close(fd);
	return status;
}

START_TEST(a_slow_head)
{
	unsigned ms;

	begin(DEADLINES);
	ck_assert_int_eq(drip(raw_connect(&run), GET "X: yyyyyyyyyyyyyyy", &ms), 408);
	ck_assert_uint_ge(ms, HEAD_MS - 20);
	ck_assert_int_eq(drip(say(FINE), GET, &ms), 200); /* and one that had a request before */
}
END_TEST

START_TEST(a_slow_body)
{
	unsigned ms;

	begin(DEADLINES);
	ck_assert_int_eq(drip(say(POST HOST "Content-Length: 8388608\r\n\r\n"), " ", &ms), 408);
	ck_assert_uint_ge(ms, BODY_MS - 20);
	ck_assert_int_eq(drip(say(POST HOST "Transfer-Encoding: chunked\r\n\r\n80000\r\n"), " ", &ms), 408);
	ck_assert_uint_ge(ms, BODY_MS - 20);
	ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
}
END_TEST

/* Fast enough for every second, but without end. */
START_TEST(an_endless_body)
{
	static char chunk[65536 + 16];
	uint64_t begun_ms = raw_now_ms(), sent = 0;
	int fd, n;

	begin(DEADLINES);
	memset(chunk, ' ', sizeof chunk);
	n = sprintf(chunk, "10000\r\n");
	chunk[n] = ' ';
	memcpy(chunk + n + 65536, "\r\n", 2);
	fd = say(POST HOST "Transfer-Encoding: chunked\r\n\r\n");
	fcntl(fd, F_SETFL, 0);
	for (ssize_t k; (k = send(fd, chunk, (size_t)n + 65536 + 2, MSG_NOSIGNAL)) > 0; sent += (uint64_t)k) {
		if (k < n + 65536 + 2) /* it was closed in the midst of this one */
			ck_assert_int_lt(send(fd, chunk, 1, MSG_NOSIGNAL), 0);
		ck_assert_msg(raw_now_ms() - begun_ms < RAW_MS, "%llu bytes", (unsigned long long)sent);
		healthy_submitted(&healthy, HEALTHY_MS);
	}
	close(fd);
	ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
	ck_assert_uint_lt(raw_memory_kib(&run), 200000);
}
END_TEST

START_TEST(an_idle_connection)
{
	int fresh, used;

	begin(DEADLINES);
	fresh = raw_connect(&run);
	used = say(FINE);
	ck_assert_int_eq(raw_closed(fresh, IDLE_MS - 20), 0);
	ck_assert_int_eq(raw_closed(used, 0), 200);
	close(fresh);
	close(used);
}
END_TEST

/* A poll may wait longer than all deadlines together, and what was sent behind it is answered behind it. */
START_TEST(a_poll_that_waits)
{
	static const char poll_body[] = "{\"name\":\"a\",\"incarnation\":1,\"number\":1,\"max_tasks\":4}";
	char request[512];
	uint64_t begun_ms;
	int fd;

	begin(DEADLINES);
	begun_ms = raw_now_ms();
	snprintf(request, sizeof request,
		 "POST /api/v2/workers/a/poll?wait_ms=2500 HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s" HIDDEN,
		 strlen(poll_body), poll_body);
	fd = say(request);
	ck_assert_int_eq(raw_closed(fd, 2400), 201);
	ck_assert_uint_ge(raw_now_ms() - begun_ms, 2400 + IDLE_MS - 20);
	close(fd);
}
END_TEST

/* It asks for much, and reads nothing. */
START_TEST(a_reader_that_takes_nothing)
{
	static const char much[] = "GET /api/v2/tasks?limit=1000 HTTP/1.1\r\n" HOST "\r\n";
	static char task[60000] = "{\"argv\":[\"";
	struct http_reply reply = { 0 };
	unsigned descriptors;
	int fd, small = 4096;

	begin(BUSY_DEADLINES);
	memset(task + strlen(task), 'a', sizeof task - 20);
	strcpy(task + sizeof task - 10, "\"]}");
	for (int i = 0; i < 200; i++) {
		http_post(&reply, &run, "/api/v2/tasks", task);
		ck_assert_int_eq(reply.status, 201);
	}
	http_free(&reply);
	descriptors = raw_descriptors(&run);
	fd = raw_connect(&run);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(send(fd, much, sizeof much - 1, MSG_NOSIGNAL), sizeof much - 1);
	while (raw_descriptors(&run) == descriptors)
		healthy_submitted(&healthy, HEALTHY_MS);
	raw_settled(&run, descriptors);
	close(fd);
}
END_TEST

START_TEST(a_connection_that_had_its_requests)
{
	begin("http_requests_max = 5\n");
	healthy_submitted(&healthy, HEALTHY_MS);
	int fd = say(FINE FINE FINE FINE FINE);

	ck_assert_int_eq(raw_closed(fd, 0), 200);
	close(fd);
	for (int i = 0; i < 20; i++)
		healthy_submitted(&healthy, HEALTHY_MS);
}
END_TEST

/* ---- crowds ---- */

/* As many as were wanted, if the server is to have room for twice as many. */
static size_t crowd_size(void)
{
	const char *set = getenv("DTSS_IDLE");
	size_t wanted = set ? strtoul(set, NULL, 10) : CROWD;
	struct rlimit files;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	return files.rlim_cur / 2 > wanted + 2 * SLOW ? wanted : files.rlim_cur / 2 - 2 * SLOW;
}

/* Thousands say nothing, hundreds little; they come and go, and the healthy client sees nothing of it. */
START_TEST(a_crowd_that_is_idle)
{
	size_t count = crowd_size(), all = count + 2 * SLOW;
	int *fds = calloc(all, sizeof *fds);
	unsigned descriptors, kib;

	begin("http_connections_max = 1000000\nhttp_idle_ms = 40000\nhttp_head_ms = 40000\nhttp_body_ms = 30000\n");
	descriptors = raw_descriptors(&run);
	kib = raw_memory_kib(&run);
	for (size_t i = 0; i < all; i++) {
		fds[i] = i < count        ? raw_connect(&run) :
			 i < count + SLOW ? say(GET "X: y") :
					    say(POST HOST "Content-Length: 17\r\n\r\n{");
		if (i % 64 == 0)
			ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
	}
	while (raw_descriptors(&run) < descriptors + all)
		healthy_submitted(&healthy, HEALTHY_MS);
	ck_assert_uint_le(raw_memory_kib(&run), kib + all * 64);
	for (size_t i = 0; i < all; i++)
		close(fds[i]);
	raw_settled(&run, descriptors);
	ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
	healthy_tell(&healthy, "connections", all);
	free(fds);
}
END_TEST

/* Three of four connections are taken: whoever says nothing goes sooner, and others get in. */
START_TEST(more_idle_ones_than_there_is_room_for)
{
	int fds[200];
	struct healthy late;

	begin("http_connections_max = 100\nhttp_idle_ms = 3600000\n");
	for (int i = 0; i < 200; i++)
		fds[i] = raw_connect(&run);
	healthy_open(&late, &run);
	ck_assert_uint_eq(healthy_submitted(&late, RAW_MS), 0);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	healthy_close(&late);
	healthy_close(&healthy); /* it was idle too */
	healthy_open(&healthy, &run);
}
END_TEST

START_TEST(too_many_from_one_address)
{
	int fd;

	begin("http_address_connections_max = 3\n");
	for (int i = 0; i < 2; i++)
		ck_assert_int_ge(say(FINE), 0);
	fd = raw_connect(&run);
	ck_assert_int_eq(raw_closed(fd, 0), 0);
	healthy_submitted(&healthy, HEALTHY_MS);
	close(fd);
}
END_TEST

/* ---- those who leave ---- */

static const char *const parting_words[] = {
	"",
	"GET /hea",
	GET HOST,
	FINE,
	FINE "GET /hea",
	POST HOST "Content-Length: 17\r\n\r\n",
	POST HOST "Content-Length: 17\r\n\r\n{\"argv\":[",
	POST HOST "Content-Length: 8388608\r\n\r\n{\"argv\":[",
	POST HOST "Transfer-Encoding: chunked\r\n\r\n11",
	POST HOST "Transfer-Encoding: chunked\r\n\r\n11\r\n{\"argv\":[",
	POST HOST "Expect: 100-continue\r\nContent-Length: 17\r\n\r\n",
	POST HOST "Content-Length: 17\r\nContent-Length: 17\r\n\r\n" BODY,
	"POST /api/v2/workers/a/poll?wait_ms=3000 HTTP/1.1\r\n" HOST
	"Content-Length: 28\r\n\r\n{\"name\":\"a\",\"incarnation\":1}",
	"GET /api/v2/tasks/1/log?follow=1 HTTP/1.1\r\n" HOST "\r\n",
};

/* In the midst of everything: with a reset, and with a farewell; before the server looks, and after. */
START_TEST(clients_that_leave)
{
	static const struct linger reset = { 1, 0 };
	const size_t words = sizeof parting_words / sizeof parting_words[0];
	unsigned descriptors;

	begin(BUSY_DEADLINES);
	descriptors = raw_descriptors(&run);
	for (size_t i = 0; i < words * 4 * 10; i++) {
		int fd = say(parting_words[i % words]);

		if (i / words % 2)
			ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
		if (i / words / 2 % 2)
			ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
		close(fd);
	}
	raw_settled(&run, descriptors);
	ck_assert_uint_eq(healthy_submitted(&healthy, HEALTHY_MS), 0);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
}
END_TEST

/* A crowd is looked at twice before its commit: those who leave in between still get their tasks. */
START_TEST(a_crowd_that_leaves_before_its_commit)
{
	static const struct linger reset = { 1, 0 };
	unsigned descriptors;
	int fds[CROWD / 50];

	begin(BUSY_DEADLINES);
	descriptors = raw_descriptors(&run);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
			fds[i] = say(POST HOST "Content-Length: 17\r\n\r\n" BODY);
		for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
			ck_assert_int_eq(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
			close(fds[i]);
		}
	}
	raw_settled(&run, descriptors);
	ck_assert_uint_le(healthy_submitted(&healthy, HEALTHY_MS), 20 * sizeof fds / sizeof fds[0]);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
}
END_TEST

Suite *suite_torture_http_slow(void);
Suite *suite_torture_http_slow(void)
{
	Suite *suite = suite_create("torture/http_slow");
	TCase *tc = tcase_create("slow");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_slow_head);
	tcase_add_test(tc, a_slow_body);
	tcase_add_test(tc, an_endless_body);
	tcase_add_test(tc, an_idle_connection);
	tcase_add_test(tc, a_poll_that_waits);
	tcase_add_test(tc, a_reader_that_takes_nothing);
	tcase_add_test(tc, a_connection_that_had_its_requests);
	tcase_add_test(tc, a_crowd_that_is_idle);
	tcase_add_test(tc, more_idle_ones_than_there_is_room_for);
	tcase_add_test(tc, too_many_from_one_address);
	tcase_add_test(tc, clients_that_leave);
	tcase_add_test(tc, a_crowd_that_leaves_before_its_commit);
	suite_add_tcase(suite, tc);
	return suite;
}
