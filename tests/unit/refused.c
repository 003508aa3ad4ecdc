/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "core/engine.h"
#include "support/engine.h"

Suite *suite_unit_refused(void);

static struct engine e;

START_TEST(before_it_leads_every_verb_is_refused)
{
	struct dtss_heartbeat hb = { .size = sizeof hb, .name = "w", .incarnation = 1, .number = 1, .max_tasks = 1 };
	struct dtss_report report = { .size = sizeof report, .fence = 1, .kind = DTSS_REPORT_STARTED };
	struct dtss_task_spec spec = engine_spec("job");
	const struct dtss_time now = { 1, 1 };
	struct dtss_explanation explanation;
	struct dtss_placement placement;
	const dtss_task_id one = { 1 };
	struct dtss_sched *s;
	dtss_task_id id;
	uint64_t digest;

	hb.kind = DTSS_WORKER_AGENT;
	ck_assert_int_eq(dtss_sched_create(&s, NULL, dtss_mem_libc()), 0);
	digest = dtss_sched_digest_all(s);
	ck_assert_int_eq(dtss_sched_submit(s, now, &spec, &id), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_submit_many(s, now, &spec, 1, &id, NULL), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_cancel(s, now, one, NULL), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_retry(s, now, one, &spec, &id), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_hold(s, now, one), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_release(s, now, one), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_heartbeat(s, now, &hb), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_report(s, now, &report), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_place(s, now, NULL, 0, &placement), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_drain(s, now, "w"), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_cordon(s, now, "w"), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_uncordon(s, now, "w"), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_sched_explain(s, now, one, &explanation), DTSS_E_NOT_LEADER);
	ck_assert_uint_eq(dtss_sched_digest_all(s), digest);
	dtss_sched_destroy(s);
}
END_TEST

/* A newer caller's struct is longer; what this version does not know must be zero. */
START_TEST(what_a_newer_caller_asks_for_is_not_ignored)
{
	struct {
		struct dtss_heartbeat hb;
		uint64_t more;
	} heartbeat;
	struct {
		struct dtss_report report;
		uint64_t more;
	} report;
	struct {
		struct dtss_task_spec spec;
		uint64_t more;
	} spec;
	dtss_task_id id, again;
	uint64_t digest;

	engine_open(&e, NULL);
	memset(&heartbeat, 0, sizeof heartbeat);
	memset(&report, 0, sizeof report);
	memset(&spec, 0, sizeof spec);
	heartbeat.hb = engine_heartbeat(&e, engine_join(&e, "w", 1, NULL));
	id = engine_task(&e, "job");
	engine_pump(&e);
	report.report.task = id;
	report.report.fence = engine_fence(&e, id);
	report.report.attempt = 1;
	report.report.kind = DTSS_REPORT_STARTED;
	spec.spec = engine_spec("job");
	heartbeat.hb.size = sizeof heartbeat;
	report.report.size = sizeof report;
	spec.spec.size = sizeof spec;
	heartbeat.more = report.more = spec.more = 1;
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &heartbeat.hb), DTSS_E_INVALID);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &report.report), DTSS_E_INVALID);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec.spec, &again), DTSS_E_INVALID);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	heartbeat.more = report.more = spec.more = 0;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &heartbeat.hb), 0);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now, &report.report), 0);
	ck_assert_int_eq(dtss_sched_submit(e.s, e.now, &spec.spec, &again), 0);
	engine_pump(&e);
	engine_close(&e);
}
END_TEST

START_TEST(an_end_without_a_known_cause_is_refused_and_an_empty_detail_is_none)
{
	static const uint32_t unknown[] = { DTSS_CAUSE_NONE, DTSS_CAUSE_CANCEL + 1, 99 };
	struct dtss_outcome outcome = { DTSS_CAUSE_EXIT, 1, 0, 0, "" };
	dtss_task_id id;
	size_t i;

	engine_open(&e, NULL);
	engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	for (i = 0; i < sizeof unknown / sizeof *unknown; i++)
		ck_assert_int_eq(engine_report(&e, id, engine_fence(&e, id), DTSS_REPORT_ENDED, unknown[i], 0),
				 DTSS_E_INVALID);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_int_eq(engine_ended(&e, id, &outcome), 0);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_FAILED);
	engine_close(&e);
}
END_TEST

static int drains(dtss_task_id id)
{
	(void)id;
	return dtss_sched_drain(e.s, e.now, "w");
}

