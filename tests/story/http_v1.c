/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/dtssd.h"

/* What the clients of the older Go scheduler rely on. */

static struct dtssd_run run;
static struct http_reply reply;

static void setup(void)
{
	dtssd_start(&run, NULL);
}

static void teardown(void)
{
	http_free(&reply);
	dtssd_clean(&run);
}

static void beat(const char *id, int max, int current)
{
	char body[256];

	snprintf(body, sizeof body,
		 "{\"worker_id\":\"%s\",\"address\":\"10.0.0.1:9000\",\"resource_tags\":[\"gpu\",\"cuda-12.0\"],"
		 "\"max_tasks\":%d,\"current_tasks\":%d,\"timestamp\":1702540800}",
		 id, max, current);
	http_post(&reply, &run, "/api/v1/heartbeat", body);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(http_text(&reply, "status"), "ok");
}

static void refused(const char *path, const char *body, long status, const char *error)
{
	http_post(&reply, &run, path, body);
	ck_assert_msg(reply.status == status, "%s: %ld %s", body, reply.status, reply.body);
	ck_assert_uint_eq(json_object_size(reply.json), 1);
	ck_assert_msg(strstr(http_text(&reply, "error"), error) != NULL, "%s", reply.body);
	ck_assert(strstr(reply.headers, "Content-Type: application/json") != NULL);
}

/* Of the server. */
static size_t resident_kib(void)
{
	char path[64];
	char *text, *at;
	size_t kib = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)run.pid);
	text = file_text(path);
	at = strstr(text, "VmRSS:");
	ck_assert(at && sscanf(at, "VmRSS: %zu", &kib) == 1);
	free(text);
	return kib;
}

START_TEST(no_workers_is_an_empty_array)
{
	http_get(&reply, &run, "/api/v1/workers");
	ck_assert_int_eq(reply.status, 200);
	ck_assert(json_is_array(reply.json));
	ck_assert_uint_eq(json_array_size(reply.json), 0);
}
END_TEST

START_TEST(a_worker_is_shown_with_capitalised_members)
{
	beat("worker-001", 30, 15);
	http_get(&reply, &run, "/api/v1/workers");
	ck_assert_str_eq(http_text(&reply, "0.WorkerID"), "worker-001");
	ck_assert_str_eq(http_text(&reply, "0.Address"), "10.0.0.1:9000");
	ck_assert_str_eq(http_text(&reply, "0.ResourceTags.0"), "gpu"); /* as it told them */
	ck_assert_str_eq(http_text(&reply, "0.ResourceTags.1"), "cuda-12.0");
	ck_assert_int_eq(http_int(&reply, "0.MaxTasks"), 30);
	ck_assert_int_eq(http_int(&reply, "0.CurrentTasks"), 15);
	ck_assert_int_eq(http_int(&reply, "0.Available"), 15);
	ck_assert_uint_eq(strlen(http_text(&reply, "0.LastHeartbeat")), strlen("2025-12-14T16:30:00Z"));
	ck_assert_str_eq(http_text(&reply, "0.Status"), "online");
	ck_assert_uint_eq(json_object_size(json_array_get(reply.json, 0)), 8);
}
END_TEST

START_TEST(the_lowest_load_wins_and_a_placement_counts_at_once)
{
	beat("busy", 10, 8);
	beat("idle", 10, 1);
	http_post(&reply, &run, "/api/v1/schedule", "{\"task_id\":\"t\",\"required_tags\":[\"cuda-12.0\",\"gpu\"]}");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(http_text(&reply, "worker_id"), "idle");
	ck_assert_str_eq(http_text(&reply, "address"), "10.0.0.1:9000");
	ck_assert_uint_eq(json_object_size(reply.json), 2);
	http_get(&reply, &run, "/api/v1/workers");
	ck_assert_int_eq(http_int(&reply, "1.CurrentTasks"), 2);
	ck_assert_int_eq(http_int(&reply, "1.Available"), 8);
}
END_TEST

START_TEST(nobody_fits)
{
	beat("full", 0, 0);
	refused("/api/v1/schedule", "{\"task_id\":\"t\"}", 503, "no available worker matching requirements");
	beat("free", 4, 0);
	refused("/api/v1/schedule", "{\"task_id\":\"t\",\"required_tags\":[\"tpu\"]}", 503,
		"no available worker matching requirements");
	http_post(&reply, &run, "/api/v1/schedule", "{\"task_id\":\"t\",\"required_tags\":null,\"unknown\":1}");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(http_text(&reply, "worker_id"), "free");
}
END_TEST

/* What the old worker sends when its --tags is empty. */
START_TEST(an_empty_tag_is_none)
{
	http_post(&reply, &run, "/api/v1/heartbeat", "{\"worker_id\":\"w\",\"resource_tags\":[\"\"],\"max_tasks\":1}");
	ck_assert_int_eq(reply.status, 200);
	http_get(&reply, &run, "/api/v1/workers");
	ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(reply.json, 0), "ResourceTags")), 0);
	http_post(&reply, &run, "/api/v1/schedule", "{\"task_id\":\"t\",\"required_tags\":[\"\"]}");
	ck_assert_str_eq(http_text(&reply, "worker_id"), "w");
}
END_TEST

