/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/cluster.h"

Suite *suite_story_agent_refused(void);

START_TEST(the_newer_of_two_agents_of_a_name_wins)
{
	struct cluster c;
	char other[128];
	pid_t older;
	uint64_t id;

	cluster_open(&c, NULL);
	cluster_path(&c, "other", other);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	older = cluster_agent(&c, CLUSTER_SAME, "one", "--grace", "1", NULL);
	id = cluster_probe(&c, NULL, "sleep", "1000", NULL);
	json_decref(cluster_until(&c, id, "running"));
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--work-dir", other, NULL);
	ck_assert_int_eq(cluster_wait(&c, older), 1);
	cluster_log_has(&c, "one", "a newer agent called one is registered");
	json_decref(cluster_until(&c, id, "running")); /* by the newer */
	cluster_close(&c);
}
END_TEST

START_TEST(two_agents_cannot_share_a_journal)
{
	struct cluster c;

	cluster_open(&c, NULL);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", NULL);
	cluster_agent_online(&c, "one");
	ck_assert_int_eq(cluster_wait(&c, cluster_agent(&c, CLUSTER_SAME, "one", NULL)), 1);
	ck_assert_int_eq(cluster_log_count(&c, "one", "is already running"), 1);
	cluster_close(&c);
}
END_TEST

/* Somebody else at the scheduler's address, who hangs up on everybody: returns when that many have been there. */
static void hang_up(const struct cluster *c, int count)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd listener = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN };
	int yes = 1;

	at.sin_port = htons((uint16_t)atoi(strrchr(c->url, ':') + 1));
	ck_assert_int_eq(setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
	ck_assert_int_eq(bind(listener.fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener.fd, 8), 0);
	for (int i = 0; i < count; i++) {
		ck_assert_int_eq(poll(&listener, 1, CLUSTER_WAIT_MS), 1);
		close(accept(listener.fd, NULL, NULL));
	}
	close(listener.fd);
}

/* One sentence, however long it takes, and then it registers. */
START_TEST(an_unreachable_scheduler_is_waited_for)
{
	struct cluster c;

	cluster_open(&c, NULL);
	cluster_scheduler_kill(&c);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", NULL);
	cluster_log_has(&c, "one", "cannot reach the scheduler at http://127.0.0.1:");
	hang_up(&c, 1);
	cluster_scheduler_start(&c);
	cluster_agent_online(&c, "one");
	cluster_log_has(&c, "one", "registered at");
	ck_assert_int_eq(cluster_log_count(&c, "one", "cannot reach"), 1);
	cluster_close(&c);
}
END_TEST

static void token_file(const struct cluster *c, const char *name, const char *token, char path[128])
{
	FILE *f;

	cluster_path(c, name, path);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s\n", token);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

START_TEST(a_wrong_token_is_told_and_ends_it)
{
	struct cluster c;
	char path[128], conf[128];
	FILE *f;

	cluster_open(&c, NULL);
	cluster_scheduler_kill(&c);
	token_file(&c, "right", "0123456789abcdef0123456789abcdef", path);
	cluster_path(&c, "dtssd.conf", conf);
	f = fopen(conf, "we");
	fprintf(f, "token-file = %s\n", path);
	ck_assert_int_eq(fclose(f), 0);
	cluster_scheduler_start(&c);
	(void)cluster_agent(&c, CLUSTER_SAME, "one", "--token-file", path, NULL);
	cluster_log_has(&c, "one", "registered at");
	token_file(&c, "wrong", "fedcba9876543210fedcba9876543210", path);
	ck_assert_int_eq(cluster_wait(&c, cluster_agent(&c, CLUSTER_SAME, "two", "--token-file", path, NULL)), 1);
	ck_assert_int_eq(cluster_log_count(&c, "two", "refuses the token; give its own with --token-file"), 1);
	cluster_close(&c);
}
END_TEST

struct bad {
	const char *option, *value, *sentence;
};

static const struct bad bads[] = {
	{ "--slots", "0", "--slots: expected a number from 1 to 65535" },
	{ "--slots", "many", "--slots: expected a number from 1 to 65535" },
	{ "--tags", "a,,b", "--tags: expected tags of 1 to 64 bytes" },
	{ "--path", "bin", "--path: expected up to 64 absolute directories" },
	{ "--server", "localhost", "--server: expected http://HOST:PORT" },
	{ "--name", "a/b", "--name: expected" },
	{ "--user", "no-such-user", "there is no such user" },
	{ "--token-file", "/no/such/file", "--token-file" },
	{ "--slost", "4", "did you mean --slots?" },
};

START_TEST(bad_options_are_refused_with_a_sentence)
{
	struct cluster c;

	cluster_open(&c, NULL);
	for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
		char name[16];

		snprintf(name, sizeof name, "bad%zu", i);
		c.agent_count = 0;
		ck_assert_int_eq(
			cluster_wait(&c, cluster_agent(&c, CLUSTER_SAME, name, bads[i].option, bads[i].value, NULL)),
			2);
		ck_assert_msg(cluster_log_count(&c, name, bads[i].sentence) == 1, "%s", bads[i].option);
	}
	cluster_close(&c);
}
END_TEST

START_TEST(as_root_it_wants_to_know_whose_the_tasks_are)
{
	const char *build = getenv("DTSS_BUILD");
	char command[512];

	if (getuid() != 0)
		return;
	ck_assert_ptr_nonnull(build);
	snprintf(command, sizeof command, "%s/dtss-agent 2>&1 | grep -q 'give --user NAME'", build);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

Suite *suite_story_agent_refused(void)
{
	Suite *suite = suite_create("story/agent_refused");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, the_newer_of_two_agents_of_a_name_wins);
	tcase_add_test(tcase, two_agents_cannot_share_a_journal);
	tcase_add_test(tcase, an_unreachable_scheduler_is_waited_for);
	tcase_add_test(tcase, a_wrong_token_is_told_and_ends_it);
	tcase_add_test(tcase, bad_options_are_refused_with_a_sentence);
	tcase_add_test(tcase, as_root_it_wants_to_know_whose_the_tasks_are);
	suite_add_tcase(suite, tcase);
	return suite;
}
