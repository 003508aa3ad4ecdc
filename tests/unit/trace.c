/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dtss.h>
#include "core/hash.h"
#include "support/rig.h"

Suite *suite_unit_trace(void);

/* A node in memory that records to files, and what a replay of them finds. */
struct recording {
	char dir[64];
	struct dtss_node *node;
	struct dtss_time now;
	uint64_t digest, seq; /* when it was closed */
};

static void record_open(struct recording *r, uint64_t bytes_max)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	char message[256] = "";

	ck_assert_msg(dtss_trace_open(&cfg.trace, r->dir, bytes_max, NULL, message, sizeof message) == 0, "%s",
		      message);
	ck_assert_int_eq(dtss_node_open(&r->node, &cfg, r->now), 0);
	ck_assert_int_eq(dtss_node_step(r->node, r->now), 0);
}

static void record_begin(struct recording *r, uint64_t bytes_max)
{
	memset(r, 0, sizeof *r);
	snprintf(r->dir, sizeof r->dir, "/tmp/dtss-trace-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->dir));
	r->now = (struct dtss_time){ 1000000000, INT64_C(1700000000000000000) };
	record_open(r, bytes_max);
}

static uint64_t record_submit(struct recording *r, const char *name, size_t payload_len)
{
	static const char payload[8192];
	struct dtss_task_spec spec = rig_spec(name);
	dtss_task_id id;

	spec.payload = payload;
	spec.payload_len = payload_len;
	r->now.mono_ns += 1000000;
	r->now.wall_ns += 1000000;
	ck_assert_int_eq(dtss_node_submit(r->node, r->now, &spec, &id), 0);
	return id.v;
}

static int32_t record_error(const struct recording *r)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(r->node, &info);
	return info.trace_error;
}

static void record_close(struct recording *r)
{
	struct dtss_stats stats = { .size = sizeof stats };

	r->digest = dtss_sched_digest_all(dtss_node_sched(r->node));
	dtss_sched_stats(dtss_node_sched(r->node), &stats);
	r->seq = stats.seq;
	dtss_node_close(r->node);
	r->node = NULL;
}

/* The n-th segment by name, from 0; how many there are. */
static size_t record_file(const struct recording *r, size_t n, char path[512])
{
	struct dirent **entries;
	int count = scandir(r->dir, &entries, NULL, alphasort);
	size_t found = 0;

	ck_assert_int_ge(count, 2);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.' && found++ == n)
			snprintf(path, 512, "%s/%s", r->dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return found;
}

static void record_clean(struct recording *r)
{
	char path[512];

	while (record_file(r, 0, path) > 0)
		ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(r->dir), 0);
}

static uint8_t *record_read(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);

	ck_assert_ptr_nonnull(f);
	*ret_len = fread(data, 1, 1 << 20, f);
	ck_assert_int_eq(fclose(f), 0);
	return data;
}

static struct dtss_replay *replay_new(void)
{
	struct dtss_replay *replay;

	ck_assert_int_eq(dtss_replay_create(&replay, NULL), 0);
	return replay;
}

static struct dtss_replay_info replay_info(const struct dtss_replay *replay)
{
	struct dtss_replay_info info = { .size = sizeof info };

	dtss_replay_info(replay, &info);
	return info;
}

static int replay_bytes(struct dtss_replay *replay, const uint8_t *data, size_t len)
{
	size_t used;
	int rc;

	while ((rc = dtss_replay_feed(replay, data, len, &used)) == 1) {
		ck_assert_uint_le(used, len);
		data += used;
		len -= used;
	}
	return rc;
}

