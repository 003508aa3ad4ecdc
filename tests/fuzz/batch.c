/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include "core/engine.h"
#include "fuzz/support/fuzz.h"

/* A batch, as a follower gets it: first its bytes, then a standby that is to apply it. */

static int batch_decode(const void *data, size_t len, const struct dtss_mem *mem, void **ret_object)
{
	struct dtss_batch *batch = NULL;
	int error = dtss_batch_decode(data, len, mem, &batch);

	*ret_object = batch;
	return error;
}

static size_t batch_encode(const void *object, void *buf, size_t cap)
{
	return dtss_batch_encode(object, buf, cap);
}

static void batch_release(void *object, const struct dtss_mem *mem)
{
	dtss_batch_free(object, mem);
}

/* The first batch that a standby sees, with the right hash: it refuses it as damage, or goes on. */
static void apply(struct dtss_batch batch)
{
	struct dtss_violation violation;
	struct dtss_sched *standby;
	struct fail_mem memory;
	int error, refused;

	batch.first_seq = 1;
	batch.prev_hash = 0;
	batch.hash = batch_hash(&batch);
	fuzz_mem_init(&memory, &refused);
	ck_assert_int_eq(dtss_sched_create(&standby, NULL, &memory.mem), DTSS_OK);
	error = dtss_sched_apply(standby, &batch);
	ck_assert(error == DTSS_OK || error == DTSS_E_CORRUPT || error == DTSS_E_VERSION ||
		  (error == DTSS_E_NOMEM && refused));
	if (error == DTSS_OK)
		ck_assert_uint_eq(dtss_sched_check(standby, &violation, 1), 0);
	dtss_sched_destroy(standby);
	ck_assert_uint_eq(memory.blocks, 0);
}

static void batch_look(const void *object, const void *data, size_t len)
{
	const struct dtss_batch *batch = object;
	const uint8_t *from = data;
	size_t i;

	ck_assert_uint_le(batch->first_seq, batch->last_seq);
	for (i = 0; i < batch->record_count; i++) {
		const uint8_t *record = batch->records[i].data;
		struct dtss_record seen;

		ck_assert(record >= from && batch->records[i].len <= (size_t)(from + len - record));
		ck_assert_int_eq(dtss_record_peek(record, batch->records[i].len, &seen), DTSS_OK);
		ck_assert_uint_eq(seen.kind, batch->records[i].kind);
		ck_assert_uint_eq(seen.id, batch->records[i].id);
	}
	apply(*batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_codec codec = { batch_decode, batch_encode, batch_release, batch_look };
	uint8_t *copy = fuzz_copy(data, size);

	fuzz_codec(&codec, copy, size);
	fuzz_seal_batch(copy, size);
	fuzz_codec(&codec, copy, size);
	free(copy);
	return 0;
}
