/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

#include <string.h>

size_t utf8_decode(const char *text, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)text[0];
	size_t len = first < 0x80 ? 1 : first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
	uint32_t point = len <= 1 ? first : first & (0x7FU >> len);

	if (len == 0 || first >= 0xF8 || first == '\0')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)text[i] & 0xC0) != 0x80)
			return 0;
		point = point << 6 | ((unsigned char)text[i] & 0x3F);
	}
	if (point < least[len] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return 0;
	*ret_point = point;
	return len;
}

void utf8_repair(char *out, const char *text)
{
	while (*text) {
		uint32_t point;
		size_t len = utf8_decode(text, &point);

		memcpy(out, len ? text : "\xEF\xBF\xBD", len ? len : 3);
		out += len ? len : 3;
		text += len ? len : 1;
	}
	*out = '\0';
}

int utf8_unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200E ||
	       point == 0x200F || (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
	       point == 0xFEFF;
}
