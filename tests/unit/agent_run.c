/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_run(void);

START_TEST(a_normal_run)
{
	struct agent_story s;

	story_open(&s, 2);
	s.answers = 1;
	s.epoch = 1;
	story_says(&s, "[   0] send 1: seen 0, used 0/2\n");
	story_answer(&s, 1, DTSS_OK);
	story_until(&s, 5);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	story_says(&s, "[   5] start 7@1\n"
		       "[   5] send 2: seen 1, used 1/2 epoch 1, running 7@1; report started 7@1\n");
	story_until(&s, 100);
	ck_assert_int_eq(story_exit(&s, 1, 3), 0);
	story_says(&s, "[ 100] send 3: seen 1, used 0/2 epoch 1, ended 7@1; report ended 7@1 exit 3\n"
		       "[ 100] forget 7@1\n");
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_until(&s, 20200);
	story_says(&s, "[10100] send 4: seen 1, used 0/2 epoch 1\n"
		       "[20100] send 5: seen 1, used 0/2 epoch 1\n");
	story_close(&s);
}
END_TEST

START_TEST(changes_of_one_instant_make_one_heartbeat)
{
	struct dtss_agent_action action;
	struct dtss_time now = { 50000000, 0 };
	struct agent_story s;

	story_open(&s, 4);
	story_answer(&s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 8, 2, 0), 0);
	story_skip(&s);
	s.ms = 50;
	ck_assert_int_eq(dtss_agent_started(s.agent, now, 1), 0);
	ck_assert_int_eq(dtss_agent_next_action(s.agent, &action), 0);
	ck_assert_int_eq(dtss_agent_started(s.agent, now, 2), 0);
	ck_assert_uint_eq(dtss_agent_next_ns(s.agent), 50000000);
	story_until(&s, 60);
	story_says(&s, "[  50] send 2: seen 2, used 2/4, running 7@1, running 8@2; "
		       "report started 7@1; report started 8@2\n");
	story_close(&s);
}
END_TEST

