/* SPDX-License-Identifier: MIT */
#include "codec/spec.h"
#include "core/engine.h"

/*
 * A submit in two steps, so that many are all or nothing: prepare checks and allocates each (its key is in the table
 * already, so that a repetition within the same call finds it), admit changes the engine and cannot fail.
 */
/* The specification's bytes stand in s->scratch afterwards. */
static int prepare_encode(struct dtss_sched *s, const struct dtss_task_spec *spec, size_t *ret_len)
{
	size_t len = spec_encode(spec, s->scratch, s->scratch_cap);

	if (len > DTSS_SPEC_BYTES_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "", "at most 262144 bytes in all", 0);
	*ret_len = len;
	if (len <= s->scratch_cap)
		return 0;
	if (sched_grow(s, (void **)&s->scratch, &s->scratch_cap, len, 1) != 0)
		return DTSS_E_NOMEM;
	spec_encode(spec, s->scratch, s->scratch_cap);
	return 0;
}

uint64_t submit_spec_hash(const void *spec, size_t len)
{
	return hash_bytes(0x64747373u, 0x73706563u, spec, len);
}

/* 1: key and specification are known. */
static int prepare_key_known(struct dtss_sched *s, const struct dtss_task_spec *spec, size_t len, uint64_t *ret_known)
{
	const struct key *k = spec->key ? key_find(s, spec->queue, spec->key) : NULL;

	if (!k)
		return 0;
	*ret_known = k->id;
	if (k->spec_hash == submit_spec_hash(s->scratch, len))
		return 1; /* S2 */
	return sched_problem(s, DTSS_E_CONFLICT, "key", "a key that is not used for another specification", 0);
}

static int prepare_full(struct dtss_sched *s, const struct queue *q, uint64_t pending)
{
	DTSS_ASSERT(pending <= DTSS_SUBMIT_MANY_MAX);
	/* more at once than there is ever room for: waiting does not help */
	if (pending >= s->cfg.tasks_max)
		return sched_problem(s, DTSS_E_TOO_BIG, "tasks", "fewer tasks at once than may be unfinished", 0);
	if (q && q->prepared >= s->cfg.queue_tasks_max)
		return sched_problem(s, DTSS_E_TOO_BIG, "queue", "fewer tasks at once than may wait in the queue", 0);
	if (s->task_count + pending >= s->cfg.tasks_max)
		return sched_problem(s, DTSS_E_FULL, "tasks", "fewer unfinished tasks", 0);
	if (q && q->waiting + q->prepared >= s->cfg.queue_tasks_max)
		return sched_problem(s, DTSS_E_FULL, "queue", "fewer waiting tasks in the queue", 0);
	if (!q && s->queues.count >= s->cfg.queues_max)
		return sched_problem(s, DTSS_E_FULL, "queue", "fewer queues in use", 0);
	return s->meta.next_task + pending <= DTSS_TASK_ID_MAX ?
		       0 :
		       sched_problem(s, DTSS_E_FULL, "id", "an id that was not yet used", 0);
}

/* What became of the parent: its state, or DTSS_TASK_NEW when nobody knows it. */
static uint32_t after_state(const struct dtss_sched *s, const struct dtss_after *after)
{
	const struct task *parent = task_any(s, after->task.v);

	return parent ? parent->state : after->outcome;
}

static int after_known(const struct dtss_sched *s, const struct dtss_after *after)
{
	/* nothing can be known about an id that was not yet given out, whatever the caller says */
	return after->task.v < s->meta.next_task && after_state(s, after) != DTSS_TASK_NEW;
}

