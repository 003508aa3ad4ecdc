/* SPDX-License-Identifier: MIT */
/* What dtss_sqlite_open() takes, and what it refuses: with the right error, a sentence, and without touching the file. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/store_kit.h"

Suite *suite_unit_sqlite_file(void);

#define BYTES_MAX (1u << 20)

static struct store_kit k;
static char message[512];
static unsigned char before[BYTES_MAX], after[BYTES_MAX];

static void setup(void)
{
	kit_init(&k, STORE_SQLITE);
	message[0] = '\0';
}

static void teardown(void)
{
	kit_close(&k);
}

static void put(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static size_t get(const char *path, void *data)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	ck_assert_ptr_nonnull(f);
	len = fread(data, 1, BYTES_MAX, f);
	ck_assert_uint_lt(len, BYTES_MAX);
	ck_assert_int_eq(fclose(f), 0);
	return len;
}

static void change(off_t offset, const void *data, size_t len)
{
	int fd = open(k.path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, offset), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

static int exists(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof path, "%s%s", k.path, suffix);
	return access(path, F_OK) == 0;
}

static int open_store(void)
{
	struct dtss_store *store = NULL;
	int error = dtss_sqlite_open(&store, k.path, message, sizeof message);

	k.store = store;
	return error;
}

static void close_store(void)
{
	k.store->ops->close(k.store);
	k.store = NULL;
}

/* With that error, a sentence that names the file, and the file as it was. */
static void check_refused(int error)
{
	size_t len = get(k.path, before);

	ck_assert_int_eq(open_store(), error);
	ck_assert_ptr_null(k.store);
	ck_assert_msg(strstr(message, k.path) != NULL, "%s", message);
	ck_assert_uint_gt(strlen(message), strlen(k.path) + 10);
	ck_assert_uint_eq(get(k.path, after), len);
	ck_assert(memcmp(before, after, len) == 0);
	ck_assert_int_eq(dtss_sqlite_open(&k.store, k.path, NULL, 0), error); /* nobody need listen */
}

/* A store with some tasks, closed again. */
static void make_store(void)
{
	uint64_t id;

	ck_assert_int_eq(open_store(), DTSS_OK);
	k.epoch = 0;
	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	for (id = 1; id <= 200; id++) {
		kit_task(&k, id, DTSS_TASK_READY, 0);
		kit_spec(&k, id, "queue", "a name that can be found in the file", NULL);
	}
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	close_store();
}

