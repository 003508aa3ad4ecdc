/* SPDX-License-Identifier: MIT */
/* What was answered is there after kill -9, and a full disk loses nothing. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/store_kit.h"

Suite *suite_unit_sqlite_durable(void);

#define BATCH 10 /* tasks */
#define ROUNDS 5 /* of killing */
#define DISK "size=6m"
#define BALLAST (1u << 20)

static struct store_kit k;

/* ---- kill -9 ---- */

static void batch(uint64_t n)
{
	uint64_t id;

	kit_meta(&k, n);
	for (id = n * BATCH; id < (n + 1) * BATCH; id++) {
		kit_task(&k, id + 1, DTSS_TASK_READY, 0);
		kit_spec(&k, id + 1, "q", "name", NULL);
	}
}

/* Commits batch after batch, and tells each that was answered. Until somebody kills it. */
static void committer(uint64_t n, int acknowledgements)
{
	k.store = NULL;
	kit_reopen(&k);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	for (;; n++) {
		batch(n);
		ck_assert_int_eq(kit_commit(&k), DTSS_OK);
		ck_assert_int_eq(write(acknowledgements, &n, sizeof n), (ssize_t)sizeof n);
	}
}

/* The last batch that was answered by one that was killed after some. */
static uint64_t kill_committer(uint64_t first, int some)
{
	uint64_t n, last = first;
	int pipes[2];
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		committer(first, pipes[1]);
	close(pipes[1]);
	while (read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n) { /* also what it told before it died */
		last = n;
		if (some-- == 0)
			ck_assert_int_eq(kill(pid, SIGKILL), 0);
	}
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return last;
}

START_TEST(what_was_answered_survives_kill_9)
{
	uint64_t last = 0, meta, sum;
	int round, count;

	kit_init(&k, STORE_SQLITE);
	for (round = 0; round < ROUNDS; round++) {
		last = kill_committer(last + 1, 3 + 7 * round);
		kit_reopen(&k);
		meta = kit_find(&k, DTSS_RECORD_META, 0, 0, NULL, 0);
		/* the one that was under way is there or not, and whole */
		ck_assert(meta == last || meta == last + 1);
		count = kit_load(&k, &sum);
		ck_assert_int_eq(count, (int)(1 + meta * 2 * BATCH));
		last = meta;
		k.store->ops->close(k.store);
		k.store = NULL;
	}
	kit_close(&k);
}
END_TEST

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void ballast(int there)
{
	static char zeros[BALLAST];
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/ballast", k.dir);
	if (!there) {
		ck_assert_int_eq(unlink(path), 0);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, zeros, sizeof zeros), (ssize_t)sizeof zeros);
	ck_assert_int_eq(close(fd), 0);
}

/* Commits until there is no space; how many were answered. */
static uint64_t fill(void)
{
	uint64_t id;
	int result = DTSS_OK;

	for (id = 1; result == DTSS_OK; id++) {
		ck_assert_uint_lt(id, 1000);
		kit_meta(&k, id);
		kit_spec_payload(&k, id, 100000);
		kit_task(&k, id, DTSS_TASK_READY, 0);
		result = kit_commit(&k);
	}
	ck_assert_int_eq(result, DTSS_E_NOSPC);
	return id - 2;
}

/* Refused without a trace, also a second time; leading and reading go on. */
static void check_full(uint64_t count)
{
	struct dtss_store_op renew = { .size = sizeof renew, .type = DTSS_STORE_RENEW };
	struct dtss_store_done done;
	uint64_t sum, end;
	char *data = calloc(1, 500000);

	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_META, 0, 0, NULL, 0), count);
	kit_spec_payload(&k, 5000, 200000);
	ck_assert_int_eq(kit_commit(&k), DTSS_E_NOSPC);
	ck_assert_int_eq(kit_append(&k, 1, 0, data, 500000, &end), DTSS_E_NOSPC);
	renew.u.renew.epoch = k.epoch;
	kit_do(&k, &renew, &done);
	ck_assert_int_eq(done.result, DTSS_OK);
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), (int)(1 + 2 * count));
	free(data);
}

/* There is space again: the same store goes on, and all of it is there later. */
static void check_again(uint64_t count)
{
	uint64_t sum;

	kit_task(&k, 5001, DTSS_TASK_READY, 0);
	kit_spec(&k, 5001, "q", "after", NULL);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	kit_reopen(&k);
	ck_assert_int_eq(kit_load(&k, &sum), (int)(3 + 2 * count));
}

START_TEST(a_full_file_system_is_refused_until_there_is_space)
{
	uint64_t count;

	kit_init(&k, STORE_SQLITE);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", k.dir, "tmpfs", 0, DISK) < 0) {
		ck_assert(errno == EPERM || errno == EINVAL); /* not allowed here; the next test needs no right */
	} else {
		ballast(1);
		kit_reopen(&k);
		ck_assert_int_eq(kit_lead(&k), DTSS_OK);
		count = fill();
		ck_assert_uint_gt(count, 10);
		check_full(count);
		ballast(0);
		check_again(count);
		k.store->ops->close(k.store);
		k.store = NULL;
		ck_assert_int_eq(umount(k.dir), 0);
	}
	kit_close(&k);
}
END_TEST

START_TEST(a_file_at_its_size_limit_is_refused_until_it_may_grow)
{
	uint64_t count;

	kit_open(&k, STORE_SQLITE);
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit_files(3u << 20);
	count = fill();
	ck_assert_uint_gt(count, 10);
	check_full(count);
	limit_files(RLIM_INFINITY);
	check_again(count);
	kit_close(&k);
}
END_TEST

START_TEST(no_space_for_a_new_store_leaves_nothing)
{
	char message[512];

	kit_init(&k, STORE_SQLITE);
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit_files(8192);
	ck_assert_int_eq(dtss_sqlite_open(&k.store, k.path, message, sizeof message), DTSS_E_NOSPC);
	ck_assert_ptr_nonnull(strstr(message, k.path));
	ck_assert_int_eq(access(k.path, F_OK), -1);
	limit_files(RLIM_INFINITY);
	kit_reopen(&k);
	kit_close(&k);
}
END_TEST

Suite *suite_unit_sqlite_durable(void)
{
	Suite *s = suite_create("unit/sqlite_durable");
	TCase *tc = tcase_create("durable");

	tcase_add_test(tc, what_was_answered_survives_kill_9);
	tcase_add_test(tc, a_full_file_system_is_refused_until_there_is_space);
	tcase_add_test(tc, a_file_at_its_size_limit_is_refused_until_it_may_grow);
	tcase_add_test(tc, no_space_for_a_new_store_leaves_nothing);
	suite_add_tcase(s, tc);
	return s;
}
