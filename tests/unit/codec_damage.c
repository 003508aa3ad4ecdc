/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/hash.h"
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_damage(void);

static uint8_t bytes[CODEC_SAMPLE_BYTES], out[CODEC_SAMPLE_BYTES];
static size_t len;

/* In a block of exactly that size, so that a sanitizer sees what is read beyond. Checks for leaks. */
static int decode(const struct codec_sample *sample, size_t size)
{
	struct fail_mem memory;
	uint8_t *exact = malloc(size > 0 ? size : 1);
	size_t out_len;
	int error;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	fail_mem_init(&memory, 0);
	error = sample->again(exact, size, &memory.mem, out, &out_len);
	ck_assert_uint_eq(memory.blocks, 0);
	free(exact);
	return error;
}

static void put32(uint8_t *p, uint32_t v)
{
	size_t i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* The header of wire.h with the sum of what is there now: damage that no sum betrays. */
static void seal(size_t size)
{
	put32(bytes + 8, (uint32_t)size);
	put32(bytes, hash_crc32c(0, bytes + 4, size - 4));
}

START_TEST(every_sample_comes_back_byte_by_byte)
{
	const struct codec_sample *sample = &codec_samples[_i];
	struct fail_mem memory;
	size_t again;

	fail_mem_init(&memory, 0);
	len = sample->encode(bytes, sizeof bytes);
	ck_assert_uint_le(len, sizeof bytes);
	ck_assert_int_eq(sample->again(bytes, len, &memory.mem, out, &again), DTSS_OK);
	ck_assert_uint_eq(again, len);
	ck_assert_mem_eq(out, bytes, len);
}
END_TEST

START_TEST(every_truncation_is_corrupt)
{
	const struct codec_sample *sample = &codec_samples[_i];
	size_t size;

	len = sample->encode(bytes, sizeof bytes);
	for (size = 0; size < len; size++)
		ck_assert_int_eq(decode(sample, size), DTSS_E_CORRUPT);
}
END_TEST

START_TEST(a_byte_too_many_is_corrupt)
{
	const struct codec_sample *sample = &codec_samples[_i];

	len = sample->encode(bytes, sizeof bytes);
	bytes[len] = 0;
	ck_assert_int_eq(decode(sample, len + 1), DTSS_E_CORRUPT);
}
END_TEST

START_TEST(every_flipped_bit_is_corrupt)
{
	const struct codec_sample *sample = &codec_samples[_i];
	size_t bit;

	len = sample->encode(bytes, sizeof bytes);
	for (bit = 0; bit < 8 * len; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(decode(sample, len), DTSS_E_CORRUPT);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

START_TEST(a_newer_format_is_said_to_be_one)
{
	const struct codec_sample *sample = &codec_samples[_i];

	len = sample->encode(bytes, sizeof bytes);
	bytes[4]++;
	seal(len);
	ck_assert_int_eq(decode(sample, len), DTSS_E_VERSION);
	bytes[4] = 0;
	seal(len);
	ck_assert_int_eq(decode(sample, len), DTSS_E_CORRUPT);
}
END_TEST

START_TEST(another_kind_or_flag_is_corrupt)
{
	const struct codec_sample *sample = &codec_samples[_i];

	len = sample->encode(bytes, sizeof bytes);
	bytes[7] = 0x80;
	seal(len);
	ck_assert_int_eq(decode(sample, len), DTSS_E_CORRUPT);
	bytes[7] = 0;
	bytes[5] = 200;
	seal(len);
	ck_assert_int_eq(decode(sample, len), DTSS_E_CORRUPT);
}
END_TEST

START_TEST(a_truncation_with_a_good_sum_is_corrupt)
{
	const struct codec_sample *sample = &codec_samples[_i];
	size_t size;

	len = sample->encode(bytes, sizeof bytes);
	if (strcmp(sample->name, "record_spec") == 0)
		return; /* what is inside has a sum of its own */
	for (size = 12; size < len; size++) {
		seal(size);
		ck_assert_int_eq(decode(sample, size), DTSS_E_CORRUPT);
	}
}
END_TEST

/* Counts, lengths, enumerations, NULs: whatever stands there, it is refused or decoded, within its bytes. */
START_TEST(any_byte_with_a_good_sum_is_refused_or_decoded)
{
	static const uint8_t values[] = { 0, 1, 0x40, 0x7f, 0x80, 0xff };
	const struct codec_sample *sample = &codec_samples[_i];
	size_t at, i;
	int error;

	len = sample->encode(bytes, sizeof bytes);
	for (at = 12; at < len; at++) {
		uint8_t before = bytes[at];

		for (i = 0; i < sizeof values; i++) {
			bytes[at] = values[i];
			seal(len);
			error = decode(sample, len);
			ck_assert(error == DTSS_OK || error == DTSS_E_CORRUPT || error == DTSS_E_VERSION);
		}
		bytes[at] = before;
	}
}
END_TEST

START_TEST(without_memory_nothing_is_left)
{
	const struct codec_sample *sample = &codec_samples[_i];
	struct fail_mem memory;
	size_t out_len;

	len = sample->encode(bytes, sizeof bytes);
	fail_mem_init(&memory, 1);
	ck_assert_int_eq(sample->again(bytes, len, &memory.mem, out, &out_len), DTSS_E_NOMEM);
	ck_assert_uint_eq(memory.count, 1);
	ck_assert_uint_eq(memory.blocks, 0);
}
END_TEST

START_TEST(no_byte_is_written_beyond_cap)
{
	const struct codec_sample *sample = &codec_samples[_i];
	size_t cap;

	len = sample->encode(NULL, 0);
	for (cap = 0; cap < len; cap++) {
		memset(bytes, 0x5a, len);
		ck_assert_uint_eq(sample->encode(bytes, cap), len);
		ck_assert_uint_eq(bytes[cap], 0x5a);
	}
	ck_assert_uint_eq(sample->encode(bytes, len), len);
	ck_assert_int_eq(decode(sample, len), DTSS_OK);
}
END_TEST

Suite *suite_unit_codec_damage(void)
{
	Suite *suite = suite_create("unit/codec_damage");
	TCase *tc = tcase_create("codec_damage");
	int count = (int)codec_sample_count;

	tcase_add_loop_test(tc, every_sample_comes_back_byte_by_byte, 0, count);
	tcase_add_loop_test(tc, every_truncation_is_corrupt, 0, count);
	tcase_add_loop_test(tc, a_byte_too_many_is_corrupt, 0, count);
	tcase_add_loop_test(tc, every_flipped_bit_is_corrupt, 0, count);
	tcase_add_loop_test(tc, a_newer_format_is_said_to_be_one, 0, count);
	tcase_add_loop_test(tc, another_kind_or_flag_is_corrupt, 0, count);
	tcase_add_loop_test(tc, a_truncation_with_a_good_sum_is_corrupt, 0, count);
	tcase_add_loop_test(tc, any_byte_with_a_good_sum_is_refused_or_decoded, 0, count);
	tcase_add_loop_test(tc, without_memory_nothing_is_left, 0, count);
	tcase_add_loop_test(tc, no_byte_is_written_beyond_cap, 0, count);
	suite_add_tcase(suite, tc);
	return suite;
}
