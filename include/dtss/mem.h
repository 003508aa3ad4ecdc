/* SPDX-License-Identifier: MIT */
#ifndef DTSS_MEM_H
#define DTSS_MEM_H

#include <stddef.h>
#include <dtss/version.h>

/*
 * An allocator per object. The library gives back the size of what it frees, so that an arena or a counting allocator
 * needs no header. alloc and realloc return NULL when there is no memory; realloc then leaves the old block alone.
 * size is never 0; release is never called with NULL. The functions are called from the thread that called the library.
 */
struct dtss_mem {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);
	void *(*realloc)(void *ctx, void *block, size_t old_size, size_t new_size);
	void (*release)(void *ctx, void *block, size_t size);
};

#ifdef __cplusplus
extern "C" {
#endif

/* malloc, realloc and free of the C library; static storage. */
DTSS_API const struct dtss_mem *dtss_mem_libc(void);

#ifdef __cplusplus
}
#endif
#endif
