/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/config.h"
#include "node/trace.h"
#include "support/engine.h"

Suite *suite_unit_trace_hostile(void);

/*
 * A trace is a file, and whoever wrote it may have had anything in mind: its sums are right. What a caller of the engine
 * must see to, the replay sees to; it ends with an error, not at an assertion.
 */
#define START_NS UINT64_C(1000000000)

static struct dtss_replay *replay;
static uint8_t frame[4096];

static void setup(void)
{
	ck_assert_int_eq(dtss_replay_create(&replay, NULL), 0);
}

static void teardown(void)
{
	dtss_replay_destroy(replay);
}

static int feed(struct wire_out *out)
{
	size_t len = wire_end(out), used = 0;
	int rc = dtss_replay_feed(replay, frame, len, &used);

	ck_assert(rc != 1 || used == len);
	return rc;
}

static int head(uint64_t mono_ns)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	struct wire_out out;

	config_defaults(&cfg);
	wire_begin(&out, frame, sizeof frame, WIRE_TRACE + TRACE_HEAD, 0);
	wire_put_bytes(&out, TRACE_MAGIC, TRACE_MAGIC_LEN);
	wire_put64(&out, 0);
	wire_put64(&out, mono_ns);
	wire_put64(&out, 0);
	trace_put_config(&out, &cfg);
	wire_put_string(&out, "0.1.0");
	return feed(&out);
}

static struct wire_out call(uint32_t kind, uint64_t mono_ns, int result, uint64_t seq)
{
	struct wire_out out;

	wire_begin(&out, frame, sizeof frame, WIRE_TRACE + kind, 0);
	wire_put64(&out, mono_ns);
	wire_put64(&out, 0);
	wire_put32(&out, (uint32_t)result);
	wire_put64(&out, seq);
	return out;
}

static int lead(uint64_t epoch, int result, uint64_t seq)
{
	struct wire_out out = call(TRACE_LEAD, START_NS, result, seq);

	wire_put64(&out, epoch);
	return feed(&out);
}

static int tick(uint64_t mono_ns, int result)
{
	struct wire_out out = call(TRACE_TICK, mono_ns, result, 1);

	return feed(&out);
}

START_TEST(a_sound_one_is_carried_out)
{
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(1, 0, 1), 1);
	ck_assert_int_eq(tick(START_NS, 0), 1);
	ck_assert_int_eq(tick(START_NS + 1, 0), 1);
}
END_TEST

/* The engine believed it, and what it had just given out had been renewed in its future. */
START_TEST(time_that_goes_back_is_damage)
{
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(1, 0, 1), 1);
	ck_assert_int_eq(tick(START_NS - 1, 0), DTSS_E_CORRUPT);
	ck_assert_int_eq(tick(START_NS, 0), DTSS_E_STATE); /* a new segment alone goes on */
	ck_assert_int_eq(head(1), 1);
}
END_TEST

START_TEST(time_at_the_end_of_all_numbers_is_damage)
{
	ck_assert_int_eq(head(DTSS_NEVER), DTSS_E_CORRUPT);
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(1, 0, 1), 1);
	ck_assert_int_eq(tick(DTSS_NEVER - 1, 0), DTSS_E_CORRUPT);
}
END_TEST

/* It failed as it was said to, and the half of an engine was taken for a whole one. */
START_TEST(a_call_that_failed_is_not_in_a_trace)
{
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(0, DTSS_E_EPOCH, 0), DTSS_E_CORRUPT);
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(1, 0, 1), 1);
	ck_assert_int_eq(tick(START_NS, DTSS_E_NOMEM), DTSS_E_CORRUPT);
}
END_TEST

/* The half of an engine could be asked, and answered at an assertion. */
START_TEST(of_a_damaged_snapshot_there_is_no_engine)
{
	static const uint8_t section[] = { 200 };
	struct wire_out out;

	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_ptr_nonnull(dtss_replay_sched(replay));
	wire_begin(&out, frame, sizeof frame, WIRE_STATE, 0);
	wire_put_bytes(&out, section, sizeof section);
	ck_assert_int_eq(feed(&out), DTSS_E_CORRUPT);
	ck_assert_ptr_null(dtss_replay_sched(replay));
	ck_assert_int_eq(lead(1, 0, 1), DTSS_E_STATE);
	ck_assert_int_eq(head(START_NS), 1);
	ck_assert_int_eq(lead(1, 0, 1), 1);
}
END_TEST

