/* SPDX-License-Identifier: MIT */
#include "codec/spec.h"
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
	if (old && old->queue && old->queue->loaded == old)
		old->queue->loaded = NULL;
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

int load_task(struct dtss_sched *s, const struct dtss_task_record *r, uint32_t flags)
{
	struct task *t;

	if (r->done || (flags & DTSS_RECORD_DONE)) {
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

/* What the engine takes from a specification, with a reference to what is shared. */
struct load_said {
	struct queue *queue;
	struct policy *policy;
	struct need *need;
	uint64_t timeout_ms;
	int64_t not_before_ns;
	int32_t priority;
	uint8_t loaded;
};

/* Nearly always it says the same as the one before it in its queue, but for the payload. */
static int load_said_alike(struct dtss_sched *s, const struct load_spec *in, struct load_said *ret)
{
	const char *name = spec_queue(in->spec, in->spec_len);
	struct queue *q = name ? queue_find(s, name) : NULL;
	const struct task *t = q ? q->loaded : NULL;

	if (!t || !spec_alike(task_spec(t), t->spec_len, in->spec, in->spec_len))
		return 0;
	DTSS_ASSERT(t->queue == q);
	DTSS_ASSERT(t->need && t->policy);
	ret->queue = queue_share(q);
	ret->policy = t->policy;
	ret->policy->refs++;
	ret->need = t->need;
	ret->need->refs++;
	ret->timeout_ms = t->u.timeout_ms;
	ret->not_before_ns = t->not_before_ns;
	ret->priority = t->ready.priority;
	ret->loaded = t->loaded & (LOADED_SPEC | LOADED_MORE);
	return 1;
}

static int load_said(struct dtss_sched *s, const struct load_spec *in, struct load_said *ret)
{
	struct dtss_task_spec *spec;
	int error = spec_decode(in->spec, in->spec_len, &s->mem, &spec);

	if (error)
		return error;
	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(spec->queue != NULL);
	ret->timeout_ms = spec->timeout_ms;
	ret->not_before_ns = spec->not_before_ns;
	ret->priority = spec->priority;
	ret->loaded = spec->key || spec->after_count || spec->start_deadline_ms ? LOADED_SPEC | LOADED_MORE :
										  LOADED_SPEC;
	ret->queue = queue_get(s, spec->queue);
	ret->policy = ret->queue ? policy_get(s, &spec->retry) : NULL;
	ret->need = ret->policy ? need_get(s, spec) : NULL;
	dtss_spec_free(spec, &s->mem);
	if (ret->need)
		return 0;
	task_put_parts(s, NULL, ret->policy, ret->queue);
	return DTSS_E_NOMEM;
}

static void load_spec_fields(struct task *t, const struct load_spec *in, const struct load_said *said)
{
	DTSS_ASSERT(in->spec_len < in->record_len);
	DTSS_ASSERT(t->ready.id == in->id);
	t->record = memcpy(t + 1, in->record, in->record_len);
	t->record_len = (uint32_t)in->record_len;
	t->spec_len = (uint32_t)in->spec_len;
	t->need = said->need;
	t->policy = said->policy;
	t->queue = said->queue;
	t->queue->loaded = t;
	t->ready.priority = said->priority;
	t->u.timeout_ms = said->timeout_ms;
	t->not_before_ns = said->not_before_ns;
	t->loaded = (t->loaded & LOADED_TASK) | said->loaded;
}

int load_spec(struct dtss_sched *s, const struct load_spec *in)
{
	struct task *t = task_any(s, in->id);
	struct load_said said;
	int error;

	if (t && t->record_len == in->record_len && memcmp(t->record, in->record, in->record_len) == 0)
		return 0;
	error = load_said_alike(s, in, &said) ? 0 : load_said(s, in, &said);
	if (error)
		return error;
	t = load_block(s, in->id, t, in->record_len);
	if (!t) {
		task_put_parts(s, said.need, said.policy, said.queue);
		return DTSS_E_NOMEM;
	}
	ids_set(&s->tasks, in->id, t);
	task_put_parts(s, t->need, t->policy, t->queue); /* of the one that it had before */
	load_spec_fields(t, in, &said);
	return 0;
}
