/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "support/page.h"

Suite *suite_unit_errors_page(void);

struct page_error {
	const char *name;
	int value;
	const char *text;
};

static const struct page_error errors[] = {
#define PAGE_ERROR(name, value, text) { #name, value, text },
	DTSS_ERROR_MAP(PAGE_ERROR)
#undef PAGE_ERROR
};

enum { PAGE_ERRORS = sizeof errors / sizeof errors[0] };

/* All blanks are one space, so that it does not matter where lines end. */
static char *page_words(const char *path)
{
	char *text = page_read(path), *to = text;
	const char *from;

	for (from = text; *from != '\0'; from++)
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
	return text;
}

START_TEST(the_page_has_each_error_with_its_number_and_sentence)
{
	char *text = page_words("man/dtss_errname.3"), item[256];
	size_t i;

	for (i = 0; i < PAGE_ERRORS; i++) {
		const char *minus = errors[i].value < 0 ? "\\" : "";

		ck_assert_int_lt(snprintf(item, sizeof item, " .It Dv %s No ( %s%d ) %s. ", errors[i].name, minus,
					  errors[i].value, errors[i].text),
				 (int)sizeof item);
		ck_assert_msg(strstr(text, item) != NULL, "the page does not say:%s", item);
	}
	free(text);
}
END_TEST

START_TEST(the_page_has_no_other_errors)
{
	char *text = page_words("man/dtss_errname.3");
	const char *at = text;
	size_t count = 0;

	while ((at = strstr(at, " .It Dv DTSS_")) != NULL) {
		count++;
		at++;
	}
	ck_assert_uint_eq(count, PAGE_ERRORS);
	free(text);
}
END_TEST

/* Every identifier in quotes: "S13". */
START_TEST(the_failure_model_has_each_invariant_that_the_engine_verifies)
{
	char *page = page_read("man/dtss_failure_model.7"), *source = page_read("lib/core/verify.c"), item[32];
	const char *at = source;
	size_t count = 0;

	for (; (at = strchr(at, '"')) != NULL; at++) {
		size_t digits = strspn(at + 1 + (at[1] == 'S' || at[1] == 'L'), "0123456789");

		if ((at[1] != 'S' && at[1] != 'L') || digits == 0 || at[2 + digits] != '"')
			continue;
		ck_assert_int_lt(snprintf(item, sizeof item, "\n.It %.*s\n", (int)digits + 1, at + 1),
				 (int)sizeof item);
		ck_assert_msg(strstr(page, item) != NULL, "the page does not have%s", item);
		count++;
	}
	ck_assert_uint_gt(count, 0);
	free(source);
	free(page);
}
END_TEST

Suite *suite_unit_errors_page(void)
{
	Suite *suite = suite_create("unit/errors_page");
	TCase *tc = tcase_create("page");

	tcase_add_test(tc, the_page_has_each_error_with_its_number_and_sentence);
	tcase_add_test(tc, the_page_has_no_other_errors);
	tcase_add_test(tc, the_failure_model_has_each_invariant_that_the_engine_verifies);
	suite_add_tcase(suite, tc);
	return suite;
}
