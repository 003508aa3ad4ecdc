/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_SIZE_H
#define DTSS_CORE_SIZE_H

#include <stddef.h>

/*
 * Takes over a public struct from a program that may have been compiled against an older or a newer header. Its first
 * member is size_t size. What an older one lacks becomes zero; what a newer one has more must be zero. dst's size is
 * dst_size afterwards. DTSS_E_INVALID: no size was set, or the program asks for something that is not known here.
 */
int size_import(void *dst, size_t dst_size, const void *src);

#endif
