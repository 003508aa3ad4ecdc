/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

/* Leadership that ends unless it is renewed: 24 s, so that a sixth is 4 s and seven eighths are 21 s. */
#define LEASE_MS 24000

Suite *suite_unit_node_renew(void);

static void open_expiring(struct rig *r)
{
	r->sched.lease_ms = LEASE_MS;
	r->lead_expires = 1;
	rig_open(r);
	ck_assert_uint_eq(rig_state(r), DTSS_NODE_LEADING);
}

static uint64_t epoch_of(const struct rig *r)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(r->node, &info);
	return info.epoch;
}

START_TEST(a_leader_renews_at_each_sixth_of_its_term)
{
	struct rig r = { 0 };

	open_expiring(&r);
	rig_pass(&r, 3999);
	ck_assert_uint_eq(r.gate->renews, 0);
	rig_pass(&r, 1);
	ck_assert_uint_eq(r.gate->renews, 1);
	rig_pass(&r, 10 * 4000);
	ck_assert_uint_eq(r.gate->renews, 11);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_uint_eq(epoch_of(&r), 1);
	rig_close(&r);
}
END_TEST

START_TEST(leadership_that_lasts_as_long_as_the_process_is_not_renewed)
{
	struct rig r = { 0 };

	r.sched.lease_ms = LEASE_MS;
	rig_open(&r);
	rig_pass(&r, 10 * LEASE_MS);
	ck_assert_uint_eq(r.gate->renews, 0);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	rig_close(&r);
}
END_TEST

START_TEST(a_leader_steps_down_before_its_term_ends_by_its_own_clock)
{
	struct dtss_request stats = rig_request(DTSS_REQUEST_STATS);
	struct dtss_answer answer;
	struct rig r = { 0 };

	open_expiring(&r);
	r.gate->shut = 1; /* the store is not heard of any more */
	r.gate->lead = DTSS_E_NOT_LEADER;
	rig_pass(&r, 20999);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_ptr_nonnull(dtss_node_sched(r.node));
	rig_pass(&r, 1);
	ck_assert_ptr_null(dtss_node_sched(r.node));
	r.gate->shut = 0;
	rig_pass(&r, 5000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_STANDBY);
	ck_assert_int_eq(rig_ask(&r, &stats, &answer), DTSS_E_NOT_LEADER);
	r.gate->lead = 0;
	rig_pass(&r, 1000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_uint_eq(epoch_of(&r), 2);
	rig_close(&r);
}
END_TEST

START_TEST(a_leader_that_slept_past_its_term_answers_nothing_from_memory)
{
	struct dtss_request stats = rig_request(DTSS_REQUEST_STATS);
	struct dtss_answer answer;
	struct rig r = { 0 };
	uint64_t token;

	open_expiring(&r);
	r.ms += 21000; /* without a step in between */
	token = rig_begin(&r, &stats);
	ck_assert_int_eq(rig_answered(&r, token, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_NOT_LEADER);
	rig_close(&r);
}
END_TEST

START_TEST(an_epoch_that_the_store_says_is_lost_is_given_up)
{
	struct rig r = { 0 };

	open_expiring(&r);
	r.gate->renew = DTSS_E_EPOCH;
	r.gate->lead = DTSS_E_NOT_LEADER;
	rig_pass(&r, 4000);
	ck_assert_ptr_null(dtss_node_sched(r.node));
	rig_pass(&r, 5000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_STANDBY);
	rig_close(&r);
}
END_TEST

START_TEST(a_renewal_that_went_wrong_is_tried_again_in_time)
{
	struct rig r = { 0 };

	open_expiring(&r);
	r.gate->renew = DTSS_E_UNKNOWN;
	rig_pass(&r, 19000);
	ck_assert_uint_gt(r.gate->renews, 3);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	r.gate->renew = 0;
	rig_pass(&r, LEASE_MS);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_uint_eq(epoch_of(&r), 1);
	rig_close(&r);
}
END_TEST

START_TEST(renewals_go_on_while_the_disk_is_full)
{
	struct rig r = { 0 };

	open_expiring(&r);
	r.gate->commit = DTSS_E_NOSPC;
	(void)rig_begin(&r, &(struct dtss_request){ .size = sizeof(struct dtss_request),
						    .type = DTSS_REQUEST_SUBMIT,
						    .u.submit = { (struct dtss_task_spec[]){ rig_spec("a") }, 1 } });
	rig_pass(&r, 4 * LEASE_MS);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_RECOVERING);
	ck_assert_uint_ge(r.gate->renews, 11);
	ck_assert_uint_eq(epoch_of(&r), 1);
	rig_close(&r);
}
END_TEST

Suite *suite_unit_node_renew(void)
{
	Suite *suite = suite_create("node_renew");
	TCase *tc = tcase_create("node_renew");

	tcase_add_test(tc, a_leader_renews_at_each_sixth_of_its_term);
	tcase_add_test(tc, leadership_that_lasts_as_long_as_the_process_is_not_renewed);
	tcase_add_test(tc, a_leader_steps_down_before_its_term_ends_by_its_own_clock);
	tcase_add_test(tc, a_leader_that_slept_past_its_term_answers_nothing_from_memory);
	tcase_add_test(tc, an_epoch_that_the_store_says_is_lost_is_given_up);
	tcase_add_test(tc, a_renewal_that_went_wrong_is_tried_again_in_time);
	tcase_add_test(tc, renewals_go_on_while_the_disk_is_full);
	suite_add_tcase(suite, tc);
	return suite;
}