/* A trace that was cut off there, or a store's records one by one: a look at the task ended at an assertion. */
START_TEST(a_task_of_which_only_half_was_loaded_is_not_there)
{
	struct dtss_record_body task = { .kind = DTSS_RECORD_TASK }, spec = { .kind = DTSS_RECORD_SPEC };
	struct dtss_task_filter filter = { .limit = 1 };
	struct dtss_record_body *body = _i ? &spec : &task;
	uint8_t record[1024], bytes[1024];
	struct dtss_task_spec job = engine_spec("job");
	struct dtss_task_view view;
	size_t len;

	task.u.task.id = spec.u.spec.id = 1;
	task.u.task.state = DTSS_TASK_READY;
	spec.u.spec.data = bytes;
	spec.u.spec.len = dtss_spec_encode(&job, bytes, sizeof bytes);
	ck_assert_int_eq(head(START_NS), 1);
	len = dtss_record_encode(body, record, sizeof record);
	ck_assert_int_eq(dtss_replay_feed(replay, record, len, &len), 1);
	ck_assert_int_eq(dtss_sched_task_get(dtss_replay_sched(replay), (dtss_task_id){ 1 }, &view), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_task_next(dtss_replay_sched(replay), &filter, &view), DTSS_E_NOT_FOUND);
	body = _i ? &task : &spec;
	len = dtss_record_encode(body, record, sizeof record);
	ck_assert_int_eq(dtss_replay_feed(replay, record, len, &len), 1);
	ck_assert_int_eq(dtss_sched_task_get(dtss_replay_sched(replay), (dtss_task_id){ 1 }, &view), 0);
}
END_TEST

/* Its due time was beyond what the clock of a heartbeat says: numbers of strangers wrapped in signed sums. */
START_TEST(a_backoff_at_the_end_of_all_numbers_is_told)
{
	struct dtss_record_body task = { .kind = DTSS_RECORD_TASK }, spec = { .kind = DTSS_RECORD_SPEC };
	struct dtss_task_spec job = engine_spec("job");
	uint8_t record[1024], bytes[1024];
	struct dtss_task_view view;
	size_t len;

	task.u.task.id = spec.u.spec.id = 1;
	task.u.task.state = DTSS_TASK_DELAYED;
	task.u.task.due_since_ns = INT64_MAX;
	task.u.task.due_wait_ns = INT64_MAX;
	spec.u.spec.data = bytes;
	spec.u.spec.len = dtss_spec_encode(&job, bytes, sizeof bytes);
	ck_assert_int_eq(head(START_NS), 1);
	len = dtss_record_encode(&task, record, sizeof record);
	ck_assert_int_eq(dtss_replay_feed(replay, record, len, &len), 1);
	len = dtss_record_encode(&spec, record, sizeof record);
	ck_assert_int_eq(dtss_replay_feed(replay, record, len, &len), 1);
	ck_assert_int_eq(dtss_sched_task_get(dtss_replay_sched(replay), (dtss_task_id){ 1 }, &view), 0);
	ck_assert_int_eq(view.due_ns, 0); /* it is in the past, as such a sum is */
}
END_TEST

Suite *suite_unit_trace_hostile(void)
{
	Suite *s = suite_create("unit_trace_hostile");
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sound_one_is_carried_out);
	tcase_add_test(tc, time_that_goes_back_is_damage);
	tcase_add_test(tc, time_at_the_end_of_all_numbers_is_damage);
	tcase_add_test(tc, a_call_that_failed_is_not_in_a_trace);
	tcase_add_test(tc, of_a_damaged_snapshot_there_is_no_engine);
	tcase_add_loop_test(tc, a_task_of_which_only_half_was_loaded_is_not_there, 0, 2);
	tcase_add_test(tc, a_backoff_at_the_end_of_all_numbers_is_told);
	suite_add_tcase(s, tc);
	return s;
}
