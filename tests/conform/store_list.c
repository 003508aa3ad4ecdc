/* SPDX-License-Identifier: MIT */
/* Lists of finished tasks, over every store. */
#include <check.h>
#include <stdio.h>
#include "support/store_kit.h"

Suite *suite_conform_store_list(void);

#define CAP 2000

static struct store_kit k;
static uint64_t ids[CAP];

/* Ids 1 to count in one queue, every third failed, and what still lives beyond. */
static void begin(int kind, uint64_t count)
{
	uint64_t id;

	kit_open(&k, (enum store_kind)kind);
	for (id = count; id > 0; id--) /* the newest finishes first */
		kit_finished(&k, id, id % 3 ? DTSS_TASK_SUCCEEDED : DTSS_TASK_FAILED, id % 2 ? "odd" : "even");
	kit_task(&k, count + 1, DTSS_TASK_READY, 0);
	kit_spec(&k, count + 1, "default", "odd", NULL);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
}

/* All that the filter finds, page by page. */
static size_t walk(struct dtss_task_filter filter, size_t *ret_pages)
{
	size_t count = 0, pages = 0;
	uint64_t next;

	do {
		count += kit_ids(&k, &filter, ids + count, CAP - count, &next);
		ck_assert(next == 0 || next > filter.after);
		filter.after = next;
		pages++;
	} while (next != 0);
	if (ret_pages != NULL)
		*ret_pages = pages;
	return count;
}

START_TEST(pages_give_each_finished_task_once_and_in_order)
{
	static const uint32_t limits[] = { 1, 7, 50, 99, 100, 101, DTSS_LIST_MAX };
	size_t i, n, count, pages;

	begin(_i, 100);
	for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct dtss_task_filter filter = { .limit = limits[i] };

		count = walk(filter, &pages);
		ck_assert_uint_eq(count, 100);
		ck_assert_uint_eq(pages, (100 + limits[i] - 1) / limits[i]);
		for (n = 0; n < count; n++)
			ck_assert_uint_eq(ids[n], n + 1);
	}
	kit_close(&k);
}
END_TEST

START_TEST(after_is_where_a_page_begins)
{
	struct dtss_task_filter filter = { .limit = 10, .after = 97 };
	uint64_t next;

	begin(_i, 100);
	ck_assert_uint_eq(kit_ids(&k, &filter, ids, CAP, &next), 3);
	ck_assert_uint_eq(ids[0], 98);
	ck_assert_uint_eq(next, 0);
	filter.after = 100;
	ck_assert_uint_eq(kit_ids(&k, &filter, ids, CAP, &next), 0);
	ck_assert_uint_eq(next, 0);
	kit_close(&k);
}
END_TEST

START_TEST(new_tasks_do_not_disturb_a_walk)
{
	struct dtss_task_filter filter = { .limit = 10 };
	uint64_t next;

	begin(_i, 20);
	ck_assert_uint_eq(kit_ids(&k, &filter, ids, CAP, &next), 10);
	ck_assert_uint_eq(next, 10);
	kit_task(&k, 21, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE); /* it lived until now */
	kit_finished(&k, 22, DTSS_TASK_SUCCEEDED, "new");
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	filter.after = next;
	ck_assert_uint_eq(walk(filter, NULL), 12);
	ck_assert_uint_eq(ids[0], 11);
	ck_assert_uint_eq(ids[11], 22);
	kit_close(&k);
}
END_TEST

START_TEST(states_choose)
{
	struct dtss_task_filter filter = { .limit = 7 };
	size_t i, count;

	begin(_i, 100);
	filter.states = 1u << DTSS_TASK_FAILED;
	count = walk(filter, NULL);
	ck_assert_uint_eq(count, 33);
	for (i = 0; i < count; i++)
		ck_assert_uint_eq(ids[i], 3 * (i + 1));
	filter.states = 1u << DTSS_TASK_SUCCEEDED;
	ck_assert_uint_eq(walk(filter, NULL), 67);
	filter.states |= 1u << DTSS_TASK_FAILED;
	ck_assert_uint_eq(walk(filter, NULL), 100);
	filter.states = 1u << DTSS_TASK_SKIPPED | 1u << DTSS_TASK_READY; /* what lives is no history */
	ck_assert_uint_eq(walk(filter, NULL), 0);
	kit_close(&k);
}
END_TEST