static int prepare_after(struct dtss_sched *s, const struct dtss_task_spec *spec, struct task *t)
{
	size_t i, deps = 0;

	DTSS_ASSERT(t->deps == NULL && t->dep_count == 0);
	DTSS_ASSERT(spec->after_count == 0 || spec->after != NULL);
	for (i = 0; i < spec->after_count; i++) {
		if (!after_known(s, &spec->after[i]))
			return sched_problem(s, DTSS_E_NOT_FOUND, "after", "ids of tasks that exist", i);
		deps += !dtss_task_state_terminal(after_state(s, &spec->after[i]));
	}
	if (!deps)
		return 0;
	t->deps = sched_alloc(s, deps * sizeof *t->deps);
	if (!t->deps)
		return DTSS_E_NOMEM;
	memset(t->deps, 0, deps * sizeof *t->deps);
	t->dep_count = (uint16_t)deps;
	DTSS_ASSERT(t->waiting == 0);
	return 0;
}

static int prepare_key(struct dtss_sched *s, const struct dtss_task_spec *spec, struct task *t)
{
	DTSS_ASSERT(t->key == NULL && t->record != NULL);
	DTSS_ASSERT(spec->key == NULL || t->queue != NULL);
	if (!spec->key)
		return 0;
	t->key = key_new(s, t->queue, spec->key);
	if (!t->key)
		return DTSS_E_NOMEM;
	t->key->task = t;
	t->key->id = t->ready.id;
	t->key->spec_hash = submit_spec_hash(task_spec(t), t->spec_len);
	map_insert(&s->keys, t->key->hash, t->key);
	DTSS_ASSERT(t->key->id == t->ready.id);
	return 0;
}

/* q: its queue, if there is one. */
static int prepare_parts(struct dtss_sched *s, const struct dtss_task_spec *spec, struct queue *q, struct task *t)
{
	DTSS_ASSERT(t->queue == NULL && t->need == NULL);
	DTSS_ASSERT(t->record != NULL);
	t->queue = q ? queue_share(q) : queue_get(s, spec->queue);
	if (!t->queue)
		return DTSS_E_NOMEM;
	t->queue->prepared++;
	t->policy = policy_get(s, &spec->retry);
	t->need = t->policy ? need_get(s, spec) : NULL;
	if (!t->need)
		return DTSS_E_NOMEM;
	if (s->needs.count > s->cfg.requirements_max)
		return sched_problem(s, DTSS_E_FULL, "tags", "fewer different requirements in use", 0);
	if (ids_reserve(&s->tasks, &s->mem, t->ready.id, t->ready.id) != 0)
		return DTSS_E_NOMEM;
	return prepare_key(s, spec, t);
}

static void task_unprepare(struct dtss_sched *s, struct task *t)
{
	DTSS_ASSERT(t->state == DTSS_TASK_NEW);
	DTSS_ASSERT(t->queue == NULL || t->queue->prepared > 0);
	if (t->key) {
		map_remove(&s->keys, t->key->hash, t->key);
		t->key->task = NULL;
		key_free(s, t->key);
		t->key = NULL;
	}
	if (t->queue)
		t->queue->prepared--;
	task_free(s, t);
}

/* The task and, behind it in the same block, its SPEC record. */
static struct task *prepare_task(struct dtss_sched *s, const struct dtss_task_spec *spec, size_t spec_len, uint64_t id)
{
	struct dtss_record_body body;
	struct task *t;
	size_t len;

	DTSS_ASSERT(spec_len > 0 && spec_len <= DTSS_SPEC_BYTES_MAX);
	memset(&body, 0, sizeof body);
	body.kind = DTSS_RECORD_SPEC;
	body.u.spec.id = id;
	body.u.spec.data = s->scratch;
	body.u.spec.len = spec_len;
	len = dtss_record_encode(&body, NULL, 0);
	t = sched_alloc(s, sizeof *t + len);
	if (!t)
		return NULL;
	memset(t, 0, sizeof *t);
	t->record = (uint8_t *)(t + 1);
	t->record_len = (uint32_t)dtss_record_encode(&body, t->record, len);
	t->spec_len = (uint32_t)spec_len;
	t->ready.id = id;
	t->ready.priority = spec->priority;
	t->timer.owner = TIMER_TASK;
	t->u.timeout_ms = spec->timeout_ms;
	t->not_before_ns = spec->not_before_ns;
	t->deadline_ns = DTSS_NEVER;
	DTSS_ASSERT(t->record_len == len && len > spec_len);
	return t;
}

