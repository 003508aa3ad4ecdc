/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "common/blocks.h"
#include "common/files.h"
#include "common/log.h"
#include "common/nearest.h"
#include "common/rfc3339.h"

/* The small things that the programs share. */

static const struct {
	const char *text;
	int64_t ns; /* -1: refused */
} times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-01-02T03:04:05.678Z", INT64_C(1767323045678000000) },
	{ "2026-01-02T05:04:05.678+02:00", INT64_C(1767323045678000000) },
	{ "2026-01-01T23:34:05.678-03:30", INT64_C(1767323045678000000) },
	{ "2024-02-29t00:00:00.123456789z", INT64_C(1709164800123456789) },
	{ "2016-12-31T23:59:60Z", INT64_C(1483228800000000000) },
	{ "2023-02-29T00:00:00Z", -1 },
	{ "2026-02-31T00:00:60Z", -1 },
	{ "1970-01-01T00:00:00+00:01", -1 },
	{ "2026-13-01T00:00:00Z", -1 },
	{ "2026-01-01T24:00:00Z", -1 },
	{ "2026-01-01T00:00:00", -1 },
	{ "2026-01-01T00:00:00.Z", -1 },
	{ "2026-01-01T00:00:00+2:00", -1 },
	{ "2026-01-01", -1 },
	{ "2026-01-01T00:00:00Z ", -1 },
	{ "", -1 },
};

START_TEST(times_are_read_strictly)
{
	int64_t ns = -1;

	ck_assert_int_eq(rfc3339_parse(times[_i].text, &ns), times[_i].ns == -1 ? -1 : 0);
	ck_assert_int_eq(ns, times[_i].ns);
}
END_TEST

START_TEST(times_are_written_in_utc)
{
	char text[RFC3339_LEN];

	rfc3339_format(text, INT64_C(1767323045678999999), 3);
	ck_assert_str_eq(text, "2026-01-02T03:04:05.678Z");
	rfc3339_format(text, INT64_C(1767323045678999999), 0);
	ck_assert_str_eq(text, "2026-01-02T03:04:05Z");
	rfc3339_format(text, INT64_C(1767323045008000090), 9);
	ck_assert_str_eq(text, "2026-01-02T03:04:05.008000090Z");
	rfc3339_format(text, -1, 3);
	ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
}
END_TEST

/* All days that a time of ours can be of, but that every thirteenth is enough. */
START_TEST(every_date_is_that_of_the_c_library)
{
	char ours[RFC3339_LEN], theirs[RFC3339_LEN];

	for (int64_t day = -106751; day <= 106751; day += 13) {
		time_t s = (time_t)(day * 86400 + (day & 0xFFFF));
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&s, &tm));
		ck_assert_uint_gt(strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm), 0);
		rfc3339_format(ours, (int64_t)s * 1000000000, 0);
		ck_assert_str_eq(ours, theirs);
	}
}
END_TEST

START_TEST(the_nearest_name)
{
	static const char *const known[] = { "name", "queue", "argv", "timeout_ms" };
	static const char *const asked[][2] = { { "nmae", "name" },
						{ "que", "queue" },
						{ "queeu", "queue" },
						{ "timeout", "timeout_ms" },
						{ "timeout_s", "timeout_ms" },
						{ "x", NULL } };

	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		struct nearest n = { asked[i][0], NULL, 0 };

		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			nearest_try(&n, known[k]);
		ck_assert_pstr_eq(n.best, asked[i][1]);
	}
}
END_TEST

START_TEST(a_log_line_is_one_line)
{
	char out[128];

	log_escape(out, sizeof out, "a\nb\x1B[31m\x7F \xC3\xA4 \xE2\x80\xAE \xC2\x85 \xFF");
	ck_assert_str_eq(out, "a\\x0ab\\x1b[31m\\x7f \xC3\xA4 \\xe2\\x80\\xae \\xc2\\x85 \\xff");
	log_escape(out, 20, "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01");
	ck_assert_uint_lt(strlen(out), 20);
}
END_TEST

