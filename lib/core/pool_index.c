/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * All groups with a usable entry, by the rank of their best one: a B+ tree (Comer: The Ubiquitous B-Tree, 1979) whose
 * items carry signatures, an inner one that of all groups below it. Who walks it in order for a need passes by whole
 * subtrees in which some wanted tag does not occur, and the first group that satisfies the need has the best entry.
 *
 *   inner page    [ rank (0, 3) | tags {1 2 5} | * ]  [ rank (8, 1) | tags {1 2} | * ]  ...
 *                                          |                                 |
 *   leaf page     [ (0, 3) | {1 2} | g4 ] [ (2, 7) | {5} | g9 ]        [ (8, 1) | {1} | g2 ] ...
 *
 * It takes the place of load buckets crossed with tag bitmaps: pages are buckets that adapt to any distribution of the
 * load, and a signature in each item needs no choice of the tags that deserve a bitmap. Its cost does not depend on the
 * number of needs: a gift moves one item, a broad need finds its group after a few, and one that has to walk far for
 * its group again and again gets a view of its own instead (pool_view_grow).
 *
 * The rank of an inner item bounds its subtree from below. Pages that run low are merged with a neighbour, not refilled
 * to a half, so items move rarely.
 */
enum {
	/* Moves for each group while the index is not asked: a burst of ends is no reason to drop it. */
	POOL_INDEX_CREDIT = POOL_OR(8, 1),
	POOL_PAGE_LOW = POOL_PAGE_ITEMS / 4,       /* from here down it may be merged, ... */
	POOL_PAGE_MERGED = POOL_PAGE_ITEMS / 4 * 3 /* ... when the two together have at most so many */
};

/* Room for an insertion that splits every page on its way, and makes a new root. */
int pool_index_reserve(struct pool *p)
{
	struct pool_index *x = &p->index;

	while (x->spare_count < x->height + 1) {
		struct pool_page *page = p->mem.alloc(p->mem.ctx, sizeof(*page));

		if (page == NULL)
			return DTSS_E_NOMEM;
		page->count = 0;
		page->next = x->spare;
		x->spare = page;
		x->spare_count++;
	}
	return 0;
}

struct pool_page *pool_page_new(struct pool_index *x, uint32_t leaf)
{
	struct pool_page *page = x->spare;

	DTSS_ASSERT(x->spare_count > 0);
	DTSS_ASSERT(page != NULL && page->count == 0);
	x->spare = page->next;
	x->spare_count--;
	page->leaf = leaf;
	return page;
}

static void pool_page_free(struct pool *p, struct pool_page *page)
{
	struct pool_index *x = &p->index;

	DTSS_ASSERT(page != x->root);
	DTSS_ASSERT((x->spare == NULL) == (x->spare_count == 0));
	if (x->spare_count > x->height) {
		p->mem.release(p->mem.ctx, page, sizeof(*page));
		return;
	}
	page->count = 0;
	page->next = x->spare;
	x->spare = page;
	x->spare_count++;
}

