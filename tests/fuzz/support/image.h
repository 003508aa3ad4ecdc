/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SUPPORT_IMAGE_H
#define TESTS_FUZZ_SUPPORT_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include "fuzz/support/fuzz.h"

/*
 * A store file with something of everything in it, made once, and copies of it with damage.
 *
 *	whole ── patches of the input ──► image_write() ──► a file in a directory of its own
 */
struct image {
	char dir[64];
	char path[80];
	uint8_t *whole;
	size_t len;
	struct image_record { /* of the records in it: where their bytes are */
		size_t at, len;
	} records[64];
	size_t record_count;
	uint64_t fence; /* of an attempt with a log */
};

const struct image *image_get(void);
/* The file with the damage that the input describes; beside it there is nothing of the run before. */
void image_write(const struct image *image, struct fuzz_in *in);

#endif
