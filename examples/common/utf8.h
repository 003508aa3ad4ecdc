/* SPDX-License-Identifier: MIT */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point at text and its length in bytes; 0 when what stands there is no UTF-8 (or the end). */
size_t utf8_decode(const char *text, uint32_t *ret_point);
/* Bytes that are no UTF-8 become U+FFFD; out has room for three times as much and a NUL. */
void utf8_repair(char *out, const char *text);
/* 1 when a terminal or a log must not see the character as it is: controls, and what turns the writing direction. */
int utf8_unsafe(uint32_t point);

#endif
