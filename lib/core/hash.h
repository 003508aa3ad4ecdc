/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_HASH_H
#define DTSS_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein 2012), 64 bit, the same on every byte order. */
uint64_t hash_bytes(uint64_t key0, uint64_t key1, const void *data, size_t len);
/* A chain: the hash of each word's eight bytes, lowest first, is key0 of the next. */
uint64_t hash_chain(uint64_t key0, const uint64_t *words, size_t count);
/* SplitMix64's finalizer (Steele, Lea, Flood 2014): spreads one word; not against an adversary. */
uint64_t hash_word(uint64_t word);
/* CRC-32C (Castagnoli), reflected, as in iSCSI; crc is 0 at the beginning or the result so far. */
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t len);

#endif
