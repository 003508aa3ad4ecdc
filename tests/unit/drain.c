/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/engine.h"

Suite *suite_unit_drain(void);

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 2, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static struct dtss_worker_view view(void)
{
	struct dtss_worker_view v;

	ck_assert_int_eq(dtss_sched_worker_get(e.s, "w", &v), 0);
	return v;
}

/* L4: from the uncordon on it is given work again */
START_TEST(a_drained_worker_finishes_what_it_runs_and_gets_no_more)
{
	dtss_task_id a = engine_task(&e, "a"), b;

	engine_pump(&e);
	engine_started(&e, a);
	ck_assert_int_eq(dtss_sched_drain(e.s, e.now, "w"), 0);
	b = engine_task(&e, "b");
	engine_pass(&e, 60000);
	ck_assert_uint_eq(engine_state(&e, a), DTSS_TASK_RUNNING);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_READY);
	ck_assert_int_eq(engine_exit(&e, a, 0), 0);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_READY);
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "w"), 0);
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, b), DTSS_TASK_LEASED);
}
END_TEST

START_TEST(an_operator_s_word_lasts_over_incarnations_and_restarts)
{
	ck_assert_int_eq(dtss_sched_drain(e.s, e.now, "w"), 0);
	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "w"), 0);
	engine_reborn(w);
	engine_beat(&e, w);
	engine_restart(&e);
	engine_beat(&e, w);
	engine_takeover(&e);
	ck_assert_uint_eq(view().draining, 1);
	ck_assert_uint_eq(view().cordoned, 1);
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "w"), 0); /* ends both */
	ck_assert_uint_eq(view().draining, 0);
	ck_assert_uint_eq(view().cordoned, 0);
	engine_pump(&e);
}
END_TEST

START_TEST(saying_it_again_changes_nothing)
{
	uint64_t digest;

	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "w"), 0);
	engine_pump(&e);
	digest = dtss_sched_digest_all(e.s);
	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "w"), 0);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
	ck_assert_int_eq(dtss_sched_drain(e.s, e.now, "nobody"), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "nobody"), DTSS_E_NOT_FOUND);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
}
END_TEST

START_TEST(a_cordoned_machine_is_not_forgotten_while_it_is_away)
{
	struct dtss_worker_view v;

	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "w"), 0);
	w->silent = 1;
	engine_pass(&e, 3 * UINT64_C(86400000));
	ck_assert_uint_eq(view().cordoned, 1);
	ck_assert_uint_eq(view().status, DTSS_WORKER_OFFLINE);
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "w"), 0);
	engine_pass(&e, 1000);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "w", &v), DTSS_E_NOT_FOUND);
}
END_TEST

Suite *suite_unit_drain(void)
{
	Suite *s = suite_create("unit_drain");
	TCase *c = tcase_create("drain");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_drained_worker_finishes_what_it_runs_and_gets_no_more);
	tcase_add_test(c, an_operator_s_word_lasts_over_incarnations_and_restarts);
	tcase_add_test(c, saying_it_again_changes_nothing);
	tcase_add_test(c, a_cordoned_machine_is_not_forgotten_while_it_is_away);
	suite_add_tcase(s, c);
	return s;
}
