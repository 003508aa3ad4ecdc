/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_stop(void);

/* A running attempt 7@1, known to the scheduler; now is 0. */
static void stop_open(struct agent_story *s, uint64_t timeout_ms)
{
	story_open(s, 2);
	s->answers = 1;
	story_answer(s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(s, 7, 1, timeout_ms), 0);
	ck_assert_int_eq(story_started(s, 1), 0);
	story_skip(s);
}

START_TEST(cancelling_goes_from_term_to_kill)
{
	struct agent_story s;

	stop_open(&s, 0);
	story_until(&s, 100);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0); /* repeated by the network */
	story_until(&s, 3000);
	story_says(&s, "[ 100] term 7@1 cancel\n"
		       "[2100] kill 7@1 cancel\n");
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[3000] send 3: seen 1, used 0/2, ended 7@1; report ended 7@1 cancel signal 9\n"
		       "[3000] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(a_cancelled_one_that_exits_in_time_is_not_killed)
{
	struct agent_story s;

	stop_open(&s, 0);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	story_until(&s, 50);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_until(&s, 9000);
	story_says(&s, "[   0] term 7@1 cancel\n"
		       "[  50] send 3: seen 1, used 0/2, ended 7@1; report ended 7@1 cancel\n"
		       "[  50] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(cancelled_before_it_was_handed_out_it_never_starts)
{
	struct dtss_time now = { 0, 0 };
	struct dtss_message stop = { .size = sizeof stop, .type = DTSS_MESSAGE_STOP };
	struct agent_story s;

	stop_open(&s, 0);
	/* 7@2 waits for 7@1 to die, so it cannot have been handed out */
	ck_assert_int_eq(story_assign(&s, 7, 2, 0), 0);
	story_skip(&s);
	stop.u.stop.task.v = 7;
	stop.u.stop.fence = 2;
	stop.u.stop.incarnation = 5;
	stop.u.stop.cause = DTSS_CAUSE_CANCEL;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &stop), 0);
	story_until(&s, 1);
	story_says(&s, "[   0] send 3: seen 2, used 1/2, stopping 7@1, ended 7@2; report ended 7@2 cancel\n");
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[   1] send 4: seen 2, used 0/2, ended 7@1; report ended 7@1 lost signal 9\n"
		       "[   1] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(a_stop_while_it_starts)
{
	struct agent_story s;

	story_open(&s, 1);
	s.answers = 1;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	ck_assert_int_eq(story_started(&s, 1), 0); /* the driver was in the middle of it */
	ck_assert_int_eq(story_signal(&s, 1, 15), 0);
	story_says(&s, "[   0] send 1: seen 0, used 0/1\n"
		       "[   0] start 7@1\n"
		       "[   0] term 7@1 cancel\n"
		       "[   0] send 2: seen 1, used 1/1, stopping 7@1; report started 7@1\n"
		       "[   0] send 3: seen 1, used 0/1, ended 7@1; report ended 7@1 cancel signal 15\n"
		       "[   0] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(a_stop_overtakes_its_assignment)
{
	struct agent_story s;

	story_open(&s, 1);
	story_skip(&s);
	ck_assert_int_eq(story_stop(&s, 7, 3, DTSS_CAUSE_CANCEL), 0);
	ck_assert_int_eq(story_assign(&s, 7, 3, 0), 0);
	story_says(&s, "[   0] send 2: seen 3, used 0/1\n");
	/* and one for what is long gone says nothing */
	ck_assert_int_eq(story_stop(&s, 7, 2, DTSS_CAUSE_CANCEL), 0);
	story_says(&s, "");
	story_close(&s);
}
END_TEST

START_TEST(the_run_timeout_counts_from_the_start)
{
	struct agent_story s;

	story_open(&s, 1);
	s.answers = 1;
	ck_assert_int_eq(story_assign(&s, 7, 1, 500), 0);
	story_until(&s, 4000);
	ck_assert_int_eq(story_started(&s, 1), 0);
	story_skip(&s);
	story_until(&s, 7000);
	story_says(&s, "[4500] term 7@1 timeout\n"
		       "[6500] kill 7@1 timeout\n");
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[7000] send 3: seen 1, used 0/1, ended 7@1; report ended 7@1 timeout signal 9\n"
		       "[7000] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(exit_0_after_the_timeout_is_still_a_timeout)
{
	struct agent_story s;

	stop_open(&s, 500);
	story_until(&s, 600);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_says(&s, "[ 500] term 7@1 timeout\n"
		       "[ 600] send 3: seen 1, used 0/2, ended 7@1; report ended 7@1 timeout\n"
		       "[ 600] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(it_ended_before_the_signal_could_be_sent)
{
	struct dtss_outcome outcome = { DTSS_CAUSE_EXIT, 4, 0, 0, NULL };
	struct dtss_time now = { 500000000, 0 };
	struct agent_story s;

	stop_open(&s, 500);
	s.ms = 500;
	ck_assert_int_eq(dtss_agent_tick(s.agent, now), 0);
	ck_assert_int_eq(dtss_agent_ended(s.agent, now, 1, &outcome), 0);
	story_until(&s, 500);
	story_says(&s, "[ 500] send 3: seen 1, used 0/2, ended 7@1; report ended 7@1 exit 4\n"
		       "[ 500] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(a_superseded_attempt_says_so)
{
	struct agent_story s;

	stop_open(&s, 0);
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_LOST), 0);
	ck_assert_int_eq(story_exit(&s, 1, 1), 0);
	story_says(&s, "[   0] term 7@1 lost\n"
		       "[   0] send 3: seen 1, used 0/2, ended 7@1; report ended 7@1 lost 1\n"
		       "[   0] forget 7@1\n");
	story_close(&s);
}
END_TEST

START_TEST(stops_of_a_deposed_scheduler_are_dropped)
{
	struct agent_story s;

	stop_open(&s, 0);
	s.epoch = 2;
	story_answer(&s, 2, DTSS_OK);
	s.epoch = 1;
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	s.epoch = 2;
	s.incarnation = 4;
	ck_assert_int_eq(story_stop(&s, 7, 1, DTSS_CAUSE_CANCEL), 0);
	story_says(&s, "");
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_stop(void)
{
	Suite *suite = suite_create("unit_agent_stop");
	TCase *tc = tcase_create("agent_stop");

	tcase_add_test(tc, cancelling_goes_from_term_to_kill);
	tcase_add_test(tc, a_cancelled_one_that_exits_in_time_is_not_killed);
	tcase_add_test(tc, cancelled_before_it_was_handed_out_it_never_starts);
	tcase_add_test(tc, a_stop_while_it_starts);
	tcase_add_test(tc, a_stop_overtakes_its_assignment);
	tcase_add_test(tc, the_run_timeout_counts_from_the_start);
	tcase_add_test(tc, exit_0_after_the_timeout_is_still_a_timeout);
	tcase_add_test(tc, it_ended_before_the_signal_could_be_sent);
	tcase_add_test(tc, a_superseded_attempt_says_so);
	tcase_add_test(tc, stops_of_a_deposed_scheduler_are_dropped);
	suite_add_tcase(suite, tc);
	return suite;
}
