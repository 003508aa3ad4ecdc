/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_HASH_H
#define DTSS_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein 2012), 64 bit, the same on every byte order. */
uint64_t hash_bytes(uint64_t key0, uint64_t key1, const void *data, size_t len);
/* SipHash-1-3, of words that come one after the other: as if their bytes, lowest first, stood in a row. */
struct hash_stream {
	uint64_t v[4];
	uint64_t len;
};

void hash_stream_begin(struct hash_stream *h, uint64_t key0, uint64_t key1);
void hash_stream_add(struct hash_stream *h, const uint64_t *words, size_t count);
uint64_t hash_stream_end(const struct hash_stream *h);
/* SplitMix64's finalizer (Steele, Lea, Flood 2014): spreads one word; not against an adversary. */
uint64_t hash_word(uint64_t word);
/* CRC-32C (Castagnoli), reflected, as in iSCSI; crc is 0 at the beginning or the result so far. */
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t len);
/* Of two at once, from the beginning: neither waits for the other, so that both take little longer than one. */
void hash_crc32c_two(const void *a, size_t a_len, const void *b, size_t b_len, uint32_t ret_crc[2]);

#endif
