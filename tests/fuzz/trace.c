/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include "codec/wire.h"
#include "core/snapshot.h"
#include "fuzz/support/fuzz.h"
#include "support/onward.h"

/*
 * A trace, as it is and with the sums put right: damage ends the segment with an error, and nothing but a new segment
 * goes on behind it. An engine that is there can be asked, and goes on with every invariant in place, whatever it was
 * made of. What was fed takes memory in proportion.
 */
#define ROUNDS 20

static struct fail_mem memory;
static int refused;

static size_t frame_len(const uint8_t *data, size_t left)
{
	size_t len = left >= WIRE_HEADER ? wire_load32(data + 8) : left;

	return len < WIRE_HEADER || len > left ? left : len;
}

static int is_expected(int error)
{
	return error == DTSS_E_CORRUPT || error == DTSS_E_VERSION || error == DTSS_E_BUG || error == DTSS_E_STATE ||
	       (error == DTSS_E_NOMEM && refused);
}

static void ask(struct dtss_replay *replay)
{
	struct dtss_replay_info info = { .size = sizeof info };
	struct dtss_task_view view;
	struct dtss_task_filter filter = { .limit = 1 };

	dtss_replay_info(replay, &info);
	if (dtss_replay_sched(replay) == NULL)
		return;
	ck_assert_uint_gt(info.segments, 0);
	(void)dtss_sched_digest_all(dtss_replay_sched(replay));
	if (dtss_sched_task_next(dtss_replay_sched(replay), &filter, &view) == 0)
		ck_assert_uint_gt(view.id.v, 0);
	if (snapshot_leads(dtss_replay_sched(replay)))
		onward(dtss_replay_sched(replay), info.now, ROUNDS, &refused);
}

static void feed_all(uint8_t *data, size_t size, int seal)
{
	struct dtss_replay *replay;
	size_t at, len, used;
	int rc, broken = 1;

	fuzz_mem_init(&memory, &refused);
	ck_assert_int_eq(dtss_replay_create(&replay, &memory.mem), 0);
	for (at = 0; at < size; at += len) {
		uint8_t *frame;

		len = frame_len(data + at, size - at);
		frame = fuzz_copy(data + at, len);
		if (seal)
			fuzz_seal_record(frame, len);
		rc = dtss_replay_feed(replay, frame, len, &used);
		ck_assert_msg(rc == 0 || rc == 1 || is_expected(rc), "%s", dtss_errname(rc));
		if (rc == 1) {
			ck_assert_uint_eq(used, len);
			ck_assert(!broken || frame[5] == WIRE_TRACE + 1); /* only a new segment goes on */
		}
		broken = rc == 1 ? 0 : rc < 0 ? 1 : broken;
		free(frame);
	}
	ask(replay);
	dtss_replay_destroy(replay);
	ck_assert_uint_eq(memory.blocks, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	feed_all(copy, size, 0);
	feed_all(copy, size, 1);
	free(copy);
	return 0;
}
