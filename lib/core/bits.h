/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_BITS_H
#define DTSS_CORE_BITS_H

#include <stdint.h>

/*
 * The number of the lowest bit that is set; word is not 0. A de Bruijn sequence (Leiserson, Prokop, Randall 1998)
 * rather than a builtin, so that every C99 compiler has it, without a call into its run-time library.
 */
static inline unsigned bits_lowest(uint64_t word)
{
	static const uint8_t place[64] = {
		0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
		43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
		44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
	};
	return place[((word & (0 - word)) * UINT64_C(0x03f79d71b4cb0a89)) >> 58];
}

#endif
