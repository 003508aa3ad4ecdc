/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <dtss/version.h>
#include "support/dtssd.h"

/* How the daemon starts, refuses to start, stops, and what becomes of its store. */

#define TASKS "/api/v2/tasks"
#define TOKEN "0123456789abcdef0123456789abcdef"

static struct dtssd_run run;
static struct http_reply reply;
static char err[8192];

static void setup(void)
{
	dtssd_start(&run, NULL);
}

static void teardown(void)
{
	http_free(&reply);
	dtssd_clean(&run);
}

static const char *in_dir(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", run.dir, name);
	return path[turn];
}

static const char *file_with(const char *name, const char *text)
{
	const char *path = in_dir(name);
	FILE *file = fopen(path, "w");

	ck_assert(file != NULL);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0600), 0);
	return path;
}

static const char *store_at(const char *path)
{
	static char store[160];

	snprintf(store, sizeof store, "sqlite:%s", path);
	return store;
}

/* One sentence on the last line that has these words. */
static void says(const char *words)
{
	ck_assert_msg(strstr(err, words) != NULL, "expected \"%s\" in: %s", words, err);
}

START_TEST(health_and_readiness)
{
	http_get(&reply, &run, "/healthz");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(http_text(&reply, "status"), "ok");
	ck_assert_str_eq(http_text(&reply, "durability"), "D2");
	ck_assert_str_eq(http_text(&reply, "version"), DTSS_VERSION);
	ck_assert(json_is_true(json_object_get(reply.json, "leader")));
	http_get(&reply, &run, "/readyz");
	ck_assert_int_eq(reply.status, 200);
}
END_TEST

START_TEST(what_was_acknowledged_survives_kill_9)
{
	for (int i = 0; i < 20; i++) {
		http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"]}");
		ck_assert_int_eq(reply.status, 201);
	}
	ck_assert_int_eq(dtssd_stop(&run, SIGKILL), 128 + SIGKILL);
	dtssd_again(&run, NULL);
	http_get(&reply, &run, TASKS);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.json, "tasks")), 20);
}
END_TEST

/* A poll and a follow that would wait for seconds, opened and known to be there. */
static void open_waiters(int *ret_poll, int *ret_follow)
{
	static const char follow[] = "GET " TASKS "/1/log?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static const char poll[] =
		"POST /api/v2/workers/a/poll?wait_ms=3000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n"
		"{\"name\":\"a\",\"incarnation\":1,\"number\":1}  ";

	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"],\"tags\":[\"nobody\"]}");
	*ret_follow = http_raw(&run, follow, strlen(follow));
	*ret_poll = http_raw(&run, poll, strlen(poll));
	do
		http_get(&reply, &run, "/api/v2/workers");
	while (json_array_size(json_object_get(reply.json, "workers")) == 0);
}

START_TEST(sigterm_answers_those_who_wait_and_ends_with_0)
{
	struct timespec before, after;
	int poll_fd, follow_fd;
	char buf[4096];

	open_waiters(&poll_fd, &follow_fd);
	clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 3);
	ck_assert(http_raw_until(poll_fd, buf, sizeof buf, "\"answer\":"));
	ck_assert(http_raw_until(follow_fd, buf, sizeof buf, "HTTP/1.1 200"));
	close(poll_fd);
	close(follow_fd);
	dtssd_again(&run, NULL);
	http_get(&reply, &run, TASKS "/1");
	ck_assert_str_eq(http_text(&reply, "state"), "ready");
}
END_TEST

START_TEST(a_second_signal_is_at_once)
{
	static const char half[] = "POST " TASKS " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
	int fd = http_raw(&run, half, strlen(half));
	char *text;

	http_get(&reply, &run, "/healthz"); /* so the other request has begun */
	ck_assert_int_eq(kill(run.pid, SIGINT), 0);
	do
		text = file_text(run.err);
	while (strstr(text, "stopping") == NULL && (free(text), 1));
	free(text);
	ck_assert_int_eq(dtssd_stop(&run, SIGINT), 0);
	close(fd);
}
END_TEST

