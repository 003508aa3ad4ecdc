/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "support/page.h"

Suite *suite_unit_states_page(void);

/*
 * dtss_task_states(7) has a row for each state that can be left:
 *
 *      .It leased Ta delayed ready running succeeded failed cancelled quarantined
 */
static uint8_t drawn[DTSS_TASK_STATES][DTSS_TASK_STATES];

static uint32_t page_state(const char *word)
{
	int state = dtss_task_state_parse(word);

	ck_assert_msg(state >= 0, "\"%s\" is no state", word);
	return (uint32_t)state;
}

static void page_row(char *line)
{
	char *rest = NULL, *word;
	uint32_t from;

	strtok_r(line, " ", &rest);
	from = page_state(strtok_r(NULL, " ", &rest));
	ck_assert_str_eq(strtok_r(NULL, " ", &rest), "Ta");
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		drawn[from][page_state(word)]++;
}

static void page_rows(void)
{
	char *text = page_read("man/dtss_task_states.7"), *rest = NULL, *line;

	memset(drawn, 0, sizeof drawn);
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, ".It ", 4) == 0 && strstr(line, " Ta ") != NULL && strstr(line, "Sy") == NULL)
			page_row(line);
	free(text);
}

START_TEST(the_page_has_each_edge_of_the_table_once_and_no_other)
{
	uint32_t from, to;

	page_rows();
	for (from = 0; from < DTSS_TASK_STATES; from++)
		for (to = 0; to < DTSS_TASK_STATES; to++)
			ck_assert_msg(drawn[from][to] == dtss_task_edge(from, to), "%s to %s: the page says %d",
				      dtss_task_state_name(from), dtss_task_state_name(to), drawn[from][to]);
}
END_TEST

START_TEST(the_page_describes_each_state)
{
	char *text = page_read("man/dtss_task_states.7"), item[64];
	uint32_t state;

	for (state = 0; state < DTSS_TASK_STATES; state++) {
		strcpy(item, "\n.It ");
		strcat(item, dtss_task_state_name(state));
		strcat(item, "\n");
		ck_assert_msg(strstr(text, item) != NULL, "%s is not described", dtss_task_state_name(state));
	}
	free(text);
}
END_TEST

START_TEST(nothing_leaves_a_final_state_and_everything_else_can_be_left)
{
	uint32_t from, to;

	for (from = 0; from < DTSS_TASK_STATES; from++) {
		int edges = 0;

		for (to = 0; to < DTSS_TASK_STATES; to++)
			edges += dtss_task_edge(from, to);
		ck_assert_int_eq(edges == 0, dtss_task_state_terminal(from));
	}
	ck_assert_int_eq(dtss_task_edge(DTSS_TASK_STATES, DTSS_TASK_READY), 0);
	ck_assert_int_eq(dtss_task_edge(DTSS_TASK_READY, DTSS_TASK_STATES), 0);
}
END_TEST

Suite *suite_unit_states_page(void)
{
	Suite *suite = suite_create("unit/states_page");
	TCase *tc = tcase_create("page");

	tcase_add_test(tc, the_page_has_each_edge_of_the_table_once_and_no_other);
	tcase_add_test(tc, the_page_describes_each_state);
	tcase_add_test(tc, nothing_leaves_a_final_state_and_everything_else_can_be_left);
	suite_add_tcase(suite, tc);
	return suite;
}
