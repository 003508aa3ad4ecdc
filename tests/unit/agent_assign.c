/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_assign(void);

START_TEST(a_repeated_assignment_starts_once)
{
	struct agent_story s;

	story_open(&s, 4);
	story_answer(&s, 1, DTSS_OK);
	story_skip(&s);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_ack(&s, 3, 7, 1, DTSS_REPORT_ENDED, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0); /* replayed a minute later */
	story_says(&s, "[   0] start 7@1\n"
		       "[   0] send 2: seen 1, used 1/4, running 7@1; report started 7@1\n"
		       "[   0] send 3: seen 1, used 0/4, ended 7@1; report started 7@1; report ended 7@1 exit 0\n"
		       "[   0] forget 7@1\n");
	story_close(&s);
}
END_TEST

/* The heartbeat is honest: it has seen 2, and lists no 1. So the scheduler takes 1 back, and nothing runs unlisted. */
START_TEST(an_overtaken_assignment_is_dropped)
{
	struct agent_story s;

	story_open(&s, 4);
	story_answer(&s, 1, DTSS_OK);
	story_skip(&s);
	ck_assert_int_eq(story_assign(&s, 8, 2, 0), 0);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 2), 0);
	story_says(&s, "[   0] start 8@2\n"
		       "[   0] send 2: seen 2, used 1/4, running 8@2; report started 8@2\n");
	story_close(&s);
}
END_TEST

START_TEST(assignments_of_others_are_dropped)
{
	struct agent_story s;

	story_open(&s, 4);
	s.epoch = 4;
	story_answer(&s, 1, DTSS_OK);
	story_skip(&s);
	s.incarnation = 4;
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	s.incarnation = 5;
	s.epoch = 3;
	ck_assert_int_eq(story_assign(&s, 7, 2, 0), 0);
	story_until(&s, 10000);
	story_says(&s, "[10000] send 2: seen 0, used 0/4 epoch 4\n");
	s.epoch = 5;
	ck_assert_int_eq(story_assign(&s, 7, 3, 0), 0);
	story_until(&s, 20000);
	story_says(&s, "[10000] start 7@3\n"
		       "[20000] send 3: seen 3, used 1/4 epoch 5, leased 7@3\n");
	story_close(&s);
}
END_TEST

START_TEST(more_than_the_slots_is_rejected)
{
	struct agent_story s;

	story_open(&s, 1);
	story_answer(&s, 1, DTSS_OK);
	story_skip(&s);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 8, 2, 0), 0);
	story_says(&s, "[   0] start 7@1\n"
		       "[   0] send 2: seen 2, used 1/1, leased 7@1, ended 8@2; report ended 8@2 rejected\n");
	story_ack(&s, 2, 8, 2, DTSS_REPORT_ENDED, DTSS_OK); /* the driver never heard of it */
	story_says(&s, "");
	/* one that has ended takes no slot, although it is still listed */
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 9, 3, 0), 0);
	story_says(&s, "[   0] send 3: seen 2, used 0/1, ended 7@1; report ended 7@1 exit 0\n"
		       "[   0] start 9@3\n");
	story_close(&s);
}
END_TEST

START_TEST(what_is_never_acknowledged_does_not_grow_without_bound)
{
	struct dtss_agent_stats stats;
	struct agent_story s;
	uint64_t i;

	story_open(&s, 1);
	s.quiet = 1;
	for (i = 1; i <= DTSS_AGENT_UNACKED_MAX + 10; i++)
		ck_assert_int_eq(story_assign(&s, i, i, 0), 0);
	dtss_agent_stats(s.agent, &stats);
	ck_assert_uint_eq(stats.held, DTSS_AGENT_UNACKED_MAX + 1);
	story_close(&s);
}
END_TEST

/* X6: the old attempt's processes are dead before the new attempt of the same task starts. */
START_TEST(the_old_attempt_dies_before_the_new_one_starts)
{
	struct agent_story s;

	story_open(&s, 1);
	story_answer(&s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	story_skip(&s);
	ck_assert_int_eq(story_assign(&s, 7, 2, 0), 0);
	ck_assert_int_eq(story_assign(&s, 7, 3, 0), 0); /* and that one is overtaken before it began */
	story_says(&s, "[   0] kill 7@1 lost\n"
		       "[   0] send 3: seen 3, used 1/1, stopping 7@1, ended 7@2, leased 7@3; "
		       "report started 7@1; report ended 7@2 lost\n");
	story_until(&s, 20);
	ck_assert_int_eq(story_signal(&s, 1, 9), 0);
	story_says(&s, "[  20] start 7@3\n"
		       "[  20] send 4: seen 3, used 1/1, ended 7@1, ended 7@2, leased 7@3; report started 7@1; "
		       "report ended 7@1 lost signal 9; report ended 7@2 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(a_specification_that_cannot_be_read_is_rejected)
{
	struct dtss_time now = { 0, 0 };
	struct dtss_message message;
	struct agent_story s;

	story_open(&s, 1);
	story_skip(&s);
	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_ASSIGN;
	message.u.assign.task.v = 7;
	message.u.assign.fence = 1;
	message.u.assign.incarnation = 5;
	message.u.assign.spec = "rubbish";
	message.u.assign.spec_len = 7;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), 0);
	story_until(&s, 0);
	story_says(&s, "[   0] send 2: seen 1, used 0/1, ended 7@1; report ended 7@1 rejected\n");
	story_close(&s);
}
END_TEST

START_TEST(what_is_no_message_for_agents)
{
	struct dtss_time now = { 0, 0 };
	struct dtss_message message;
	struct agent_story s;

	story_open(&s, 1);
	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_HEARTBEAT;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), DTSS_E_INVALID);
	message.type = 99;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), DTSS_E_INVALID);
	message.type = DTSS_MESSAGE_ASSIGN;
	message.u.assign.task.v = 7;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), DTSS_E_INVALID); /* no fence */
	message.u.assign.fence = 1;
	message.u.assign.spec_len = 10;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), DTSS_E_INVALID); /* no spec */
	message.size = 0;
	ck_assert_int_eq(dtss_agent_message(s.agent, now, &message), DTSS_E_INVALID);
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_assign(void)
{
	Suite *suite = suite_create("unit_agent_assign");
	TCase *tc = tcase_create("agent_assign");

	tcase_add_test(tc, a_repeated_assignment_starts_once);
	tcase_add_test(tc, an_overtaken_assignment_is_dropped);
	tcase_add_test(tc, assignments_of_others_are_dropped);
	tcase_add_test(tc, more_than_the_slots_is_rejected);
	tcase_add_test(tc, what_is_never_acknowledged_does_not_grow_without_bound);
	tcase_add_test(tc, the_old_attempt_dies_before_the_new_one_starts);
	tcase_add_test(tc, a_specification_that_cannot_be_read_is_rejected);
	tcase_add_test(tc, what_is_no_message_for_agents);
	suite_add_tcase(suite, tc);
	return suite;
}
