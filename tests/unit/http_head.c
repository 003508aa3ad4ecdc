/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/json.h"
#include "common/limits.h"
#include "dtssd/head.h"

/* Where heads and bodies end, however they are cut; the table of the torture shows what is refused. */

static const char good[] =
	"POST /api/v2/tasks?x=%41 HTTP/1.1\r\nHost: [::1]:80\r\nX: \xC3\xA9\t\r\nContent-Length: 5\r\n\r\n";
static const char chunks[] = "5\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";

START_TEST(a_head_is_whole_with_its_last_byte)
{
	const char *why = NULL;
	struct head head = { 0 };

	for (size_t len = 0; len < sizeof good - 1; len++)
		ck_assert_int_eq(head_check(good, len, &head, &why), 0);
	ck_assert_int_eq(head_check(good, sizeof good - 1, &head, &why), 1);
	ck_assert_uint_eq(head.len, sizeof good - 1);
	ck_assert_uint_eq(head.body_len, 5);
	ck_assert_int_eq(head.chunked, 0);
	ck_assert_ptr_null(why);
}
END_TEST

/* Whichever byte is another: it is refused, or it ends where it ended. */
START_TEST(a_head_with_one_byte_changed)
{
	char bytes[sizeof good];
	unsigned refused = 0;

	for (size_t at = 0; at < sizeof good - 1; at++) {
		for (int c = 0; c < 256; c++) {
			struct head head = { 0 };
			const char *why = NULL;
			int status;

			memcpy(bytes, good, sizeof good);
			bytes[at] = (char)c;
			status = head_check(bytes, sizeof good - 1, &head, &why);
			refused += status > 1;
			ck_assert_int_ne(status > 1, why == NULL);
			if (status == 1)
				ck_assert_uint_eq(head.len, sizeof good - 1);
			if (c < ' ' && c != '\t' && c != good[at])
				ck_assert_msg(status != 1, "%02x at %zu", (unsigned)c, at);
		}
	}
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

/* What is wrong is refused at once, not when the rest has come. */
START_TEST(a_head_that_cannot_become_right)
{
	static const char *const early[] = { "\x16",
					     "GET /\n",
					     "GET /healthz HTTP/1.1\r\nX : ",
					     "GET /healthz HTTP/1.1\r\nX\r\n",
					     "GET /healthz\r\n",
					     "\r\n\r\n" };
	const char *why;
	struct head head;

	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(head_check(early[i], strlen(early[i]), &head, &why), i == 2 ? 0 : 400);
}
END_TEST

/* Whole it was refused for what it said, in pieces for how long it was: a client's answer hung on its packets. */
START_TEST(a_first_line_that_is_too_long_is_so_however_it_is_cut)
{
	static const char *const ends[] = { " HTTP/1.1\r\n\r\n", "\r\n", "\n", "\x16" };
	const size_t len = HTTP_TARGET_MAX + HTTP_METHOD_MAX + 64;
	struct head head = { 0 };
	const char *why = NULL;
	char bytes[4096];

	memset(bytes, 'T', len);
	memcpy(bytes, "T * H", 5);
	strcpy(bytes + len, ends[_i]);
	for (size_t cut = len; cut <= len + strlen(ends[_i]); cut++)
		ck_assert_int_eq(head_check(bytes, cut, &head, &why), 414);
}
END_TEST

START_TEST(a_body_in_chunks_ends_with_its_last_byte)
{
	struct head head = { .chunked = 1 };
	char bytes[sizeof chunks + 8];
	const char *why;

	memcpy(bytes, chunks, sizeof chunks - 1);
	memcpy(bytes + sizeof chunks - 1, "GET / HT", 8);
	for (size_t cut = 0; cut < sizeof chunks - 1; cut++) {
		struct body body;
		size_t first, second;

		body_begin(&body, &head);
		ck_assert_int_eq(body_feed(&body, bytes, cut, &first, &why), 0);
		ck_assert_uint_eq(first, cut);
		ck_assert_int_eq(body_feed(&body, bytes + cut, sizeof chunks - 1 + 8 - cut, &second, &why), 1);
		ck_assert_uint_eq(first + second, sizeof chunks - 1);
	}
}
END_TEST

START_TEST(a_body_with_a_length)
{
	struct head head = { .body_len = 5 }, none = { 0 };
	struct body body;
	const char *why;
	size_t taken;

	body_begin(&body, &head);
	ck_assert_int_eq(body_feed(&body, "hel", 3, &taken, &why), 0);
	ck_assert_int_eq(body_feed(&body, "loGET", 5, &taken, &why), 1);
	ck_assert_uint_eq(taken, 2);
	body_begin(&body, &none);
	ck_assert_int_eq(body_feed(&body, "GET", 3, &taken, &why), 1);
	ck_assert_uint_eq(taken, 0);
}
END_TEST

static int read_levels(int levels, const char *around)
{
	struct json_reader r = { 0 };
	char text[512];
	json_t *value;
	int n = sprintf(text, "%s", around);

	for (int i = 0; i < levels; i++)
		text[n++] = '[';
	for (int i = 0; i < levels; i++)
		text[n++] = ']';
	n += sprintf(text + n, "%s", around[0] ? "]" : "");
	value = json_read_text(&r, text, (size_t)n);
	json_decref(value);
	ck_assert_int_ne(value == NULL, r.problem.sentence[0] == '\0');
	return value != NULL;
}

START_TEST(json_of_many_levels)
{
	ck_assert_int_eq(read_levels(JSON_DEPTH_MAX, ""), 1);
	ck_assert_int_eq(read_levels(JSON_DEPTH_MAX + 1, ""), 0);
	/* none of these are levels */
	ck_assert_int_eq(read_levels(JSON_DEPTH_MAX - 1, "[\"[[[{\\\"{{{\",[],{},"), 1);
	ck_assert_int_eq(read_levels(JSON_DEPTH_MAX, "[\"[[[{\\\"{{{\",[],{},"), 0);
}
END_TEST

/* A program that links the library writes what it likes. */
START_TEST(names_that_are_no_utf8)
{
	json_t *object = json_object(), *value;

	json_put(&object, "a\xFF", json_integer(1));
	value = json_object_get(object, "a\xEF\xBF\xBD");
	ck_assert_int_eq(json_integer_value(value), 1);
	json_put(&object, "b", NULL);
	ck_assert_ptr_null(object);
	json_put(&object, "c", json_integer(1));
	ck_assert_ptr_null(object);
}
END_TEST

Suite *suite_unit_http_head(void);
Suite *suite_unit_http_head(void)
{
	Suite *suite = suite_create("unit/http_head");
	TCase *tc = tcase_create("head");

	tcase_add_test(tc, a_head_is_whole_with_its_last_byte);
	tcase_add_test(tc, a_head_with_one_byte_changed);
	tcase_add_test(tc, a_head_that_cannot_become_right);
	tcase_add_loop_test(tc, a_first_line_that_is_too_long_is_so_however_it_is_cut, 0, 4);
	tcase_add_test(tc, a_body_in_chunks_ends_with_its_last_byte);
	tcase_add_test(tc, a_body_with_a_length);
	tcase_add_test(tc, json_of_many_levels);
	tcase_add_test(tc, names_that_are_no_utf8);
	suite_add_tcase(suite, tc);
	return suite;
}