START_TEST(a_token_opens_everything_but_health)
{
	static const char *const closed[] = { "/api/v1/workers", TASKS, TASKS "/1", "/api/v2/stats", "/nowhere" };
	const char *path = file_with("token", TOKEN "\n");

	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	dtssd_again(&run, "--token-file", path, NULL);
	http_get(&reply, &run, "/healthz");
	ck_assert_int_eq(reply.status, 200);
	http_get(&reply, &run, "/readyz");
	ck_assert_int_eq(reply.status, 200);
	for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
		http_get(&reply, &run, closed[i]);
		ck_assert_int_eq(reply.status, 401);
		ck_assert(strstr(reply.headers, "WWW-Authenticate: Bearer") != NULL);
		http_call(&reply, &run, "GET", closed[i], "Authorization: Bearer " TOKEN "0", NULL, 0);
		ck_assert_int_eq(reply.status, 401);
	}
	http_call(&reply, &run, "POST", TASKS, "Authorization: Bearer wrong", "{\"argv\":[\"true\"]}", 17);
	ck_assert_int_eq(reply.status, 401);
	http_call(&reply, &run, "GET", TASKS, "Authorization: Bearer " TOKEN, NULL, 0);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.json, "tasks")), 0);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	char *text = file_text(run.err);
	ck_assert_ptr_null(strstr(text, TOKEN));
	free(text);
}
END_TEST

START_TEST(only_loopback_without_a_token)
{
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", "0.0.0.0:0", "--store", "memory", NULL), 2);
	says("not loopback");
	says("--token-file");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", ":0", "--store", "memory", NULL), 2);
	says("not loopback");
}
END_TEST

START_TEST(a_busy_port)
{
	char listen_at[32];

	snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", run.port);
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", listen_at, "--store", "memory", NULL), 1);
	says("Address already in use; choose another port with --listen");
}
END_TEST

START_TEST(options_that_are_wrong)
{
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--lisen", "127.0.0.1:0", NULL), 2);
	says("did you mean --listen?");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", "8080", NULL), 2);
	says("expected HOST:PORT");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:65536", NULL), 2);
	says("expected HOST:PORT");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--store", "postgres:x", NULL), 2);
	says("memory or sqlite:PATH");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--log-format", "xml", NULL), 2);
	says("text or json");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "extra", NULL), 2);
	says("unexpected argument extra");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--token-file", file_with("short", "abc\n"), NULL), 2);
	says("16 to 1024 characters");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--token-file", in_dir("none"), NULL), 2);
	says("cannot be read");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--version", NULL), 0);
	says("dtssd (libdtss) " DTSS_VERSION);
}
END_TEST

static const struct {
	const char *text;
	const char *words;
} bad_files[] = {
	{ "lease_ms = 30000\nlese_ms = 1\n", "conf:2: unknown key lese_ms (did you mean lease_ms?)" },
	{ "lease_ms = soon\n", "conf:1: lease_ms: expected an integer, 1000.." },
	{ "lease_ms\n", "conf:1: lease_ms: expected KEY = VALUE" },
	{ "placement = best\n", "conf:1: placement: expected least_load, round_robin or pack" },
	{ "store = nowhere\n", "conf:1: store: expected memory or sqlite:PATH" },
	{ "tasks_max = 0\n", "conf:1: tasks_max: expected an integer, 1.." },
	{ "lease_ms = 2000\nheartbeat_ms = 401\n",
	  "conf: heartbeat_ms: expected at most a fifth of lease_ms, which is 400" },
	{ "suspicious_ms = 30000\n", "conf: suspicious_ms: expected at most offline_ms, which is 20000" },
};

START_TEST(a_configuration_that_is_wrong)
{
	const char *path = file_with("conf", bad_files[_i].text);

	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--config", path, NULL), 2);
	says(bad_files[_i].words);
}
END_TEST

START_TEST(a_configuration_is_obeyed)
{
	const char *path = file_with("conf", "# for a test\nlog-format = json\nheartbeat_ms = 500\nplacement = pack\n");
	char *text;

	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	unlink(run.err);
	dtssd_again(&run, "--config", path, NULL);
	http_beat(&reply, &run, "a", 1, 0, "[]", "[]");
	ck_assert_int_eq(http_int(&reply, "answer.heartbeat_ms"), 500);
	text = file_text(run.err);
	ck_assert_msg(text[0] == '{', "%s", text);
	free(text);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	unlink(run.err);
	dtssd_again(&run, "--config", path, "--log-format", "text", NULL); /* the command line goes before it */
	text = file_text(run.err);
	ck_assert_msg(text[0] != '{', "%s", text);
	free(text);
}
END_TEST

