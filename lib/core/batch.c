/* SPDX-License-Identifier: MIT */
#include "codec/wire.h"
#include "core/engine.h"

/*
 * Verbs mark what they change; dtss_sched_batch() encodes the newest value of each once. All room is reserved by the
 * verb before it changes anything, so neither marking nor closing can fail.
 *
 *      batch_reserve() ──► change, batch_mark_*(), batch_event() ──► dtss_sched_batch() ──► store ──► dtss_sched_stored()
 */
#define EVENTS_EACH 3 /* of one transition: the task's, its leaving, a worker's */
#define SENDS_EACH 2

static int batch_reserve_lists(struct dtss_sched *s, size_t n)
{
	struct open_batch *o = &s->open;
	size_t records;

	if (sched_grow(s, (void **)&o->events, &o->event_cap, o->event_count + n * EVENTS_EACH, sizeof *o->events) !=
		    0 ||
	    sched_grow(s, (void **)&o->tasks, &o->task_cap, o->task_count + n, sizeof *o->tasks) != 0 ||
	    sched_grow(s, (void **)&o->workers, &o->worker_cap, o->worker_count + n, sizeof *o->workers) != 0 ||
	    sched_grow(s, (void **)&o->keys, &o->key_cap, o->key_count + n, sizeof *o->keys) != 0)
		return DTSS_E_NOMEM;
	records = o->record_count + 1 + n * 5;
	return sched_grow(s, (void **)&s->closed.records, &s->closed.record_cap, records, sizeof *s->closed.records);
}

int batch_reserve(struct dtss_sched *s, size_t transitions, size_t bytes)
{
	if (batch_reserve_lists(s, transitions) != 0 || ring_reserve(s, transitions * (EVENTS_EACH + SENDS_EACH)) != 0)
		return DTSS_E_NOMEM;
	return sched_grow(s, (void **)&s->closed.bytes, &s->closed.cap, s->open.bytes + bytes + RECORD_SMALL_MAX, 1);
}

static void batch_will_write(struct dtss_sched *s, size_t bytes)
{
	s->open.record_count++;
	s->open.bytes += bytes;
	DTSS_ASSERT(s->open.bytes <= s->closed.cap);
	DTSS_ASSERT(s->open.record_count < s->closed.record_cap);
}

void batch_mark_task(struct dtss_sched *s, struct task *t, unsigned marks)
{
	unsigned fresh = marks & ~(unsigned)t->marks;

	DTSS_ASSERT(!t->done);
	if (!t->marks) {
		DTSS_ASSERT(s->open.task_count < s->open.task_cap);
		s->open.tasks[s->open.task_count++] = t;
	}
	if (fresh & MARK_TASK)
		batch_will_write(s, BATCH_TASK_BYTES);
	if (fresh & MARK_SPEC)
		batch_will_write(s, t->record_len);
	if (marks & MARK_ATTEMPT) {
		if (fresh & MARK_ATTEMPT)
			t->tries->from = t->tries->to = (uint16_t)(t->attempt_count - 1);
		if (t->tries->to < t->attempt_count)
			batch_will_write(s, BATCH_ATTEMPT_BYTES);
		t->tries->to = (uint16_t)t->attempt_count;
	}
	t->marks |= (uint8_t)marks;
}

void batch_mark_worker(struct dtss_sched *s, struct worker *w)
{
	size_t bytes = worker_record_bound(w);

	if (!w->dirty) {
		DTSS_ASSERT(s->open.worker_count < s->open.worker_cap);
		s->open.workers[s->open.worker_count++] = w;
		w->dirty = 1;
		w->record_bytes = bytes;
		batch_will_write(s, bytes);
	} else if (bytes > w->record_bytes) {
		/* it grew since it was marked */
		s->open.bytes += bytes - w->record_bytes;
		w->record_bytes = bytes;
		DTSS_ASSERT(s->open.bytes <= s->closed.cap);
	}
}

