/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "codec/wire.h"
#include "core/engine.h"
#include "core/hash.h"
#include "core/snapshot.h"
#include "support/engine.h"
#include "support/onward.h"

Suite *suite_unit_snapshot_damage(void);

/*
 * Pieces of a snapshot that are whole, and do not belong together: one is missing, there twice, in another's place, too
 * short, or names what does not exist. It is refused, or what comes of it leads, is sound and goes on; it never
 * crashes, and nothing leaks.
 */
#define PIECES_MAX 512

struct piece {
	unsigned char *bytes;
	size_t len;
};

static struct engine e;
static struct piece pieces[PIECES_MAX];
static size_t piece_count;
static uint64_t whole; /* its digest_all */

static dtss_task_id submit(const char *name, const char *key, const char *tag, dtss_task_id after)
{
	struct dtss_task_spec spec = engine_spec(name);
	struct dtss_after parent = { after, 0, 0 };

	spec.key = key;
	spec.tags = &tag;
	spec.tag_count = tag != NULL;
	spec.after = &parent;
	spec.after_count = after.v > 0;
	spec.retry.attempts_max = 3;
	return engine_submit(&e, &spec);
}

/* Something for every section. */
static void world(void)
{
	const dtss_task_id none = { 0 };
	dtss_task_id running, delayed, stopping, held;
	struct dtss_placement placement;
	struct engine_agent *p;

	engine_open(&e, NULL);
	engine_join(&e, "a", 2, "x");
	p = engine_agent(&e, "p", 2, "p");
	p->kind = DTSS_WORKER_PLACEMENT;
	p->address = "1.2.3.4:5";
	engine_beat(&e, p);
	running = submit("runs", "k", "x", none);
	engine_pump(&e);
	engine_started(&e, running);
	submit("child", NULL, NULL, running);
	submit("other child", NULL, NULL, running);
	delayed = submit("delayed", NULL, NULL, none);
	engine_pump(&e);
	engine_exit(&e, delayed, 1);
	engine_exit(&e, submit("done", "finished", "x", none), 0);
	engine_pump(&e);
	engine_exit(&e, (dtss_task_id){ 5 }, 0);
	submit("parked", NULL, "nowhere", none);
	engine_pump(&e);
	stopping = submit("stops", NULL, "x", none);
	engine_pump(&e);
	ck_assert_int_eq(engine_started(&e, stopping), 0);
	ck_assert_int_eq(dtss_sched_cancel(e.s, e.now, stopping, NULL), 0);
	held = submit("held", "h", NULL, running);
	ck_assert_int_eq(dtss_sched_hold(e.s, e.now, held), 0);
	engine_pump(&e);
	ck_assert_int_eq(dtss_sched_place(e.s, e.now, (const char *const[]){ "p" }, 1, &placement), 0);
	whole = dtss_sched_digest_all(e.s);
}