START_TEST(what_was_recorded_ends_the_same)
{
	struct dtss_replay *replay = replay_new();
	struct recording r;
	struct stat st;
	char message[256] = "", path[512];

	record_begin(&r, 0);
	record_submit(&r, "a", 1);
	record_submit(&r, "b", 5000);
	record_close(&r);
	ck_assert_uint_eq(record_file(&r, 0, path), 1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_msg(dtss_replay_path(replay, r.dir, DTSS_NEVER, message, sizeof message) == 0, "%s", message);
	ck_assert_uint_eq(dtss_sched_digest_all(dtss_replay_sched(replay)), r.digest);
	ck_assert_uint_eq(replay_info(replay).seq, r.seq);
	ck_assert_uint_eq(replay_info(replay).events, r.seq);
	ck_assert_uint_ge(replay_info(replay).marks, 1);
	ck_assert_str_eq(replay_info(replay).version, dtss_version());
	dtss_replay_destroy(replay);
	record_clean(&r);
}
END_TEST

START_TEST(a_cut_off_trace_is_replayed_up_to_its_last_whole_frame)
{
	struct recording r;
	uint8_t *data;
	char path[512];
	size_t len, cut;
	uint64_t seq = 0;

	record_begin(&r, 0);
	record_submit(&r, "a", 1);
	record_close(&r);
	record_file(&r, 0, path);
	data = record_read(path, &len);
	for (cut = 0; cut <= len; cut++) {
		struct dtss_replay *replay = replay_new();

		ck_assert_int_eq(replay_bytes(replay, data, cut), 0);
		ck_assert_uint_ge(replay_info(replay).seq, seq);
		seq = replay_info(replay).seq;
		dtss_replay_destroy(replay);
	}
	ck_assert_uint_eq(seq, r.seq);
	free(data);
	record_clean(&r);
}
END_TEST

START_TEST(a_damaged_trace_is_refused)
{
	struct recording r;
	uint8_t *data;
	char path[512];
	size_t len, at;

	record_begin(&r, 0);
	record_submit(&r, "a", 1);
	record_close(&r);
	record_file(&r, 0, path);
	data = record_read(path, &len);
	for (at = 0; at < len; at++) {
		struct dtss_replay *replay = replay_new();
		int rc;

		data[at] ^= 0x10;
		rc = replay_bytes(replay, data, len);
		/* a length that became longer than what is there looks as if it was cut off */
		ck_assert(rc == DTSS_E_CORRUPT || rc == DTSS_E_VERSION ||
			  (rc == 0 && replay_info(replay).seq <= r.seq));
		data[at] ^= 0x10;
		dtss_replay_destroy(replay);
	}
	free(data);
	record_clean(&r);
}
END_TEST

/* The last frame is the mark: with another digest, and a sum that fits. */
START_TEST(another_digest_is_found)
{
	struct dtss_replay *replay = replay_new();
	struct recording r;
	uint8_t *data, *mark;
	char path[512];
	size_t len;
	uint32_t crc;

	record_begin(&r, 0);
	record_close(&r);
	record_file(&r, 0, path);
	data = record_read(path, &len);
	mark = data + len - (12 + 28 + 8);
	mark[12 + 28] ^= 1;
	crc = hash_crc32c(0, mark + 4, 12 + 28 + 8 - 4);
	for (int i = 0; i < 4; i++)
		mark[i] = (uint8_t)(crc >> 8 * i);
	ck_assert_int_eq(replay_bytes(replay, data, len), DTSS_E_BUG);
	mark[12 + 28] ^= 1;
	ck_assert_int_eq(replay_bytes(replay, data + len - 48, 48), DTSS_E_CORRUPT);
	dtss_replay_destroy(replay);
	free(data);
	record_clean(&r);
}
END_TEST

START_TEST(the_oldest_segments_go)
{
	struct dtss_replay *replay = replay_new();
	char path[512], message[256] = "";
	struct recording r;
	uint64_t bytes = 0;
	struct stat st;
	size_t i, count;

	record_begin(&r, 65536);
	for (i = 0; i < 100; i++) {
		uint64_t id = record_submit(&r, "a", 3000);
		struct dtss_request cancel = { .size = sizeof cancel, .type = DTSS_REQUEST_CANCEL };
		struct dtss_answer answer = { .size = sizeof answer };

		cancel.u.task.v = id;
		ck_assert_int_eq(dtss_node_request(r.node, r.now, &cancel), 0);
		ck_assert_int_eq(dtss_node_step(r.node, r.now), 0);
		ck_assert_int_eq(dtss_node_answer(r.node, &answer), 1);
		ck_assert_int_eq(answer.result, 0);
	}
	ck_assert_int_eq(record_error(&r), 0);
	record_close(&r);
	count = record_file(&r, 0, path);
	ck_assert_uint_gt(count, 4);
	for (i = 0; i < count; i++) {
		record_file(&r, i, path);
		ck_assert_int_eq(stat(path, &st), 0);
		bytes += (uint64_t)st.st_size;
	}
	ck_assert_uint_le(bytes, 65536);
	record_file(&r, 0, path);
	ck_assert_ptr_null(strstr(path, "000000000001.trace"));
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, DTSS_NEVER, message, sizeof message), 0);
	ck_assert_uint_eq(dtss_sched_digest_all(dtss_replay_sched(replay)), r.digest);
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, 2, message, sizeof message), DTSS_E_COMPACTED);
	ck_assert_ptr_nonnull(strstr(message, "compacted: the oldest recorded event is "));
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, r.seq, message, sizeof message), 0);
	ck_assert_uint_eq(replay_info(replay).seq, r.seq);
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, r.seq + 1, message, sizeof message), DTSS_E_NOT_FOUND);
	dtss_replay_destroy(replay);
	record_clean(&r);
}
END_TEST

