/* SPDX-License-Identifier: MIT */
#include "core/wheel.h"

#include <stddef.h>
#include <string.h>
#include <dtss/time.h>
#include "core/bits.h"
#include "core/check.h"

/*
 * A tick is 2^20 ns, about a millisecond. Level 0 has a slot per tick, each further level slots 64 times as wide:
 *
 *   tick counter   ... | 6 bits | 6 bits | 6 bits |
 *                        level 2  level 1  level 0
 *
 *   level 2   [ ][ ][#][ ] ... [ ]      a slot: 4096 ticks
 *   level 1   [ ][ ][ ][#] ... [ ]      a slot:   64 ticks
 *   level 0   [ ][#][#][ ] ... [ ]      a slot:    1 tick, a list of timers
 *
 * A timer stands at the level of the highest 6 bits in which its tick and the wheel's differ. When the wheel enters a
 * slot of a higher level, it empties it into the next lower one (a cascade), so a timer moves less than WHEEL_LEVELS
 * times, and everything in level n is due before everything in level n + 1. The last level turns as a ring: it reaches 63 of its
 * slots ahead (some 140 years), and what is due later waits in the farthest slot and is placed again from there.
 *
 * (Varghese, Lauck: Hashed and Hierarchical Timing Wheels, SOSP 1987, scheme 7; bitmaps as in Linux' timer wheel.)
 *
 * Slots are lists with the newest first. Timers that cascade into a slot were set before any that are placed there
 * directly, because a slot takes direct ones only after the cascade; so it is enough that a cascade keeps the order of
 * its list and that what is due is turned around, to pop a tick's timers in the order in which they were set.
 */
void wheel_init(struct wheel *w, uint64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	w->tick = now_ns >> WHEEL_TICK_BITS;
	DTSS_ASSERT(w->count == 0 && w->expired == NULL);
	DTSS_ASSERT(w->tick <= now_ns);
}

static void wheel_link(struct timer **head, struct timer *t)
{
	DTSS_ASSERT(t != *head);
	DTSS_ASSERT(*head == NULL || (*head)->link == head);
	t->next = *head;
	if (t->next != NULL)
		t->next->link = &t->next;
	t->link = head;
	*head = t;
	DTSS_ASSERT(*head == t && t->link == head);
}

static void wheel_unlink(struct timer *t)
{
	DTSS_ASSERT(t->next == NULL || t->next->link == &t->next);
	DTSS_ASSERT(*t->link == t);
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	t->next = NULL;
	t->link = NULL;
}

#if WHEEL_LEVELS != 7
#error "wheel_level() has a term for each of 7 levels but the lowest"
#endif
#define WHEEL_BEYOND(differ, level) ((differ) >> (level)*WHEEL_SLOT_BITS != 0)

/* Of the highest 6 bits that differ. All are looked at: a search that ends where chance has it is guessed wrong. */
static unsigned wheel_level(uint64_t differ)
{
	return (unsigned)WHEEL_BEYOND(differ, 1) + WHEEL_BEYOND(differ, 2) + WHEEL_BEYOND(differ, 3) +
	       WHEEL_BEYOND(differ, 4) + WHEEL_BEYOND(differ, 5) + WHEEL_BEYOND(differ, WHEEL_LAST);
}

static void wheel_place(struct wheel *w, struct timer *t)
{
	uint64_t tick = t->due_ns >> WHEEL_TICK_BITS;
	unsigned level, shift, slot;
	uint64_t ahead;

	DTSS_ASSERT(t->due_ns != DTSS_NEVER);
	if (tick < w->tick)
		tick = w->tick;
	level = wheel_level(tick ^ w->tick);
	shift = level * WHEEL_SLOT_BITS;
	ahead = (tick >> shift) - (w->tick >> shift);
	if (ahead > WHEEL_SLOTS - 1)
		ahead = WHEEL_SLOTS - 1;
	slot = ((w->tick >> shift) + ahead) % WHEEL_SLOTS;
	if (tick == w->tick && (w->slots[0][slot] == NULL || t->due_ns < w->held_ns))
		w->held_ns = t->due_ns;
	wheel_link(&w->slots[level][slot], t);
	w->used[level] |= UINT64_C(1) << slot;
	DTSS_ASSERT(tick >= w->tick && *t->link == t);
}

void wheel_set(struct wheel *w, struct timer *t, uint64_t due_ns)
{
	DTSS_ASSERT(t->link == NULL || w->count > 0);
	wheel_cancel(w, t);
	if (due_ns == DTSS_NEVER)
		return;
	t->due_ns = due_ns;
	wheel_place(w, t);
	w->count++;
	DTSS_ASSERT(t->link != NULL);
}

void wheel_cancel(struct wheel *w, struct timer *t)
{
	struct timer **link = t->link;
	size_t slot;

	if (link == NULL)
		return;
	DTSS_ASSERT(w->count > 0);
	wheel_unlink(t);
	w->count--;
	slot = ((uintptr_t)link - (uintptr_t)w->slots) / sizeof(w->slots[0][0]);
	if (*link == NULL && slot < WHEEL_LEVELS * WHEEL_SLOTS) /* the last of a slot, not of w->expired */
		w->used[slot / WHEEL_SLOTS] &= ~(UINT64_C(1) << slot % WHEEL_SLOTS);
	DTSS_ASSERT(t->link == NULL);
}

