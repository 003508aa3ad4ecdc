/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_batch(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

START_TEST(without_a_change_there_is_none)
{
	struct dtss_batch b;

	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, (dtss_task_id){ 1 }, NULL), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 0);
}
END_TEST

/* S19; and each record once, with its newest value */
START_TEST(a_batch_has_every_event_and_each_record_once)
{
	struct dtss_record_body *body;
	struct dtss_batch b;
	dtss_task_id id = engine_task(&e, "job");
	size_t i;

	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
		ck_assert_int_eq(dtss_sched_release(e.s, e.now, id), 0);
	}
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	ck_assert_uint_eq(b.event_count, 12);
	for (i = 0; i < 12; i++)
		ck_assert_uint_eq(b.events[i].seq, b.first_seq + i);
	ck_assert_uint_eq(b.last_seq, b.first_seq + 11);
	ck_assert_uint_eq(b.record_count, 3);
	ck_assert_uint_eq(b.records[0].kind, DTSS_RECORD_META);
	ck_assert_uint_eq(b.records[1].kind, DTSS_RECORD_SPEC);
	ck_assert_uint_eq(b.records[2].kind, DTSS_RECORD_TASK);
	ck_assert_int_eq(dtss_record_decode(b.records[2].data, b.records[2].len, dtss_mem_libc(), &body), 0);
	ck_assert_uint_eq(body->u.task.state, DTSS_TASK_HELD);
	dtss_record_free(body, dtss_mem_libc());
	ck_assert_int_eq(dtss_record_decode(b.records[0].data, b.records[0].len, dtss_mem_libc(), &body), 0);
	ck_assert_uint_eq(body->u.meta.seq, b.last_seq);
	ck_assert_uint_eq(body->u.meta.hash, b.hash);
	dtss_record_free(body, dtss_mem_libc());
	dtss_sched_stored(e.s, e.now, b.last_seq);
}
END_TEST

/* The engine goes on while a batch is under way; what happens then is in the next. */
START_TEST(verbs_go_on_while_a_batch_is_stored)
{
	dtss_task_id a = engine_task(&e, "a"), b;

	ck_assert_int_eq(engine_batch(&e), 1);
	b = engine_task(&e, "b");
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, a, NULL), 0);
	engine_check(&e);
	engine_stored(&e);
	ck_assert_uint_eq(engine_state(&e, a), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_NEW);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, a), DTSS_TASK_CANCELLED);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_READY);
}
END_TEST

START_TEST(a_task_that_came_and_went_in_one_batch_is_history)
{
	struct dtss_batch b;
	dtss_task_id id = engine_task(&e, "job");
	size_t i, done = 0;

	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 1);
	for (i = 0; i < b.record_count; i++)
		if (b.records[i].kind == DTSS_RECORD_TASK && b.records[i].id == id.v)
			done = b.records[i].flags == DTSS_RECORD_DONE;
	ck_assert_uint_eq(done, 1);
	ck_assert_int_eq(dtss_sched_apply(e.standby, &b), 0);
	ck_assert_uint_eq(dtss_sched_digest(e.standby), dtss_sched_digest(e.s));
	/* until that is stored, it can be looked at */
	ck_assert_uint_eq(engine_view(&e, id).state, DTSS_TASK_CANCELLED);
	dtss_sched_stored(e.s, e.now, b.last_seq);
	ck_assert_int_eq(dtss_sched_task_get(e.s, id, &(struct dtss_task_view){ 0 }), DTSS_E_NOT_FOUND);
}
END_TEST

/* The lease runs from when it was stored, not from the decision. */
START_TEST(a_slow_disk_takes_nothing_from_a_lease)
{
	dtss_task_id id;

	engine_join(&e, "w", 1, NULL);
	e.agents[0].silent = 1;
	id = engine_task(&e, "job");
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	ck_assert_int_eq(engine_batch(&e), 1);
	engine_sleep(&e, 100000);
	ck_assert_int_eq(dtss_sched_tick(e.s, e.now), 0);
	engine_stored(&e);
	engine_pass(&e, 29900);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	engine_pass(&e, 200);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

Suite *suite_unit_batch(void)
{
	Suite *s = suite_create("unit_batch");
	TCase *c = tcase_create("batch");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, without_a_change_there_is_none);
	tcase_add_test(c, a_batch_has_every_event_and_each_record_once);
	tcase_add_test(c, verbs_go_on_while_a_batch_is_stored);
	tcase_add_test(c, a_task_that_came_and_went_in_one_batch_is_history);
	tcase_add_test(c, a_slow_disk_takes_nothing_from_a_lease);
	suite_add_tcase(s, c);
	return s;
}
