/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_lease(void);

/*
 * Leases of 20 s and a grace of 2 s: SIGTERM 16 s after the last acknowledged heartbeat that listed the attempt was sent,
 * SIGKILL at 18 s, and the scheduler may give the task to another at 20 s.
 */
static void lease_open(struct agent_story *s)
{
	story_open(s, 2);
	story_answer(s, 1, DTSS_OK);
	story_until(s, 100);
	ck_assert_int_eq(story_assign(s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(s, 1), 0);
	story_says(s, "[   0] send 1: seen 0, used 0/2\n"
		      "[ 100] start 7@1\n"
		      "[ 100] send 2: seen 1, used 1/2, running 7@1; report started 7@1\n");
}

START_TEST(the_scheduler_falls_silent)
{
	struct dtss_agent_stats stats;
	struct agent_story s;

	lease_open(&s);
	story_until(&s, 19000);
	story_says(&s, "[10100] send 3: seen 1, used 1/2, running 7@1; report started 7@1\n"
		       "[16100] term 7@1 lost\n"
		       "[18100] kill 7@1 lost\n");
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[19000] send 4: seen 1, used 0/2, ended 7@1; report started 7@1; "
		       "report ended 7@1 lost signal 9\n");
	dtss_agent_stats(s.agent, &stats);
	ck_assert_uint_eq(stats.fenced, 1);
	story_close(&s);
}
END_TEST

