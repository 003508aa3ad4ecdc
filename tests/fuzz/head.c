/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "dtssd/head.h"
#include "fuzz/support/fuzz.h"

/*
 * Where a request ends. Nothing depends on how its bytes are cut up: a head that is whole was not so before its last
 * byte, and one that is refused stays refused, whatever follows; a body ends at the same byte, all at once or byte by
 * byte. What is let through has no byte that another parser could take for the end of a line.
 */
#define HEAD_STEP 7 /* not each of thousands of prefixes */

static int check(const char *bytes, size_t len, struct head *ret_head)
{
	char *exact = (char *)fuzz_copy(bytes, len);
	const char *why = NULL;
	int status = head_check(exact, len, ret_head, &why);

	ck_assert(status == 0 || status == 1 || (status >= 400 && status < 600));
	ck_assert(status <= 1 || (why && why[0]));
	free(exact);
	return status;
}

static void prefixes(const char *bytes, size_t whole, int status)
{
	struct head head;
	size_t len;

	for (len = 0; len < whole; len += len + HEAD_STEP < whole ? HEAD_STEP : 1) {
		int before = check(bytes, len, &head);

		ck_assert_int_ne(before, 1);
		ck_assert(before == 0 || before == status);
	}
}

static void is_plain(const char *bytes, const struct head *head)
{
	size_t i;

	ck_assert_uint_ge(head->len, 16); /* "G / HTTP/1.0" and two ends of lines */
	ck_assert(memcmp(bytes + head->len - 4, "\r\n\r\n", 4) == 0);
	for (i = 0; i < head->len; i++) {
		ck_assert(bytes[i] != '\0');
		ck_assert(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
		ck_assert(bytes[i] != '\r' || bytes[i + 1] == '\n');
	}
	ck_assert(!head->chunked || head->body_len == 0);
}

/* How many bytes the body takes, fed so many at a time; *ret_rc is how it ended. */
static size_t feed(const struct head *head, const char *bytes, size_t len, size_t step, int *ret_rc)
{
	struct body body;
	const char *why = NULL;
	size_t at = 0, taken = 0;

	body_begin(&body, head);
	*ret_rc = body_feed(&body, bytes, 0, &taken, &why);
	ck_assert_uint_eq(taken, 0);
	while (*ret_rc == 0 && at < len) {
		size_t n = step < len - at ? step : len - at;

		*ret_rc = body_feed(&body, bytes + at, n, &taken, &why);
		ck_assert_uint_le(taken, n);
		ck_assert(*ret_rc != 0 || taken == n);
		at += taken;
	}
	ck_assert(*ret_rc <= 1 || *ret_rc == 400);
	return at;
}

static void body(const struct head *head, const char *bytes, size_t len)
{
	int rc, slow_rc;
	size_t end = feed(head, bytes, len, len + 1, &rc), slow = feed(head, bytes, len, 1, &slow_rc);

	ck_assert_int_eq(rc, slow_rc);
	ck_assert_uint_eq(end, slow);
	if (!head->chunked && head->body_len <= len)
		ck_assert(rc == 1 && end == head->body_len);
	if (head->chunked && rc == 1)
		ck_assert(end >= 5 && memcmp(bytes + end - 5, "0\r\n\r\n", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct head head = { 0 }, again = { 0 };
	int status = check(bytes, size, &head);

	prefixes(bytes, status == 1 ? head.len : size, status);
	if (status != 1)
		return 0;
	ck_assert_uint_le(head.len, size);
	ck_assert_int_eq(check(bytes, head.len, &again), 1);
	ck_assert(again.len == head.len && again.chunked == head.chunked && again.body_len == head.body_len);
	is_plain(bytes, &head);
	body(&head, bytes + head.len, size - head.len);
	return 0;
}
