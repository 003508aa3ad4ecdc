/* SPDX-License-Identifier: MIT */
#include "fuzz/support/image.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_PAGE 4096
#define IMAGE_BYTES_MAX (1 << 20)
#define IMAGE_PATCHES_MAX 16
#define IMAGE_START_NS UINT64_C(1000000000)

static struct image image;

/* ---- the whole one ---- */

static struct dtss_time at_ms(uint64_t ms)
{
	return (struct dtss_time){ IMAGE_START_NS + ms * 1000000,
				   INT64_C(1700000000000000000) + (int64_t)ms * 1000000 };
}

static void append_log(struct dtss_node *node, const struct dtss_work *work)
{
	static const char text[] = "what it wrote\n";
	struct dtss_request request = { .size = sizeof request, .token = 1, .type = DTSS_REQUEST_LOG_APPEND };
	struct dtss_answer answer = { .size = sizeof answer };

	request.u.log_append.task = work->task;
	request.u.log_append.chunk.fence = work->fence;
	request.u.log_append.chunk.stream = 1;
	request.u.log_append.chunk.data = text;
	request.u.log_append.chunk.len = sizeof text - 1;
	ck_assert_int_eq(dtss_node_request(node, at_ms(1), &request), 0);
	while (dtss_node_answer(node, &answer) != 1)
		ck_assert_int_eq(dtss_node_step(node, at_ms(1)), 0);
	ck_assert_int_eq(answer.result, 0);
}

/* History with and without success, a log, a task that runs, one that is held, one that waits for another. */
static void fill(struct dtss_node *node)
{
	static const struct dtss_pair label = { "l", "v" };
	const struct dtss_outcome failed = { .cause = DTSS_CAUSE_EXIT, .exit_code = 3, .detail = "it did not work" };
	struct dtss_task_spec spec = { .size = sizeof spec, .name = "first", .key = "k", .labels = &label };
	struct dtss_after after = { { 3 }, 0, 0 };
	struct dtss_work work = { 0 };
	dtss_task_id id;
	int i;

	spec.label_count = 1;
	for (i = 0; i < 3; i++) {
		spec.key = i == 0 ? "k" : NULL;
		ck_assert_int_eq(dtss_node_submit(node, at_ms(0), &spec, &id), 0);
		while (dtss_node_take(node, at_ms(1), &work) == 0)
			ck_assert_int_eq(dtss_node_step(node, at_ms(1)), 0);
		append_log(node, &work);
		if (i < 2)
			ck_assert_int_eq(dtss_node_finish(node, at_ms(2), work.fence, i ? &failed : NULL), 0);
		if (i == 0)
			image.fence = work.fence;
	}
	spec.name = "held";
	spec.flags = DTSS_SPEC_HELD;
	ck_assert_int_eq(dtss_node_submit(node, at_ms(3), &spec, &id), 0);
	spec.flags = 0;
	spec.after = &after;
	spec.after_count = 1;
	ck_assert_int_eq(dtss_node_submit(node, at_ms(3), &spec, &id), 0);
}

static void read_whole(void)
{
	FILE *file = fopen(image.path, "rb");

	ck_assert_ptr_nonnull(file);
	image.whole = malloc(IMAGE_BYTES_MAX);
	ck_assert_ptr_nonnull(image.whole);
	image.len = fread(image.whole, 1, IMAGE_BYTES_MAX, file);
	ck_assert(image.len > 0 && image.len < IMAGE_BYTES_MAX);
	fclose(file);
}

static void find_records(void)
{
	sqlite3_stmt *st;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(image.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
					    "SELECT value FROM meta WHERE key = 'record' UNION ALL"
					    " SELECT data FROM task UNION ALL SELECT data FROM spec UNION ALL"
					    " SELECT data FROM attempt UNION ALL SELECT data FROM key UNION ALL"
					    " SELECT data FROM worker UNION ALL SELECT data FROM history UNION ALL"
					    " SELECT first FROM task WHERE first IS NOT NULL UNION ALL"
					    " SELECT first FROM history WHERE first IS NOT NULL",
					    -1, &st, NULL),
			 SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW && image.record_count < 64) {
		size_t len = (size_t)sqlite3_column_bytes(st, 0);
		const uint8_t *found = memmem(image.whole, image.len, sqlite3_column_blob(st, 0), len);

		ck_assert_ptr_nonnull(found);
		image.records[image.record_count].at = (size_t)(found - image.whole);
		image.records[image.record_count++].len = len;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	ck_assert_uint_gt(image.record_count, 8);
}

