/* SPDX-License-Identifier: MIT */
#include "codec/spec.h"
#include "core/engine.h"

/*
 * From records to an engine that decides: joins what was loaded, starts every lease in full, and continues every wait
 * with what was left of it, never more than it was.
 */
#define LEAD_NUMBER_MAX ((uint64_t)1 << 62) /* no counter gets there; beyond it sums would wrap */

static uint64_t lead_left(int64_t since_ns, uint64_t wait_ns, int64_t wall_ns)
{
	uint64_t gone = wall_ns > since_ns ? (uint64_t)wall_ns - (uint64_t)since_ns : 0;

	return gone < wait_ns ? wait_ns - gone : 0;
}

/* Could these numbers ever have been counted? A record may be whole, and still not be one of ours. */
int lead_counted(const struct dtss_meta_record *meta)
{
	return meta->next_task >= 1 && meta->next_task <= DTSS_TASK_ID_MAX + UINT64_C(1) &&
	       meta->fence < LEAD_NUMBER_MAX && meta->seq < LEAD_NUMBER_MAX && meta->next_worker >= 1 &&
	       meta->next_worker < LEAD_NUMBER_MAX;
}

int lead_key(struct dtss_sched *s, struct task *t, struct dtss_task_spec **ret_spec)
{
	const char *key;
	int error;

	*ret_spec = NULL;
	error = spec_decode(task_spec(t), t->spec_len, &s->mem, ret_spec);
	if (error)
		return error;
	key = (*ret_spec)->key;
	DTSS_ASSERT(t->queue != NULL && t->queue->refs > 0);
	if (!key || dtss_task_state_terminal(t->state) || t->key)
		return 0;
	if (key_find(s, t->queue->name->text, key))
		return DTSS_E_CORRUPT; /* two tasks with one key */
	t->key = key_new(s, t->queue, key);
	if (!t->key)
		return DTSS_E_NOMEM;
	t->key->task = t;
	t->key->id = t->ready.id;
	t->key->spec_hash = submit_spec_hash(task_spec(t), t->spec_len);
	map_insert(&s->keys, t->key->hash, t->key);
	DTSS_ASSERT(t->key->task == t);
	return 0;
}

/* A parent that is not loaded has succeeded: it would not have left before this child knew otherwise. */
static int lead_deps(struct dtss_sched *s, struct task *t, const struct dtss_task_spec *spec)
{
	uint32_t linked = 0;
	size_t i, deps = 0;

	DTSS_ASSERT(s->epoch == 0 || t->deps == NULL);
	DTSS_ASSERT(t->waiting == 0 || t->deps != NULL);
	for (i = 0; i < spec->after_count; i++)
		if (spec->after[i].task.v >= t->ready.id)
			return DTSS_E_CORRUPT; /* S15: they were there before it */
	if (t->state == DTSS_TASK_BLOCKED && t->attempt_count)
		return DTSS_E_CORRUPT;
	if ((t->state != DTSS_TASK_BLOCKED && t->state != DTSS_TASK_HELD) || t->attempt_count || t->deps)
		return 0;
	for (i = 0; i < spec->after_count; i++)
		deps += task_any(s, spec->after[i].task.v) != NULL;
	if (!deps)
		return t->state == DTSS_TASK_BLOCKED ? DTSS_E_CORRUPT : 0;
	t->deps = sched_alloc(s, deps * sizeof *t->deps);
	if (!t->deps)
		return DTSS_E_NOMEM;
	memset(t->deps, 0, deps * sizeof *t->deps);
	t->dep_count = (uint16_t)deps;
	for (i = 0; i < spec->after_count; i++) {
		struct task *parent = task_any(s, spec->after[i].task.v);

		if (parent)
			depend_link(t, &t->deps[linked++], parent);
	}
	DTSS_ASSERT(linked == t->dep_count && t->waiting == linked);
	return 0;
}

int lead_whole(const struct dtss_sched *s, const struct task *t)
{
	return t->ready.id < s->meta.next_task && (t->loaded & LOADED_TASK) && (t->loaded & LOADED_SPEC) &&
	       t->attempt_count == t->expected && t->state != DTSS_TASK_NEW;
}

/* Does its last attempt fit what it does? */
static int lead_fits(const struct task *t)
{
	const struct attempt *a = task_live(t);

	if (task_waits(t->state))
		return !a;
	if (dtss_task_state_terminal(t->state))
		return !a || a->state == DTSS_ATTEMPT_STOPPING;
	return a && a->state == (t->state == DTSS_TASK_RUNNING ? DTSS_ATTEMPT_RUNNING : DTSS_ATTEMPT_LEASED);
}

