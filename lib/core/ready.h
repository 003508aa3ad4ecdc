/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_READY_H
#define DTSS_CORE_READY_H

#include <stddef.h>
#include <stdint.h>

/*
 * The waiting tasks of one requirement, by (priority, higher first; then id, lower first). New tasks have the greatest
 * id and go to the tail; a retried, released or delayed one goes back to its place. Intrusive: no allocation.
 */
struct ready_item {
	uint64_t id;
	int32_t priority;
	uint32_t queued;           /* not 0 while in a queue; kept by ready.c, which knows the place by it */
	struct ready_item *lower;  /* in a list the one before, in the tree a subtree: those before */
	struct ready_item *higher; /* likewise after */
};

#define READY_LISTS 8 /* priorities with a list of their own; what is beyond stands in the tree */

struct ready_list {
	struct ready_item *head; /* NULL: of no priority now */
	struct ready_item *tail;
	int32_t priority;
};

struct ready {
	size_t count;
	struct ready_item *head; /* the best of all */
	struct ready_item *tree;
	struct ready_item *first; /* of the tree */
	struct ready_list lists[READY_LISTS];
};

void ready_init(struct ready *q);
void ready_push(struct ready *q, struct ready_item *item); /* its id and priority stay as they are while it is queued */
void ready_remove(struct ready *q, struct ready_item *item); /* must be queued here */
struct ready_item *ready_head(const struct ready *q);        /* NULL: empty */

#endif
