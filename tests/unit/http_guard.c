/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dtssd/guard.h"

/* What libmicrohttpd reads from a socket that is guarded: recv(2) is the guard's. */

#define FIRST "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define SECOND "POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"

static struct guards guards;
static struct guard *table[64];
static struct dtss_time now;
static struct guard guard;
static int peer;
static char buf[16384];

static void setup(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_lt(fds[0], 64);
	now = (struct dtss_time){ 1, 1 };
	guards_init(&guards, &guard_limits_default, &now);
	guard = (struct guard){ .all = &guards, .fd = fds[0] };
	peer = fds[1];
	memset(table, 0, sizeof table);
	guards.by_fd = table;
	guards.cap = 64;
	table[guard.fd] = &guard;
}

static void teardown(void)
{
	guards.by_fd = NULL;
	guards_fini(&guards);
	free(guard.held);
	close(guard.fd);
	close(peer);
}

static void come(const char *bytes)
{
	ck_assert_int_eq(write(peer, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

/* Reads, and that is what gets through. */
static void gets_through(const char *bytes)
{
	ssize_t n = recv(guard.fd, buf, sizeof buf, 0);

	ck_assert_int_eq(n, (ssize_t)strlen(bytes));
	ck_assert_mem_eq(buf, bytes, (size_t)n);
}

static void nothing_yet(int error)
{
	ck_assert_int_eq(recv(guard.fd, buf, sizeof buf, 0), -1);
	ck_assert_int_eq(errno, error);
}

START_TEST(one_request_at_a_time)
{
	come(FIRST SECOND FIRST);
	gets_through(FIRST);
	ck_assert_int_eq(guard.more, 1);
	nothing_yet(EINTR); /* or it would wait for bytes that have come already */
	guard_answered(&guard);
	gets_through(SECOND);
	guard_answered(&guard);
	gets_through(FIRST);
	ck_assert_int_eq(guard.more, 0);
	nothing_yet(EAGAIN);
	guard_answered(&guard);
	nothing_yet(EAGAIN);
}
END_TEST

START_TEST(a_head_only_when_it_is_whole)
{
	for (size_t i = 0; i < strlen(FIRST); i++) {
		nothing_yet(EAGAIN);
		ck_assert_int_eq(write(peer, &FIRST[i], 1), 1);
	}
	gets_through(FIRST);
}
END_TEST

START_TEST(each_head_is_claimed_once)
{
	ck_assert_int_eq(guard_claim(NULL), 0);
	ck_assert_int_eq(guard_claim(&guard), 0);
	come(FIRST FIRST);
	gets_through(FIRST);
	ck_assert_int_eq(guard_claim(&guard), 1);
	ck_assert_int_eq(guard_claim(&guard), 0);
	guard_answered(&guard);
	gets_through(FIRST);
	ck_assert_int_eq(guard_claim(&guard), 1);
	ck_assert_int_eq(guard_claim(&guard), 0);
}
END_TEST

START_TEST(a_refusal_is_the_last_word)
{
	come(FIRST "GET /c HTTP/1.1\nHost: localhost\r\n\r\n" FIRST);
	gets_through(FIRST);
	ck_assert_int_eq(guard_claim(&guard), 1);
	guard_answered(&guard);
	nothing_yet(EAGAIN);
	ck_assert_int_eq(guard_claim(&guard), 0);
	ck_assert_int_gt(recv(peer, buf, sizeof buf, 0), 0);
	ck_assert(strncmp(buf, "HTTP/1.1 400 Bad Request\r\n", 26) == 0);
	ck_assert_int_eq(recv(peer, buf, sizeof buf, 0), 0);
	come(FIRST);
	nothing_yet(EAGAIN);
	close(peer);
	ck_assert_int_eq(recv(guard.fd, buf, sizeof buf, 0), 0);
}
END_TEST

START_TEST(who_leaves_in_the_middle)
{
	come("GET /a HTTP/1.1\r\n");
	nothing_yet(EAGAIN);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(recv(guard.fd, buf, sizeof buf, 0), 0);
}
END_TEST

/* What came before its reader had room for it. */
START_TEST(a_small_buffer)
{
	come(FIRST SECOND);
	gets_through(FIRST);
	guard_answered(&guard);
	ck_assert_int_eq(recv(guard.fd, buf, strlen(SECOND) - 2, 0), (ssize_t)strlen(SECOND) - 2);
	ck_assert_mem_eq(buf, SECOND, strlen(SECOND) - 2);
	gets_through("bc");
	ck_assert_int_eq(guard.state, GUARD_BUSY);
}
END_TEST

START_TEST(deadlines)
{
	come("GET");
	nothing_yet(EAGAIN);
	ck_assert_uint_eq(guards.due_ns, 1 + UINT64_C(1000000) * guard_limits_default.head_ms);
	now.mono_ns = guards.due_ns - 1;
	guards_sweep(&guards);
	ck_assert_int_eq(guard.state, GUARD_HEAD);
	now.mono_ns++;
	guards_sweep(&guards);
	ck_assert_int_eq(guard.state, GUARD_LEAVING);
	ck_assert_int_gt(recv(peer, buf, sizeof buf, 0), 0);
	ck_assert(strncmp(buf, "HTTP/1.1 408 Request Timeout\r\n", 30) == 0);
}
END_TEST

Suite *suite_unit_http_guard(void);
Suite *suite_unit_http_guard(void)
{
	Suite *suite = suite_create("unit/http_guard");
	TCase *tc = tcase_create("guard");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_request_at_a_time);
	tcase_add_test(tc, a_head_only_when_it_is_whole);
	tcase_add_test(tc, each_head_is_claimed_once);
	tcase_add_test(tc, a_refusal_is_the_last_word);
	tcase_add_test(tc, who_leaves_in_the_middle);
	tcase_add_test(tc, a_small_buffer);
	tcase_add_test(tc, deadlines);
	suite_add_tcase(suite, tc);
	return suite;
}
