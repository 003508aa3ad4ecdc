/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_SPEC_H
#define DTSS_CODEC_SPEC_H

#include <dtss/message.h>

/* A specification of this library's own size, with the defaults of name, queue and retry in place of zeros.
 * DTSS_E_INVALID: its size. */
int spec_resolve(struct dtss_task_spec *dst, const struct dtss_task_spec *src);
/* dtss_spec_encode() of a resolved one. */
size_t spec_encode(const struct dtss_task_spec *spec, void *buf, size_t cap);
/* dtss_spec_check() of a resolved one, but for the length of its encoding. */
int spec_check_fields(const struct dtss_task_spec *spec, struct dtss_problem *ret_problem);

#endif
