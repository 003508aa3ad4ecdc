/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_place(void);

static struct engine e;

static void setup(void)
{
	engine_open(&e, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

/* A worker of the old API: it has an address, no incarnation, and numbers nothing. */
static struct engine_agent *old_worker(const char *name, uint32_t max_tasks)
{
	struct engine_agent *a = engine_agent(&e, name, max_tasks, NULL);

	a->kind = DTSS_WORKER_PLACEMENT;
	a->address = name;
	ck_assert_int_eq(engine_beat(&e, a), 0);
	return a;
}

/* The worker's name, or "" when there is none. */
static const char *place_tag(const char *tag)
{
	struct dtss_placement p = { "", "" };
	int error = dtss_sched_place(e.s, e.now, &tag, tag != NULL, &p);

	ck_assert(error == 0 || error == DTSS_E_NO_WORKER);
	engine_check(&e);
	return p.worker;
}

static const char *place(void)
{
	return place_tag(NULL);
}

static uint32_t used(const char *worker)
{
	struct dtss_worker_view v;

	ck_assert_int_eq(dtss_sched_worker_get(e.s, worker, &v), 0);
	return v.used;
}

START_TEST(it_counts_at_once)
{
	struct dtss_placement p;

	ck_assert_str_eq(place(), "");
	old_worker("a", 2);
	old_worker("b", 2);
	ck_assert_str_eq(place(), "a");
	ck_assert_str_eq(place(), "b");
	ck_assert_str_eq(place(), "a");
	ck_assert_int_eq(dtss_sched_place(e.s, e.now, NULL, 0, &p), 0);
	ck_assert_str_eq(p.worker, "b");
	ck_assert_str_eq(p.address, "b");
	ck_assert_str_eq(place(), ""); /* S13: all are full */
	ck_assert_uint_eq(used("a"), 2);
}
END_TEST

/* A heartbeat that was under way when the placement was made does not hide it. */
START_TEST(the_worker_s_own_count_replaces_what_is_older_than_the_grace)
{
	struct engine_agent *a = old_worker("a", 2);

	place();
	place();
	a->foreign = 0;
	engine_beat(&e, a);
	ck_assert_uint_eq(used("a"), 2); /* younger than a second */
	engine_pass(&e, 1200);
	ck_assert_uint_eq(used("a"), 2); /* until its next heartbeat it counts */
	a->foreign = 1;
	engine_beat(&e, a);
	ck_assert_uint_eq(used("a"), 1);
	ck_assert_str_eq(place(), "a");
	ck_assert_str_eq(place(), "");
}
END_TEST

START_TEST(nothing_about_it_is_stored)
{
	struct dtss_batch b;

	old_worker("a", 5);
	place();
	ck_assert_uint_eq(dtss_sched_seq(e.s), 0); /* the answer waits for nothing */
	ck_assert_int_eq(dtss_sched_batch(e.s, &b), 0);
	ck_assert_uint_eq(used("a"), 1);
	engine_restart(&e);
	ck_assert_uint_eq(used("a"), 0);
}
END_TEST

START_TEST(tags_must_all_be_there)
{
	struct engine_agent *a = old_worker("a", 5);

	ck_assert_str_eq(place_tag("gpu"), "");
	a->tags[a->tag_count++] = "gpu";
	engine_beat(&e, a);
	ck_assert_str_eq(place_tag("gpu"), "a");
	ck_assert_str_eq(place_tag("gpuu"), "");
}
END_TEST

START_TEST(no_task_is_ever_given_to_a_worker_that_did_not_ask_for_it)
{
	dtss_task_id id = engine_task(&e, "job");

	old_worker("a", 5);
	engine_pass(&e, 1000);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY);
	ck_assert_str_eq(engine_text(&e, id), "no agent is registered");
	ck_assert_uint_eq(engine_count(&e, DTSS_MESSAGE_ASSIGN, NULL), 0);
}
END_TEST

START_TEST(agents_are_chosen_when_they_have_an_address)
{
	struct engine_agent *a = engine_join(&e, "agent", 2, NULL);
	dtss_task_id id;

	ck_assert_str_eq(place(), "");
	a->address = "1.2.3.4:5";
	engine_beat(&e, a);
	ck_assert_str_eq(place(), "agent");
	ck_assert_str_eq(place(), "agent");
	id = engine_task(&e, "job");
	engine_pump(&e);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_READY); /* S13: placements take slots */
	engine_pass(&e, 1200);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED); /* its heartbeats count no placements */
}
END_TEST

