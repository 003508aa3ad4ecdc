/* SPDX-License-Identifier: MIT */
#include "common/text.h"

#include <stdlib.h>
#include <string.h>
#include "common/utf8.h"

#define TEXT_CAP_MIN 512 /* most answers */

void text_fini(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

static void text_fail(struct text *text)
{
	text_fini(text);
	text->failed = 1;
}

/* Room for so many more bytes; NULL: there is none. */
static char *text_room(struct text *text, size_t len)
{
	size_t cap = text->cap ? text->cap : TEXT_CAP_MIN;
	char *grown;

	if (text->failed)
		return NULL;
	if (text->cap - text->len >= len)
		return text->bytes + text->len;
	while (cap - text->len < len)
		cap *= 2;
	grown = realloc(text->bytes, cap);
	if (!grown) {
		text_fail(text);
		return NULL;
	}
	text->bytes = grown;
	text->cap = cap;
	return grown + text->len;
}

size_t text_begin(struct text *text)
{
	text->begin = text->len;
	return text->begin;
}

void text_add(struct text *text, const char *bytes, size_t len)
{
	char *to = text_room(text, len);

	if (!to)
		return;
	memcpy(to, bytes, len);
	text->len += len;
}

/* A bracket or a colon at the end is never of a string: that ends with its quote. */
static int text_wants_comma(const struct text *text)
{
	char last = text->len > text->begin ? text->bytes[text->len - 1] : '[';

	return last != '{' && last != '[' && last != ':';
}

static void text_comma(struct text *text)
{
	if (text_wants_comma(text))
		text_add(text, ",", 1);
}

void text_json(struct text *text, const char *json, size_t len)
{
	text_comma(text);
	text_add(text, json, len);
}

void text_open(struct text *text, char bracket)
{
	text_json(text, &bracket, 1);
}

void text_close(struct text *text, char bracket)
{
	text_add(text, &bracket, 1);
}

/* In one piece: an answer is keys for the most part. */
void text_key(struct text *text, const char *name)
{
	size_t len = strlen(name);
	char *to = text_room(text, len + 4);

	if (!to)
		return;
	if (text_wants_comma(text))
		*to++ = ',';
	*to++ = '"';
	memcpy(to, name, len);
	memcpy(to + len, "\":", 2);
	text->len = (size_t)(to + len + 2 - text->bytes);
}

/* What stands in a string as it is. */
static const uint8_t text_plain[256] = {
	[0x20 ... '"' - 1] = 1,
	['"' + 1 ... '\\' - 1] = 1,
	['\\' + 1 ... 0x7F] = 1,
};

/* What cannot stand in a string as it is. Gives how many bytes it was. */
static size_t text_special(struct text *text, const char *at)
{
	static const char escapes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", digits[] = "0123456789ABCDEF";
	unsigned char c = (unsigned char)*at;
	const char *escape = c < 0x80 ? strchr(escapes, c) : NULL;
	uint32_t point;
	size_t len = 1;

	if (escape) {
		text_add(text, (const char[]){ '\\', letters[escape - escapes] }, 2);
	} else if (c < 0x20) {
		text_add(text, (const char[]){ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] }, 6);
	} else if ((len = utf8_decode(at, &point)) > 0) {
		text_add(text, at, len);
	} else {
		text_add(text, "\xEF\xBF\xBD", 3);
		len = 1;
	}
	return len;
}

void text_string(struct text *text, const char *string)
{
	if (!string) {
		text_fail(text);
		return;
	}
	text_comma(text);
	text_add(text, "\"", 1);
	while (*string) {
		size_t len = 0;

		while (text_plain[(unsigned char)string[len]])
			len++;
		text_add(text, string, len);
		string += len;
		if (*string)
			string += text_special(text, string);
	}
	text_add(text, "\"", 1);
}

static void text_digits(struct text *text, uint64_t number)
{
	char digits[20], *at = digits + sizeof digits;

	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	text_add(text, at, (size_t)(digits + sizeof digits - at));
}

void text_number(struct text *text, uint64_t number)
{
	text_comma(text);
	text_digits(text, number);
}

void text_integer(struct text *text, int64_t number)
{
	text_comma(text);
	if (number < 0)
		text_add(text, "-", 1);
	text_digits(text, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void text_truth(struct text *text, int truth)
{
	if (truth)
		text_json(text, "true", 4);
	else
		text_json(text, "false", 5);
}

void text_put_string(struct text *text, const char *name, const char *string)
{
	text_key(text, name);
	text_string(text, string);
}

void text_put_number(struct text *text, const char *name, uint64_t number)
{
	text_key(text, name);
	text_number(text, number);
}

void text_put_integer(struct text *text, const char *name, int64_t number)
{
	text_key(text, name);
	text_integer(text, number);
}
