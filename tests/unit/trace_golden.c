/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/babble.h"

Suite *suite_unit_trace_golden(void);

/*
 * A trace that was recorded once, of all verbs, with troubles of the store. It ends at the digest in the file beside it on
 * every machine and in every build: tests/proof/replay.sh compares more of them.
 *
 * When the engine is meant to decide otherwise, remove both files and make them again with DTSS_GOLDEN_WRITE=1; they then
 * say in the history of the repository when decisions changed. When the format changes, the old files stay and must still
 * be read up to the first such decision: see lib/codec/wire.h.
 */
static void golden_path(char path[4096], const char *name)
{
	const char *source = getenv("DTSS_SOURCE");

	ck_assert_int_lt(snprintf(path, 4096, "%s/tests/golden/%s", source != NULL ? source : ".", name), 4096);
}

static void golden_line(const struct dtss_replay *replay, struct dtss_sched *s, char line[160])
{
	struct dtss_replay_info info = { .size = sizeof info };

	dtss_replay_info(replay, &info);
	snprintf(line, 160, "replay verbs=%" PRIu64 " events=%" PRIu64 " seq=%" PRIu64 " digest=%016" PRIx64 "\n",
		 info.verbs, info.events, info.seq, dtss_sched_digest_all(s));
}

static void golden_write(const char *trace, const char *expected)
{
	struct rig r = { 0 };
	struct babble b = { .rig = &r, .rnd.state = 20261121 };
	FILE *file = fopen(trace, "wbx"), *lines = fopen(expected, "wbx");
	char line[160];
	int i;

	ck_assert(file != NULL && lines != NULL);
	r.sched.seed = 4711;
	r.copy = file;
	rig_open(&r);
	r.mirror->segment_frames = 400;
	for (i = 0; i < 400; i++)
		babble_step(&b);
	golden_line(r.mirror->replay, dtss_replay_sched(r.mirror->replay), line);
	r.mirror->copy = NULL;
	ck_assert_int_ge(fputs(line, lines), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(fclose(lines), 0);
	r.gate->shut = 0;
	rig_close(&r);
}

START_TEST(what_was_recorded_once_ends_the_same_for_ever)
{
	char trace[4096], expected[4096], line[160], message[256] = "", want[160] = "";
	struct dtss_replay *replay;
	FILE *file;

	golden_path(trace, "trace_v1.bin");
	golden_path(expected, "trace_v1.txt");
	file = fopen(expected, "rb");
	if (file == NULL && getenv("DTSS_GOLDEN_WRITE") != NULL) {
		golden_write(trace, expected);
		file = fopen(expected, "rb");
	}
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(want, sizeof want, file));
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(dtss_replay_create(&replay, NULL), 0);
	ck_assert_msg(dtss_replay_path(replay, trace, DTSS_NEVER, message, sizeof message) == 0, "%s", message);
	golden_line(replay, dtss_replay_sched(replay), line);
	ck_assert_str_eq(line, want);
	dtss_replay_destroy(replay);
}
END_TEST

Suite *suite_unit_trace_golden(void)
{
	Suite *s = suite_create("unit_trace_golden");
	TCase *t = tcase_create("golden");

	tcase_add_test(t, what_was_recorded_once_ends_the_same_for_ever);
	suite_add_tcase(s, t);
	return s;
}
