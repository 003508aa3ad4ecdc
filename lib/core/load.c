/* SPDX-License-Identifier: MIT */
#include "codec/record.h"
#include "core/engine.h"

/*
 * Records come in any order, and again when a standby applies batches, so each replaces what is there. What records of
 * others are needed for (keys, dependencies, workers of attempts) is joined by dtss_sched_lead().
 */

static int load_attempt_room(struct dtss_sched *s, struct task *t, uint32_t count)
{
	DTSS_ASSERT(count > 0 && count <= DTSS_ATTEMPTS_MAX);
	if (attempt_reserve(s, t, count) != 0)
		return DTSS_E_NOMEM;
	if (count > t->attempt_count) {
		memset(t->tries->at + t->attempt_count, 0, (count - t->attempt_count) * sizeof *t->tries->at);
		t->attempt_count = count;
	}
	DTSS_ASSERT(t->attempt_count >= count && t->attempt_count <= t->tries->cap);
	return 0;
}

static int load_detail(struct dtss_sched *s, struct attempt *a, const char *detail)
{
	char *copy = NULL;

	DTSS_ASSERT(a->detail == NULL || a->worker_name != NULL);
	DTSS_ASSERT(a->detail == NULL || detail != a->detail);
	if (detail) {
		copy = sched_alloc(s, strlen(detail) + 1);
		if (!copy)
			return DTSS_E_NOMEM;
		memcpy(copy, detail, strlen(detail) + 1);
	}
	if (a->detail)
		sched_free(s, a->detail, strlen(a->detail) + 1);
	a->detail = copy;
	return 0;
}

static int load_attempt(struct dtss_sched *s, const struct dtss_attempt_record *r)
{
	const struct dtss_attempt_view *v = &r->view;
	struct intern *name;
	struct attempt *a;
	struct task *t;
	uint32_t count;

	if (!v->attempt || v->attempt > DTSS_ATTEMPTS_MAX || !v->worker)
		return DTSS_E_CORRUPT;
	t = load_task_slot(s, r->id);
	if (!t)
		return DTSS_E_NOMEM;
	count = t->attempt_count;
	if (load_attempt_room(s, t, v->attempt) != 0)
		return load_task_undo(s, t);
	a = &t->tries->at[v->attempt - 1];
	name = intern_get(&s->names, &s->mem, v->worker);
	if (!name || load_detail(s, a, v->outcome.detail) != 0) {
		intern_put(&s->names, &s->mem, name);
		t->attempt_count = count;
		return load_task_undo(s, t);
	}
	intern_put(&s->names, &s->mem, a->worker_name);
	a->worker_name = name;
	a->worker_number = r->worker_number;
	a->incarnation = v->incarnation;
	a->fence = v->fence;
	a->state = (uint8_t)v->state;
	a->granted_ns = v->granted_ns;
	a->started_ns = v->started_ns;
	a->ended_ns = v->ended_ns;
	a->cause = (uint8_t)v->outcome.cause;
	a->exit_code = v->outcome.exit_code;
	a->signal = (uint8_t)v->outcome.signal;
	a->err = v->outcome.err;
	return 0;
}

static void load_key_drop(struct dtss_sched *s, struct key *k)
{
	DTSS_ASSERT(s->key_count > 0);
	DTSS_ASSERT((k->prev == NULL) == (s->key_head == k) && (k->next == NULL) == (s->key_tail == k));
	if (k->prev)
		k->prev->next = k->next;
	else
		s->key_head = k->next;
	if (k->next)
		k->next->prev = k->prev;
	else
		s->key_tail = k->prev;
	s->key_count--;
	map_remove(&s->keys, k->hash, k);
	key_free(s, k);
}

static int load_key(struct dtss_sched *s, const struct dtss_record_body *b)
{
	const struct dtss_key_record *r = &b->u.key;
	struct key *k = key_find(s, r->queue, r->key);
	struct queue *q;

	if (k && (b->flags & DTSS_RECORD_DELETE)) {
		load_key_drop(s, k);
		return 0;
	}
	if (b->flags & DTSS_RECORD_DELETE)
		return 0;
	if (!k) {
		q = queue_get(s, r->queue);
		if (!q)
			return DTSS_E_NOMEM;
		k = key_new(s, q, r->key);
		queue_put(s, q);
		if (!k)
			return DTSS_E_NOMEM;
		map_insert(&s->keys, k->hash, k);
		key_append(s, k);
	}
	k->id = r->id;
	k->spec_hash = r->spec_hash;
	k->finished_ns = r->finished_ns;
	return 0;
}

static struct worker *load_worker_new(struct dtss_sched *s, const struct dtss_worker_view *v,
				      struct worker_shape *shape)
{
	struct worker *w = worker_new(s, v->name, shape);

	if (!w)
		return NULL;
	w->timer.owner = TIMER_WORKER;
	w->young_timer.owner = TIMER_YOUNG;
	w->status = DTSS_WORKER_OFFLINE;
	worker_insert(s, w);
	return w;
}

static void load_worker_fields(struct dtss_sched *s, struct worker *w, const struct dtss_worker_view *v)
{
	DTSS_ASSERT(s->stats.workers[w->status] > 0);
	DTSS_ASSERT(w->status < DTSS_WORKER_STATUSES);
	s->stats.workers[w->status]--;
	w->status = v->status == DTSS_WORKER_OFFLINE ? DTSS_WORKER_OFFLINE : DTSS_WORKER_SUSPICIOUS;
	s->stats.workers[w->status]++;
	w->number = v->number;
	w->incarnation = v->incarnation;
	w->kind = (uint8_t)v->kind;
	w->draining = (uint8_t)v->draining;
	w->cordoned = (uint8_t)v->cordoned;
	w->max_tasks = v->max_tasks;
	worker_refresh(s, w);
}

