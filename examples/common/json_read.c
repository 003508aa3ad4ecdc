/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/nearest.h"

struct json_block {
	struct json_block *next;
	max_align_t data[];
};

void json_reader_fini(struct json_reader *r)
{
	while (r->blocks) {
		struct json_block *next = r->blocks->next;

		free(r->blocks);
		r->blocks = next;
	}
}

void *json_reader_alloc(struct json_reader *r, size_t count, size_t size)
{
	struct json_block *block = NULL;

	count = count ? count : 1;
	if (count <= (SIZE_MAX / 2) / size)
		block = malloc(sizeof *block + count * size); /* calloc() would pass by what was just freed */
	if (!block) {
		problem_set(&r->problem, DTSS_E_NOMEM, "%s", dtss_strerror(DTSS_E_NOMEM));
		return NULL;
	}
	block->next = r->blocks;
	r->blocks = block;
	memset(block->data, 0, count * size);
	return block->data;
}

/* jansson quotes the place at the end of its text: duplicate object key near '"name"'. */
static void name_near(const char *text, char *name, size_t cap)
{
	const char *from = strstr(text, "near '\""), *to;

	name[0] = '\0';
	if (from && (to = strrchr(from += 7, '"')) && to > from)
		snprintf(name, cap, "%.*s", (int)(to - from), from);
}

static void explain_syntax(struct problem *p, const json_error_t *error)
{
	char name[PROBLEM_FIELD_MAX];

	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		name_near(error->text, name, sizeof name);
		problem_set(p, DTSS_E_INVALID, "duplicate field \"%s\": expected each field once", name);
		snprintf(p->field, sizeof p->field, "%s", name);
		snprintf(p->expected, sizeof p->expected, "each field once");
		return;
	case json_error_out_of_memory:
		problem_set(p, DTSS_E_NOMEM, "%s", dtss_strerror(DTSS_E_NOMEM));
		return;
	default:
		problem_set(p, DTSS_E_INVALID, "the body is not JSON: line %d, column %d: %s", error->line,
			    error->column, error->text);
		snprintf(p->expected, sizeof p->expected, "JSON");
	}
}

/* Where the string that begins at i ends: at its quote, or behind all of it. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		i += text[i] == '\\';
	return i;
}

/* Whether arrays and objects are in each other deeper than that; what stands in strings does not count. */
static int too_deep(const char *text, size_t len)
{
	static const int8_t steps[256] = { ['['] = 1, ['{'] = 1, [']'] = -1, ['}'] = -1 };
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			i = skip_string(text, len, i);
		else if ((depth += steps[(unsigned char)text[i]]) > JSON_DEPTH_MAX)
			return 1;
		else if (depth < 0)
			depth = 0;
	}
	return 0;
}

/* jansson steps over some of them, so that others would read another text than we did. */
static int has_nul(struct problem *p, const char *text, size_t len)
{
	const char *nul = memchr(text, 0, len);

	if (!nul)
		return 0;
	problem_set(p, DTSS_E_INVALID, "the body is not JSON: byte %zu is NUL", (size_t)(nul - text));
	snprintf(p->expected, sizeof p->expected, "JSON");
	return 1;
}

json_t *json_read_text(struct json_reader *r, const char *text, size_t len)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_error_t error;
	size_t blank = 0; /* no further than len: a body of many lines has more behind it */
	json_t *value;

	if (has_nul(&r->problem, text, len))
		return NULL;
	while (blank < len && strchr(" \t\r\n", text[blank]))
		blank++;
	if (blank == len) {
		problem_set(&r->problem, DTSS_E_INVALID, "the body is empty: expected a JSON object");
		snprintf(r->problem.expected, sizeof r->problem.expected, "a JSON object");
		return NULL;
	}
	if (too_deep(text, len)) {
		problem_set(&r->problem, DTSS_E_INVALID, "the body is too deep: expected at most %d levels",
			    JSON_DEPTH_MAX);
		snprintf(r->problem.expected, sizeof r->problem.expected, "at most %d levels", JSON_DEPTH_MAX);
		return NULL;
	}
	value = json_loadb(text, len, flags, &error);
	/* an integer of more than 64 bits: read it as a real, so that its field can be named */
	if (!value && json_error_code(&error) == json_error_numeric_overflow)
		value = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, &error);
	if (!value)
		explain_syntax(&r->problem, &error);
	return value;
}

