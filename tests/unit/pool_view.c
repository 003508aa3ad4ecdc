/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss/policy.h>
#include "core/pool_impl.h"
#include "support/fleet.h"

Suite *suite_unit_pool_view(void);

static struct fleet fleet;
static uint32_t seen[4];    /* views asked, by enum pool_view_state */
static uint32_t seen_index; /* questions for which there was an index */
static uint32_t seen_slice; /* for which it was on the way */
static uint32_t seen_loose; /* that the scan did, for lack of memory */

static void note(uint32_t need)
{
	const struct pool *p = fleet.pool;
	uint32_t view = fleet.need[need].need.view;

	seen_loose += p->loose > 0;
	seen_index += p->index.cursor == UINT32_MAX;
	seen_slice += p->index.root != NULL && p->index.cursor != UINT32_MAX;
	if (view != 0)
		seen[((struct pool_view *)p->views.slots[view].item)->state]++;
}

/* Gifts and changes, in turns of more of the one and more of the other. */
static void live(uint32_t steps, uint32_t check_every)
{
	uint32_t step;

	for (step = 1; step <= steps; step++) {
		if (rand_below(&fleet.rand, 8) < (step / 512 % 2 ? 3 : 6)) {
			uint32_t need = (uint32_t)rand_below(&fleet.rand, fleet.needs);

			if (rand_below(&fleet.rand, 4) != 0)
				need = need * need / fleet.needs; /* some are asked more often */
			(void)fleet_give(&fleet, need);
			note(need);
		} else {
			fleet_disturb(&fleet);
		}
		if (step % check_every == 0)
			fleet_check(&fleet);
	}
}

START_TEST(chooses_like_the_scan)
{
	static const uint32_t workers[] = { 300, 700, 1500 };
	uint32_t policy = (uint32_t)_i % 3, kind = (uint32_t)_i / 3 % 3;

	ck_assert_int_eq(fleet_open(&fleet, 77 + (uint64_t)_i, policy, (enum fleet_kind)kind, workers[_i % 3], 100, 0),
			 0);
	live(6000, 1000);
	ck_assert_uint_gt(fleet.choices, 500);
	fleet_close(&fleet);
}
END_TEST

START_TEST(uses_every_kind_of_view)
{
	uint32_t i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(fleet_open(&fleet, 5 + i, DTSS_PLACE_LEAST_LOAD, i ? FLEET_HOSTS : FLEET_HALVES, 500,
					    FLEET_NEEDS, 0),
				 0);
		live(8000, 2000);
		fleet_close(&fleet);
	}
	ck_assert_uint_gt(seen[POOL_VIEW_OPEN], 0);
	ck_assert_uint_gt(seen[POOL_VIEW_LIST], 0);
	ck_assert_uint_gt(seen[POOL_VIEW_TREE], 0);
	ck_assert_uint_gt(seen_index, 0);
}
END_TEST

