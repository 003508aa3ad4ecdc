/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dtss.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "support/dtssd.h"

/* A store that a C program wrote, with names that are no UTF-8: each answer is JSON all the same. */

#define BAD "x\xFFy\xC0\xAF"
#define GOOD "x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD"

static struct dtssd_run run;
static struct http_reply reply;

static void teardown(void)
{
	http_free(&reply);
	dtssd_clean(&run);
}

/* A task of which everything that is text is bad. */
static void write_task(void)
{
	static const char *const argv[] = { BAD }, *const tags[] = { BAD };
	static const struct dtss_pair pairs[] = { { BAD, BAD } };
	static const struct dtss_resource resources[] = { { BAD, 1 } };
	struct dtss_node_config config = { .size = sizeof config };
	struct dtss_task_spec spec = { .size = sizeof spec, .name = BAD, .key = BAD, .queue = BAD, .cwd = BAD };
	struct dtss_node *node;
	dtss_task_id id;
	char path[128];

	spec.argv = argv;
	spec.argc = 1;
	spec.tags = tags;
	spec.tag_count = 1;
	spec.env = pairs;
	spec.env_count = 1;
	spec.labels = pairs;
	spec.label_count = 1;
	spec.resources = resources;
	spec.resource_count = 1;
	snprintf(path, sizeof path, "%s/s.db", run.dir);
	ck_assert_int_eq(dtss_sqlite_open(&config.store, path, NULL, 0), 0);
	ck_assert_int_eq(dtss_node_open(&node, &config, dtss_now()), 0);
	ck_assert_int_eq(dtss_node_submit(node, dtss_now(), &spec, &id), 0);
	ck_assert_uint_eq(id.v, 1);
	dtss_node_close(node);
}

static void get(const char *path)
{
	http_get(&reply, &run, path);
	ck_assert_msg(reply.status == 200 && reply.json != NULL, "%s: %ld %s", path, reply.status, reply.body);
}

START_TEST(a_store_with_bytes_that_are_no_text)
{
	dtssd_start(&run, NULL);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	write_task();
	dtssd_again(&run, NULL);
	get("/api/v2/tasks/1");
	ck_assert_str_eq(http_text(&reply, "name"), GOOD);
	ck_assert_str_eq(http_text(&reply, "argv.0"), GOOD);
	ck_assert_str_eq(http_text(&reply, "env." GOOD), GOOD);
	ck_assert_int_eq(http_int(&reply, "resources." GOOD), 1);
	get("/api/v2/tasks");
	ck_assert_str_eq(http_text(&reply, "tasks.0.labels." GOOD), GOOD);
	get("/api/v2/tasks?name=x%ffy%c0%af");
	ck_assert_int_eq(http_int(&reply, "tasks.0.id"), 1);
	get("/api/v2/tasks/1/explain");
	get("/api/v2/stats");
	get("/api/v2/workers");
	http_post(&reply, &run, "/api/v2/tasks/1/cancel", "");
	ck_assert_int_eq(reply.status, 200);
	http_post(&reply, &run, "/api/v2/tasks/1/retry", "");
	ck_assert_int_eq(reply.status, 201);
	ck_assert_str_eq(http_text(&reply, "queue"), GOOD);
}
END_TEST

Suite *suite_story_http_bytes(void);
Suite *suite_story_http_bytes(void)
{
	Suite *suite = suite_create("story/http_bytes");
	TCase *tc = tcase_create("bytes");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_store_with_bytes_that_are_no_text);
	suite_add_tcase(suite, tc);
	return suite;
}
