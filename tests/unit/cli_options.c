/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dtss/cli.h"
#include "support/page.h"

Suite *suite_unit_cli_options(void);

/* 1: the word stands in the text, between blanks. */
static int has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || strchr(" \n", at[-1])) && (at[len] == '\0' || strchr(" \n", at[len])))
			return 1;
	return 0;
}

/* What a command prints; to free. */
static char *command_output(const char *command)
{
	char *text = calloc(1, 65536);
	FILE *f = popen(command, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
	ck_assert_int_eq(pclose(f), 0);
	return text;
}

static char *completed(const char *what)
{
	const char *source = getenv("DTSS_SOURCE");
	char line[512];

	snprintf(line, sizeof line, "bash -c '. %s/examples/dtss/completion.bash && %s'", source ? source : ".", what);
	return command_output(line);
}

START_TEST(completion_knows_the_options_of_each_command_and_no_other)
{
	for (size_t i = 0; i < command_count; i++) {
		struct option_def defs[COMMAND_OPTIONS_MAX];
		size_t count = command_options(&commands[i], defs), words = 0;
		char ask[64], *text;

		snprintf(ask, sizeof ask, "_dtss_options %s", commands[i].name);
		text = completed(ask);
		for (size_t j = 0; j < count; j++) {
			char word[40];

			snprintf(word, sizeof word, "--%s", defs[j].name);
			ck_assert_msg(has_word(text, word), "%s %s is not completed", commands[i].name, word);
		}
		for (const char *at = text; (at = strstr(at, "--")); at += 2)
			words++;
		ck_assert_msg(words == count + 2, "%s: %zu options are completed, not %zu", commands[i].name, words,
			      count + 2); /* --help and --version */
		free(text);
	}
}
END_TEST

START_TEST(completion_knows_the_commands_and_states)
{
	char *text = completed("echo $_dtss_commands; echo $_dtss_states");

	for (size_t i = 0; i < command_count; i++)
		ck_assert_msg(has_word(text, commands[i].name), "%s is not completed", commands[i].name);
	for (uint32_t state = DTSS_TASK_BLOCKED; state < DTSS_TASK_STATES; state++)
		ck_assert_msg(has_word(text, dtss_task_state_name(state)), "%s is not completed",
			      dtss_task_state_name(state));
	free(text);
}
END_TEST

START_TEST(the_page_describes_every_command_and_option)
{
	char *page = page_read("man/dtss.1"), word[40];

	for (size_t i = 0; i < command_count; i++) {
		struct option_def defs[COMMAND_OPTIONS_MAX];
		size_t count = command_options(&commands[i], defs);

		ck_assert_msg(has_word(page, commands[i].name), "dtss(1) does not mention %s", commands[i].name);
		for (size_t j = 0; j < count; j++) {
			snprintf(word, sizeof word, "Fl Fl %s", defs[j].name);
			ck_assert_msg(has_word(page, word), "dtss(1) does not mention --%s", defs[j].name);
		}
	}
	free(page);
}
END_TEST

Suite *suite_unit_cli_options(void)
{
	Suite *suite = suite_create("unit/cli_options");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, completion_knows_the_options_of_each_command_and_no_other);
	tcase_add_test(tcase, completion_knows_the_commands_and_states);
	tcase_add_test(tcase, the_page_describes_every_command_and_option);
	suite_add_tcase(suite, tcase);
	return suite;
}
