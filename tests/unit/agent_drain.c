/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_drain(void);

/* 7@1 and 8@2 run, and the scheduler knows. */
static void drain_open(struct agent_story *s)
{
	story_open(s, 3);
	s->answers = 1;
	ck_assert_int_eq(story_assign(s, 7, 1, 0), 0);
	ck_assert_int_eq(story_assign(s, 8, 2, 0), 0);
	ck_assert_int_eq(story_started(s, 1), 0);
	ck_assert_int_eq(story_started(s, 2), 0);
	story_skip(s);
}

START_TEST(what_runs_may_finish_within_the_grace)
{
	struct agent_story s;

	drain_open(&s);
	ck_assert_int_eq(story_drain(&s, 3000), 0);
	story_until(&s, 1000);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_until(&s, 3500);
	ck_assert_int_eq(story_signal(&s, 2, 15), 0);
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_says(&s, "[   0] send 4: seen 2, used 2/3 stopping, running 7@1, running 8@2\n"
		       "[1000] send 5: seen 2, used 1/3 stopping, ended 7@1, running 8@2; report ended 7@1 exit 0\n"
		       "[1000] forget 7@1\n"
		       "[3000] term 8@2 released\n"
		       "[3500] send 6: seen 2, used 0/3 stopping, ended 8@2; report ended 8@2 released signal 15\n"
		       "[3500] forget 8@2\n");
	story_close(&s);
}
END_TEST

START_TEST(a_second_signal_is_at_once)
{
	struct agent_story s;

	drain_open(&s);
	ck_assert_int_eq(story_drain(&s, 60000), 0);
	story_until(&s, 10);
	story_skip(&s);
	ck_assert_int_eq(story_drain(&s, 0), 0);
	ck_assert_int_eq(story_drain(&s, 60000), 0); /* that takes nothing back */
	story_until(&s, 2500);
	story_says(&s, "[  10] term 7@1 released\n"
		       "[  10] term 8@2 released\n"
		       "[2010] kill 7@1 released\n"
		       "[2010] kill 8@2 released\n");
	story_close(&s);
}
END_TEST

START_TEST(released_work_that_had_finished_is_a_success)
{
	struct agent_story s;

	drain_open(&s);
	ck_assert_int_eq(story_drain(&s, 0), 0);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	ck_assert_int_eq(story_exit(&s, 2, 1), 0);
	story_says(&s, "[   0] term 7@1 released\n"
		       "[   0] term 8@2 released\n"
		       "[   0] send 4: seen 2, used 2/3 stopping, stopping 7@1, stopping 8@2\n"
		       "[   0] send 5: seen 2, used 1/3 stopping, ended 7@1, stopping 8@2; report ended 7@1 exit 0\n"
		       "[   0] forget 7@1\n"
		       "[   0] send 6: seen 2, used 0/3 stopping, ended 8@2; report ended 8@2 released 1\n"
		       "[   0] forget 8@2\n");
	story_close(&s);
}
END_TEST

START_TEST(new_work_is_given_back)
{
	struct agent_story s;

	story_open(&s, 2);
	s.answers = 1;
	ck_assert_int_eq(story_drain(&s, 1000), 0);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	story_says(&s, "[   0] send 1: seen 0, used 0/2\n"
		       "[   0] send 2: seen 0, used 0/2 stopping\n"
		       "[   0] send 3: seen 1, used 0/2 stopping, ended 7@1; report ended 7@1 released\n");
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_close(&s);
}
END_TEST

START_TEST(what_had_not_begun_is_given_back_at_once)
{
	struct agent_story s;

	drain_open(&s);
	ck_assert_int_eq(story_assign(&s, 7, 3, 0), 0); /* waits for 7@1, which is killed now */
	story_skip(&s);
	ck_assert_int_eq(story_drain(&s, 5000), 0);
	story_says(&s, "[   0] send 4: seen 3, used 2/3 stopping, stopping 7@1, running 8@2, ended 7@3; "
		       "report ended 7@3 released\n");
	story_close(&s);
}
END_TEST

START_TEST(another_number_of_slots)
{
	struct agent_story s;

	drain_open(&s);
	ck_assert_int_eq(story_resize(&s, 1), 0);
	ck_assert_int_eq(story_resize(&s, 1), 0); /* the same: no news */
	ck_assert_int_eq(story_assign(&s, 9, 3, 0), 0);
	ck_assert_int_eq(story_resize(&s, DTSS_WORKER_TASKS_MAX + 1), DTSS_E_TOO_BIG);
	ck_assert_int_eq(story_resize(&s, 0), 0);
	story_says(&s, "[   0] send 4: seen 2, used 2/1, running 7@1, running 8@2\n"
		       "[   0] send 5: seen 3, used 2/1, running 7@1, running 8@2, ended 9@3; "
		       "report ended 9@3 rejected\n"
		       "[   0] send 6: seen 3, used 2/0, running 7@1, running 8@2\n");
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_drain(void)
{
	Suite *suite = suite_create("unit_agent_drain");
	TCase *tc = tcase_create("agent_drain");

	tcase_add_test(tc, what_runs_may_finish_within_the_grace);
	tcase_add_test(tc, a_second_signal_is_at_once);
	tcase_add_test(tc, released_work_that_had_finished_is_a_success);
	tcase_add_test(tc, new_work_is_given_back);
	tcase_add_test(tc, what_had_not_begun_is_given_back_at_once);
	tcase_add_test(tc, another_number_of_slots);
	suite_add_tcase(suite, tc);
	return suite;
}
