/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <string.h>

/* What the store has, and what the clients know. */
struct story {
	struct chaos *c;
	json_t *by_key; /* borrowed tasks */
	json_t *by_id;
	unsigned n; /* the plan */
	const struct plan *plan;
	const json_t *task; /* NULL: it is not there */
};

static void blame(struct story *s, const char *what)
{
	violation(s->c, "%s: %s", s->plan->key, what);
	if (s->task)
		judge_print(s->c, (uint64_t)number_of(s->task, "id"));
	else
		history_print(s->c, s->n);
}

static int is(const json_t *object, const char *member, const char *text)
{
	return strcmp(text_of(object, member), text) == 0;
}

/* ---- was it there, and the same ---- */

static void story_spec(struct story *s)
{
	json_t *wanted = json_loads(s->plan->text, 0, NULL), *after = json_object_get(wanted, "after");

	if (!json_equal(json_object_get(wanted, "argv"), json_object_get(s->task, "argv")) ||
	    !is(s->task, "queue", text_of(wanted, "queue")) ||
	    (json_array_size(after) > 0 && !json_equal(after, json_object_get(s->task, "after"))))
		blame(s, "S1: it is not what was submitted");
	json_decref(wanted);
}

/* S1, S2, S3: with an answer it is there; without one it is there once or not at all; never sent, it is not. */
static void story_submits(struct story *s, const struct op *ops, size_t count)
{
	int ok = 0, unknown = 0;

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &ops[i];

		if (op->plan != s->n || (op->kind != OP_SUBMIT && op->kind != OP_AGAIN))
			continue;
		ok += op->outcome == OK;
		unknown += op->outcome == UNKNOWN || op->outcome == INVOKED;
		if (op->outcome == FAIL && op->status > 0)
			blame(s, "a submit was refused");
		if (op->outcome == OK && s->task && op->id != (uint64_t)number_of(s->task, "id"))
			blame(s, "S2: one key has two tasks");
	}
	if (ok > 0 && !s->task)
		blame(s, "S1: an acknowledged task is lost");
	if (ok == 0 && unknown == 0 && s->task)
		blame(s, "S3: it is there, and nobody submitted it");
	if (s->task)
		story_spec(s);
}

/* ---- what was done to it ---- */

static int granted_between(const json_t *task, int64_t begin_ms, int64_t end_ms)
{
	json_t *attempt;
	size_t i;

	json_array_foreach (json_object_get(task, "attempts"), i, attempt) {
		int64_t at_ms = time_of(attempt, "granted_at");

		if (at_ms > begin_ms && at_ms < end_ms)
			return 1;
	}
	return 0;
}

static void story_op(struct story *s, const struct op *op)
{
	if (op->status == 404)
		blame(s, "S1: a task that was acknowledged was not found");
	if (op->kind == OP_CLASH && op->outcome == OK)
		blame(s, "S2: another task was taken for its key");
	if (op->outcome != OK || op->kind == OP_RETRY)
		return;
	if (state_final(op->state) &&
	    (!is(s->task, "state", op->state) || time_of(s->task, "finished_at") != op->finished_ms))
		blame(s, "S10: it had ended otherwise");
	if (op->kind == OP_HOLD && strcmp(op->state, "held") != 0)
		blame(s, "it is not held after a hold");
	if (op->kind != OP_CANCEL)
		return;
	if (!is(s->task, "state", "cancelled"))
		blame(s, "S22: it was cancelled, and ended otherwise");
	if (granted_between(s->task, op->end_ms, INT64_MAX))
		blame(s, "S22: an attempt was granted after the cancel");
}

/* From the answer to a hold to the next call that may have released it. */
static void story_holds(struct story *s, const struct op *ops, size_t count)
{
	int64_t held_ms = -1;

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &ops[i];

		if (op->plan != s->n)
			continue;
		if (op->kind == OP_RELEASE && held_ms >= 0) {
			if (granted_between(s->task, held_ms, op->begin_ms))
				blame(s, "an attempt was granted while it was held");
			held_ms = -1;
		}
		if (op->outcome == OK && held_ms < 0 && strcmp(op->state, "held") == 0 && op->kind != OP_RELEASE)
			held_ms = op->end_ms;
	}
	if (held_ms >= 0 && granted_between(s->task, held_ms, s->c->joined_ms))
		blame(s, "an attempt was granted while it was held");
}