static int holds(dtss_task_id id)
{
	return dtss_sched_hold(e.s, e.now, (dtss_task_id){ id.v + 1 });
}

static int reports(dtss_task_id id, uint32_t kind)
{
	struct dtss_report r = { .size = sizeof r, .task = id, .attempt = 1, .kind = kind };

	r.fence = engine_fence(&e, id);
	r.outcome.cause = kind == DTSS_REPORT_ENDED ? DTSS_CAUSE_EXIT : DTSS_CAUSE_NONE;
	return dtss_sched_report(e.s, e.now, &r);
}

static int starts(dtss_task_id id)
{
	return reports(id, DTSS_REPORT_STARTED);
}

static int ends(dtss_task_id id)
{
	return reports(id, DTSS_REPORT_ENDED);
}

/* What they would write has no room: the batch's block is as it was before the first one. */
START_TEST(without_memory_for_the_batch_nothing_changes)
{
	static int (*const verbs[])(dtss_task_id) = { drains, holds, starts, ends };
	struct dtss_task_spec spec = engine_spec("job");
	const char *tag = "x";
	dtss_task_id id;
	uint64_t digest;

	engine_open(&e, NULL);
	engine_join(&e, "w", 1, "x");
	spec.tags = &tag;
	spec.tag_count = 1;
	id = engine_submit(&e, &spec);
	engine_submit(&e, &spec);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	digest = dtss_sched_digest_all(e.s);
	sched_free(e.s, e.s->closed.bytes, e.s->closed.cap);
	e.s->closed.bytes = NULL;
	e.s->closed.cap = 0;
	e.mem.fail_at = e.mem.count + 1;
	ck_assert_int_eq(verbs[_i](id), DTSS_E_NOMEM);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	e.mem.fail_at = 0;
	ck_assert_int_eq(verbs[_i](id), 0);
	ck_assert_uint_ne(dtss_sched_digest_all(e.s), digest);
	engine_pump(&e);
	engine_close(&e);
}
END_TEST

START_TEST(two_specifications_with_one_key_are_damage)
{
	struct dtss_task_spec spec = engine_spec("job");
	struct dtss_record_body body;
	const struct records_row *row;
	struct dtss_record_body *found;
	struct dtss_sched *s;
	uint8_t bytes[4096];
	size_t i, len;

	engine_open(&e, NULL);
	spec.key = "one";
	engine_submit(&e, &spec);
	spec.key = "two";
	engine_submit(&e, &spec);
	engine_pump(&e);
	spec.key = "one";
	memset(&body, 0, sizeof body);
	body.kind = DTSS_RECORD_SPEC;
	body.u.spec.id = 2;
	body.u.spec.data = bytes;
	body.u.spec.len = dtss_spec_encode(&spec, bytes, sizeof bytes / 2);
	ck_assert_int_eq(dtss_sched_create(&s, NULL, dtss_mem_libc()), 0);
	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			ck_assert_int_eq(dtss_record_decode(row->record.data, row->record.len, dtss_mem_libc(), &found),
					 0);
			if (found->kind == DTSS_RECORD_SPEC && found->u.spec.id == 2) {
				len = dtss_record_encode(&body, bytes + sizeof bytes / 2, sizeof bytes / 2);
				ck_assert_int_eq(dtss_sched_load(s, bytes + sizeof bytes / 2, len), 0);
			} else {
				ck_assert_int_eq(dtss_sched_load(s, row->record.data, row->record.len), 0);
			}
			dtss_record_free(found, dtss_mem_libc());
		}
	ck_assert_int_eq(dtss_sched_lead(s, e.now, 7), DTSS_E_CORRUPT);
	dtss_sched_destroy(s);
	engine_close(&e);
}
END_TEST

Suite *suite_unit_refused(void)
{
	Suite *s = suite_create("unit_refused");
	TCase *tc = tcase_create("refused");

	tcase_add_test(tc, before_it_leads_every_verb_is_refused);
	tcase_add_test(tc, what_a_newer_caller_asks_for_is_not_ignored);
	tcase_add_test(tc, an_end_without_a_known_cause_is_refused_and_an_empty_detail_is_none);
	tcase_add_loop_test(tc, without_memory_for_the_batch_nothing_changes, 0, 4);
	tcase_add_test(tc, two_specifications_with_one_key_are_damage);
	suite_add_tcase(s, tc);
	return s;
}