START_TEST(a_past_decision_is_explained)
{
	struct dtss_replay *replay = replay_new();
	struct dtss_explanation why = { .size = sizeof why };
	struct recording r;
	char message[256] = "";
	dtss_task_id first;

	record_begin(&r, 0);
	first.v = record_submit(&r, "a", 1); /* event 2, after the lead */
	record_submit(&r, "b", 1);
	record_close(&r);
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, 1, message, sizeof message), 0);
	ck_assert_int_eq(dtss_sched_explain(dtss_replay_sched(replay), replay_info(replay).now, first, &why),
			 DTSS_E_NOT_FOUND);
	ck_assert_int_eq(dtss_replay_path(replay, r.dir, 2, message, sizeof message), 0);
	ck_assert_int_eq(dtss_sched_explain(dtss_replay_sched(replay), replay_info(replay).now, first, &why), 0);
	ck_assert_str_eq(why.text, "no worker is registered");
	ck_assert_int_eq(replay_info(replay).now.wall_ns, INT64_C(1700000000001000000));
	dtss_replay_destroy(replay);
	record_clean(&r);
}
END_TEST

START_TEST(what_was_made_while_nothing_was_recorded_is_said_so)
{
	struct dtss_replay *replay = replay_new();
	struct recording r;
	char message[256] = "", first[512];

	record_begin(&r, 0);
	record_close(&r);
	record_file(&r, 0, first);
	ck_assert_int_eq(truncate(first, 200), 0); /* the head alone */
	record_open(&r, 0);
	record_close(&r);
	ck_assert_int_eq(dtss_replay_path(replay, first, 1, message, sizeof message), DTSS_E_NOT_FOUND);
	ck_assert_int_eq(unlink(first), 0);
	ck_assert_int_eq(dtss_replay_path(replay, first, 1, message, sizeof message), DTSS_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(message, "No such file"));
	dtss_replay_destroy(replay);
	record_clean(&r);
}
END_TEST

START_TEST(too_small_a_trace_is_refused)
{
	struct dtss_trace *trace;
	char message[64] = "";

	ck_assert_int_eq(dtss_trace_open(&trace, "/tmp", 65535, NULL, message, sizeof message), DTSS_E_INVALID);
	ck_assert_str_ne(message, "");
	ck_assert_int_eq(dtss_trace_open(&trace, "/proc/nothing", 0, NULL, message, sizeof message), DTSS_E_IO);
	ck_assert_ptr_nonnull(strstr(message, "/proc/nothing: "));
	ck_assert_int_eq(dtss_trace_open(&trace, "/proc/nothing", 0, NULL, NULL, 0), DTSS_E_IO);
}
END_TEST

START_TEST(a_snapshot_that_fits_nowhere_is_told)
{
	struct recording r;
	size_t i;

	record_begin(&r, 65536);
	for (i = 0; i < 12; i++)
		record_submit(&r, "a", 8000);
	ck_assert_int_eq(record_error(&r), DTSS_E_FULL);
	record_submit(&r, "it goes on", 1);
	dtss_node_close(r.node);
	record_clean(&r);
}
END_TEST

Suite *suite_unit_trace(void)
{
	Suite *s = suite_create("unit_trace");
	TCase *t = tcase_create("trace");

	tcase_add_test(t, what_was_recorded_ends_the_same);
	tcase_add_test(t, a_cut_off_trace_is_replayed_up_to_its_last_whole_frame);
	tcase_add_test(t, a_damaged_trace_is_refused);
	tcase_add_test(t, another_digest_is_found);
	tcase_add_test(t, the_oldest_segments_go);
	tcase_add_test(t, a_past_decision_is_explained);
	tcase_add_test(t, what_was_made_while_nothing_was_recorded_is_said_so);
	tcase_add_test(t, too_small_a_trace_is_refused);
	tcase_add_test(t, a_snapshot_that_fits_nowhere_is_told);
	suite_add_tcase(s, t);
	return s;
}