/* Each attempt that has ended counts at most once; and what waits may still be tried. */
static int lead_tried(const struct task *t)
{
	return t->failed_count + t->lost_count + t->free_count + (uint32_t)(task_live(t) != NULL) <= t->attempt_count &&
	       (!task_waits(t->state) || t->attempt_count < DTSS_ATTEMPTS_MAX) &&
	       t->failed_count <= t->policy->retry.attempts_max && t->lost_count <= t->policy->retry.lost_max;
}

int lead_sound(const struct dtss_sched *s, const struct task *t)
{
	uint64_t fence = 0;
	uint32_t i;

	for (i = 0; i < t->attempt_count; i++) {
		if (!t->tries->at[i].worker_name || t->tries->at[i].fence <= fence ||
		    t->tries->at[i].fence > s->meta.fence ||
		    (i + 1 < t->attempt_count && t->tries->at[i].state != DTSS_ATTEMPT_ENDED))
			return 0;
		fence = t->tries->at[i].fence;
	}
	return lead_fits(t) && lead_tried(t);
}

int lead_link(struct dtss_sched *s, struct task *t, struct worker *w)
{
	const struct attempt *a = task_live(t);
	uint32_t i;

	DTSS_ASSERT(a != NULL && a->worker == NULL);
	DTSS_ASSERT(s->epoch == 0);
	if (w->number != a->worker_number || w->incarnation < a->incarnation)
		return DTSS_E_CORRUPT;
	for (i = 0; i < w->shape.resource_count; i++)
		if (w->shape.taken[i] > DTSS_RESOURCE_AMOUNT_MAX)
			return DTSS_E_CORRUPT; /* nobody ever had that much, and sums do not wrap */
	attempt_link(s, t, w);
	return 0;
}

/* Its live attempt comes to its worker. */
static int lead_attach(struct dtss_sched *s, struct task *t)
{
	const struct attempt *a = task_live(t);
	struct worker *w;

	if (!a)
		return 0;
	w = worker_find(s, a->worker_name->text);
	return w ? lead_link(s, t, w) : DTSS_E_CORRUPT;
}

/* What has a key, parents or a deadline; and what says that it waits for a parent. */
static int lead_more(struct dtss_sched *s, struct task *t, struct dtss_time now)
{
	struct dtss_task_spec *spec;
	int error = lead_key(s, t, &spec);

	if (!error)
		error = lead_deps(s, t, spec);
	if (spec && spec->start_deadline_ms)
		t->deadline_ns =
			now.mono_ns + lead_left(t->created_ns, spec->start_deadline_ms * NS_PER_MS, now.wall_ns);
	dtss_spec_free(spec, &s->mem);
	return error;
}

/* Is all there that it needs? Leases begin only when that is so of every task: a lead that is tried again must not begin
 * them earlier. */
static int lead_join(struct dtss_sched *s, struct task *t, struct dtss_time now)
{
	int error = 0;

	if (!lead_whole(s, t))
		return DTSS_E_CORRUPT;
	if ((t->loaded & LOADED_MORE) || t->state == DTSS_TASK_BLOCKED)
		error = lead_more(s, t, now);
	if (!error && !lead_sound(s, t))
		error = DTSS_E_CORRUPT;
	return error ? error : lead_attach(s, t);
}

/* A lead that failed leaves nothing that points from one object to another: the standby goes on, and they may go. */
static void lead_part(struct dtss_sched *s, struct task *t)
{
	struct attempt *a = task_live(t);

	DTSS_ASSERT(s->epoch == 0);
	DTSS_ASSERT(t->key == NULL || t->key->task == t);
	if (a && a->worker) {
		attempt_unlink(s, t, a->worker);
		a->worker = NULL;
	}
	if (t->key) {
		map_remove(&s->keys, t->key->hash, t->key);
		key_free(s, t->key);
		t->key = NULL;
	}
	sched_free(s, t->deps, t->dep_count * sizeof *t->deps);
	t->deps = NULL;
	t->children = NULL;
	t->dep_count = t->waiting = 0;
}

static void lead_attempt(struct task *t, struct dtss_time now)
{
	struct attempt *a = task_live(t);
	struct worker *w;

	DTSS_ASSERT(t->need != NULL && t->policy != NULL);
	DTSS_ASSERT(a == NULL || a->fence > 0);
	if (!a)
		return;
	w = a->worker;
	a->sent = 1;
	t->tries->renewed_ns = now.mono_ns;
	t->tries->phase_ns = now.mono_ns;
	if (w->most_tasks < w->leased)
		w->most_tasks = w->leased; /* it shrank before */
	DTSS_ASSERT(t->tries->link_live != NULL && *t->tries->link_live == t);
}

