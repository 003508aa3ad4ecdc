/* SPDX-License-Identifier: MIT */
#include "common/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "common/json.h"

int problem_set(struct problem *p, int code, const char *fmt, ...)
{
	va_list args;

	p->code = code;
	p->field[0] = p->expected[0] = '\0';
	va_start(args, fmt);
	vsnprintf(p->sentence, sizeof p->sentence, fmt, args);
	va_end(args);
	return code;
}

int problem_field(struct problem *p, int code, const char *field, const char *expected)
{
	p->code = code;
	snprintf(p->field, sizeof p->field, "%s", field);
	snprintf(p->expected, sizeof p->expected, "%s", expected);
	snprintf(p->sentence, sizeof p->sentence, "%s: expected %s", p->field, p->expected);
	return code;
}

int problem_of(struct problem *p, int code, const struct dtss_problem *found, long element)
{
	const char *name = found->field ? found->field : "";
	const char *expected = found->expected ? found->expected : "";
	char field[PROBLEM_FIELD_MAX];

	if (element >= 0)
		snprintf(field, sizeof field, "[%ld]%s%s", element, name[0] ? "." : "", name);
	else
		snprintf(field, sizeof field, "%s", name);
	if (expected[0])
		return problem_field(p, code, field[0] ? field : "request", expected);
	problem_set(p, code, "%s%s%s", field, field[0] ? ": " : "", dtss_strerror(code));
	snprintf(p->field, sizeof p->field, "%s", field);
	return code;
}

const char *problem_code_name(int code)
{
	const char *name = dtss_errname(code);

	return name + (strncmp(name, "DTSS_E_", 7) == 0 ? 7 : strlen("DTSS_"));
}

json_t *problem_json(const struct problem *p)
{
	json_t *object = json_pack("{s:o, s:s}", "error", json_text(p->sentence), "code", problem_code_name(p->code));

	if (object && p->field[0])
		json_object_set_new(object, "field", json_text(p->field));
	if (object && p->expected[0])
		json_object_set_new(object, "expected", json_text(p->expected));
	return object;
}
