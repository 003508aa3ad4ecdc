/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/hash.h"

Suite *suite_unit_hash(void);

/* The reference implementation's vectors: key 00..0f, data 00..(n-1). */
static uint64_t sip(size_t len)
{
	uint8_t data[64];
	size_t i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	return hash_bytes(0x0706050403020100, 0x0f0e0d0c0b0a0908, data, len);
}

START_TEST(siphash_gives_the_published_values)
{
	ck_assert_uint_eq(sip(0), 0x726fdb47dd0e0e31);
	ck_assert_uint_eq(sip(1), 0x74f839c593dc67fd);
	ck_assert_uint_eq(sip(7), 0xab0200f58b01d137);
	ck_assert_uint_eq(sip(8), 0x93f5f5799a932462);
	ck_assert_uint_eq(sip(15), 0xa129ca6149be45e5);
	ck_assert_uint_eq(sip(63), 0x958a324ceb064572);
}
END_TEST

START_TEST(siphash_depends_on_both_keys)
{
	ck_assert_uint_ne(hash_bytes(1, 2, "x", 1), hash_bytes(2, 1, "x", 1));
	ck_assert_uint_ne(hash_bytes(1, 2, "x", 1), hash_bytes(1, 3, "x", 1));
}
END_TEST

/* SipHash-1-3 with the key and the data of the vectors above. */
START_TEST(a_stream_of_words_is_hashed_as_its_bytes)
{
	static const uint64_t words[4] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110,
					   0x1f1e1d1c1b1a1918 };
	static const uint64_t expected[5] = { 0xabac0158050fc4dc, 0x369095118d299a8e, 0xcc4fdd1a7d908b66,
					      0xf464aeb267349c8c, 0x81157b6c16a7b60d };
	size_t count, first;

	for (count = 0; count <= 4; count++)
		for (first = 0; first <= count; first++) {
			struct hash_stream h;

			hash_stream_begin(&h, 0x0706050403020100, 0x0f0e0d0c0b0a0908);
			hash_stream_add(&h, words, first);
			hash_stream_add(&h, words + first, count - first);
			ck_assert_uint_eq(hash_stream_end(&h), expected[count]);
		}
}
END_TEST

/* RFC 3720, B.4 */
START_TEST(crc32c_gives_the_published_values)
{
	uint8_t data[32];
	size_t i;

	ck_assert_uint_eq(hash_crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(hash_crc32c(0, "", 0), 0);
	memset(data, 0, sizeof data);
	ck_assert_uint_eq(hash_crc32c(0, data, 32), 0x8a9136aa);
	memset(data, 0xff, sizeof data);
	ck_assert_uint_eq(hash_crc32c(0, data, 32), 0x62a8ab43);
	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	ck_assert_uint_eq(hash_crc32c(0, data, 32), 0x46dd794e);
	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(31 - i);
	ck_assert_uint_eq(hash_crc32c(0, data, 32), 0x113fdb5c);
}
END_TEST

START_TEST(crc32c_in_two_parts_is_that_of_the_whole)
{
	const char text[] = "The quick brown fox jumps over the lazy dog";
	size_t len = strlen(text), i;

	for (i = 0; i <= len; i++)
		ck_assert_uint_eq(hash_crc32c(hash_crc32c(0, text, i), text + i, len - i), 0x22620404);
}
END_TEST

/* The first outputs of SplitMix64 from the state 0 and from 1234567. */
START_TEST(hash_word_gives_the_published_values)
{
	ck_assert_uint_eq(hash_word(0), 0xe220a8397b1dcdaf);
	ck_assert_uint_eq(hash_word(1234567), 6457827717110365317u);
}
END_TEST

START_TEST(two_sums_at_once_are_those_of_each)
{
	uint8_t data[128];
	size_t i, a, b;
	uint32_t two[2];

	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	for (a = 0; a <= 40; a++)
		for (b = 0; b <= 40; b++) {
			hash_crc32c_two(data, a, data + 41, b, two);
			ck_assert_uint_eq(two[0], hash_crc32c(0, data, a));
			ck_assert_uint_eq(two[1], hash_crc32c(0, data + 41, b));
		}
}
END_TEST

Suite *suite_unit_hash(void)
{
	Suite *suite = suite_create("unit/hash");
	TCase *tc = tcase_create("hash");

	tcase_add_test(tc, siphash_gives_the_published_values);
	tcase_add_test(tc, siphash_depends_on_both_keys);
	tcase_add_test(tc, a_stream_of_words_is_hashed_as_its_bytes);
	tcase_add_test(tc, crc32c_gives_the_published_values);
	tcase_add_test(tc, crc32c_in_two_parts_is_that_of_the_whole);
	tcase_add_test(tc, two_sums_at_once_are_those_of_each);
	tcase_add_test(tc, hash_word_gives_the_published_values);
	suite_add_tcase(suite, tc);
	return suite;
}
