/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dtss.h>
#include "dtss-agent/stream.h"
#include "dtss-agent/tree.h"

Suite *suite_unit_agent_stream(void);

static char dir[64];
static struct post_client client;
static struct stream s;
static int writer;

static void setup(void)
{
	int ends[2];

	strcpy(dir, "/tmp/dtss-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(post_client_init(&client, "http://127.0.0.1:1/", ""), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	stream_init(&s, "stdout");
	s.fd = ends[0];
	writer = ends[1];
}

static void teardown(void)
{
	stream_fini(&s, &client);
	post_client_fini(&client);
	ck_assert_int_eq(tree_remove(dir), 0);
}

/* Numbered lines of 16 bytes, through the pipe. */
static void put_lines(int from, int to)
{
	for (int i = from; i < to; i++) {
		char line[32];

		snprintf(line, sizeof line, "%015d\n", i);
		while (write(writer, line, 16) != 16)
			stream_read(&s, dir, 0);
	}
	stream_read(&s, dir, 0);
}

static void end(void)
{
	close(writer);
	stream_read(&s, dir, 1);
	ck_assert_int_eq(s.fd, -1);
	stream_end(&s, 1);
}

START_TEST(what_fits_is_kept_whole)
{
	char buf[33] = "";

	put_lines(0, 2);
	end();
	ck_assert_uint_eq(s.size, 32);
	ck_assert_uint_eq(s.tail_len, 0);
	ck_assert_uint_eq(stream_lost(&s), 32); /* so far */
	ck_assert_int_eq(pread(s.spool, buf, 32, 0), 32);
	ck_assert_str_eq(buf, "000000000000000\n000000000000001\n");
}
END_TEST

START_TEST(the_middle_of_too_much_is_left_out)
{
	const int lines = (DTSS_LOG_STREAM_MAX + 3 * DTSS_LOG_TAIL_MAX) / 16;
	char last[32];

	put_lines(0, lines);
	end();
	ck_assert_uint_eq(s.size, DTSS_LOG_STREAM_MAX);
	ck_assert_uint_gt(s.tail_len, DTSS_LOG_TAIL_MAX);
	ck_assert_uint_le(s.tail_len, DTSS_LOG_TAIL_MAX + DTSS_LOG_NOTICE_MAX);
	ck_assert_int_eq(strncmp(s.tail, "\n[dtss-agent: 131072 bytes are left out here; the last 65536 follow]\n", 69),
			 0);
	snprintf(last, sizeof last, "%015d\n", lines - 1);
	ck_assert_int_eq(memcmp(s.tail + s.tail_len - 16, last, 16), 0);
	snprintf(last, sizeof last, "%015d\n", lines - DTSS_LOG_TAIL_MAX / 16);
	ck_assert_int_eq(memcmp(s.tail + s.tail_len - DTSS_LOG_TAIL_MAX, last, 16), 0);
}
END_TEST

START_TEST(a_little_too_much_is_whole_and_without_notice)
{
	put_lines(0, DTSS_LOG_STREAM_MAX / 16 + 2);
	end();
	ck_assert_uint_eq(s.size, DTSS_LOG_STREAM_MAX);
	ck_assert_uint_eq(s.tail_len, 32);
}
END_TEST

/* A disk that is full, or a directory that is gone: the process must not notice, and its last words are kept. */
START_TEST(without_a_disk_the_end_is_kept)
{
	ck_assert_int_eq(rmdir(dir), 0);
	put_lines(0, 10000);
	end();
	ck_assert_uint_eq(s.size, 0);
	ck_assert_int_eq(memcmp(s.tail + s.tail_len - 16, "000000000009999\n", 16), 0);
}
END_TEST

/* Nobody listens: it tries again at growing intervals, and gives up when the process is long gone. */
START_TEST(it_gives_up_after_a_while)
{
	uint64_t now_ns = 1000000, again_ns;
	int tries = 0;

	put_lines(0, 1);
	end();
	for (;; now_ns = again_ns) {
		again_ns = DTSS_NEVER;
		if (stream_step(&s, &client, "/log?task=1&fence=1", now_ns, &again_ns))
			break;
		for (tries++; s.post.state == POST_BUSY;) {
			ck_assert_int_eq(curl_multi_poll(client.multi, NULL, 0, 1000, NULL), CURLM_OK);
			(void)post_step(&client);
		}
		if (again_ns == DTSS_NEVER)
			again_ns = now_ns;
	}
	ck_assert_uint_ge(now_ns, UINT64_C(60000000000)); /* the scheduler had its minute */
	ck_assert_int_lt(tries, 200);
	ck_assert_uint_eq(stream_lost(&s), 16);
}
END_TEST

Suite *suite_unit_agent_stream(void)
{
	Suite *suite = suite_create("unit/agent_stream");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_fits_is_kept_whole);
	tcase_add_test(tcase, the_middle_of_too_much_is_left_out);
	tcase_add_test(tcase, a_little_too_much_is_whole_and_without_notice);
	tcase_add_test(tcase, without_a_disk_the_end_is_kept);
	tcase_add_test(tcase, it_gives_up_after_a_while);
	suite_add_tcase(suite, tcase);
	return suite;
}
