/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_message(void);

static uint8_t bytes[CODEC_SAMPLE_BYTES];
static struct fail_mem memory;

static struct dtss_message *through_bytes(const struct dtss_message *message)
{
	struct dtss_message *ret = NULL;
	size_t len = dtss_message_encode(message, bytes, sizeof bytes);

	fail_mem_init(&memory, 0);
	ck_assert_int_eq(dtss_message_decode(bytes, len, &memory.mem, &ret), DTSS_OK);
	ck_assert_uint_eq(ret->size, sizeof *ret);
	ck_assert_uint_eq(ret->type, message->type);
	return ret;
}

static void discard(struct dtss_message *message)
{
	dtss_message_free(message, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

START_TEST(a_heartbeat_comes_back)
{
	struct dtss_message *message = through_bytes(&sample_heartbeat);
	const struct dtss_heartbeat *hb = &message->u.heartbeat.heartbeat;
	const struct dtss_heartbeat *sample = &sample_heartbeat.u.heartbeat.heartbeat;

	ck_assert_mem_eq(message->u.heartbeat.identity, sample_heartbeat.u.heartbeat.identity, DTSS_IDENTITY_LEN);
	ck_assert_uint_eq(hb->size, sizeof *hb);
	ck_assert_str_eq(hb->name, "worker-001");
	ck_assert_ptr_null(hb->address);
	ck_assert_uint_eq(hb->incarnation, sample->incarnation);
	ck_assert_uint_eq(hb->number, 17);
	ck_assert_uint_eq(hb->epoch, 5);
	ck_assert_uint_eq(hb->fence_seen, 91);
	ck_assert_uint_eq(hb->kind, DTSS_WORKER_AGENT);
	ck_assert_uint_eq(hb->flags, DTSS_HEARTBEAT_STOPPING);
	ck_assert_uint_eq(hb->max_tasks, 30);
	ck_assert_uint_eq(hb->used, 2);
	ck_assert_int_eq(hb->sent_wall_ns, sample->sent_wall_ns);
	discard(message);
}
END_TEST

START_TEST(what_a_heartbeat_lists_comes_back)
{
	struct dtss_message *message = through_bytes(&sample_heartbeat);
	const struct dtss_heartbeat *hb = &message->u.heartbeat.heartbeat;
	const struct dtss_report *reports = message->u.heartbeat.reports;

	ck_assert_uint_eq(hb->tag_count, 2);
	ck_assert_str_eq(hb->tags[1], "linux");
	ck_assert_uint_eq(hb->resource_count, 2);
	ck_assert_uint_eq(hb->resources[0].amount, 1ULL << 33);
	ck_assert_uint_eq(hb->held_count, 2);
	ck_assert_mem_eq(hb->held, sample_heartbeat.u.heartbeat.heartbeat.held, 2 * sizeof hb->held[0]);
	ck_assert_uint_eq(message->u.heartbeat.report_count, 2);
	ck_assert_uint_eq(reports[0].size, sizeof reports[0]);
	ck_assert_uint_eq(reports[0].kind, DTSS_REPORT_STARTED);
	ck_assert_ptr_null(reports[0].outcome.detail);
	ck_assert_uint_eq(reports[1].task.v, 40);
	ck_assert_uint_eq(reports[1].fence, 88);
	ck_assert_uint_eq(reports[1].attempt, 1);
	ck_assert_uint_eq(reports[1].outcome.cause, DTSS_CAUSE_START_FAILED);
	ck_assert_int_eq(reports[1].outcome.err, 2);
	ck_assert_str_eq(reports[1].outcome.detail, "no such file");
	discard(message);
}
END_TEST

START_TEST(an_answer_comes_back)
{
	struct dtss_message *message = through_bytes(&sample_answer);
	const struct dtss_message_answer *answer = &message->u.answer, *sample = &sample_answer.u.answer;

	ck_assert_uint_eq(answer->number, 17);
	ck_assert_uint_eq(answer->incarnation, sample->incarnation);
	ck_assert_uint_eq(answer->epoch, 5);
	ck_assert_mem_eq(answer->identity, sample->identity, DTSS_IDENTITY_LEN);
	ck_assert_int_eq(answer->result, DTSS_E_STALE);
	ck_assert_uint_eq(answer->lease_ms, 30000);
	ck_assert_uint_eq(answer->heartbeat_ms, 3000);
	ck_assert_uint_eq(answer->ack_count, 2);
	ck_assert_mem_eq(answer->acks, sample->acks, 2 * sizeof answer->acks[0]);
	discard(message);
}
END_TEST

START_TEST(an_assignment_comes_back)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_message sample = sample_assign(spec, sizeof spec);
	struct dtss_message *message = through_bytes(&sample);
	const struct dtss_message_assign *assign = &message->u.assign;

	ck_assert_uint_eq(assign->task.v, 42);
	ck_assert_uint_eq(assign->fence, 91);
	ck_assert_uint_eq(assign->epoch, 5);
	ck_assert_uint_eq(assign->incarnation, sample.u.assign.incarnation);
	ck_assert_uint_eq(assign->lease_ms, 30000);
	ck_assert_uint_eq(assign->attempt, 2);
	ck_assert_uint_eq(assign->spec_len, sample.u.assign.spec_len);
	ck_assert_mem_eq(assign->spec, spec, assign->spec_len);
	ck_assert_uint_eq(assign->heartbeat, 0);
	discard(message);
}
END_TEST

START_TEST(an_assignment_names_a_heartbeat)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_message sample = sample_assign(spec, sizeof spec);
	struct dtss_message *message;

	sample.u.assign.heartbeat = UINT64_C(1) << 40;
	message = through_bytes(&sample);
	ck_assert_uint_eq(message->u.assign.heartbeat, UINT64_C(1) << 40);
	ck_assert_uint_eq(message->u.assign.fence, 91);
	ck_assert_mem_eq(message->u.assign.spec, spec, message->u.assign.spec_len);
	discard(message);
}
END_TEST

START_TEST(a_stop_comes_back)
{
	struct dtss_message *message = through_bytes(&sample_stop);

	ck_assert_uint_eq(message->u.stop.task.v, 42);
	ck_assert_uint_eq(message->u.stop.fence, 91);
	ck_assert_uint_eq(message->u.stop.epoch, 5);
	ck_assert_uint_eq(message->u.stop.incarnation, sample_stop.u.stop.incarnation);
	ck_assert_uint_eq(message->u.stop.cause, DTSS_CAUSE_TIMEOUT);
	discard(message);
}
END_TEST

START_TEST(free_of_nothing_is_fine)
{
	fail_mem_init(&memory, 0);
	discard(NULL);
}
END_TEST

Suite *suite_unit_codec_message(void)
{
	Suite *suite = suite_create("unit/codec_message");
	TCase *tc = tcase_create("codec_message");

	tcase_add_test(tc, a_heartbeat_comes_back);
	tcase_add_test(tc, what_a_heartbeat_lists_comes_back);
	tcase_add_test(tc, an_answer_comes_back);
	tcase_add_test(tc, an_assignment_comes_back);
	tcase_add_test(tc, an_assignment_names_a_heartbeat);
	tcase_add_test(tc, a_stop_comes_back);
	tcase_add_test(tc, free_of_nothing_is_fine);
	suite_add_tcase(suite, tc);
	return suite;
}