START_TEST(what_is_wrong_is_said_as_its_clients_expect)
{
	refused("/api/v1/schedule", "{\"required_tags\":[\"gpu\"]}", 503, "task_id is required");
	refused("/api/v1/schedule", "{\"task_id\":\"\"}", 503, "task_id is required");
	refused("/api/v1/schedule", "{", 400, "not JSON");
	refused("/api/v1/schedule", "[]", 400, "JSON object");
	refused("/api/v1/schedule", "{\"task_id\":7}", 400, "task_id");
	refused("/api/v1/heartbeat", "", 400, "empty");
	refused("/api/v1/heartbeat", "{\"address\":\"x\"}", 400, "worker_id");
	refused("/api/v1/heartbeat", "{\"worker_id\":\"w\",\"max_tasks\":65536}", 400, "max_tasks");
	refused("/api/v1/heartbeat", "{\"worker_id\":\"w\",\"max_tasks\":-1}", 400, "max_tasks");
	refused("/api/v1/heartbeat", "{\"worker_id\":\"w\",\"current_tasks\":-1}", 400, "current_tasks");
	refused("/api/v1/heartbeat", "{\"worker_id\":\"w\",\"resource_tags\":\"gpu\"}", 400, "resource_tags");
	http_get(&reply, &run, "/api/v1/workers");
	ck_assert_uint_eq(json_array_size(reply.json), 0);
}
END_TEST

START_TEST(other_methods_are_405)
{
	static const char *const wrong[][2] = { { "GET", "/api/v1/heartbeat" },
						{ "PUT", "/api/v1/schedule" },
						{ "POST", "/api/v1/workers" },
						{ "DELETE", "/api/v1/workers" } };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		http_call(&reply, &run, wrong[i][0], wrong[i][1], NULL, NULL, 0);
		ck_assert_int_eq(reply.status, 405);
		ck_assert_uint_eq(json_object_size(reply.json), 1);
		ck_assert(strstr(reply.headers, "Allow: ") != NULL);
	}
}
END_TEST

START_TEST(a_v1_worker_is_never_given_a_task)
{
	beat("old", 4, 0);
	http_post(&reply, &run, "/api/v2/tasks", "{\"argv\":[\"true\"]}");
	ck_assert_int_eq(reply.status, 201);
	http_get(&reply, &run, "/api/v2/workers");
	ck_assert_int_eq(http_int(&reply, "workers.0.leased"), 0);
	ck_assert_str_eq(http_text(&reply, "workers.0.kind"), "placement");
	/* nor can it fetch one: an agent of that name takes its place */
	http_get(&reply, &run, "/api/v2/tasks/1");
	ck_assert_str_eq(http_text(&reply, "state"), "ready");
}
END_TEST

/* What is refused is not kept either: the server's memory does not grow by it. */
START_TEST(a_refused_heartbeat_leaves_nothing)
{
	size_t len = 4 << 20, before, allowed = 48 * 1024;
	char *body = malloc(len + 64);

#ifdef __SANITIZE_ADDRESS__
	allowed += 512 * 1024; /* it keeps what was freed for a while */
#endif

	ck_assert(body != NULL);
	before = resident_kib();
	for (int i = 0; i < 24; i++) {
		size_t head = (size_t)sprintf(body, "{\"max_tasks\":1,\"worker_id\":\"%d", i);

		memset(body + head, 'w', len);
		strcpy(body + head + len, "\"}");
		http_post(&reply, &run, "/api/v1/heartbeat", body);
		ck_assert_int_eq(reply.status, 400);
	}
	ck_assert_uint_lt(resident_kib(), before + allowed);
	free(body);
}
END_TEST

START_TEST(an_agents_name_is_taken)
{
	http_post(&reply, &run, "/api/v2/workers/a/poll",
		  "{\"name\":\"a\",\"incarnation\":1,\"number\":1,\"max_tasks\":1}");
	ck_assert_int_eq(reply.status, 200);
	refused("/api/v1/heartbeat", "{\"worker_id\":\"a\",\"max_tasks\":1}", 400, "agent");
}
END_TEST

Suite *suite_story_http_v1(void);
Suite *suite_story_http_v1(void)
{
	Suite *suite = suite_create("story/http_v1");
	TCase *tc = tcase_create("v1");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_workers_is_an_empty_array);
	tcase_add_test(tc, a_worker_is_shown_with_capitalised_members);
	tcase_add_test(tc, the_lowest_load_wins_and_a_placement_counts_at_once);
	tcase_add_test(tc, nobody_fits);
	tcase_add_test(tc, an_empty_tag_is_none);
	tcase_add_test(tc, what_is_wrong_is_said_as_its_clients_expect);
	tcase_add_test(tc, other_methods_are_405);
	tcase_add_test(tc, a_v1_worker_is_never_given_a_task);
	tcase_add_test(tc, a_refused_heartbeat_leaves_nothing);
	tcase_add_test(tc, an_agents_name_is_taken);
	suite_add_tcase(suite, tc);
	return suite;
}
