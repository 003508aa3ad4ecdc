/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <dtss.h>

Suite *suite_unit_task_fsm(void);

/* S9: DESIGN's table, once more and by name: new edges are to be written in both places. */
static const char edges[] = "new: blocked held delayed ready\n"
			    "blocked: held delayed ready cancelled skipped expired\n"
			    "held: blocked delayed ready succeeded cancelled skipped expired\n"
			    "delayed: held ready succeeded cancelled skipped expired\n"
			    "ready: held leased succeeded cancelled skipped expired\n"
			    "leased: delayed ready running succeeded failed cancelled quarantined\n"
			    "running: delayed ready succeeded failed cancelled quarantined\n"
			    "succeeded:\nfailed:\ncancelled:\nskipped:\nexpired:\nquarantined:\n";

START_TEST(the_edges_are_those_of_the_table)
{
	char text[2048] = "";
	uint32_t from, to;

	for (from = DTSS_TASK_NEW; from < DTSS_TASK_STATES; from++) {
		strcat(strcat(text, dtss_task_state_name(from)), ":");
		for (to = DTSS_TASK_NEW; to < DTSS_TASK_STATES; to++)
			if (dtss_task_edge(from, to))
				strcat(strcat(text, " "), dtss_task_state_name(to));
		strcat(text, "\n");
	}
	ck_assert_str_eq(text, edges);
}
END_TEST

/* S10 */
START_TEST(no_edge_leaves_a_terminal_state_and_none_leads_to_new)
{
	uint32_t from, to;

	for (from = 0; from < 40; from++)
		for (to = 0; to < 40; to++)
			if (dtss_task_state_terminal(from) || to == DTSS_TASK_NEW || from >= DTSS_TASK_STATES ||
			    to >= DTSS_TASK_STATES)
				ck_assert_int_eq(dtss_task_edge(from, to), 0);
}
END_TEST

/* L1: from everywhere a task can come to an end */
START_TEST(every_state_leads_to_an_end)
{
	uint32_t from, to;

	for (from = 0; from < DTSS_TASK_SUCCEEDED; from++) {
		int ends = from == DTSS_TASK_NEW;

		for (to = DTSS_TASK_SUCCEEDED; to < DTSS_TASK_STATES; to++)
			ends |= dtss_task_edge(from, to);
		ck_assert_int_eq(ends, 1);
	}
}
END_TEST

Suite *suite_unit_task_fsm(void)
{
	Suite *s = suite_create("unit_task_fsm");
	TCase *c = tcase_create("task_fsm");

	tcase_add_test(c, the_edges_are_those_of_the_table);
	tcase_add_test(c, no_edge_leaves_a_terminal_state_and_none_leads_to_new);
	tcase_add_test(c, every_state_leads_to_an_end);
	suite_add_tcase(s, c);
	return s;
}
