/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/block.h"
#include "core/check.h"

#define BLOCK_ALIGN 16 /* as much as any type of ours needs, on every machine */

static size_t block_round(size_t size)
{
	return (size + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
}

void block_init(struct block *b)
{
	b->start = NULL;
	b->used = BLOCK_ALIGN; /* the size itself */
	b->size = BLOCK_ALIGN;
}

void block_add(struct block *b, size_t count, size_t elem_size)
{
	DTSS_ASSERT(b->start == NULL);
	DTSS_ASSERT(count < SIZE_MAX / 2 / elem_size); /* counts are bounded by the bytes that they were read from */
	b->size += block_round(count * elem_size);
}

int block_alloc(struct block *b, const struct dtss_mem *mem)
{
	DTSS_ASSERT(b->start == NULL);
	b->start = mem->alloc(mem->ctx, b->size);
	if (b->start == NULL)
		return DTSS_E_NOMEM;
	memset(b->start, 0, b->size);
	memcpy(b->start, &b->size, sizeof b->size);
	return DTSS_OK;
}

void *block_take(struct block *b, size_t count, size_t elem_size)
{
	size_t size = block_round(count * elem_size);

	DTSS_ASSERT(b->start != NULL);
	DTSS_ASSERT(size <= b->size - b->used);
	if (count == 0)
		return NULL;
	b->used += size;
	return b->start + b->used - size;
}

void block_free(void *object, const struct dtss_mem *mem)
{
	uint8_t *start;
	size_t size;

	if (object == NULL)
		return;
	start = (uint8_t *)object - BLOCK_ALIGN;
	memcpy(&size, start, sizeof size);
	DTSS_ASSERT(size > BLOCK_ALIGN);
	mem->release(mem->ctx, start, size);
}