/* A tree and the index take several answers to make, in which groups come and go. */
START_TEST(trees_are_made_in_slices)
{
	uint32_t i;

	ck_assert_int_eq(fleet_open(&fleet, 21, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 1000, 50, 0), 0);
	fleet.pool->slice = 8;
	for (i = 0; i < 3000; i++) {
		(void)fleet_give(&fleet, (uint32_t)rand_below(&fleet.rand, fleet.needs));
		note(i % fleet.needs);
		fleet_disturb(&fleet);
		if (i % 50 == 0)
			fleet_check(&fleet);
	}
	ck_assert_uint_gt(seen[POOL_VIEW_FILL], 0);
	ck_assert_uint_gt(seen_slice, 0);
	ck_assert_uint_gt(seen[POOL_VIEW_TREE], 0);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

/* It had to look at every group, and then to make their tree: a million of them took 0.14 s. */
START_TEST(the_first_who_asks_for_anything_makes_nothing)
{
	struct pool_need any = { NULL, NULL, 0, 0, POOL_TASK, 0 };
	uint32_t made;

	ck_assert_int_eq(fleet_open(&fleet, 22, DTSS_PLACE_LEAST_LOAD, FLEET_HOSTS, 1000, 0, 0), 0);
	ck_assert_ptr_nonnull(fleet.pool->whole[POOL_TASK]);
	made = fleet.pool->made;
	ck_assert_ptr_eq(pool_best(fleet.pool, &any), pool_best_scan(fleet.pool, &any));
	ck_assert_uint_eq(any.view, fleet.pool->whole[POOL_TASK]->id);
	ck_assert_uint_eq(fleet.pool->whole[POOL_TASK]->state, POOL_VIEW_TREE);
	ck_assert_uint_eq(fleet.pool->made, made);
	pool_need_fini(fleet.pool, &any);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

/* The tree of all groups of that mode has one leaf then, and no nodes: nothing was found in it. */
START_TEST(one_group_of_a_mode_is_found_beside_many_of_the_other)
{
	static struct pool_entry entry[POOL_LIST_GROUPS + 2];
	const uint32_t place = POOL_SCAN_ENTRIES - 1; /* the first that is in a group */
	uint32_t i, tags[POOL_LIST_GROUPS + 2][2], tag = 0;
	struct pool_need need = { &tag, NULL, 1, 0, POOL_PLACE, 0 };
	struct pool *p;

	ck_assert_int_eq(pool_create(&p, dtss_mem_libc(), DTSS_PLACE_LEAST_LOAD), 0);
	for (i = 0; i < POOL_LIST_GROUPS + 2; i++) {
		tags[i][0] = tag;
		tags[i][1] = tag + 1 + i;
		entry[i].tags = tags[i];
		entry[i].tag_count = 2;
		entry[i].max = 1;
		entry[i].for_place = i == place;
		entry[i].for_task = i != place;
		ck_assert_int_eq(pool_add(p, &entry[i]), 0);
	}
	ck_assert_ptr_eq(pool_best(p, &need), &entry[place]);
	pool_need_fini(p, &need);
	pool_destroy(p);
}
END_TEST

/* Its tree did not fit, and the list that its few groups became then was taken for one. */
START_TEST(the_view_of_all_groups_is_no_list_when_only_small_blocks_are_there)
{
	static struct pool_entry entry[POOL_SCAN_ENTRIES + 10];
	static uint32_t tags[POOL_SCAN_ENTRIES + 10];
	struct pool_need any = { NULL, NULL, 0, 0, POOL_TASK, 0 };
	struct fail_mem mem;
	uint32_t i, slot;
	struct pool *p;

	fail_mem_init(&mem, 0);
	ck_assert_int_eq(pool_create(&p, &mem.mem, DTSS_PLACE_LEAST_LOAD), 0);
	for (i = 0; i < POOL_SCAN_ENTRIES + 10; i++) {
		tags[i] = i < POOL_SCAN_ENTRIES ? 0 : i - POOL_SCAN_ENTRIES;
		entry[i].tags = &tags[i];
		entry[i].tag_count = 1;
		entry[i].max = 1;
		entry[i].for_task = 1;
		mem.most = 0;
		ck_assert_int_eq(pool_retag_reserve(p, &tags[i], 1), 0);
		mem.most = i == POOL_SCAN_ENTRIES + 8 ? 128 : 0; /* its tree has a second level now */
		ck_assert_int_eq(pool_add(p, &entry[i]), 0);
		ck_assert_ptr_eq(pool_best(p, &any), pool_best_scan(p, &any));
		ck_assert(pool_check(p, &slot));
	}
	ck_assert_uint_eq(p->whole[POOL_TASK]->state, POOL_VIEW_TREE);
	pool_need_fini(p, &any);
	pool_destroy(p);
	ck_assert_uint_eq(mem.blocks, 0);
}
END_TEST

/* It was dropped at once, and for the next sixty answers groups were looked at one by one. */
START_TEST(the_index_outlasts_a_burst_of_ends)
{
	uint32_t i;

	ck_assert_int_eq(fleet_open(&fleet, 4711, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 700, FLEET_NEEDS, 0), 0);
	for (i = 0; i < 20000 && fleet.pool->index.cursor != UINT32_MAX; i++)
		(void)fleet_give(&fleet, i % FLEET_NEEDS);
	ck_assert_uint_eq(fleet.pool->index.cursor, UINT32_MAX);
	for (i = 0; i < 4 * fleet.pool->groups.count; i++) {
		struct pool_entry *e = &fleet.worker[i % fleet.workers].entry;

		e->stamp = ++fleet.stamp;
		pool_update(fleet.pool, e);
	}
	ck_assert_uint_eq(fleet.pool->index.cursor, UINT32_MAX);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

/* The idle workers all lack what the busy ones have, so whoever walks in order of load walks far. */
START_TEST(a_view_of_its_own_ends_long_walks)
{
	uint32_t i, k, need;

	ck_assert_int_eq(fleet_open(&fleet, 9, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, FLEET_WORKERS, 60, 0), 0);
	for (i = 0; i < fleet.workers; i++) {
		struct fleet_worker *w = &fleet.worker[i];

		w->entry.for_task = 1;
		w->entry.max = 60000;
		w->entry.used = 0;
		for (k = 0; k + 1 < w->entry.tag_count; k++)
			w->entry.used += w->tags[k] % 2 == 0 && w->tags[k + 1] == w->tags[k] + 1 ? 7000 : 0;
		pool_update(fleet.pool, &w->entry);
	}
	for (i = 0; i < 1500; i++) {
		need = (uint32_t)rand_below(&fleet.rand, fleet.needs);
		(void)fleet_give(&fleet, need);
		note(need);
	}
	ck_assert_uint_gt(seen[POOL_VIEW_TREE], 0);
	ck_assert_uint_le(fleet.pool->leaves, POOL_VIEW_SHARE * fleet.pool->groups.count);
	fleet_close(&fleet);
}
END_TEST

/* All that have no tree get one, if so many tags were asked for. */
static void grow(uint32_t tags_min, uint32_t tags_max)
{
	uint32_t id;

	for (id = 1; id < fleet.pool->views.end; id++) {
		struct pool_view *v = fleet.pool->views.slots[id].item;

		if (v != NULL && v->state == POOL_VIEW_OPEN && v->shape.tag_count >= tags_min &&
		    v->shape.tag_count <= tags_max)
			pool_view_grow(fleet.pool, v);
		ck_assert_uint_le(fleet.pool->leaves, POOL_VIEW_SHARE * fleet.pool->groups.count);
	}
}

static uint32_t refusals(void)
{
	uint32_t id, count = 0;

	for (id = 1; id < fleet.pool->views.end; id++) {
		const struct pool_view *v = fleet.pool->views.slots[id].item;

		count += v != NULL ? v->refusals : 0;
	}
	return count;
}

/* All trees together have a bound: the bigger ones go for a smaller one, and none goes for a bigger one. */
START_TEST(a_small_tree_displaces_big_ones)
{
	uint32_t need, before, leaves, round;

	ck_assert_int_eq(fleet_open(&fleet, 13, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 300, FLEET_NEEDS, 0), 0);
	for (need = 0; need < fleet.needs; need++)
		(void)fleet_give(&fleet, need);
	grow(0, 1);
	fleet_check(&fleet);
	before = refusals();
	grow(2, FLEET_TAGS);
	fleet_check(&fleet);
	ck_assert_uint_gt(refusals(), before);
	before = refusals();
	leaves = (uint32_t)fleet.pool->leaves;
	grow(0, 1);
	ck_assert_uint_gt(refusals(), before);
	ck_assert_uint_ge(fleet.pool->leaves, leaves);
	fleet_check(&fleet);
	for (round = 0; round < 2 * fleet.needs; round++)
		(void)fleet_give(&fleet, round % fleet.needs);
	fleet_check(&fleet);
	fleet_close(&fleet);
}
END_TEST

/* Pages are merged from either side, and the root gives way to its only page. */
START_TEST(an_index_becomes_lower_with_its_groups)
{
	uint32_t i, most = 0, least = POOL_INDEX_HEIGHT;

	ck_assert_int_eq(fleet_open(&fleet, 4711, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 700, 60, 0), 0);
	for (i = 0; i < 4000; i++)
		(void)fleet_give(&fleet, i % 60);
	for (i = 0; i < fleet.workers; i++) {
		fleet.worker[i].entry.used = fleet.worker[i].entry.max; /* its group stays, and is indexed no more */
		if (fleet.worker[i].here)
			pool_update(fleet.pool, &fleet.worker[i].entry);
		(void)fleet_give(&fleet, i % 60);
		if (fleet.pool->index.root != NULL) {
			most = fleet.pool->index.height > most ? fleet.pool->index.height : most;
			least = fleet.pool->index.height < least ? fleet.pool->index.height : least;
		}
		if (i % 16 == 0)
			fleet_check(&fleet);
	}
	ck_assert_uint_gt(most, least);
	fleet_close(&fleet);
}
END_TEST

START_TEST(a_fleet_that_shrinks_and_grows_again)
{
	uint32_t round, i;

	ck_assert_int_eq(fleet_open(&fleet, 31, DTSS_PLACE_PACK, FLEET_HOSTS, 600, 50, 0), 0);
	for (round = 0; round < 3; round++) {
		live(800, 100);
		for (i = 0; i < 500; i++) {
			if (!fleet.worker[i].here)
				continue;
			pool_remove(fleet.pool, &fleet.worker[i].entry);
			fleet.worker[i].here = 0;
			if (i % 10 == 0)
				(void)fleet_give(&fleet, i / 10);
		}
		fleet_check(&fleet);
		live(800, 100);
	}
	fleet_close(&fleet);
}
END_TEST

/* Whatever allocation fails, no choice differs and nothing is lost; with memory again the caches come back. */
START_TEST(chooses_like_the_scan_without_memory)
{
	size_t fail_at = 1, count = SIZE_MAX;

	for (; fail_at <= count; fail_at += fail_at < 60 ? 1 : 1 + rand_below(&fleet.rand, 13)) {
		if (fleet_open(&fleet, 1000 + fail_at, (uint32_t)fail_at % 3, (enum fleet_kind)_i, 300, 40, fail_at) !=
		    0) {
			ck_assert_uint_eq(fleet.mem.blocks, 0);
			continue;
		}
		fleet.mem.fail_on = fail_at % 2;
		live(150, 75);
		fleet.mem.fail_at = 0;
		live(50, 50);
		count = fleet.mem.count;
		fleet_close(&fleet);
	}
}
END_TEST

START_TEST(answers_while_there_is_no_memory_at_all)
{
	ck_assert_int_eq(fleet_open(&fleet, 3, DTSS_PLACE_LEAST_LOAD, FLEET_HALVES, 400, 60, 0), 0);
	live(1500, 500);
	fleet.mem.fail_at = fleet.mem.count + 1;
	fleet.mem.fail_on = 1;
	live(3000, 500);
	ck_assert_uint_gt(seen_loose, 0);
	fleet.mem.fail_at = 0;
	live(500, 100);
	ck_assert_uint_eq(fleet.pool->loose, 0);
	fleet_close(&fleet);
}
END_TEST

Suite *suite_unit_pool_view(void)
{
	Suite *s = suite_create("unit_pool_view");
	TCase *c = tcase_create("pool_view");

	tcase_add_loop_test(c, chooses_like_the_scan, 0, 9);
	tcase_add_test(c, uses_every_kind_of_view);
	tcase_add_test(c, trees_are_made_in_slices);
	tcase_add_test(c, the_first_who_asks_for_anything_makes_nothing);
	tcase_add_test(c, one_group_of_a_mode_is_found_beside_many_of_the_other);
	tcase_add_test(c, the_view_of_all_groups_is_no_list_when_only_small_blocks_are_there);
	tcase_add_test(c, the_index_outlasts_a_burst_of_ends);
	tcase_add_test(c, a_view_of_its_own_ends_long_walks);
	tcase_add_test(c, a_small_tree_displaces_big_ones);
	tcase_add_test(c, an_index_becomes_lower_with_its_groups);
	tcase_add_test(c, a_fleet_that_shrinks_and_grows_again);
	tcase_add_loop_test(c, chooses_like_the_scan_without_memory, 0, 3);
	tcase_add_test(c, answers_while_there_is_no_memory_at_all);
	suite_add_tcase(s, c);
	return s;
}