/* As much as there is room for. */
static void path_add(struct json_reader *r, const char *bytes, size_t len)
{
	size_t room = sizeof r->path - 1 - r->path_len;

	len = len < room ? len : room;
	memcpy(r->path + r->path_len, bytes, len);
	r->path_len += len;
	r->path[r->path_len] = '\0';
}

/* For each member of each element, seldom to be read: so without printf. */
size_t json_path_push(struct json_reader *r, const char *name, long index)
{
	char digits[24], *at = digits + sizeof digits;
	size_t mark = r->path_len;

	if (index >= 0) {
		*--at = ']';
		do
			*--at = (char)('0' + index % 10);
		while ((index /= 10) > 0);
		*--at = '[';
		path_add(r, at, (size_t)(digits + sizeof digits - at));
	} else {
		path_add(r, ".", mark > 0);
		path_add(r, name, strlen(name));
	}
	return mark;
}

void json_path_pop(struct json_reader *r, size_t mark)
{
	r->path[mark] = '\0';
	r->path_len = mark;
}

int json_expected(struct json_reader *r, int code, const char *expected)
{
	if (r->path_len)
		return problem_field(&r->problem, code, r->path, expected);
	problem_set(&r->problem, code, "expected %s", expected);
	snprintf(r->problem.expected, sizeof r->problem.expected, "%s", expected);
	return code;
}

static int unknown_field(struct json_reader *r, const char *name, const struct json_field *fields, size_t count)
{
	struct nearest near = { name, NULL, 0 };
	size_t mark;

	for (size_t i = 0; i < count; i++)
		nearest_try(&near, fields[i].name);
	mark = json_path_push(r, name, -1);
	if (near.best)
		problem_set(&r->problem, DTSS_E_INVALID, "unknown field \"%s\" (did you mean \"%s\"?)", r->path,
			    near.best);
	else
		problem_set(&r->problem, DTSS_E_INVALID, "unknown field \"%s\"", r->path);
	snprintf(r->problem.field, sizeof r->problem.field, "%s", r->path);
	snprintf(r->problem.expected, sizeof r->problem.expected, "%s", near.best ? near.best : "a known field");
	json_path_pop(r, mark);
	return DTSS_E_INVALID;
}

int json_read_object(struct json_reader *r, const json_t *value, const struct json_field *fields, size_t count,
		     void *base)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return json_expected(r, DTSS_E_INVALID, "a JSON object");
	json_object_foreach ((json_t *)value, key, member) {
		size_t i = 0, mark;
		int rc;

		while (i < count && strcmp(fields[i].name, key) != 0)
			i++;
		if (i == count && r->ignore_unknown)
			continue;
		if (i == count)
			return unknown_field(r, key, fields, count);
		mark = json_path_push(r, key, -1);
		rc = fields[i].read(r, member, &fields[i], base);
		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	return 0;
}

