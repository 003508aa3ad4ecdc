/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_RECORD_H
#define DTSS_CODEC_RECORD_H

#include <dtss/store.h>
#include "codec/wire.h"

/* queue NUL key: a key's record is found by both */
#define RECORD_KEY_LEN_MAX (2 * DTSS_NAME_LEN_MAX + 1)

/* As dtss_record_encode(), but for the sum: wire_seal(). */
size_t record_encode(const struct dtss_record_body *body, void *buf, size_t cap);
/* The key in front of the value, and where the value begins. DTSS_E_CORRUPT, DTSS_E_VERSION. */
int record_open(struct wire_in *in, const void *data, size_t len, struct dtss_record *ret_record);
/* The same of a record that is whole. */
int record_enter(struct wire_in *in, const void *data, size_t len, struct dtss_record *ret_record);
/* Are length and sum right, and of a SPEC those of its specification? */
int record_whole(const void *data, size_t len);
/* The values of the kinds that need no memory; strings point into the bytes. DTSS_E_CORRUPT. */
int record_get_task(struct wire_in *in, const struct dtss_record *record, struct dtss_task_record *ret);
int record_get_attempt(struct wire_in *in, const struct dtss_record *record, struct dtss_attempt_record *ret);
int record_get_spec(struct wire_in *in, const void **ret_data, size_t *ret_len);

#endif
