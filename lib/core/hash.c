/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/wire.h"
#include "core/hash.h"

static inline uint64_t hash_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void hash_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = hash_rotate(v[1], 13) ^ v[0];
	v[3] = hash_rotate(v[3], 16) ^ v[2];
	v[0] = hash_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = hash_rotate(v[1], 17) ^ v[2];
	v[3] = hash_rotate(v[3], 21) ^ v[0];
	v[2] = hash_rotate(v[2], 32);
}

static inline void hash_sip_word(uint64_t v[4], uint64_t word, unsigned rounds)
{
	v[3] ^= word;
	for (; rounds > 0; rounds--)
		hash_sip_round(v);
	v[0] ^= word;
}

static inline uint64_t hash_sip_end(uint64_t v[4], uint64_t last, unsigned rounds, unsigned end_rounds)
{
	hash_sip_word(v, last, rounds);
	v[2] ^= 0xff;
	for (; end_rounds > 0; end_rounds--)
		hash_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#define HASH_SIP_BEGIN(key0, key1)                                                                                     \
	{                                                                                                              \
		0x736f6d6570736575 ^ (key0), 0x646f72616e646f6d ^ (key1), 0x6c7967656e657261 ^ (key0),                 \
			0x7465646279746573 ^ (key1)                                                                    \
	}

uint64_t hash_bytes(uint64_t key0, uint64_t key1, const void *data, size_t len)
{
	uint64_t v[4] = HASH_SIP_BEGIN(key0, key1);
	uint64_t last = (uint64_t)(len & 0xff) << 56;
	const uint8_t *p = data;
	size_t i, rest = len % 8;

	for (i = 0; i + 8 <= len; i += 8)
		hash_sip_word(v, wire_load64(p + i), 2);
	if (rest > 0 && len > 8) {
		last |= wire_load64(p + len - 8) >> (64 - 8 * rest); /* some of them once more, shifted out */
	} else {
		for (i = 0; i < rest; i++)
			last |= (uint64_t)p[i] << (8 * i);
	}
	return hash_sip_end(v, last, 2, 4);
}

void hash_stream_begin(struct hash_stream *h, uint64_t key0, uint64_t key1)
{
	const uint64_t v[4] = HASH_SIP_BEGIN(key0, key1);

	memcpy(h->v, v, sizeof v);
	h->len = 0;
}

void hash_stream_add(struct hash_stream *h, const uint64_t *words, size_t count)
{
	uint64_t v[4];
	size_t i;

	memcpy(v, h->v, sizeof v); /* stays in registers */
	for (i = 0; i < count; i++)
		hash_sip_word(v, words[i], 1);
	memcpy(h->v, v, sizeof v);
	h->len += 8 * (uint64_t)count;
}

uint64_t hash_stream_end(const struct hash_stream *h)
{
	uint64_t v[4];

	memcpy(v, h->v, sizeof v);
	return hash_sip_end(v, (h->len & 0xff) << 56, 1, 3);
}

uint64_t hash_word(uint64_t word)
{
	word += 0x9e3779b97f4a7c15;
	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
	word = (word ^ word >> 27) * 0x94d049bb133111eb;
	return word ^ word >> 31;
}

/*
 * The CRC, eight bytes at a time (Kounavis, Berry 2005): table k holds what a byte becomes after k more bytes of zeros.
 * A CRC is linear, so an entry is the exclusive or of its bits' entries, and those are 64 successive shifts of the
 * polynomial, 0x82f63b78: the compiler makes the tables from the 64 numbers below.
 */
#define HASH_BIT(x, i, c) ((((x) >> (i)) & 1u) * UINT32_C(c))
#define HASH_T(x, c0, c1, c2, c3, c4, c5, c6, c7)                                                                      \
	(HASH_BIT(x, 0, c0) ^ HASH_BIT(x, 1, c1) ^ HASH_BIT(x, 2, c2) ^ HASH_BIT(x, 3, c3) ^ HASH_BIT(x, 4, c4) ^      \
	 HASH_BIT(x, 5, c5) ^ HASH_BIT(x, 6, c6) ^ HASH_BIT(x, 7, c7))
#define HASH_T0(x)                                                                                                     \
	HASH_T(x, 0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78)
#define HASH_T1(x)                                                                                                     \
	HASH_T(x, 0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9)
#define HASH_T2(x)                                                                                                     \
	HASH_T(x, 0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743)
#define HASH_T3(x)                                                                                                     \
	HASH_T(x, 0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f)
#define HASH_T4(x)                                                                                                     \
	HASH_T(x, 0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c)
#define HASH_T5(x)                                                                                                     \
	HASH_T(x, 0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6)
#define HASH_T6(x)                                                                                                     \
	HASH_T(x, 0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4)
#define HASH_T7(x)                                                                                                     \
	HASH_T(x, 0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664)
#define HASH_4(t, x) t(x), t((x) + 1u), t((x) + 2u), t((x) + 3u)
#define HASH_16(t, x) HASH_4(t, x), HASH_4(t, (x) + 4u), HASH_4(t, (x) + 8u), HASH_4(t, (x) + 12u)
#define HASH_64(t, x) HASH_16(t, x), HASH_16(t, (x) + 16u), HASH_16(t, (x) + 32u), HASH_16(t, (x) + 48u)
#define HASH_256(t) HASH_64(t, 0u), HASH_64(t, 64u), HASH_64(t, 128u), HASH_64(t, 192u)

static const uint32_t hash_crc_table[8][256] = { { HASH_256(HASH_T0) }, { HASH_256(HASH_T1) }, { HASH_256(HASH_T2) },
						 { HASH_256(HASH_T3) }, { HASH_256(HASH_T4) }, { HASH_256(HASH_T5) },
						 { HASH_256(HASH_T6) }, { HASH_256(HASH_T7) } };

/* Only the first four bytes meet the sum so far: theirs come last, so that nothing else waits for it. */
static inline uint32_t hash_crc_word(uint64_t word, uint32_t crc)
{
	uint32_t low = (uint32_t)word ^ crc, high = (uint32_t)(word >> 32);
	uint32_t rest = hash_crc_table[3][high & 0xff] ^ hash_crc_table[2][high >> 8 & 0xff] ^
			hash_crc_table[1][high >> 16 & 0xff] ^ hash_crc_table[0][high >> 24];

	return (rest ^ hash_crc_table[4][low >> 24] ^ hash_crc_table[5][low >> 16 & 0xff]) ^
	       (hash_crc_table[6][low >> 8 & 0xff] ^ hash_crc_table[7][low & 0xff]);
}

uint32_t hash_crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t before;
	size_t i;

	for (crc = ~crc; len >= 8; len -= 8, p += 8)
		crc = hash_crc_word(wire_load64(p), crc);
	before = crc;
	crc = (uint32_t)(before >> 8 * len);
	for (i = 0; i < len; i++) /* none waits for another */
		crc ^= hash_crc_table[len - 1 - i][(before >> 8 * i ^ p[i]) & 0xff];
	return ~crc;
}

void hash_crc32c_two(const void *a, size_t a_len, const void *b, size_t b_len, uint32_t ret_crc[2])
{
	size_t i, both = (a_len < b_len ? a_len : b_len) / 8 * 8;
	const uint8_t *p = a, *q = b;
	uint32_t x = ~(uint32_t)0, y = ~(uint32_t)0;

	for (i = 0; i < both; i += 8) {
		x = hash_crc_word(wire_load64(p + i), x);
		y = hash_crc_word(wire_load64(q + i), y);
	}
	ret_crc[0] = hash_crc32c(~x, p + both, a_len - both);
	ret_crc[1] = hash_crc32c(~y, q + both, b_len - both);
}
