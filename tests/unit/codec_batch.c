/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_batch(void);

static uint8_t bytes[CODEC_SAMPLE_BYTES];
static struct fail_mem memory;

static struct dtss_batch *decoded(size_t len)
{
	struct dtss_batch *batch = NULL;

	fail_mem_init(&memory, 0);
	ck_assert_int_eq(dtss_batch_decode(bytes, len, &memory.mem, &batch), DTSS_OK);
	return batch;
}

static void discard(struct dtss_batch *batch)
{
	dtss_batch_free(batch, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

START_TEST(a_batch_comes_back_with_its_events)
{
	struct dtss_batch *batch = decoded(sample_batch_encode(bytes, sizeof bytes));

	ck_assert_uint_eq(batch->size, sizeof *batch);
	ck_assert_uint_eq(batch->epoch, 5);
	ck_assert_uint_eq(batch->first_seq, 300);
	ck_assert_uint_eq(batch->last_seq, 301);
	ck_assert_uint_eq(batch->prev_hash, 1111);
	ck_assert_uint_eq(batch->hash, 2222);
	ck_assert_uint_eq(batch->event_count, 2);
	ck_assert_uint_eq(batch->events[0].seq, 300);
	ck_assert_uint_eq(batch->events[0].task, 42);
	ck_assert_uint_eq(batch->events[0].fence, 91);
	ck_assert_uint_eq(batch->events[0].worker, 3);
	ck_assert_uint_eq(batch->events[0].incarnation, 1700000000000);
	ck_assert_uint_eq(batch->events[0].type, DTSS_EVENT_TASK);
	ck_assert_uint_eq(batch->events[0].attempt, 2);
	ck_assert_uint_eq(batch->events[0].from, DTSS_TASK_RUNNING);
	ck_assert_uint_eq(batch->events[0].to, DTSS_TASK_QUARANTINED);
	ck_assert_uint_eq(batch->events[0].cause, DTSS_CAUSE_LOST_MAX);
	ck_assert_int_eq(batch->events[1].wall_ns, -1);
	discard(batch);
}
END_TEST

START_TEST(its_records_come_back_as_they_were)
{
	struct dtss_record records[3];
	size_t count = sample_rows(records), i;
	struct dtss_batch *batch = decoded(sample_batch_encode(bytes, sizeof bytes));

	ck_assert_uint_eq(batch->record_count, count);
	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(batch->records[i].kind, records[i].kind);
		ck_assert_uint_eq(batch->records[i].flags, records[i].flags);
		ck_assert_uint_eq(batch->records[i].id, records[i].id);
		ck_assert_uint_eq(batch->records[i].sub, records[i].sub);
		ck_assert_uint_eq(batch->records[i].len, records[i].len);
		ck_assert_mem_eq(batch->records[i].data, records[i].data, records[i].len);
	}
	discard(batch);
}
END_TEST

/* The record's bytes may be older than the decision to delete it. */
START_TEST(the_flags_of_the_batch_count)
{
	uint8_t task[CODEC_SAMPLE_BYTES];
	struct dtss_record record;
	struct dtss_batch batch = {
		.size = sizeof batch, .first_seq = 1, .last_seq = 1, .records = &record, .record_count = 1
	};
	struct dtss_batch *ret;
	size_t len = dtss_record_encode(&sample_task, task, sizeof task);

	ck_assert_int_eq(dtss_record_peek(task, len, &record), DTSS_OK);
	record.flags = DTSS_RECORD_DELETE;
	ret = decoded(dtss_batch_encode(&batch, bytes, sizeof bytes));
	ck_assert_uint_eq(ret->records[0].flags, DTSS_RECORD_DELETE);
	ck_assert_uint_eq(ret->event_count, 0);
	discard(ret);
}
END_TEST

Suite *suite_unit_codec_batch(void)
{
	Suite *suite = suite_create("unit/codec_batch");
	TCase *tc = tcase_create("codec_batch");

	tcase_add_test(tc, a_batch_comes_back_with_its_events);
	tcase_add_test(tc, its_records_come_back_as_they_were);
	tcase_add_test(tc, the_flags_of_the_batch_count);
	suite_add_tcase(suite, tc);
	return suite;
}