/* 0 and a task that is in no table yet but that of keys, or 1 and the id of the one that has key and specification. */
static int task_prepare(struct dtss_sched *s, const struct dtss_task_spec *spec, uint64_t id, struct task **ret_task,
			uint64_t *ret_known)
{
	struct queue *q;
	struct task *t;
	size_t len = 0;
	int error;

	error = spec_check_fields(spec, &s->problem);
	if (!error)
		error = prepare_encode(s, spec, &len);
	if (!error)
		error = prepare_key_known(s, spec, len, ret_known);
	if (error)
		return error;
	q = queue_find(s, spec->queue);
	error = prepare_full(s, q, id - s->meta.next_task);
	if (error)
		return error;
	t = prepare_task(s, spec, len, id);
	if (!t)
		return DTSS_E_NOMEM;
	error = prepare_after(s, spec, t);
	if (!error)
		error = prepare_parts(s, spec, q, t);
	if (error) {
		task_unprepare(s, t);
		return error;
	}
	*ret_task = t;
	return 0;
}

/* Links it to the parents that have not ended; 1 when one has ended without success. */
static int admit_after(struct dtss_sched *s, const struct dtss_task_spec *spec, struct task *t)
{
	uint32_t linked = 0;
	int doomed = 0;
	size_t i;

	DTSS_ASSERT(t->waiting == 0);
	for (i = 0; i < spec->after_count; i++) {
		uint32_t state = after_state(s, &spec->after[i]);

		if (!dtss_task_state_terminal(state))
			depend_link(t, &t->deps[linked++], task_any(s, spec->after[i].task.v));
		else if (state != DTSS_TASK_SUCCEEDED)
			doomed = 1;
	}
	DTSS_ASSERT(linked == t->dep_count);
	return doomed;
}

static void task_admit(struct dtss_sched *s, struct dtss_time now, struct task *t, const struct dtss_task_spec *spec)
{
	int doomed;

	DTSS_ASSERT(t->queue->prepared > 0 && t->state == DTSS_TASK_NEW);
	DTSS_ASSERT(t->ready.id >= s->meta.next_task);
	t->queue->prepared--;
	s->meta.next_task = t->ready.id + 1;
	s->meta.totals[0]++;
	s->task_count++;
	ids_set(&s->tasks, t->ready.id, t);
	t->created_ns = now.wall_ns;
	if (spec->start_deadline_ms)
		t->deadline_ns = now.mono_ns + spec->start_deadline_ms * NS_PER_MS;
	doomed = admit_after(s, spec, t);
	batch_mark_task(s, t, MARK_TASK | MARK_SPEC);
	if (doomed) {
		task_move(s, now, t, DTSS_TASK_BLOCKED, DTSS_CAUSE_NONE);
		task_move(s, now, t, DTSS_TASK_SKIPPED, DTSS_CAUSE_DEPENDENCY); /* S15 */
	} else if (spec->flags & DTSS_SPEC_HELD) {
		task_move(s, now, t, DTSS_TASK_HELD, DTSS_CAUSE_NONE);
	} else if (t->waiting) {
		task_move(s, now, t, DTSS_TASK_BLOCKED, DTSS_CAUSE_NONE);
	} else {
		task_ready_or_delayed(s, now, t, DTSS_CAUSE_NONE);
	}
	DTSS_ASSERT(t->state != DTSS_TASK_NEW);
}

/* Room in the batch for those prepared: an admission that is doomed makes two transitions. */
static int submit_reserve(struct dtss_sched *s, struct task *const *tasks, size_t count)
{
	size_t bytes = 0, i;

	for (i = 0; i < count; i++)
		bytes += tasks[i]->record_len + BATCH_TASK_BYTES + (tasks[i]->key ? BATCH_KEY_BYTES : 0);
	return batch_reserve(s, 2 * count, bytes);
}