static void lead_start_task(struct dtss_sched *s, struct task *t, struct dtss_time now)
{
	struct tries *r = t->tries;

	DTSS_ASSERT(t->queue != NULL && t->need != NULL);
	DTSS_ASSERT(t->state != DTSS_TASK_NEW);
	if (r)
		r->due_ns = r->due_wait_ns ? now.mono_ns + lead_left(r->due_since_ns, r->due_wait_ns, now.wall_ns) : 0;
	s->task_count++;
	if (!dtss_task_state_terminal(t->state))
		s->stats.live[t->state]++;
	if (task_waits(t->state))
		t->queue->waiting++;
	if (t->state == DTSS_TASK_READY)
		dispatch_queue(s, t);
	task_arm(s, now, t);
	DTSS_ASSERT((t->ready.queued != 0) == (t->state == DTSS_TASK_READY));
}

static void lead_start_workers(struct dtss_sched *s, struct dtss_time now)
{
	struct worker *w;

	DTSS_ASSERT(s->epoch > 0);
	DTSS_ASSERT(s->worker_count == s->workers.count);
	for (w = s->first_worker; w; w = w->next) {
		w->last_seen_ns = now.mono_ns;
		worker_refresh(s, w);
		worker_arm(s, w);
	}
}

/* By (finish time, id): the order in which they will be forgotten. */
static int key_before(const struct key *a, const struct key *b)
{
	return a->finished_ns != b->finished_ns ? a->finished_ns < b->finished_ns : a->id < b->id;
}

static struct key *key_merge(struct key *a, struct key *b)
{
	struct key *head = NULL, **tail = &head;

	while (a && b) {
		struct key **from = key_before(b, a) ? &b : &a;

		*tail = *from;
		*from = (*from)->next;
		tail = &(*tail)->next;
	}
	*tail = a ? a : b;
	return head;
}

/* Merge sort of a list, bottom up: run[i] is empty or sorted and 2^i long. */
static void lead_start_keys(struct dtss_sched *s, struct dtss_time now)
{
	struct key *run[64] = { NULL }, *k = s->key_head, *next, *sorted = NULL;
	size_t i;

	DTSS_ASSERT(s->epoch > 0);
	DTSS_ASSERT((s->key_head == NULL) == (s->key_count == 0));
	for (; k; k = next) {
		next = k->next;
		k->next = NULL;
		for (i = 0; run[i]; i++) {
			k = key_merge(run[i], k);
			run[i] = NULL;
		}
		run[i] = k;
	}
	for (i = 0; i < 64; i++)
		sorted = key_merge(run[i], sorted);
	s->key_head = s->key_tail = NULL;
	s->key_count = 0;
	for (k = sorted; k; k = next) {
		next = k->next;
		k->expires_ns = now.mono_ns + lead_left(k->finished_ns, s->cfg.key_ttl_ms * NS_PER_MS, now.wall_ns);
		key_append(s, k);
	}
	key_arm(s);
	DTSS_ASSERT((s->key_head == NULL) == (s->key_tail == NULL));
}

int dtss_sched_lead(struct dtss_sched *s, struct dtss_time now, uint64_t epoch)
{
	struct dtss_event e = { 0 };
	struct task *t;
	uint64_t at;
	int error = 0, ended = 0;

	DTSS_ASSERT(s->epoch > 0 || s->meta.seq == s->closed_seq);
	DTSS_ASSERT(s->worker_count == s->workers.count);
	if (s->epoch || s->restoring)
		return DTSS_E_STATE;
	if (!epoch)
		return DTSS_E_EPOCH;
	if (!lead_counted(&s->meta))
		return DTSS_E_CORRUPT;
	if (batch_reserve(s, 1, BATCH_BYTES) != 0)
		return DTSS_E_NOMEM;
	for (at = 0; !error && (t = ids_walk(&s->tasks, &at)) != NULL;)
		error = lead_join(s, t, now);
	for (at = 0; error && (t = ids_walk(&s->tasks, &at)) != NULL;)
		lead_part(s, t);
	if (error)
		return error;
	wheel_init(&s->wheel, now.mono_ns);
	s->key_timer.owner = TIMER_KEY;
	s->wall_offset = (uint64_t)now.wall_ns - now.mono_ns;
	s->epoch = epoch;
	for (at = 0; (t = ids_walk(&s->tasks, &at)) != NULL;) {
		lead_attempt(t, now);
		lead_start_task(s, t, now);
		ended += dtss_task_state_terminal(t->state);
	}
	for (at = 0; ended && (t = ids_walk(&s->tasks, &at)) != NULL;)
		if (dtss_task_state_terminal(t->state) && (t->children || !task_live(t)))
			depend_enqueue(s, t);
	lead_start_workers(s, now);
	lead_start_keys(s, now);
	s->answer_seq = DTSS_NEVER;
	e.type = DTSS_EVENT_LEAD;
	batch_event(s, now, &e);
	s->due_at_once = 1;
	DTSS_ASSERT(s->epoch == epoch && s->open.event_count == 1);
	return 0;
}
