/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/engine.h"

Suite *suite_unit_heartbeat_check(void);

static struct engine e;
static struct engine_agent *w;

static void setup(void)
{
	engine_open(&e, NULL);
	w = engine_join(&e, "w", 2, NULL);
}

static void teardown(void)
{
	engine_close(&e);
}

static void expect_refused(const struct dtss_heartbeat *hb, int error, const char *field)
{
	uint64_t digest = dtss_sched_digest_all(e.s);
	struct dtss_problem problem;

	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, hb), error);
	dtss_sched_problem(e.s, &problem);
	ck_assert_str_eq(problem.field, field);
	ck_assert_uint_eq(dtss_sched_digest_all(e.s), digest); /* S25 */
}

START_TEST(a_worker_that_saw_a_newer_leader_does_not_obey)
{
	struct dtss_heartbeat hb = engine_heartbeat(&e, w);

	hb.epoch = e.epoch + 1;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), DTSS_E_EPOCH);
	hb.epoch = e.epoch;
	ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
}
END_TEST

START_TEST(what_is_wrong_with_a_heartbeat_is_named)
{
	static char longer[400];
	const char *tags[300] = { "" };
	struct dtss_resource resources[2] = { { "a", 1 }, { "a", 2 } };
	struct dtss_held held = { 0 };
	struct dtss_heartbeat good = engine_heartbeat(&e, w), hb = good;

	memset(longer, 'x', sizeof longer - 1);
	hb.name = "";
	expect_refused(&hb, DTSS_E_INVALID, "worker_id");
	hb.name = longer;
	expect_refused(&hb, DTSS_E_TOO_BIG, "worker_id");
	hb = good;
	hb.incarnation = 0;
	expect_refused(&hb, DTSS_E_INVALID, "incarnation");
	hb = good;
	hb.max_tasks = 65536;
	expect_refused(&hb, DTSS_E_TOO_BIG, "max_tasks");
	hb = good;
	hb.address = longer;
	expect_refused(&hb, DTSS_E_TOO_BIG, "address");
	hb = good;
	hb.tags = tags;
	hb.tag_count = 1;
	expect_refused(&hb, DTSS_E_INVALID, "tags");
	hb.tag_count = 300;
	expect_refused(&hb, DTSS_E_TOO_BIG, "tags");
	tags[0] = longer;
	hb.tag_count = 1;
	expect_refused(&hb, DTSS_E_TOO_BIG, "tags");
	tags[0] = NULL;
	expect_refused(&hb, DTSS_E_INVALID, "tags");
	hb = good;
	hb.resources = resources;
	hb.resource_count = 2;
	expect_refused(&hb, DTSS_E_INVALID, "resources");
	hb.resource_count = DTSS_RESOURCES_MAX + 1;
	expect_refused(&hb, DTSS_E_TOO_BIG, "resources");
	hb.resource_count = 1;
	resources[0].name = "";
	expect_refused(&hb, DTSS_E_INVALID, "resources");
	resources[0].name = NULL;
	expect_refused(&hb, DTSS_E_INVALID, "resources");
	resources[0].name = longer;
	expect_refused(&hb, DTSS_E_INVALID, "resources");
	resources[0].name = "a";
	resources[0].amount = DTSS_RESOURCE_AMOUNT_MAX + 1;
	expect_refused(&hb, DTSS_E_TOO_BIG, "resources");
	hb = good;
	hb.held = &held;
	hb.held_count = 2 * DTSS_WORKER_TASKS_MAX + 1;
	expect_refused(&hb, DTSS_E_TOO_BIG, "held");
	hb = good;
	hb.name = NULL;
	expect_refused(&hb, DTSS_E_INVALID, "worker_id");
	hb = good;
	hb.kind = 7;
	expect_refused(&hb, DTSS_E_INVALID, "kind");
}
END_TEST

START_TEST(a_full_table_of_workers_lets_known_ones_speak)
{
	struct dtss_config cfg = { .size = sizeof cfg };
	struct dtss_heartbeat hb;

	engine_close(&e);
	cfg.workers_max = 1;
	engine_open(&e, &cfg);
	w = engine_join(&e, "a", 1, NULL);
	hb = engine_heartbeat(&e, engine_agent(&e, "b", 1, NULL));
	expect_refused(&hb, DTSS_E_FULL, "workers");
	ck_assert_int_eq(engine_beat(&e, w), 0);
}
END_TEST

/* All of it before the batch is closed: there is room for what they have become. */
START_TEST(workers_may_register_small_and_grow_in_one_batch)
{
	static char text[256][DTSS_TAG_LEN_MAX + 1], names[100][8];
	const char *tags[256];
	struct dtss_heartbeat hb = engine_heartbeat(&e, w);
	size_t i, round;

	for (i = 0; i < 256; i++) {
		memset(text[i], 't', DTSS_TAG_LEN_MAX);
		text[i][0] = (char)('0' + i / 16);
		text[i][1] = (char)('0' + i % 16);
		tags[i] = text[i];
	}
	hb.tags = tags;
	for (round = 0; round < 2; round++)
		for (i = 0; i < 100; i++) {
			snprintf(names[i], sizeof names[i], "n%zu", i);
			hb.name = names[i];
			hb.number++;
			hb.tag_count = round ? 256 : 0;
			ck_assert_int_eq(dtss_sched_heartbeat(e.s, e.now, &hb), 0);
		}
	engine_pump(&e);
	engine_restart(&e);
}
END_TEST

