/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_IDS_H
#define DTSS_CORE_IDS_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>

/*
 * Task ids grow by one, so a table by id is an array of pages with a moving window: find is two loads, and walking is
 * in the order of ids.
 *
 *      first_page        +1        +2
 *      [ page ]        [ NULL ]  [ page ]         a page goes when its last id goes; the window follows
 *        512 ids                   512 ids
 */
#define IDS_PAGE 512

struct ids_page {
	uint32_t used;
	void *at[IDS_PAGE];
};

struct ids {
	struct ids_page **pages;
	size_t page_cap;
	size_t page_count;
	uint64_t first_page; /* number of pages[0] */
};

void ids_init(struct ids *t);
void ids_fini(struct ids *t, const struct dtss_mem *mem);
/* Room for the ids from first to last, so that ids_set() cannot fail. DTSS_E_NOMEM. */
int ids_reserve(struct ids *t, const struct dtss_mem *mem, uint64_t first, uint64_t last);
void ids_set(struct ids *t, uint64_t id, void *item); /* in place of the one that was there, if any */
void ids_clear(struct ids *t, const struct dtss_mem *mem, uint64_t id);
void *ids_get(const struct ids *t, uint64_t id);     /* NULL: not there */
void *ids_next(const struct ids *t, uint64_t after); /* the item with the smallest id above after, or NULL */
/* The item with the smallest id from *at on, or NULL; *at is then behind it. To walk many: the next is found without
 * waiting for what is known only to the item. */
void *ids_walk(const struct ids *t, uint64_t *at);
/* Gives back reserved pages that nothing was put into. */
void ids_trim(struct ids *t, const struct dtss_mem *mem);

#endif
