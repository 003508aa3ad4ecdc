/* SPDX-License-Identifier: MIT */
/* Specifications that come early, late, again, changed or damaged: what the engine takes from them is theirs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "codec/wire.h"
#include "core/engine.h"
#include "core/snapshot.h"
#include "support/engine.h"

Suite *suite_unit_load_task(void);

static struct engine e;
static struct dtss_sched *fresh;

static void setup(void)
{
	struct dtss_task_spec spec = engine_spec("job");
	dtss_task_id id;

	engine_open(&e, NULL);
	engine_join(&e, "w", 2, "tag");
	spec.key = "k";
	spec.retry.attempts_max = 3;
	id = engine_submit(&e, &spec);
	engine_after(&e, "child", id);
	engine_task(&e, "other");
	engine_pump(&e);
	ck_assert_int_eq(dtss_sched_create(&fresh, NULL, &e.standby_mem.mem), 0);
}

static void teardown(void)
{
	dtss_sched_destroy(fresh);
	engine_close(&e);
}

static void load_all(void)
{
	const struct records_row *row;
	size_t i;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next)
			ck_assert_int_eq(dtss_sched_load(fresh, row->record.data, row->record.len), 0);
}

/* The specification of that record with another priority, as a record; into bytes of the caller's. */
static size_t respecify(const struct dtss_record *r, int32_t priority, uint8_t *bytes, size_t cap)
{
	struct dtss_record_body *body;
	struct dtss_task_spec *spec;
	uint8_t encoded[4096];
	size_t len;

	ck_assert_int_eq(dtss_record_decode(r->data, r->len, dtss_mem_libc(), &body), 0);
	ck_assert_int_eq(dtss_spec_decode(body->u.spec.data, body->u.spec.len, dtss_mem_libc(), &spec), 0);
	spec->priority = priority;
	body->u.spec.len = dtss_spec_encode(spec, encoded, sizeof encoded);
	body->u.spec.data = encoded;
	len = dtss_record_encode(body, bytes, cap);
	ck_assert_uint_le(len, cap);
	dtss_spec_free(spec, dtss_mem_libc());
	dtss_record_free(body, dtss_mem_libc());
	return len;
}

/* Whatever else of the task came before; and one that says the same again changes nothing. */
START_TEST(a_later_specification_replaces_the_earlier)
{
	const struct records_row *row;
	uint8_t bytes[4096];
	size_t i, len;

	load_all();
	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			if (row->record.kind != DTSS_RECORD_SPEC)
				continue;
			len = respecify(&row->record, 77, bytes, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			ck_assert_uint_ne(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
			ck_assert_int_eq(dtss_sched_load(fresh, row->record.data, row->record.len), 0);
			ck_assert_int_eq(dtss_sched_load(fresh, row->record.data, row->record.len), 0);
			ck_assert_uint_eq(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
		}
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), 0);
	ck_assert_uint_eq(dtss_sched_check(fresh, NULL, 0), 0);
}
END_TEST

/* Those that say the same but for the payload are not decoded each. */
START_TEST(tasks_of_one_queue_that_are_nearly_alike_are_told_apart)
{
	static const char *const payloads[] = { "a payload", "b payload", "a longer payload than those", "" };
	struct dtss_task_spec specs[12];
	dtss_task_id ids[12];
	const struct task *a, *b;
	size_t i, count = sizeof specs / sizeof specs[0];

	for (i = 0; i < count; i++) {
		specs[i] = engine_spec("job");
		specs[i].payload = payloads[i % 4];
		specs[i].payload_len = strlen(payloads[i % 4]);
		specs[i].queue = i == 9 ? "other" : "crowd";
		specs[i].priority = i == 5 ? 3 : 2;
		specs[i].timeout_ms = i == 6 ? 1000 : 500;
		specs[i].key = i == 7 ? "mine" : NULL;
		specs[i].retry.attempts_max = i == 8 ? 4 : 1;
		specs[i].tag_count = i == 10 ? 1 : 0;
		specs[i].tags = i == 10 ? (const char *const[]){ "tag" } : NULL;
		ids[i] = engine_submit(&e, &specs[i]);
	}
	engine_pump(&e);
	load_all();
	for (i = 0; i < count; i++) {
		a = task_find(e.s, ids[i].v);
		b = task_find(fresh, ids[i].v);
		ck_assert(a != NULL && b != NULL);
		ck_assert_int_eq(b->ready.priority, a->ready.priority);
		ck_assert_uint_eq(b->u.timeout_ms, a->u.timeout_ms);
		ck_assert_str_eq(b->queue->name->text, a->queue->name->text);
		ck_assert_uint_eq(b->policy->retry.attempts_max, a->policy->retry.attempts_max);
		ck_assert_uint_eq(b->need->tag_names, a->need->tag_names);
		ck_assert_uint_eq(b->record_len, a->record_len);
		ck_assert_mem_eq(b->record, a->record, a->record_len);
	}
	ck_assert_ptr_eq(task_find(fresh, ids[0].v)->need, task_find(fresh, ids[1].v)->need);
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), 0);
	ck_assert_uint_eq(dtss_sched_check(fresh, NULL, 0), 0);
	ck_assert_ptr_nonnull(task_find(fresh, ids[7].v)->key);
}
END_TEST

