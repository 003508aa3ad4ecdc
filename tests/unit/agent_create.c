/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/agent_story.h"

Suite *suite_unit_agent_create(void);

static int create(const struct dtss_agent_config *cfg)
{
	struct dtss_agent *agent = NULL;
	struct fail_mem mem;
	int result;

	fail_mem_init(&mem, 0);
	result = dtss_agent_create(&agent, cfg, &mem.mem);
	ck_assert((result == 0) == (agent != NULL));
	dtss_agent_destroy(agent);
	ck_assert_uint_eq(mem.blocks, 0);
	return result;
}

/* A configuration that works, to be spoilt. */
static struct dtss_agent_config good(void)
{
	struct dtss_agent_config cfg;

	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.name = "w";
	cfg.incarnation = 1;
	return cfg;
}

START_TEST(who_it_is_must_be_said)
{
	struct dtss_agent_config cfg = good();

	ck_assert_int_eq(create(&cfg), 0);
	cfg.name = NULL;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.name = "";
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg = good();
	cfg.incarnation = 0;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg = good();
	cfg.address = "";
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
}
END_TEST

START_TEST(names_have_limits)
{
	struct dtss_agent_config cfg = good();
	char name[DTSS_NAME_LEN_MAX + 2];

	memset(name, 'n', sizeof name);
	name[DTSS_NAME_LEN_MAX] = '\0';
	cfg.name = name;
	ck_assert_int_eq(create(&cfg), 0);
	name[DTSS_NAME_LEN_MAX] = 'n';
	name[DTSS_NAME_LEN_MAX + 1] = '\0';
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg = good();
	cfg.address = name;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
}
END_TEST

START_TEST(tags_have_limits)
{
	struct dtss_agent_config cfg = good();
	const char *tags[DTSS_WORKER_TAGS_MAX + 1];
	char tag[DTSS_TAG_LEN_MAX + 2];
	size_t i;

	for (i = 0; i <= DTSS_WORKER_TAGS_MAX; i++)
		tags[i] = "t";
	cfg.tags = tags;
	cfg.tag_count = DTSS_WORKER_TAGS_MAX;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.tag_count++;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg.tag_count = 1;
	tags[0] = "";
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	memset(tag, 't', sizeof tag);
	tag[DTSS_TAG_LEN_MAX + 1] = '\0';
	tags[0] = tag;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg.tags = NULL;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
}
END_TEST

START_TEST(resources_have_limits)
{
	struct dtss_resource resources[DTSS_RESOURCES_MAX + 1];
	struct dtss_agent_config cfg = good();

	memset(resources, 0, sizeof resources);
	resources[0].name = "gpu";
	resources[0].amount = DTSS_RESOURCE_AMOUNT_MAX;
	resources[1].name = "gpu";
	resources[1].amount = 1;
	cfg.resources = resources;
	cfg.resource_count = 1;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.resource_count = 2;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID); /* which of the two? */
	cfg.resource_count = DTSS_RESOURCES_MAX + 1;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg.resource_count = 1;
	resources[0].amount++;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	resources[0].amount = 0;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	resources[0].name = NULL;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.resources = NULL;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
}
END_TEST

START_TEST(numbers_have_limits)
{
	struct dtss_agent_config cfg = good();

	cfg.max_tasks = DTSS_WORKER_TASKS_MAX;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.max_tasks++;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg = good();
	cfg.kill_grace_ms = UINT64_C(1) + DTSS_DURATION_MS_MAX;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
	cfg = good();
	cfg.heartbeat_ms = UINT64_C(1) + DTSS_DURATION_MS_MAX;
	ck_assert_int_eq(create(&cfg), DTSS_E_TOO_BIG);
}
END_TEST

START_TEST(programs_of_other_versions)
{
	struct {
		struct dtss_agent_config cfg;
		uint64_t newer;
	} tomorrow = { good(), 0 };
	struct dtss_agent_config yesterday = good();

	tomorrow.cfg.size = sizeof tomorrow;
	ck_assert_int_eq(create(&tomorrow.cfg), 0);
	tomorrow.newer = 1;
	ck_assert_int_eq(create(&tomorrow.cfg), DTSS_E_INVALID);
	yesterday.size = offsetof(struct dtss_agent_config, address);
	yesterday.address = "";
	ck_assert_int_eq(create(&yesterday), 0);
	yesterday.size = 0;
	ck_assert_int_eq(create(&yesterday), DTSS_E_INVALID);
	dtss_agent_destroy(NULL);
}
END_TEST

/* Everything that an agent allocates for. A call without memory must change nothing: it is then made again. */
static int life(struct agent_story *s, size_t fail_at)
{
	int result = story_open_failing(s, 20, fail_at);
	uint64_t i;

	if (result < 0)
		return result;
	s->answers = 1;
	for (i = 1; i <= 12; i++) {
		int failed = story_assign(s, i, i, 100);

		if (failed == 0)
			continue;
		ck_assert_int_eq(failed, DTSS_E_NOMEM);
		result = failed;
		ck_assert_int_eq(story_assign(s, i, i, 100), 0);
	}
	ck_assert_int_eq(story_started(s, 3), 0);
	ck_assert_int_eq(story_exit(s, 3, 0), 0);
	ck_assert_int_eq(story_drain(s, 0), 0);
	for (i = 1; i <= 12; i++)
		ck_assert_int_eq(i == 3 ? 0 : story_signal(s, i, 15), 0);
	ck_assert_int_eq(dtss_agent_idle(s->agent), 1);
	return result;
}

START_TEST(without_memory_nothing_changes)
{
	struct agent_story expected, s;
	size_t n;

	ck_assert_int_eq(life(&expected, 0), 0);
	for (n = 1; n <= expected.mem.count; n++) {
		ck_assert_int_eq(life(&s, n), DTSS_E_NOMEM);
		if (s.agent != NULL)
			ck_assert_str_eq(s.trace, expected.trace);
		story_close(&s);
	}
	ck_assert_uint_gt(n, 20);
	story_close(&expected);
}
END_TEST

START_TEST(the_same_calls_give_the_same_actions)
{
	struct agent_story one, two;

	ck_assert_int_eq(life(&one, 0), 0);
	ck_assert_int_eq(life(&two, 0), 0);
	ck_assert_str_eq(one.trace, two.trace);
	ck_assert_uint_gt(one.len, 1000);
	story_close(&one);
	story_close(&two);
}
END_TEST

Suite *suite_unit_agent_create(void)
{
	Suite *suite = suite_create("unit_agent_create");
	TCase *tc = tcase_create("agent_create");

	tcase_add_test(tc, who_it_is_must_be_said);
	tcase_add_test(tc, names_have_limits);
	tcase_add_test(tc, tags_have_limits);
	tcase_add_test(tc, resources_have_limits);
	tcase_add_test(tc, numbers_have_limits);
	tcase_add_test(tc, programs_of_other_versions);
	tcase_add_test(tc, without_memory_nothing_changes);
	tcase_add_test(tc, the_same_calls_give_the_same_actions);
	suite_add_tcase(suite, tc);
	return suite;
}
