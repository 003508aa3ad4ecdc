/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * TASK and SPEC, of which there are as many as tasks. A SPEC is looked at while its bytes are at hand, and stands behind
 * its task in one block; best it comes first.
 */

/* A task as good as new with room for a record so long behind it, and for it in the table; or the old one, which may
 * have moved: before it leads, nothing but the table points to it. NULL: no memory. */
static struct task *load_block(struct dtss_sched *s, uint64_t id, struct task *old, size_t len)
{
	struct task *t;

	DTSS_ASSERT(!s->epoch && !s->restoring);
	DTSS_ASSERT(!old || (!old->key && !old->deps));
	if (old)
		return s->mem.realloc(s->mem.ctx, old, sizeof *old + old->record_len, sizeof *old + len);
	if (ids_reserve(&s->tasks, &s->mem, id, id) != 0)
		return NULL;
	t = sched_alloc(s, sizeof *t + len);
	if (!t) {
		ids_trim(&s->tasks, &s->mem);
		return NULL;
	}
	memset(t, 0, sizeof *t);
	t->ready.id = id;
	t->timer.owner = TIMER_TASK;
	t->deadline_ns = DTSS_NEVER;
	return t;
}

struct task *load_task_slot(struct dtss_sched *s, uint64_t id)
{
	struct task *t = task_any(s, id);

	if (t)
		return t;
	t = load_block(s, id, NULL, 0);
	if (t)
		ids_set(&s->tasks, id, t);
	return t;
}

/* Nothing came into the slot: it goes, if it was made for this. */
int load_task_undo(struct dtss_sched *s, struct task *t)
{
	if (t && !t->loaded && !t->attempt_count) {
		ids_clear(&s->tasks, &s->mem, t->ready.id);
		task_free(s, t);
	}
	return DTSS_E_NOMEM;
}

int load_task(struct dtss_sched *s, const struct dtss_record_body *b)
{
	const struct dtss_task_record *r = &b->u.task;
	struct task *t;

	if (r->done || (b->flags & DTSS_RECORD_DONE)) {
		t = task_any(s, r->id);
		if (t) {
			ids_clear(&s->tasks, &s->mem, r->id);
			task_free(s, t);
		}
		return 0;
	}
	t = load_task_slot(s, r->id);
	if (!t)
		return DTSS_E_NOMEM;
	if ((r->due_since_ns || r->due_wait_ns) && attempt_reserve(s, t, 1) != 0)
		return load_task_undo(s, t);
	t->loaded |= LOADED_TASK;
	t->retry_of = r->retry_of;
	t->state = (uint8_t)r->state;
	t->cause = (uint8_t)r->cause;
	t->failed_count = (uint16_t)r->failed_count;
	t->lost_count = (uint16_t)r->lost_count;
	t->free_count = (uint16_t)r->free_count;
	t->expected = (uint16_t)r->attempt_count;
	t->created_ns = r->created_ns;
	t->started_ns = r->started_ns;
	t->finished_ns = r->finished_ns;
	if (t->tries) {
		t->tries->due_since_ns = r->due_since_ns;
		t->tries->due_wait_ns = r->due_wait_ns;
	}
	return 0;
}

/* What the specification says, while its bytes are at hand. */
static int load_parts(struct dtss_sched *s, struct task *t, const struct dtss_task_spec *spec)
{
	DTSS_ASSERT(!t->queue && !t->policy);
	DTSS_ASSERT(!t->need);
	t->queue = queue_get(s, spec->queue);
	t->policy = t->queue ? policy_get(s, &spec->retry) : NULL;
	t->need = t->policy ? need_get(s, spec) : NULL;
	return t->need ? 0 : DTSS_E_NOMEM;
}

static void load_spec_fields(struct task *t, const struct dtss_record_body *b, const void *record, size_t len,
			     const struct dtss_task_spec *spec)
{
	DTSS_ASSERT(b->u.spec.len < len);
	DTSS_ASSERT(t->ready.id == b->u.spec.id);
	t->record = memcpy(t + 1, record, len);
	t->record_len = (uint32_t)len;
	t->spec_len = (uint32_t)b->u.spec.len;
	t->ready.priority = spec->priority;
	t->u.timeout_ms = spec->timeout_ms;
	t->not_before_ns = spec->not_before_ns;
	t->loaded = (t->loaded & LOADED_TASK) | LOADED_SPEC;
	if (spec->key || spec->after_count || spec->start_deadline_ms)
		t->loaded |= LOADED_MORE;
}

static int load_spec_put(struct dtss_sched *s, const struct dtss_record_body *b, const void *record, size_t len,
			 const struct dtss_task_spec *spec)
{
	struct task parts = { .need = NULL }, *t = NULL;

	if (load_parts(s, &parts, spec) == 0)
		t = load_block(s, b->u.spec.id, task_any(s, b->u.spec.id), len);
	if (!t) {
		task_parts_put(s, &parts);
		return DTSS_E_NOMEM;
	}
	ids_set(&s->tasks, t->ready.id, t);
	load_spec_fields(t, b, record, len, spec);
	task_parts_put(s, t); /* of the one before */
	t->queue = parts.queue;
	t->policy = parts.policy;
	t->need = parts.need;
	return 0;
}

int load_spec(struct dtss_sched *s, const struct dtss_record_body *b, const void *record, size_t len)
{
	const struct task *old = task_any(s, b->u.spec.id);
	struct dtss_task_spec *spec;
	int error;

	if (old && old->record_len == len && memcmp(old->record, record, len) == 0)
		return 0;
	error = dtss_spec_decode(b->u.spec.data, b->u.spec.len, &s->mem, &spec);
	if (error)
		return error;
	error = load_spec_put(s, b, record, len, spec);
	dtss_spec_free(spec, &s->mem);
	return error;
}
