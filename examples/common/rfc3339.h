/* SPDX-License-Identifier: MIT */
#ifndef COMMON_RFC3339_H
#define COMMON_RFC3339_H

#include <stdint.h>

#define RFC3339_LEN 32 /* with the NUL: 2025-12-14T16:30:00.123456789Z */

/* In UTC, with 0, 3 or 9 decimals. */
void rfc3339_format(char buf[RFC3339_LEN], int64_t wall_ns, int decimals);
/* 0, or -1: not of that form. Any offset, up to nine decimals. */
int rfc3339_parse(const char *text, int64_t *ret_wall_ns);

#endif
