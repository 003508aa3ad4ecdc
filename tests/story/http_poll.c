/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/dtssd.h"

/* What an agent says and hears, and what it writes; here it is a few requests. */

#define TASKS "/api/v2/tasks"

static struct dtssd_run run;
static struct http_reply reply;

static void setup(void)
{
	dtssd_start(&run, NULL);
}

static void teardown(void)
{
	http_free(&reply);
	dtssd_clean(&run);
}

static void submit(const char *body)
{
	http_post(&reply, &run, TASKS, body);
	ck_assert_msg(reply.status == 201, "%ld %s", reply.status, reply.body);
}

static void beat(const char *agent, int number, int wait_ms, const char *held, const char *reports)
{
	http_beat(&reply, &run, agent, number, wait_ms, held, reports);
}

#define HELD "[{\"task\":1,\"fence\":1,\"attempt\":1,\"state\":\"running\"}]"
#define STARTED "[{\"task\":1,\"fence\":1,\"attempt\":1,\"kind\":\"started\"}]"
#define ENDED "[{\"task\":1,\"fence\":1,\"attempt\":1,\"kind\":\"ended\",\"cause\":\"exit\",\"exit_code\":7}]"

/* Task 1 runs on agent a. */
static void start_task(void)
{
	submit("{\"argv\":[\"sh\",\"-c\",\"exit 7\"],\"name\":\"n\"}");
	beat("a", 1, 3000, "[]", "[]");
	ck_assert_int_eq(http_int(&reply, "assign.0.task"), 1);
	ck_assert_int_eq(http_int(&reply, "assign.0.fence"), 1);
	ck_assert_str_eq(http_text(&reply, "assign.0.spec.argv.2"), "exit 7");
	beat("a", 2, 3000, HELD, STARTED);
	ck_assert_str_eq(http_text(&reply, "answer.acks.0.result"), "OK");
}

START_TEST(a_task_runs_through_an_agent)
{
	start_task();
	http_get(&reply, &run, TASKS "/1");
	ck_assert_str_eq(http_text(&reply, "state"), "running");
	ck_assert_str_eq(http_text(&reply, "worker"), "a");
	beat("a", 3, 3000, HELD, ENDED);
	ck_assert_str_eq(http_text(&reply, "answer.acks.0.kind"), "ended");
	http_get(&reply, &run, TASKS "/1");
	ck_assert_str_eq(http_text(&reply, "state"), "failed");
	ck_assert_int_eq(http_int(&reply, "exit_code"), 7);
	ck_assert_str_eq(http_text(&reply, "cause"), "exit");
	ck_assert_str_eq(http_text(&reply, "attempts.0.state"), "ended");
	ck_assert_uint_eq(strlen(http_text(&reply, "finished_at")), strlen("2026-01-01T00:00:00.000Z"));
	/* the agent has not heard the answer, and says it again */
	beat("a", 4, 3000, "[]", ENDED);
	ck_assert_str_eq(http_text(&reply, "answer.acks.0.result"), "FENCED");
	http_post(&reply, &run, TASKS "/1/retry", "");
	ck_assert_int_eq(reply.status, 201);
	ck_assert_int_eq(http_int(&reply, "id"), 2);
	ck_assert_int_eq(http_int(&reply, "retry_of"), 1);
}
END_TEST

START_TEST(a_cancelled_task_is_stopping)
{
	start_task();
	http_post(&reply, &run, TASKS "/1/cancel", "");
	ck_assert_str_eq(http_text(&reply, "state"), "cancelled");
	ck_assert(json_is_true(json_object_get(reply.json, "stopping")));
	beat("a", 3, 3000, HELD, "[]");
	ck_assert_int_eq(http_int(&reply, "stop.0.fence"), 1);
	ck_assert_str_eq(http_text(&reply, "stop.0.cause"), "cancel");
}
END_TEST

START_TEST(a_poll_waits_as_long_as_it_asks)
{
	beat("a", 1, 0, "[]", "[]");
	ck_assert_str_eq(http_text(&reply, "answer.result"), "OK");
	ck_assert(reply.seconds < 0.4);
	beat("a", 2, 500, "[]", "[]");
	ck_assert_str_eq(http_text(&reply, "answer.result"), "OK");
	ck_assert(reply.seconds >= 0.4);
	beat("a", 3, 60000, "[]", "[]");
	ck_assert(reply.seconds >= 2.5 && reply.seconds < 10); /* 3 s at most */
}
END_TEST

