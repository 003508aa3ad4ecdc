/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_load(void);

static struct engine e;
static struct dtss_sched *fresh;

/* A little of everything, stored. */
static void setup(void)
{
	struct dtss_task_spec spec = engine_spec("job");
	struct engine_agent *a;
	dtss_task_id id;

	engine_open(&e, NULL);
	a = engine_agent(&e, "w", 2, "tag");
	a->resources[a->resource_count++] = (struct dtss_resource){ "mem", 5 };
	engine_beat(&e, a);
	spec.key = "k";
	spec.retry.attempts_max = 3;
	id = engine_submit(&e, &spec);
	engine_after(&e, "child", id);
	engine_task(&e, "other");
	spec.key = "done";
	id = engine_submit(&e, &spec);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	engine_pump(&e);
	engine_exit(&e, (dtss_task_id){ 1 }, 1);
	ck_assert_int_eq(dtss_sched_create(&fresh, NULL, &e.standby_mem.mem), 0);
}

static void teardown(void)
{
	dtss_sched_destroy(fresh);
	engine_close(&e);
}

/* The records but those of that kind. */
static int load_without(uint32_t kind)
{
	const struct records_row *row;
	int error = 0;
	size_t i;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row && !error; row = row->next)
			if (row->record.kind != kind)
				error = dtss_sched_load(fresh, row->record.data, row->record.len);
	return error;
}

/* All records, those of that kind changed; and then it is to lead. */
static int load_changed(uint32_t kind, void (*change)(struct dtss_record_body *body))
{
	const struct records_row *row;
	struct dtss_record_body *body;
	uint8_t bytes[4096];
	size_t i, len;
	int error = 0, first;

	for (first = 1; first >= 0 && !error; first--) { /* as stores do: META before all others */
		for (i = 0; i < RECORDS_BUCKETS; i++) {
			for (row = e.records.bucket[i]; row && !error; row = row->next) {
				if ((row->record.kind == DTSS_RECORD_META) != first)
					continue;
				ck_assert_int_eq(dtss_record_decode(row->record.data, row->record.len, dtss_mem_libc(),
								    &body),
						 0);
				if (body->kind == kind)
					change(body);
				len = dtss_record_encode(body, bytes, sizeof bytes);
				dtss_record_free(body, dtss_mem_libc());
				error = dtss_sched_load(fresh, bytes, len);
			}
		}
	}
	return error ? error : dtss_sched_lead(fresh, e.now, 7);
}

static void seq_wraps(struct dtss_record_body *body)
{
	body->u.meta.seq = UINT64_MAX;
}

static void fence_wraps(struct dtss_record_body *body)
{
	body->u.meta.fence = UINT64_MAX;
}

static void ids_are_used_up(struct dtss_record_body *body)
{
	body->u.meta.next_task = UINT64_MAX;
}

static void id_is_far_away(struct dtss_record_body *body)
{
	body->u.task.id += UINT64_C(1) << 39;
}

static void fence_is_none(struct dtss_record_body *body)
{
	body->u.attempt.view.fence = 0;
}

static void tried_and_blocked(struct dtss_record_body *body)
{
	if (body->u.task.attempt_count)
		body->u.task.state = DTSS_TASK_BLOCKED;
}

static void failed_too_often(struct dtss_record_body *body)
{
	body->u.task.failed_count = 900;
}

static void lost_too_often(struct dtss_record_body *body)
{
	body->u.task.lost_count = 900;
}

/* One more, and its record could not be written any more. */
static void freed_too_often(struct dtss_record_body *body)
{
	body->u.task.free_count = DTSS_ATTEMPTS_MAX;
}

/* It was given out to an agent that is not yet born: at its timer the engine took that for impossible. */
static void worker_was_not_yet_born(struct dtss_record_body *body)
{
	body->u.attempt.view.incarnation += 1000;
}

static void worker_numbers_wrap(struct dtss_record_body *body)
{
	body->u.meta.next_worker = UINT64_MAX;
}

static void no_worker_is_next(struct dtss_record_body *body)
{
	body->u.meta.next_worker = 0;
}

static void worker_has_no_number(struct dtss_record_body *body)
{
	body->u.worker.view.number = 0;
}

/* At an assertion of the engine's. */
static void worker_has_more_than_there_is(struct dtss_record_body *body)
{
	static const struct dtss_resource much = { "mem", DTSS_RESOURCE_AMOUNT_MAX + UINT64_C(1) };

	body->u.worker.view.resources = &much;
	body->u.worker.view.resource_count = 1;
}

