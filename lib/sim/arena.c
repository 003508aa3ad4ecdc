/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/*
 * Most of a run's blocks are small and short-lived, so they come from lists by size, cut from chunks that go with the
 * run:  16, 32, ... 512 bytes, then by powers of two. Sizes that are larger still have a chunk of their own.
 *
 * Where a sanitizer watches, each block is one of its own, and a chunk is there only for what cannot be had any more: then
 * the run ends at its next happening, as it does where there is no further chunk.
 */
#define ARENA_CHUNK 524288
#define ARENA_READY 131072 /* what one happening may need, and more */
#define ARENA_STEP 16
#define ARENA_STEPS 32 /* kinds of ARENA_STEP more each */
#define ARENA_LARGE (ARENA_STEP * ARENA_STEPS << (SIM_ARENA_CLASSES - ARENA_STEPS))

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_CHECKED 1
#endif
#endif
#ifndef ARENA_CHECKED
#define ARENA_CHECKED 0 /* 1: a sanitizer watches each block, so each is one of its own */
#endif

struct sim_chunk {
	struct sim_chunk *next;
	size_t size;
};

/* The list that serves this size, and how much room its blocks have. */
static size_t arena_class(size_t size, size_t *ret_room)
{
	size_t kind = (size + ARENA_STEP - 1) / ARENA_STEP - 1;
	size_t room = ARENA_STEP * ARENA_STEPS;

	if (kind < ARENA_STEPS) {
		*ret_room = (kind + 1) * ARENA_STEP;
		return kind;
	}
	for (kind = ARENA_STEPS - 1; room < size; kind++)
		room *= 2;
	*ret_room = room;
	return kind;
}

/* NULL: no memory. */
static void *arena_chunk(struct sim_arena *a, size_t size)
{
	struct sim_chunk *chunk = a->from->alloc(a->from->ctx, sizeof *chunk + size);

	if (!chunk)
		return NULL;
	chunk->size = sizeof *chunk + size;
	chunk->next = a->chunks;
	a->chunks = chunk;
	return chunk + 1;
}

int arena_ready(struct sim_arena *a)
{
	uint8_t *chunk;

	if (a->failed)
		return 0;
	if (a->left >= ARENA_READY)
		return 1;
	chunk = arena_chunk(a, ARENA_CHUNK);
	if (!chunk)
		return 0;
	a->at = chunk;
	a->left = ARENA_CHUNK;
	return 1;
}

/* A block that was never used. */
static void *arena_cut(struct sim_arena *a, size_t room)
{
	void *block = a->at;

	if (room > a->left)
		return arena_chunk(a, room);
	a->at += room;
	a->left -= room;
	return block;
}

/* Is it of a chunk, though each block is one of its own? */
static int arena_spare(const struct sim_arena *a, const void *block)
{
	const struct sim_chunk *chunk;
	uintptr_t at = (uintptr_t)block;

	for (chunk = a->chunks; chunk; chunk = chunk->next)
		if (at - (uintptr_t)chunk < chunk->size)
			return 1;
	return 0;
}

static void *arena_own(struct sim_arena *a, size_t size)
{
	void *block = a->from->alloc(a->from->ctx, size);

	if (block || !ARENA_CHECKED)
		return block;
	a->failed = 1;
	return arena_cut(a, (size + ARENA_STEP - 1) / ARENA_STEP * ARENA_STEP);
}

/* For engines: NULL, there is no memory. */
static void *arena_get(struct sim_arena *a, size_t size)
{
	size_t kind, room;
	void *block;

	DTSS_ASSERT(size > 0);
	if (ARENA_CHECKED || size > ARENA_LARGE) {
		block = arena_own(a, size);
	} else {
		kind = arena_class(size, &room);
		block = a->free[kind];
		if (block)
			memcpy(&a->free[kind], block, sizeof block);
		else
			block = arena_cut(a, room);
	}
	a->live += block ? size : 0;
	return block;
}

void *arena_alloc(struct sim_arena *a, size_t size)
{
	void *block = arena_get(a, size);

	DTSS_ASSERT(block != NULL);
	return block;
}

void arena_free(struct sim_arena *a, void *block, size_t size)
{
	size_t kind, room;

	DTSS_ASSERT(size > 0 && size <= a->live);
	a->live -= size;
	if (ARENA_CHECKED || size > ARENA_LARGE) {
		if (!a->failed || !arena_spare(a, block))
			a->from->release(a->from->ctx, block, size);
		return;
	}
	kind = arena_class(size, &room);
	memcpy(block, &a->free[kind], sizeof block);
	a->free[kind] = block;
}

static void *arena_op_alloc(void *ctx, size_t size)
{
	return arena_get(ctx, size);
}

static void arena_op_release(void *ctx, void *block, size_t size)
{
	arena_free(ctx, block, size);
}

static void *arena_op_realloc(void *ctx, void *block, size_t old_size, size_t new_size)
{
	void *moved = arena_get(ctx, new_size);

	if (!moved)
		return NULL;
	memcpy(moved, block, old_size < new_size ? old_size : new_size);
	arena_free(ctx, block, old_size);
	return moved;
}

void arena_init(struct sim_arena *a, const struct dtss_mem *from)
{
	memset(a, 0, sizeof *a);
	a->from = from;
	a->mem.ctx = a;
	a->mem.alloc = arena_op_alloc;
	a->mem.realloc = arena_op_realloc;
	a->mem.release = arena_op_release;
}

void arena_fini(struct sim_arena *a)
{
	struct sim_chunk *chunk, *next;

	for (chunk = a->chunks; chunk; chunk = next) {
		next = chunk->next;
		a->from->release(a->from->ctx, chunk, chunk->size);
	}
	a->chunks = NULL;
}
