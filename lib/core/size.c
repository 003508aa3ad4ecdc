/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include "core/check.h"
#include "core/size.h"

static size_t size_of(const void *object)
{
	size_t size;

	memcpy(&size, object, sizeof size);
	return size;
}

int size_import(void *dst, size_t dst_size, const void *src)
{
	const uint8_t *bytes = src;
	size_t size = size_of(src), i;

	DTSS_ASSERT(dst != src);
	DTSS_ASSERT(dst_size >= sizeof size);
	if (size == dst_size) {
		memcpy(dst, src, size);
		return DTSS_OK;
	}
	if (size < sizeof size)
		return DTSS_E_INVALID;
	for (i = dst_size; i < size; i++) {
		if (bytes[i] != 0)
			return DTSS_E_INVALID;
	}
	memset(dst, 0, dst_size);
	memcpy(dst, src, size < dst_size ? size : dst_size);
	memcpy(dst, &dst_size, sizeof dst_size);
	return DTSS_OK;
}
