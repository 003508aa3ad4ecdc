/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * The index is made in slices, in the order of the groups' numbers: until the cursor has come to a group, its changes are
 * none of its business.
 *
 *   groups   [ 1 2 3 4 5 | 6 7 8 ... ]
 *                        cursor
 */
void pool_index_grow(struct pool *p)
{
	struct pool_index *x = &p->index;
	uint32_t looks = p->slice * POOL_SLICE_LOOKS, adds = p->slice;
	int error = pool_index_reserve(p);

	if (error == 0 && x->root == NULL) {
		x->root = pool_page_new(x, 1);
		x->height = 1;
		x->cursor = 1;
	}
	for (; error == 0 && x->cursor < p->groups.end && looks > 0 && adds > 0; looks--) {
		struct pool_group *g = p->groups.slots[x->cursor++].item;

		if (g == NULL)
			continue;
		g->indexed = pool_rank_none();
		if (g->tree.best.key == POOL_UNUSABLE)
			continue;
		error = pool_index_insert(p, g);
		adds--;
	}
	if (error != 0)
		pool_index_drop(p);
	else if (x->cursor >= p->groups.end)
		x->cursor = UINT32_MAX;
	x->debt = 0;
	DTSS_ASSERT(error != 0 || x->root != NULL);
	DTSS_ASSERT(x->cursor > 0 || x->root == NULL);
}

/* A million groups take 2 ms. What they know of it is not looked at before another one's cursor has come to them. */
void pool_index_drop(struct pool *p)
{
	struct pool_index *x = &p->index;
	struct pool_page *page = x->spare;
	uint32_t i;

	if (x->root != NULL) {
		x->root->next = page;
		page = x->root;
	}
	memset(x, 0, sizeof(*x));
	while (page != NULL) {
		struct pool_page *next = page->next;

		for (i = 0; i < page->count && !page->leaf; i++) {
			page->items[i].below.page->next = next;
			next = page->items[i].below.page;
		}
		p->mem.release(p->mem.ctx, page, sizeof(*page));
		page = next;
	}
	DTSS_ASSERT(x->root == NULL);
	DTSS_ASSERT(x->spare == NULL && x->spare_count == 0);
}
