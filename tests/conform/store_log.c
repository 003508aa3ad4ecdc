/* SPDX-License-Identifier: MIT */
/* The output of attempts, over every store. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/rand.h"
#include "support/store_kit.h"

Suite *suite_conform_store_log(void);

#define STREAM_MAX (DTSS_LOG_STREAM_MAX + DTSS_LOG_NOTICE_MAX + DTSS_LOG_TAIL_MAX)

static struct store_kit k;

static size_t read_at(uint64_t fence, uint32_t stream, uint64_t offset, size_t len, void *ret_data)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_READ };
	struct dtss_store_done done;

	op.u.log.fence = fence;
	op.u.log.stream = stream;
	op.u.log.offset = offset;
	op.u.log.len = len;
	kit_do(&k, &op, &done);
	ck_assert_int_eq(done.result, DTSS_OK);
	ck_assert_uint_eq(done.u.log.fence, fence);
	ck_assert_uint_eq(done.u.log.stream, stream);
	ck_assert_uint_eq(done.u.log.offset, offset);
	ck_assert_uint_le(done.u.log.len, len);
	if (done.u.log.len > 0)
		memcpy(ret_data, done.u.log.data, done.u.log.len);
	return done.u.log.len;
}

START_TEST(what_is_stored_already_is_skipped)
{
	char bytes[32];
	uint64_t end;

	kit_open(&k, (enum store_kind)_i);
	ck_assert_int_eq(kit_append(&k, 9, 0, "hello", 5, &end), DTSS_OK);
	ck_assert_uint_eq(end, 5);
	ck_assert_int_eq(kit_append(&k, 9, 0, "hello", 5, &end), DTSS_OK);
	ck_assert_uint_eq(end, 5);
	ck_assert_int_eq(kit_append(&k, 9, 3, "lo world", 8, &end), DTSS_OK);
	ck_assert_uint_eq(end, 11);
	ck_assert_int_eq(kit_append(&k, 9, 11, "", 0, &end), DTSS_OK);
	ck_assert_uint_eq(end, 11);
	ck_assert_uint_eq(read_at(9, 1, 0, sizeof bytes, bytes), 11);
	ck_assert_mem_eq(bytes, "hello world", 11);
	kit_close(&k);
}
END_TEST

START_TEST(a_gap_is_refused_and_says_where_it_goes_on)
{
	char bytes[32];
	uint64_t end;

	kit_open(&k, (enum store_kind)_i);
	ck_assert_int_eq(kit_append(&k, 9, 1, "x", 1, &end), DTSS_E_OFFSET);
	ck_assert_uint_eq(end, 0);
	ck_assert_int_eq(kit_append(&k, 9, 0, "hello", 5, &end), DTSS_OK);
	ck_assert_int_eq(kit_append(&k, 9, 6, "x", 1, &end), DTSS_E_OFFSET);
	ck_assert_uint_eq(end, 5);
	ck_assert_uint_eq(read_at(9, 1, 0, sizeof bytes, bytes), 5);
	kit_close(&k);
}
END_TEST

START_TEST(fences_and_streams_are_apart)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_APPEND };
	struct dtss_store_done done;
	char bytes[32];
	uint64_t end;

	kit_open(&k, (enum store_kind)_i);
	ck_assert_int_eq(kit_append(&k, 1, 0, "one", 3, &end), DTSS_OK);
	ck_assert_int_eq(kit_append(&k, 2, 0, "two", 3, &end), DTSS_OK);
	op.u.log.fence = 1;
	op.u.log.stream = 2;
	op.u.log.data = "err";
	op.u.log.len = 3;
	kit_do(&k, &op, &done);
	ck_assert_int_eq(done.result, DTSS_OK);
	ck_assert_uint_eq(read_at(1, 1, 0, sizeof bytes, bytes), 3);
	ck_assert_mem_eq(bytes, "one", 3);
	ck_assert_uint_eq(read_at(2, 1, 0, sizeof bytes, bytes), 3);
	ck_assert_mem_eq(bytes, "two", 3);
	ck_assert_uint_eq(read_at(1, 2, 0, sizeof bytes, bytes), 3);
	ck_assert_mem_eq(bytes, "err", 3);
	ck_assert_uint_eq(read_at(2, 2, 0, sizeof bytes, bytes), 0);
	ck_assert_uint_eq(read_at(3, 1, 0, sizeof bytes, bytes), 0);
	kit_close(&k);
}
END_TEST

/* Appends of many sizes, with repetitions, against reads of any range. */
START_TEST(any_range_can_be_read)
{
	static unsigned char model[20000], bytes[20000];
	struct rand r = { 42 };
	size_t len = 0, i, n;
	uint64_t end;

	kit_open(&k, (enum store_kind)_i);
	for (i = 0; i < sizeof model; i++)
		model[i] = (unsigned char)rand_next(&r);
	for (i = 0; i < 60; i++) {
		size_t back = rand_below(&r, 50), more = rand_below(&r, 300);

		back = back > len ? len : back;
		ck_assert_int_eq(kit_append(&k, 5, len - back, model + len - back, back + more, &end), DTSS_OK);
		len += more;
		ck_assert_uint_eq(end, len);
	}
	for (i = 0; i < 200; i++) {
		uint64_t offset = rand_below(&r, len + 100);
		size_t want = rand_below(&r, len + 100), have = offset < len ? len - offset : 0;

		n = read_at(5, 1, offset, want, bytes);
		ck_assert_uint_eq(n, want < have ? want : have);
		ck_assert(n == 0 || memcmp(bytes, model + offset, n) == 0);
	}
	kit_close(&k);
}
END_TEST

