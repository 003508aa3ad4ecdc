/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_BLOCK_H
#define DTSS_CODEC_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>

/*
 * What a decoder makes is one allocation: the struct, and behind it its arrays. Its size stands in front of it, since an
 * allocator wants it back.
 *
 *      [ size | struct | array | array ... ]
 *             ^ what the caller gets
 */
struct block {
	uint8_t *start;
	size_t used;
	size_t size;
};

/* First the sum of what will be taken ... */
void block_add(struct block *b, size_t count, size_t elem_size);
/* ... then the memory. DTSS_E_NOMEM. */
int block_alloc(struct block *b, const struct dtss_mem *mem);
/* Zeroed and aligned for any type; NULL when count is 0. The first that is taken is what block_free() wants. */
void *block_take(struct block *b, size_t count, size_t elem_size);
void block_free(void *object, const struct dtss_mem *mem); /* NULL is fine */
void block_init(struct block *b);

#endif
