/* SPDX-License-Identifier: MIT */
#include "fuzz/support/fuzz.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

uint8_t fuzz_byte(struct fuzz_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

uint32_t fuzz_u16(struct fuzz_in *in)
{
	uint32_t low = fuzz_byte(in);

	return low | (uint32_t)fuzz_byte(in) << 8;
}

uint64_t fuzz_u64(struct fuzz_in *in)
{
	unsigned bytes = fuzz_byte(in) % 9, i;
	uint64_t v = 0;

	for (i = 0; i < bytes; i++)
		v |= (uint64_t)fuzz_byte(in) << (8 * i);
	return v;
}

uint64_t fuzz_below(struct fuzz_in *in, uint64_t limit)
{
	ck_assert_uint_gt(limit, 0);
	if (limit <= 256)
		return fuzz_byte(in) % limit;
	return (limit <= 65536 ? fuzz_u16(in) : fuzz_u64(in)) % limit;
}

const uint8_t *fuzz_take(struct fuzz_in *in, size_t len, size_t *ret_len)
{
	const uint8_t *p = in->p;

	*ret_len = len < in->left ? len : in->left;
	in->p += *ret_len;
	in->left -= *ret_len;
	return p;
}

const char *fuzz_string(struct fuzz_in *in, char *buf, size_t cap)
{
	size_t want = fuzz_below(in, cap), len, i;
	const uint8_t *p = fuzz_take(in, want, &len);

	for (i = 0; i < len; i++)
		buf[i] = p[i] ? (char)p[i] : '0';
	buf[len] = '\0';
	return buf;
}

uint8_t *fuzz_copy(const void *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	ck_assert_ptr_nonnull(copy);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

static struct dtss_mem whole; /* what fail_mem does itself */
static int *refused;

static void *small_alloc(void *ctx, size_t size)
{
	if (size <= FUZZ_BLOCK_MAX)
		return whole.alloc(ctx, size);
	*refused = 1;
	return NULL;
}

static void *small_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	if (new_size <= FUZZ_BLOCK_MAX)
		return whole.realloc(ctx, block, old_size, new_size);
	*refused = 1;
	return NULL;
}

void fuzz_mem_init(struct fail_mem *memory, int *ret_refused)
{
	fail_mem_init(memory, 0);
	whole = memory->mem;
	memory->mem.alloc = small_alloc;
	memory->mem.realloc = small_realloc;
	refused = ret_refused;
	*refused = 0;
}
