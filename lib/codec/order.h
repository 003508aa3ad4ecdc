/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_ORDER_H
#define DTSS_CODEC_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/limits.h>

#define ORDER_MAX DTSS_ENV_MAX /* the longest of the arrays that have a canonical order */

/*
 * The canonical order of an array whose elements begin with a name (a const char *, struct dtss_pair, struct
 * dtss_resource): byte by byte. The array itself belongs to the caller and stays as it is.
 */
void order_by_name(uint16_t *order, const void *array, size_t count, size_t stride);
const char *order_name(const void *array, size_t stride, size_t i);

#endif
