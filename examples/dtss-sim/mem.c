/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <string.h>

/*
 * Memory for seeds, one after the other: each wants the same few large blocks, and the system would take them back and
 * clear them anew each time. Here they are kept, by their size, for the next seed.
 */
#define KEEP_LEAST 131072 /* what is smaller malloc() keeps by itself */
#define KEEP_MAX 64       /* blocks: some 32 MiB */

struct kept {
	void *block;
	size_t size;
};

static struct kept kept[KEEP_MAX];
static size_t kept_count;

static void *keep_alloc(void *ctx, size_t size)
{
	const struct dtss_mem *libc = dtss_mem_libc();

	(void)ctx;
	for (size_t i = kept_count; size >= KEEP_LEAST && i-- > 0;) {
		if (kept[i].size == size) {
			void *block = kept[i].block;

			kept[i] = kept[--kept_count];
			return block;
		}
	}
	return libc->alloc(libc->ctx, size);
}

static void keep_release(void *ctx, void *block, size_t size)
{
	const struct dtss_mem *libc = dtss_mem_libc();

	(void)ctx;
	if (size < KEEP_LEAST || kept_count == KEEP_MAX)
		libc->release(libc->ctx, block, size);
	else
		kept[kept_count++] = (struct kept){ .block = block, .size = size };
}

static void *keep_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	void *moved = keep_alloc(ctx, new_size);

	if (!moved)
		return NULL;
	memcpy(moved, block, old_size < new_size ? old_size : new_size);
	keep_release(ctx, block, old_size);
	return moved;
}

const struct dtss_mem *mem_kept(void)
{
	static const struct dtss_mem mem = { .alloc = keep_alloc, .realloc = keep_realloc, .release = keep_release };

	return &mem;
}
