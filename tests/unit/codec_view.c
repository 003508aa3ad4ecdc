/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_view(void);

static struct dtss_record records[4];
static struct fail_mem memory;
static struct dtss_task_view *view;
static size_t used;

static void setup(void)
{
	fail_mem_init(&memory, 0);
	ck_assert_uint_eq(sample_rows(records), 3);
	view = NULL;
	used = 99;
}

static void teardown(void)
{
	dtss_task_view_free(view, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

/* records[at] becomes this one. */
static void replace(size_t at, const struct dtss_record_body *body)
{
	static uint8_t bytes[CODEC_SAMPLE_BYTES];
	size_t len = dtss_record_encode(body, bytes, sizeof bytes);

	ck_assert_int_eq(dtss_record_peek(bytes, len, &records[at]), DTSS_OK);
}

START_TEST(rows_become_a_view)
{
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_uint_eq(used, 3);
	ck_assert_uint_eq(view->id.v, 42);
	ck_assert_uint_eq(view->retry_of.v, 41);
	ck_assert_uint_eq(view->state, DTSS_TASK_QUARANTINED);
	ck_assert_uint_eq(view->cause, DTSS_CAUSE_LOST_MAX);
	ck_assert_uint_eq(view->failed_count, 999);
	ck_assert_uint_eq(view->lost_count, 1000);
	ck_assert_uint_eq(view->stopping, 0);
	ck_assert_int_eq(view->created_ns, sample_task.u.task.created_ns);
	ck_assert_int_eq(view->started_ns, sample_task.u.task.started_ns);
	ck_assert_int_eq(view->finished_ns, sample_task.u.task.finished_ns);
	ck_assert_int_eq(view->due_ns, 0);
	ck_assert_str_eq(view->spec->name, "build");
	ck_assert_uint_eq(view->attempt_count, 1);
	ck_assert_uint_eq(view->attempts[0].attempt, 2);
	ck_assert_str_eq(view->attempts[0].worker, "worker-001");
}
END_TEST

START_TEST(a_task_without_attempts_is_complete)
{
	ck_assert_int_eq(dtss_task_view_decode(records, 2, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_uint_eq(used, 2);
	ck_assert_uint_eq(view->attempt_count, 0);
}
END_TEST

START_TEST(the_next_tasks_rows_are_left)
{
	records[3] = records[0];
	ck_assert_int_eq(dtss_task_view_decode(records, 4, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_uint_eq(used, 3);
}
END_TEST

START_TEST(an_attempt_that_is_stopping_shows)
{
	struct dtss_record_body attempt = sample_attempt;

	attempt.u.attempt.view.state = DTSS_ATTEMPT_STOPPING;
	replace(2, &attempt);
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_uint_eq(view->stopping, 1);
}
END_TEST

START_TEST(a_backoff_is_due_when_it_ends)
{
	struct dtss_record_body task = sample_task;

	task.u.task.state = DTSS_TASK_DELAYED;
	replace(0, &task);
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_int_eq(view->due_ns, task.u.task.due_since_ns + 4000000000);
}
END_TEST

START_TEST(without_a_backoff_not_before_is_when_it_is_due)
{
	struct dtss_record_body task = sample_task;

	task.u.task.state = DTSS_TASK_DELAYED;
	task.u.task.due_wait_ns = 0;
	replace(0, &task);
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_int_eq(view->due_ns, sample_spec.not_before_ns);
}
END_TEST

START_TEST(rows_that_do_not_belong_together_are_corrupt)
{
	struct dtss_record_body task = sample_task;

	ck_assert_int_eq(dtss_task_view_decode(records, 0, &memory.mem, &view, &used), DTSS_E_CORRUPT);
	ck_assert_int_eq(dtss_task_view_decode(records, 1, &memory.mem, &view, &used), DTSS_E_CORRUPT);
	ck_assert_int_eq(dtss_task_view_decode(records + 1, 2, &memory.mem, &view, &used), DTSS_E_CORRUPT);
	task.u.task.id = 43;
	replace(0, &task);
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_E_CORRUPT);
	ck_assert_ptr_null(view);
	ck_assert_uint_eq(used, 99);
}
END_TEST

START_TEST(a_damaged_row_is_corrupt)
{
	uint8_t bytes[CODEC_SAMPLE_BYTES];

	memcpy(bytes, records[_i].data, records[_i].len);
	bytes[records[_i].len - 1] ^= 1;
	records[_i].data = bytes;
	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_E_CORRUPT);
	ck_assert_ptr_null(view);
}
END_TEST

START_TEST(without_memory_nothing_is_left)
{
	size_t n;

	for (n = 1;; n++) {
		fail_mem_init(&memory, n);
		if (dtss_task_view_decode(records, 3, &memory.mem, &view, &used) == DTSS_OK)
			break;
		ck_assert_uint_eq(memory.blocks, 0);
		ck_assert_ptr_null(view);
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

START_TEST(a_filter_of_zeros_lets_everything_through)
{
	struct dtss_task_filter filter = { .limit = 1, .after = 1000 };

	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	ck_assert_int_eq(dtss_task_filter_match(&filter, view), 1);
}
END_TEST

START_TEST(each_condition_of_a_filter_counts)
{
	static const struct {
		struct dtss_task_filter filter;
		int match;
	} cases[] = {
		{ { .states = 1u << DTSS_TASK_QUARANTINED | 1u << DTSS_TASK_FAILED }, 1 },
		{ { .states = 1u << DTSS_TASK_FAILED }, 0 },
		{ { .queue = "night" }, 1 },
		{ { .queue = "default" }, 0 },
		{ { .name = "build" }, 1 },
		{ { .name = "buil" }, 0 },
		{ { .label_name = "team" }, 1 },
		{ { .label_name = "team", .label_value = "blue" }, 1 },
		{ { .label_name = "team", .label_value = "red" }, 0 },
		{ { .label_name = "none" }, 0 },
		{ { .queue = "night", .name = "build", .label_name = "app", .label_value = "w\xc3\xb6rk" }, 1 },
		{ { .queue = "night", .name = "other" }, 0 },
	};
	size_t i;

	ck_assert_int_eq(dtss_task_view_decode(records, 3, &memory.mem, &view, &used), DTSS_OK);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_int_eq(dtss_task_filter_match(&cases[i].filter, view), cases[i].match);
}
END_TEST

Suite *suite_unit_codec_view(void)
{
	Suite *suite = suite_create("unit/codec_view");
	TCase *tc = tcase_create("codec_view");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rows_become_a_view);
	tcase_add_test(tc, a_task_without_attempts_is_complete);
	tcase_add_test(tc, the_next_tasks_rows_are_left);
	tcase_add_test(tc, an_attempt_that_is_stopping_shows);
	tcase_add_test(tc, a_backoff_is_due_when_it_ends);
	tcase_add_test(tc, without_a_backoff_not_before_is_when_it_is_due);
	tcase_add_test(tc, rows_that_do_not_belong_together_are_corrupt);
	tcase_add_loop_test(tc, a_damaged_row_is_corrupt, 0, 3);
	tcase_add_test(tc, without_memory_nothing_is_left);
	tcase_add_test(tc, a_filter_of_zeros_lets_everything_through);
	tcase_add_test(tc, each_condition_of_a_filter_counts);
	suite_add_tcase(suite, tc);
	return suite;
}
