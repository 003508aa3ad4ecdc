/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_worker(void);

static struct engine e;

static void teardown(void)
{
	engine_close(&e);
}

/* L4, L7: it is to be forgotten, and its leases are longer than that */
START_TEST(a_silent_worker_that_holds_attempts_keeps_nobody_busy)
{
	struct dtss_config cfg = { .size = sizeof cfg, .worker_forget_ms = 25000 };
	struct engine_agent *w, *x;
	dtss_task_id id, other;

	engine_open(&e, &cfg);
	w = engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	w->silent = 1;
	engine_sleep(&e, 10000);
	engine_store(&e);
	ck_assert_int_eq(dtss_sched_report(e.s, e.now,
					   &(struct dtss_report){ .size = sizeof(struct dtss_report),
								  .task = id,
								  .fence = engine_fence(&e, id),
								  .attempt = 1,
								  .kind = DTSS_REPORT_STARTED }),
			 0);
	engine_pass(&e, 16000);
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_OFFLINE);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_RUNNING);
	ck_assert_uint_gt(dtss_sched_next_ns(e.s), e.now.mono_ns);
	x = engine_join(&e, "x", 2, NULL);
	other = engine_task(&e, "other");
	engine_pump(&e);
	ck_assert_ptr_eq(engine_holder(&e, other), x);
	engine_pass(&e, 60000);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "w", &(struct dtss_worker_view){ 0 }), DTSS_E_NOT_FOUND);
	ck_assert_ptr_eq(engine_holder(&e, id), x);
}
END_TEST

/* S13: what a worker says about itself may be any number */
START_TEST(a_worker_that_claims_any_load_is_full)
{
	struct engine_agent *w;
	struct dtss_heartbeat hb;
	dtss_task_id id;

	engine_open(&e, NULL);
	w = engine_join(&e, "w", 4, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_ptr_eq(engine_holder(&e, id), w);
	hb = engine_heartbeat(&e, w);
	hb.used = UINT32_MAX;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_why(&e, id), DTSS_WHY_BUSY);
}
END_TEST

/* L2: the network may repeat a heartbeat for ever */
START_TEST(a_repeated_heartbeat_renews_nothing)
{
	struct engine_agent *w;
	struct dtss_heartbeat hb;
	dtss_task_id id;
	int i;

	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
	id = engine_task(&e, "job");
	engine_pump(&e);
	hb = engine_heartbeat(&e, w);
	w->silent = 1;
	for (i = 0; i < 40; i++) {
		ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
		engine_pass(&e, 1000);
	}
	ck_assert_uint_eq(engine_status(&e, "w"), DTSS_WORKER_OFFLINE);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
}
END_TEST

START_TEST(nothing_is_sent_again_to_an_incarnation_that_is_over)
{
	struct engine_agent *w;
	struct dtss_heartbeat hb;

	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
	w->deaf = 1;
	engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 1);
	engine_reborn(w);
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, "w"), 2); /* the new grant alone */
}
END_TEST

/* Where a start has to be confirmed within less than a lease, the attempt is taken back before it is lost. */
START_TEST(a_worker_that_does_not_hear_of_a_start_to_confirm_gets_no_more_work)
{
	struct dtss_config cfg = { .size = sizeof cfg, .start_confirm_ms = 5000 };
	struct engine_agent *w;
	dtss_task_id id;

	engine_open(&e, &cfg);
	w = engine_join(&e, "w", 2, NULL);
	w->deaf = 1;
	id = engine_task(&e, "job");
	engine_pump(&e);
	engine_pass(&e, 600000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_uint_eq(engine_attempt(&e, id), 1);
	engine_join(&e, "hears", 1, NULL);
	engine_pass(&e, 1000);
	ck_assert_str_eq(engine_holder(&e, id)->name, "hears");
	ck_assert_uint_eq(engine_attempt(&e, id), 2);
}
END_TEST

/* The refusal makes an agent end: it must not do so for what a crash would lose. */
START_TEST(a_refusal_rests_on_the_newer_incarnation)
{
	struct engine_agent *w;
	struct dtss_heartbeat old, hb;
	uint64_t seq;

	engine_open(&e, NULL);
	w = engine_join(&e, "w", 1, NULL);
	old = engine_heartbeat(&e, w);
	engine_reborn(w);
	hb = engine_heartbeat(&e, w);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	seq = dtss_sched_seq(e.s);
	ck_assert_uint_gt(seq, e.seq);
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &old), DTSS_E_STALE);
	ck_assert_uint_eq(dtss_sched_seq(e.s), seq);
}
END_TEST

/* L4: a rack is switched on, and what waited for it in vain goes out */
START_TEST(many_workers_that_come_at_once_wake_what_waited)
{
	struct dtss_task_spec spec = engine_spec("job");
	const char *tag = "x";
	dtss_task_id id[40];
	char name[8] = "w00";
	int i;

	engine_open(&e, NULL);
	spec.tags = &tag;
	spec.tag_count = 1;
	for (i = 0; i < 40; i++)
		id[i] = engine_submit(&e, &spec);
	engine_pump(&e);
	for (i = 0; i < 40; i++) {
		struct dtss_heartbeat hb = { .size = sizeof hb, .kind = DTSS_WORKER_AGENT, .name = name };

		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		hb.incarnation = 1;
		hb.max_tasks = 1;
		hb.tags = &tag;
		hb.tag_count = 1;
		ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
	}
	engine_pump(&e);
	for (i = 0; i < 40; i++)
		ck_assert_uint_eq(engine_state(&e, id[i]), DTSS_TASK_LEASED);
}
END_TEST

Suite *suite_unit_worker(void)
{
	Suite *s = suite_create("unit_worker");
	TCase *c = tcase_create("worker");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, a_silent_worker_that_holds_attempts_keeps_nobody_busy);
	tcase_add_test(c, a_worker_that_claims_any_load_is_full);
	tcase_add_test(c, a_repeated_heartbeat_renews_nothing);
	tcase_add_test(c, nothing_is_sent_again_to_an_incarnation_that_is_over);
	tcase_add_test(c, a_worker_that_does_not_hear_of_a_start_to_confirm_gets_no_more_work);
	tcase_add_test(c, a_refusal_rests_on_the_newer_incarnation);
	tcase_add_test(c, many_workers_that_come_at_once_wake_what_waited);
	suite_add_tcase(s, c);
	return s;
}
