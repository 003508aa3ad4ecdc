/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_CODEC_SAMPLES_H
#define TESTS_SUPPORT_CODEC_SAMPLES_H

#include <dtss.h>

#define CODEC_SAMPLE_BYTES 4096 /* no sample's encoding is longer */

/* One of everything that has an encoding, with a value of its own in each field. All static storage. */
struct codec_sample {
	const char *name; /* of its golden file: tests/golden/NAME_v1.bin */
	size_t (*encode)(void *buf, size_t cap);
	/* Decodes, encodes into buf what came out, and frees it. The error of the decoder. */
	int (*again)(const void *data, size_t len, const struct dtss_mem *mem, void *buf, size_t *ret_len);
};

extern const struct codec_sample codec_samples[];
extern const size_t codec_sample_count;

extern const struct dtss_task_spec sample_spec;
extern const struct dtss_record_body sample_meta, sample_task, sample_attempt, sample_key, sample_worker;
extern const struct dtss_message sample_heartbeat, sample_answer, sample_stop;

/* With the specification's bytes inside, which live in buf. */
struct dtss_record_body sample_spec_record(void *buf, size_t cap);
struct dtss_message sample_assign(void *buf, size_t cap);
/* The records of one task, and a batch with them; at most 3. */
size_t sample_rows(struct dtss_record *records);
size_t sample_batch_encode(void *buf, size_t cap);

#endif
