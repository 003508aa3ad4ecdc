/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/codec_samples.h"
#include "support/fail_mem.h"

Suite *suite_unit_codec_spec(void);

static uint8_t bytes[CODEC_SAMPLE_BYTES], other[CODEC_SAMPLE_BYTES];
static struct fail_mem memory;

static struct dtss_task_spec *decoded(size_t len)
{
	struct dtss_task_spec *spec = NULL;

	fail_mem_init(&memory, 0);
	ck_assert_int_eq(dtss_spec_decode(bytes, len, &memory.mem, &spec), DTSS_OK);
	ck_assert_uint_eq(spec->size, sizeof *spec);
	return spec;
}

static void discard(struct dtss_task_spec *spec)
{
	dtss_spec_free(spec, &memory.mem);
	ck_assert_uint_eq(memory.blocks, 0);
}

static void assert_same_bytes(const struct dtss_task_spec *a, const struct dtss_task_spec *b)
{
	size_t len = dtss_spec_encode(a, bytes, sizeof bytes);

	ck_assert_uint_eq(dtss_spec_encode(b, other, sizeof other), len);
	ck_assert_mem_eq(bytes, other, len);
}

START_TEST(strings_and_numbers_come_back)
{
	struct dtss_task_spec *spec = decoded(dtss_spec_encode(&sample_spec, bytes, sizeof bytes));

	ck_assert_str_eq(spec->name, "build");
	ck_assert_str_eq(spec->queue, "night");
	ck_assert_str_eq(spec->key, "build-2023-11-14");
	ck_assert_str_eq(spec->cwd, "/srv/work");
	ck_assert_int_eq(spec->priority, -5);
	ck_assert_uint_eq(spec->flags, DTSS_SPEC_HELD);
	ck_assert_int_eq(spec->not_before_ns, sample_spec.not_before_ns);
	ck_assert_uint_eq(spec->start_deadline_ms, 3600000);
	ck_assert_uint_eq(spec->timeout_ms, 60000);
	ck_assert_uint_eq(spec->retry.attempts_max, 5);
	ck_assert_uint_eq(spec->retry.lost_max, 7);
	ck_assert_uint_eq(spec->retry.backoff_ms_min, 250);
	ck_assert_uint_eq(spec->retry.backoff_ms_max, 10000);
	ck_assert_uint_eq(spec->retry.multiplier_milli, 1500);
	ck_assert_uint_eq(spec->retry.jitter, DTSS_JITTER_OFF);
	discard(spec);
}
END_TEST

START_TEST(ordered_arrays_come_back_in_their_order)
{
	struct dtss_task_spec *spec = decoded(dtss_spec_encode(&sample_spec, bytes, sizeof bytes));

	ck_assert_uint_eq(spec->argc, 4);
	ck_assert_str_eq(spec->argv[0], "sh");
	ck_assert_str_eq(spec->argv[2], "exit \"$1\"");
	ck_assert_str_eq(spec->argv[3], "");
	ck_assert_uint_eq(spec->after_count, 2);
	ck_assert_uint_eq(spec->after[0].task.v, 77);
	ck_assert_uint_eq(spec->after[0].outcome, 0);
	ck_assert_uint_eq(spec->after[1].task.v, 12);
	ck_assert_uint_eq(spec->retry.rule_count, 2);
	ck_assert_mem_eq(spec->retry.rules, sample_spec.retry.rules, 2 * sizeof spec->retry.rules[0]);
	ck_assert_uint_eq(spec->payload_len, 4);
	ck_assert_mem_eq(spec->payload, sample_spec.payload, 4);
	discard(spec);
}
END_TEST

START_TEST(sets_come_back_sorted_and_without_repetition)
{
	struct dtss_task_spec *spec = decoded(dtss_spec_encode(&sample_spec, bytes, sizeof bytes));

	ck_assert_uint_eq(spec->tag_count, 2);
	ck_assert_str_eq(spec->tags[0], "gpu");
	ck_assert_str_eq(spec->tags[1], "linux");
	ck_assert_uint_eq(spec->resource_count, 2);
	ck_assert_str_eq(spec->resources[0].name, "gpu");
	ck_assert_uint_eq(spec->resources[0].amount, 2);
	ck_assert_uint_eq(spec->resources[1].amount, 1ULL << 33);
	ck_assert_str_eq(spec->env[0].name, "EMPTY");
	ck_assert_str_eq(spec->env[0].value, "");
	ck_assert_str_eq(spec->env[1].value, "/usr/bin");
	ck_assert_str_eq(spec->labels[0].name, "app");
	ck_assert_str_eq(spec->labels[0].value, "w\xc3\xb6rk");
	ck_assert_str_eq(spec->labels[1].name, "team");
	discard(spec);
}
END_TEST

