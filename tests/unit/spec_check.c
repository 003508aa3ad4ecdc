/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/codec_samples.h"

Suite *suite_unit_spec_check(void);

static struct dtss_task_spec spec;
static struct dtss_problem problem;
static char text[DTSS_SPEC_BYTES_MAX + 2]; /* filled with 'x' up to the length that a test wants */

static void setup(void)
{
	memset(&spec, 0, sizeof spec);
	spec.size = sizeof spec;
	memset(&problem, 0, sizeof problem);
}

static const char *text_of(size_t len)
{
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void accepted(void)
{
	ck_assert_msg(dtss_spec_check(&spec, &problem) == DTSS_OK, "%s: %s", problem.field, problem.expected);
	ck_assert_ptr_null(problem.field);
}

static void refused(int error, const char *field, const char *expected, size_t index)
{
	ck_assert_int_eq(dtss_spec_check(&spec, &problem), error);
	ck_assert_str_eq(problem.field, field);
	ck_assert_str_eq(problem.expected, expected);
	ck_assert_uint_eq(problem.index, index);
	memset(&problem, 0, sizeof problem);
}

START_TEST(zero_is_a_valid_beginning)
{
	accepted();
	spec = sample_spec;
	accepted();
	ck_assert_int_eq(dtss_spec_check(&spec, NULL), DTSS_OK);
}
END_TEST

START_TEST(the_size_must_be_known)
{
	struct {
		struct dtss_task_spec spec;
		uint64_t newer;
	} future = { .spec = { .size = sizeof future }, .newer = 0 };

	spec.size = 0;
	refused(DTSS_E_INVALID, "size", "sizeof(struct dtss_task_spec)", 0);
	ck_assert_int_eq(dtss_spec_check(&future.spec, &problem), DTSS_OK);
	future.newer = 1;
	ck_assert_int_eq(dtss_spec_check(&future.spec, &problem), DTSS_E_INVALID);
}
END_TEST

START_TEST(names_are_at_most_255_bytes)
{
	static const struct {
		const char *field;
		size_t offset;
	} fields[] = { { "name", offsetof(struct dtss_task_spec, name) },
		       { "queue", offsetof(struct dtss_task_spec, queue) },
		       { "key", offsetof(struct dtss_task_spec, key) } };
	const char **member = (const char **)((char *)&spec + fields[_i].offset);

	*member = text_of(255);
	accepted();
	*member = text_of(256);
	refused(DTSS_E_TOO_BIG, fields[_i].field, "at most 255 bytes", 0);
}
END_TEST

START_TEST(queue_key_and_cwd_are_not_empty)
{
	spec.name = "";
	accepted();
	spec.queue = "";
	refused(DTSS_E_INVALID, "queue", "not empty", 0);
	spec.queue = NULL;
	spec.key = "";
	refused(DTSS_E_INVALID, "key", "not empty", 0);
	spec.key = NULL;
	spec.cwd = "";
	refused(DTSS_E_INVALID, "cwd", "not empty", 0);
}
END_TEST

static void range(uint64_t *member, const char *field, uint64_t max, const char *expected)
{
	*member = max;
	accepted();
	*member = max + 1;
	refused(DTSS_E_TOO_BIG, field, expected, 0);
	*member = 0;
	accepted();
}

START_TEST(durations_are_at_most_a_year)
{
	range(&spec.timeout_ms, "timeout_ms", DTSS_DURATION_MS_MAX, "0..31536000000");
	range(&spec.start_deadline_ms, "start_deadline_ms", DTSS_DURATION_MS_MAX, "0..31536000000");
	range(&spec.retry.backoff_ms_max, "retry.backoff_ms_max", DTSS_DURATION_MS_MAX, "1..31536000000");
	spec.retry.backoff_ms_max = DTSS_DURATION_MS_MAX;
	range(&spec.retry.backoff_ms_min, "retry.backoff_ms_min", DTSS_DURATION_MS_MAX, "1..31536000000");
}
END_TEST

START_TEST(a_time_is_after_1970)
{
	spec.not_before_ns = INT64_MAX;
	accepted();
	spec.not_before_ns = -1;
	refused(DTSS_E_INVALID, "not_before", "a time after 1970", 0);
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
	spec.flags = DTSS_SPEC_HELD;
	accepted();
	spec.flags = 2;
	refused(DTSS_E_INVALID, "flags", "only known flags", 0);
}
END_TEST

START_TEST(attempts_are_bounded)
{
	spec.retry.attempts_max = 1000;
	spec.retry.lost_max = 1000;
	accepted();
	spec.retry.attempts_max = 1001;
	refused(DTSS_E_TOO_BIG, "retry.attempts_max", "1..1000", 0);
	spec.retry.attempts_max = 0;
	spec.retry.lost_max = 1001;
	refused(DTSS_E_TOO_BIG, "retry.lost_max", "1..1000", 0);
}
END_TEST

START_TEST(the_multiplier_is_1_to_1000)
{
	spec.retry.multiplier_milli = 1000;
	accepted();
	spec.retry.multiplier_milli = 1000000;
	accepted();
	spec.retry.multiplier_milli = 999;
	refused(DTSS_E_INVALID, "retry.multiplier", "1..1000 times", 0);
	spec.retry.multiplier_milli = 1000001;
	refused(DTSS_E_TOO_BIG, "retry.multiplier", "1..1000 times", 0);
}
END_TEST

START_TEST(a_backoff_grows)
{
	spec.retry.backoff_ms_min = 300000; /* the default of max */
	accepted();
	spec.retry.backoff_ms_min = 300001;
	refused(DTSS_E_INVALID, "retry.backoff_ms_max", "at least retry.backoff_ms_min", 0);
	spec.retry.backoff_ms_max = 300001;
	accepted();
}
END_TEST

START_TEST(jitter_is_on_or_off)
{
	spec.retry.jitter = DTSS_JITTER_OFF;
	accepted();
	spec.retry.jitter = 3;
	refused(DTSS_E_INVALID, "retry.jitter", "on or off", 0);
}
END_TEST

START_TEST(a_payload_fits_into_the_whole)
{
	size_t empty = dtss_spec_encode(&spec, NULL, 0);

	spec.payload = text;
	spec.payload_len = DTSS_SPEC_BYTES_MAX - empty;
	accepted();
	spec.payload_len++;
	refused(DTSS_E_TOO_BIG, "", "at most 262144 bytes in all", 0);
	spec.payload_len = DTSS_SPEC_BYTES_MAX + 1;
	ck_assert_int_eq(dtss_spec_check(&spec, &problem), DTSS_E_TOO_BIG);
	ck_assert_str_eq(problem.field, "payload");
	spec.payload_len = 1;
	spec.payload = NULL;
	refused(DTSS_E_INVALID, "payload", "not NULL", 0);
}
END_TEST

START_TEST(the_longest_that_is_accepted_can_be_decoded)
{
	uint8_t *bytes = malloc(DTSS_SPEC_BYTES_MAX);
	struct dtss_task_spec *ret = NULL;
	size_t len;

	ck_assert_ptr_nonnull(bytes);
	spec.payload = text;
	spec.payload_len = DTSS_SPEC_BYTES_MAX - dtss_spec_encode(&spec, NULL, 0);
	len = dtss_spec_encode(&spec, bytes, DTSS_SPEC_BYTES_MAX);
	ck_assert_uint_eq(len, DTSS_SPEC_BYTES_MAX);
	ck_assert_int_eq(dtss_spec_decode(bytes, len, dtss_mem_libc(), &ret), DTSS_OK);
	ck_assert_uint_eq(ret->payload_len, spec.payload_len);
	dtss_spec_free(ret, dtss_mem_libc());
	free(bytes);
}
END_TEST

Suite *suite_unit_spec_check(void)
{
	Suite *suite = suite_create("unit/spec_check");
	TCase *tc = tcase_create("spec_check");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, zero_is_a_valid_beginning);
	tcase_add_test(tc, the_size_must_be_known);
	tcase_add_loop_test(tc, names_are_at_most_255_bytes, 0, 3);
	tcase_add_test(tc, queue_key_and_cwd_are_not_empty);
	tcase_add_test(tc, durations_are_at_most_a_year);
	tcase_add_test(tc, a_time_is_after_1970);
	tcase_add_test(tc, unknown_flags_are_refused);
	tcase_add_test(tc, attempts_are_bounded);
	tcase_add_test(tc, the_multiplier_is_1_to_1000);
	tcase_add_test(tc, a_backoff_grows);
	tcase_add_test(tc, jitter_is_on_or_off);
	tcase_add_test(tc, a_payload_fits_into_the_whole);
	tcase_add_test(tc, the_longest_that_is_accepted_can_be_decoded);
	suite_add_tcase(suite, tc);
	return suite;
}
