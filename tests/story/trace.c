/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/dtssd.h"

Suite *suite_story_trace(void);

/* What a program prints, in its first line; gives its exit status. */
static int said(char line[512], const char *fmt, const char *program, const char *rest)
{
	char command[1024];
	FILE *out;

	snprintf(command, sizeof command, fmt, program_path(program), rest);
	out = popen(command, "r");
	ck_assert_ptr_nonnull(out);
	line[0] = '\0';
	if (fgets(line, 512, out) == NULL)
		line[0] = '\0';
	return WEXITSTATUS(pclose(out));
}

static long long replayed(const struct dtssd_run *run)
{
	char line[512], path[128];
	long long verbs, events, seq = -1;
	char digest[32];

	snprintf(path, sizeof path, "%s/s.db.trace", run->dir);
	ck_assert_int_eq(said(line, "%s replay --plain %s", "dtss-sim", path), 0);
	ck_assert_msg(sscanf(line, "replay verbs=%lld events=%lld seq=%lld digest=%16s", &verbs, &events, &seq,
			     digest) == 4,
		      "%s", line);
	return seq;
}

static long long seq_of(const struct dtssd_run *run)
{
	struct http_reply reply = { 0 };
	long long seq;

	http_get(&reply, run, "/api/v2/stats");
	ck_assert_int_eq(reply.status, 200);
	seq = http_int(&reply, "seq");
	http_free(&reply);
	return seq;
}

static long ask(const struct dtssd_run *run, int task, long long at, char *text, size_t cap)
{
	struct http_reply reply = { 0 };
	char path[96];
	long status;

	snprintf(path, sizeof path, "/api/v2/tasks/%d/explain?at=%lld", task, at);
	http_get(&reply, run, path);
	status = reply.status;
	snprintf(text, cap, "%s", http_text(&reply, status == 200 ? "text" : "error"));
	if (status == 200) {
		ck_assert_int_eq(http_int(&reply, "at"), at);
		ck_assert_str_ne(http_text(&reply, "time"), "");
	}
	http_free(&reply);
	return status;
}

START_TEST(a_killed_scheduler_leaves_a_trace_that_explains)
{
	struct dtssd_run run;
	struct http_reply reply = { 0 };
	char text[512], line[512], options[256];
	long long first, second, third;

	dtssd_start(&run, NULL);
	http_post(&reply, &run, "/api/v2/tasks", "{\"argv\":[\"true\"],\"tags\":[\"gpu\"]}");
	ck_assert_int_eq(reply.status, 201);
	first = seq_of(&run);
	http_beat(&reply, &run, "cpu", 1, 0, "[]", "[]");
	http_post(&reply, &run, "/api/v2/tasks/1/hold", "");
	ck_assert_int_eq(reply.status, 200);
	second = seq_of(&run);
	ck_assert_int_eq(dtssd_stop(&run, SIGKILL), 128 + SIGKILL);
	ck_assert_int_eq(replayed(&run), second);
	dtssd_again(&run, NULL);
	http_post(&reply, &run, "/api/v2/tasks/1/cancel", "");
	ck_assert_int_eq(reply.status, 200);
	third = seq_of(&run);
	ck_assert_int_eq(ask(&run, 1, first, text, sizeof text), 200);
	ck_assert_str_eq(text, "no worker is registered");
	ck_assert_int_eq(ask(&run, 1, second, text, sizeof text), 200);
	ck_assert_str_eq(text, "it is held");
	ck_assert_int_eq(ask(&run, 1, third, text, sizeof text), 200);
	ck_assert_str_eq(text, "it has ended: cancelled");
	ck_assert_int_eq(ask(&run, 1, 1, text, sizeof text), 404);
	ck_assert_str_eq(text, "there was no task 1 at event 1");
	ck_assert_int_eq(ask(&run, 1, third + 1, text, sizeof text), 400);
	ck_assert_ptr_nonnull(strstr(text, "at: expected an event that was made"));
	snprintf(options, sizeof options, "--url %s why --at %lld 1", run.url, second);
	ck_assert_int_eq(said(line, "%s %s", "dtss", options), 0);
	ck_assert_ptr_nonnull(strstr(line, "Z: it is held\n"));
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	ck_assert_int_ge(replayed(&run), third);
	http_free(&reply);
	dtssd_clean(&run);
}
END_TEST

START_TEST(what_is_older_than_the_ring_was_compacted)
{
	struct dtssd_run run;
	struct http_reply reply = { 0 };
	char config[128], text[512], body[4200], payload[4000];
	FILE *file;

	dtssd_start(&run, NULL);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	snprintf(config, sizeof config, "%s/conf", run.dir);
	file = fopen(config, "w");
	ck_assert_ptr_nonnull(file);
	fputs("trace_bytes_max = 65536\n", file);
	ck_assert_int_eq(fclose(file), 0);
	dtssd_again(&run, "--config", config, NULL);
	memset(payload, 'x', sizeof payload - 1);
	payload[sizeof payload - 1] = '\0';
	snprintf(body, sizeof body, "{\"argv\":[\"true\",\"%s\"]}", payload);
	for (int i = 1; i <= 60; i++) {
		char path[64];

		http_post(&reply, &run, "/api/v2/tasks", body);
		ck_assert_int_eq(reply.status, 201);
		snprintf(path, sizeof path, "/api/v2/tasks/%d/cancel", i);
		http_post(&reply, &run, path, "");
		ck_assert_int_eq(reply.status, 200);
	}
	ck_assert_int_eq(ask(&run, 1, 2, text, sizeof text), 410);
	ck_assert_ptr_nonnull(strstr(text, "compacted: the oldest recorded event is "));
	ck_assert_int_eq(ask(&run, 1, seq_of(&run), text, sizeof text), 200);
	ck_assert_str_eq(text, "it had ended by then");
	http_free(&reply);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	dtssd_clean(&run);
}
END_TEST

START_TEST(a_scheduler_without_a_trace_says_so)
{
	struct dtssd_run run;
	struct http_reply reply = { 0 };
	struct stat st;
	char text[512], path[128];

	dtssd_start(&run, "--trace", "off", NULL);
	http_post(&reply, &run, "/api/v2/tasks", "{\"argv\":[\"true\"]}");
	ck_assert_int_eq(ask(&run, 1, 1, text, sizeof text), 400);
	ck_assert_str_eq(text, "this scheduler records no trace: see dtssd.conf(5)");
	snprintf(path, sizeof path, "%s/s.db.trace", run.dir);
	ck_assert_int_ne(stat(path, &st), 0);
	http_free(&reply);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	dtssd_clean(&run);
	ck_assert_int_eq(dtssd_fails(text, sizeof text, "--store", "memory", "--listen", "127.0.0.1:0", "--trace",
				     "/proc/nothing", NULL),
			 1);
	ck_assert_ptr_nonnull(strstr(text, "cannot record a trace: /proc/nothing: "));
}
END_TEST

Suite *suite_story_trace(void)
{
	Suite *s = suite_create("story/trace");
	TCase *t = tcase_create("trace");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_killed_scheduler_leaves_a_trace_that_explains);
	tcase_add_test(t, what_is_older_than_the_ring_was_compacted);
	tcase_add_test(t, a_scheduler_without_a_trace_says_so);
	suite_add_tcase(s, t);
	return s;
}
