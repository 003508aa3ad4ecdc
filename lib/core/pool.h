/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_POOL_H
#define DTSS_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>

/*
 * Which worker should run this? The pool knows workers only by what placement needs: tags (numbers), slots, resources
 * (numbers), the stamp of the last gift. The engine fills in an entry and says pool_update(); everything else here
 * (groups, trees, views) is a cache: without memory for it a scan makes the identical choice.
 *
 * Order of the candidates, exactly: the policy's rank, then the lower stamp, then the lower slot.
 *   least load:   used / max, lowest first, exactly
 *   round robin:  none
 *   pack:         used / max, highest first, exactly
 */
enum pool_mode {
	POOL_TASK = 0, /* lease a task: entries with for_task */
	POOL_PLACE = 1 /* answer /api/v1: entries with for_place */
};

struct pool_amount {
	uint32_t resource;
	uint32_t reserved;
	uint64_t amount;
};

/* Part of a worker. The engine writes all fields but the first three, and keeps tags and resources sorted, unique. */
struct pool_entry {
	uint32_t slot;  /* given by pool_add(): the smallest free one */
	uint32_t group; /* the pool's */
	uint32_t place; /* the pool's: where in the group */
	uint32_t used;
	uint32_t max;     /* at most DTSS_WORKER_TASKS_MAX */
	uint32_t stamp;   /* of the last gift; 0: never */
	uint8_t for_task; /* 1: may be chosen in this mode (online, not cordoned, of the right kind) */
	uint8_t for_place;
	uint16_t tag_count;
	uint16_t resource_count;
	const uint32_t *tags;
	struct pool_amount *free_resources; /* what is free of each; may be 0 */
};

/* What a task needs; the engine interns them, so that one stands for all tasks that need the same. */
struct pool_need {
	const uint32_t *tags;                /* sorted, unique */
	const struct pool_amount *resources; /* sorted, unique */
	uint16_t tag_count;
	uint16_t resource_count;
	uint8_t mode;  /* enum pool_mode */
	uint32_t view; /* the pool's; 0 at the beginning */
};

struct pool;

int pool_create(struct pool **ret_pool, const struct dtss_mem *mem, uint32_t policy); /* DTSS_E_NOMEM */
void pool_destroy(struct pool *p);
/* Gives the entry a slot and takes note of its tags. DTSS_E_NOMEM: nothing changed. */
int pool_add(struct pool *p, struct pool_entry *e);
void pool_remove(struct pool *p, struct pool_entry *e);
/* Into another slot. DTSS_E_CORRUPT: that is taken; DTSS_E_NOMEM. Nothing changed then. */
int pool_move(struct pool *p, struct pool_entry *e, uint32_t slot);
/* Room for one more group with so many tags, so that a pool_retag() to them does not cost a cache. DTSS_E_NOMEM. */
int pool_retag_reserve(struct pool *p, const uint32_t *tags, uint16_t tag_count);
/* The tags, or the names of the resources, are new ones already; the group is still the old one's. */
void pool_retag(struct pool *p, struct pool_entry *e);
/* used, max, stamp, for_* or free_resources changed. Cheap when the rank did not change. */
void pool_update(struct pool *p, struct pool_entry *e);
/* The best entry that satisfies the need and has a free slot and the resources, or NULL. */
struct pool_entry *pool_best(struct pool *p, struct pool_need *need);
/* The same by looking at every entry: the reference, used for few workers, without memory, and by tests. */
struct pool_entry *pool_best_scan(const struct pool *p, const struct pool_need *need);
/* Has e all tags of the need, whatever its load? */
int pool_matches(const struct pool_entry *e, const struct pool_need *need);
/* Could e run it now: tags, mode, slot, resources? */
int pool_fits(const struct pool_entry *e, const struct pool_need *need);
/* The need goes away: its view may be dropped. */
void pool_need_fini(struct pool *p, struct pool_need *need);
/* By slot: NULL where none is. */
struct pool_entry *pool_at(const struct pool *p, uint32_t slot);
uint32_t pool_slots(const struct pool *p); /* all slots are below this */
/* Every cache agrees with the entries: 1, or 0 and the slot (or need) that does not. For check and tests. */
int pool_check(const struct pool *p, uint32_t *ret_slot);

#endif
