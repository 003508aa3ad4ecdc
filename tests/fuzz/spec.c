/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include "fuzz/support/fuzz.h"

/* A specification: what comes out of its bytes passes every rule, as what went in had to. */

static int spec_decode(const void *data, size_t len, const struct dtss_mem *mem, void **ret_object)
{
	struct dtss_task_spec *spec = NULL;
	int error = dtss_spec_decode(data, len, mem, &spec);

	*ret_object = spec;
	return error;
}

static size_t spec_encode(const void *object, void *buf, size_t cap)
{
	return dtss_spec_encode(object, buf, cap);
}

static void spec_release(void *object, const struct dtss_mem *mem)
{
	dtss_spec_free(object, mem);
}

static void spec_look(const void *object, const void *data, size_t len)
{
	struct dtss_problem problem = { NULL, NULL, 0 };

	(void)data;
	ck_assert_uint_le(len, DTSS_SPEC_BYTES_MAX);
	ck_assert_int_eq(dtss_spec_check(object, &problem), DTSS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_codec codec = { spec_decode, spec_encode, spec_release, spec_look };
	uint8_t *copy = fuzz_copy(data, size);

	fuzz_codec(&codec, copy, size);
	fuzz_seal(copy, size);
	fuzz_codec(&codec, copy, size);
	free(copy);
	return 0;
}