START_TEST(a_new_file_is_the_owners_alone)
{
	struct stat st;
	mode_t mask = umask(0);

	ck_assert_int_eq(open_store(), DTSS_OK);
	umask(mask);
	ck_assert_int_eq(stat(k.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert(exists(".lock"));
	ck_assert(!exists(".new"));
	close_store();
	ck_assert(!exists("-wal")); /* all is in the one file */
}
END_TEST

START_TEST(an_empty_file_becomes_a_store)
{
	put(k.path, "", 0);
	put(strcat(strcpy(message, k.path), ".new"), "of one who was killed", 21);
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert(!exists(".new"));
}
END_TEST

START_TEST(where_nothing_can_be_it_says_why)
{
	ck_assert_int_eq(dtss_sqlite_open(&k.store, "/nonexistent/store", message, sizeof message), DTSS_E_IO);
	ck_assert_ptr_nonnull(strstr(message, "/nonexistent/store"));
	ck_assert_ptr_nonnull(strstr(message, "No such file"));
	ck_assert_int_eq(dtss_sqlite_open(&k.store, "", message, sizeof message), DTSS_E_IO);
	ck_assert_int_eq(dtss_sqlite_open(&k.store, k.dir, message, sizeof message), DTSS_E_NOT_OURS);
	ck_assert_ptr_null(k.store);
}
END_TEST

START_TEST(another_file_is_not_ours_and_stays_untouched)
{
	static const char *const texts[] = { "x", "root:x:0:0:root:/root:/bin/bash\n", "SQLite format 3" };
	static char big[8192];

	memset(big, 'A', sizeof big);
	if (_i < 3)
		put(k.path, texts[_i], strlen(texts[_i]) + (_i == 2));
	else
		put(k.path, big, sizeof big);
	check_refused(DTSS_E_NOT_OURS);
	ck_assert(!exists(".lock"));
}
END_TEST

START_TEST(the_database_of_another_program_is_not_ours)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(k.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	check_refused(DTSS_E_NOT_OURS);
	ck_assert(!exists(".lock"));
}
END_TEST

START_TEST(a_newer_format_is_refused)
{
	static const unsigned char newer[4] = { 0, 0, 0, 3 };

	make_store();
	change(60, newer, 4); /* user_version */
	check_refused(DTSS_E_VERSION);
	ck_assert_ptr_nonnull(strstr(message, "format 3"));
}
END_TEST

START_TEST(a_store_that_was_cut_is_damaged)
{
	make_store();
	ck_assert_int_eq(truncate(k.path, 8192), 0);
	check_refused(DTSS_E_CORRUPT);
}
END_TEST

/* One page after the other is overwritten: that is found at open, or by load, or it was a free or an index page. */
START_TEST(damaged_pages_are_found)
{
	static unsigned char rubbish[4096];
	size_t len, page;
	int found = 0, result;
	uint64_t sum, good;

	make_store();
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &good), 400);
	close_store();
	len = get(k.path, after);
	memset(rubbish, 0x5a, sizeof rubbish);
	for (page = 0; page < len / 4096; page++) {
		put(k.path, after, len);
		change((off_t)page * 4096 + (page == 0 ? 100 : 0), rubbish, page == 0 ? 3996 : 4096);
		result = open_store();
		if (result == DTSS_OK) {
			result = kit_load(&k, &sum);
			close_store();
		}
		ck_assert(result == DTSS_E_CORRUPT || (result == 400 && sum == good));
		found += result == DTSS_E_CORRUPT;
	}
	ck_assert_int_gt(found, 8);
}
END_TEST

/* One bit in a record is not SQLite's to find. */
START_TEST(a_flipped_bit_in_a_record_is_found)
{
	static const char needle[] = "a name that can be found";
	struct dtss_store_done done;
	unsigned char *at;
	uint64_t sum;
	size_t len;

	make_store();
	len = get(k.path, before);
	while ((at = memmem(before, len, needle, sizeof needle - 1)) != NULL) /* copies in unused places too */
		*at ^= 1;
	put(k.path, before, len);
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), DTSS_E_CORRUPT);
	ck_assert_int_eq(kit_load(&k, &sum), DTSS_E_CORRUPT); /* and it stays so */
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_E_CORRUPT);
	ck_assert_int_eq(kit_lead(&k), DTSS_E_CORRUPT);
}
END_TEST