START_TEST(a_chunk_over_its_limit_is_not_begun)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_APPEND };
	void *data = calloc(1, DTSS_LOG_CHUNK_MAX + 1);

	kit_open(&k, (enum store_kind)_i);
	op.u.log.fence = 1;
	op.u.log.stream = 1;
	op.u.log.data = data;
	op.u.log.len = DTSS_LOG_CHUNK_MAX + 1;
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_E_TOO_BIG);
	free(data);
	kit_close(&k);
}
END_TEST

/* The live bytes, the notice and the tail fit exactly; nothing beyond. */
START_TEST(a_stream_is_bounded)
{
	unsigned char *data = calloc(1, DTSS_LOG_CHUNK_MAX);
	uint64_t end = 0;

	kit_open(&k, (enum store_kind)_i);
	while (end < DTSS_LOG_STREAM_MAX)
		ck_assert_int_eq(kit_append(&k, 1, end, data, DTSS_LOG_CHUNK_MAX, &end), DTSS_OK);
	ck_assert_int_eq(kit_append(&k, 1, end, data, DTSS_LOG_CHUNK_MAX, &end), DTSS_E_TOO_BIG);
	ck_assert_uint_eq(end, DTSS_LOG_STREAM_MAX);
	ck_assert_int_eq(kit_append(&k, 1, end, data, STREAM_MAX - end, &end), DTSS_OK);
	ck_assert_uint_eq(end, STREAM_MAX);
	ck_assert_int_eq(kit_append(&k, 1, end, "x", 1, &end), DTSS_E_TOO_BIG);
	ck_assert_int_eq(kit_append(&k, 1, end - 1, data, 1, &end), DTSS_OK); /* it is stored */
	ck_assert_uint_eq(end, STREAM_MAX);
	ck_assert_uint_eq(read_at(1, 1, 0, DTSS_LOG_CHUNK_MAX, data), DTSS_LOG_CHUNK_MAX);
	ck_assert_uint_eq(read_at(1, 1, STREAM_MAX - 10, DTSS_LOG_CHUNK_MAX, data), 10);
	free(data);
	kit_close(&k);
}
END_TEST

START_TEST(bytes_are_borrowed_for_the_call)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_APPEND };
	struct dtss_store_done done;
	char data[] = "abc", bytes[8];
	int i;

	kit_open(&k, (enum store_kind)_i);
	op.u.log.fence = 1;
	op.u.log.stream = 1;
	op.u.log.data = data;
	op.u.log.len = 3;
	for (i = 0; i < 2; i++) { /* several wait together, and see each other */
		op.u.log.offset = 3 * (uint64_t)i;
		ck_assert_int_eq(k.store->ops->submit(k.store, &op, (uint64_t)i), DTSS_OK);
		memcpy(data, "def", 3);
	}
	for (i = 0; i < 2; i++) {
		kit_wait(&k, &done);
		ck_assert_int_eq(done.result, DTSS_OK);
		ck_assert_uint_eq(done.u.log.offset, 3 * ((uint64_t)i + 1));
	}
	ck_assert_uint_eq(read_at(1, 1, 0, sizeof bytes, bytes), 6);
	ck_assert_mem_eq(bytes, "abcdef", 6);
	kit_close(&k);
}
END_TEST

Suite *suite_conform_store_log(void)
{
	Suite *s = suite_create("conform/store_log");
	TCase *tc = tcase_create("every store");

	tcase_add_loop_test(tc, what_is_stored_already_is_skipped, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_gap_is_refused_and_says_where_it_goes_on, 0, STORE_KINDS);
	tcase_add_loop_test(tc, fences_and_streams_are_apart, 0, STORE_KINDS);
	tcase_add_loop_test(tc, any_range_can_be_read, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_chunk_over_its_limit_is_not_begun, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_stream_is_bounded, STORE_MEMORY, STORE_SQLITE + 1);
	tcase_add_loop_test(tc, bytes_are_borrowed_for_the_call, 0, STORE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}
