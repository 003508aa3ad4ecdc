/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_apply(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* S19: only the batch that follows */
START_TEST(a_gap_or_a_repetition_is_refused)
{
	struct dtss_batch first, second;

	engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_batch(e.s, &first), 1);
	ck_assert_int_eq(dtss_sched_apply(e.standby, &first), 0);
	ck_assert_int_eq(dtss_sched_apply(e.standby, &first), DTSS_E_CORRUPT);
	dtss_sched_stored(e.s, e.now, first.last_seq);
	engine_task(&e, "b");
	ck_assert_int_eq(dtss_sched_batch(e.s, &first), 1);
	dtss_sched_stored(e.s, e.now, first.last_seq);
	engine_task(&e, "c");
	ck_assert_int_eq(dtss_sched_batch(e.s, &second), 1); /* "b" was missed */
	ck_assert_int_eq(dtss_sched_apply(e.standby, &second), DTSS_E_CORRUPT);
}
END_TEST

/* S19: the hash chain */
START_TEST(a_batch_that_was_changed_on_the_way_is_refused)
{
	struct dtss_record records[8];
	struct dtss_event events[8];
	struct dtss_batch b, copy;
	uint64_t digest = dtss_sched_digest(e.standby);
	uint8_t bytes[1024];
	int way;

	engine_join(&e, "w", 1, NULL);
	digest = dtss_sched_digest(e.standby);
	engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	ck_assert_uint_le(b.record_count, 8);
	ck_assert_uint_le(b.event_count, 8);
	ck_assert_uint_ge(b.record_count, 3);
	for (way = 0; way < 8; way++) {
		copy = b;
		memcpy(records, b.records, b.record_count * sizeof *records);
		memcpy(events, b.events, b.event_count * sizeof *events);
		copy.records = records;
		copy.events = events;
		if (way == 0)
			copy.prev_hash++;
		else if (way == 1)
			copy.hash++;
		else if (way == 2)
			events[0].to++;
		else if (way == 3)
			events[0].wall_ns++;
		else if (way == 4)
			copy.record_count--;
		else if (way == 5)
			records[1].flags ^= DTSS_RECORD_DONE;
		else if (way == 6)
			records[1].data = records[2].data;
		else { /* the last record: those before it are whole */
			struct dtss_record *last = &records[b.record_count - 1];

			ck_assert_uint_le(last->len, sizeof bytes);
			last->data = memcpy(bytes, last->data, last->len);
			bytes[last->len - 1] ^= 1;
		}
		ck_assert_int_eq(dtss_sched_apply(e.standby, &copy), DTSS_E_CORRUPT);
		ck_assert_uint_eq(dtss_sched_digest(e.standby), digest);
	}
	ck_assert_int_eq(dtss_sched_apply(e.standby, &b), 0);
	ck_assert_uint_eq(dtss_sched_digest(e.standby), dtss_sched_digest(e.s));
	dtss_sched_stored(e.s, e.now, b.last_seq);
}
END_TEST

/* The hash cannot cover the record that holds it: what META says is compared with the batch. */
START_TEST(a_batch_with_the_meta_record_of_another_is_refused)
{
	struct dtss_record records[8], meta;
	struct dtss_record_body *body;
	uint8_t bytes[1024];
	struct dtss_batch b;
	size_t len;
	int way;

	engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	ck_assert_uint_le(b.record_count, 8);
	ck_assert_uint_eq(b.records[0].kind, DTSS_RECORD_META);
	memcpy(records, b.records, b.record_count * sizeof *records);
	b.records = records;
	meta = records[0];
	for (way = 0; way < 3; way++) {
		struct dtss_sched *standby;

		ck_assert_int_eq(dtss_sched_create(&standby, NULL, dtss_mem_libc()), 0);
		ck_assert_int_eq(dtss_record_decode(meta.data, meta.len, dtss_mem_libc(), &body), 0);
		ck_assert_int_eq(records_load(&e.records, standby), 0);
		body->u.meta.seq += way == 1;
		body->u.meta.hash += way == 2;
		len = dtss_record_encode(body, bytes, sizeof bytes);
		ck_assert_uint_le(len, sizeof bytes);
		dtss_record_free(body, dtss_mem_libc());
		records[0].data = bytes;
		records[0].len = len;
		ck_assert_int_eq(dtss_sched_apply(standby, &b), way == 0 ? 0 : DTSS_E_CORRUPT);
		dtss_sched_destroy(standby);
	}
	dtss_sched_stored(e.s, e.now, b.last_seq);
}
END_TEST

START_TEST(a_leader_applies_nothing)
{
	struct dtss_batch b;

	engine_task(&e, "a");
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	ck_assert_int_eq(dtss_sched_apply(e.s, &b), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sched_apply(e.standby, &b), 0);
	dtss_sched_stored(e.s, e.now, b.last_seq);
}
END_TEST

/* It is destroyed then, and loaded from what was stored so far: nothing leaks, nothing is missing. */
static void load_anew(void)
{
	dtss_sched_destroy(e.standby);
	ck_assert_uint_eq(e.standby_mem.blocks, 0);
	e.standby_mem.fail_at = 0;
	ck_assert_int_eq(dtss_sched_create(&e.standby, NULL, &e.standby_mem.mem), 0);
	ck_assert_int_eq(records_load(&e.records, e.standby), 0);
}

START_TEST(a_standby_without_memory_begins_anew)
{
	struct dtss_task_spec spec = engine_spec("job");
	const char *tag = "tag";
	struct dtss_batch b;
	int failures = 0, i;
	size_t n;

	spec.tags = &tag;
	spec.tag_count = 1;
	for (i = 0; i < 60; i++) {
		struct engine_agent *a;

		spec.key = (const char *[]){ "x", "y", "z" }[i % 3];
		spec.queue = i % 2 ? "q" : "r";
		if (i < 6)
			engine_submit(&e, &spec);
		else if (i < 12)
			ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ (uint64_t)i - 5 }, NULL), 0);
		else
			engine_task(&e, "more");
		if (i < 5) {
			struct dtss_heartbeat hb;

			a = engine_agent(&e, (const char *[]){ "a", "b", "c", "d", "e" }[i], 3, "tag");
			hb = engine_heartbeat(&e, a);
			ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
		}
		if (i % 4 == 1)
			ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
		ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
		for (n = 1;; n++) {
			e.standby_mem.fail_at = e.standby_mem.count + n;
			if (dtss_sched_apply(e.standby, &b) == 0)
				break;
			load_anew();
			failures++;
		}
		ck_assert_uint_eq(dtss_sched_digest(e.standby), dtss_sched_digest(e.s));
		records_write(&e.records, &b);
		dtss_sched_stored(e.s, e.now, b.last_seq);
	}
	ck_assert_int_gt(failures, 60);
}
END_TEST

Suite *suite_unit_apply(void)
{
	Suite *s = suite_create("unit_apply");
	TCase *c = tcase_create("apply");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_gap_or_a_repetition_is_refused);
	tcase_add_test(c, a_batch_that_was_changed_on_the_way_is_refused);
	tcase_add_test(c, a_batch_with_the_meta_record_of_another_is_refused);
	tcase_add_test(c, a_leader_applies_nothing);
	tcase_add_test(c, a_standby_without_memory_begins_anew);
	suite_add_tcase(s, c);
	return s;
}
