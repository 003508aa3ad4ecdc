/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_golden(void);

/*
 * Stores keep these bytes for years. A file is never written over: DTSS_GOLDEN_WRITE=1 makes those that do not exist,
 * for a new format (see the change procedure in lib/codec/wire.h).
 */
static uint8_t golden[CODEC_SAMPLE_BYTES], bytes[CODEC_SAMPLE_BYTES];

static void golden_path(char *path, size_t cap, const char *name)
{
	const char *source = getenv("DTSS_SOURCE");

	ck_assert_int_lt(snprintf(path, cap, "%s/tests/golden/%s_v1.bin", source != NULL ? source : ".", name),
			 (int)cap);
}

static void golden_write(const char *path, const struct codec_sample *sample)
{
	size_t len = sample->encode(bytes, sizeof bytes);
	FILE *file = fopen(path, "wbx");

	ck_assert_msg(file != NULL, "cannot make %s", path);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static size_t golden_read(const struct codec_sample *sample)
{
	char path[4096];
	FILE *file;
	size_t len;

	golden_path(path, sizeof path, sample->name);
	file = fopen(path, "rb");
	if (file == NULL && getenv("DTSS_GOLDEN_WRITE") != NULL) {
		golden_write(path, sample);
		file = fopen(path, "rb");
	}
	ck_assert_msg(file != NULL, "%s is not there", path);
	len = fread(golden, 1, sizeof golden, file);
	ck_assert_int_eq(ferror(file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return len;
}

START_TEST(what_is_written_is_what_was_written)
{
	const struct codec_sample *sample = &codec_samples[_i];
	size_t len = golden_read(sample);

	ck_assert_uint_eq(sample->encode(bytes, sizeof bytes), len);
	ck_assert_mem_eq(bytes, golden, len);
}
END_TEST

START_TEST(what_was_written_is_still_read)
{
	const struct codec_sample *sample = &codec_samples[_i];
	struct fail_mem memory;
	size_t len = golden_read(sample), again;

	fail_mem_init(&memory, 0);
	ck_assert_int_eq(sample->again(golden, len, &memory.mem, bytes, &again), DTSS_OK);
	ck_assert_uint_eq(again, len);
	ck_assert_mem_eq(bytes, golden, len);
	ck_assert_uint_eq(memory.blocks, 0);
}
END_TEST

Suite *suite_unit_codec_golden(void)
{
	Suite *suite = suite_create("unit/codec_golden");
	TCase *tc = tcase_create("codec_golden");

	tcase_add_loop_test(tc, what_is_written_is_what_was_written, 0, (int)codec_sample_count);
	tcase_add_loop_test(tc, what_was_written_is_still_read, 0, (int)codec_sample_count);
	suite_add_tcase(suite, tc);
	return suite;
}