START_TEST(names_queues_and_labels_choose)
{
	struct dtss_task_filter name = { .limit = 10, .name = "odd" };
	struct dtss_task_filter queue = { .limit = 10, .queue = "other" };
	struct dtss_task_filter label = { .limit = 10, .label_name = "team" };
	struct dtss_task_filter value = { .limit = 10, .label_name = "team", .label_value = "red" };
	struct dtss_task_filter both = { .limit = 10, .name = "odd", .states = 1u << DTSS_TASK_FAILED };

	begin(_i, 100);
	kit_task(&k, 201, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE);
	kit_spec(&k, 201, "other", "x", "team=red");
	kit_task(&k, 202, DTSS_TASK_FAILED, DTSS_RECORD_DONE);
	kit_spec(&k, 202, "default", "x", "team=blue");
	kit_attempt(&k, 202, 1, 5);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_uint_eq(walk(name, NULL), 50);
	ck_assert_uint_eq(walk(queue, NULL), 1);
	ck_assert_uint_eq(ids[0], 201);
	ck_assert_uint_eq(walk(label, NULL), 2);
	ck_assert_uint_eq(walk(value, NULL), 1);
	ck_assert_uint_eq(ids[0], 201);
	ck_assert_uint_eq(walk(both, NULL), 17);
	kit_close(&k);
}
END_TEST

START_TEST(a_filter_is_borrowed_for_the_call)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LIST };
	struct dtss_store_done done;
	char name[] = "odd";

	begin(_i, 10);
	op.u.list.limit = 10;
	op.u.list.name = name;
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_OK);
	name[0] = 'x';
	kit_wait(&k, &done);
	ck_assert_uint_eq(done.u.rows.count, 10); /* TASK and SPEC of five */
	kit_close(&k);
}
END_TEST

START_TEST(rows_of_a_page_are_whole)
{
	struct dtss_task_filter filter = { .limit = 10 };
	struct dtss_store_done done;
	size_t i;

	begin(_i, 3);
	kit_attempt(&k, 2, 1, 5);
	kit_attempt(&k, 2, 2, 6);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_list(&k, &filter, &done), DTSS_OK);
	ck_assert_uint_eq(done.u.rows.count, 8);
	for (i = 0; i < 2; i++)
		ck_assert_uint_eq(done.u.rows.records[4 + i].sub, i + 1);
	kit_close(&k);
}
END_TEST

/* One in more than a store looks at for a page: pages end early, and still find it. */
START_TEST(a_page_looks_at_a_bounded_number_of_tasks)
{
	struct dtss_task_filter filter = { .limit = 10, .name = "needle" };
	uint64_t id;
	size_t pages;

	kit_open(&k, (enum store_kind)_i);
	for (id = 1; id <= DTSS_SCAN_MAX + 2500; id++) {
		kit_finished(&k, id, DTSS_TASK_SUCCEEDED, id == DTSS_SCAN_MAX + 2400 ? "needle" : "hay");
		if (id % 2500 == 0)
			ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	ck_assert_uint_eq(walk(filter, &pages), 1);
	ck_assert_uint_eq(ids[0], DTSS_SCAN_MAX + 2400);
	ck_assert_uint_eq(pages, 2);
	kit_close(&k);
}
END_TEST

START_TEST(a_page_holds_a_bounded_number_of_bytes)
{
	struct dtss_task_filter filter = { .limit = DTSS_LIST_MAX };
	uint64_t id;
	size_t pages;

	kit_open(&k, (enum store_kind)_i);
	for (id = 1; id <= 50; id++) {
		kit_task(&k, id, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE);
		kit_spec_payload(&k, id, 250000);
		if (id % 10 == 0)
			ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	}
	ck_assert_uint_eq(walk(filter, &pages), 50);
	ck_assert_uint_eq(pages, 2); /* 34 tasks are just above 8 MiB */
	kit_close(&k);
}
END_TEST

Suite *suite_conform_store_list(void)
{
	Suite *s = suite_create("conform/store_list");
	TCase *tc = tcase_create("every store");

	tcase_add_loop_test(tc, pages_give_each_finished_task_once_and_in_order, 0, STORE_KINDS);
	tcase_add_loop_test(tc, after_is_where_a_page_begins, 0, STORE_KINDS);
	tcase_add_loop_test(tc, new_tasks_do_not_disturb_a_walk, 0, STORE_KINDS);
	tcase_add_loop_test(tc, states_choose, 0, STORE_KINDS);
	tcase_add_loop_test(tc, names_queues_and_labels_choose, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_filter_is_borrowed_for_the_call, 0, STORE_KINDS);
	tcase_add_loop_test(tc, rows_of_a_page_are_whole, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_page_looks_at_a_bounded_number_of_tasks, STORE_MEMORY, STORE_SQLITE + 1);
	tcase_add_loop_test(tc, a_page_holds_a_bounded_number_of_bytes, STORE_MEMORY, STORE_SQLITE + 1);
	suite_add_tcase(s, tc);
	return s;
}
