/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "support/babble.h"

Suite *suite_torture_trace(void);

/*
 * A node under random requests, over a store that fails, is slow, and does not know what became of a commit. Whatever its
 * engine is told is carried out beside it by the mirror, which compares the digests after every step; segments begin anew
 * all the time, so that every snapshot is compared too.
 */
#define STEPS 500

START_TEST(whatever_a_node_does_a_replay_does_too)
{
	struct rig r = { 0 };
	struct babble b = { .rig = &r, .rnd.state = 77 + (uint64_t)_i };
	struct dtss_replay_info info = { .size = sizeof info };
	int i;

	r.sched.seed = (uint64_t)_i;
	r.sched.placement = (uint32_t)_i % 3;
	r.sched.keys_max = 6;
	r.sched.worker_forget_ms = 60000;
	rig_open(&r);
	for (i = 0; i < STEPS; i++)
		babble_step(&b);
	r.gate->shut = 0;
	r.gate->commit = 0;
	rig_pass(&r, 10000);
	dtss_replay_info(r.mirror->replay, &info);
	ck_assert_uint_gt(info.segments, 5);
	ck_assert_uint_gt(info.marks, 5);
	ck_assert_uint_gt(info.events, 100);
	rig_close(&r);
}
END_TEST

Suite *suite_torture_trace(void)
{
	Suite *s = suite_create("torture_trace");
	TCase *t = tcase_create("trace");

	tcase_add_loop_test(t, whatever_a_node_does_a_replay_does_too, 0, 16);
	suite_add_tcase(s, t);
	return s;
}
