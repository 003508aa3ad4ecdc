/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_PARTS_H
#define DTSS_CODEC_PARTS_H

#include <dtss/worker.h>
#include "codec/wire.h"

/* What several encodings are made of. The counts stand elsewhere. */

/* The least that one takes: the length and the NUL of a string, and what else there is. */
#define PARTS_STRING_MIN 5
#define PARTS_RESOURCE_MIN (PARTS_STRING_MIN + 8)

void parts_put_strings(struct wire_out *out, const char *const *strings, size_t count);
void parts_get_strings(struct wire_in *in, const char **strings, size_t count, size_t max);
void parts_put_resources(struct wire_out *out, const struct dtss_resource *resources, size_t count);
void parts_get_resources(struct wire_in *in, struct dtss_resource *resources, size_t count);
void parts_put_outcome(struct wire_out *out, const struct dtss_outcome *outcome);
void parts_get_outcome(struct wire_in *in, struct dtss_outcome *outcome);

#endif
