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

Suite *suite_unit_worker(void)
{
	Suite *s = suite_create("unit_worker");
	TCase *c = tcase_create("worker");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, a_silent_worker_that_holds_attempts_keeps_nobody_busy);
	tcase_add_test(c, a_worker_that_claims_any_load_is_full);
	suite_add_tcase(s, c);
	return s;
}
