/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

Suite *suite_unit_node_take(void);

/* The worker in this process: its name is "local", and agent "w" of the rig is silent. */

START_TEST(submit_take_finish)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_answer answer;
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	ck_assert_int_eq(rig_take(&r, &work), 0);
	spec.key = "k";
	id = rig_local_submit(&r, &spec);
	ck_assert_uint_eq(r.gate->last_seq, dtss_sched_seq(dtss_node_sched(r.node)));
	ck_assert_int_eq(dtss_node_submit(r.node, rig_now(&r), &spec, &id), 1);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_uint_eq(work.task.v, id.v);
	ck_assert_uint_eq(work.attempt, 1);
	ck_assert_uint_eq(work.stop, 0);
	ck_assert_str_eq(work.spec->name, "a");
	ck_assert_mem_eq(work.spec->payload, "x", 1);
	rig_step(&r);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_RUNNING);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_SUCCEEDED);
	ck_assert_str_eq(answer.u.task->attempts[0].worker, "local");
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(rig_take(&r, &work), 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_failure_is_tried_again_after_its_backoff)
{
	struct dtss_outcome outcome = { .cause = DTSS_CAUSE_EXIT, .exit_code = 4, .detail = "no luck" };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_answer answer;
	struct dtss_work work;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	spec.retry.attempts_max = 2;
	spec.retry.jitter = DTSS_JITTER_OFF;
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_int_eq(rig_finish(&r, work.fence, &outcome), 0);
	ck_assert_int_eq(rig_take(&r, &work), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_DELAYED);
	rig_pass(&r, 999);
	ck_assert_int_eq(rig_take(&r, &work), 0);
	rig_pass(&r, 1);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_uint_eq(work.attempt, 2);
	ck_assert_int_eq(rig_finish(&r, work.fence, &outcome), 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_FAILED);
	ck_assert_int_eq(answer.u.task->attempts[1].outcome.exit_code, 4);
	ck_assert_str_eq(answer.u.task->attempts[1].outcome.detail, "no luck");
	rig_close(&r);
}
END_TEST

/* One at a time, unless the program says that it works on several. */
START_TEST(what_is_not_taken_is_left_to_others)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work, second;
	struct rig r = { 0 };
	dtss_task_id other;

	rig_open(&r);
	(void)rig_local_submit(&r, &spec);
	other = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_int_eq(rig_take(&r, &second), 0);
	r.slots = 1;
	rig_heartbeat(&r);
	ck_assert_uint_eq(r.assign.task.v, other.v);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	rig_close(&r);
}
END_TEST

START_TEST(several_slots_are_several_at_once)
{
	struct dtss_node_config cfg = { .size = sizeof cfg, .slots = 3, .worker = "me" };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_worker_view view;
	struct dtss_work work[4];
	struct rig r = { 0 };
	int i;

	r.gate = gate_store_open();
	cfg.store = &r.gate->base;
	ck_assert_int_eq(dtss_node_open(&r.node, &cfg, rig_now(&r)), 0);
	for (i = 0; i < 4; i++)
		(void)rig_local_submit(&r, &spec);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(rig_take(&r, &work[i]), 1);
	ck_assert_int_eq(rig_take(&r, &work[3]), 0);
	ck_assert_int_eq(dtss_sched_worker_get(dtss_node_sched(r.node), "me", &view), 0);
	ck_assert_uint_eq(view.leased, 3);
	ck_assert_int_eq(rig_finish(&r, work[1].fence, NULL), 0);
	ck_assert_int_eq(rig_take(&r, &work[3]), 1);
	dtss_node_close(r.node);
}
END_TEST

START_TEST(tags_bring_what_needs_them)
{
	const char *tags[] = { "gpu", "big" };
	struct dtss_node_config cfg = { .size = sizeof cfg, .tags = tags, .tag_count = 2 };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };

	r.gate = gate_store_open();
	cfg.store = &r.gate->base;
	ck_assert_int_eq(dtss_node_open(&r.node, &cfg, rig_now(&r)), 0);
	spec.tag_count = 1;
	spec.tags = (const char *const[]){ "tpu" };
	(void)rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 0);
	spec.tags = tags;
	spec.tag_count = 2;
	(void)rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_uint_eq(work.task.v, 2);
	dtss_node_close(r.node);
}
END_TEST

