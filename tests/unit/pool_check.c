/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss/policy.h>
#include "core/pool_impl.h"
#include "support/fleet.h"

Suite *suite_unit_pool_check(void);

static struct fleet fleet;

/* A cache is broken by hand, noticed, and mended. */
#define BREAK(field, value)                                                                                            \
	do {                                                                                                           \
		__typeof__(field) kept_ = (field);                                                                     \
		uint32_t slot_;                                                                                        \
		(field) = (__typeof__(field))(value);                                                                  \
		ck_assert_msg(!pool_check(fleet.pool, &slot_), "%s was not noticed", #field);                          \
		(field) = kept_;                                                                                       \
	} while (0)

/* Many groups, views of each kind, and an index. */
static void fleet_fill(void)
{
	uint32_t step;

	ck_assert_int_eq(fleet_open(&fleet, 4711, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 700, 60, 0), 0);
	for (step = 0; step < 4000; step++)
		(void)fleet_give(&fleet, step % 60);
	for (step = 0; step < 500; step++)
		fleet_disturb(&fleet);
	for (step = 0; step < 1000; step++)
		(void)fleet_give(&fleet, step % 60);
	ck_assert_ptr_nonnull(fleet.pool->index.root);
	fleet_check(&fleet);
}

static struct pool_entry *some_entry(void)
{
	uint32_t slot;

	for (slot = 0; slot < fleet.pool->slots; slot++)
		if (fleet.pool->entries[slot] != NULL && pool_grouped(fleet.pool->entries[slot]))
			return fleet.pool->entries[slot];
	ck_abort_msg("no entry is in a group");
	return NULL;
}

static struct pool_group *some_group(uint32_t entries)
{
	uint32_t id;

	for (id = 1; id < fleet.pool->groups.end; id++) {
		struct pool_group *g = fleet.pool->groups.slots[id].item;

		if (g != NULL && g->tree.count >= entries && g->tree.best.key != POOL_UNUSABLE)
			return g;
	}
	ck_abort_msg("no such group");
	return NULL;
}

static struct pool_view *some_view(uint32_t state)
{
	uint32_t id;

	for (id = 1; id < fleet.pool->views.end; id++) {
		struct pool_view *v = fleet.pool->views.slots[id].item;

		if (v != NULL && v->state == state && (state == POOL_VIEW_OPEN || v->group_count > 1))
			return v;
	}
	return NULL;
}

static struct pool_group *group_of(const struct pool_entry *e)
{
	return pool_group_at(fleet.pool, e->group);
}

START_TEST(entries_are_compared_with_their_groups)
{
	struct pool_entry *e;

	fleet_fill();
	e = some_entry();
	BREAK(fleet.pool->taken[e->slot / 64], 0);
	BREAK(e->slot, e->slot + 1);
	BREAK(e->group, POOL_APART);
	BREAK(e->group, fleet.pool->groups.end);
	BREAK(e->group, POOL_LOOSE);
	BREAK(e->place, 100000);
	BREAK(e->used, e->used + 1);
	BREAK(group_of(e)->shape.modes, group_of(e)->shape.modes ^ pool_modes(e));
	BREAK(e->tag_count, e->tag_count > 0 ? e->tag_count - 1 : e->tag_count + 1);
	BREAK(fleet.pool->count, fleet.pool->count + 1);
	BREAK(fleet.pool->loose, fleet.pool->loose + 1);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

START_TEST(groups_are_compared_with_their_entries)
{
	struct pool_group *g;
	struct pool_entry *e;

	fleet_fill();
	g = some_group(1);
	e = fleet.pool->entries[g->tree.best.slot];
	BREAK(g->id, g->id + 1);
	BREAK(g->tree.count, 0);
	BREAK(g->tree.best.key, g->tree.best.key + 1);
	BREAK(g->shape.signature, ~g->shape.signature);
	BREAK(g->indexed.key, g->indexed.key + 1);
	BREAK(e->place, e->place + 1);
	BREAK(fleet.pool->leaves, fleet.pool->leaves + 1);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

START_TEST(views_are_compared_with_the_groups)
{
	struct pool_view *v;
	uint32_t state;

	fleet_fill();
	for (state = POOL_VIEW_LIST; state <= POOL_VIEW_TREE; state++) {
		v = some_view(state);
		if (v == NULL)
			continue;
		BREAK(v->group_count, v->group_count - 1);
		BREAK(v->groups[0], v->groups[0] == 1 ? 2 : 1);
	}
	v = some_view(POOL_VIEW_OPEN);
	if (v != NULL)
		BREAK(v->group_count, 1);
	v = some_view(POOL_VIEW_TREE);
	if (v != NULL) {
		BREAK(v->tree.best.key, 1);
		BREAK(v->groups[0], v->groups[1]);
	}
	v = some_view(POOL_VIEW_LIST) ? some_view(POOL_VIEW_LIST) : some_view(POOL_VIEW_OPEN);
	BREAK(v->id, v->id + 1);
	BREAK(fleet.pool->idle_count, fleet.pool->idle_count + 1);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

/* It looked as if some groups were not its own. */
START_TEST(a_tree_on_its_way_has_all_groups_up_to_its_cursor)
{
	struct pool_view *v;

	fleet_fill();
	v = some_view(POOL_VIEW_TREE);
	pool_view_open(fleet.pool, v);
	fleet.pool->slice = 2;
	pool_view_grow(fleet.pool, v);
	ck_assert_uint_eq(v->state, POOL_VIEW_FILL);
	fleet_check(&fleet);
	BREAK(v->cursor, fleet.pool->groups.end);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

START_TEST(postings_are_compared_with_the_groups)
{
	struct pool_group *g;
	struct pool_posts *l;
	uint32_t id = 1;

	fleet_fill();
	for (g = some_group(1); g->shape.tag_count == 0; id++)
		g = fleet.pool->groups.slots[id].item ? fleet.pool->groups.slots[id].item : g;
	l = &fleet.pool->posts[g->shape.names[0]];
	BREAK(g->posted[0], g->posted[0] > 0 ? g->posted[0] - 1 : 1);
	BREAK(g->posted[0], l->count);
	BREAK(l->at[g->posted[0]].group, g->id + 1);
	BREAK(l->at[g->posted[0]].signature, ~l->at[g->posted[0]].signature);
	BREAK(fleet.pool->posts_cap, g->shape.names[0]);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

#define BREAK_TREE(field, value)                                                                                       \
	do {                                                                                                           \
		__typeof__(field) kept_ = (field);                                                                     \
		(field) = (__typeof__(field))(value);                                                                  \
		ck_assert_msg(!pool_tree_check(&tree), "%s was not noticed", #field);                                  \
		(field) = kept_;                                                                                       \
	} while (0)

START_TEST(each_node_of_a_tree_is_the_best_of_those_below)
{
	struct pool_rank rank = { 7, 0 };
	struct pool_tree tree;
	uint32_t i;

	pool_tree_init(&tree);
	ck_assert_int_eq(pool_tree_check(&tree), 1);
	BREAK_TREE(tree.best.key, 7);
	for (i = 0; i < 3 * POOL_FANOUT - 1; i++) {
		rank.slot = i;
		ck_assert_int_eq(pool_tree_reserve(&tree, dtss_mem_libc(), i + 1), 0);
		pool_tree_append(&tree, &rank);
		ck_assert_int_eq(pool_tree_check(&tree), 1);
	}
	ck_assert_uint_gt(tree.cap, tree.count);
	BREAK_TREE(tree.count, tree.count - 1);
	BREAK_TREE(tree.best.slot, 1);
	BREAK_TREE(tree.nodes[0].key[0], 8);
	BREAK_TREE(tree.nodes[2].key[3], 6);
	BREAK_TREE(tree.nodes[tree.cap / POOL_FANOUT].slot[1], 9);
	ck_assert_int_eq(pool_tree_check(&tree), 1);
	pool_tree_fini(&tree, dtss_mem_libc());
}
END_TEST

/* A page may have become empty. */
static struct pool_item *some_item(struct pool_page *page)
{
	uint32_t i;

	for (i = 0; i < page->count; i++)
		if (page->items[i].signature != 0)
			return &page->items[i];
	ck_abort_msg("nothing is below the page");
	return NULL;
}

START_TEST(the_index_is_compared_with_the_groups)
{
	struct pool_page *page;
	struct pool_item *item;

	fleet_fill();
	page = fleet.pool->index.root;
	BREAK(page->count, POOL_PAGE_ITEMS);
	BREAK(page->leaf, !page->leaf);
	item = some_item(page);
	BREAK(item->signature, 0);
	BREAK(page->items[1].rank.key, POOL_UNUSABLE - 1);
	BREAK(page->items[page->count - 1].rank.key, 0);
	BREAK(fleet.pool->index.height, fleet.pool->index.height - 1);
	BREAK(fleet.pool->index.height, 0);
	BREAK(fleet.pool->index.root, NULL);
	ck_assert(!page->leaf);
	BREAK(page->items[page->count - 1].below.page->items[0].rank.key, 0);
	while (!page->leaf)
		page = some_item(page)->below.page;
	BREAK(page->items[0].rank.slot, page->items[0].rank.slot + 1);
	BREAK(page->items[0].signature, 0);
	BREAK(page->count, page->count - 1);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

Suite *suite_unit_pool_check(void)
{
	Suite *s = suite_create("unit_pool_check");
	TCase *tc = tcase_create("pool_check");

	tcase_add_test(tc, entries_are_compared_with_their_groups);
	tcase_add_test(tc, groups_are_compared_with_their_entries);
	tcase_add_test(tc, postings_are_compared_with_the_groups);
	tcase_add_test(tc, each_node_of_a_tree_is_the_best_of_those_below);
	tcase_add_test(tc, views_are_compared_with_the_groups);
	tcase_add_test(tc, a_tree_on_its_way_has_all_groups_up_to_its_cursor);
	tcase_add_test(tc, the_index_is_compared_with_the_groups);
	suite_add_tcase(s, tc);
	return s;
}
