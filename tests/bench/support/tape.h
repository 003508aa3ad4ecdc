/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_TAPE_H
#define TESTS_BENCH_SUPPORT_TAPE_H

#include <dtss.h>

/*
 * A store in front of another, that keeps what is committed through it: so that somebody else can write the very same
 * rows with the very same grouping.
 *
 *      node ──► tape ──► sqlite            tape.records ──► raw_sqlite
 */
struct tape_batch {
	size_t from; /* of records */
	size_t to;
	uint64_t epoch;
	uint64_t seq;
};

struct tape {
	struct dtss_store base;
	struct dtss_store *inner;
	struct dtss_record *records; /* what they point to stands in bytes, by offset until tape_play() */
	size_t record_count;
	size_t record_cap;
	struct tape_batch *batches;
	size_t batch_count;
	size_t batch_cap;
	uint8_t *bytes;
	size_t len;
	size_t cap;
	uint64_t ns; /* that keeping it took since tape_forget(), of the clock and of the processor */
	uint64_t cpu_ns;
};

struct dtss_store *tape_open(struct tape *t, struct dtss_store *inner); /* closing it closes inner, not the tape */
void tape_play(struct tape *t);                                         /* records may be read from here on */
void tape_forget(struct tape *t);                                       /* and it can be written again */
void tape_fini(struct tape *t);

#endif
