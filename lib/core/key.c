/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * The caller's own ids: unique in a queue, and remembered for key_ttl after the task has finished, so that a repeated
 * submit finds it. Those of finished tasks stand in a list, oldest first.
 */
struct key_name {
	const char *queue;
	const char *text;
};

static int key_equal(const void *item, const void *name)
{
	const struct key *k = item;
	const struct key_name *n = name;

	return strcmp(k->text, n->text) == 0 && strcmp(k->queue->name->text, n->queue) == 0;
}

static uint64_t key_hash(const struct dtss_sched *s, const char *queue, const char *text)
{
	return hash_bytes(s->key0, hash_bytes(s->key0, s->key1, queue, strlen(queue)), text, strlen(text));
}

struct key *key_find(const struct dtss_sched *s, const char *queue, const char *text)
{
	struct key_name name = { queue, text };

	return map_find(&s->keys, key_hash(s, queue, text), key_equal, &name);
}

struct key *key_new(struct dtss_sched *s, struct queue *q, const char *text)
{
	size_t len = strlen(text);
	struct key *k;

	DTSS_ASSERT(q->name != NULL);
	DTSS_ASSERT(s->keys.count <= s->keys.cap);
	if (map_reserve(&s->keys, &s->mem, 1) != 0)
		return NULL;
	k = sched_alloc(s, sizeof *k + len + 1);
	if (!k)
		return NULL;
	memset(k, 0, sizeof *k);
	k->hash = key_hash(s, q->name->text, text);
	k->queue = q;
	q->refs++;
	k->len = (uint32_t)len;
	memcpy(k->text, text, len + 1);
	DTSS_ASSERT(k->text[k->len] == 0 && k->task == NULL);
	return k;
}

void key_free(struct dtss_sched *s, struct key *k)
{
	queue_put(s, k->queue);
	sched_free(s, k, sizeof *k + k->len + 1);
}

void key_append(struct dtss_sched *s, struct key *k)
{
	DTSS_ASSERT((s->key_head == NULL) == (s->key_tail == NULL));
	DTSS_ASSERT((s->key_head == NULL) == (s->key_count == 0));
	k->next = NULL;
	k->prev = s->key_tail;
	if (s->key_tail)
		s->key_tail->next = k;
	else
		s->key_head = k;
	s->key_tail = k;
	s->key_count++;
	DTSS_ASSERT(k->prev == NULL || k->prev->next == k);
}

/* The oldest leaves when its time is over, or at once when there are too many. */
void key_arm(struct dtss_sched *s)
{
	uint64_t due = DTSS_NEVER;

	if (s->key_head)
		due = s->key_count > s->cfg.keys_max ? 0 : s->key_head->expires_ns;
	wheel_set(&s->wheel, &s->key_timer, due);
}

void key_finish(struct dtss_sched *s, struct dtss_time now, struct key *k)
{
	DTSS_ASSERT(k->task->key == k);
	DTSS_ASSERT(k->task);
	k->task->key = NULL; /* either may leave first */
	k->task = NULL;
	k->finished_ns = now.wall_ns;
	k->expires_ns = now.mono_ns + s->cfg.key_ttl_ms * NS_PER_MS;
	key_append(s, k);
	batch_mark_key(s, k);
	if (s->key_head == k || s->key_count > s->cfg.keys_max)
		key_arm(s);
}

void key_forget(struct dtss_sched *s, struct dtss_time now, struct key *k)
{
	struct dtss_event e = { 0 };

	DTSS_ASSERT(k->prev == NULL && s->key_count > 0);
	DTSS_ASSERT(k == s->key_head);
	s->key_head = k->next;
	if (k->next)
		k->next->prev = NULL;
	else
		s->key_tail = NULL;
	s->key_count--;
	map_remove(&s->keys, k->hash, k);
	k->gone = 1;
	e.type = DTSS_EVENT_KEY;
	e.task = k->id;
	batch_mark_key(s, k);
	batch_event(s, now, &e);
	key_arm(s);
}
