/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "codec_samples.h"

#define SAMPLE_ROWS 3

struct dtss_record_body sample_spec_record(void *buf, size_t cap)
{
	struct dtss_record_body body = { .kind = DTSS_RECORD_SPEC, .u.spec = { .id = 42, .data = buf } };

	body.u.spec.len = dtss_spec_encode(&sample_spec, buf, cap);
	return body;
}

struct dtss_message sample_assign(void *buf, size_t cap)
{
	struct dtss_message message = {
		.size = sizeof message,
		.type = DTSS_MESSAGE_ASSIGN,
		.u.assign = { { 42 }, 91, 5, 1700000000000, 30000, 2, 0, buf, 0, 0 },
	};

	message.u.assign.spec_len = dtss_spec_encode(&sample_spec, buf, cap);
	return message;
}

size_t sample_rows(struct dtss_record *records)
{
	static uint8_t spec[CODEC_SAMPLE_BYTES], bytes[SAMPLE_ROWS][CODEC_SAMPLE_BYTES];
	struct dtss_record_body bodies[SAMPLE_ROWS];
	size_t i;

	bodies[0] = sample_task;
	bodies[1] = sample_spec_record(spec, sizeof spec);
	bodies[2] = sample_attempt;
	for (i = 0; i < SAMPLE_ROWS; i++) {
		size_t len = dtss_record_encode(&bodies[i], bytes[i], sizeof bytes[i]);

		ck_assert_int_eq(dtss_record_peek(bytes[i], len, &records[i]), DTSS_OK);
	}
	return SAMPLE_ROWS;
}

size_t sample_batch_encode(void *buf, size_t cap)
{
	static const struct dtss_event events[] = { { 300, 42, 91, 3, 1700000000000, 1700000000000000000,
						      DTSS_EVENT_TASK, 2, DTSS_TASK_RUNNING, DTSS_TASK_QUARANTINED,
						      DTSS_CAUSE_LOST_MAX, 0 },
						    { 301, 42, 0, 0, 0, -1, DTSS_EVENT_RETIRED, 0, 0, 0, 0, 0 } };
	struct dtss_record records[SAMPLE_ROWS];
	struct dtss_batch batch = { sizeof batch, 5, 300, 301, 1111, 2222, records, 0, events, 2 };

	batch.record_count = sample_rows(records);
	return dtss_batch_encode(&batch, buf, cap);
}

static size_t encode_spec(void *buf, size_t cap)
{
	return dtss_spec_encode(&sample_spec, buf, cap);
}

static size_t encode_spec_empty(void *buf, size_t cap)
{
	struct dtss_task_spec spec = { .size = sizeof spec };

	return dtss_spec_encode(&spec, buf, cap);
}

static int again_spec(const void *data, size_t len, const struct dtss_mem *mem, void *buf, size_t *ret_len)
{
	struct dtss_task_spec *spec;
	int error = dtss_spec_decode(data, len, mem, &spec);

	if (error < 0)
		return error;
	*ret_len = dtss_spec_encode(spec, buf, CODEC_SAMPLE_BYTES);
	dtss_spec_free(spec, mem);
	return DTSS_OK;
}

static int again_record(const void *data, size_t len, const struct dtss_mem *mem, void *buf, size_t *ret_len)
{
	struct dtss_record_body *body;
	int error = dtss_record_decode(data, len, mem, &body);

	if (error < 0)
		return error;
	*ret_len = dtss_record_encode(body, buf, CODEC_SAMPLE_BYTES);
	dtss_record_free(body, mem);
	return DTSS_OK;
}

static int again_message(const void *data, size_t len, const struct dtss_mem *mem, void *buf, size_t *ret_len)
{
	struct dtss_message *message;
	int error = dtss_message_decode(data, len, mem, &message);

	if (error < 0)
		return error;
	*ret_len = dtss_message_encode(message, buf, CODEC_SAMPLE_BYTES);
	dtss_message_free(message, mem);
	return DTSS_OK;
}

static int again_batch(const void *data, size_t len, const struct dtss_mem *mem, void *buf, size_t *ret_len)
{
	struct dtss_batch *batch;
	int error = dtss_batch_decode(data, len, mem, &batch);

	if (error < 0)
		return error;
	*ret_len = dtss_batch_encode(batch, buf, CODEC_SAMPLE_BYTES);
	dtss_batch_free(batch, mem);
	return DTSS_OK;
}

#define ENCODE(function, encode, sample)                                                                               \
	static size_t function(void *buf, size_t cap)                                                                  \
	{                                                                                                              \
		return encode(&sample, buf, cap);                                                                      \
	}
ENCODE(encode_meta, dtss_record_encode, sample_meta)
ENCODE(encode_task, dtss_record_encode, sample_task)
ENCODE(encode_attempt, dtss_record_encode, sample_attempt)
ENCODE(encode_key, dtss_record_encode, sample_key)
ENCODE(encode_worker, dtss_record_encode, sample_worker)
ENCODE(encode_heartbeat, dtss_message_encode, sample_heartbeat)
ENCODE(encode_answer, dtss_message_encode, sample_answer)
ENCODE(encode_stop, dtss_message_encode, sample_stop)

static size_t encode_spec_record(void *buf, size_t cap)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_record_body body = sample_spec_record(spec, sizeof spec);

	return dtss_record_encode(&body, buf, cap);
}

static size_t encode_assign(void *buf, size_t cap)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_message message = sample_assign(spec, sizeof spec);

	return dtss_message_encode(&message, buf, cap);
}

static size_t encode_assign_heartbeat(void *buf, size_t cap)
{
	uint8_t spec[CODEC_SAMPLE_BYTES];
	struct dtss_message message = sample_assign(spec, sizeof spec);

	message.u.assign.heartbeat = 77;
	return dtss_message_encode(&message, buf, cap);
}

const struct codec_sample codec_samples[] = {
	{ "spec", encode_spec, again_spec },
	{ "spec_empty", encode_spec_empty, again_spec },
	{ "record_meta", encode_meta, again_record },
	{ "record_task", encode_task, again_record },
	{ "record_spec", encode_spec_record, again_record },
	{ "record_attempt", encode_attempt, again_record },
	{ "record_key", encode_key, again_record },
	{ "record_worker", encode_worker, again_record },
	{ "message_heartbeat", encode_heartbeat, again_message },
	{ "message_answer", encode_answer, again_message },
	{ "message_assign", encode_assign, again_message },
	{ "message_assign_heartbeat", encode_assign_heartbeat, again_message },
	{ "message_stop", encode_stop, again_message },
	{ "batch", sample_batch_encode, again_batch },
};
const size_t codec_sample_count = sizeof codec_samples / sizeof codec_samples[0];