void batch_mark_key(struct dtss_sched *s, struct key *k)
{
	DTSS_ASSERT(k->dirty || !k->gone || s->epoch);
	if (k->dirty)
		return;
	k->dirty = 1;
	DTSS_ASSERT(s->open.key_count < s->open.key_cap);
	s->open.keys[s->open.key_count++] = k;
	batch_will_write(s, BATCH_KEY_BYTES);
}

void batch_event(struct dtss_sched *s, struct dtss_time now, struct dtss_event *e)
{
	DTSS_ASSERT(s->epoch > 0 || s->meta.seq == s->closed_seq);
	e->seq = ++s->meta.seq; /* S19: without gaps */
	e->wall_ns = now.wall_ns;
	DTSS_ASSERT(s->open.event_count < s->open.event_cap);
	s->open.events[s->open.event_count++] = *e;
	ring_push(s, 0, e->seq)->u.event = *e;
	DTSS_ASSERT(s->closed_seq + s->open.event_count == s->meta.seq);
}

static uint8_t *batch_here(struct dtss_sched *s)
{
	return s->closed.bytes + s->closed.len;
}

static size_t batch_left(const struct dtss_sched *s)
{
	return s->closed.cap - s->closed.len;
}

static uint8_t *batch_bytes_of(struct dtss_sched *s, const struct dtss_record *r)
{
	return s->closed.bytes + ((const uint8_t *)r->data - s->closed.bytes);
}

/* Sums are made of two records at once. */
static void batch_seal(struct dtss_sched *s, struct dtss_record *r)
{
	struct dtss_record *other = s->closed.unsealed;

	DTSS_ASSERT(r->len <= s->closed.len);
	DTSS_ASSERT(other != r);
	s->closed.unsealed = other ? NULL : r;
	if (other)
		wire_seal_two(batch_bytes_of(s, other), other->len, batch_bytes_of(s, r), r->len);
}

static void batch_seal_last(struct dtss_sched *s)
{
	struct dtss_record *last = s->closed.unsealed;

	DTSS_ASSERT(!s->closed.in_flight);
	DTSS_ASSERT(!last || last->len <= s->closed.len);
	s->closed.unsealed = NULL;
	if (last)
		wire_seal(batch_bytes_of(s, last), last->len);
}

static struct dtss_record *batch_add(struct dtss_sched *s, uint32_t kind, const void *data, size_t len)
{
	struct dtss_record *r = &s->closed.records[s->closed.record_count++];

	DTSS_ASSERT(s->closed.record_count <= s->closed.record_cap);
	memset(r, 0, sizeof *r);
	r->kind = kind;
	r->data = data;
	r->len = len;
	if (data == batch_here(s)) {
		s->closed.len += len;
		batch_seal(s, r);
	}
	DTSS_ASSERT(s->closed.len <= s->closed.cap);
	return r;
}

static void batch_add_task(struct dtss_sched *s, struct task *t)
{
	struct dtss_record *r;
	uint32_t i;

	DTSS_ASSERT(t->record_len >= t->spec_len);
	DTSS_ASSERT(!(t->marks & MARK_ATTEMPT) || t->tries->to <= t->attempt_count);
	if (t->marks & MARK_SPEC)
		batch_add(s, DTSS_RECORD_SPEC, t->record, t->record_len)->id = t->ready.id;
	for (i = task_tries(t)->from; (t->marks & MARK_ATTEMPT) && i < t->tries->to; i++) {
		r = batch_add(s, DTSS_RECORD_ATTEMPT, batch_here(s),
			      encode_attempt(t, i, batch_here(s), batch_left(s)));
		r->id = t->ready.id;
		r->sub = i + 1;
	}
	r = batch_add(s, DTSS_RECORD_TASK, batch_here(s), encode_task(t, batch_here(s), batch_left(s)));
	r->id = t->ready.id;
	r->flags = t->done ? DTSS_RECORD_DONE : 0;
	t->marks = 0;
	DTSS_ASSERT(s->closed.len <= s->closed.cap);
}