/* The first item that does not rank before this. */
static uint32_t pool_page_find(const struct pool_page *page, const struct pool_rank *rank)
{
	uint32_t low = 0, high = page->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (pool_rank_before(&page->items[mid].rank, rank))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t pool_page_signature(const struct pool_page *page)
{
	uint64_t signature = 0;
	uint32_t i;

	for (i = 0; i < page->count; i++)
		signature |= page->items[i].signature;
	return signature;
}

static void pool_page_put(struct pool_page *page, uint32_t at, const struct pool_item *item)
{
	DTSS_ASSERT(at <= page->count);
	DTSS_ASSERT(page->count < POOL_PAGE_ITEMS);
	memmove(&page->items[at + 1], &page->items[at], (page->count - at) * sizeof(*item));
	page->items[at] = *item;
	page->count++;
}

static void pool_page_take(struct pool_page *page, uint32_t at)
{
	DTSS_ASSERT(page->count <= POOL_PAGE_ITEMS);
	DTSS_ASSERT(at < page->count);
	page->count--;
	memmove(&page->items[at], &page->items[at + 1], (page->count - at) * sizeof(page->items[0]));
}

/* From the root to the leaf where the rank is, or belongs. */
static void pool_index_descend(const struct pool_index *x, const struct pool_rank *rank, struct pool_cursor *c)
{
	struct pool_page *page = x->root;

	for (c->depth = 0;; c->depth++) {
		uint32_t at = pool_page_find(page, rank);

		DTSS_ASSERT(c->depth < POOL_INDEX_HEIGHT);
		c->page[c->depth] = page;
		if (!page->leaf && at > 0 && (at == page->count || !pool_rank_equal(&page->items[at].rank, rank)))
			at--;
		c->at[c->depth] = at;
		if (page->leaf)
			return;
		page = page->items[at].below.page;
	}
}

/* Half of a full page goes to a new one behind it. */
static struct pool_item pool_page_split(struct pool_index *x, struct pool_page *page)
{
	struct pool_page *right = pool_page_new(x, page->leaf);
	struct pool_item item;

	DTSS_ASSERT(page->count == POOL_PAGE_ITEMS);
	DTSS_ASSERT(x->root != NULL);
	page->count = POOL_PAGE_ITEMS / 2;
	right->count = POOL_PAGE_ITEMS - page->count;
	memcpy(right->items, &page->items[page->count], right->count * sizeof(right->items[0]));
	item.rank = right->items[0].rank;
	item.signature = pool_page_signature(right);
	item.below.page = right;
	DTSS_ASSERT(right->count > 0 && right->leaf == page->leaf);
	return item;
}

static void pool_index_raise(struct pool_index *x, const struct pool_item *right)
{
	struct pool_page *root = pool_page_new(x, 0);
	struct pool_item left;

	DTSS_ASSERT(x->root != NULL && x->root->count > 0);
	left.rank = x->root->items[0].rank;
	left.signature = pool_page_signature(x->root);
	left.below.page = x->root;
	pool_page_put(root, 0, &left);
	pool_page_put(root, 1, right);
	x->root = root;
	x->height++;
	DTSS_ASSERT(x->height <= POOL_INDEX_HEIGHT);
}

int pool_index_insert(struct pool *p, struct pool_group *g)
{
	struct pool_index *x = &p->index;
	struct pool_cursor c;
	struct pool_item item;
	uint32_t i;

	DTSS_ASSERT(g->indexed.key == POOL_UNUSABLE);
	DTSS_ASSERT(g->tree.best.key != POOL_UNUSABLE);
	if (pool_index_reserve(p) != 0)
		return DTSS_E_NOMEM;
	item.rank = g->tree.best;
	item.signature = g->shape.signature;
	item.below.group = g;
	g->indexed = item.rank;
	pool_index_descend(x, &item.rank, &c);
	for (i = 0; i < c.depth; i++) {
		struct pool_item *above = &c.page[i]->items[c.at[i]];

		above->signature |= g->shape.signature;
		if (pool_rank_before(&item.rank, &above->rank))
			above->rank = item.rank;
	}
	pool_page_put(c.page[c.depth], c.at[c.depth], &item);
	while (c.page[c.depth]->count == POOL_PAGE_ITEMS) { /* so that there always is room for one more */
		struct pool_page *left = c.page[c.depth];
		struct pool_item right = pool_page_split(x, left);

		if (c.depth == 0) {
			pool_index_raise(x, &right);
			break;
		}
		c.depth--;
		c.page[c.depth]->items[c.at[c.depth]].signature = pool_page_signature(left);
		pool_page_put(c.page[c.depth], c.at[c.depth] + 1, &right);
	}
	DTSS_ASSERT(c.page[c.depth]->count < POOL_PAGE_ITEMS);
	return 0;
}

/* Page `at` of this parent takes over its neighbour behind it, if both together are not too many. */
static void pool_page_merge(struct pool *p, struct pool_page *parent, uint32_t at)
{
	struct pool_page *left = parent->items[at].below.page;
	struct pool_page *right = parent->items[at + 1].below.page;

	DTSS_ASSERT(at + 1 < parent->count && !parent->leaf);
	DTSS_ASSERT(left->leaf == right->leaf);
	if (left->count + right->count > POOL_PAGE_MERGED)
		return;
	memcpy(&left->items[left->count], right->items, right->count * sizeof(right->items[0]));
	left->count += right->count;
	parent->items[at].signature |= parent->items[at + 1].signature;
	pool_page_take(parent, at + 1);
	pool_page_free(p, right);
	DTSS_ASSERT(left->count < POOL_PAGE_ITEMS);
}

/* What a page has lost is carried upwards: signatures, and pages that have become too small. */
static void pool_index_shrink(struct pool *p, const struct pool_cursor *c)
{
	uint32_t depth = c->depth;

	DTSS_ASSERT(c->page[0] == p->index.root);
	DTSS_ASSERT(c->page[depth]->leaf);
	while (depth > 0) {
		struct pool_page *page = c->page[depth], *parent = c->page[depth - 1];
		uint32_t at = c->at[depth - 1];

		parent->items[at].signature = pool_page_signature(page);
		if (page->count <= POOL_PAGE_LOW && at + 1 < parent->count)
			pool_page_merge(p, parent, at);
		else if (page->count <= POOL_PAGE_LOW && at > 0)
			pool_page_merge(p, parent, at - 1);
		depth--;
	}
	while (!p->index.root->leaf && p->index.root->count == 1) {
		struct pool_page *root = p->index.root;

		p->index.root = root->items[0].below.page;
		p->index.height--;
		pool_page_free(p, root);
	}
	DTSS_ASSERT(p->index.height > 0);
}

static void pool_index_erase(struct pool *p, struct pool_group *g)
{
	struct pool_cursor c;

	DTSS_ASSERT(g->indexed.key != POOL_UNUSABLE);
	pool_index_descend(&p->index, &g->indexed, &c);
	DTSS_ASSERT(c.page[c.depth]->items[c.at[c.depth]].below.group == g);
	pool_page_take(c.page[c.depth], c.at[c.depth]);
	g->indexed = pool_rank_none();
	pool_index_shrink(p, &c);
}

void pool_index_move(struct pool *p, struct pool_group *g)
{
	int error = 0;

	DTSS_ASSERT(g->id < p->groups.end);
	DTSS_ASSERT(p->index.root != NULL);
	if (g->id >= p->index.cursor || pool_rank_equal(&g->indexed, &g->tree.best))
		return;
	if (g->indexed.key != POOL_UNUSABLE)
		pool_index_erase(p, g);
	if (g->tree.best.key != POOL_UNUSABLE)
		error = pool_index_insert(p, g);
	p->index.debt++;
	if (error != 0 || p->index.debt > (uint64_t)POOL_INDEX_CREDIT * p->groups.count)
		pool_index_drop(p);
}

void pool_index_first(const struct pool_index *x, struct pool_cursor *c, uint64_t most)
{
	c->depth = 0;
	c->page[0] = x->root;
	c->at[0] = 0;
	c->steps = 0;
	c->most = most;
}

struct pool_group *pool_index_next(struct pool_cursor *c, const struct pool_view *v)
{
	while (c->steps < c->most) {
		const struct pool_page *page = c->page[c->depth];
		uint32_t at = c->at[c->depth];

		while (at < page->count && (v->shape.signature & ~page->items[at].signature) != 0)
			at++;
		c->steps += at - c->at[c->depth] + 1;
		c->at[c->depth] = at + 1;
		if (at == page->count) {
			if (c->depth == 0) {
				c->at[0] = at;
				return NULL;
			}
			c->depth--;
		} else if (page->leaf) {
			if (pool_shape_satisfies(&page->items[at].below.group->shape, &v->shape))
				return page->items[at].below.group;
		} else {
			c->depth++;
			c->page[c->depth] = page->items[at].below.page;
			c->at[c->depth] = 0;
		}
	}
	return NULL;
}
