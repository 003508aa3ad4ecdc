/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_explain(void);

static struct engine e;
static struct dtss_task_spec spec;

static void setup(void)
{
	engine_open(&e, NULL);
	spec = engine_spec("job");
}

static void teardown(void)
{
	engine_close(&e);
}

static dtss_task_id submit_tags(const char *one, const char *two)
{
	const char *tags[] = { one, two };
	dtss_task_id id;

	spec.tags = tags;
	spec.tag_count = two ? 2 : 1;
	id = engine_submit(&e, &spec);
	spec.tag_count = 0;
	engine_pump(&e);
	return id;
}

static dtss_task_id submit(void)
{
	dtss_task_id id = engine_submit(&e, &spec);

	engine_pump(&e);
	return id;
}

static void expect(dtss_task_id id, uint32_t why, const char *text)
{
	uint64_t digest = dtss_sched_digest_all(e.s);

	ck_assert_str_eq(engine_text(&e, id), text);
	ck_assert_uint_eq(engine_why(&e, id), why);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest);
}

START_TEST(nobody_is_there)
{
	expect(submit(), DTSS_WHY_NO_WORKERS, "no worker is registered");
}
END_TEST

START_TEST(a_slip_of_the_finger_is_noticed)
{
	struct dtss_explanation ex;
	dtss_task_id id;

	engine_join(&e, "w", 1, "gpu");
	expect(submit_tags("gpuu", NULL), DTSS_WHY_NO_TAG, "no worker has tag \"gpuu\" (did you mean \"gpu\"?)");
	expect(submit_tags("gup", NULL), DTSS_WHY_NO_TAG, "no worker has tag \"gup\" (did you mean \"gpu\"?)");
	expect(submit_tags("linux", NULL), DTSS_WHY_NO_TAG, "no worker has tag \"linux\"");
	id = submit_tags("gpu", "pgu");
	expect(id, DTSS_WHY_NO_TAG, "no worker has tag \"pgu\" (did you mean \"gpu\"?)");
	ck_assert_int_eq(dtss_sched_explain(e.s, e.now, id, &ex), 0);
	ck_assert_str_eq(ex.subject, "pgu");
	ck_assert_str_eq(ex.near, "gpu");
	ck_assert_uint_eq(ex.candidates, 0);
}
END_TEST

START_TEST(a_tag_that_left_with_its_worker_is_not_proposed)
{
	struct engine_agent *w = engine_join(&e, "w", 1, "gpus");

	engine_join(&e, "v", 1, "gpu");
	w->tags[0] = "cpu";
	ck_assert_int_eq(engine_beat(&e, w), 0);
	expect(submit_tags("gpuss", NULL), DTSS_WHY_NO_TAG, "no worker has tag \"gpuss\" (did you mean \"gpu\"?)");
}
END_TEST

START_TEST(the_tags_exist_but_not_together)
{
	engine_join(&e, "a", 1, "gpu");
	engine_join(&e, "b", 1, "eu");
	expect(submit_tags("gpu", "eu"), DTSS_WHY_NO_TAG_SET, "no worker has all the tags at once");
}
END_TEST

START_TEST(nobody_has_that_much)
{
	struct dtss_resource want = { "mem", 100 };
	struct engine_agent *a = engine_agent(&e, "a", 1, NULL);

	a->resources[a->resource_count++] = (struct dtss_resource){ "mem", 64 };
	engine_beat(&e, a);
	spec.resources = &want;
	spec.resource_count = 1;
	expect(submit(), DTSS_WHY_RESOURCE, "no worker has that much of \"mem\" in all");
}
END_TEST

START_TEST(those_that_would_fit_are_away)
{
	const char *text = "the workers that would fit are offline, silent, stopping, drained or cordoned";
	struct engine_agent *a = engine_join(&e, "a", 1, NULL);
	dtss_task_id id;

	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "a"), 0);
	id = submit();
	expect(id, DTSS_WHY_NOT_ONLINE, text);
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "a"), 0);
	a->flags = DTSS_HEARTBEAT_STOPPING;
	engine_beat(&e, a);
	expect(id, DTSS_WHY_NOT_ONLINE, text);
	engine_restart(&e);
	expect(id, DTSS_WHY_NOT_ONLINE, text);
}
END_TEST

START_TEST(those_that_would_fit_are_busy)
{
	dtss_task_id id;

	engine_join(&e, "a", 1, NULL);
	submit();
	id = submit();
	expect(id, DTSS_WHY_BUSY, "1 worker would fit, and it is full");
	engine_join(&e, "b", 1, NULL);
	expect(submit(), DTSS_WHY_BUSY, "2 workers would fit, and all are full");
}
END_TEST