static void batch_add_worker(struct dtss_sched *s, struct worker *w)
{
	struct dtss_record *r =
		batch_add(s, DTSS_RECORD_WORKER, batch_here(s), encode_worker(w, batch_here(s), batch_left(s)));

	DTSS_ASSERT(w->dirty);
	/* the name is copied: the worker may be gone before the batch is */
	r->flags = w->gone ? DTSS_RECORD_DELETE : 0;
	r->key = memcpy(batch_here(s), w->name->text, w->name->len);
	r->key_len = w->name->len;
	s->closed.len += r->key_len;
	DTSS_ASSERT(s->closed.len <= s->closed.cap);
	w->dirty = 0;
}

/* Its key is queue NUL key. */
static void batch_add_key(struct dtss_sched *s, struct key *k)
{
	struct dtss_record *r =
		batch_add(s, DTSS_RECORD_KEY, batch_here(s), encode_key(k, batch_here(s), batch_left(s)));
	size_t queue_len = k->queue->name->len;
	uint8_t *key = batch_here(s);

	DTSS_ASSERT(k->dirty);
	r->flags = k->gone ? DTSS_RECORD_DELETE : 0;
	memcpy(key, k->queue->name->text, queue_len + 1);
	memcpy(key + queue_len + 1, k->text, k->len);
	r->key = key;
	r->key_len = queue_len + 1 + k->len;
	s->closed.len += r->key_len;
	DTSS_ASSERT(s->closed.len <= s->closed.cap);
	k->dirty = 0;
}

static void batch_hash_event(struct hash_stream *h, const struct dtss_event *e)
{
	const uint64_t words[] = { e->seq,
				   e->task,
				   e->fence,
				   e->worker,
				   e->incarnation,
				   (uint64_t)e->wall_ns,
				   (uint64_t)e->type << 32 | e->attempt,
				   (uint64_t)e->from << 32 | e->to,
				   e->cause };

	hash_stream_add(h, words, sizeof words / sizeof *words);
}

/* A record begins with the sum of all its bytes, which stands for them here. */
static void batch_hash_record(struct hash_stream *h, const struct dtss_record *r)
{
	const uint32_t sum = r->len >= WIRE_HEADER ? wire_load32(r->data) : 0;
	const uint64_t words[] = { (uint64_t)r->kind << 32 | r->flags, (uint64_t)sum << 32 | (uint32_t)r->len };

	hash_stream_add(h, words, sizeof words / sizeof *words);
}

uint64_t batch_hash(const struct dtss_batch *b)
{
	struct hash_stream h;
	size_t i;

	hash_stream_begin(&h, b->prev_hash, b->event_count);
	for (i = 0; i < b->event_count; i++)
		batch_hash_event(&h, &b->events[i]);
	for (i = 0; i < b->record_count; i++)
		if (b->records[i].kind != DTSS_RECORD_META)
			batch_hash_record(&h, &b->records[i]);
	return hash_stream_end(&h);
}

static void batch_encode_all(struct dtss_sched *s)
{
	struct open_batch *o = &s->open;
	size_t i;

	DTSS_ASSERT(!s->closed.in_flight);
	DTSS_ASSERT(s->closed.record_cap > 0);
	s->closed.len = 0;
	s->closed.record_count = 1; /* META comes first, and is known last */
	for (i = 0; i < o->task_count; i++)
		batch_add_task(s, o->tasks[i]);
	for (i = 0; i < o->worker_count; i++)
		batch_add_worker(s, o->workers[i]);
	for (i = 0; i < o->key_count; i++)
		batch_add_key(s, o->keys[i]);
	batch_seal_last(s);
	DTSS_ASSERT(s->closed.record_count <= s->closed.record_cap && s->closed.len <= s->closed.cap);
}

static void batch_free_gone(struct dtss_sched *s)
{
	struct open_batch *o = &s->open;
	size_t i;

	DTSS_ASSERT(s->open.key_count <= s->open.key_cap);
	for (i = 0; i < o->key_count; i++)
		if (o->keys[i]->gone)
			key_free(s, o->keys[i]);
	for (i = 0; i < o->worker_count; i++)
		if (o->workers[i]->gone)
			worker_free(s, o->workers[i]);
}

