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
	k->mem = mem;
	k->chunks = NULL;
	k->used = k->total = 0;
	k->failed = 0;
	k->near_used = 0;
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

/* The next size bytes of the room, of which the first used are taken; NULL: they do not fit. */
static void *keep_from(unsigned char *room, size_t room_size, size_t used, size_t size, size_t *ret_used)
{
	size_t at = used + (size_t)(-(uintptr_t)(room + used) % KEEP_ALIGN);

	if (at > room_size || size > room_size - at)
		return NULL;
	*ret_used = at + size;
	return memset(room + at, 0, size);
}

void *keep_take(struct keep *k, size_t size)
{
	size_t used = k->near_used;
	void *taken = NULL;

	if (k->failed || size == 0)
		return NULL;
	if (k->chunks == NULL) {
		taken = keep_from(k->near, sizeof k->near, used, size, &used);
		k->near_used = (unsigned)used;
	} else {
		taken = keep_from(k->chunks->data, k->chunks->size, k->used, size, &k->used);
	}
	if (taken != NULL)
		return taken;
	if (size > SIZE_MAX / 2 || keep_grow(k, size + KEEP_ALIGN) != 0) {
		k->failed = 1;
		return NULL;
	}
	taken = keep_from(k->chunks->data, k->chunks->size, 0, size, &k->used);
	DTSS_ASSERT(taken != NULL && k->used <= k->chunks->size);
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
