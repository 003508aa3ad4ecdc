/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fail_mem.h"

#define FAIL_MEM_RUBBISH 0xa5
#define FAIL_MEM_HEADER 16 /* keeps the block aligned for any type */

static int fail_mem_due(struct fail_mem *f)
{
	f->count++;
	return f->fail_at > 0 && (f->fail_on ? f->count >= f->fail_at : f->count == f->fail_at);
}

static void *fail_mem_alloc(void *ctx, size_t size)
{
	struct fail_mem *f = ctx;
	unsigned char *block;

	ck_assert_uint_gt(size, 0);
	if (fail_mem_due(f) || (f->most > 0 && size > f->most))
		return NULL;
	block = malloc(FAIL_MEM_HEADER + size);
	ck_assert_ptr_nonnull(block);
	memcpy(block, &size, sizeof size);
	memset(block + FAIL_MEM_HEADER, FAIL_MEM_RUBBISH, size);
	f->blocks++;
	f->bytes += size;
	if (f->bytes > f->bytes_max)
		f->bytes_max = f->bytes;
	return block + FAIL_MEM_HEADER;
}

static void fail_mem_release(void *ctx, void *block, size_t size)
{
	struct fail_mem *f = ctx;
	unsigned char *start = (unsigned char *)block - FAIL_MEM_HEADER;
	size_t known;

	ck_assert_ptr_nonnull(block);
	memcpy(&known, start, sizeof known);
	ck_assert_uint_eq(known, size);
	f->blocks--;
	f->bytes -= size;
	memset(start, FAIL_MEM_RUBBISH, FAIL_MEM_HEADER + size);
	free(start);
}

static void *fail_mem_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	void *moved = fail_mem_alloc(ctx, new_size);

	if (moved == NULL || block == NULL)
		return moved;
	memcpy(moved, block, old_size < new_size ? old_size : new_size);
	fail_mem_release(ctx, block, old_size);
	return moved;
}

void fail_mem_init(struct fail_mem *f, size_t fail_at)
{
	memset(f, 0, sizeof *f);
	f->mem.ctx = f;
	f->mem.alloc = fail_mem_alloc;
	f->mem.realloc = fail_mem_realloc;
	f->mem.release = fail_mem_release;
	f->fail_at = fail_at;
}
