/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "common/json.h"
#include "fuzz/support/fuzz.h"

/*
 * JSON to a task and back. What was read and passes the rules is written as JSON that gives the same specification, and
 * so is what came through the encoding, with all defaults in their places.
 */
static void again(const struct dtss_task_spec *spec, const uint8_t *bytes, size_t len)
{
	struct text t = { 0 };
	struct json_reader r = { 0 };
	struct dtss_task_spec back;
	uint8_t *out = malloc(len);
	json_t *value;

	json_write_task(&t, spec);
	value = json_read_text(&r, t.bytes, t.len);
	text_fini(&t);
	ck_assert_msg(value != NULL, "%s", r.problem.sentence);
	ck_assert_msg(json_read_task(&r, value, JSON_TASK_ANY, &back) == 0, "%s", r.problem.sentence);
	ck_assert_uint_eq(dtss_spec_encode(&back, out, len), len);
	ck_assert_mem_eq(out, bytes, len);
	json_reader_fini(&r);
	json_decref(value);
	free(out);
}

static void through_bytes(const struct dtss_task_spec *spec)
{
	size_t len = dtss_spec_encode(spec, NULL, 0);
	struct dtss_task_spec *decoded;
	uint8_t *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_le(len, DTSS_SPEC_BYTES_MAX);
	ck_assert_uint_eq(dtss_spec_encode(spec, bytes, len), len);
	again(spec, bytes, len);
	ck_assert_int_eq(dtss_spec_decode(bytes, len, dtss_mem_libc(), &decoded), DTSS_OK);
	again(decoded, bytes, len);
	dtss_spec_free(decoded, dtss_mem_libc());
	free(bytes);
}

/* A refusal says what was wrong, in a sentence that is whole. */
static void refused(const struct problem *p, int rc)
{
	ck_assert_int_eq(p->code, rc);
	ck_assert(rc == DTSS_E_INVALID || rc == DTSS_E_TOO_BIG);
	ck_assert_uint_gt(strlen(p->sentence), 0);
	json_decref(problem_json(p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memcpy(calloc(1, size + 1), data, size); /* as dtssd keeps a body: a NUL behind it */
	struct json_reader r = { 0 };
	struct dtss_problem problem;
	struct dtss_task_spec spec;
	json_t *value = json_read_text(&r, text, size);
	int rc = value ? json_read_task(&r, value, 0, &spec) : r.problem.code;

	if (rc == 0)
		rc = dtss_spec_check(&spec, &problem);
	else
		refused(&r.problem, rc);
	if (rc == 0)
		through_bytes(&spec);
	json_reader_fini(&r);
	json_decref(value);
	free(text);
	return 0;
}
