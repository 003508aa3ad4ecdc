/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * Each need has its own ready queue, so a task that fits nowhere blocks nobody else. Needs with waiting tasks stand in a
 * heap by their best task; one that no worker fits is parked until a worker improves that could fit it.
 *
 *      heap:  need (prio 9, id 4)               parked:  need ── need
 *            /                   \                         ▲
 *      need (5, 2)          need (5, 7)                    └── a worker improved: those that it fits go back
 */
static int heap_before(const struct need *a, const struct need *b)
{
	const struct ready_item *x = ready_head(&a->ready), *y = ready_head(&b->ready);

	if (x->priority != y->priority)
		return x->priority > y->priority;
	return x->id < y->id; /* S21 */
}

static void heap_put(struct dtss_sched *s, size_t at, struct need *n)
{
	DTSS_ASSERT(at < s->heap_cap);
	DTSS_ASSERT(n->ready.count > 0 && !n->parked);
	s->heap[at] = n;
	n->heap_at = (uint32_t)at + 1;
}

static void heap_up(struct dtss_sched *s, size_t at)
{
	struct need *n = s->heap[at];

	DTSS_ASSERT(at < s->heap_count && s->heap[at]->heap_at == at + 1);
	while (at && heap_before(n, s->heap[(at - 1) / 2])) {
		heap_put(s, at, s->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(s, at, n);
}

static void heap_down(struct dtss_sched *s, size_t at)
{
	struct need *n = s->heap[at];
	size_t child;

	DTSS_ASSERT(at < s->heap_count && s->heap[at]->heap_at == at + 1);
	while ((child = 2 * at + 1) < s->heap_count) {
		if (child + 1 < s->heap_count && heap_before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!heap_before(s->heap[child], n))
			break;
		heap_put(s, at, s->heap[child]);
		at = child;
	}
	heap_put(s, at, n);
}

static void heap_remove(struct dtss_sched *s, struct need *n)
{
	size_t at = n->heap_at - 1;
	struct need *last = s->heap[--s->heap_count];

	DTSS_ASSERT(s->heap_count < s->heap_cap);
	DTSS_ASSERT(n->heap_at);
	n->heap_at = 0;
	if (last == n)
		return;
	heap_put(s, at, last);
	heap_up(s, at);
	heap_down(s, last->heap_at - 1);
}

static void heap_add(struct dtss_sched *s, struct need *n)
{
	DTSS_ASSERT(n->heap_at == 0 && !n->parked);
	DTSS_ASSERT(s->heap_count < s->heap_cap);
	heap_put(s, s->heap_count++, n);
	heap_up(s, s->heap_count - 1);
}

void dispatch_park(struct dtss_sched *s, struct need *n)
{
	DTSS_ASSERT(n->heap_at && n->ready.count > 0);
	DTSS_ASSERT(!n->parked);
	heap_remove(s, n);
	n->parked = 1;
	n->next_parked = s->parked;
	n->link_parked = &s->parked;
	if (s->parked)
		s->parked->link_parked = &n->next_parked;
	s->parked = n;
	DTSS_ASSERT(*n->link_parked == n && !n->heap_at);
}

static void unpark(struct need *n)
{
	DTSS_ASSERT(n->parked && *n->link_parked == n);
	DTSS_ASSERT(n->heap_at == 0);
	*n->link_parked = n->next_parked;
	if (n->next_parked)
		n->next_parked->link_parked = n->link_parked;
	n->parked = 0;
}

void dispatch_queue(struct dtss_sched *s, struct task *t)
{
	struct need *n = t->need;

	DTSS_ASSERT(t->state == DTSS_TASK_READY);
	DTSS_ASSERT(!(n->parked && n->heap_at));
	ready_push(&n->ready, &t->ready);
	if (n->parked)
		return;
	s->due_at_once = 1;
	if (n->heap_at)
		heap_up(s, n->heap_at - 1);
	else
		heap_add(s, n);
	DTSS_ASSERT(n->heap_at && s->heap[n->heap_at - 1] == n);
}

void dispatch_unqueue(struct dtss_sched *s, struct task *t)
{
	struct need *n = t->need;
	int head = ready_head(&n->ready) == &t->ready;

	DTSS_ASSERT(t->ready.queued && t->need->ready.count > 0);
	if (n->ready.count == 1)
		dispatch_remove_need(s, n);
	ready_remove(&n->ready, &t->ready);
	if (head && n->heap_at)
		heap_down(s, n->heap_at - 1);
}

void dispatch_remove_need(struct dtss_sched *s, struct need *n)
{
	if (n->heap_at)
		heap_remove(s, n);
	if (n->parked)
		unpark(n);
}

void dispatch_improved(struct dtss_sched *s, struct worker *w)
{
	DTSS_ASSERT(!w->gone);
	DTSS_ASSERT(!w->improved || s->improved != NULL);
	if (!s->parked)
		return;
	s->due_at_once = 1;
	if (w->improved)
		return;
	w->improved = 1;
	w->next_improved = s->improved;
	s->improved = w;
}

void dispatch_forget(struct dtss_sched *s, struct worker *w)
{
	struct worker **p = &s->improved;

	DTSS_ASSERT(!w->improved || s->improved != NULL);
	DTSS_ASSERT(s->improved != w || w->improved);
	while (*p && *p != w)
		p = &(*p)->next_improved;
	if (*p)
		*p = w->next_improved;
	w->improved = 0;
	DTSS_ASSERT(s->improved != w);
}

static int unpark_wanted(const struct need *n, const struct worker *improved)
{
	const struct worker *w;

	for (w = improved; w; w = w->next_improved)
		if (pool_fits(&w->entry, &n->pool))
			return 1;
	return 0;
}

#define UNPARK_LOOK_MAX 16 /* improved workers; beyond, asking the pool again for each need is cheaper */

/* Parked needs that one of the improved workers fits compete again. */
static void dispatch_unpark(struct dtss_sched *s)
{
	struct worker *improved = s->improved;
	struct need *n, *next;
	size_t many = 0;

	DTSS_ASSERT(s->heap_count <= s->heap_cap);
	DTSS_ASSERT(s->parked == NULL || s->parked->parked);
	for (; improved && many <= UNPARK_LOOK_MAX; improved = improved->next_improved)
		many++;
	for (n = s->parked; n && many; n = next) {
		next = n->next_parked;
		if (many <= UNPARK_LOOK_MAX && !unpark_wanted(n, s->improved))
			continue;
		unpark(n);
		heap_add(s, n);
	}
	while ((improved = s->improved) != NULL) {
		s->improved = improved->next_improved;
		improved->improved = 0;
	}
	DTSS_ASSERT(s->improved == NULL);
}

/* Stamps order the workers by their last gift. Before they wrap, all are set back by half the range, so that those not
 * given to in the last 2^31 gifts count as never. */
void dispatch_renumber(struct dtss_sched *s)
{
	uint32_t slot, slots = pool_slots(s->pool), back = UINT32_MAX / 2;

	DTSS_ASSERT(slots >= s->worker_count);
	if (s->stamp < UINT32_MAX)
		return;
	s->stamp -= back;
	for (slot = 0; slot < slots; slot++) {
		struct pool_entry *e = pool_at(s->pool, slot);

		if (!e || !e->stamp)
			continue;
		e->stamp = e->stamp > back ? e->stamp - back : 0;
		pool_update(s->pool, e);
	}
	DTSS_ASSERT(s->stamp < UINT32_MAX);
}

int dispatch_run(struct dtss_sched *s, struct dtss_time now, size_t *budget)
{
	DTSS_ASSERT(*budget <= DTSS_STEP_MAX);
	dispatch_unpark(s);
	while (s->heap_count && *budget) {
		struct need *n = s->heap[0];
		struct task *t = (struct task *)ready_head(&n->ready);
		struct pool_entry *e = pool_best(s->pool, &n->pool);

		if (!e) {
			dispatch_park(s, n);
			continue;
		}
		if (batch_reserve(s, 1, BATCH_BYTES) != 0 || attempt_reserve(s, t, t->attempt_count + 1) != 0)
			return DTSS_E_NOMEM;
		dispatch_renumber(s);
		attempt_grant(s, now, t, (struct worker *)e);
		*budget -= 1;
	}
	return 0;
}

int dispatch_pending(const struct dtss_sched *s)
{
	return s->heap_count != 0 || s->improved != NULL;
}