START_TEST(a_store_without_a_table_is_damaged)
{
	sqlite3 *db;

	make_store();
	ck_assert_int_eq(sqlite3_open(k.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DROP TABLE worker", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	check_refused(DTSS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(message, "worker"));
}
END_TEST

/* A process that holds the store until it is killed. */
static pid_t holder(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		byte = open_store() == DTSS_OK ? '1' : '0';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, '1');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

START_TEST(one_process_at_a_time)
{
	struct dtss_store *second = NULL;
	char link[128];
	pid_t pid = holder();

	ck_assert_int_eq(open_store(), DTSS_E_BUSY);
	ck_assert_ptr_nonnull(strstr(message, k.path));
	ck_assert_ptr_nonnull(strstr(message, "in use"));
	snprintf(link, sizeof link, "%s.link", k.path);
	ck_assert_int_eq(symlink(k.path, link), 0);
	ck_assert_int_eq(dtss_sqlite_open(&second, link, message, sizeof message), DTSS_E_BUSY);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(open_store(), DTSS_OK); /* its lock died with it */
	ck_assert_int_eq(dtss_sqlite_open(&second, k.path, message, sizeof message), DTSS_E_BUSY);
	ck_assert_ptr_null(second);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK); /* asking did not harm the first */
}
END_TEST

START_TEST(identity_and_epoch_last_and_a_restore_renews_the_identity)
{
	struct dtss_store_info first, again;
	sqlite3 *db;
	uint64_t epoch;

	make_store();
	epoch = k.epoch;
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(k.store->ops->info(k.store, &first), DTSS_OK);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	ck_assert_uint_eq(k.epoch, epoch + 1);
	kit_reopen(&k);
	ck_assert_int_eq(k.store->ops->info(k.store, &again), DTSS_OK);
	ck_assert_mem_eq(first.identity, again.identity, DTSS_IDENTITY_LEN);
	close_store();
	ck_assert_int_eq(sqlite3_open(k.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM meta WHERE key = 'identity'", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(k.store->ops->info(k.store, &again), DTSS_OK);
	ck_assert_mem_ne(first.identity, again.identity, DTSS_IDENTITY_LEN);
	kit_reopen(&k);
	ck_assert_int_eq(k.store->ops->info(k.store, &first), DTSS_OK);
	ck_assert_mem_eq(first.identity, again.identity, DTSS_IDENTITY_LEN);
}
END_TEST

/* As dtss_persistence(7) says, from another connection, while the store goes on. */
START_TEST(a_backup_of_a_running_store_is_a_store)
{
	char sql[256], backup[128];
	sqlite3 *db;
	uint64_t sum;

	make_store();
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	snprintf(backup, sizeof backup, "%s.backup", k.path);
	snprintf(sql, sizeof sql, "VACUUM INTO '%s'", backup);
	ck_assert_int_eq(sqlite3_open(k.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	kit_task(&k, 201, DTSS_TASK_READY, 0);
	kit_spec(&k, 201, "q", "later", NULL);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	close_store();
	strcpy(k.path, backup);
	ck_assert_int_eq(open_store(), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 400);
}
END_TEST

START_TEST(a_lock_that_is_a_link_is_refused)
{
	char lock[600], target[600];

	snprintf(lock, sizeof lock, "%s.lock", k.path);
	snprintf(target, sizeof target, "%s.elsewhere", k.path);
	ck_assert_int_eq(symlink(target, lock), 0);
	ck_assert_int_eq(open_store(), DTSS_E_IO);
	ck_assert_ptr_nonnull(strstr(message, "lock file"));
	ck_assert_int_lt(access(target, F_OK), 0);
}
END_TEST

Suite *suite_unit_sqlite_file(void)
{
	Suite *s = suite_create("unit/sqlite_file");
	TCase *tc = tcase_create("open");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_new_file_is_the_owners_alone);
	tcase_add_test(tc, an_empty_file_becomes_a_store);
	tcase_add_test(tc, where_nothing_can_be_it_says_why);
	tcase_add_loop_test(tc, another_file_is_not_ours_and_stays_untouched, 0, 4);
	tcase_add_test(tc, the_database_of_another_program_is_not_ours);
	tcase_add_test(tc, a_newer_format_is_refused);
	tcase_add_test(tc, a_store_that_was_cut_is_damaged);
	tcase_add_test(tc, damaged_pages_are_found);
	tcase_add_test(tc, a_flipped_bit_in_a_record_is_found);
	tcase_add_test(tc, a_store_without_a_table_is_damaged);
	tcase_add_test(tc, one_process_at_a_time);
	tcase_add_test(tc, a_lock_that_is_a_link_is_refused);
	tcase_add_test(tc, a_backup_of_a_running_store_is_a_store);
	tcase_add_test(tc, identity_and_epoch_last_and_a_restore_renews_the_identity);
	suite_add_tcase(s, tc);
	return s;
}
