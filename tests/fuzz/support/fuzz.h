/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SUPPORT_FUZZ_H
#define TESTS_FUZZ_SUPPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <dtss.h>
#include "support/fail_mem.h"

/*
 * What the targets share. A target is one file tests/fuzz/NAME.c with the function that libFuzzer calls; its corpus is
 * tests/fuzz/corpus/NAME/, its dictionary, if it has one, tests/fuzz/NAME.dict.
 *
 *	make fuzz       NAME.c + libFuzzer, with clang, ASan and UBSan     $(BUILD)/fuzz/fuzzers/NAME
 *	make check      all targets + corpora.c, with the compiler that there is    $(BUILD)/corpora NAME FILE...
 *
 * A target asserts with ck_assert*(), as tests do; here they abort.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, read from its front. Behind its end there are zeros, which should be the tamest choice. */
struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

uint8_t fuzz_byte(struct fuzz_in *in);
uint32_t fuzz_u16(struct fuzz_in *in);
uint64_t fuzz_u64(struct fuzz_in *in);                   /* one byte says how many follow: small numbers are short */
uint64_t fuzz_below(struct fuzz_in *in, uint64_t limit); /* 0 to limit - 1; limit is not 0 */
/* Up to len bytes, *ret_len of them. */
const uint8_t *fuzz_take(struct fuzz_in *in, size_t len, size_t *ret_len);
/* A short string into buf: a length below cap, and its bytes without NUL. */
const char *fuzz_string(struct fuzz_in *in, char *buf, size_t cap);

/*
 * Memory that counts, in which no block is larger than FUZZ_BLOCK_MAX: as on a small machine. *ret_refused (which must
 * live as long) becomes 1 when one was asked for.
 */
#define FUZZ_BLOCK_MAX (1u << 20)
void fuzz_mem_init(struct fail_mem *memory, int *ret_refused);

/* A copy of exactly that size, so that ASan sees what is read beyond it. */
uint8_t *fuzz_copy(const void *data, size_t size);
/* Gives an encoding the length and the sum that belong to what is there: damage that no sum betrays. */
void fuzz_seal(uint8_t *data, size_t size);
/* The bytes within are sealed too: those of a specification in its record, of records in a batch. */
void fuzz_seal_record(uint8_t *data, size_t size);
void fuzz_seal_batch(uint8_t *data, size_t size);

/* Takes one decoder through its promises; what is compared beyond that is the target's own. */
struct fuzz_codec {
	int (*decode)(const void *data, size_t len, const struct dtss_mem *mem, void **ret_object);
	size_t (*encode)(const void *object, void *buf, size_t cap);
	void (*release)(void *object, const struct dtss_mem *mem);
	void (*look)(const void *object, const void *data, size_t len); /* NULL: nothing more to compare */
};

/*
 * An error, without a trace; or an object whose encoding is these bytes again. One block of memory is asked for, of a
 * size in proportion to the bytes, and without it the error is DTSS_E_NOMEM.
 */
void fuzz_codec(const struct fuzz_codec *codec, const uint8_t *data, size_t size);

#endif