static void worker_has_it_twice(struct dtss_record_body *body)
{
	static const struct dtss_resource twice[] = { { "mem", 1 }, { "mem", 5 } };

	body->u.worker.view.resources = twice;
	body->u.worker.view.resource_count = 2;
}

static void no_id_is_next(struct dtss_record_body *body)
{
	body->u.meta.next_task = 0;
}

static void attempt_is_none(struct dtss_record_body *body)
{
	body->u.attempt.view.attempt = 0;
}

static void attempt_is_too_high(struct dtss_record_body *body)
{
	body->u.attempt.view.attempt = DTSS_ATTEMPTS_MAX + 1;
}

static void fence_was_never_granted(struct dtss_record_body *body)
{
	body->u.attempt.view.fence += 1000;
}

static void worker_is_another(struct dtss_record_body *body)
{
	body->u.attempt.worker_number += 1000;
}

static void state_is_none(struct dtss_record_body *body)
{
	body->u.task.state = DTSS_TASK_NEW;
}

static void attempts_are_missing(struct dtss_record_body *body)
{
	body->u.task.attempt_count++;
}

static void waits_for_nothing(struct dtss_record_body *body)
{
	if (body->u.task.id == 3)
		body->u.task.state = DTSS_TASK_BLOCKED;
}

static void runs_without_attempt(struct dtss_record_body *body)
{
	if (body->u.task.id == 2)
		body->u.task.state = DTSS_TASK_RUNNING;
}

static void next_id_is_taken(struct dtss_record_body *body)
{
	body->u.meta.next_task = 2;
}

/* Whole, and not ours: counters that wrapped broke S19, and an id far away took gigabytes before it was refused. */
START_TEST(a_record_that_cannot_be_true_is_damage)
{
	static const struct {
		uint32_t kind;
		void (*change)(struct dtss_record_body *body);
	} changes[] = {
		{ DTSS_RECORD_META, seq_wraps },
		{ DTSS_RECORD_META, fence_wraps },
		{ DTSS_RECORD_META, ids_are_used_up },
		{ DTSS_RECORD_TASK, id_is_far_away },
		{ DTSS_RECORD_ATTEMPT, fence_is_none },
		{ DTSS_RECORD_TASK, failed_too_often },
		{ DTSS_RECORD_TASK, lost_too_often },
		{ DTSS_RECORD_TASK, freed_too_often },
		{ DTSS_RECORD_ATTEMPT, worker_was_not_yet_born },
		{ DTSS_RECORD_META, worker_numbers_wrap },
		{ DTSS_RECORD_META, no_id_is_next },
		{ DTSS_RECORD_WORKER, worker_has_no_number },
		{ DTSS_RECORD_WORKER, worker_has_more_than_there_is },
		{ DTSS_RECORD_WORKER, worker_has_it_twice },
		{ DTSS_RECORD_META, no_worker_is_next },
		{ DTSS_RECORD_ATTEMPT, attempt_is_none },
		{ DTSS_RECORD_META, next_id_is_taken },
		{ DTSS_RECORD_ATTEMPT, attempt_is_too_high },
		{ DTSS_RECORD_TASK, state_is_none },
		{ DTSS_RECORD_ATTEMPT, fence_was_never_granted },
		{ DTSS_RECORD_TASK, attempts_are_missing },
		{ DTSS_RECORD_ATTEMPT, worker_is_another },
		{ DTSS_RECORD_TASK, waits_for_nothing },
		{ DTSS_RECORD_TASK, runs_without_attempt },
		{ DTSS_RECORD_TASK, tried_and_blocked },
	};

	ck_assert_int_eq(load_changed(changes[_i].kind, changes[_i].change), DTSS_E_CORRUPT);
	ck_assert_uint_lt(e.standby_mem.bytes_max, 1 << 20);
}
END_TEST

/* A store may tell of the end of what it had told nothing of. */
START_TEST(what_was_never_there_may_leave)
{
	static const uint32_t kinds[] = { DTSS_RECORD_TASK, DTSS_RECORD_WORKER };
	struct dtss_record_body b = { .kind = kinds[_i], .flags = DTSS_RECORD_DELETE };
	uint64_t digest = dtss_sched_digest(fresh);
	uint8_t bytes[1024];

	if (_i == 0) {
		b.flags = DTSS_RECORD_DONE;
		b.u.task.id = 77;
		b.u.task.state = DTSS_TASK_SUCCEEDED;
		b.u.task.done = 1;
	} else {
		b.u.worker.view.name = "nobody";
		b.u.worker.view.kind = DTSS_WORKER_AGENT;
		b.u.worker.view.status = DTSS_WORKER_OFFLINE;
	}
	ck_assert_int_eq(dtss_sched_load(fresh, bytes, dtss_record_encode(&b, bytes, sizeof bytes)), 0);
	ck_assert_uint_eq(dtss_sched_digest(fresh), digest);
}
END_TEST

