/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * A child has one dep per parent that had not ended when it was submitted; each stands in that parent's list until the
 * parent ended and the child was told. A parent stays loaded that long, so after a restart a parent that is not there
 * must have succeeded.
 *
 *      parent ──► dep ──► dep ──► dep            child.waiting counts those that are not yet resolved
 *                  │       │       │
 *                child   child   child
 */
void depend_link(struct task *child, struct dep *d, struct task *parent)
{
	DTSS_ASSERT(d->parent == NULL);
	DTSS_ASSERT(!parent->done);
	d->child = child;
	d->parent = parent;
	d->next = parent->children;
	d->link = &parent->children;
	if (parent->children)
		parent->children->link = &d->next;
	parent->children = d;
	child->waiting++;
}

static void depend_unlink(struct dep *d)
{
	DTSS_ASSERT(*d->link == d && d->parent != NULL);
	DTSS_ASSERT(d->child->waiting > 0);
	*d->link = d->next;
	if (d->next)
		d->next->link = d->link;
	d->parent = NULL;
	d->child->waiting--;
}

void depend_ended(struct dtss_sched *s, struct task *parent)
{
	if (parent->children)
		depend_enqueue(s, parent);
}

void depend_enqueue(struct dtss_sched *s, struct task *parent)
{
	DTSS_ASSERT(dtss_task_state_terminal(parent->state) && !parent->ready.queued);
	DTSS_ASSERT((s->resolving_head == NULL) == (s->resolving_tail == NULL));
	if (parent->resolving)
		return;
	parent->resolving = 1;
	parent->ready.higher = NULL;
	if (s->resolving_tail)
		s->resolving_tail->ready.higher = &parent->ready;
	else
		s->resolving_head = parent;
	s->resolving_tail = parent;
	s->due_at_once = 1;
	DTSS_ASSERT(s->resolving_tail->ready.higher == NULL);
}

/* The child waits for nobody any more. A parent that has ended and has no children left leaves with the next tick. */
void depend_unlink_all(struct dtss_sched *s, struct task *child)
{
	uint32_t i;

	DTSS_ASSERT(child->waiting <= child->dep_count);
	for (i = 0; i < child->dep_count; i++)
		if (child->deps[i].parent)
			depend_unlink(&child->deps[i]);
	DTSS_ASSERT(child->waiting == 0);
	sched_free(s, child->deps, child->dep_count * sizeof *child->deps);
	child->deps = NULL;
	child->dep_count = 0;
}

static void depend_tell(struct dtss_sched *s, struct dtss_time now, struct task *parent, struct dep *d)
{
	struct task *child = d->child;

	depend_unlink(d);
	DTSS_ASSERT(child->state == DTSS_TASK_BLOCKED || child->state == DTSS_TASK_HELD);
	if (parent->state != DTSS_TASK_SUCCEEDED) {
		task_move(s, now, child, DTSS_TASK_SKIPPED, DTSS_CAUSE_DEPENDENCY); /* S15 */
		return;
	}
	if (!child->waiting && child->state == DTSS_TASK_BLOCKED)
		task_ready_or_delayed(s, now, child, DTSS_CAUSE_NONE); /* S14 */
}

int depend_resolve(struct dtss_sched *s, struct dtss_time now, size_t *budget)
{
	DTSS_ASSERT(*budget <= DTSS_STEP_MAX);
	DTSS_ASSERT((s->resolving_head == NULL) == (s->resolving_tail == NULL));
	while (s->resolving_head) {
		struct task *parent = s->resolving_head;

		while (parent->children && *budget) {
			if (batch_reserve(s, 2, 2 * BATCH_BYTES) != 0)
				return DTSS_E_NOMEM;
			*budget -= 1;
			depend_tell(s, now, parent, parent->children);
		}
		if (parent->children || !*budget)
			return 0;
		if (batch_reserve(s, 1, BATCH_BYTES) != 0)
			return DTSS_E_NOMEM;
		*budget -= 1;
		s->resolving_head = task_next(parent);
		if (!s->resolving_head)
			s->resolving_tail = NULL;
		parent->resolving = 0;
		parent->ready.higher = NULL;
		task_retire(s, now, parent);
	}
	return 0;
}
