/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <dtss.h>

Suite *suite_unit_names(void);

START_TEST(every_error_has_its_name_and_a_sentence)
{
	int error;

	ck_assert_str_eq(dtss_errname(DTSS_OK), "DTSS_OK");
	ck_assert_str_eq(dtss_errname(DTSS_E_NOMEM), "DTSS_E_NOMEM");
	ck_assert_str_eq(dtss_strerror(DTSS_E_NO_WORKER), "no available worker matching requirements");
	for (error = DTSS_E_OFFSET; error < 0; error++) {
		ck_assert_int_eq(strncmp(dtss_errname(error), "DTSS_E_", 7), 0);
		ck_assert_str_ne(dtss_errname(error), "DTSS_E_?");
		ck_assert_str_ne(dtss_strerror(error), "unknown error");
	}
}
END_TEST

START_TEST(a_number_that_is_no_error_is_said_to_be_none)
{
	ck_assert_str_eq(dtss_errname(1), "DTSS_E_?");
	ck_assert_str_eq(dtss_errname(-1000), "DTSS_E_?");
	ck_assert_str_eq(dtss_strerror(1), "unknown error");
}
END_TEST

START_TEST(state_names_are_parsed_back)
{
	uint32_t state;

	for (state = DTSS_TASK_NEW; state < DTSS_TASK_STATES; state++)
		ck_assert_int_eq(dtss_task_state_parse(dtss_task_state_name(state)), (int)state);
	ck_assert_str_eq(dtss_task_state_name(DTSS_TASK_READY), "ready");
	ck_assert_str_eq(dtss_task_state_name(DTSS_TASK_STATES), "?");
	ck_assert_int_eq(dtss_task_state_parse("Ready"), -1);
	ck_assert_int_eq(dtss_task_state_parse(""), -1);
	ck_assert_int_eq(dtss_task_state_parse("?"), -1);
}
END_TEST

START_TEST(terminal_states_are_the_six_from_succeeded_on)
{
	uint32_t state;

	for (state = 0; state < 40; state++)
		ck_assert_int_eq(dtss_task_state_terminal(state), state >= 7 && state <= 12);
}
END_TEST

START_TEST(cause_names_are_parsed_back)
{
	uint32_t cause;

	for (cause = DTSS_CAUSE_NONE; cause <= DTSS_CAUSE_RULE; cause++)
		ck_assert_int_eq(dtss_cause_parse(dtss_cause_name(cause)), (int)cause);
	ck_assert_str_eq(dtss_cause_name(DTSS_CAUSE_DEADLINE), "start_deadline");
	ck_assert_str_eq(dtss_cause_name(DTSS_CAUSE_ENUM_END), "?");
	ck_assert_int_eq(dtss_cause_parse("exploded"), -1);
}
END_TEST

START_TEST(worker_statuses_have_names)
{
	ck_assert_str_eq(dtss_worker_status_name(DTSS_WORKER_ONLINE), "online");
	ck_assert_str_eq(dtss_worker_status_name(DTSS_WORKER_SUSPICIOUS), "suspicious");
	ck_assert_str_eq(dtss_worker_status_name(DTSS_WORKER_OFFLINE), "offline");
	ck_assert_str_eq(dtss_worker_status_name(0), "?");
}
END_TEST

START_TEST(the_version_is_that_of_the_header)
{
	char text[32];

	ck_assert_int_gt(
		snprintf(text, sizeof text, "%d.%d.%d", DTSS_VERSION_MAJOR, DTSS_VERSION_MINOR, DTSS_VERSION_PATCH), 0);
	ck_assert_str_eq(dtss_version(), text);
	ck_assert_str_eq(dtss_version(), DTSS_VERSION);
}
END_TEST

Suite *suite_unit_names(void)
{
	Suite *suite = suite_create("unit/names");
	TCase *tc = tcase_create("names");

	tcase_add_test(tc, every_error_has_its_name_and_a_sentence);
	tcase_add_test(tc, a_number_that_is_no_error_is_said_to_be_none);
	tcase_add_test(tc, state_names_are_parsed_back);
	tcase_add_test(tc, terminal_states_are_the_six_from_succeeded_on);
	tcase_add_test(tc, cause_names_are_parsed_back);
	tcase_add_test(tc, worker_statuses_have_names);
	tcase_add_test(tc, the_version_is_that_of_the_header);
	suite_add_tcase(suite, tc);
	return suite;
}
