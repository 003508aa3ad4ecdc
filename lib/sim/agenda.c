/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* What is under way: a binary heap by (due, order of addition). Of several that are due at the same instant the order is
 * a choice. */
#define AGENDA_TIES_MAX 8 /* among so many is chosen */

struct sim_item *agenda_item(struct sim *s, uint32_t type, uint32_t from, uint32_t to)
{
	struct sim_item *item = s->agenda.free;

	DTSS_ASSERT(from < SIM_PLACES);
	DTSS_ASSERT(to < SIM_PLACES);
	if (item)
		s->agenda.free = item->next;
	else
		item = arena_alloc(&s->arena, sizeof *item);
	item->next = NULL;
	item->type = type;
	item->from = from;
	item->to = to;
	item->len = 0;
	item->bytes = NULL;
	item->op = NULL;
	item->serial = 0;
	return item;
}

void agenda_free(struct sim *s, struct sim_item *item)
{
	if (item->bytes)
		arena_free(&s->arena, item->bytes, item->len);
	item->bytes = NULL;
	item->next = s->agenda.free;
	s->agenda.free = item;
}

static int agenda_less(const struct sim_entry *a, const struct sim_entry *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void agenda_up(struct sim_agenda *a, struct sim_entry entry)
{
	size_t at = a->count++;

	while (at > 0 && agenda_less(&entry, &a->heap[(at - 1) / 2])) {
		a->heap[at] = a->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	a->heap[at] = entry;
}

static struct sim_entry agenda_pop(struct sim_agenda *a)
{
	struct sim_entry top = a->heap[0], last = a->heap[a->count - 1];
	size_t at = 0, child;

	DTSS_ASSERT(a->count > 0);
	a->count--;
	while ((child = 2 * at + 1) < a->count) {
		if (child + 1 < a->count && agenda_less(&a->heap[child + 1], &a->heap[child]))
			child++;
		if (!agenda_less(&a->heap[child], &last))
			break;
		a->heap[at] = a->heap[child];
		at = child;
	}
	a->heap[at] = last;
	return top;
}

void agenda_add(struct sim *s, struct sim_item *item, uint64_t due_ns)
{
	struct sim_agenda *a = &s->agenda;
	struct sim_entry entry;

	DTSS_ASSERT(due_ns >= s->true_ns);
	if (a->count == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 256;
		struct sim_entry *heap = arena_alloc(&s->arena, cap * sizeof *heap);

		if (a->heap) {
			memcpy(heap, a->heap, a->count * sizeof *heap);
			arena_free(&s->arena, a->heap, a->cap * sizeof *heap);
		}
		a->heap = heap;
		a->cap = cap;
	}
	entry.due_ns = due_ns;
	entry.order = a->order++;
	entry.item = item;
	agenda_up(a, entry);
}

uint64_t agenda_next_ns(const struct sim *s)
{
	return s->agenda.count ? s->agenda.heap[0].due_ns : DTSS_NEVER;
}

struct sim_item *agenda_take(struct sim *s)
{
	struct sim_agenda *a = &s->agenda;
	struct sim_entry ties[AGENDA_TIES_MAX];
	size_t count = 0, chosen = 0, i;

	DTSS_ASSERT(a->count > 0);
	do {
		ties[count++] = agenda_pop(a);
	} while (count < AGENDA_TIES_MAX && a->count && a->heap[0].due_ns == ties[0].due_ns);
	if (count > 1)
		chosen = (size_t)sim_choose(s, count);
	for (i = 0; i < count; i++)
		if (i != chosen)
			agenda_up(a, ties[i]);
	return ties[chosen].item;
}

struct sim_item *agenda_take_any(struct sim *s)
{
	return agenda_pop(&s->agenda).item;
}

void agenda_fini(struct sim *s)
{
	struct sim_agenda *a = &s->agenda;
	struct sim_item *item;

	DTSS_ASSERT(a->count == 0);
	while ((item = a->free) != NULL) {
		a->free = item->next;
		arena_free(&s->arena, item, sizeof *item);
	}
	if (a->heap)
		arena_free(&s->arena, a->heap, a->cap * sizeof *a->heap);
}
