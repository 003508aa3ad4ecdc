/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_SPEC_H
#define DTSS_CODEC_SPEC_H

#include <dtss/message.h>

/* A specification of this library's own size, with the defaults of name, queue and retry in place of zeros.
 * DTSS_E_INVALID: its size. */
int spec_resolve(struct dtss_task_spec *dst, const struct dtss_task_spec *src);
/* dtss_spec_encode() of a resolved one. */
size_t spec_encode(const struct dtss_task_spec *spec, void *buf, size_t cap);
/* dtss_spec_decode() of one whose sum was checked. */
int spec_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_task_spec **ret_spec);
/* The queue of one whose sum was checked; NULL: it is none of ours. */
const char *spec_queue(const uint8_t *spec, size_t len);
/* Is b, whose sum was checked, the same as a, which was decoded, but for the payload? Then it needs no decoding. */
int spec_alike(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* dtss_spec_check() of a resolved one, but for the length of its encoding. */
int spec_check_fields(const struct dtss_task_spec *spec, struct dtss_problem *ret_problem);

#endif