/* The first tick of the earliest slot that is not empty, and its level; UINT64_MAX: all are empty. */
static uint64_t wheel_upcoming(const struct wheel *w, unsigned *ret_level)
{
	unsigned level = 0, shift = 0, here;
	uint64_t used;

	while (level < WHEEL_LEVELS && w->used[level] == 0) {
		level++;
		shift += WHEEL_SLOT_BITS;
	}
	if (level == WHEEL_LEVELS)
		return UINT64_MAX;
	*ret_level = level;
	used = w->used[level];
	here = (unsigned)(w->tick >> shift) % WHEEL_SLOTS;
	if (level == WHEEL_LAST && here > 0)
		used = used >> here | used << (WHEEL_SLOTS - here);
	if (level == WHEEL_LAST)
		return ((w->tick >> shift) + bits_lowest(used)) << shift;
	return ((w->tick >> shift) - here + bits_lowest(used)) << shift;
}

/* What is due in the slot of this tick goes to w->expired, the oldest first. Nonzero: something was. */
static int wheel_expire(struct wheel *w, uint64_t now_ns)
{
	unsigned slot = (unsigned)(w->tick % WHEEL_SLOTS);
	uint64_t held_ns = DTSS_NEVER;
	struct timer *t = w->slots[0][slot];
	struct timer *next;

	DTSS_ASSERT(w->expired == NULL);
	DTSS_ASSERT(t != NULL);
	if (now_ns < w->held_ns)
		return 0;
	for (; t != NULL; t = next) {
		next = t->next;
		if (t->due_ns <= now_ns) {
			wheel_unlink(t);
			wheel_link(&w->expired, t);
		} else if (t->due_ns < held_ns) {
			held_ns = t->due_ns;
		}
	}
	w->held_ns = held_ns;
	if (w->slots[0][slot] == NULL)
		w->used[0] &= ~(UINT64_C(1) << slot);
	return w->expired != NULL;
}

/*
 * The wheel has entered a slot of a higher level: its timers go one level down, appended, so that they keep their order.
 * Those that fall into the first slot there are next, and go down again.
 */
static void wheel_cascade(struct wheel *w, unsigned level)
{
	unsigned shift = level * WHEEL_SLOT_BITS, down = shift - WHEEL_SLOT_BITS;
	unsigned i, slot = (unsigned)(w->tick >> shift) % WHEEL_SLOTS;
	struct timer *t = w->slots[level][slot], *next;
	struct timer **tails[WHEEL_SLOTS];

	DTSS_ASSERT(level > 0);
	DTSS_ASSERT(w->used[level - 1] == 0);
	for (i = 0; i < WHEEL_SLOTS; i++)
		tails[i] = &w->slots[level - 1][i];
	w->slots[level][slot] = NULL;
	w->used[level] &= ~(UINT64_C(1) << slot);
	for (; t != NULL; t = next) {
		uint64_t tick = t->due_ns >> WHEEL_TICK_BITS;

		next = t->next;
		t->next = NULL;
		if (tick >> shift != w->tick >> shift) { /* beyond the horizon */
			wheel_place(w, t);
			continue;
		}
		slot = (unsigned)(tick >> down) % WHEEL_SLOTS;
		t->link = tails[slot];
		*t->link = t;
		tails[slot] = &t->next;
		w->used[level - 1] |= UINT64_C(1) << slot;
	}
}

static void wheel_advance(struct wheel *w, uint64_t tick)
{
	DTSS_ASSERT(w->expired == NULL || tick >= w->tick);
	DTSS_ASSERT(w->count > 0 || w->expired == NULL);
	if (tick <= w->tick)
		return;
	w->tick = tick;
	w->held_ns = 0; /* not looked into yet */
}

struct timer *wheel_pop(struct wheel *w, uint64_t now_ns)
{
	uint64_t now_tick = now_ns >> WHEEL_TICK_BITS;
	struct timer *t;

	while (w->expired == NULL) {
		unsigned level = 0;
		uint64_t tick = wheel_upcoming(w, &level);

		if (tick > now_tick) {
			wheel_advance(w, now_tick);
			return NULL;
		}
		wheel_advance(w, tick);
		if (level > 0)
			wheel_cascade(w, level);
		else if (!wheel_expire(w, now_ns))
			return NULL;
	}
	t = w->expired;
	DTSS_ASSERT(t->due_ns <= now_ns);
	DTSS_ASSERT(w->count > 0);
	wheel_unlink(t);
	w->count--;
	return t;
}

uint64_t wheel_next(const struct wheel *w)
{
	unsigned level = 0;
	uint64_t tick, start_ns;

	if (w->expired != NULL)
		return 0;
	tick = wheel_upcoming(w, &level);
	if (tick == UINT64_MAX)
		return DTSS_NEVER;
	start_ns = tick << WHEEL_TICK_BITS;
	if (tick == w->tick && level == 0 && w->held_ns > 0)
		return w->held_ns;
	return start_ns;
}