START_TEST(the_order_of_sets_does_not_matter)
{
	static const char *const tags[] = { "gpu", "gpu", "linux" };
	struct dtss_task_spec spec = sample_spec;
	struct dtss_pair env[] = { sample_spec.env[1], sample_spec.env[0] };
	struct dtss_pair labels[] = { sample_spec.labels[1], sample_spec.labels[0] };
	struct dtss_resource resources[] = { sample_spec.resources[1], sample_spec.resources[0] };

	spec.tags = tags;
	spec.env = env;
	spec.labels = labels;
	spec.resources = resources;
	assert_same_bytes(&spec, &sample_spec);
}
END_TEST

START_TEST(what_became_of_a_dependency_does_not_matter)
{
	struct dtss_task_spec spec = sample_spec;
	struct dtss_after after[] = { sample_spec.after[0], sample_spec.after[1] };

	after[0].outcome = 0;
	after[1].outcome = DTSS_TASK_FAILED;
	spec.after = after;
	assert_same_bytes(&spec, &sample_spec);
}
END_TEST

START_TEST(a_default_is_the_same_as_its_value)
{
	struct dtss_task_spec zero = { .size = sizeof zero };
	struct dtss_task_spec spelt = { .size = sizeof spelt,
					.name = "",
					.queue = "default",
					.retry = { 1, 3, 1000, 300000, 2000, DTSS_JITTER_ON, NULL, 0 } };

	assert_same_bytes(&zero, &spelt);
}
END_TEST

START_TEST(another_value_gives_other_bytes)
{
	struct dtss_task_spec spec = sample_spec;
	size_t len = dtss_spec_encode(&sample_spec, bytes, sizeof bytes);

	spec.priority++;
	ck_assert_uint_eq(dtss_spec_encode(&spec, other, sizeof other), len);
	ck_assert_mem_ne(bytes, other, len);
}
END_TEST

START_TEST(what_is_not_there_stays_not_there)
{
	struct dtss_task_spec empty = { .size = sizeof empty }, *spec;

	spec = decoded(dtss_spec_encode(&empty, bytes, sizeof bytes));
	ck_assert_ptr_null(spec->key);
	ck_assert_ptr_null(spec->cwd);
	ck_assert_ptr_null(spec->payload);
	ck_assert_str_eq(spec->queue, "default");
	ck_assert_uint_eq(spec->argc + spec->env_count + spec->tag_count + spec->after_count, 0);
	discard(spec);
}
END_TEST

START_TEST(a_spec_of_an_older_program_is_extended_by_zeros)
{
	struct dtss_task_spec spec = sample_spec;

	spec.size = offsetof(struct dtss_task_spec, retry);
	spec.retry.attempts_max = 77; /* behind the end, so not there */
	discard(decoded(dtss_spec_encode(&spec, bytes, sizeof bytes)));
	memset(&spec.retry, 0, sizeof spec.retry);
	spec.size = sizeof spec;
	dtss_spec_encode(&spec, other, sizeof other);
	ck_assert_mem_eq(bytes, other, dtss_spec_encode(&spec, NULL, 0));
}
END_TEST

START_TEST(strings_point_into_the_bytes)
{
	struct dtss_task_spec *spec = decoded(dtss_spec_encode(&sample_spec, bytes, sizeof bytes));

	ck_assert(spec->name > (const char *)bytes && spec->name < (const char *)bytes + sizeof bytes);
	ck_assert_uint_eq(memory.count, 1);
	discard(spec);
	dtss_spec_free(NULL, &memory.mem);
}
END_TEST

Suite *suite_unit_codec_spec(void)
{
	Suite *suite = suite_create("unit/codec_spec");
	TCase *tc = tcase_create("codec_spec");

	tcase_add_test(tc, strings_and_numbers_come_back);
	tcase_add_test(tc, ordered_arrays_come_back_in_their_order);
	tcase_add_test(tc, sets_come_back_sorted_and_without_repetition);
	tcase_add_test(tc, the_order_of_sets_does_not_matter);
	tcase_add_test(tc, what_became_of_a_dependency_does_not_matter);
	tcase_add_test(tc, a_default_is_the_same_as_its_value);
	tcase_add_test(tc, another_value_gives_other_bytes);
	tcase_add_test(tc, what_is_not_there_stays_not_there);
	tcase_add_test(tc, a_spec_of_an_older_program_is_extended_by_zeros);
	tcase_add_test(tc, strings_point_into_the_bytes);
	suite_add_tcase(suite, tc);
	return suite;
}