START_TEST(tokens_are_compared_whole)
{
	struct token token;
	struct problem p;

	ck_assert_int_eq(token_set(&token, "0123456789abcdef", &p), 0);
	ck_assert_int_eq(token_equals(&token, "0123456789abcdef"), 1);
	ck_assert_int_eq(token_equals(&token, "0123456789abcde"), 0);
	ck_assert_int_eq(token_equals(&token, "0123456789abcdef0"), 0);
	ck_assert_int_eq(token_equals(&token, ""), 0);
	ck_assert_int_eq(token_set(&token, "short", &p), DTSS_E_INVALID);
	ck_assert_int_eq(token_set(&token, "with spaces in its middle", &p), DTSS_E_INVALID);
}
END_TEST

/* Every length, grown and shrunk by one and by a lot; twice, so that the second time finds what was kept. */
START_TEST(blocks_hold_what_they_were_asked_for)
{
	struct blocks blocks;
	const struct dtss_mem *mem = &blocks.mem;

	blocks_init(&blocks);
	for (size_t i = 0, size = 1; i < 2 * (BLOCKS_LEN_MAX + 40); i++, size = i / 2 + 1) {
		unsigned char *a = mem->alloc(mem->ctx, size), *b = mem->alloc(mem->ctx, size);

		ck_assert_ptr_nonnull(a);
		ck_assert_ptr_nonnull(b);
		memset(a, 1, size);
		memset(b, 2, size);
		a = mem->realloc(mem->ctx, a, size, size + 1);
		ck_assert_ptr_nonnull(a);
		ck_assert_uint_eq(a[size - 1], 1);
		b = mem->realloc(mem->ctx, b, size, 2 * size);
		ck_assert_ptr_nonnull(b);
		memset(b, 3, 2 * size);
		ck_assert_uint_eq(a[0], 1);
		b = mem->realloc(mem->ctx, b, 2 * size, 1);
		ck_assert_ptr_nonnull(b);
		ck_assert_uint_eq(b[0], 3);
		mem->release(mem->ctx, a, size + 1);
		mem->release(mem->ctx, b, 1);
		ck_assert_uint_le(blocks.bytes, BLOCKS_KEPT_BYTES);
	}
	blocks_fini(&blocks);
}
END_TEST

START_TEST(blocks_keep_no_more_than_their_bound)
{
	static void *list[2 * BLOCKS_KEPT_BYTES / BLOCKS_LEN_MAX];
	const size_t count = sizeof list / sizeof list[0];
	struct blocks blocks;
	const struct dtss_mem *mem = &blocks.mem;

	blocks_init(&blocks);
	for (size_t i = 0; i < count; i++)
		ck_assert_ptr_nonnull(list[i] = mem->alloc(mem->ctx, BLOCKS_LEN_MAX));
	for (size_t i = 0; i < count; i++)
		mem->release(mem->ctx, list[i], BLOCKS_LEN_MAX);
	ck_assert_uint_le(blocks.bytes, BLOCKS_KEPT_BYTES);
	for (size_t i = 0; i < count; i++)
		ck_assert_ptr_nonnull(list[i] = mem->alloc(mem->ctx, BLOCKS_LEN_MAX));
	ck_assert_uint_eq(blocks.bytes, 0);
	for (size_t i = 0; i < count; i++)
		mem->release(mem->ctx, list[i], BLOCKS_LEN_MAX);
	blocks_fini(&blocks);
}
END_TEST

Suite *suite_unit_common(void);
Suite *suite_unit_common(void)
{
	Suite *suite = suite_create("unit/common");
	TCase *tc = tcase_create("small things");

	tcase_add_loop_test(tc, times_are_read_strictly, 0, sizeof times / sizeof times[0]);
	tcase_add_test(tc, times_are_written_in_utc);
	tcase_add_test(tc, every_date_is_that_of_the_c_library);
	tcase_add_test(tc, the_nearest_name);
	tcase_add_test(tc, a_log_line_is_one_line);
	tcase_add_test(tc, tokens_are_compared_whole);
	tcase_add_test(tc, blocks_hold_what_they_were_asked_for);
	tcase_add_test(tc, blocks_keep_no_more_than_their_bound);
	suite_add_tcase(suite, tc);
	return suite;
}
