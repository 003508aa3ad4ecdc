/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/fuzz.h"

/* A record: what peek says is what decode says; any key that it has is where the bytes are. */

static int record_decode(const void *data, size_t len, const struct dtss_mem *mem, void **ret_object)
{
	struct dtss_record_body *body = NULL;
	struct dtss_record seen = { .kind = UINT32_MAX };
	int peeked = dtss_record_peek(data, len, &seen);
	int error = dtss_record_decode(data, len, mem, &body);

	if (peeked != DTSS_OK) {
		ck_assert_int_eq(error, peeked);
		ck_assert_uint_eq(seen.kind, UINT32_MAX); /* nothing was touched */
	}
	*ret_object = body;
	return error;
}

static size_t record_encode(const void *object, void *buf, size_t cap)
{
	return dtss_record_encode(object, buf, cap);
}

static void record_release(void *object, const struct dtss_mem *mem)
{
	dtss_record_free(object, mem);
}

static uint64_t id_of(const struct dtss_record_body *body)
{
	switch (body->kind) {
	case DTSS_RECORD_TASK:
		return body->u.task.id;
	case DTSS_RECORD_SPEC:
		return body->u.spec.id;
	case DTSS_RECORD_ATTEMPT:
		return body->u.attempt.id;
	default:
		return 0;
	}
}

static void look_at_key(const struct dtss_record_body *body, const struct dtss_record *seen)
{
	const char *key = seen->key;

	if (body->kind == DTSS_RECORD_WORKER) {
		ck_assert_str_eq(body->u.worker.view.name, key);
		ck_assert_uint_eq(strlen(key), seen->key_len);
	} else if (body->kind == DTSS_RECORD_KEY) {
		size_t queue = strlen(key);

		ck_assert_str_eq(body->u.key.queue, key);
		ck_assert_str_eq(body->u.key.key, key + queue + 1);
		ck_assert_uint_eq(queue + 1 + strlen(key + queue + 1), seen->key_len);
	} else {
		ck_assert_ptr_null(key);
		ck_assert_uint_eq(seen->key_len, 0);
	}
}

static void record_look(const void *object, const void *data, size_t len)
{
	const struct dtss_record_body *body = object;
	struct dtss_record seen;

	ck_assert_int_eq(dtss_record_peek(data, len, &seen), DTSS_OK);
	ck_assert_uint_eq(seen.kind, body->kind);
	ck_assert_uint_eq(seen.flags, body->flags);
	ck_assert_uint_eq(seen.id, id_of(body));
	ck_assert_uint_eq(seen.sub, body->kind == DTSS_RECORD_ATTEMPT ? body->u.attempt.view.attempt : 0);
	ck_assert_ptr_eq(seen.data, data);
	ck_assert_uint_eq(seen.len, len);
	look_at_key(body, &seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_codec codec = { record_decode, record_encode, record_release, record_look };
	uint8_t *copy = fuzz_copy(data, size);

	fuzz_codec(&codec, copy, size);
	fuzz_seal(copy, size);
	fuzz_codec(&codec, copy, size);
	free(copy);
	return 0;
}
