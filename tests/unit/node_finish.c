/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_finish(void);

/* The worker in this process: its name is "local", and agent "w" of the rig is silent. */

START_TEST(a_late_finish_is_accepted_while_nobody_else_has_it)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	r.ms += 20 * DTSS_LEASE_MS_DEFAULT; /* it worked, and stepped nothing */
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

/* The scheduler goes on without this process's worker, as if that were elsewhere and asleep. */
static uint64_t overtake(struct rig *r, dtss_task_id id, uint64_t fence)
{
	struct dtss_heartbeat hb = { .size = sizeof hb, .name = "v", .kind = DTSS_WORKER_AGENT, .incarnation = 1 };
	struct dtss_sched *s = dtss_node_sched(r->node);
	struct dtss_task_view view;
	int i;

	hb.max_tasks = 1;
	for (i = 0; i < 60; i++) {
		r->ms += 1000;
		hb.number++;
		ck_assert_int_eq(dtss_sched_heartbeat(s, rig_now(r), &hb), 0);
		ck_assert_int_eq(dtss_sched_tick(s, rig_now(r)), 0);
		ck_assert_int_eq(dtss_sched_task_get(s, id, &view), 0);
		if (view.attempts[view.attempt_count - 1].fence > fence)
			return view.attempts[view.attempt_count - 1].fence;
	}
	ck_abort_msg("nobody overtook it");
	return 0;
}

/* P3: while this worker slept, the task was given to another. */
START_TEST(a_finish_that_somebody_else_overtook_is_fenced)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	r.mirror->write = DTSS_E_IO; /* what is done behind the node's back is not recorded */
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_uint_gt(overtake(&r, id, work.fence), work.fence);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), DTSS_E_FENCED);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_LEASED);
	rig_close(&r);
}
END_TEST

START_TEST(an_unknown_finish_can_be_repeated)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	r.gate->commit = DTSS_E_UNKNOWN;
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), DTSS_E_UNKNOWN);
	r.gate->commit = 0;
	rig_pass(&r, 5000);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	rig_close(&r);
}
END_TEST

/* Its first report was stored, though nobody knew: the second is refused by the engine, and true all the same. */
START_TEST(an_unknown_finish_that_was_stored_is_no_refusal)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	rig_step(&r);
	r.gate->commit = DTSS_E_UNKNOWN;
	r.gate->commit_applied = 1;
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), DTSS_E_UNKNOWN);
	r.gate->commit = 0;
	rig_pass(&r, 5000);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_SUCCEEDED);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), DTSS_E_NOT_FOUND);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_finish(void)
{
	Suite *s = suite_create("unit_node_finish");
	TCase *t = tcase_create("finish");

	tcase_add_test(t, a_late_finish_is_accepted_while_nobody_else_has_it);
	tcase_add_test(t, a_finish_that_somebody_else_overtook_is_fenced);
	tcase_add_test(t, an_unknown_finish_can_be_repeated);
	tcase_add_test(t, an_unknown_finish_that_was_stored_is_no_refusal);
	suite_add_tcase(s, t);
	return s;
}
