/* SPDX-License-Identifier: MIT */
#include "core/wheel.h"

#include <stddef.h>
#include <dtss/time.h>
#include "core/check.h"

/* A wheel's lists as they stand in a snapshot. */
const struct timer *wheel_list(const struct wheel *w, unsigned list)
{
	DTSS_ASSERT(list < WHEEL_LISTS);
	return list == WHEEL_LISTS - 1 ? w->expired : w->slots[list / WHEEL_SLOTS][list % WHEEL_SLOTS];
}

/* The slot follows from the two ticks; but what was beyond the horizon waits in a slot of the last level before its own. */
static int wheel_may_hold(const struct wheel *w, unsigned list, uint64_t due_ns)
{
	uint64_t tick = due_ns >> WHEEL_TICK_BITS, ahead, here;
	unsigned level = 0, shift = 0;

	if (list == WHEEL_LISTS - 1)
		return tick <= w->tick;
	if (tick < w->tick)
		tick = w->tick;
	for (; level < WHEEL_LAST && (tick ^ w->tick) >> (shift + WHEEL_SLOT_BITS) != 0; level++)
		shift += WHEEL_SLOT_BITS;
	ahead = (tick >> shift) - (w->tick >> shift);
	here = (list - (w->tick >> shift)) % WHEEL_SLOTS;
	if (list / WHEEL_SLOTS != level || here > ahead)
		return 0;
	return level == WHEEL_LAST ? here > 0 : here == ahead && (here > 0 || due_ns >= w->held_ns);
}

int wheel_put_back(struct wheel *w, unsigned list, struct timer *t, uint64_t due_ns)
{
	struct timer **head = list == WHEEL_LISTS - 1 ? &w->expired : &w->slots[0][0] + list;

	DTSS_ASSERT(list < WHEEL_LISTS);
	DTSS_ASSERT(t->link == NULL && due_ns != DTSS_NEVER);
	if (!wheel_may_hold(w, list, due_ns))
		return 0;
	t->due_ns = due_ns;
	t->next = *head;
	if (t->next != NULL)
		t->next->link = &t->next;
	t->link = head;
	*head = t;
	w->count++;
	if (list < WHEEL_LISTS - 1)
		w->used[list / WHEEL_SLOTS] |= UINT64_C(1) << list % WHEEL_SLOTS;
	return 1;
}