START_TEST(what_is_cancelled_is_to_be_stopped)
{
	struct dtss_outcome outcome = { .cause = DTSS_CAUSE_CANCEL };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_answer answer;
	struct dtss_work work, stop;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_CANCEL, id, &answer), 0);
	ck_assert_uint_eq(answer.u.cancel.stopping, 1);
	ck_assert_int_eq(rig_take(&r, &stop), 1);
	ck_assert_uint_eq(stop.stop, 1);
	ck_assert_uint_eq(stop.fence, work.fence);
	ck_assert_int_eq(rig_take(&r, &stop), 0); /* said once */
	ck_assert_int_eq(rig_finish(&r, work.fence, &outcome), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_CANCELLED);
	ck_assert_int_eq(dtss_sched_worker_get(dtss_node_sched(r.node), "local", &(struct dtss_worker_view){ 0 }), 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_store_that_does_not_answer_leaves_submit_unknown)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	spec.key = "k";
	r.gate->shut = 1;
	ck_assert_int_eq(dtss_node_submit(r.node, rig_now(&r), &spec, &id), DTSS_E_UNKNOWN);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_int_eq(dtss_node_submit(r.node, rig_now(&r), &spec, &id), 1);
	ck_assert_int_eq(dtss_node_answer(r.node, &(struct dtss_answer){ 0 }), 0); /* it is nobody's */
	rig_close(&r);
}
END_TEST

START_TEST(a_bad_submit_says_so)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct rig r = { 0 };
	dtss_task_id id = { 42 };

	rig_open(&r);
	spec.retry.attempts_max = DTSS_ATTEMPTS_MAX + 1;
	ck_assert_int_lt(dtss_node_submit(r.node, rig_now(&r), &spec, &id), 0);
	ck_assert_uint_eq(id.v, 42);
	rig_close(&r);
}
END_TEST

START_TEST(a_worker_that_steps_keeps_its_lease)
{
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work, other;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	rig_pass(&r, 10 * DTSS_LEASE_MS_DEFAULT);
	ck_assert_int_eq(rig_take(&r, &other), 0);
	ck_assert_uint_eq(rig_task_state(&r, id), DTSS_TASK_RUNNING);
	ck_assert_int_eq(rig_finish(&r, work.fence, NULL), 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_run_timeout_stops_it)
{
	struct dtss_outcome outcome = { .cause = DTSS_CAUSE_CANCEL };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_answer answer;
	struct dtss_work work, stop;
	struct rig r = { 0 };
	dtss_task_id id;

	rig_open(&r);
	spec.timeout_ms = 5000;
	id = rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	rig_pass(&r, 4900);
	ck_assert_int_eq(rig_take(&r, &stop), 0);
	rig_pass(&r, 200);
	ck_assert_int_eq(rig_take(&r, &stop), 1);
	ck_assert_uint_eq(stop.stop, 1);
	ck_assert_int_eq(rig_finish(&r, stop.fence, &outcome), 0);
	ck_assert_int_eq(rig_ask_task(&r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_FAILED);
	ck_assert_uint_eq(answer.u.task->cause, DTSS_CAUSE_TIMEOUT);
	rig_close(&r);
}
END_TEST

START_TEST(a_newer_worker_of_that_name_elsewhere_ends_ours)
{
	struct dtss_node_config cfg = { .size = sizeof cfg, .worker = "w" };
	struct dtss_task_spec spec = rig_spec("a");
	struct dtss_work work;
	struct rig r = { 0 };
	int i, rc = 0;

	r.gate = gate_store_open();
	cfg.store = &r.gate->base;
	ck_assert_int_eq(dtss_node_open(&r.node, &cfg, rig_now(&r)), 0);
	(void)rig_local_submit(&r, &spec);
	ck_assert_int_eq(rig_take(&r, &work), 1);
	{
		struct dtss_heartbeat hb = { .size = sizeof hb,
					     .name = "w",
					     .kind = DTSS_WORKER_AGENT,
					     .incarnation = UINT64_MAX,
					     .number = 1,
					     .max_tasks = 1 };

		ck_assert_int_eq(dtss_sched_heartbeat(dtss_node_sched(r.node), rig_now(&r), &hb), 0);
	}
	for (i = 0; i < 10 && rc == 0; i++) {
		rig_pass(&r, 1000);
		rc = rig_take(&r, &work);
		if (rc == 1 && work.stop)
			rc = 0;
	}
	ck_assert_int_eq(rc, DTSS_E_STALE);
	dtss_node_close(r.node);
}
END_TEST

Suite *suite_unit_node_take(void)
{
	Suite *s = suite_create("unit_node_take");
	TCase *t = tcase_create("take");

	tcase_add_test(t, submit_take_finish);
	tcase_add_test(t, a_failure_is_tried_again_after_its_backoff);
	tcase_add_test(t, what_is_not_taken_is_left_to_others);
	tcase_add_test(t, several_slots_are_several_at_once);
	tcase_add_test(t, tags_bring_what_needs_them);
	tcase_add_test(t, what_is_cancelled_is_to_be_stopped);
	tcase_add_test(t, a_store_that_does_not_answer_leaves_submit_unknown);
	tcase_add_test(t, a_bad_submit_says_so);
	tcase_add_test(t, a_worker_that_steps_keeps_its_lease);
	tcase_add_test(t, a_run_timeout_stops_it);
	tcase_add_test(t, a_newer_worker_of_that_name_elsewhere_ends_ours);
	suite_add_tcase(s, t);
	return s;
}