START_TEST(a_report_is_repeated_until_it_is_acknowledged)
{
	struct agent_story s;

	story_open(&s, 1);
	story_answer(&s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_skip(&s);
	story_until(&s, 10000);
	story_says(&s, "[10000] send 4: seen 1, used 0/1, ended 7@1; report started 7@1; report ended 7@1 exit 0\n");
	story_ack(&s, 4, 7, 1, DTSS_REPORT_STARTED, DTSS_OK);
	story_until(&s, 20000);
	story_says(&s, "[20000] send 5: seen 1, used 0/1, ended 7@1; report ended 7@1 exit 0\n");
	ck_assert_int_eq(dtss_agent_idle(s.agent), 0);
	/* the answer to an earlier one is as good, and so is a refusal; but not one about another task */
	story_ack(&s, 5, 8, 1, DTSS_REPORT_ENDED, DTSS_OK);
	story_says(&s, "");
	story_ack(&s, 4, 7, 1, DTSS_REPORT_ENDED, DTSS_E_FENCED);
	story_says(&s, "[20000] forget 7@1\n");
	story_ack(&s, 5, 7, 1, DTSS_REPORT_ENDED, DTSS_OK);
	story_says(&s, "");
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_close(&s);
}
END_TEST

START_TEST(a_start_that_is_refused_as_stale_is_stopped)
{
	struct agent_story s;

	story_open(&s, 1);
	story_answer(&s, 1, DTSS_OK);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	story_skip(&s);
	story_ack(&s, 2, 7, 1, DTSS_REPORT_STARTED, DTSS_E_FENCED);
	story_says(&s, "[   0] term 7@1 lost\n");
	story_close(&s);
}
END_TEST

START_TEST(nobody_answers_and_the_agent_stays_calm)
{
	struct agent_story s;
	int i;

	story_open(&s, 100);
	for (i = 1; i <= 20; i++) {
		s.ms++;
		ck_assert_int_eq(story_assign(&s, (uint64_t)i, (uint64_t)i, 0), 0);
		ck_assert_int_eq(story_started(&s, (uint64_t)i), 0);
	}
	ck_assert_uint_eq(s.sent, DTSS_AGENT_UNANSWERED_MAX);
	story_until(&s, 106); /* the last was sent at 7 */
	ck_assert_uint_eq(s.sent, DTSS_AGENT_UNANSWERED_MAX);
	story_until(&s, 107);
	ck_assert_uint_eq(s.sent, DTSS_AGENT_UNANSWERED_MAX + 1);
	/* somebody listens again */
	story_answer(&s, 9, DTSS_OK);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	ck_assert_uint_eq(s.sent, DTSS_AGENT_UNANSWERED_MAX + 2);
	story_close(&s);
}
END_TEST

START_TEST(more_reports_than_a_heartbeat_carries)
{
	struct dtss_outcome outcome = { DTSS_CAUSE_EXIT, 0, 0, 0, NULL };
	struct dtss_time now = { 0, 0 };
	struct agent_story s;
	uint64_t i, sent;

	story_open(&s, DTSS_WORKER_TASKS_MAX);
	s.answers = 1;
	s.quiet = 1;
	for (i = 1; i <= DTSS_HEARTBEAT_REPORTS_MAX + 10; i++) {
		ck_assert_int_eq(story_assign(&s, i, i, 0), 0);
		ck_assert_int_eq(story_started(&s, i), 0);
	}
	sent = s.sent;
	for (i = 1; i <= DTSS_HEARTBEAT_REPORTS_MAX + 10; i++)
		ck_assert_int_eq(dtss_agent_ended(s.agent, now, i, &outcome), 0);
	story_until(&s, 0);
	ck_assert_uint_eq(s.sent, sent + 2); /* the rest follows at once */
	ck_assert_int_eq(dtss_agent_idle(s.agent), 1);
	story_close(&s);
}
END_TEST

START_TEST(what_a_heartbeat_says_of_the_worker)
{
	static const char *const tags[] = { "b", "a" };
	static const struct dtss_resource resources[] = { { "gpu", 2 } };
	struct dtss_agent_config cfg = { .size = sizeof cfg,
					 .name = "w",
					 .incarnation = 9,
					 .address = "h:1",
					 .tags = tags,
					 .tag_count = 2,
					 .resources = resources,
					 .resource_count = 1 };
	struct dtss_time now = { 1000, -77 };
	struct dtss_agent_action action;
	const struct dtss_heartbeat *hb;
	struct dtss_agent *agent;
	struct fail_mem mem;

	fail_mem_init(&mem, 0);
	ck_assert_int_eq(dtss_agent_create(&agent, &cfg, &mem.mem), 0);
	ck_assert_uint_eq(dtss_agent_next_ns(agent), 0);
	ck_assert_int_eq(dtss_agent_next_action(agent, &action), 0);
	ck_assert_int_eq(dtss_agent_tick(agent, now), 0);
	ck_assert_int_eq(dtss_agent_next_action(agent, &action), 1);
	ck_assert_uint_eq(action.type, DTSS_AGENT_SEND);
	hb = &action.u.message->u.heartbeat.heartbeat;
	ck_assert_uint_eq(hb->incarnation, 9);
	ck_assert_uint_eq(hb->number, 1);
	ck_assert_uint_eq(hb->kind, DTSS_WORKER_AGENT);
	ck_assert_uint_eq(hb->max_tasks, 1);
	ck_assert_str_eq(hb->address, "h:1");
	ck_assert_uint_eq(hb->tag_count, 2);
	ck_assert_str_eq(hb->tags[0], "b");
	ck_assert_str_eq(hb->resources[0].name, "gpu");
	ck_assert_uint_eq(hb->resources[0].amount, 2);
	ck_assert_int_eq(hb->sent_wall_ns, -77);
	ck_assert_uint_eq(dtss_agent_next_ns(agent), 1000 + DTSS_HEARTBEAT_MS_DEFAULT * UINT64_C(1000000));
	dtss_agent_destroy(agent);
	ck_assert_uint_eq(mem.blocks, 0);
}
END_TEST

START_TEST(numbers_of_the_agent)
{
	struct dtss_agent_stats stats;
	struct agent_story s;

	story_open(&s, 4);
	dtss_agent_stats(s.agent, &stats);
	ck_assert_int_eq(stats.answered_ns, -1);
	s.epoch = 3;
	story_answer(&s, 1, DTSS_OK);
	story_until(&s, 10);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(story_assign(&s, 8, 2, 0), 0);
	ck_assert_int_eq(story_started(&s, 1), 0);
	ck_assert_int_eq(story_started(&s, 2), 0);
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	story_answer(&s, s.sent, DTSS_OK);
	dtss_agent_stats(s.agent, &stats);
	ck_assert_uint_eq(stats.running, 1);
	ck_assert_uint_eq(stats.held, 2);
	ck_assert_uint_eq(stats.started, 2);
	ck_assert_uint_eq(stats.ended, 1);
	ck_assert_uint_eq(stats.fenced, 0);
	ck_assert_uint_eq(stats.epoch, 3);
	ck_assert_int_eq(stats.answered_ns, 10000000);
	story_close(&s);
}
END_TEST

START_TEST(the_driver_gets_it_wrong)
{
	struct dtss_time now = { 0, 0 };
	struct dtss_outcome outcome = { DTSS_CAUSE_NONE, 0, 0, 0, NULL };
	struct agent_story s;

	story_open(&s, 1);
	ck_assert_int_eq(story_started(&s, 1), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(story_exit(&s, 1, 0), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	ck_assert_int_eq(dtss_agent_ended(s.agent, now, 1, &outcome), DTSS_E_INVALID);
	outcome.cause = DTSS_CAUSE_SIGNAL;
	outcome.signal = 256;
	ck_assert_int_eq(dtss_agent_ended(s.agent, now, 1, &outcome), DTSS_E_INVALID);
	outcome.signal = 0;
	outcome.cause = DTSS_CAUSE_DEPENDENCY;
	ck_assert_int_eq(dtss_agent_ended(s.agent, now, 1, &outcome), DTSS_E_INVALID);
	ck_assert_int_eq(story_started(&s, 1), 0);
	ck_assert_int_eq(story_started(&s, 1), 0); /* again: nothing new */
	ck_assert_int_eq(story_exit(&s, 1, 0), 0);
	ck_assert_int_eq(story_exit(&s, 1, 0), DTSS_E_STATE);
	ck_assert_int_eq(story_started(&s, 1), DTSS_E_NOT_FOUND);
	story_close(&s);
}
END_TEST

START_TEST(a_long_detail_is_cut_at_a_character)
{
	struct dtss_outcome outcome = { DTSS_CAUSE_START_FAILED, 0, 0, 2, NULL };
	struct dtss_time now = { 5000000, 0 };
	struct dtss_agent_action action;
	const struct dtss_report *report;
	char detail[DTSS_DETAIL_LEN_MAX + 3];
	struct agent_story s;

	story_open(&s, 1);
	ck_assert_int_eq(story_assign(&s, 7, 1, 0), 0);
	memset(detail, 'x', sizeof detail);
	memcpy(detail + DTSS_DETAIL_LEN_MAX - 1, "\xc3\xa4", 3); /* two bytes over the limit's edge */
	outcome.detail = detail;
	ck_assert_int_eq(dtss_agent_ended(s.agent, now, 1, &outcome), 0);
	ck_assert_int_eq(dtss_agent_tick(s.agent, now), 0);
	ck_assert_int_eq(dtss_agent_next_action(s.agent, &action), 1);
	ck_assert_uint_eq(action.u.message->u.heartbeat.report_count, 1);
	report = action.u.message->u.heartbeat.reports;
	ck_assert_uint_eq(report->outcome.cause, DTSS_CAUSE_START_FAILED);
	ck_assert_int_eq(report->outcome.err, 2);
	ck_assert_uint_eq(strlen(report->outcome.detail), DTSS_DETAIL_LEN_MAX - 1);
	ck_assert_uint_eq(report->attempt, 1);
	story_close(&s);
}
END_TEST

Suite *suite_unit_agent_run(void)
{
	Suite *suite = suite_create("unit_agent_run");
	TCase *tc = tcase_create("agent_run");

	tcase_add_test(tc, a_normal_run);
	tcase_add_test(tc, changes_of_one_instant_make_one_heartbeat);
	tcase_add_test(tc, a_report_is_repeated_until_it_is_acknowledged);
	tcase_add_test(tc, a_start_that_is_refused_as_stale_is_stopped);
	tcase_add_test(tc, nobody_answers_and_the_agent_stays_calm);
	tcase_add_test(tc, more_reports_than_a_heartbeat_carries);
	tcase_add_test(tc, what_a_heartbeat_says_of_the_worker);
	tcase_add_test(tc, numbers_of_the_agent);
	tcase_add_test(tc, the_driver_gets_it_wrong);
	tcase_add_test(tc, a_long_detail_is_cut_at_a_character);
	suite_add_tcase(suite, tc);
	return suite;
}
