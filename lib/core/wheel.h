/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_WHEEL_H
#define DTSS_CORE_WHEEL_H

#include <stdint.h>

/* A hierarchical timing wheel (Varghese, Lauck 1987), intrusive: no allocation, set and cancel in O(1). */
struct timer {
	struct timer *next;
	struct timer **link; /* what points to this; NULL: not set */
	uint64_t due_ns;
	uint32_t owner; /* the caller's: what kind of object it is embedded in */
};

/* levels, slots and bitmaps: see wheel.c for the drawing */
#define WHEEL_LEVELS 7
#define WHEEL_SLOTS 64
enum { WHEEL_TICK_BITS = 20, WHEEL_SLOT_BITS = 6, WHEEL_LAST = WHEEL_LEVELS - 1 };

struct wheel {
	uint64_t tick; /* all before is done */
	uint64_t count;
	uint64_t held_ns; /* no timer in the slot of this tick is due before; means nothing while that slot is empty */
	uint64_t used[WHEEL_LEVELS];                    /* which slots are not empty */
	struct timer *slots[WHEEL_LEVELS][WHEEL_SLOTS]; /* newest first */
	struct timer *expired;                          /* due, in the order in which they will be popped */
};

void wheel_init(struct wheel *w, uint64_t now_ns);
/* Sets it, or sets it anew. Any due time, also one that has passed, also DTSS_NEVER (then it is only cancelled). */
void wheel_set(struct wheel *w, struct timer *t, uint64_t due_ns);
void wheel_cancel(struct wheel *w, struct timer *t); /* fine when it is not set */
/* A timer with due_ns <= now_ns, taken out, or NULL. Never one before its time. The order among due ones is that of
 * the tick (about a ms) that they fall into, then that in which they were set; a time that has passed when it is set
 * falls into the tick that the wheel stands at. now_ns never goes back. */
struct timer *wheel_pop(struct wheel *w, uint64_t now_ns);
/* No timer is due before this; at most one tick earlier than the earliest one within the first level; 0 when one has
 * already expired; DTSS_NEVER when none is set. Whoever sleeps until it and pops gets a timer at the latest after
 * WHEEL_LEVELS such sleeps and one more. */
uint64_t wheel_next(const struct wheel *w);
/* wheel_lists.c: all lists, to be made again elsewhere: those of the slots, then the one of the expired. */
#define WHEEL_LISTS (WHEEL_LEVELS * WHEEL_SLOTS + 1)
const struct timer *wheel_list(const struct wheel *w, unsigned list); /* in its order, by next */
/* At the head of that list, in a wheel that stands at the same tick. 0: one that is due then cannot stand there. */
int wheel_put_back(struct wheel *w, unsigned list, struct timer *t, uint64_t due_ns);

#endif
