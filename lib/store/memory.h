/* SPDX-License-Identifier: MIT */
#ifndef DTSS_STORE_MEMORY_H
#define DTSS_STORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/store.h>
#include "core/map.h"

/*
 * The parts of the memory store. Each takes the allocator with the calls that need it, and reserves before it changes
 * anything, so that a commit is all or nothing without memory too.
 *
 *      rows      tasks ──► memory_task ──► TASK, SPEC, ATTEMPTs (newest first)
 *                named ──► KEY and WORKER rows
 *                meta  ──► the one META row
 *      history   finished tasks by id (for lists), and by when they finished (the oldest goes first)
 *      ring      copies of the newest batches, from the first time that somebody asks for one
 *      log       (fence, stream) ──► its bytes; the one that was silent longest goes first
 */
struct memory_row {
	struct memory_row *before; /* of an ATTEMPT: the one before it */
	int claimed;               /* 1: a record of the batch that is being committed will be written over it */
	struct dtss_record record; /* key and data stand behind this struct */
};

struct memory_task {
	struct memory_task *older; /* in the history */
	struct memory_task *newer;
	struct memory_row *task;
	struct memory_row *spec;
	struct memory_row *attempts;
	uint64_t id;
	int done;
};

struct memory_slot {
	uint64_t id;
	struct memory_task *task; /* NULL: it was dropped */
};

struct memory_history {
	struct memory_slot *slots; /* by id */
	size_t slot_count;
	size_t slot_cap;
	size_t count; /* slots that have a task */
	size_t first; /* none before has one: nearly always where the oldest stands */
	struct memory_task *oldest;
	struct memory_task *newest;
};

int memory_history_reserve(struct memory_history *h, const struct dtss_mem *mem, size_t extra); /* DTSS_E_NOMEM */
void memory_history_add(struct memory_history *h, struct memory_task *t); /* room reserved before */
void memory_history_remove(struct memory_history *h, struct memory_task *t);
size_t memory_history_after(const struct memory_history *h, uint64_t id); /* the first slot beyond */
void memory_history_fini(struct memory_history *h, const struct dtss_mem *mem);

struct memory_rows {
	struct map tasks;
	struct map named;
	struct memory_row *meta;
	struct memory_history history;
};

/* Where load is. Zero to begin. */
struct memory_cursor {
	int phase;
	size_t slot;
	struct memory_task *task;
	struct memory_row *row;
};

void memory_rows_init(struct memory_rows *m);
void memory_rows_fini(struct memory_rows *m, const struct dtss_mem *mem);
/* DTSS_E_NOMEM: nothing was changed. */
int memory_rows_commit(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *records,
		       size_t count);
/* NULL: neither live nor in the history. */
struct memory_task *memory_rows_task(const struct memory_rows *m, uint64_t id);
/* The records of the task, at most cap of them written. Returns how many there are. */
size_t memory_rows_of(const struct memory_task *t, struct dtss_record *records, size_t cap);
/* The next live row, or NULL at the end. */
const struct memory_row *memory_rows_next(const struct memory_rows *m, struct memory_cursor *cursor);

struct memory_batch {
	struct dtss_batch *batch; /* and all that it points to, in one block */
	size_t len;
};

struct memory_ring {
	struct memory_batch batches[DTSS_MEMORY_BATCHES_MAX];
	size_t first;
	size_t count;
	size_t bytes;
	uint64_t last_seq;
	int followed; /* 0: nobody ever asked, and no batch is copied */
};

/* A copy of the batch, not yet in the ring; its batch is NULL when nobody follows. DTSS_E_NOMEM. */
int memory_ring_prepare(const struct memory_ring *r, const struct dtss_mem *mem, const struct dtss_batch *batch,
			struct memory_batch *ret_copy);
void memory_ring_push(struct memory_ring *r, const struct dtss_mem *mem, const struct memory_batch *copy,
		      uint64_t last_seq);
/* The first batch that goes beyond seq. DTSS_E_AGAIN, DTSS_E_COMPACTED. */
int memory_ring_find(const struct memory_ring *r, uint64_t seq, const struct dtss_batch **ret_batch);
void memory_ring_fini(struct memory_ring *r, const struct dtss_mem *mem);

struct memory_stream;

struct memory_log {
	struct map streams;
	struct memory_stream *oldest; /* by its last append */
	struct memory_stream *newest;
	size_t bytes;
};

/* The result of a LOG_APPEND; *ret_offset is where the stream ends now. DTSS_E_NOMEM: nothing was changed. */
int memory_log_append(struct memory_log *l, const struct dtss_mem *mem, const struct dtss_log_chunk *chunk,
		      uint64_t *ret_offset);
/* data and len of what is stored at the chunk's offset, at most its len. */
void memory_log_read(const struct memory_log *l, struct dtss_log_chunk *chunk);
void memory_log_init(struct memory_log *l);
void memory_log_fini(struct memory_log *l, const struct dtss_mem *mem);

/* An operation that waits for poll, with the strings of its filter behind it. */
struct memory_op {
	struct memory_op *next;
	size_t block_len;
	uint64_t token;
	uint32_t type;
	int32_t result;
	union {
		uint64_t epoch;
		uint64_t seq;
		uint64_t id;
		struct dtss_task_filter list;
		struct dtss_log_chunk log;
	} u;
};

/* DTSS_E_INVALID, DTSS_E_TOO_BIG. */
int memory_op_check(const struct dtss_store_op *op);
struct memory_op *memory_op_new(const struct dtss_mem *mem, const struct dtss_store_op *op,
				uint64_t token); /* or NULL */
void memory_op_free(struct memory_op *o, const struct dtss_mem *mem);

#endif
