/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "sim/judge_impl.h"

/* The judge alone, told of what clients asked a scheduler that was deposed, and of its answers. */
Suite *suite_unit_sim_answer(void);

static struct sim *s;
static struct sim_judge *j;

static void init(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	j = &s->judge;
	j->reign.count = j->task_count = 1;
}

static void fini(void)
{
	sim_free(s);
}

/* Scheduler 0 led until there were one task and one attempt; a second of each came under scheduler 1. */
static void deposed(uint32_t index, uint32_t ask, uint64_t fence, int32_t result)
{
	struct sim_call call = { .ask = ask, .index = index, .arg = fence };
	struct dtss_event lead = { .type = DTSS_EVENT_LEAD, .seq = 9 };
	struct dtss_answer a = { .result = result };
	uint64_t id;

	j->last_fence = 1;
	judge_reign(s, 1, 2, &lead);
	for (id = 1; id <= 2; id++) {
		s->clients[0].jobs[id].id = id;
		j->tasks[id].state = DTSS_TASK_READY;
		j->fences[id].fence = id;
		j->fences[id].live = id == 2;
	}
	s->clients[0].jobs[0].parent_count = 1;
	s->clients[0].jobs[0].parent_ids[0] = index;
	j->fences[1].ended_seq = 10;
	j->last_seq = 12;
	j->task_count = j->last_fence = 2;
	s->wild = 1;
	judge_asked(s, 0, &call, 0);
	judge_replied(s, 0, &call, &a);
}

static void broken_if(int broken, const char *id)
{
	ck_assert_int_eq(s->violation.id != NULL, broken);
	ck_assert(!broken || strcmp(s->violation.id, id) == 0);
}

START_TEST(one_deposed_whose_clock_stands_still_knows_no_task_that_came_later)
{
	static const uint32_t asks[] = { ASK_GET,   ASK_CANCEL,  ASK_HOLD,    ASK_RELEASE,
					 ASK_RETRY, ASK_EXPLAIN, ASK_LOG_READ };

	deposed(1 + _i % 2, asks[_i / 2], 0, DTSS_E_NOT_FOUND);
	broken_if(_i % 2 == 0 && asks[_i / 2] != ASK_LOG_READ, "S1");
}
END_TEST

START_TEST(one_deposed_whose_clock_is_right_answers_as_things_are)
{
	struct sim_call call = { .ask = ASK_HOLD, .index = 2 };
	struct dtss_answer a = { .result = DTSS_E_NOT_FOUND };

	deposed(2, ASK_HOLD, 0, DTSS_E_NOT_FOUND);
	broken_if(0, "S1");
	s->wild = 0;
	judge_asked(s, 0, &call, 0);
	judge_replied(s, 0, &call, &a);
	broken_if(1, "S1");
}
END_TEST

START_TEST(one_deposed_whose_clock_stands_still_knows_no_parent_that_came_later)
{
	struct sim_job *job = &s->clients[0].jobs[0];
	struct sim_call call = { .ask = ASK_SUBMIT };
	struct dtss_answer a = { .result = DTSS_E_NOT_FOUND };

	deposed(2, ASK_HOLD, 0, DTSS_E_NOT_FOUND);
	job->group = 1;
	job->parent_ids[0] = 1 + (uint64_t)_i;
	judge_asked(s, 0, &call, 0);
	judge_replied(s, 0, &call, &a);
	broken_if(_i == 0, "S24");
}
END_TEST

START_TEST(one_deposed_whose_clock_stands_still_knows_the_attempts_of_its_time)
{
	deposed(1, ASK_LOG_APPEND, 1 + (uint64_t)_i % 2, _i < 2 ? 0 : DTSS_E_FENCED);
	broken_if(0, "S5");
}
END_TEST

START_TEST(one_deposed_whose_clock_stands_still_knows_an_attempt_that_had_ended)
{
	struct sim_call call = { .ask = ASK_LOG_APPEND, .index = 1, .arg = 1 };
	struct dtss_answer a = { .result = 0 };

	deposed(1, ASK_LOG_APPEND, 1, 0);
	broken_if(0, "S5");
	j->fences[1].ended_seq = 8;
	judge_asked(s, 0, &call, 0);
	judge_replied(s, 0, &call, &a);
	broken_if(1, "S5");
}
END_TEST

Suite *suite_unit_sim_answer(void)
{
	Suite *suite = suite_create("unit_sim_answer");
	TCase *c = tcase_create("answer");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_loop_test(c, one_deposed_whose_clock_stands_still_knows_no_task_that_came_later, 0, 14);
	tcase_add_test(c, one_deposed_whose_clock_is_right_answers_as_things_are);
	tcase_add_loop_test(c, one_deposed_whose_clock_stands_still_knows_no_parent_that_came_later, 0, 2);
	tcase_add_loop_test(c, one_deposed_whose_clock_stands_still_knows_the_attempts_of_its_time, 0, 4);
	tcase_add_test(c, one_deposed_whose_clock_stands_still_knows_an_attempt_that_had_ended);
	suite_add_tcase(suite, c);
	return suite;
}