START_TEST(an_agent_replaces_a_worker_of_the_old_api_and_not_the_other_way)
{
	struct engine_agent *old = old_worker("x", 2), *agent = engine_agent(&e, "x", 2, NULL);
	struct dtss_worker_view v;
	dtss_task_id id;

	ck_assert_str_eq(place(), "x");
	ck_assert_str_eq(place(), "x");
	agent->silent = 1;
	engine_sleep(&e, 5000);
	engine_pump(&e);
	id = engine_task(&e, "job");
	engine_beat(&e, agent); /* its own word counts, not what was placed there */
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "x", &v), 0);
	ck_assert_uint_eq(v.kind, DTSS_WORKER_AGENT);
	ck_assert_uint_eq(engine_state(&e, id), DTSS_TASK_LEASED);
	ck_assert_int_eq(engine_beat(&e, old), DTSS_E_STATE);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "x", &v), 0);
	ck_assert_uint_eq(v.kind, DTSS_WORKER_AGENT);
}
END_TEST

START_TEST(drained_cordoned_and_silent_workers_are_not_chosen)
{
	struct engine_agent *a = old_worker("a", 9);

	ck_assert_int_eq(dtss_sched_drain(e.s, e.now, "a"), 0);
	ck_assert_str_eq(place(), "");
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "a"), 0);
	ck_assert_str_eq(place(), "a");
	ck_assert_int_eq(dtss_sched_cordon(e.s, e.now, "a"), 0);
	ck_assert_str_eq(place(), "");
	ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, "a"), 0);
	a->silent = 1;
	engine_pass(&e, 10100);
	ck_assert_str_eq(place(), "");
	engine_beat(&e, a);
	ck_assert_str_eq(place(), "a");
}
END_TEST

START_TEST(what_is_wrong_with_the_tags_is_named)
{
	static char longer[DTSS_TAG_LEN_MAX + 2];
	const char *many[DTSS_TASK_TAGS_MAX + 1] = { "" }, *tag = longer;
	struct dtss_placement p = { "untouched", "" };
	struct dtss_problem problem;

	memset(longer, 'x', sizeof longer - 1);
	ck_assert_int_eq(dtss_sched_place(e.s, e.now, &tag, 1, &p), DTSS_E_TOO_BIG);
	ck_assert_int_eq(dtss_sched_place(e.s, e.now, many, DTSS_TASK_TAGS_MAX + 1, &p), DTSS_E_TOO_BIG);
	ck_assert_int_eq(dtss_sched_place(e.s, e.now, many, 1, &p), DTSS_E_INVALID);
	dtss_sched_problem(e.s, &problem);
	ck_assert_str_eq(problem.field, "required_tags");
	ck_assert_str_eq(p.worker, "untouched");
}
END_TEST

START_TEST(a_burst_and_a_slow_trickle_are_both_counted_exactly)
{
	struct engine_agent *a = old_worker("a", 60000);
	size_t i;

	a->silent = 1;
	for (i = 0; i < 3000; i++)
		ck_assert_str_eq(place(), "a");
	ck_assert_uint_eq(used("a"), 3000);
	for (i = 0; i < 100; i++) {
		engine_pass(&e, 90);
		place();
	}
	ck_assert_uint_eq(used("a"), 3100);
	engine_beat(&e, a);
	ck_assert_uint_ge(used("a"), 11); /* those of the last second */
	ck_assert_uint_le(used("a"), 13);
}
END_TEST

/* Round robin in the degenerate case, as clients of the older scheduler expect. */
START_TEST(equals_take_turns_over_heartbeats_too)
{
	struct engine_agent *a = old_worker("a", 4), *b = old_worker("b", 4);
	int i;

	for (i = 0; i < 4; i++) {
		ck_assert_str_eq(place(), i % 2 ? "b" : "a");
		engine_sleep(&e, 2000);
		engine_pump(&e);
		engine_beat(&e, a);
		engine_beat(&e, b);
	}
}
END_TEST

Suite *suite_unit_place(void)
{
	Suite *s = suite_create("unit_place");
	TCase *c = tcase_create("place");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, it_counts_at_once);
	tcase_add_test(c, the_worker_s_own_count_replaces_what_is_older_than_the_grace);
	tcase_add_test(c, nothing_about_it_is_stored);
	tcase_add_test(c, tags_must_all_be_there);
	tcase_add_test(c, no_task_is_ever_given_to_a_worker_that_did_not_ask_for_it);
	tcase_add_test(c, agents_are_chosen_when_they_have_an_address);
	tcase_add_test(c, an_agent_replaces_a_worker_of_the_old_api_and_not_the_other_way);
	tcase_add_test(c, drained_cordoned_and_silent_workers_are_not_chosen);
	tcase_add_test(c, what_is_wrong_with_the_tags_is_named);
	tcase_add_test(c, a_burst_and_a_slow_trickle_are_both_counted_exactly);
	tcase_add_test(c, equals_take_turns_over_heartbeats_too);
	suite_add_tcase(s, c);
	return s;
}
