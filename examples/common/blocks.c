/* SPDX-License-Identifier: MIT */
#include "common/blocks.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define KEPT_BYTES 0 /* it finds who uses what was freed */
#else
#define KEPT_BYTES BLOCKS_KEPT_BYTES
#endif

/* Which of the lists: the shortest length that has room for size. */
static size_t list_of(size_t size)
{
	return (size + BLOCKS_STEP / 2 - 1) / BLOCKS_STEP;
}

static size_t length_of(size_t list)
{
	return list * BLOCKS_STEP + BLOCKS_STEP / 2;
}

static void *blocks_alloc(void *ctx, size_t size)
{
	struct blocks *blocks = ctx;
	size_t list = list_of(size);
	void *block;

	if (size > BLOCKS_LEN_MAX)
		return malloc(size);
	block = blocks->kept[list];
	if (!block)
		return malloc(length_of(list));
	memcpy(&blocks->kept[list], block, sizeof block); /* the next one's address */
	blocks->bytes -= length_of(list);
	return block;
}

static void blocks_release(void *ctx, void *block, size_t size)
{
	struct blocks *blocks = ctx;
	size_t list = list_of(size);

	if (size > BLOCKS_LEN_MAX || blocks->bytes + length_of(list) > KEPT_BYTES) {
		free(block);
		return;
	}
	memcpy(block, &blocks->kept[list], sizeof block);
	blocks->kept[list] = block;
	blocks->bytes += length_of(list);
}

static void *blocks_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	void *moved;

	if (old_size > BLOCKS_LEN_MAX && new_size > BLOCKS_LEN_MAX)
		return realloc(block, new_size);
	if (old_size <= BLOCKS_LEN_MAX && list_of(old_size) == list_of(new_size))
		return block;
	moved = blocks_alloc(ctx, new_size);
	if (!moved)
		return NULL;
	memcpy(moved, block, old_size < new_size ? old_size : new_size);
	blocks_release(ctx, block, old_size);
	return moved;
}

void blocks_init(struct blocks *blocks)
{
	*blocks = (struct blocks){ .mem = { blocks, blocks_alloc, blocks_realloc, blocks_release } };
}

void blocks_fini(struct blocks *blocks)
{
	for (size_t list = 0; list < BLOCKS_LENGTHS; list++) {
		void *next;

		for (void *block = blocks->kept[list]; block; block = next) {
			memcpy(&next, block, sizeof next);
			free(block);
		}
	}
}
