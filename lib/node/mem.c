/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <dtss/mem.h>

static void *mem_libc_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void *mem_libc_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	(void)ctx;
	(void)old_size;
	return realloc(block, new_size);
}

static void mem_libc_release(void *ctx, void *block, size_t size)
{
	(void)ctx;
	(void)size;
	free(block);
}

const struct dtss_mem *dtss_mem_libc(void)
{
	static const struct dtss_mem mem = { NULL, mem_libc_alloc, mem_libc_realloc, mem_libc_release };

	return &mem;
}
