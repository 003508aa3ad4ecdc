/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "codec/order.h"

Suite *suite_unit_spec_check_arrays(void);

#define MANY (DTSS_AFTER_MAX + 1)

static struct dtss_task_spec spec;
static struct dtss_problem problem;
static char names[MANY][8]; /* all different, in no order */
static const char *strings[MANY];
static struct dtss_pair pairs[MANY];
static struct dtss_resource resources[MANY];
static struct dtss_after after[MANY];
static char tag[66], name[257];

static void setup(void)
{
	size_t i;

	memset(&spec, 0, sizeof spec);
	spec.size = sizeof spec;
	spec.argv = spec.tags = strings;
	spec.env = spec.labels = pairs;
	spec.resources = resources;
	spec.after = after;
	for (i = 0; i < MANY; i++) {
		ck_assert_int_gt(snprintf(names[i], sizeof names[i], "n%zu", i * 7919 % MANY), 1);
		strings[i] = names[i];
		pairs[i].name = names[i];
		pairs[i].value = "v";
		resources[i].name = names[i];
		resources[i].amount = 1;
		after[i].task.v = i + 1;
	}
	memset(tag, 't', sizeof tag - 1);
	memset(name, 'n', sizeof name - 1);
}

static void accepted(void)
{
	ck_assert_msg(dtss_spec_check(&spec, &problem) == DTSS_OK, "%s: %s", problem.field, problem.expected);
}

static void refused(int error, const char *field, const char *expected, size_t index)
{
	ck_assert_int_eq(dtss_spec_check(&spec, &problem), error);
	ck_assert_str_eq(problem.field, field);
	ck_assert_str_eq(problem.expected, expected);
	ck_assert_uint_eq(problem.index, index);
}

static const struct {
	const char *field;
	size_t count; /* where it is in the specification */
	size_t array;
	size_t max;
} arrays[] = {
	{ "argv", offsetof(struct dtss_task_spec, argc), offsetof(struct dtss_task_spec, argv), DTSS_ARGC_MAX },
	{ "env", offsetof(struct dtss_task_spec, env_count), offsetof(struct dtss_task_spec, env), DTSS_ENV_MAX },
	{ "tags", offsetof(struct dtss_task_spec, tag_count), offsetof(struct dtss_task_spec, tags),
	  DTSS_TASK_TAGS_MAX },
	{ "resources", offsetof(struct dtss_task_spec, resource_count), offsetof(struct dtss_task_spec, resources),
	  DTSS_RESOURCES_MAX },
	{ "labels", offsetof(struct dtss_task_spec, label_count), offsetof(struct dtss_task_spec, labels),
	  DTSS_LABELS_MAX },
	{ "after", offsetof(struct dtss_task_spec, after_count), offsetof(struct dtss_task_spec, after),
	  DTSS_AFTER_MAX },
};
#define ARRAYS ((int)(sizeof arrays / sizeof arrays[0]))

START_TEST(as_many_elements_as_the_limit_and_no_more)
{
	size_t *count = (size_t *)(void *)((char *)&spec + arrays[_i].count);
	char expected[32];

	*count = arrays[_i].max;
	accepted();
	ck_assert_int_gt(snprintf(expected, sizeof expected, "at most %zu", arrays[_i].max), 0);
	*count = arrays[_i].max + 1;
	refused(DTSS_E_TOO_BIG, arrays[_i].field, expected, arrays[_i].max);
}
END_TEST

START_TEST(elements_must_be_there)
{
	size_t *count = (size_t *)(void *)((char *)&spec + arrays[_i].count);

	*count = 1;
	memset((char *)&spec + arrays[_i].array, 0, sizeof(void *));
	refused(DTSS_E_INVALID, arrays[_i].field, "not NULL", 0);
}
END_TEST

START_TEST(a_tag_is_1_to_64_bytes)
{
	spec.tag_count = 3;
	strings[1] = tag + 1;
	accepted();
	strings[1] = tag;
	refused(DTSS_E_TOO_BIG, "tags", "at most 64 bytes", 1);
	strings[1] = "";
	refused(DTSS_E_INVALID, "tags", "not empty", 1);
	strings[1] = NULL;
	refused(DTSS_E_INVALID, "tags", "not empty", 1);
}
END_TEST

START_TEST(a_tag_may_be_repeated)
{
	spec.tag_count = 3;
	strings[2] = strings[0];
	accepted();
}
END_TEST

START_TEST(a_program_has_a_name)
{
	spec.argc = 2;
	strings[1] = "";
	accepted();
	strings[0] = "";
	refused(DTSS_E_INVALID, "argv", "a program name first, not empty", 0);
	strings[0] = names[0];
	strings[1] = NULL;
	refused(DTSS_E_INVALID, "argv", "a string", 1);
}
END_TEST

START_TEST(an_environment_name_can_be_set)
{
	spec.env_count = 2;
	pairs[1].value = "";
	accepted();
	pairs[1].name = "A=B";
	refused(DTSS_E_INVALID, "env", "names that are not empty and have no '='", 1);
	pairs[1].name = "";
	refused(DTSS_E_INVALID, "env", "names that are not empty and have no '='", 1);
	pairs[1].name = names[1];
	pairs[1].value = NULL;
	refused(DTSS_E_INVALID, "env", "a string", 1);
}
END_TEST