const char *json_word(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

int json_read_string(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	const char *text = json_string_value(value);

	if (!text)
		return json_expected(r, DTSS_E_INVALID, "a string");
	if (strlen(text) != json_string_length(value))
		return json_expected(r, DTSS_E_INVALID, "a string without NUL");
	memcpy((char *)base + field->offset, &text, sizeof text);
	return 0;
}

int json_read_strings(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	static const struct json_field element = { .name = "" };
	size_t count = json_array_size(value);
	const char **strings;

	if (!json_is_array(value))
		return json_expected(r, DTSS_E_INVALID, "an array of strings");
	strings = json_reader_alloc(r, count, sizeof *strings);
	if (!strings)
		return DTSS_E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_path_push(r, "", (long)i);
		int rc = json_read_string(r, json_array_get(value, i), &element, &strings[i]);

		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	memcpy((char *)base + field->offset, &strings, sizeof strings);
	memcpy((char *)base + field->count, &count, sizeof count);
	return 0;
}

/* An integer within the field's bounds, 2 and 2.0 alike. */
static int bounded(struct json_reader *r, const json_t *value, const struct json_field *field, int64_t *ret_number)
{
	double real = json_is_real(value) ? json_real_value(value) : 0;
	int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
	char expected[PROBLEM_EXPECTED_MAX];
	int fits = json_is_number(value) && real == floor(real);

	if (fits && json_is_real(value)) {
		fits = fabs(real) < 9007199254740992.0;
		number = fits ? (int64_t)real : 0;
	}
	snprintf(expected, sizeof expected, "an integer, %lld..%lld", (long long)field->min, (long long)field->max);
	if (!fits || number < field->min || number > field->max)
		return json_expected(r, DTSS_E_INVALID, expected);
	*ret_number = number;
	return 0;
}

int json_read_i64(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	int64_t number = 0;
	int rc = bounded(r, value, field, &number);

	if (rc == 0)
		memcpy((char *)base + field->offset, &number, sizeof number);
	return rc;
}

int json_read_u64(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	return json_read_i64(r, value, field, base); /* the same 64 bits: our bounds are never negative */
}

int json_read_u32(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	int64_t number = 0;
	int rc = bounded(r, value, field, &number);
	uint32_t narrow = (uint32_t)number;

	if (rc == 0)
		memcpy((char *)base + field->offset, &narrow, sizeof narrow);
	return rc;
}

int json_read_i32(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	int64_t number = 0;
	int rc = bounded(r, value, field, &number);
	int32_t narrow = (int32_t)number;

	if (rc == 0)
		memcpy((char *)base + field->offset, &narrow, sizeof narrow);
	return rc;
}

int json_read_resources(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	const struct json_field amount = { .name = "", .min = 1, .max = DTSS_RESOURCE_AMOUNT_MAX };
	size_t count = json_object_size(value), i = 0;
	struct dtss_resource *resources;
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return json_expected(r, DTSS_E_INVALID, "an object of names and amounts");
	resources = json_reader_alloc(r, count, sizeof *resources);
	if (!resources)
		return DTSS_E_NOMEM;
	json_object_foreach ((json_t *)value, key, member) {
		size_t mark = json_path_push(r, key, -1);
		int rc;

		resources[i].name = key;
		rc = json_read_u64(r, member, &amount, &resources[i++].amount);
		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	memcpy((char *)base + field->offset, &resources, sizeof resources);
	memcpy((char *)base + field->count, &count, sizeof count);
	return 0;
}

int json_read_identity(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	static const char hex[] = "0123456789abcdef";
	const char *text = json_word(value);
	uint8_t *identity = (uint8_t *)base + field->offset;

	if (!text || strlen(text) != 2 * DTSS_IDENTITY_LEN || strspn(text, hex) != 2 * DTSS_IDENTITY_LEN)
		return json_expected(r, DTSS_E_INVALID, "32 hexadecimal digits");
	for (size_t i = 0; i < DTSS_IDENTITY_LEN; i++)
		identity[i] = (uint8_t)((strchr(hex, text[2 * i]) - hex) << 4 | (strchr(hex, text[2 * i + 1]) - hex));
	return 0;
}

/* An array of objects of one kind; each element is size bytes. */
int json_read_objects(struct json_reader *r, const json_t *value, const struct json_field *fields, size_t field_count,
		      size_t size, void **ret_elements, size_t *ret_count)
{
	size_t count = json_array_size(value);
	char *elements;

	if (!json_is_array(value))
		return json_expected(r, DTSS_E_INVALID, "an array of objects");
	elements = json_reader_alloc(r, count, size);
	if (!elements)
		return DTSS_E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_path_push(r, "", (long)i);
		int rc = json_read_object(r, json_array_get(value, i), fields, field_count, elements + i * size);

		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	*ret_elements = elements;
	*ret_count = count;
	return 0;
}
