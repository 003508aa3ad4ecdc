/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/fuzz.h"

/* A message between agents and scheduler; what it points to lies in its bytes. */

static int message_decode(const void *data, size_t len, const struct dtss_mem *mem, void **ret_object)
{
	struct dtss_message *message = NULL;
	int error = dtss_message_decode(data, len, mem, &message);

	*ret_object = message;
	return error;
}

static size_t message_encode(const void *object, void *buf, size_t cap)
{
	return dtss_message_encode(object, buf, cap);
}

static void message_release(void *object, const struct dtss_mem *mem)
{
	dtss_message_free(object, mem);
}

/* The string, its NUL too, within the bytes. */
static void is_within(const char *s, size_t max, const uint8_t *data, size_t len)
{
	const uint8_t *at = (const uint8_t *)s;

	ck_assert(at >= data && at < data + len);
	ck_assert_ptr_nonnull(memchr(at, 0, (size_t)(data + len - at)));
	ck_assert_uint_le(strlen(s), max);
}

static void look_at_heartbeat(const struct dtss_message_heartbeat *m, const uint8_t *data, size_t len)
{
	const struct dtss_heartbeat *hb = &m->heartbeat;
	size_t i;

	is_within(hb->name, DTSS_NAME_LEN_MAX, data, len);
	if (hb->address)
		is_within(hb->address, DTSS_ADDRESS_LEN_MAX, data, len);
	for (i = 0; i < hb->tag_count; i++)
		is_within(hb->tags[i], DTSS_TAG_LEN_MAX, data, len);
	for (i = 0; i < hb->resource_count; i++)
		is_within(hb->resources[i].name, DTSS_NAME_LEN_MAX, data, len);
	for (i = 0; i < hb->held_count; i++)
		ck_assert(hb->held[i].state >= DTSS_ATTEMPT_LEASED && hb->held[i].state <= DTSS_ATTEMPT_ENDED);
	ck_assert_uint_le(m->report_count, DTSS_HEARTBEAT_REPORTS_MAX);
	for (i = 0; i < m->report_count; i++)
		if (m->reports[i].outcome.detail)
			is_within(m->reports[i].outcome.detail, DTSS_DETAIL_LEN_MAX, data, len);
}

static void message_look(const void *object, const void *data, size_t len)
{
	const struct dtss_message *message = object;
	const uint8_t *spec;

	ck_assert_uint_eq(message->size, sizeof *message);
	if (message->type == DTSS_MESSAGE_HEARTBEAT)
		look_at_heartbeat(&message->u.heartbeat, data, len);
	if (message->type == DTSS_MESSAGE_ASSIGN) {
		spec = message->u.assign.spec;
		ck_assert(spec >= (const uint8_t *)data);
		ck_assert(message->u.assign.spec_len <= (size_t)((const uint8_t *)data + len - spec));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_codec codec = { message_decode, message_encode, message_release, message_look };
	uint8_t *copy = fuzz_copy(data, size);

	fuzz_codec(&codec, copy, size);
	fuzz_seal(copy, size);
	fuzz_codec(&codec, copy, size);
	free(copy);
	return 0;
}
