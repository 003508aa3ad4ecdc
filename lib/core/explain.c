/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Why does it not run? One sentence, built without stdio. */
struct sentence {
	char *at;
	size_t left;
};

static void say(struct sentence *out, const char *text)
{
	size_t len = strlen(text);

	DTSS_ASSERT(text != NULL);
	DTSS_ASSERT(out->at != NULL);
	len = len < out->left ? len : out->left;
	memcpy(out->at, text, len);
	out->at += len;
	out->left -= len;
	*out->at = '\0';
	DTSS_ASSERT(*out->at == 0);
}

static void say_number(struct sentence *out, uint64_t n)
{
	char digits[21], *p = digits + sizeof digits - 1;

	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	say(out, p);
}

static void say_quoted(struct sentence *out, const char *before, const char *name, const char *after)
{
	say(out, before);
	say(out, "\"");
	say(out, name);
	say(out, "\"");
	say(out, after);
}

/* Damerau-Levenshtein (optimal string alignment), bounded by DTSS_TAG_LEN_MAX; three rows. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][DTSS_TAG_LEN_MAX + 1], la = strlen(a), lb = strlen(b), i, j;

	if (la > DTSS_TAG_LEN_MAX || lb > DTSS_TAG_LEN_MAX)
		return DTSS_TAG_LEN_MAX;
	for (j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t d = up[j - 1] + (a[i - 1] != b[j - 1]);

			d = up[j] + 1 < d ? up[j] + 1 : d;
			d = row[j - 1] + 1 < d ? row[j - 1] + 1 : d;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && up2[j - 2] + 1 < d)
				d = up2[j - 2] + 1;
			row[j] = d;
		}
	}
	return rows[la % 3][lb];
}

static int worker_has_tag(const struct worker *w, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < w->shape.tag_count; i++)
		if (w->shape.tag_numbers[i] == number)
			return 1;
	return 0;
}

static int anybody_has_tag(const struct dtss_sched *s, uint32_t number)
{
	const struct worker *w;

	for (w = s->first_worker; w; w = w->next)
		if (w->kind == DTSS_WORKER_AGENT && worker_has_tag(w, number))
			return 1;
	return 0;
}

/* The most alike tag that a worker has, if it is alike enough to be a slip of the finger; of equals the first by bytes.
 * Each tag is compared once, however many workers have it, and the workers are asked only about those that improve. */
static const char *nearest_tag(const struct dtss_sched *s, const char *tag)
{
	size_t best = strlen(tag) / 3 + 2, i;
	const char *near = NULL;

	for (i = 0; i < s->tags.count; i++) {
		const struct intern *have = s->tags.at[i];
		size_t d;

		if (!have)
			continue;
		d = edit_distance(tag, have->text);
		if (d > best || (d == best && (!near || strcmp(have->text, near) >= 0)))
			continue;
		if (!anybody_has_tag(s, have->number))
			continue;
		best = d;
		near = have->text;
	}
	return near;
}

/* 1: no worker has one of the tags; of several the first by bytes, whoever named them first. */
static int explain_tag(const struct dtss_sched *s, const struct need *n, struct dtss_explanation *e,
		       struct sentence *out)
{
	uint32_t i;

	DTSS_ASSERT(n->tag_names <= n->name_count);
	e->subject = NULL;
	for (i = 0; i < n->tag_names; i++)
		if (!anybody_has_tag(s, n->names[i]->number) &&
		    (!e->subject || strcmp(n->names[i]->text, e->subject) < 0))
			e->subject = n->names[i]->text;
	if (!e->subject)
		return 0;
	e->why = DTSS_WHY_NO_TAG;
	e->near = nearest_tag(s, e->subject);
	say_quoted(out, "no worker has tag ", e->subject, "");
	if (e->near)
		say_quoted(out, " (did you mean ", e->near, "?)");
	return 1;
}

/* The resource of which the worker has too little in all, of several the first by bytes; or NULL. */
static const char *short_resource(const struct worker *w, const struct need *n)
{
	const char *first = NULL;
	uint32_t i, j;

	DTSS_ASSERT(w->shape.resource_count <= w->shape.resource_cap);
	for (i = 0; i < n->pool.resource_count; i++) {
		uint64_t have = 0;

		for (j = 0; j < w->shape.resource_count; j++)
			if (w->shape.amounts[j].resource == n->pool.resources[i].resource)
				have = w->shape.amounts[j].amount;
		if (have >= n->pool.resources[i].amount)
			continue;
		for (j = n->tag_names; j < n->name_count; j++)
			if (n->names[j]->number == n->pool.resources[i].resource &&
			    (!first || strcmp(n->names[j]->text, first) < 0))
				first = n->names[j]->text;
	}
	return first;
}

static void explain_count(const struct dtss_sched *s, const struct need *n, struct dtss_explanation *e,
			  uint32_t *ret_big, uint32_t *ret_open)
{
	const struct worker *w;

	DTSS_ASSERT(n->tag_names <= n->name_count);
	*ret_big = *ret_open = 0;
	for (w = s->first_worker; w; w = w->next) {
		const char *resource;

		if (w->kind != DTSS_WORKER_AGENT || !pool_matches(&w->entry, &n->pool))
			continue;
		e->candidates++;
		resource = short_resource(w, n);
		if (resource) {
			e->subject = resource;
			continue;
		}
		++*ret_big;
		if (w->entry.for_task)
			++*ret_open;
	}
	DTSS_ASSERT(*ret_open <= *ret_big && *ret_big <= e->candidates);
}

