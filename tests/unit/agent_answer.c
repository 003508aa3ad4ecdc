/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_answer(void);

/* 7@5 runs, 8@6 has ended and its report is not yet acknowledged. */
static void answer_open(struct agent_story *s)
{
	story_open(s, 4);
	s->epoch = 9;
	story_answer(s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(s, 7, 5, 0), 0);
	ck_assert_int_eq(story_assign(s, 8, 6, 0), 0);
	ck_assert_int_eq(story_started(s, 5), 0);
	ck_assert_int_eq(story_started(s, 6), 0);
	ck_assert_int_eq(story_exit(s, 6, 0), 0);
	story_skip(s);
}

START_TEST(a_newer_incarnation_is_registered)
{
	struct agent_story s;

	answer_open(&s);
	story_answer(&s, 4, DTSS_E_STALE);
	story_answer(&s, 4, DTSS_E_STALE);
	ck_assert_int_eq(story_assign(&s, 9, 7, 0), 0);
	story_says(&s, "[   0] stale\n"
		       "[   0] term 7@5 lost\n"
		       "[   0] forget 8@6\n");
	ck_assert_int_eq(dtss_agent_idle(s.agent), 0);
	story_until(&s, 60000); /* no more heartbeats */
	story_says(&s, "[2000] kill 7@5 lost\n");
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), DTSS_NEVER);
	ck_assert_int_eq(story_signal(&s, 5, 9), 0);
	story_says(&s, "[60000] forget 7@5\n"); /* and no report */
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_close(&s);
}
END_TEST

/* The new store counts its fences from 1 again, and may give 5 and 6 to other tasks. */
START_TEST(the_scheduler_has_another_store)
{
	struct agent_story s;

	answer_open(&s);
	story_until(&s, 10);
	s.identity = 0xbb;
	s.epoch = 1;
	story_answer(&s, 4, DTSS_OK);
	story_says(&s, "[  10] reset\n"
		       "[  10] kill 7@5 lost\n"
		       "[  10] forget 8@6\n"
		       "[  10] send 5: seen 0, used 1/0 epoch 1\n");
	story_answer(&s, 5, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 3, 5, 0), 0); /* too early: it is not seen, and will be sent again */
	story_says(&s, "");
	ck_assert_int_eq(story_signal(&s, 5, 9), 0);
	story_says(&s, "[  10] forget 7@5\n"
		       "[  10] send 6: seen 0, used 0/4 epoch 1\n");
	ck_assert_int_eq(story_assign(&s, 3, 5, 0), 0);
	ck_assert_int_eq(story_started(&s, 5), 0);
	story_says(&s, "[  10] start 3@5\n"
		       "[  10] send 7: seen 5, used 1/4 epoch 1, running 3@5; report started 3@5\n");
	story_close(&s);
}
END_TEST

START_TEST(late_messages_of_the_old_store)
{
	struct agent_story s;

	story_open(&s, 1);
	s.epoch = 9;
	story_answer(&s, 1, DTSS_OK);
	story_until(&s, 10000);
	s.identity = 0xbb;
	s.epoch = 1;
	story_answer(&s, 2, DTSS_OK);
	story_says(&s, "[   0] send 1: seen 0, used 0/1\n"
		       "[10000] send 2: seen 0, used 0/1 epoch 9\n"
		       "[10000] reset\n"
		       "[10000] send 3: seen 0, used 0/1 epoch 1\n");
	s.identity = 0xaa;
	s.epoch = 9;
	story_answer(&s, 2, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 4, 0), 0); /* the new store has not yet accepted a heartbeat */
	ck_assert_int_eq(story_stop(&s, 7, 4, DTSS_CAUSE_CANCEL), 0);
	story_says(&s, "");
	s.identity = 0xbb;
	s.epoch = 1;
	story_answer(&s, 3, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 8, 1, 0), 0);
	story_says(&s, "[10000] start 8@1\n");
	story_close(&s);
}
END_TEST

START_TEST(another_store_knows_a_newer_incarnation)
{
	struct agent_story s;

	answer_open(&s);
	s.identity = 0xbb;
	story_answer(&s, 4, DTSS_E_STALE);
	story_says(&s, "[   0] reset\n"
		       "[   0] stale\n"
		       "[   0] kill 7@5 lost\n"
		       "[   0] forget 8@6\n");
	story_close(&s);
}
END_TEST

START_TEST(answers_that_say_nothing)
{
	struct agent_story s;

	answer_open(&s);
	story_answer(&s, 99, DTSS_E_STALE); /* never sent */
	story_answer(&s, 0, DTSS_E_STALE);
	s.incarnation = 4;
	story_answer(&s, 4, DTSS_E_STALE);
	s.incarnation = 5;
	s.epoch = 8;
	story_answer(&s, 4, DTSS_E_STALE); /* a deposed scheduler */
	s.epoch = 9;
	s.identity = 0; /* no store yet */
	story_answer(&s, 4, DTSS_E_NOT_LEADER);
	story_says(&s, "");
	story_until(&s, 10000);
	story_says(&s, "[10000] send 5: seen 6, used 1/4 epoch 9, running 7@5, ended 8@6; report started 7@5; "
		       "report started 8@6; report ended 8@6 exit 0\n");
	story_close(&s);
}
END_TEST

START_TEST(the_scheduler_sets_the_pace)
{
	struct agent_story s;

	story_open(&s, 1);
	s.heartbeat_ms = 300;
	story_answer(&s, 1, DTSS_OK);
	s.answers = 1;
	story_until(&s, 650);
	s.heartbeat_ms = 0; /* it does not say: as before */
	story_until(&s, 1000);
	story_says(&s, "[   0] send 1: seen 0, used 0/1\n"
		       "[ 300] send 2: seen 0, used 0/1\n"
		       "[ 600] send 3: seen 0, used 0/1\n"
		       "[ 900] send 4: seen 0, used 0/1\n");
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_answer(void)
{
	Suite *suite = suite_create("unit_agent_answer");
	TCase *tc = tcase_create("agent_answer");

	tcase_add_test(tc, a_newer_incarnation_is_registered);
	tcase_add_test(tc, the_scheduler_has_another_store);
	tcase_add_test(tc, late_messages_of_the_old_store);
	tcase_add_test(tc, another_store_knows_a_newer_incarnation);
	tcase_add_test(tc, answers_that_say_nothing);
	tcase_add_test(tc, the_scheduler_sets_the_pace);
	suite_add_tcase(suite, tc);
	return suite;
}
