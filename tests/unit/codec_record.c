/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_record(void);

static uint8_t bytes[CODEC_SAMPLE_BYTES];
static size_t len;
static struct fail_mem memory;

static struct dtss_record_body *through_bytes(const struct dtss_record_body *body)
{
	struct dtss_record_body *ret = NULL;

	fail_mem_init(&memory, 0);
	len = dtss_record_encode(body, bytes, sizeof bytes);
	ck_assert_int_eq(dtss_record_decode(bytes, len, &memory.mem, &ret), DTSS_OK);
	ck_assert_uint_eq(ret->kind, body->kind);
	ck_assert_uint_eq(ret->flags, body->flags);
	return ret;
}

static void discard(struct dtss_record_body *body)
{
	dtss_record_free(body, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

static struct dtss_record peeked(const struct dtss_record_body *body)
{
	struct dtss_record record;

	len = dtss_record_encode(body, bytes, sizeof bytes);
	ck_assert_int_eq(dtss_record_peek(bytes, len, &record), DTSS_OK);
	ck_assert_uint_eq(record.kind, body->kind);
	ck_assert_uint_eq(record.flags, body->flags);
	ck_assert_ptr_eq(record.data, bytes);
	ck_assert_uint_eq(record.len, len);
	return record;
}

START_TEST(meta_comes_back)
{
	struct dtss_record_body *body = through_bytes(&sample_meta);

	ck_assert_mem_eq(&body->u.meta, &sample_meta.u.meta, sizeof body->u.meta);
	discard(body);
}
END_TEST

START_TEST(a_task_comes_back)
{
	struct dtss_record_body *body = through_bytes(&sample_task);
	const struct dtss_task_record *task = &body->u.task, *sample = &sample_task.u.task;

	ck_assert_uint_eq(task->id, sample->id);
	ck_assert_uint_eq(task->retry_of, sample->retry_of);
	ck_assert_uint_eq(task->state, sample->state);
	ck_assert_uint_eq(task->cause, sample->cause);
	ck_assert_uint_eq(task->done, sample->done);
	ck_assert_uint_eq(task->failed_count, sample->failed_count);
	ck_assert_uint_eq(task->lost_count, sample->lost_count);
	ck_assert_uint_eq(task->free_count, sample->free_count);
	ck_assert_uint_eq(task->attempt_count, sample->attempt_count);
	ck_assert_int_eq(task->created_ns, sample->created_ns);
	ck_assert_int_eq(task->started_ns, sample->started_ns);
	ck_assert_int_eq(task->finished_ns, sample->finished_ns);
	ck_assert_int_eq(task->due_since_ns, sample->due_since_ns);
	ck_assert_uint_eq(task->due_wait_ns, sample->due_wait_ns);
	discard(body);
}
END_TEST

START_TEST(a_task_is_small)
{
	ck_assert_uint_lt(dtss_record_encode(&sample_task, NULL, 0), 100);
}
END_TEST

START_TEST(a_specification_comes_back_as_its_bytes)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_record_body sample = sample_spec_record(spec, sizeof spec);
	struct dtss_record_body *body = through_bytes(&sample);

	ck_assert_uint_eq(body->u.spec.id, 42);
	ck_assert_uint_eq(body->u.spec.len, sample.u.spec.len);
	ck_assert_mem_eq(body->u.spec.data, spec, body->u.spec.len);
	discard(body);
}
END_TEST

START_TEST(an_attempt_comes_back)
{
	struct dtss_record_body *body = through_bytes(&sample_attempt);
	const struct dtss_attempt_view *view = &body->u.attempt.view, *sample = &sample_attempt.u.attempt.view;

	ck_assert_uint_eq(body->u.attempt.id, 42);
	ck_assert_uint_eq(body->u.attempt.worker_number, 3);
	ck_assert_uint_eq(view->attempt, sample->attempt);
	ck_assert_uint_eq(view->state, sample->state);
	ck_assert_uint_eq(view->fence, sample->fence);
	ck_assert_str_eq(view->worker, sample->worker);
	ck_assert_uint_eq(view->incarnation, sample->incarnation);
	ck_assert_int_eq(view->granted_ns, sample->granted_ns);
	ck_assert_int_eq(view->started_ns, sample->started_ns);
	ck_assert_int_eq(view->ended_ns, sample->ended_ns);
	ck_assert_uint_eq(view->outcome.cause, sample->outcome.cause);
	ck_assert_int_eq(view->outcome.exit_code, -1);
	ck_assert_uint_eq(view->outcome.signal, 9);
	ck_assert_int_eq(view->outcome.err, 2);
	ck_assert_str_eq(view->outcome.detail, "took too long");
	discard(body);
}
END_TEST

START_TEST(no_detail_is_not_an_empty_detail)
{
	struct dtss_record_body sample = sample_attempt, *body;

	sample.u.attempt.view.outcome.detail = NULL;
	body = through_bytes(&sample);
	ck_assert_ptr_null(body->u.attempt.view.outcome.detail);
	discard(body);
	sample.u.attempt.view.outcome.detail = "";
	body = through_bytes(&sample);
	ck_assert_str_eq(body->u.attempt.view.outcome.detail, "");
	discard(body);
}
END_TEST

START_TEST(a_key_comes_back)
{
	struct dtss_record_body *body = through_bytes(&sample_key);

	ck_assert_str_eq(body->u.key.queue, "night");
	ck_assert_str_eq(body->u.key.key, "build-2023-11-14");
	ck_assert_uint_eq(body->u.key.id, 42);
	ck_assert_uint_eq(body->u.key.spec_hash, sample_key.u.key.spec_hash);
	ck_assert_int_eq(body->u.key.finished_ns, sample_key.u.key.finished_ns);
	discard(body);
}
END_TEST

START_TEST(a_worker_comes_back)
{
	struct dtss_record_body *body = through_bytes(&sample_worker);
	const struct dtss_worker_view *view = &body->u.worker.view, *sample = &sample_worker.u.worker.view;

	ck_assert_str_eq(view->name, sample->name);
	ck_assert_uint_eq(view->number, sample->number);
	ck_assert_uint_eq(view->incarnation, sample->incarnation);
	ck_assert_uint_eq(view->kind, sample->kind);
	ck_assert_uint_eq(view->status, sample->status);
	ck_assert_uint_eq(view->draining, 1);
	ck_assert_uint_eq(view->cordoned, 1);
	ck_assert_uint_eq(view->max_tasks, 65535);
	ck_assert_str_eq(view->address, sample->address);
	ck_assert_uint_eq(view->tag_count, 2);
	ck_assert_str_eq(view->tags[0], "gpu");
	ck_assert_str_eq(view->tags[1], "linux");
	ck_assert_uint_eq(view->resource_count, 2);
	ck_assert_str_eq(view->resources[1].name, sample->resources[1].name);
	ck_assert_uint_eq(view->resources[1].amount, sample->resources[1].amount);
	discard(body);
}
END_TEST

START_TEST(peek_gives_the_key_of_each_kind)
{
	struct dtss_record record = peeked(&sample_meta);

	ck_assert_uint_eq(record.id, 0);
	record = peeked(&sample_task);
	ck_assert_uint_eq(record.id, 42);
	ck_assert_uint_eq(record.sub, 0);
	ck_assert_ptr_null(record.key);
	record = peeked(&sample_attempt);
	ck_assert_uint_eq(record.id, 42);
	ck_assert_uint_eq(record.sub, 2);
	record = peeked(&sample_key);
	ck_assert_uint_eq(record.key_len, 22);
	ck_assert_mem_eq(record.key, "night\0build-2023-11-14", 22);
	record = peeked(&sample_worker);
	ck_assert_uint_eq(record.key_len, 10);
	ck_assert_mem_eq(record.key, "worker-001", 10);
}
END_TEST

START_TEST(peek_of_damage_touches_nothing)
{
	struct dtss_record record, before;

	memset(&record, 0x5a, sizeof record);
	before = record;
	len = dtss_record_encode(&sample_key, bytes, sizeof bytes);
	bytes[len - 1] ^= 1;
	ck_assert_int_eq(dtss_record_peek(bytes, len, &record), DTSS_E_CORRUPT);
	ck_assert_mem_eq(&record, &before, sizeof record);
}
END_TEST

Suite *suite_unit_codec_record(void)
{
	Suite *suite = suite_create("unit/codec_record");
	TCase *tc = tcase_create("codec_record");

	tcase_add_test(tc, meta_comes_back);
	tcase_add_test(tc, a_task_comes_back);
	tcase_add_test(tc, a_task_is_small);
	tcase_add_test(tc, a_specification_comes_back_as_its_bytes);
	tcase_add_test(tc, an_attempt_comes_back);
	tcase_add_test(tc, no_detail_is_not_an_empty_detail);
	tcase_add_test(tc, a_key_comes_back);
	tcase_add_test(tc, a_worker_comes_back);
	tcase_add_test(tc, peek_gives_the_key_of_each_kind);
	tcase_add_test(tc, peek_of_damage_touches_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