int submit_many(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *specs, size_t count,
		struct task **tasks, dtss_task_id *ret_ids, uint8_t *ret_known)
{
	size_t i, made = 0, at = 0;
	uint64_t known = 0;
	int error = 0;

	DTSS_ASSERT(count > 0);
	DTSS_ASSERT(s->task_count <= s->cfg.tasks_max);
	for (i = 0; i < count && error >= 0; i++) {
		error = task_prepare(s, &specs[i], s->meta.next_task + made, &tasks[made], &known);
		if (error == 0) {
			known = tasks[made]->ready.id;
			made++;
		} else if (error < 0) {
			if (count > 1 && error != DTSS_E_NOMEM)
				s->problem.index = i;
			if (error == DTSS_E_CONFLICT)
				ret_ids[i].v = known < s->meta.next_task ? known : 0; /* else it will never be */
			break;
		}
		ret_ids[i].v = known;
		ret_known[i] = (uint8_t)error;
	}
	if (error >= 0)
		error = submit_reserve(s, tasks, made);
	for (i = 0; at < made && error >= 0; i++)
		if (!ret_known[i])
			task_admit(s, now, tasks[at++], &specs[i]);
	while (error < 0 && made)
		task_unprepare(s, tasks[--made]);
	if (error < 0)
		ids_trim(&s->tasks, &s->mem);
	return error;
}

/* Resolved, and of the size that this library knows. */
static int submit_import(struct dtss_sched *s, const struct dtss_task_spec *specs, size_t index,
			 struct dtss_task_spec *ret)
{
	if (spec_resolve(ret, (const void *)((const char *)specs + index * specs->size)) != 0)
		return sched_problem(s, DTSS_E_INVALID, "size", "a version that this library knows", index);
	return 0;
}

int dtss_sched_submit(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *spec,
		      dtss_task_id *ret_id)
{
	struct dtss_task_spec in;
	struct task *t;
	dtss_task_id id;
	uint8_t known;
	int error;

	DTSS_ASSERT(s->open.event_count <= s->open.event_cap);
	DTSS_ASSERT(s->task_count <= s->meta.next_task);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	error = submit_import(s, spec, 0, &in);
	if (error)
		return error;
	error = submit_many(s, now, &in, 1, &t, &id, &known);
	if (error == 0 || error == DTSS_E_CONFLICT)
		*ret_id = id;
	return error ? error : known;
}

int dtss_sched_submit_many(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *specs, size_t count,
			   dtss_task_id *ret_ids, uint8_t *ret_known)
{
	size_t each = sizeof(struct dtss_task_spec) + sizeof(struct task *) + sizeof(dtss_task_id) + 1;
	struct dtss_task_spec *in;
	struct task **tasks;
	dtss_task_id *ids;
	uint8_t *known;
	size_t i;
	int error = 0;

	DTSS_ASSERT(s->open.event_count <= s->open.event_cap);
	DTSS_ASSERT(s->task_count <= s->meta.next_task);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (!count || count > DTSS_SUBMIT_MANY_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "", "1 to 10000 tasks", count);
	in = sched_alloc(s, count * each);
	if (!in)
		return DTSS_E_NOMEM;
	tasks = (struct task **)(void *)(in + count);
	ids = (dtss_task_id *)(void *)(tasks + count);
	known = (uint8_t *)(ids + count);
	for (i = 0; i < count && !error; i++)
		error = submit_import(s, specs, i, &in[i]);
	if (!error)
		error = submit_many(s, now, in, count, tasks, ids, known);
	if (!error) {
		memcpy(ret_ids, ids, count * sizeof *ids);
		if (ret_known)
			memcpy(ret_known, known, count);
	} else if (error == DTSS_E_CONFLICT) {
		ret_ids[s->problem.index] = ids[s->problem.index];
	}
	sched_free(s, in, count * each);
	return error;
}