START_TEST(tags_in_another_order_are_no_change)
{
	struct engine_agent *a = engine_agent(&e, "a", 1, "x");
	uint64_t seq;

	a->tags[a->tag_count++] = "y";
	engine_beat(&e, a);
	seq = e.seq;
	a->tags[0] = "y";
	a->tags[1] = "x";
	a->tags[a->tag_count++] = "x";
	engine_beat(&e, a);
	ck_assert_uint_eq(e.seq, seq);
	a->tag_count = 1;
	engine_beat(&e, a);
	ck_assert_uint_eq(e.seq, seq + 1);
}
END_TEST

/* "x, x" is as many words as "x, y" are tags, and is how "x, x, y" begins. */
START_TEST(a_tag_that_is_said_twice_does_not_hide_that_another_is_gone)
{
	struct engine_agent *a = engine_agent(&e, "a", 1, "x");
	struct dtss_worker_view v;

	a->tags[a->tag_count++] = "x";
	a->tags[a->tag_count++] = "y";
	engine_beat(&e, a);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "a", &v), 0);
	ck_assert_uint_eq(v.tag_count, 2);
	a->tag_count = 2;
	engine_beat(&e, a);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, "a", &v), 0);
	ck_assert_uint_eq(v.tag_count, 1);
	ck_assert_str_eq(v.tags[0], "x");
}
END_TEST

/* As many as before of the same length, and not the same: what is compared in a hurry is compared whole. */
START_TEST(what_differs_in_one_place_is_news_or_refused)
{
	struct dtss_heartbeat hb;
	struct dtss_worker_view v;
	struct dtss_resource *r;

	w->tags[w->tag_count++] = "gpu";
	w->resources[w->resource_count++] = (struct dtss_resource){ "vram", 24 };
	r = &w->resources[w->resource_count - 1];
	ck_assert_int_eq(engine_beat(&e, w), 0);
	hb = engine_heartbeat(&e, w);
	w->tags[w->tag_count - 1] = NULL;
	hb.tags = w->tags;
	expect_refused(&hb, DTSS_E_INVALID, "tags");
	w->tags[w->tag_count - 1] = "gpu";
	hb = engine_heartbeat(&e, w);
	r->name = NULL;
	hb.resources = w->resources;
	expect_refused(&hb, DTSS_E_INVALID, "resources");
	r->name = "disk";
	ck_assert_int_eq(engine_beat(&e, w), 0);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, w->name, &v), 0);
	ck_assert_str_eq(v.resources[v.resource_count - 1].name, "disk");
	w->address = "1.2.3.4:5";
	ck_assert_int_eq(engine_beat(&e, w), 0);
	w->address = "1.2.3.4:6";
	ck_assert_int_eq(engine_beat(&e, w), 0);
	ck_assert_int_eq(dtss_sched_worker_get(e.s, w->name, &v), 0);
	ck_assert_str_eq(v.address, "1.2.3.4:6");
}
END_TEST

/* A short one is kept beside what is counted of it, a long one elsewhere; it goes from one to the other and back. */
START_TEST(what_is_said_at_length_is_compared_as_well)
{
	static const char far[] = "this-address-is-longer-than-what-most-agents-say-altogether.and-takes-the-place"
				  "-of-name.and-tags.too.and-of-all-resources.example.com:80";
	const char *const addresses[] = { far, "short:1", far };
	struct dtss_worker_view v;
	struct dtss_resource *r;

	w->resources[w->resource_count++] = (struct dtss_resource){ "vram", 24 };
	w->resources[w->resource_count++] = (struct dtss_resource){ "disk", 5 };
	r = &w->resources[w->resource_count - 1];
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		uint64_t seq = e.seq;

		w->address = addresses[i];
		ck_assert_int_eq(engine_beat(&e, w), 0);
		ck_assert_uint_eq(e.seq, seq + 1);
		ck_assert_int_eq(engine_beat(&e, w), 0);
		ck_assert_uint_eq(e.seq, seq + 1);
		r->amount++;
		ck_assert_int_eq(engine_beat(&e, w), 0);
		ck_assert_uint_eq(e.seq, seq + 2);
		ck_assert_int_eq(dtss_sched_worker_get(e.s, w->name, &v), 0);
		ck_assert_str_eq(v.address, addresses[i]);
		ck_assert_str_eq(v.resources[0].name, "disk"); /* sorted */
		ck_assert_uint_eq(v.resources[0].amount, r->amount);
	}
	engine_check(&e);
}
END_TEST

Suite *suite_unit_heartbeat_check(void)
{
	Suite *s = suite_create("unit_heartbeat_check");
	TCase *c = tcase_create("heartbeat_check");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_worker_that_saw_a_newer_leader_does_not_obey);
	tcase_add_test(c, what_is_wrong_with_a_heartbeat_is_named);
	tcase_add_test(c, what_differs_in_one_place_is_news_or_refused);
	tcase_add_test(c, what_is_said_at_length_is_compared_as_well);
	tcase_add_test(c, a_full_table_of_workers_lets_known_ones_speak);
	tcase_add_test(c, workers_may_register_small_and_grow_in_one_batch);
	tcase_add_test(c, tags_in_another_order_are_no_change);
	tcase_add_test(c, a_tag_that_is_said_twice_does_not_hide_that_another_is_gone);
	suite_add_tcase(s, c);
	return s;
}
