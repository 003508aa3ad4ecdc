/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "support/page.h"

#define PAGE_BYTES_MAX 65536

char *page_read(const char *path)
{
	const char *source = getenv("DTSS_SOURCE");
	char *text = malloc(PAGE_BYTES_MAX), full[4096];
	FILE *file;
	size_t len;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_lt(snprintf(full, sizeof full, "%s/%s", source != NULL ? source : ".", path), (int)sizeof full);
	file = fopen(full, "rb");
	ck_assert_msg(file != NULL, "cannot open %s", full);
	len = fread(text, 1, PAGE_BYTES_MAX, file);
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_lt(len, PAGE_BYTES_MAX);
	ck_assert_int_eq(fclose(file), 0);
	text[len] = '\0';
	return text;
}