static void explain_waits_for_worker(const struct dtss_sched *s, const struct need *n, struct dtss_explanation *e,
				     struct sentence *out)
{
	uint32_t big, open;

	DTSS_ASSERT(n->ready.count > 0);
	explain_count(s, n, e, &big, &open);
	if (!s->worker_count) {
		e->why = DTSS_WHY_NO_WORKERS;
		say(out, "no worker is registered");
	} else if (!e->candidates && explain_tag(s, n, e, out)) {
		return;
	} else if (!e->candidates) {
		e->why = DTSS_WHY_NO_TAG_SET;
		say(out, n->tag_names ? "no worker has all the tags at once" : "no agent is registered");
	} else if (!big) {
		e->why = DTSS_WHY_RESOURCE;
		say_quoted(out, "no worker has that much of ", e->subject, " in all");
	} else if (!open) {
		e->why = DTSS_WHY_NOT_ONLINE;
		e->subject = NULL;
		say(out, "the workers that would fit are offline, silent, stopping, drained or cordoned");
	} else if (n->parked || !pool_best((struct pool *)s->pool, (struct pool_need *)&n->pool)) {
		e->why = DTSS_WHY_BUSY;
		e->subject = NULL;
		say_number(out, open);
		say(out, open == 1 ? " worker would fit, and it is full" : " workers would fit, and all are full");
	} else {
		e->why = DTSS_WHY_DISPATCHING;
		e->subject = NULL;
		say(out, "it goes out with the next tick, or after tasks that come before it");
	}
}

static void explain_dependency(const struct task *t, struct dtss_explanation *e, struct sentence *out)
{
	uint32_t i;

	DTSS_ASSERT(t->waiting > 0 && t->waiting <= t->dep_count);
	e->why = DTSS_WHY_DEPENDENCY;
	e->count = t->waiting;
	for (i = 0; i < t->dep_count && !e->task.v; i++)
		if (t->deps[i].parent)
			e->task.v = t->deps[i].parent->ready.id;
	say(out, "waits for ");
	say_number(out, e->count);
	say(out, e->count == 1 ? " task: " : " tasks, the first is ");
	say_number(out, e->task.v);
}

static void explain_delayed(const struct task *t, struct dtss_time now, struct dtss_explanation *e,
			    struct sentence *out)
{
	uint64_t due_ns = task_tries(t)->due_ns;
	uint64_t left = due_ns > now.mono_ns ? due_ns - now.mono_ns : 0;
	uint64_t wall = (uint64_t)t->not_before_ns - (uint64_t)now.wall_ns;

	DTSS_ASSERT(t->state == DTSS_TASK_DELAYED);
	if (t->not_before_ns > now.wall_ns && wall > left)
		left = wall;
	e->why = DTSS_WHY_DELAYED;
	e->count = left / NS_PER_MS;
	say(out, t->attempt_count ? "backs off after an attempt, for " : "may not start before a time, for ");
	say_number(out, e->count);
	say(out, " ms more");
}

static void explain_attempt(const struct task *t, struct dtss_explanation *e, struct sentence *out)
{
	const struct attempt *a = task_live(t);

	DTSS_ASSERT(a != NULL && a->worker_name != NULL);
	e->why = t->state == DTSS_TASK_RUNNING ? DTSS_WHY_RUNNING : DTSS_WHY_LEASED;
	e->subject = a->worker_name->text;
	say_quoted(out, t->state == DTSS_TASK_RUNNING ? "runs on " : "was given to ", e->subject,
		   t->state == DTSS_TASK_RUNNING ? "" : ", which has not yet confirmed the start");
}

#define EXPLAIN_TEXT_MAX 1024

int dtss_sched_explain(struct dtss_sched *s, struct dtss_time now, dtss_task_id id,
		       struct dtss_explanation *ret_explanation)
{
	const struct task *t = task_any(s, id.v);
	struct dtss_explanation e;
	struct sentence out;
	char *text;

	if (!s->epoch)
		return DTSS_E_NOT_LEADER; /* it decides nothing, so it has no reasons */
	s->answer_seq = DTSS_NEVER;
	if (!t)
		return sched_problem(s, DTSS_E_NOT_FOUND, "id", "the id of a task", 0);
	text = sched_view_room(s, EXPLAIN_TEXT_MAX);
	if (!text)
		return DTSS_E_NOMEM;
	out.at = text;
	out.left = EXPLAIN_TEXT_MAX - 1;
	memset(&e, 0, sizeof e);
	e.size = sizeof e;
	e.text = text;
	if (dtss_task_state_terminal(t->state)) {
		e.why = DTSS_WHY_FINISHED;
		say(&out, "it has ended: ");
		say(&out, dtss_task_state_name(t->state));
	} else if (t->state == DTSS_TASK_HELD) {
		e.why = DTSS_WHY_HELD;
		say(&out, "it is held");
	} else if (t->state == DTSS_TASK_BLOCKED) {
		explain_dependency(t, &e, &out);
	} else if (t->state == DTSS_TASK_DELAYED) {
		explain_delayed(t, now, &e, &out);
	} else if (t->state == DTSS_TASK_READY) {
		explain_waits_for_worker(s, t->need, &e, &out);
	} else {
		explain_attempt(t, &e, &out);
	}
	*ret_explanation = e;
	return 0;
}
