/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_DISK_H
#define DTSS_SIM_DISK_H

#include <dtss/store.h>

struct sim;
struct sim_item;

#define SIM_NAME_MAX 16 /* of schedulers and workers */

/* ---- disk.c: the store that all schedulers share, and each one's handle ---- */

struct sim_disk_op {
	struct sim_disk_op *next;
	uint64_t due_ns;  /* reaches the store */
	uint64_t done_ns; /* its answer reaches the scheduler */
	uint64_t token;
	uint64_t epoch; /* LEAD: that it was given */
	uint64_t ttl_ms;
	uint32_t type;
	int32_t result;
	uint32_t scheduler;
	int carried_out;
	struct dtss_store_op op; /* reads and log writes; strings and data behind it */
	char holder[SIM_NAME_MAX];
	uint8_t *bytes; /* COMMIT: the encoded batch */
	size_t len;
	size_t block_len; /* of this */
};

struct sim_handle {
	struct dtss_store base; /* first */
	struct sim *sim;
	uint32_t index;
	int failed;    /* DTSS_E_IO was said: until the process starts again it is all it says */
	uint64_t life; /* which process of this scheduler it is */
	uint64_t last_done_ns;
	struct sim_disk_op *head; /* in the order of their submission */
	struct sim_disk_op *tail;
};

struct sim_disk {
	struct dtss_store *inner; /* what is durable, and readable */
	uint8_t identity[DTSS_IDENTITY_LEN];
	char holder[SIM_NAME_MAX];
	int led;
	int leader_died; /* since it was given the lead */
	uint64_t epoch;
	uint64_t ttl_ms;
	uint64_t lead_until_ns; /* by the store's clock */
	uint64_t full_until_ns; /* true: no space */
	int power_cut;          /* it happened in this turn */
	uint64_t power_cuts;    /* so many before */
	int journaled;          /* 0: no fault of this seed asks for the journal, so none is kept */
	/* disk_journal.c: frames; all but the last of them, which is in limbo, are synced */
	uint8_t *journal;
	size_t journal_len;
	size_t journal_cap;
	size_t synced;
	uint32_t limbo_scheduler; /* who wrote what is not synced */
};

void disk_init(struct sim *s);
void disk_inner_open(struct sim *s, int fresh);
void disk_fini(struct sim *s);
void disk_open(struct sim *s, uint32_t scheduler); /* its handle, for a node */
uint64_t disk_next_ns(const struct sim *s, uint32_t scheduler);
void disk_leader_died(struct sim *s, uint32_t scheduler); /* when it is the leader */
void disk_due(struct sim *s, struct sim_item *item);      /* SIM_ITEM_DISK */
void disk_heal(struct sim *s, uint32_t scheduler);
void disk_orphan(struct sim *s, struct sim_item *item);    /* SIM_ITEM_ORPHAN */
void disk_item_free(struct sim *s, struct sim_item *item); /* at the end: what it carries */

/* ---- disk_write.c: what becomes of what is asked of it ---- */

/* batch: of a COMMIT; NULL: its bytes are decoded. */
void disk_carry_out(struct sim *s, struct sim_disk_op *o, const struct dtss_batch *batch);
/* A write whose process is gone. */
void disk_carry_out_late(struct sim *s, const struct sim_disk_op *o);
/* The inner store does it now; its result. */
int disk_inner(struct sim *s, const struct dtss_store_op *op, struct dtss_store_done *ret_done);
int disk_commit(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch); /* as if there were no faults */

/* ---- disk_journal.c ---- */

enum journal_kind { JOURNAL_LEAD = 1, JOURNAL_RESIGN = 2, JOURNAL_COMMIT = 3 };
void journal_add(struct sim *s, uint32_t kind, uint64_t epoch, const struct dtss_batch *batch); /* batch: or NULL */
void journal_limbo(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch);          /* it is not synced */
void journal_settle(struct sim *s);  /* what is in limbo is synced after all, and from here on it is read */
void journal_recover(struct sim *s); /* after a power cut: the inner store, from what was kept */

#endif
