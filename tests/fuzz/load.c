/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include "fuzz/support/fuzz.h"

/*
 * Records that do not belong together, each whole in itself: damage that no sum betrays. The engine refuses them, or
 * leads with every invariant in place, until its queues and timers are empty.
 */
#define ROUNDS 40

static void is_sound(const struct dtss_sched *s)
{
	struct dtss_violation v = { 0 };

	ck_assert_msg(dtss_sched_check(s, &v, 1) == 0, "%s %s", v.id, v.text);
}

static void store(struct dtss_sched *s, struct dtss_time now)
{
	struct dtss_action action;
	struct dtss_batch batch;

	while (dtss_sched_batch(s, &batch) == 1) {
		dtss_sched_stored(s, now, batch.last_seq);
		while (dtss_sched_next_action(s, &action) == 1)
			continue;
	}
}

static void lead(struct dtss_sched *s, const int *refused)
{
	struct dtss_time now = { UINT64_C(1000000000), INT64_C(1700000000000000000) };
	int error = dtss_sched_lead(s, now, 7), round;

	ck_assert_msg(error == DTSS_OK || error == DTSS_E_CORRUPT || error == DTSS_E_VERSION ||
			      (error == DTSS_E_NOMEM && *refused),
		      "%s", dtss_errname(error));
	for (round = 0; error == DTSS_OK && round < ROUNDS && dtss_sched_next_ns(s) != DTSS_NEVER; round++) {
		uint64_t next = dtss_sched_next_ns(s);

		is_sound(s);
		if (next > now.mono_ns) {
			now.wall_ns += (int64_t)((next - now.mono_ns) % INT64_C(100000000000000000));
			now.mono_ns = next;
		}
		ck_assert_int_eq(dtss_sched_tick(s, now), DTSS_OK);
		is_sound(s);
		store(s, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct dtss_sched *s;
	struct fail_mem memory;
	int error = DTSS_OK, refused;

	fuzz_mem_init(&memory, &refused);
	ck_assert_int_eq(dtss_sched_create(&s, NULL, &memory.mem), DTSS_OK);
	while (in.left > 0 && error == DTSS_OK) {
		size_t want = fuzz_u16(&in), len;
		const uint8_t *p = fuzz_take(&in, want, &len);
		uint8_t *copy = fuzz_copy(p, len);

		fuzz_seal_record(copy, len);
		error = dtss_sched_load(s, copy, len);
		free(copy);
		ck_assert(error == DTSS_OK || error == DTSS_E_CORRUPT || error == DTSS_E_VERSION ||
			  (error == DTSS_E_NOMEM && refused));
	}
	if (error == DTSS_OK)
		lead(s, &refused);
	dtss_sched_destroy(s);
	ck_assert_uint_eq(memory.blocks, 0);
	return 0;
}