int dtss_sched_batch(struct dtss_sched *s, struct dtss_batch *ret_batch)
{
	struct dtss_event *events = s->closed.events;
	size_t event_cap = s->closed.event_cap;
	struct dtss_batch b = { 0 };
	struct dtss_record *meta;

	DTSS_ASSERT(!s->closed.in_flight);
	if (!s->open.event_count)
		return 0;
	batch_encode_all(s);
	b.size = sizeof b;
	b.epoch = s->epoch;
	b.first_seq = s->closed_seq + 1;
	b.last_seq = s->meta.seq;
	b.prev_hash = s->meta.hash;
	b.events = s->open.events;
	b.event_count = s->open.event_count;
	b.records = s->closed.records;
	b.record_count = s->closed.record_count;
	memset(&s->closed.records[0], 0, sizeof s->closed.records[0]);
	s->closed.records[0].kind = DTSS_RECORD_META;
	b.hash = s->meta.hash = batch_hash(&b);
	meta = &s->closed.records[0];
	meta->data = batch_here(s);
	meta->len = encode_meta(s, batch_here(s), batch_left(s));
	wire_seal(batch_here(s), meta->len);
	s->closed.len += meta->len;
	DTSS_ASSERT(s->closed.len <= s->closed.cap);
	DTSS_ASSERT(b.last_seq - b.first_seq + 1 == b.event_count);
	s->closed.events = s->open.events;
	s->closed.event_cap = s->open.event_cap;
	s->open.events = events;
	s->open.event_cap = event_cap;
	batch_free_gone(s);
	s->open.event_count = s->open.task_count = s->open.worker_count = s->open.key_count = 0;
	s->open.bytes = s->open.record_count = 0;
	s->closed_seq = s->meta.seq;
	s->closed.in_flight = 1;
	*ret_batch = b;
	return 1;
}

static void stored_release(struct dtss_sched *s, struct dtss_time now, uint64_t seq)
{
	DTSS_ASSERT(seq <= s->closed_seq);
	DTSS_ASSERT(s->ring.count <= s->ring.cap);
	while (s->ring.released < s->ring.count) {
		struct pending *p = &s->ring.at[(s->ring.head + s->ring.released) & (s->ring.cap - 1)];
		struct task *t;
		struct attempt *a;

		if (p->seq > seq)
			return;
		s->ring.released++;
		if (p->type != DTSS_MESSAGE_ASSIGN)
			continue;
		t = task_find(s, p->u.message.task);
		a = t ? task_live(t) : NULL;
		if (!a || a->fence != p->u.message.fence)
			continue;
		if (a->worker && a->worker->incarnation == a->incarnation)
			p->u.message.heartbeat = a->worker->heartbeat;
		if (a->sent) { /* again; it waited for what stood before it, while its lease ran */
			p->u.message.lease_ms = attempt_lease_left_ms(s, now, t);
			continue;
		}
		a->sent = 1; /* the lease runs from here */
		t->tries->renewed_ns = now.mono_ns;
		t->tries->phase_ns = now.mono_ns;
		task_arm(s, now, t);
	}
}

void dtss_sched_stored(struct dtss_sched *s, struct dtss_time now, uint64_t seq)
{
	DTSS_ASSERT(seq <= s->closed_seq);
	DTSS_ASSERT(seq >= s->stored_seq);
	s->stored_seq = seq;
	if (seq == s->closed_seq)
		s->closed.in_flight = 0;
	stored_release(s, now, seq);
	while (s->retiring_head && s->retiring_head->u.retired_seq <= seq) {
		struct task *t = s->retiring_head;

		s->retiring_head = task_next(t);
		if (!s->retiring_head)
			s->retiring_tail = NULL;
		ids_clear(&s->tasks, &s->mem, t->ready.id);
		task_free(s, t);
	}
}

uint64_t dtss_sched_seq(const struct dtss_sched *s)
{
	return s->answer_seq == DTSS_NEVER ? s->meta.seq : s->answer_seq;
}
