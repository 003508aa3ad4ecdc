/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <dtss/error.h>

/* Alone in its file, so that a program that links the archive may bring its own. */
void dtss_assert_failed(const char *file, int line, const char *condition)
{
	/* Nothing is left to do for an error on stderr; the abort says enough. */
	(void)fprintf(stderr, "%s:%d: libdtss: this must hold: %s\n", file, line, condition);
	abort();
}