/* What the next would be compared with may have left, or be another by then. */
START_TEST(the_one_that_others_are_like_may_leave)
{
	struct dtss_record_body done = { .kind = DTSS_RECORD_TASK, .flags = DTSS_RECORD_DONE };
	const struct records_row *row;
	struct dtss_record_body *body;
	uint8_t bytes[4096];
	size_t i, len, left = 0;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			if (row->record.kind != DTSS_RECORD_SPEC)
				continue;
			ck_assert_int_eq(dtss_sched_load(fresh, row->record.data, row->record.len), 0);
			ck_assert_int_eq(dtss_record_decode(row->record.data, row->record.len, dtss_mem_libc(), &body),
					 0);
			body->u.spec.id += 100; /* exactly like it, and in its place when it has gone */
			len = dtss_record_encode(body, bytes, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			len = respecify(&row->record, 5, bytes, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			done.u.task = (struct dtss_task_record){ .id = body->u.spec.id - 100, .done = 1 };
			done.u.task.state = DTSS_TASK_SUCCEEDED;
			len = dtss_record_encode(&done, bytes, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			done.u.task.id = body->u.spec.id;
			len = dtss_record_encode(&done, bytes, sizeof bytes);
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), 0);
			dtss_record_free(body, dtss_mem_libc());
			left++;
		}
	ck_assert_uint_gt(left, 2);
	ck_assert_uint_eq(fresh->queues.count, 0);
	ck_assert_uint_eq(fresh->needs.count, 0);
	ck_assert_uint_eq(fresh->policies.count, 0);
	load_all();
	ck_assert_uint_eq(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
	ck_assert_int_eq(dtss_sched_lead(fresh, e.now, 7), 0);
}
END_TEST

/* The record is whole, its specification is not: nobody could be given it. */
START_TEST(a_damaged_specification_in_a_whole_record_is_refused)
{
	const struct records_row *row;
	struct dtss_record_body *body;
	uint8_t bytes[4096], spec[4096];
	size_t i, len, refused = 0, before = e.standby_mem.bytes;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = e.records.bucket[i]; row; row = row->next) {
			if (row->record.kind != DTSS_RECORD_SPEC)
				continue;
			ck_assert_int_eq(dtss_record_decode(row->record.data, row->record.len, dtss_mem_libc(), &body),
					 0);
			ck_assert_uint_le(body->u.spec.len, sizeof spec);
			memcpy(spec, body->u.spec.data, body->u.spec.len);
			spec[_i ? body->u.spec.len - 1 : 0] ^= 0x40;
			body->u.spec.data = spec;
			len = dtss_record_encode(body, bytes, sizeof bytes);
			dtss_record_free(body, dtss_mem_libc());
			ck_assert_int_eq(dtss_sched_load(fresh, bytes, len), DTSS_E_CORRUPT);
			refused++;
		}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_eq(e.standby_mem.bytes, before);
}
END_TEST

/* Its sums are right, so its queue is looked for before it is decoded. */
START_TEST(a_specification_that_ends_anywhere_is_refused)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_SPEC };
	const struct task *other = task_find(e.s, 3);
	uint8_t bytes[4096], *spec;
	size_t len, before;

	body.u.spec.id = 3;
	load_all();
	before = e.standby_mem.bytes;
	for (len = WIRE_HEADER; len < other->spec_len; len++) {
		spec = malloc(len); /* so that no byte behind it can be read unseen */
		ck_assert_ptr_nonnull(spec);
		memcpy(spec, task_spec(other), len);
		wire_store32(spec + 8, (uint32_t)len);
		wire_seal(spec, len);
		body.u.spec.data = spec;
		body.u.spec.len = len;
		ck_assert_uint_le(dtss_record_encode(&body, bytes, sizeof bytes), sizeof bytes);
		free(spec);
		spec = malloc(wire_load32(bytes + 8));
		ck_assert_ptr_nonnull(spec);
		memcpy(spec, bytes, wire_load32(bytes + 8));
		ck_assert_int_eq(dtss_sched_load(fresh, spec, wire_load32(bytes + 8)), DTSS_E_CORRUPT);
		free(spec);
	}
	ck_assert_uint_eq(e.standby_mem.bytes, before);
	ck_assert_uint_eq(dtss_sched_digest(fresh), dtss_sched_digest(e.s));
}
END_TEST

/* What points from one object to another is made by then. */
START_TEST(no_record_comes_between_the_pieces_of_a_snapshot)
{
	struct dtss_snapshot c = { .size = sizeof c };
	uint8_t record[1024];
	size_t len, record_len = 0, refused = 0;
	const void *piece;

	while (dtss_sched_snapshot(e.s, &c, &piece, &len) == 1) {
		const uint8_t *p = piece;

		ck_assert_int_eq(dtss_sched_restore(fresh, piece, len), 0);
		if (wire_kind(p) == DTSS_RECORD_SPEC && len <= sizeof record)
			memcpy(record, piece, record_len = len);
		if (wire_kind(p) != WIRE_STATE || p[WIRE_HEADER] == SNAPSHOT_KEY)
			continue;
		ck_assert_int_eq(dtss_sched_load(fresh, record, record_len), DTSS_E_STATE);
		refused++;
	}
	ck_assert_uint_gt(refused, 5);
	ck_assert_uint_eq(dtss_sched_digest_all(fresh), dtss_sched_digest_all(e.s));
}
END_TEST

Suite *suite_unit_load_task(void)
{
	Suite *s = suite_create("unit_load_task");
	TCase *c = tcase_create("load_task");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_later_specification_replaces_the_earlier);
	tcase_add_test(c, tasks_of_one_queue_that_are_nearly_alike_are_told_apart);
	tcase_add_test(c, the_one_that_others_are_like_may_leave);
	tcase_add_loop_test(c, a_damaged_specification_in_a_whole_record_is_refused, 0, 2);
	tcase_add_test(c, a_specification_that_ends_anywhere_is_refused);
	tcase_add_test(c, no_record_comes_between_the_pieces_of_a_snapshot);
	suite_add_tcase(s, c);
	return s;
}