static void remove_all(void)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal", ".lock", ".new" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof tails / sizeof *tails; i++) {
		snprintf(path, sizeof path, "%s%s", image.path, tails[i]);
		unlink(path); /* most of them are not there */
	}
}

static void remove_dir(void)
{
	remove_all();
	rmdir(image.dir);
}

const struct image *image_get(void)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_node *node;

	if (image.whole)
		return &image;
	snprintf(image.dir, sizeof image.dir, "%s/dtss-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(image.dir));
	snprintf(image.path, sizeof image.path, "%s/store", image.dir);
	atexit(remove_dir);
	ck_assert_int_eq(dtss_sqlite_open(&cfg.store, image.path, NULL, 0), 0);
	ck_assert_int_eq(dtss_node_open(&node, &cfg, at_ms(0)), 0);
	fill(node);
	dtss_node_close(node);
	read_whole();
	find_records();
	return &image;
}

/* ---- damage ---- */

static void patch_bytes(uint8_t *bytes, size_t len, struct fuzz_in *in)
{
	size_t at, n;
	const uint8_t *p;

	if (len == 0)
		return;
	at = fuzz_below(in, len);
	p = fuzz_take(in, 1 + fuzz_below(in, 16), &n);
	memcpy(bytes + at, p, n < len - at ? n : len - at);
}

/* Of a page the first bytes matter most: its type, its cells. */
static void patch_page(uint8_t *bytes, size_t len, struct fuzz_in *in)
{
	size_t page = fuzz_below(in, (len + IMAGE_PAGE - 1) / IMAGE_PAGE) * IMAGE_PAGE, left = len - page;

	patch_bytes(bytes + page, left < 128 ? left : 128, in);
}

static void copy_page(uint8_t *bytes, size_t len, struct fuzz_in *in)
{
	size_t pages = len / IMAGE_PAGE, from, to;

	if (pages == 0)
		return;
	from = fuzz_below(in, pages);
	to = fuzz_below(in, pages);
	memmove(bytes + to * IMAGE_PAGE, bytes + from * IMAGE_PAGE, IMAGE_PAGE);
}

/* A record that is not what it was, and whose sum is right. */
static void patch_record(uint8_t *bytes, size_t len, struct fuzz_in *in)
{
	const struct image_record *record = &image.records[fuzz_below(in, image.record_count)];

	if (record->at + record->len > len)
		return;
	patch_bytes(bytes + record->at, record->len, in);
	fuzz_seal_record(bytes + record->at, record->len);
}

static size_t damage(uint8_t *bytes, size_t len, struct fuzz_in *in)
{
	int patches;

	for (patches = 0; in->left > 0 && len > 0 && patches < IMAGE_PATCHES_MAX; patches++) {
		switch (fuzz_below(in, 7)) {
		case 0:
			patch_bytes(bytes, len, in);
			break;
		case 1:
			patch_page(bytes, len, in);
			break;
		case 2:
			copy_page(bytes, len, in);
			break;
		case 3:
			len = fuzz_below(in, image.len + 1);
			break;
		case 4:
			patch_bytes(bytes, len < 100 ? len : 100, in); /* the header */
			break;
		default:
			patch_record(bytes, len, in);
		}
	}
	return len;
}

void image_write(const struct image *whole, struct fuzz_in *in)
{
	uint8_t *bytes = fuzz_copy(whole->whole, whole->len);
	size_t len = damage(bytes, whole->len, in);
	FILE *file;

	remove_all();
	file = fopen(whole->path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
	free(bytes);
}