/* S14, S15 */
static void story_parents(struct story *s)
{
	for (unsigned i = 0; i < s->plan->after_count; i++) {
		const json_t *parent = json_object_get(s->by_key, s->c->plans[s->plan->after[i]]->key);
		int succeeded = parent && is(parent, "state", "succeeded");

		if (granted_between(s->task, 0, succeeded ? time_of(parent, "finished_at") : INT64_MAX))
			blame(s, "S14: it was granted before what it waits for had succeeded");
		if (!succeeded && !is(s->task, "state", "skipped") && !is(s->task, "state", "cancelled"))
			blame(s, "S15: what it waits for has not succeeded, and it was not skipped");
	}
	if (s->plan->after_count == 0 && is(s->task, "state", "skipped"))
		blame(s, "S15: it was skipped, and waits for nothing");
}

/* A retry makes one task each time that it is answered, and at most one when it is not. */
static void story_retries(struct story *s, const struct op *ops, size_t count)
{
	unsigned ok = 0, unknown = 0, found = 0;
	json_t *task;
	size_t i;

	for (i = 0; i < count; i++) {
		if (ops[i].plan != s->n || ops[i].kind != OP_RETRY)
			continue;
		ok += ops[i].outcome == OK;
		unknown += ops[i].outcome == UNKNOWN;
	}
	if (ok + unknown == 0)
		return;
	json_array_foreach (s->c->tasks, i, task)
		found += number_of(task, "retry_of") == number_of(s->task, "id");
	if (found < ok || found > ok + unknown)
		blame(s, "S3: there are not as many retries of it as were asked for");
}

static void story_plan(struct story *s)
{
	const struct op *ops = s->c->ops + s->plan->first;
	size_t count = s->plan->last - s->plan->first;

	story_submits(s, ops, count);
	if (!s->task)
		return;
	for (size_t i = 0; i < count; i++)
		if (ops[i].plan == s->n)
			story_op(s, &ops[i]);
	story_holds(s, ops, count);
	story_parents(s);
	story_retries(s, ops, count);
}

static void story_index(struct story *s)
{
	json_t *task;
	char id[32];
	size_t i;

	json_array_foreach (s->c->tasks, i, task) {
		const char *key = text_of(task, "key");

		snprintf(id, sizeof id, "%lld", (long long)number_of(task, "id"));
		json_object_set(s->by_id, id, task);
		if (key[0] && json_object_get(s->by_key, key)) {
			violation(s->c, "S2: two tasks have the key %s", key);
			judge_print(s->c, (uint64_t)number_of(task, "id"));
		}
		if (key[0])
			json_object_set(s->by_key, key, task);
	}
}

/* S3: it has a submit, or is the retry of one that has. */
static void story_strangers(struct story *s, json_t *known)
{
	json_t *task;
	char id[32];
	size_t i;

	json_array_foreach (s->c->tasks, i, task) {
		snprintf(id, sizeof id, "%lld", (long long)number_of(task, "retry_of"));
		if (is(task, "name", "load") || json_object_get(known, text_of(task, "key")) ||
		    (!text_of(task, "key")[0] && json_object_get(s->by_id, id)))
			continue;
		violation(s->c, "S3: nobody asked for task %lld", (long long)number_of(task, "id"));
		judge_print(s->c, (uint64_t)number_of(task, "id"));
	}
}

void judge_history(struct chaos *c)
{
	struct story s = { .c = c, .by_key = json_object(), .by_id = json_object() };
	json_t *known = json_object();

	story_index(&s);
	for (s.n = 0; s.n < c->plan_count; s.n++) {
		s.plan = c->plans[s.n];
		s.task = json_object_get(s.by_key, s.plan->key);
		json_object_set_new(known, s.plan->key, json_true());
		story_plan(&s);
	}
	story_strangers(&s, known);
	json_decref(known);
	json_decref(s.by_key);
	json_decref(s.by_id);
}