/* A poll that stays open while other things happen; the socket to read its answer from. */
static int open_poll(int number)
{
	char body[256], request[512];

	snprintf(body, sizeof body, "{\"name\":\"a\",\"incarnation\":1,\"number\":%d,\"max_tasks\":4,\"tags\":[\"a\"]}",
		 number);
	snprintf(
		request, sizeof request,
		"POST /api/v2/workers/a/poll?wait_ms=3000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	return http_raw(&run, request, strlen(request));
}

static void worker_is_seen(void)
{
	do
		http_get(&reply, &run, "/api/v2/workers");
	while (json_array_size(json_object_get(reply.json, "workers")) == 0);
}

START_TEST(work_ends_a_waiting_poll)
{
	char buf[4096];
	int fd = open_poll(1);

	worker_is_seen();
	submit("{\"argv\":[\"true\"]}");
	ck_assert(http_raw_until(fd, buf, sizeof buf, "\"assign\":[{\"task\":1,"));
	close(fd);
}
END_TEST

START_TEST(a_newer_poll_ends_an_older_one_and_gets_the_work)
{
	char buf[4096];
	int older = open_poll(1), newer;

	worker_is_seen();
	newer = open_poll(2);
	ck_assert(http_raw_until(older, buf, sizeof buf, "\r\n\r\n{"));
	submit("{\"argv\":[\"true\"]}");
	ck_assert(http_raw_until(newer, buf, sizeof buf, "\"assign\":[{\"task\":1,"));
	close(older);
	close(newer);
}
END_TEST

/* X6: else the agent would hold it for longer than the scheduler thinks. */
START_TEST(the_lease_of_an_assignment_that_waits_runs)
{
	beat("a", 1, 0, "[]", "[]");
	submit("{\"argv\":[\"true\"]}");
	usleep(300000);
	beat("a", 1, 1000, "[]", "[]");
	ck_assert_int_eq(http_int(&reply, "assign.0.task"), 1);
	ck_assert_int_gt(http_int(&reply, "assign.0.lease_ms"), 0);
	ck_assert_int_le(http_int(&reply, "assign.0.lease_ms"), 29700);
	ck_assert_int_eq(http_int(&reply, "assign.0.until_ms"), -1);
}
END_TEST

START_TEST(an_agents_newer_incarnation_wins)
{
	http_post(&reply, &run, "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":9,\"number\":1}");
	ck_assert_int_eq(reply.status, 200);
	http_post(&reply, &run, "/api/v2/workers/a/poll", "{\"name\":\"a\",\"incarnation\":8,\"number\":1}");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(http_text(&reply, "code"), "STALE");
	ck_assert_str_eq(http_text(&reply, "answer.result"), "STALE");
}
END_TEST

START_TEST(log_bytes_are_appended_once)
{
	start_task();
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=0", "hello ");
	ck_assert_int_eq(http_int(&reply, "offset"), 6);
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=0", "hello ");
	ck_assert_int_eq(http_int(&reply, "offset"), 6);
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=9", "gap");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(http_text(&reply, "code"), "OFFSET");
	ck_assert_int_eq(http_int(&reply, "offset"), 6);
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=2&offset=6", "other");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(http_text(&reply, "code"), "FENCED");
	http_call(&reply, &run, "POST", "/api/v2/workers/a/log?task=1&fence=1&offset=6", NULL, "a\0b\xFF\n", 5);
	ck_assert_int_eq(http_int(&reply, "offset"), 11);
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=0&stream=stderr", "oops");
	http_get(&reply, &run, TASKS "/1/log");
	ck_assert_uint_eq(reply.len, 11);
	ck_assert(memcmp(reply.body, "hello a\0b\xFF\n", 11) == 0);
	ck_assert(strstr(reply.headers, "Content-Type: text/plain") != NULL);
	http_get(&reply, &run, TASKS "/1/log?stream=stderr&attempt=1");
	ck_assert_str_eq(reply.body, "oops");
	http_get(&reply, &run, TASKS "/1/log?attempt=2");
	ck_assert_int_eq(reply.status, 404);
}
END_TEST

static int open_follow(void)
{
	static const char request[] = "GET " TASKS
				      "/1/log?follow=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

	return http_raw(&run, request, strlen(request));
}

START_TEST(a_worker_writes_for_itself_alone)
{
	start_task();
	http_post(&reply, &run, "/api/v2/workers/b/log?task=1&fence=1&offset=0", "forged\n");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(http_text(&reply, "code"), "FENCED");
	http_get(&reply, &run, TASKS "/1/log");
	ck_assert_uint_eq(reply.len, 0);
	ck_assert(strstr(reply.headers, "X-Content-Type-Options: nosniff") != NULL);
}
END_TEST

#define BIG_TASKS 96
#define BIG_BYTES 200000

/* An array of count tasks that are as long as tasks may be. */
static char *big_tasks(int count)
{
	char *body = calloc((size_t)count, BIG_BYTES + 64), *at = body;

	ck_assert(body != NULL);
	for (int i = 0; i < count; i++) {
		at += sprintf(at, "%s{\"argv\":[\"echo\",\"", i ? "," : "[");
		memset(at, 'x', BIG_BYTES);
		at += BIG_BYTES + sprintf(at + BIG_BYTES, "\"]}");
	}
	strcpy(at, "]");
	return body;
}

/* More than an agent takes in one answer: it comes in several, each task once and the oldest first. */
START_TEST(much_work_comes_in_pieces)
{
	json_int_t fence = 0;
	int polls = 0;

	for (int i = 0; i < 3; i++) {
		char *body = big_tasks(BIG_TASKS / 3);

		submit(body);
		free(body);
	}
	while (fence < BIG_TASKS) {
		char body[256];
		const json_t *assign, *one;
		size_t i;

		snprintf(body, sizeof body,
			 "{\"name\":\"a\",\"incarnation\":1,\"number\":%d,\"max_tasks\":%d,\"fence_seen\":%d}", ++polls,
			 BIG_TASKS, (int)fence);
		ck_assert_int_lt(polls, 32);
		http_post(&reply, &run, "/api/v2/workers/a/poll?wait_ms=3000", body);
		ck_assert_uint_lt(reply.len, 16777216);
		assign = json_object_get(reply.json, "assign");
		json_array_foreach (assign, i, one)
			ck_assert_int_eq(json_integer_value(json_object_get(one, "fence")), ++fence);
	}
	ck_assert_int_gt(polls, 1);
}
END_TEST

START_TEST(a_follow_begins_before_the_first_attempt_and_ends_with_it)
{
	char buf[4096];
	int fd;

	submit("{\"argv\":[\"true\"]}");
	fd = open_follow();
	beat("a", 1, 3000, "[]", "[]");
	beat("a", 2, 3000, HELD, STARTED);
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=0", "first\n");
	ck_assert(http_raw_until(fd, buf, sizeof buf, "first\n"));
	http_post(&reply, &run, "/api/v2/workers/a/log?task=1&fence=1&offset=6", "second\n");
	ck_assert(http_raw_until(fd, buf, sizeof buf, "second\n"));
	beat("a", 3, 3000, HELD, ENDED);
	ck_assert(http_raw_until(fd, buf, sizeof buf, "\r\n0\r\n\r\n") || strstr(buf, "0\r\n\r\n"));
	close(fd);
}
END_TEST

/* How many TCP connections the process has. */
static int connections(void)
{
	char path[64], link[64];
	int count = 0;

	for (int fd = 0; fd < 64; fd++) {
		ssize_t n;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)run.pid, fd);
		n = readlink(path, link, sizeof link - 1);
		count += n > 0 && strncmp(link, "socket:", 7) == 0;
	}
	return count;
}

