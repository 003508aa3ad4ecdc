/* SPDX-License-Identifier: MIT */
#include "core/ready.h"

#include <string.h>
#include "core/check.h"
#include "core/hash.h"

/*
 * Nearly every task comes with the greatest id so far and leaves as the first: for these there is a list for each of a
 * few priorities. Whatever does not fit at the tail of one (it was retried, released or delayed, or its priority has
 * no list) goes into a tree. The head is the best among the heads of the lists and the first of the tree.
 *
 *   lists   priority 9:   17 <-> 20 <-> 21          tree         (0, 5)
 *           priority 0:    8 <-> 18 <-> 19                      /      \
 *           priority -3:  11                               (9, 3)      (-3, 2)
 *
 *   head: (9, 3)
 *
 * The tree is a treap (Seidel, Aragon: Randomized Search Trees, 1996): ordered by (priority, id), a heap by a hash of
 * the id, so its depth is logarithmic but for an adversary who chooses ids, which the engine gives. Lists and tree use
 * the same two links in the tasks, 16 bytes: a push cannot fail, and a remove leaves nothing behind.
 */
enum { READY_IN_TREE = READY_LISTS + 1 }; /* ready_item.queued; the lists are 1 to READY_LISTS */

void ready_init(struct ready *q)
{
	memset(q, 0, sizeof(*q));
}

static int ready_before(const struct ready_item *a, const struct ready_item *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

/* Is a above b in the treap? */
static int ready_above(const struct ready_item *a, const struct ready_item *b)
{
	uint64_t left = hash_word(a->id), right = hash_word(b->id);

	return left != right ? left > right : a->id > b->id;
}

/* Goes in above the first on its way that is not above it, and splits the subtree there into those before and after. */
static void ready_tree_insert(struct ready *q, struct ready_item *item)
{
	struct ready_item **at = &q->tree, **lower = &item->lower, **higher = &item->higher;
	struct ready_item *rest;

	DTSS_ASSERT(item->queued == 0);
	DTSS_ASSERT((q->tree == NULL) == (q->first == NULL));
	while (*at != NULL && ready_above(*at, item))
		at = ready_before(item, *at) ? &(*at)->lower : &(*at)->higher;
	rest = *at;
	*at = item;
	while (rest != NULL) {
		if (ready_before(rest, item)) {
			*lower = rest;
			lower = &rest->higher;
			rest = rest->higher;
		} else {
			*higher = rest;
			higher = &rest->lower;
			rest = rest->lower;
		}
	}
	*lower = NULL;
	*higher = NULL;
	if (q->first == NULL || ready_before(item, q->first))
		q->first = item;
	DTSS_ASSERT(!ready_before(item, q->first));
}

/* Its two subtrees are merged in its place. */
static void ready_tree_remove(struct ready *q, struct ready_item *item)
{
	struct ready_item **at = &q->tree, *lower = item->lower, *higher = item->higher;

	DTSS_ASSERT(q->tree != NULL && q->first != NULL);
	DTSS_ASSERT(item->queued == READY_IN_TREE);
	while (*at != item) {
		DTSS_ASSERT(*at != NULL);
		at = ready_before(item, *at) ? &(*at)->lower : &(*at)->higher;
	}
	while (lower != NULL && higher != NULL) {
		if (ready_above(lower, higher)) {
			*at = lower;
			at = &lower->higher;
			lower = lower->higher;
		} else {
			*at = higher;
			at = &higher->lower;
			higher = higher->lower;
		}
	}
	*at = lower != NULL ? lower : higher;
	if (q->first != item)
		return;
	for (q->first = q->tree; q->first != NULL && q->first->lower != NULL;)
		q->first = q->first->lower;
}

static void ready_list_append(struct ready_list *l, struct ready_item *item)
{
	DTSS_ASSERT(l->head == NULL || l->priority == item->priority);
	DTSS_ASSERT(l->head == NULL || l->tail->id < item->id);
	item->lower = l->tail;
	item->higher = NULL;
	if (l->head != NULL)
		l->tail->higher = item;
	else
		l->head = item;
	l->tail = item;
	l->priority = item->priority;
	DTSS_ASSERT(l->tail == item && l->head != NULL);
}

static void ready_list_remove(struct ready_list *l, struct ready_item *item)
{
	DTSS_ASSERT((item->lower == NULL) == (l->head == item));
	DTSS_ASSERT((item->higher == NULL) == (l->tail == item));
	if (item->lower != NULL)
		item->lower->higher = item->higher;
	else
		l->head = item->higher;
	if (item->higher != NULL)
		item->higher->lower = item->lower;
	else
		l->tail = item->lower;
	DTSS_ASSERT((l->head == NULL) == (l->tail == NULL));
}

/* The list of its priority, or one that is free; READY_LISTS: neither, or it belongs before the tail. */
static size_t ready_list_for(const struct ready *q, const struct ready_item *item)
{
	size_t i, found = READY_LISTS;

	for (i = 0; i < READY_LISTS; i++) {
		const struct ready_list *l = &q->lists[i];

		if (l->head != NULL && l->priority == item->priority)
			return item->id > l->tail->id ? i : READY_LISTS;
		if (l->head == NULL && found == READY_LISTS)
			found = i;
	}
	return found;
}

void ready_push(struct ready *q, struct ready_item *item)
{
	size_t i = ready_list_for(q, item);

	DTSS_ASSERT(item->queued == 0);
	if (i < READY_LISTS) {
		ready_list_append(&q->lists[i], item);
		item->queued = (uint32_t)i + 1;
	} else {
		ready_tree_insert(q, item);
		item->queued = READY_IN_TREE;
	}
	q->count++;
	if (q->head == NULL || ready_before(item, q->head))
		q->head = item;
	DTSS_ASSERT(item->queued != 0);
}

static struct ready_item *ready_find_head(const struct ready *q)
{
	struct ready_item *head = q->first;
	size_t i;

	DTSS_ASSERT(q->tree == NULL || q->first != NULL);
	for (i = 0; i < READY_LISTS; i++) {
		const struct ready_list *l = &q->lists[i];

		if (l->head == NULL || (head != NULL && l->priority < head->priority))
			continue;
		if (head == NULL || ready_before(l->head, head))
			head = l->head;
	}
	return head;
}

void ready_remove(struct ready *q, struct ready_item *item)
{
	DTSS_ASSERT(item->queued > 0 && item->queued <= READY_IN_TREE);
	DTSS_ASSERT(q->count > 0);
	if (item->queued == READY_IN_TREE)
		ready_tree_remove(q, item);
	else
		ready_list_remove(&q->lists[item->queued - 1], item);
	item->queued = 0;
	item->lower = NULL;
	item->higher = NULL;
	q->count--;
	if (q->head == item)
		q->head = ready_find_head(q);
	DTSS_ASSERT((q->head == NULL) == (q->count == 0));
}

struct ready_item *ready_head(const struct ready *q)
{
	return q->head;
}