START_TEST(a_label_has_a_name_and_a_short_value)
{
	spec.label_count = 1;
	pairs[0].value = name + 1;
	pairs[0].name = name + 1;
	accepted();
	pairs[0].value = name;
	refused(DTSS_E_TOO_BIG, "labels", "at most 255 bytes", 0);
	pairs[0].value = "";
	pairs[0].name = name;
	refused(DTSS_E_TOO_BIG, "labels", "at most 255 bytes", 0);
	pairs[0].name = "";
	refused(DTSS_E_INVALID, "labels", "not empty", 0);
}
END_TEST

START_TEST(a_resource_is_at_least_1_and_exact)
{
	spec.resource_count = 2;
	resources[1].amount = DTSS_RESOURCE_AMOUNT_MAX;
	accepted();
	resources[1].amount++;
	refused(DTSS_E_TOO_BIG, "resources", "1..4503599627370496", 1);
	resources[1].amount = 0;
	refused(DTSS_E_INVALID, "resources", "1..4503599627370496", 1);
	resources[1].amount = 1;
	resources[1].name = "";
	refused(DTSS_E_INVALID, "resources", "not empty", 1);
}
END_TEST

START_TEST(names_are_unique)
{
	spec.env_count = 10;
	pairs[7].name = "n3";
	pairs[4].name = "n3";
	refused(DTSS_E_INVALID, "env", "unique names", 7);
	spec.env_count = 0;
	spec.label_count = 10;
	refused(DTSS_E_INVALID, "labels", "unique names", 7);
	spec.label_count = 0;
	spec.resource_count = 10;
	resources[7].name = resources[4].name;
	refused(DTSS_E_INVALID, "resources", "unique names", 7);
}
END_TEST

START_TEST(after_names_tasks_and_final_states)
{
	spec.after_count = 2;
	after[1].task.v = DTSS_TASK_ID_MAX;
	after[1].outcome = DTSS_TASK_EXPIRED;
	accepted();
	after[1].task.v++;
	refused(DTSS_E_INVALID, "after", "the id of a task", 1);
	after[1].task.v = 0;
	refused(DTSS_E_INVALID, "after", "the id of a task", 1);
	after[1].task.v = 1;
	after[1].outcome = DTSS_TASK_RUNNING;
	refused(DTSS_E_INVALID, "after", "an outcome that is a final state, or 0", 1);
}
END_TEST

START_TEST(rules_are_few_and_make_sense)
{
	struct dtss_retry_rule rules[DTSS_RULES_MAX + 1];
	size_t i;

	for (i = 0; i < DTSS_RULES_MAX + 1; i++)
		rules[i] = (struct dtss_retry_rule){ 0, DTSS_RETRY_FAIL, -1, 255 };
	spec.retry.rules = rules;
	spec.retry.rule_count = DTSS_RULES_MAX;
	accepted();
	spec.retry.rule_count++;
	refused(DTSS_E_TOO_BIG, "retry.rules", "at most 16", DTSS_RULES_MAX);
	spec.retry.rule_count = 2;
	rules[1].action = 5;
	refused(DTSS_E_INVALID, "retry.rules", "an action: retry, fail, ignore or quarantine", 1);
	rules[1].action = DTSS_RETRY_RETRY;
	rules[1].causes = 1u << DTSS_CAUSE_CANCEL;
	refused(DTSS_E_INVALID, "retry.rules", "causes that end an attempt", 1);
	rules[1].causes = 1u << DTSS_CAUSE_LOST;
	rules[1].exit_min = 256;
	refused(DTSS_E_INVALID, "retry.rules", "exit_min at most exit_max", 1);
}
END_TEST

START_TEST(the_canonical_order_is_by_bytes)
{
	static const char *const tags[] = { "b", "\xc3\xa9", "a", "B", "ab", "a" };
	uint16_t order[6];

	order_by_name(order, tags, 6, sizeof tags[0]);
	ck_assert_str_eq(tags[order[0]], "B");
	ck_assert_uint_eq(order[1], 2);
	ck_assert_uint_eq(order[2], 5);
	ck_assert_str_eq(tags[order[3]], "ab");
	ck_assert_str_eq(tags[order[4]], "b");
	ck_assert_str_eq(tags[order[5]], "\xc3\xa9");
}
END_TEST

Suite *suite_unit_spec_check_arrays(void)
{
	Suite *suite = suite_create("unit/spec_check_arrays");
	TCase *tc = tcase_create("spec_check_arrays");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, as_many_elements_as_the_limit_and_no_more, 0, ARRAYS);
	tcase_add_loop_test(tc, elements_must_be_there, 0, ARRAYS);
	tcase_add_test(tc, a_tag_is_1_to_64_bytes);
	tcase_add_test(tc, a_tag_may_be_repeated);
	tcase_add_test(tc, a_program_has_a_name);
	tcase_add_test(tc, an_environment_name_can_be_set);
	tcase_add_test(tc, a_label_has_a_name_and_a_short_value);
	tcase_add_test(tc, a_resource_is_at_least_1_and_exact);
	tcase_add_test(tc, names_are_unique);
	tcase_add_test(tc, after_names_tasks_and_final_states);
	tcase_add_test(tc, rules_are_few_and_make_sense);
	tcase_add_test(tc, the_canonical_order_is_by_bytes);
	suite_add_tcase(suite, tc);
	return suite;
}
