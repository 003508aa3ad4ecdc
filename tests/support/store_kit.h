/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_KIT_H
#define TESTS_SUPPORT_STORE_KIT_H

#include <dtss.h>

/* What tests of stores need: a store of each kind, batches of real records, and calls that wait for their answer. */
enum store_kind { STORE_MEMORY, STORE_SQLITE, STORE_FAULT_MEMORY, STORE_FAULT_SQLITE, STORE_KINDS };

#define STORE_KIT_RECORDS 5000
#define KIT_ABSENT UINT64_MAX /* not a value of any record made here */

struct store_kit {
	enum store_kind kind;
	char dir[64]; /* of SQLite's file */
	char path[80];
	struct dtss_store *store;
	uint64_t epoch;
	uint64_t seq;
	uint64_t token;
	/* the batch being made */
	struct dtss_record records[STORE_KIT_RECORDS];
	size_t count;
	unsigned char *bytes;
	size_t used;
	size_t cap;
};

/* Everything but the store itself, which is NULL. */
void kit_init(struct store_kit *k, enum store_kind kind);
/* The same, opens a new store, and leads. */
void kit_open(struct store_kit *k, enum store_kind kind);
/* Closes it, and removes its file. */
void kit_close(struct store_kit *k);
/* SQLite alone: closes and opens the same file, without leading. */
void kit_reopen(struct store_kit *k);
/* SQLite alone: the file of tests/golden takes the place of the store's, which is closed. */
void kit_use_golden(struct store_kit *k, const char *name);
int kit_is_sqlite(const struct store_kit *k);
void kit_make_path(struct store_kit *k);   /* a path in a directory of its own, without a store */
void kit_remove_path(struct store_kit *k); /* with all that is there */

/* Adds a record to the batch. labels: "name=value" or NULL. */
void kit_meta(struct store_kit *k, uint64_t next_task);
void kit_task(struct store_kit *k, uint64_t id, uint32_t state, uint32_t flags);
void kit_spec(struct store_kit *k, uint64_t id, const char *queue, const char *name, const char *label);
void kit_spec_payload(struct store_kit *k, uint64_t id, size_t payload_len);
void kit_attempt(struct store_kit *k, uint64_t id, uint32_t n, uint64_t fence);
void kit_key(struct store_kit *k, const char *queue, const char *key, uint64_t id, uint32_t flags);
void kit_worker(struct store_kit *k, const char *name, uint64_t incarnation, uint32_t flags);
/* TASK and SPEC of a task that has finished. */
void kit_finished(struct store_kit *k, uint64_t id, uint32_t state, const char *name);

/* Submits the batch and begins the next; its memory is overwritten at once. What submit said. */
int kit_submit_batch(struct store_kit *k);
/* The same, and waits for the answer. */
int kit_commit(struct store_kit *k);
int kit_commit_epoch(struct store_kit *k, uint64_t epoch);
/* Submits and waits; there must be no other answer. */
void kit_do(struct store_kit *k, const struct dtss_store_op *op, struct dtss_store_done *ret_done);
/* The next answer; there must be one soon. */
void kit_wait(struct store_kit *k, struct dtss_store_done *ret_done);
int kit_lead(struct store_kit *k);
int kit_append(struct store_kit *k, uint64_t fence, uint64_t offset, const void *data, size_t len, uint64_t *ret_end);
int kit_get(struct store_kit *k, uint64_t id, struct dtss_store_done *ret_done);
int kit_list(struct store_kit *k, const struct dtss_task_filter *filter, struct dtss_store_done *ret_done);
/* The ids of a list, at most cap; *ret_next is its cursor. */
size_t kit_ids(struct store_kit *k, const struct dtss_task_filter *filter, uint64_t *ids, size_t cap,
	       uint64_t *ret_next);

/* What load gives, as one number that does not depend on its order, and how many records; negative: its error. */
int kit_load(struct store_kit *k, uint64_t *ret_sum);
/* The one number that matters of a record of the load (next_task, state, length, fence, id or incarnation). */
uint64_t kit_find(struct store_kit *k, uint32_t kind, uint64_t id, uint32_t sub, const void *key, size_t key_len);

#endif