START_TEST(a_store_in_use)
{
	ck_assert_int_eq(
		dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:0", "--store", store_at(in_dir("s.db")), NULL), 1);
	says("in use");
}
END_TEST

START_TEST(a_store_that_is_not_ours)
{
	const char *path = file_with("other.db",
				     "This is a letter to my aunt, and it is longer than a page header. "
				     "It goes on and on, as letters to aunts do, for more than a hundred bytes.");

	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:0", "--store", store_at(path), NULL), 1);
	says("cannot open the store");
	ck_assert_int_eq(dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:0", "--store", "sqlite:/no/such/dir/s.db",
				     NULL),
			 1);
	says("cannot open the store");
}
END_TEST

/* Writes over the closed store, as no program should. */
static void scribble(long at, const char *bytes, size_t len)
{
	FILE *file = fopen(in_dir("s.db"), "r+");

	ck_assert(file != NULL);
	ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_store_that_is_newer_or_damaged)
{
	char junk[4096];

	http_post(&reply, &run, TASKS, "{\"argv\":[\"true\"]}");
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	scribble(60, "\0\0\xFF\xFF", 4); /* where SQLite keeps user_version, our format */
	ck_assert_int_eq(
		dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:0", "--store", store_at(in_dir("s.db")), NULL), 1);
	says("has format 65535");
	memset(junk, 0xA5, sizeof junk);
	scribble(60, "\0\0\0\1", 4);
	scribble(100, junk, sizeof junk);
	ck_assert_int_eq(
		dtssd_fails(err, sizeof err, "--listen", "127.0.0.1:0", "--store", store_at(in_dir("s.db")), NULL), 1);
	says("damaged");
}
END_TEST

/* A file system of its own that is soon full; needs the right to mount one. */
static int small_disk(const char *dir)
{
	int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;

	return unshare(flags) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", dir, "tmpfs", 0, "size=1m") == 0;
}

START_TEST(a_full_disk)
{
	char body[60000] = "{\"argv\":[\"true\",\"", *end = body + strlen(body);
	int accepted = 0;

	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	if (!small_disk(run.dir))
		return; /* this machine does not let us */
	dtssd_again(&run, NULL);
	memset(end, 'x', sizeof body - 8 - (size_t)(end - body));
	strcpy(body + sizeof body - 8, "\"]}");
	do {
		http_post(&reply, &run, TASKS, body);
		accepted += reply.status == 201;
		ck_assert_int_lt(accepted, 100);
	} while (reply.status == 201);
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(http_text(&reply, "code"), "NOSPC");
	http_get(&reply, &run, "/readyz");
	ck_assert_int_eq(reply.status, 503);
	ck_assert(strstr(http_text(&reply, "error"), "no space") != NULL);
	http_get(&reply, &run, "/healthz");
	ck_assert_int_eq(reply.status, 200);
	http_get(&reply, &run, TASKS "?limit=1000");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_int_eq((int)json_array_size(json_object_get(reply.json, "tasks")), accepted);
	ck_assert_int_eq(dtssd_stop(&run, SIGTERM), 0);
	ck_assert_int_eq(umount2(run.dir, MNT_DETACH), 0);
}
END_TEST

Suite *suite_story_dtssd(void);
Suite *suite_story_dtssd(void)
{
	Suite *suite = suite_create("story/dtssd");
	TCase *tc = tcase_create("daemon");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, health_and_readiness);
	tcase_add_test(tc, what_was_acknowledged_survives_kill_9);
	tcase_add_test(tc, sigterm_answers_those_who_wait_and_ends_with_0);
	tcase_add_test(tc, a_second_signal_is_at_once);
	tcase_add_test(tc, a_token_opens_everything_but_health);
	tcase_add_test(tc, only_loopback_without_a_token);
	tcase_add_test(tc, a_busy_port);
	tcase_add_test(tc, options_that_are_wrong);
	tcase_add_loop_test(tc, a_configuration_that_is_wrong, 0, sizeof bad_files / sizeof bad_files[0]);
	tcase_add_test(tc, a_configuration_is_obeyed);
	tcase_add_test(tc, a_store_in_use);
	tcase_add_test(tc, a_store_that_is_not_ours);
	tcase_add_test(tc, a_store_that_is_newer_or_damaged);
	tcase_add_test(tc, a_full_disk);
	suite_add_tcase(suite, tc);
	return suite;
}
