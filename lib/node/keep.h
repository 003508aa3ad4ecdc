/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_KEEP_H
#define DTSS_NODE_KEEP_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>
#include <dtss/sched.h>

/*
 * Memory that goes away all at once: what a request needs and what its answer points to.
 *
 *      keep [ near | ] ──► chunk [ next | size | ...... used | free ] ──► older chunk ──► ...
 *
 * The first few bytes lie in the keep itself, which therefore stays where it is: most requests need no chunk.
 * A failure sticks: a long copy is made without a look at each piece, and failed is asked once at its end.
 */
#define KEEP_NEAR 64

struct keep_chunk;

struct keep {
	const struct dtss_mem *mem;
	struct keep_chunk *chunks; /* the newest is the one that is being filled */
	size_t used;               /* of it */
	size_t total;              /* of all chunks */
	int failed;
	unsigned near_used;
	unsigned char near[KEEP_NEAR];
};

void keep_init(struct keep *k, const struct dtss_mem *mem);
void keep_fini(struct keep *k);
/* Zeroed and aligned for any type; NULL: no memory, and failed is set. size 0 gives NULL without a failure. */
void *keep_take(struct keep *k, size_t size);
void *keep_array(struct keep *k, size_t count, size_t element);
void *keep_bytes(struct keep *k, const void *data, size_t len);
const char *keep_string(struct keep *k, const char *text); /* NULL stays NULL */

/* Deep copies. Their result is of use only when failed is not set afterwards. */
void keep_spec(struct keep *k, struct dtss_task_spec *ret_copy, const struct dtss_task_spec *spec);
const struct dtss_task_view *keep_task(struct keep *k, const struct dtss_task_view *view);
void keep_worker(struct keep *k, struct dtss_worker_view *ret_copy, const struct dtss_worker_view *view);
void keep_filter(struct keep *k, struct dtss_task_filter *ret_copy, const struct dtss_task_filter *filter);
const struct dtss_explanation *keep_explanation(struct keep *k, const struct dtss_explanation *explanation);

#endif
