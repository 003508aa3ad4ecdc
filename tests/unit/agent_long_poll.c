/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss.h>

Suite *suite_unit_agent_long_poll(void);

#define MS UINT64_C(1000000)

static struct dtss_time at(uint64_t ms)
{
	return (struct dtss_time){ .mono_ns = ms * MS, .wall_ns = (int64_t)(ms * MS) };
}

static struct dtss_agent *open_agent(uint32_t flags)
{
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "w", .incarnation = 5, .flags = flags };
	struct dtss_agent *agent = NULL;

	ck_assert_int_eq(dtss_agent_create(&agent, &cfg, dtss_mem_libc()), 0);
	return agent;
}

/* The number of the heartbeat that is sent now; 0: none is. */
static uint64_t sent(struct dtss_agent *agent, uint64_t ms)
{
	struct dtss_agent_action action;
	uint64_t number = 0;

	ck_assert_int_eq(dtss_agent_tick(agent, at(ms)), 0);
	while (dtss_agent_next_action(agent, &action) == 1)
		if (action.type == DTSS_AGENT_SEND)
			number = action.u.message->u.heartbeat.heartbeat.number;
	return number;
}

static void answer(struct dtss_agent *agent, uint64_t ms, uint64_t number, int32_t result)
{
	struct dtss_message message = { .size = sizeof message, .type = DTSS_MESSAGE_ANSWER };

	message.u.answer = (struct dtss_message_answer){ .number = number,
							 .incarnation = 5,
							 .epoch = 1,
							 .result = result,
							 .lease_ms = 30000,
							 .heartbeat_ms = 3000 };
	ck_assert_int_eq(dtss_agent_message(agent, at(ms), &message), 0);
}

START_TEST(a_heartbeat_follows_the_answer_at_once)
{
	struct dtss_agent *agent = open_agent(DTSS_AGENT_LONG_POLL);

	ck_assert_uint_eq(sent(agent, 0), 1);
	ck_assert_uint_eq(sent(agent, 10), 0); /* one is under way */
	answer(agent, 20, 1, DTSS_OK);
	ck_assert_uint_le(dtss_agent_next_ns(agent), 20 * MS);
	ck_assert_uint_eq(sent(agent, 20), 2);
	ck_assert_uint_eq(sent(agent, 21), 0);
	dtss_agent_destroy(agent);
}
END_TEST

/* Else a scheduler that does not want us would be asked as fast as it can answer. */
START_TEST(a_refusal_waits_for_the_interval)
{
	struct dtss_agent *agent = open_agent(DTSS_AGENT_LONG_POLL);

	ck_assert_uint_eq(sent(agent, 0), 1);
	answer(agent, 20, 1, DTSS_E_FULL);
	ck_assert_uint_eq(sent(agent, 21), 0);
	ck_assert_uint_eq(sent(agent, 3000), 2);
	dtss_agent_destroy(agent);
}
END_TEST

START_TEST(without_the_flag_the_interval_counts)
{
	struct dtss_agent *agent = open_agent(0);

	ck_assert_uint_eq(sent(agent, 0), 1);
	answer(agent, 20, 1, DTSS_OK);
	ck_assert_uint_eq(sent(agent, 21), 0);
	ck_assert_uint_eq(sent(agent, 3000), 2);
	dtss_agent_destroy(agent);
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "w", .incarnation = 5, .flags = 2 };
	struct dtss_agent *agent = NULL;

	ck_assert_int_eq(dtss_agent_create(&agent, &cfg, dtss_mem_libc()), DTSS_E_INVALID);
	ck_assert_ptr_null(agent);
}
END_TEST

Suite *suite_unit_agent_long_poll(void)
{
	Suite *suite = suite_create("unit/agent_long_poll");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, a_heartbeat_follows_the_answer_at_once);
	tcase_add_test(tcase, a_refusal_waits_for_the_interval);
	tcase_add_test(tcase, without_the_flag_the_interval_counts);
	tcase_add_test(tcase, unknown_flags_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
