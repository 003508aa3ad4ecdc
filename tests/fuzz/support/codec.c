/* SPDX-License-Identifier: MIT */
#include "fuzz/support/fuzz.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "codec/wire.h"
#include "core/hash.h"
#include "support/fail_mem.h"

/* What a decoded object may take: its struct with the arrays of a worker, and what a byte of other arrays can stand for. */
#define CODEC_FIXED_BYTES 4096
#define CODEC_BYTES_PER_BYTE 8
#define RECORD_BODY_AT (WIRE_HEADER + 8) /* of a specification's record, behind its id */
#define BATCH_COUNTS_AT (WIRE_HEADER + 40)
#define BATCH_EVENT_BYTES 56

void fuzz_seal(uint8_t *data, size_t size)
{
	if (size < WIRE_HEADER)
		return;
	wire_store32(data + 8, (uint32_t)size);
	wire_store32(data, hash_crc32c(0, data + 4, size - 4));
}

void fuzz_seal_record(uint8_t *data, size_t size)
{
	if (size > RECORD_BODY_AT && data[5] == DTSS_RECORD_SPEC)
		fuzz_seal(data + RECORD_BODY_AT, size - RECORD_BODY_AT);
	fuzz_seal(data, size);
}

void fuzz_seal_batch(uint8_t *data, size_t size)
{
	struct wire_in in = { data, size, 0 };
	size_t records, events;

	wire_take(&in, BATCH_COUNTS_AT);
	records = wire_get32(&in);
	events = wire_get32(&in);
	if (events <= in.left / BATCH_EVENT_BYTES)
		wire_take(&in, events * BATCH_EVENT_BYTES);
	for (; records > 0 && in.left > 0 && !in.failed; records--) {
		size_t len;
		const uint8_t *record;

		wire_get32(&in);
		len = wire_get32(&in);
		record = wire_take(&in, len);
		if (record)
			fuzz_seal_record(data + (record - data), len);
	}
	fuzz_seal(data, size);
}

static void encode_again(const struct fuzz_codec *codec, const void *object, const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);
	size_t cap;

	memset(bytes, 0xa5, size);
	ck_assert_uint_eq(codec->encode(object, bytes, size), size);
	ck_assert_mem_eq(bytes, data, size);
	free(bytes);
	cap = data[size - 1] % size; /* one byte more than that would be a byte beyond */
	bytes = fuzz_copy(data, cap);
	ck_assert_uint_eq(codec->encode(object, bytes, cap), size);
	free(bytes);
}

void fuzz_codec(const struct fuzz_codec *codec, const uint8_t *data, size_t size)
{
	struct fail_mem memory;
	void *object = NULL;
	int error;

	fail_mem_init(&memory, 0);
	error = codec->decode(data, size, &memory.mem, &object);
	ck_assert_uint_le(memory.bytes_max, CODEC_FIXED_BYTES + CODEC_BYTES_PER_BYTE * size);
	ck_assert_uint_le(memory.count, 1);
	if (error != DTSS_OK) {
		ck_assert(error == DTSS_E_CORRUPT || error == DTSS_E_VERSION);
		ck_assert_ptr_null(object);
		ck_assert_uint_eq(memory.blocks, 0);
		return;
	}
	encode_again(codec, object, data, size);
	if (codec->look)
		codec->look(object, data, size);
	codec->release(object, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
	fail_mem_init(&memory, 1);
	object = NULL;
	ck_assert_int_eq(codec->decode(data, size, &memory.mem, &object), DTSS_E_NOMEM);
	ck_assert_ptr_null(object);
	ck_assert_uint_eq(memory.blocks, 0);
}