/* Could a worker ever have had that? The engine writes its resources by name. */
static int load_worker_counted(const struct dtss_worker_view *v)
{
	size_t i;

	for (i = 0; i < v->resource_count; i++)
		if (v->resources[i].amount > DTSS_RESOURCE_AMOUNT_MAX ||
		    (i && strcmp(v->resources[i - 1].name, v->resources[i].name) >= 0))
			return 0;
	return v->number > 0;
}

static int load_worker(struct dtss_sched *s, const struct dtss_record_body *b)
{
	const struct dtss_worker_view *v = &b->u.worker.view;
	struct worker *w = worker_find(s, v->name);
	struct worker_shape shape;

	if (b->flags & DTSS_RECORD_DELETE) {
		if (w) {
			worker_extract(s, w);
			worker_free(s, w);
		}
		return 0;
	}
	if (!load_worker_counted(v))
		return DTSS_E_CORRUPT;
	if (worker_shape_make(s, &shape, v->name, v->address, v->tags, v->tag_count, v->resources, v->resource_count) !=
	    0)
		return DTSS_E_NOMEM;
	if (!w)
		w = load_worker_new(s, v, &shape);
	else if (pool_retag_reserve(s->pool, shape.tag_numbers, (uint16_t)shape.tag_count) != 0)
		w = NULL;
	else
		worker_shape_swap(s, w, &shape);
	worker_shape_free(s, &shape);
	if (!w)
		return DTSS_E_NOMEM;
	load_worker_fields(s, w, v);
	return 0;
}

static int load_body(struct dtss_sched *s, const struct dtss_record_body *b)
{
	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(!s->restoring);
	switch (b->kind) {
	case DTSS_RECORD_META:
		s->meta = b->u.meta;
		s->closed_seq = s->stored_seq = s->meta.seq;
		return 0;
	case DTSS_RECORD_KEY:
		return load_key(s, b);
	case DTSS_RECORD_WORKER:
		return load_worker(s, b);
	default:
		return DTSS_E_CORRUPT;
	}
}

/* META, KEY, WORKER */
static int load_other(struct dtss_sched *s, const void *record, size_t len)
{
	struct dtss_record_body *b;
	int error = dtss_record_decode(record, len, &s->mem, &b);

	if (error)
		return error;
	error = load_body(s, b);
	dtss_record_free(b, &s->mem);
	return error;
}

/* Memory is needed for all ids between the lowest and the highest: one that was never given out must not claim it. META
 * comes first from our stores and in batches; when it comes later, lead finds the same. */
static int load_id_known(const struct dtss_sched *s, uint64_t id)
{
	return s->meta.next_task == 1 || id < s->meta.next_task;
}

static int load_record_task(struct dtss_sched *s, struct wire_in *in, const struct dtss_record *r)
{
	struct dtss_task_record task;
	int error = record_get_task(in, r, &task);

	return error ? error : load_task(s, &task, r->flags);
}

static int load_record_spec(struct dtss_sched *s, struct wire_in *in, const struct dtss_record *r)
{
	struct load_spec spec;
	int error = record_get_spec(in, &spec.spec, &spec.spec_len);

	spec.id = r->id;
	spec.record = r->data;
	spec.record_len = r->len;
	return error ? error : load_spec(s, &spec);
}

static int load_record_attempt(struct dtss_sched *s, struct wire_in *in, const struct dtss_record *r)
{
	struct dtss_attempt_record attempt;
	int error;

	memset(&attempt, 0, sizeof attempt);
	error = record_get_attempt(in, r, &attempt);
	return error ? error : load_attempt(s, &attempt);
}

/* A record that is whole. */
static int load_record(struct dtss_sched *s, const void *record, size_t len)
{
	struct dtss_record r;
	struct wire_in in;
	int error = record_enter(&in, record, len, &r);

	if (error)
		return error;
	if (!load_id_known(s, r.id))
		return DTSS_E_CORRUPT;
	switch (r.kind) {
	case DTSS_RECORD_TASK:
		return load_record_task(s, &in, &r);
	case DTSS_RECORD_SPEC:
		return load_record_spec(s, &in, &r);
	case DTSS_RECORD_ATTEMPT:
		return load_record_attempt(s, &in, &r);
	default:
		return load_other(s, record, len);
	}
}

int dtss_sched_load(struct dtss_sched *s, const void *record, size_t len)
{
	if (s->epoch || s->restoring)
		return DTSS_E_STATE;
	return record_whole(record, len) ? load_record(s, record, len) : DTSS_E_CORRUPT;
}

/* The batch's hash rests on the sums of its records. Those are looked at before anything changes. */
static int load_batch_intact(const struct dtss_batch *b)
{
	size_t i;

	if (batch_hash(b) != b->hash)
		return 0;
	for (i = 0; i < b->record_count; i++)
		if (!record_whole(b->records[i].data, b->records[i].len))
			return 0;
	return 1;
}

int dtss_sched_apply(struct dtss_sched *s, const struct dtss_batch *batch)
{
	size_t i;
	int error = 0;

	if (s->epoch || s->restoring)
		return DTSS_E_STATE;
	if (batch->first_seq != s->meta.seq + 1 || batch->prev_hash != s->meta.hash || !load_batch_intact(batch))
		return DTSS_E_CORRUPT; /* S19 */
	for (i = 0; i < batch->record_count && !error; i++)
		error = load_record(s, batch->records[i].data, batch->records[i].len);
	/* the hash does not cover META, so that META can hold it */
	if (!error && (s->meta.seq != batch->last_seq || s->meta.hash != batch->hash))
		error = DTSS_E_CORRUPT;
	return error;
}
