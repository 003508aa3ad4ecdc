/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "bench/bench.h"

static void *memory_alloc(void *ctx, size_t size)
{
	struct bench_mem *m = ctx;
	void *block = malloc(size);

	if (!block)
		return NULL;
	m->calls++;
	m->blocks++;
	m->bytes += size;
	if (m->bytes > m->peak)
		m->peak = m->bytes;
	return block;
}

static void *memory_realloc(void *ctx, void *old, size_t old_size, size_t new_size)
{
	struct bench_mem *m = ctx;
	void *block = realloc(old, new_size);

	if (!block)
		return NULL;
	m->calls++;
	m->blocks += old == NULL;
	m->bytes += new_size - old_size;
	if (m->bytes > m->peak)
		m->peak = m->bytes;
	return block;
}

static void memory_release(void *ctx, void *block, size_t size)
{
	struct bench_mem *m = ctx;

	m->blocks--;
	m->bytes -= size;
	free(block);
}

void bench_mem_init(struct bench_mem *m)
{
	*m = (struct bench_mem){ .mem = { m, memory_alloc, memory_realloc, memory_release } };
}

void *bench_alloc(size_t size)
{
	void *block = calloc(1, size);

	bench_must(block ? 0 : DTSS_E_NOMEM, "memory for the bench");
	return block;
}