START_TEST(a_client_that_left_a_follow_is_noticed)
{
	int before = connections(), fd; /* the listening socket, and whatever else is always there */

	submit("{\"argv\":[\"true\"]}");
	while (connections() > before)
		poll(NULL, 0, 10);
	fd = open_follow();
	while (connections() <= before)
		poll(NULL, 0, 10);
	close(fd);
	while (connections() > before) /* the test's own time limit is the bound */
		poll(NULL, 0, 50);
}
END_TEST

Suite *suite_story_http_poll(void);
Suite *suite_story_http_poll(void)
{
	Suite *suite = suite_create("story/http_poll");
	TCase *tc = tcase_create("poll");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_task_runs_through_an_agent);
	tcase_add_test(tc, a_cancelled_task_is_stopping);
	tcase_add_test(tc, a_poll_waits_as_long_as_it_asks);
	tcase_add_test(tc, work_ends_a_waiting_poll);
	tcase_add_test(tc, a_newer_poll_ends_an_older_one_and_gets_the_work);
	tcase_add_test(tc, the_lease_of_an_assignment_that_waits_runs);
	tcase_add_test(tc, an_agents_newer_incarnation_wins);
	tcase_add_test(tc, log_bytes_are_appended_once);
	tcase_add_test(tc, a_worker_writes_for_itself_alone);
	tcase_add_test(tc, much_work_comes_in_pieces);
	tcase_add_test(tc, a_follow_begins_before_the_first_attempt_and_ends_with_it);
	tcase_add_test(tc, a_client_that_left_a_follow_is_noticed);
	suite_add_tcase(suite, tc);
	return suite;
}
