/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/ready.h"
#include "support/rand.h"

Suite *suite_unit_ready(void);

#define ITEMS 3000

static struct ready queue;
static struct ready_item items[ITEMS];

static void setup(void)
{
	memset(items, 0, sizeof(items));
	ready_init(&queue);
}

static struct ready_item *push(size_t at, uint64_t id, int32_t priority)
{
	items[at].id = id;
	items[at].priority = priority;
	ready_push(&queue, &items[at]);
	return &items[at];
}

static void expect_next(const struct ready_item *item)
{
	struct ready_item *head = ready_head(&queue);

	ck_assert_ptr_eq(head, item);
	ready_remove(&queue, head);
	ck_assert_uint_eq(head->queued, 0);
}

START_TEST(gives_the_first_submitted_first)
{
	size_t i;

	ck_assert_ptr_null(ready_head(&queue));
	for (i = 0; i < 100; i++)
		push(i, i + 1, 0);
	for (i = 0; i < 100; i++)
		expect_next(&items[i]);
	ck_assert_ptr_null(ready_head(&queue));
	ck_assert_uint_eq(queue.count, 0);
}
END_TEST

START_TEST(gives_the_higher_priority_first)
{
	push(0, 1, INT32_MIN);
	push(1, 2, 0);
	push(2, 3, INT32_MAX);
	push(3, 4, -1);
	push(4, 5, INT32_MAX);
	expect_next(&items[2]);
	expect_next(&items[4]);
	expect_next(&items[1]);
	expect_next(&items[3]);
	expect_next(&items[0]);
}
END_TEST

START_TEST(keeps_the_place_of_what_comes_back)
{
	size_t i;

	for (i = 0; i < 5; i++)
		push(i, 10 * (i + 1), 7);
	expect_next(&items[0]);
	expect_next(&items[1]);
	push(1, 20, 7);
	push(0, 10, 7);
	push(5, 35, 7); /* it was delayed: between two that wait */
	expect_next(&items[0]);
	expect_next(&items[1]);
	expect_next(&items[2]);
	expect_next(&items[5]);
	expect_next(&items[3]);
}
END_TEST

START_TEST(has_room_for_any_number_of_priorities)
{
	size_t i;

	for (i = 0; i < ITEMS; i++)
		push(i, i + 1, (int32_t)(i * 7919 % ITEMS));
	for (i = 0; i < ITEMS; i++) {
		ck_assert_int_eq(ready_head(&queue)->priority, ITEMS - 1 - (int32_t)i);
		ready_remove(&queue, ready_head(&queue));
	}
}
END_TEST

static struct ready_item *model_head(void)
{
	struct ready_item *head = NULL;
	size_t i;

	for (i = 0; i < ITEMS; i++)
		if (items[i].queued && (head == NULL || items[i].priority > head->priority ||
					(items[i].priority == head->priority && items[i].id < head->id)))
			head = &items[i];
	return head;
}

/* Tasks come, leave as the head or from anywhere, and come back; the reference looks at all of them. */
START_TEST(agrees_with_a_plain_table)
{
	uint64_t seed = 500 + (uint64_t)_i, last_id = 0;
	struct rand rand = { seed };
	uint64_t priorities = _i % 3 == 0 ? 3 : _i % 3 == 1 ? 30 : 1000;
	size_t i, step, count = 0;

	for (step = 0; step < 12000; step++) {
		uint64_t dice = rand_below(&rand, step % 4000 < 2000 ? 5 : 9);
		struct ready_item *item = &items[rand_below(&rand, ITEMS)];

		if (dice >= 3 && queue.count > 0)
			item = dice % 2 ? item : ready_head(&queue);
		if (item->queued) {
			ready_remove(&queue, item);
			count--;
		} else if (dice < 4) {
			if (item->id == 0 || rand_below(&rand, 2) == 0) { /* a new task, not one that returns */
				item->id = ++last_id;
				item->priority = (int32_t)rand_below(&rand, priorities) - 2;
			}
			ready_push(&queue, item);
			count++;
		}
		ck_assert_uint_eq(queue.count, count);
		if (step % 16 == 0)
			ck_assert_msg(ready_head(&queue) == model_head(), "seed %llu, step %zu",
				      (unsigned long long)seed, step);
	}
	for (i = 0; i < count; i++) {
		ck_assert_msg(ready_head(&queue) == model_head(), "seed %llu", (unsigned long long)seed);
		ready_remove(&queue, ready_head(&queue));
	}
	ck_assert_ptr_null(ready_head(&queue));
}
END_TEST

Suite *suite_unit_ready(void)
{
	Suite *s = suite_create("unit_ready");
	TCase *c = tcase_create("ready");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, gives_the_first_submitted_first);
	tcase_add_test(c, gives_the_higher_priority_first);
	tcase_add_test(c, keeps_the_place_of_what_comes_back);
	tcase_add_test(c, has_room_for_any_number_of_priorities);
	tcase_add_loop_test(c, agrees_with_a_plain_table, 0, 9);
	suite_add_tcase(s, c);
	return s;
}
