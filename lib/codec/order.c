/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/order.h"
#include "core/check.h"

const char *order_name(const void *array, size_t stride, size_t i)
{
	const uint8_t *element = (const uint8_t *)array + i * stride;
	const char *name;

	memcpy(&name, element, sizeof name);
	return name;
}

/* How many of the first count in order are not greater. What is in order already needs one comparison. */
static size_t order_rank(const uint16_t *order, size_t count, const void *array, size_t stride, const char *name)
{
	size_t low = 0, high = count;

	if (count == 0 || strcmp(order_name(array, stride, order[count - 1]), name) <= 0)
		return count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(order_name(array, stride, order[mid]), name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Binary insertion: comparisons are what costs, moving 2 KiB at most is cheap. */
void order_by_name(uint16_t *order, const void *array, size_t count, size_t stride)
{
	size_t i;

	DTSS_ASSERT(count <= ORDER_MAX);
	for (i = 0; i < count; i++) {
		size_t at = order_rank(order, i, array, stride, order_name(array, stride, i));

		memmove(order + at + 1, order + at, (i - at) * sizeof order[0]);
		order[at] = (uint16_t)i;
	}
}
