/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/rig.h"

Suite *suite_unit_node_trace(void);

/* The mirror's replay is compared with the node at every step of the rig. */
START_TEST(a_failed_trace_begins_again_with_a_snapshot)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct rig r = { 0 };
	size_t segments;

	rig_open(&r);
	rig_submit(&r, "a");
	dtss_node_info(r.node, &info);
	ck_assert_uint_eq(info.tracing, 1);
	r.mirror->write = DTSS_E_NOSPC;
	rig_submit(&r, "b");
	dtss_node_info(r.node, &info);
	ck_assert_uint_eq(info.tracing, 0);
	ck_assert_int_eq(info.trace_error, DTSS_E_NOSPC);
	segments = r.mirror->segments;
	r.mirror->write = 0;
	rig_submit(&r, "c");
	ck_assert_uint_eq(r.mirror->segments, segments); /* not at once */
	rig_pass(&r, 60000);
	rig_submit(&r, "d");
	rig_step(&r);
	dtss_node_info(r.node, &info);
	ck_assert_uint_eq(info.tracing, 1);
	ck_assert_int_eq(info.trace_error, 0);
	ck_assert_uint_eq(r.mirror->segments, segments + 1);
	rig_close(&r);
}
END_TEST

/* A commit that failed leaves an engine that nobody wants: the trace goes on with the next. */
START_TEST(after_a_commit_of_unknown_outcome_it_is_recorded_again)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_answer answer;
	struct rig r = { 0 };
	size_t segments;

	rig_open(&r);
	segments = r.mirror->segments;
	r.gate->commit = DTSS_E_UNKNOWN;
	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_UNKNOWN);
	dtss_node_info(r.node, &info);
	ck_assert_uint_eq(info.tracing, 0);
	ck_assert_uint_eq(r.mirror->segments, segments); /* no snapshot for each try */
	r.gate->commit = 0;
	rig_pass(&r, 10000);
	rig_submit(&r, "b");
	rig_step(&r);
	dtss_node_info(r.node, &info);
	ck_assert_uint_eq(info.tracing, 1);
	ck_assert_uint_eq(r.mirror->segments, segments + 1);
	rig_close(&r);
}
END_TEST

START_TEST(a_segment_that_cannot_begin_is_told)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct rig r = { 0 };

	rig_open(&r);
	r.mirror->begin = DTSS_E_IO;
	r.mirror->segment_frames = 1;
	rig_submit(&r, "a");
	for (int i = 0; i < 40; i++)
		rig_submit(&r, "b");
	dtss_node_info(r.node, &info);
	ck_assert_int_eq(info.trace_error, DTSS_E_IO);
	ck_assert_uint_eq(info.tracing, 0);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_trace(void)
{
	Suite *s = suite_create("unit_node_trace");
	TCase *t = tcase_create("node_trace");

	tcase_add_test(t, a_failed_trace_begins_again_with_a_snapshot);
	tcase_add_test(t, after_a_commit_of_unknown_outcome_it_is_recorded_again);
	tcase_add_test(t, a_segment_that_cannot_begin_is_told);
	suite_add_tcase(s, t);
	return s;
}