START_TEST(it_is_about_to_go)
{
	dtss_task_id id;

	engine_join(&e, "a", 1, NULL);
	id = engine_submit(&e, &spec);
	expect(id, DTSS_WHY_DISPATCHING, "it goes out with the next tick, or after tasks that come before it");
	engine_pump(&e);
	expect(id, DTSS_WHY_LEASED, "was given to \"a\", which has not yet confirmed the start");
	engine_started(&e, id);
	expect(id, DTSS_WHY_RUNNING, "runs on \"a\"");
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, id, NULL), 0);
	expect(id, DTSS_WHY_FINISHED, "it has ended: cancelled");
}
END_TEST

START_TEST(it_waits_for_others)
{
	dtss_task_id a = submit(), b = submit(), id;
	struct dtss_after after[] = { { a, 0, 0 }, { b, 0, 0 } };

	spec.after = after;
	spec.after_count = 2;
	id = submit();
	expect(id, DTSS_WHY_DEPENDENCY, "waits for 2 tasks, the first is 1");
	spec.after_count = 0;
	engine_join(&e, "w", 1, NULL);
	engine_exit(&e, a, 0);
	expect(id, DTSS_WHY_DEPENDENCY, "waits for 1 task: 2");
}
END_TEST

START_TEST(it_waits_for_a_time_or_for_somebody)
{
	dtss_task_id id;

	spec.not_before_ns = e.now.wall_ns + 1500000000;
	id = submit();
	expect(id, DTSS_WHY_DELAYED, "may not start before a time, for 1500 ms more");
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, id), 0);
	expect(id, DTSS_WHY_HELD, "it is held");
	spec.not_before_ns = 0;
	spec.retry.attempts_max = 2;
	spec.retry.jitter = DTSS_JITTER_OFF;
	engine_join(&e, "w", 1, NULL);
	id = submit();
	engine_exit(&e, id, 1);
	engine_pass(&e, 300);
	expect(id, DTSS_WHY_DELAYED, "backs off after an attempt, for 700 ms more");
}
END_TEST

/* Numbers and lists come in the order in which names were first heard of, which is another one after a load: what is told
 * must not be. */
START_TEST(it_is_told_the_same_after_a_restart)
{
	struct dtss_resource much[] = { { "zinc", 9 }, { "iron", 9 } };
	dtss_task_id tagged, big;

	engine_join(&e, "w", 4, "z");
	tagged = submit_tags("zz", "aa");
	spec.resources = much;
	spec.resource_count = 2;
	big = submit();
	expect(tagged, DTSS_WHY_NO_TAG, "no worker has tag \"aa\"");
	expect(big, DTSS_WHY_RESOURCE, "no worker has that much of \"iron\" in all");
	engine_restart(&e);
	expect(tagged, DTSS_WHY_NO_TAG, "no worker has tag \"aa\"");
	expect(big, DTSS_WHY_RESOURCE, "no worker has that much of \"iron\" in all");
}
END_TEST

START_TEST(what_is_not_there_cannot_be_explained)
{
	struct dtss_explanation ex;

	ck_assert_int_eq(dtss_sched_explain(e.s, e.now, (dtss_task_id){ 5 }, &ex), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_sched_explain(e.s, e.now, (dtss_task_id){ UINT64_MAX }, &ex), DTSS_E_NOT_FOUND);
}
END_TEST

START_TEST(the_longest_names_are_told_whole)
{
	char tag[DTSS_TAG_LEN_MAX + 1], near[DTSS_TAG_LEN_MAX + 1];

	memset(tag, 'x', sizeof tag - 1);
	tag[sizeof tag - 1] = '\0';
	memcpy(near, tag, sizeof tag);
	near[0] = 'y';
	engine_join(&e, "w", 1, near);
	ck_assert_ptr_nonnull(strstr(engine_text(&e, submit_tags(tag, NULL)), near));
	ck_assert_ptr_nonnull(strstr(engine_text(&e, (dtss_task_id){ 1 }), "\"?)"));
}
END_TEST

Suite *suite_unit_explain(void)
{
	Suite *s = suite_create("unit_explain");
	TCase *c = tcase_create("explain");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, nobody_is_there);
	tcase_add_test(c, a_slip_of_the_finger_is_noticed);
	tcase_add_test(c, a_tag_that_left_with_its_worker_is_not_proposed);
	tcase_add_test(c, the_tags_exist_but_not_together);
	tcase_add_test(c, nobody_has_that_much);
	tcase_add_test(c, those_that_would_fit_are_away);
	tcase_add_test(c, those_that_would_fit_are_busy);
	tcase_add_test(c, it_is_about_to_go);
	tcase_add_test(c, it_waits_for_others);
	tcase_add_test(c, it_waits_for_a_time_or_for_somebody);
	tcase_add_test(c, it_is_told_the_same_after_a_restart);
	tcase_add_test(c, what_is_not_there_cannot_be_explained);
	tcase_add_test(c, the_longest_names_are_told_whole);
	suite_add_tcase(s, c);
	return s;
}
