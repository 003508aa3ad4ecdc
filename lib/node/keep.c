/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "node/keep.h"

#define KEEP_CHUNK_MIN 1008 /* most answers fit one chunk; with its header, what allocators still keep at hand */
#define KEEP_ALIGN 16       /* of any type that is copied here */

struct keep_chunk {
	struct keep_chunk *next;
	size_t size; /* of data */
	unsigned char data[];
};

void keep_init(struct keep *k, const struct dtss_mem *mem)
{
	DTSS_ASSERT(mem != NULL);
	memset(k, 0, sizeof *k);
	k->mem = mem;
}

void keep_fini(struct keep *k)
{
	while (k->chunks != NULL) {
		struct keep_chunk *chunk = k->chunks;

		k->chunks = chunk->next;
		k->mem->release(k->mem->ctx, chunk, sizeof *chunk + chunk->size);
	}
}

/* A chunk that has room for size; they double, so that a big answer needs few of them. */
static int keep_grow(struct keep *k, size_t size)
{
	size_t want = k->chunks != NULL ? k->chunks->size * 2 : KEEP_CHUNK_MIN;
	struct keep_chunk *chunk;

	if (want < size)
		want = size;
	if (want > SIZE_MAX - sizeof *chunk)
		return DTSS_E_NOMEM;
	chunk = k->mem->alloc(k->mem->ctx, sizeof *chunk + want);
	if (chunk == NULL)
		return DTSS_E_NOMEM;
	chunk->next = k->chunks;
	chunk->size = want;
	k->chunks = chunk;
	k->used = 0;
	k->total += want;
	return 0;
}

void *keep_take(struct keep *k, size_t size)
{
	size_t offset;
	void *taken;

	if (k->failed || size == 0)
		return NULL;
	if (size > SIZE_MAX / 2 || k->chunks == NULL || k->chunks->size - k->used < size + KEEP_ALIGN) {
		if (size > SIZE_MAX / 2 || keep_grow(k, size + KEEP_ALIGN) != 0) {
			k->failed = 1;
			return NULL;
		}
	}
	offset = (size_t)((uintptr_t)(k->chunks->data + k->used) % KEEP_ALIGN);
	taken = k->chunks->data + k->used + (offset != 0 ? KEEP_ALIGN - offset : 0);
	k->used = (size_t)((unsigned char *)taken - k->chunks->data) + size;
	DTSS_ASSERT(k->used <= k->chunks->size);
	memset(taken, 0, size);
	return taken;
}

void *keep_array(struct keep *k, size_t count, size_t element)
{
	DTSS_ASSERT(element > 0);
	if (count > SIZE_MAX / element) {
		k->failed = 1;
		return NULL;
	}
	return keep_take(k, count * element);
}

void *keep_bytes(struct keep *k, const void *data, size_t len)
{
	void *copy = keep_take(k, len);

	if (copy != NULL)
		memcpy(copy, data, len);
	return copy;
}

const char *keep_string(struct keep *k, const char *text)
{
	return text != NULL ? keep_bytes(k, text, strlen(text) + 1) : NULL;
}