/* S20 */
START_TEST(the_order_of_the_records_does_not_matter)
{
	const struct records_row *row;
	size_t i;

	for (i = RECORDS_BUCKETS; i-- > 0;)
		for (row = e.records.bucket[i]; row; row = row->next)
			ck_assert_int_eq(dtss_sched_load(fresh, row->record.data, row->record.len), 0);
	ck_assert_uint_eq(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), 0);
	ck_assert_uint_eq(dtss_sched_check(fresh, NULL, 0), 0);
}
END_TEST

START_TEST(records_that_do_not_belong_together_are_refused)
{
	const uint32_t needed[] = { DTSS_RECORD_META, DTSS_RECORD_TASK, DTSS_RECORD_SPEC, DTSS_RECORD_ATTEMPT,
				    DTSS_RECORD_WORKER };

	ck_assert_int_eq(load_without(needed[_i]), 0);
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), DTSS_E_CORRUPT);
	ck_assert_uint_eq(dtss_sched_next_ns(fresh), DTSS_NEVER); /* it does not lead */
}
END_TEST

/* Each record is sound, but the attempt's is of another time than the task's. */
START_TEST(an_attempt_that_does_not_fit_its_task_is_refused)
{
	const uint32_t states[] = { DTSS_ATTEMPT_LEASED, DTSS_ATTEMPT_RUNNING, DTSS_ATTEMPT_STOPPING,
				    DTSS_ATTEMPT_ENDED };
	const struct records_row *row;
	struct dtss_record_body *b;
	unsigned char bytes[1024];
	uint32_t was = 0;
	size_t i, len;

	ck_assert_int_eq(load_without(0), 0);
	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			if (row->record.kind != DTSS_RECORD_ATTEMPT || was)
				continue;
			len = row->record.len;
			ck_assert_int_eq(dtss_record_decode(row->record.data, len, dtss_mem_libc(), &b), 0);
			was = b->u.attempt.view.state;
			b->u.attempt.view.state = states[_i];
			len = dtss_record_encode(b, bytes, sizeof bytes);
			ck_assert_uint_le(len, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			dtss_record_free(b, dtss_mem_libc());
		}
	ck_assert_uint_ne(was, 0);
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), was == states[_i] ? 0 : DTSS_E_CORRUPT);
}
END_TEST

START_TEST(damage_is_an_error_and_never_a_crash)
{
	const struct records_row *row;
	size_t i, at;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			unsigned char *bytes = malloc(row->record.len);

			ck_assert_ptr_nonnull(bytes);
			memcpy(bytes, row->record.data, row->record.len);
			for (at = 0; at < row->record.len; at += 3) {
				bytes[at] ^= 0x40;
				ck_assert_int_lt(dtss_sched_load(fresh, bytes, row->record.len), 0);
				ck_assert_int_lt(dtss_sched_load(fresh, bytes, at), 0);
				bytes[at] ^= 0x40;
			}
			free(bytes);
		}
	ck_assert_int_eq(load_without(0), 0);
	ck_assert_uint_eq(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
}
END_TEST

START_TEST(a_leader_loads_nothing)
{
	ck_assert_int_eq(dtss_sched_load(e.s, "x", 1), DTSS_E_STATE);
}
END_TEST

START_TEST(an_empty_store_is_a_beginning)
{
	dtss_task_id id;
	struct dtss_task_spec spec = engine_spec("job");

	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 1), 0);
	ck_assert_int_eq(dtss_sched_submit(fresh, e.now, &spec, &id), 0);
	ck_assert_uint_eq(id.v, 1);
}
END_TEST

Suite *suite_unit_load(void)
{
	Suite *s = suite_create("unit_load");
	TCase *c = tcase_create("load");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_record_that_cannot_be_true_is_damage, 0, 25);
	tcase_add_loop_test(c, what_was_never_there_may_leave, 0, 2);
	tcase_add_test(c, the_order_of_the_records_does_not_matter);
	tcase_add_loop_test(c, records_that_do_not_belong_together_are_refused, 0, 5);
	tcase_add_loop_test(c, an_attempt_that_does_not_fit_its_task_is_refused, 0, 4);
	tcase_add_test(c, damage_is_an_error_and_never_a_crash);
	tcase_add_test(c, a_leader_loads_nothing);
	tcase_add_test(c, an_empty_store_is_a_beginning);
	suite_add_tcase(s, c);
	return s;
}