static void setup(void)
{
	struct dtss_snapshot c = { .size = sizeof c };
	const void *bytes;
	size_t len;
	int rc;

	world();
	for (piece_count = 0; (rc = dtss_sched_snapshot(e.s, &c, &bytes, &len)) == 1; piece_count++) {
		ck_assert_uint_lt(piece_count, PIECES_MAX - 1);
		pieces[piece_count].bytes = malloc(len + 1);
		ck_assert_ptr_nonnull(pieces[piece_count].bytes);
		memcpy(pieces[piece_count].bytes, bytes, len);
		pieces[piece_count].len = len;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(piece_count, 20);
}

static void teardown(void)
{
	size_t i;

	for (i = 0; i < piece_count; i++)
		free(pieces[i].bytes);
	engine_close(&e);
}

static void sum(struct piece *p)
{
	uint32_t crc, len = (uint32_t)p->len;
	int i;

	for (i = 0; i < 4; i++)
		p->bytes[8 + i] = (unsigned char)(len >> 8 * i);
	crc = hash_crc32c(0, p->bytes + 4, p->len - 4);
	for (i = 0; i < 4; i++)
		p->bytes[i] = (unsigned char)(crc >> 8 * i);
}

/* 1 when it was taken whole and leads. */
static int restore(void)
{
	struct dtss_sched *s;
	size_t i;
	int error = 0, leads;

	ck_assert_int_eq(dtss_sched_create(&s, &e.cfg, &e.standby_mem.mem), 0);
	for (i = 0; i < piece_count && error == 0; i++)
		error = dtss_sched_restore(s, pieces[i].bytes, pieces[i].len);
	ck_assert(error == 0 || error == DTSS_E_CORRUPT || error == DTSS_E_STATE || error == DTSS_E_VERSION);
	leads = error == 0 && s->epoch > 0;
	if (leads && snapshot_latest(s) <= e.now.mono_ns) /* else a replay refuses it, too */
		onward(s, e.now, 3, NULL);
	dtss_sched_destroy(s);
	return leads;
}

START_TEST(the_whole_is_taken)
{
	struct dtss_sched *s;
	size_t i;

	ck_assert_int_eq(dtss_sched_create(&s, &e.cfg, &e.standby_mem.mem), 0);
	for (i = 0; i < piece_count; i++)
		ck_assert_int_eq(dtss_sched_restore(s, pieces[i].bytes, pieces[i].len), 0);
	ck_assert_uint_eq(dtss_sched_digest_all(s), whole);
	dtss_sched_destroy(s);
}
END_TEST

START_TEST(a_piece_is_missing_or_there_twice_or_early)
{
	struct piece kept[PIECES_MAX];
	size_t i, count = piece_count, refused = 0;

	memcpy(kept, pieces, sizeof kept);
	for (i = 0; i < count; i++) {
		memmove(&pieces[i], &kept[i + 1], (count - i - 1) * sizeof *pieces);
		piece_count = count - 1;
		refused += !restore();
		memcpy(&pieces[i], &kept[i], (count - i) * sizeof *pieces);
		memmove(&pieces[i + 1], &kept[i], (count - i) * sizeof *pieces);
		piece_count = count + 1;
		refused += !restore();
		memcpy(pieces, kept, sizeof kept);
		piece_count = count;
		if (i + 1 == count)
			break;
		pieces[i] = kept[i + 1];
		pieces[i + 1] = kept[i];
		refused += !restore();
		memcpy(pieces, kept, sizeof kept);
	}
	ck_assert_uint_gt(refused, count / 2);
}
END_TEST

START_TEST(a_piece_is_shorter_or_longer)
{
	size_t i, cut, refused = 0, tried = 0;

	for (i = 0; i < piece_count; i++) {
		struct piece kept = pieces[i];

		for (cut = 0; cut <= 12 && cut + WIRE_HEADER < kept.len; cut++) {
			pieces[i].bytes = malloc(kept.len + 1);
			ck_assert_ptr_nonnull(pieces[i].bytes);
			memcpy(pieces[i].bytes, kept.bytes, kept.len);
			pieces[i].bytes[kept.len] = 0;
			pieces[i].len = cut ? kept.len - cut : kept.len + 1;
			sum(&pieces[i]);
			refused += !restore();
			tried++;
			free(pieces[i].bytes);
		}
		pieces[i] = kept;
	}
	ck_assert_uint_ge(refused + piece_count, tried); /* a text at the end may be a shorter one */
}
END_TEST

/* One byte of a piece is another, the section's number too; or a whole number is. */
START_TEST(a_piece_names_what_is_not_there)
{
	static const struct {
		unsigned char clear, flip, top;
		size_t len;
	} damage[] = { { 0xff, 1, 0, 1 },    { 0xff, 0x40, 0, 1 }, { 0xff, 0xff, 0, 1 },
		       { 0, 0, 0, 8 },       { 0, 0xff, 0, 8 },    { 0, 0xff, 0, 4 },
		       { 0, 0xff, 0x80, 8 }, { 0, 0, 0x40, 8 },    { 0, 0xff, 0x80, 4 } };
	size_t i, at, k, refused = 0;

	for (i = 0; i < piece_count; i++) {
		if (pieces[i].bytes[5] < WIRE_STATE && damage[_i].len < 8)
			continue; /* a record: tests of loading have those */
		for (at = WIRE_HEADER; at + damage[_i].len <= pieces[i].len; at++) {
			unsigned char kept[8], *bytes = pieces[i].bytes + at;

			memcpy(kept, bytes, damage[_i].len);
			for (k = 0; k < damage[_i].len; k++)
				bytes[k] = (unsigned char)((bytes[k] & damage[_i].clear) ^ damage[_i].flip);
			bytes[damage[_i].len - 1] ^= damage[_i].top;
			sum(&pieces[i]);
			refused += !restore();
			memcpy(bytes, kept, damage[_i].len);
			sum(&pieces[i]);
		}
	}
	ck_assert_uint_gt(refused, 100);
}
END_TEST

/* A key that was to stay for years stood before those that finished after it: they were to leave oldest first. */
START_TEST(a_key_that_expires_too_late_is_of_the_future)
{
	struct dtss_sched *s;
	size_t i;

	ck_assert_int_eq(dtss_sched_create(&s, &e.cfg, &e.standby_mem.mem), 0);
	for (i = 0; i < piece_count; i++) {
		if (pieces[i].bytes[5] == WIRE_STATE && pieces[i].bytes[WIRE_HEADER] == SNAPSHOT_KEY) {
			pieces[i].bytes[WIRE_HEADER + 7] ^= 1;
			sum(&pieces[i]);
		}
		ck_assert_int_eq(dtss_sched_restore(s, pieces[i].bytes, pieces[i].len), 0);
	}
	ck_assert_uint_gt(snapshot_latest(s), e.now.mono_ns); /* which a replay refuses */
	dtss_sched_destroy(s);
}
END_TEST

/* Its lease, its phase, its backoff or its listing. */
START_TEST(what_was_never_tried_has_no_lease)
{
	static const size_t at[] = { 9, 17, 25, 49 };
	size_t i, damaged = 0;

	for (i = 0; i < piece_count; i++) {
		unsigned char *bytes = pieces[i].bytes + WIRE_HEADER;
		const struct task *t;

		if (pieces[i].bytes[5] != WIRE_STATE || bytes[0] != SNAPSHOT_TASK)
			continue;
		t = task_find(e.s, bytes[1]);
		ck_assert_ptr_nonnull(t);
		if (t->attempt_count > 0)
			continue;
		bytes[at[_i]] ^= 1;
		sum(&pieces[i]);
		ck_assert_int_eq(restore(), 0);
		bytes[at[_i]] ^= 1;
		sum(&pieces[i]);
		damaged++;
	}
	ck_assert_uint_ge(damaged, 4); /* the children, the held and the parked one */
	ck_assert_int_eq(restore(), 1);
}
END_TEST

/* S25, P12 */
START_TEST(memory_may_end_at_any_allocation)
{
	size_t n, i;

	for (n = 1;; n++) {
		struct dtss_snapshot c = { .size = sizeof c };
		struct fail_mem mem;
		struct dtss_sched *s;
		const void *bytes;
		size_t len;
		int rc, error = 0;

		e.mem.fail_at = e.mem.count + n;
		while ((rc = dtss_sched_snapshot(e.s, &c, &bytes, &len)) != 0)
			ck_assert(rc == 1 || rc == DTSS_E_NOMEM); /* and it goes on where it was */
		e.mem.fail_at = 0;
		ck_assert_uint_eq(dtss_sched_digest_all(e.s), whole);
		fail_mem_init(&mem, n);
		if (dtss_sched_create(&s, &e.cfg, &mem.mem) != 0)
			continue;
		for (i = 0; i < piece_count && error == 0; i++)
			error = dtss_sched_restore(s, pieces[i].bytes, pieces[i].len);
		ck_assert(error == DTSS_E_NOMEM || (error == 0 && dtss_sched_digest_all(s) == whole));
		dtss_sched_destroy(s);
		ck_assert_uint_eq(mem.blocks, 0);
		if (mem.count < n)
			break;
	}
}
END_TEST

/* One that was just restored has room for nothing yet; and its own snapshot is the same. */
START_TEST(a_snapshot_goes_on_where_memory_ended)
{
	struct fail_mem mem;
	size_t n, i;

	for (n = 1;; n++) {
		struct dtss_snapshot c = { .size = sizeof c };
		struct dtss_sched *s;
		const void *bytes;
		size_t len, start;
		int rc;

		fail_mem_init(&mem, 0);
		ck_assert_int_eq(dtss_sched_create(&s, &e.cfg, &mem.mem), 0);
		for (i = 0; i < piece_count; i++)
			ck_assert_int_eq(dtss_sched_restore(s, pieces[i].bytes, pieces[i].len), 0);
		start = mem.count;
		mem.fail_at = start + n;
		for (i = 0; (rc = dtss_sched_snapshot(s, &c, &bytes, &len)) != 0;) {
			ck_assert(rc == 1 || rc == DTSS_E_NOMEM);
			if (rc != 1)
				continue;
			ck_assert_uint_eq(len, pieces[i].len);
			ck_assert_mem_eq(bytes, pieces[i].bytes, len);
			i++;
		}
		ck_assert_uint_eq(i, piece_count);
		dtss_sched_destroy(s);
		ck_assert_uint_eq(mem.blocks, 0);
		if (mem.count < start + n)
			break;
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

/* Each piece may be the first that there is no room for: an attempt, a key's expiry, a worker were skipped. */
START_TEST(a_piece_that_had_no_room_comes_next_time)
{
	struct dtss_snapshot c = { .size = sizeof c };
	size_t i, refused = 0, len = 0;
	const void *bytes;
	int rc;

	for (i = 0, rc = 1; rc != 0; i += rc == 1) {
		sched_free(e.s, e.s->scratch, e.s->scratch_cap);
		e.s->scratch = NULL;
		e.s->scratch_cap = 0;
		e.mem.fail_at = e.mem.count + 1;
		rc = dtss_sched_snapshot(e.s, &c, &bytes, &len);
		e.mem.fail_at = 0;
		refused += rc == DTSS_E_NOMEM;
		if (rc == DTSS_E_NOMEM)
			rc = dtss_sched_snapshot(e.s, &c, &bytes, &len);
		if (rc == 0)
			continue;
		ck_assert_uint_lt(i, piece_count);
		ck_assert_uint_eq(len, pieces[i].len);
		ck_assert_mem_eq(bytes, pieces[i].bytes, len);
	}
	ck_assert_uint_eq(i, piece_count);
	ck_assert_uint_eq(refused, piece_count);
}
END_TEST

Suite *suite_unit_snapshot_damage(void)
{
	Suite *s = suite_create("unit_snapshot_damage");
	TCase *tc = tcase_create("damage");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_whole_is_taken);
	tcase_add_test(tc, a_piece_is_missing_or_there_twice_or_early);
	tcase_add_test(tc, a_piece_is_shorter_or_longer);
	tcase_add_loop_test(tc, a_piece_names_what_is_not_there, 0, 9);
	tcase_add_test(tc, a_key_that_expires_too_late_is_of_the_future);
	tcase_add_loop_test(tc, what_was_never_tried_has_no_lease, 0, 4);
	tcase_add_test(tc, memory_may_end_at_any_allocation);
	tcase_add_test(tc, a_snapshot_goes_on_where_memory_ended);
	tcase_add_test(tc, a_piece_that_had_no_room_comes_next_time);
	suite_add_tcase(s, tc);
	return s;
}