START_TEST(an_answer_renews_from_when_the_heartbeat_was_sent)
{
	struct agent_story s;

	lease_open(&s);
	story_until(&s, 15000);
	story_answer(&s, 3, DTSS_OK); /* sent at 10.1 s */
	story_until(&s, 25000);
	story_skip(&s);
	story_until(&s, 26100);
	story_says(&s, "[26100] term 7@1 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(an_answer_to_a_heartbeat_that_did_not_list_it_renews_nothing)
{
	struct agent_story s;

	lease_open(&s);
	story_until(&s, 15000);
	story_answer(&s, 1, DTSS_OK);
	story_skip(&s);
	story_until(&s, 17000);
	story_says(&s, "[16100] term 7@1 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(a_refusal_renews_nothing)
{
	struct agent_story s;

	lease_open(&s);
	story_until(&s, 15000);
	story_answer(&s, 3, DTSS_E_NOT_LEADER);
	story_skip(&s);
	story_until(&s, 17000);
	story_says(&s, "[16100] term 7@1 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(answers_overtake_each_other)
{
	struct agent_story s;

	lease_open(&s);
	story_until(&s, 15000);
	story_answer(&s, 3, DTSS_OK);
	story_answer(&s, 2, DTSS_OK); /* the older one changes nothing */
	story_skip(&s);
	story_until(&s, 25000);
	story_says(&s, "[20100] send 4: seen 1, used 1/2, running 7@1; report started 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(after_a_suspend_deadlines_come_before_reports)
{
	struct agent_story s;

	lease_open(&s);
	story_sleep_until(&s, 60000);
	story_says(&s, "[60000] kill 7@1 lost\n"
		       "[60000] send 3: seen 1, used 1/2, stopping 7@1; report started 7@1\n");
	story_answer(&s, 2, DTSS_OK); /* it had waited in a buffer: too late */
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[60000] send 4: seen 1, used 0/2, ended 7@1; report ended 7@1 lost signal 9\n");
	story_close(&s);
}
END_TEST

START_TEST(an_assignment_that_slept_through_its_lease_never_starts)
{
	struct agent_story s;

	lease_open(&s);
	ck_assert_int_eq(story_assign(&s, 7, 2, 0), 0); /* waits for 7@1 to die */
	story_skip(&s);
	story_sleep_until(&s, 60000);
	story_says(&s, "[60000] send 3: seen 2, used 1/2, stopping 7@1, ended 7@2; report started 7@1; "
		       "report ended 7@2 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(an_assignment_that_was_long_under_way_counts_from_the_heartbeat_before_it)
{
	struct agent_story s;

	story_open(&s, 2);
	story_answer(&s, 1, DTSS_OK); /* sent at 0 */
	story_until(&s, 9000);
	s.heard = 1;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	story_until(&s, 17000);
	story_says(&s, "[   0] send 1: seen 0, used 0/2\n"
		       "[9000] start 7@1\n"
		       "[9000] send 2: seen 1, used 1/2, running 7@1; report started 7@1\n"
		       "[16000] term 7@1 lost\n");
	story_close(&s);
}
END_TEST

/* It has not been seen, so the scheduler sends it with the next heartbeat again, if the task is still this agent's. */
START_TEST(an_assignment_that_would_be_stopped_at_once_is_dropped)
{
	struct agent_story s;

	story_open(&s, 2);
	story_answer(&s, 1, DTSS_OK);
	story_until(&s, 16000);
	s.heard = 1;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	s.heard = 2; /* sent at 10 s */
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_says(&s, "[   0] send 1: seen 0, used 0/2\n"
		       "[10000] send 2: seen 0, used 0/2\n"
		       "[16000] start 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(an_assignment_after_a_heartbeat_that_nobody_remembers_is_dropped)
{
	struct agent_story s;

	story_open(&s, 2);
	story_answer(&s, 1, DTSS_OK);
	s.heard = 2; /* it was never sent */
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	s.quiet = 1;
	while (s.sent <= DTSS_AGENT_SENT_MAX)
		story_until(&s, s.ms + 10000);
	s.quiet = 0;
	story_skip(&s);
	s.heard = s.sent - DTSS_AGENT_SENT_MAX;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_says(&s, "");
	s.heard = s.sent;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_says(&s, "[640000] start 7@1\n");
	story_close(&s);
}
END_TEST

/* Work that was done while nobody watched is done; whether it still counts is for the scheduler's fence to say. */
START_TEST(finished_work_is_not_thrown_away)
{
	struct agent_story s;

	lease_open(&s);
	story_sleep_until(&s, 60000);
	story_skip(&s);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_says(&s, "[60000] send 4: seen 1, used 0/2, ended 7@1; report ended 7@1 exit 0\n");
	story_close(&s);
}
END_TEST

START_TEST(a_lease_shorter_than_the_grace)
{
	struct agent_story s;

	story_open(&s, 1);
	s.lease_ms = 2000;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_skip(&s);
	story_until(&s, 2000);
	story_says(&s, "[1000] term 7@1 lost\n"
		       "[1800] kill 7@1 lost\n");
	story_close(&s);
}
END_TEST

/* A cancelled attempt has its grace, but no more than its lease. */
START_TEST(the_grace_of_a_stop_ends_with_the_lease)
{
	struct agent_story s;

	story_open(&s, 1);
	s.lease_ms = 2000;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_until(&s, 900);
	story_skip(&s);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	story_until(&s, 2000);
	story_says(&s, "[ 900] term 7@1 cancel\n"
		       "[1800] kill 7@1 cancel\n");
	story_close(&s);
}
END_TEST

START_TEST(the_next_tick_is_asked_for_exactly)
{
	struct agent_story s;

	lease_open(&s);
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), UINT64_C(10100000000));
	story_until(&s, 10100);
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), UINT64_C(16100000000));
	story_until(&s, 16100);
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), UINT64_C(18100000000));
	story_until(&s, 18100);
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), UINT64_C(20100000000)); /* the next heartbeat */
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_lease(void)
{
	Suite *suite = suite_create("unit_agent_lease");
	TCase *tc = tcase_create("agent_lease");

	tcase_add_test(tc, the_scheduler_falls_silent);
	tcase_add_test(tc, an_answer_renews_from_when_the_heartbeat_was_sent);
	tcase_add_test(tc, an_answer_to_a_heartbeat_that_did_not_list_it_renews_nothing);
	tcase_add_test(tc, a_refusal_renews_nothing);
	tcase_add_test(tc, answers_overtake_each_other);
	tcase_add_test(tc, after_a_suspend_deadlines_come_before_reports);
	tcase_add_test(tc, an_assignment_that_slept_through_its_lease_never_starts);
	tcase_add_test(tc, an_assignment_that_was_long_under_way_counts_from_the_heartbeat_before_it);
	tcase_add_test(tc, an_assignment_that_would_be_stopped_at_once_is_dropped);
	tcase_add_test(tc, an_assignment_after_a_heartbeat_that_nobody_remembers_is_dropped);
	tcase_add_test(tc, finished_work_is_not_thrown_away);
	tcase_add_test(tc, a_lease_shorter_than_the_grace);
	tcase_add_test(tc, the_grace_of_a_stop_ends_with_the_lease);
	tcase_add_test(tc, the_next_tick_is_asked_for_exactly);
	suite_add_tcase(suite, tc);
	return suite;
}
