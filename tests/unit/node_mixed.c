/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_mixed(void);

/* A store that mixes up its answers: each is whole, and is not what was asked for. It is damage, and is said to be. */
#define ROWS_MAX 8

static struct rig r;
static struct dtss_record kept[ROWS_MAX];
static size_t kept_count;
static dtss_task_id good, bad;

static void keep_rows(struct dtss_store_done *done)
{
	size_t i;

	if (done->type != DTSS_STORE_GET)
		return;
	ck_assert_uint_le(done->u.rows.count, ROWS_MAX);
	for (i = 0; i < done->u.rows.count; i++) {
		void *bytes = malloc(done->u.rows.records[i].len);

		ck_assert_ptr_nonnull(bytes);
		kept[i] = done->u.rows.records[i];
		kept[i].data = memcpy(bytes, kept[i].data, kept[i].len);
	}
	kept_count = done->u.rows.count;
}

static void other_rows(struct dtss_store_done *done)
{
	if (done->type == DTSS_STORE_GET || done->type == DTSS_STORE_LIST) {
		done->u.rows.records = kept;
		done->u.rows.count = kept_count;
	}
}

static void next_goes_back(struct dtss_store_done *done)
{
	if (done->type == DTSS_STORE_LIST)
		done->u.rows.next = 1;
}

static void log_is_longer(struct dtss_store_done *done)
{
	static char bytes[200];

	if (done->type == DTSS_STORE_LOG_READ) {
		done->u.log.data = bytes;
		done->u.log.len = sizeof bytes;
	}
}

static void log_is_elsewhere(struct dtss_store_done *done)
{
	if (done->type == DTSS_STORE_LOG_READ)
		done->u.log.offset += 7;
}

static void log_has_no_bytes(struct dtss_store_done *done)
{
	if (done->type == DTSS_STORE_LOG_READ) {
		done->u.log.data = NULL;
		done->u.log.len = 3;
	}
}

static void no_epoch(struct dtss_store_done *done)
{
	if (done->type == DTSS_STORE_LEAD)
		done->u.epoch = 0;
}

/* One task that succeeded and one that failed, both history; the rows of the one are kept. */
static void open_with(void (*mix)(struct dtss_store_done *done), int keep_good)
{
	struct dtss_answer answer;

	memset(&r, 0, sizeof r);
	rig_open(&r);
	good = rig_history(&r, "good", 0);
	bad = rig_history(&r, "bad", 1);
	r.gate->mix = keep_rows;
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, keep_good ? good : bad, &answer), 0);
	ck_assert_uint_gt(kept_count, 0);
	r.gate->mix = mix;
}

static void close_all(void)
{
	rig_close(&r);
	while (kept_count > 0)
		free((void *)(uintptr_t)kept[--kept_count].data);
}

static int read_log(dtss_task_id id)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LOG_READ);
	struct dtss_answer answer;

	request.u.log_read.task = id;
	request.u.log_read.chunk.stream = 1;
	request.u.log_read.chunk.len = 100;
	return rig_ask(&r, &request, &answer);
}

static int list_after(uint64_t id)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_LIST);
	struct dtss_answer answer;

	request.u.list.after = id;
	request.u.list.limit = 10;
	return rig_ask(&r, &request, &answer);
}

START_TEST(the_rows_of_another_task)
{
	static const uint32_t types[] = { DTSS_REQUEST_GET, DTSS_REQUEST_EXPLAIN, DTSS_REQUEST_RETRY };
	struct dtss_answer answer;

	open_with(other_rows, 0);
	ck_assert_int_eq(rig_ask_task(&r, types[_i], good, &answer), DTSS_E_CORRUPT);
	ck_assert_int_eq(read_log(good), DTSS_E_CORRUPT);
	close_all();
}
END_TEST

/* The task that failed would have skipped who waits for the one that succeeded. */
START_TEST(what_became_of_another_dependency)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec("child");
	struct dtss_after after = { { 0 }, 0, 0 };
	struct dtss_answer answer;

	open_with(other_rows, 0);
	after.task = good;
	spec.after = &after;
	spec.after_count = 1;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_CORRUPT);
	r.gate->mix = NULL;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	close_all();
}
END_TEST

START_TEST(a_page_that_goes_back)
{
	open_with(_i ? other_rows : next_goes_back, 1);
	ck_assert_int_eq(list_after(good.v), DTSS_E_CORRUPT);
	r.gate->mix = NULL;
	ck_assert_int_eq(list_after(good.v), 0);
	close_all();
}
END_TEST

/* Whoever asked for 100 bytes has room for 100. */
START_TEST(a_log_that_was_not_asked_for)
{
	static void (*const mixes[])(struct dtss_store_done * done) = { log_is_longer, log_is_elsewhere,
									log_has_no_bytes };

	open_with(mixes[_i], 1);
	ck_assert_int_eq(read_log(good), DTSS_E_CORRUPT);
	close_all();
}
END_TEST

START_TEST(an_epoch_that_no_store_gives)
{
	struct gate_store *gate = gate_store_open();
	struct dtss_node_config cfg = { .size = sizeof cfg, .store = &gate->base };
	struct dtss_node *node;

	gate->mix = no_epoch;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, (struct dtss_time){ 1, 1 }), DTSS_E_CORRUPT);
}
END_TEST

Suite *suite_unit_node_mixed(void)
{
	Suite *s = suite_create("unit_node_mixed");
	TCase *c = tcase_create("node_mixed");

	tcase_add_loop_test(c, the_rows_of_another_task, 0, 3);
	tcase_add_test(c, what_became_of_another_dependency);
	tcase_add_loop_test(c, a_page_that_goes_back, 0, 2);
	tcase_add_loop_test(c, a_log_that_was_not_asked_for, 0, 3);
	tcase_add_test(c, an_epoch_that_no_store_gives);
	suite_add_tcase(s, c);
	return s;
}
