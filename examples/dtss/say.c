/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "common/log.h"

void say(const char *fmt, ...)
{
	char sentence[LOG_LINE_MAX], clean[LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, args);
	va_end(args);
	log_escape(clean, sizeof clean, sentence);
	fprintf(stderr, "dtss: %s\n", clean);
}

void print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT); /* what stdout does not take is noticed at the end */
	putchar('\n');
}

json_int_t operand_id(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	json_int_t id = digits > 0 && digits < 16 && !text[digits] ? atoll(text) : 0;

	if (id < 1 || id > DTSS_TASK_ID_MAX) {
		say("%.64s: expected the id of a task, a number from 1", text);
		return 0;
	}
	return id;
}
