/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* What many tasks have in common is kept once: queues, retry policies, requirements. */

static int queue_equal(const void *item, const void *name)
{
	return strcmp(((const struct queue *)item)->name->text, name) == 0;
}

static uint64_t queue_hash(const struct dtss_sched *s, const char *name)
{
	return hash_bytes(s->key0, s->key1, name, strlen(name));
}

struct queue *queue_find(const struct dtss_sched *s, const char *name)
{
	return map_find(&s->queues, queue_hash(s, name), queue_equal, name);
}

struct queue *queue_share(struct queue *q)
{
	DTSS_ASSERT(q->refs > 0);
	DTSS_ASSERT(q->name != NULL);
	q->refs++;
	return q;
}

struct queue *queue_get(struct dtss_sched *s, const char *name)
{
	struct queue *q = queue_find(s, name);

	DTSS_ASSERT(s->queues.count <= s->queues.cap);
	if (q)
		return queue_share(q);
	if (map_reserve(&s->queues, &s->mem, 1) != 0)
		return NULL;
	q = sched_alloc(s, sizeof *q);
	if (!q)
		return NULL;
	memset(q, 0, sizeof *q);
	q->name = intern_get(&s->names, &s->mem, name);
	if (!q->name) {
		sched_free(s, q, sizeof *q);
		return NULL;
	}
	q->refs = 1;
	map_insert(&s->queues, q->name->hash, q);
	return q;
}

void queue_put(struct dtss_sched *s, struct queue *q)
{
	DTSS_ASSERT(q->refs > 0);
	if (--q->refs)
		return;
	map_remove(&s->queues, q->name->hash, q);
	intern_put(&s->names, &s->mem, q->name);
	sched_free(s, q, sizeof *q);
}

static void policy_defaults(struct dtss_retry *r, const struct dtss_retry *from)
{
	DTSS_ASSERT(from->attempts_max <= DTSS_ATTEMPTS_MAX);
	DTSS_ASSERT(from->rule_count == 0 || from->rules != NULL);
	memset(r, 0, sizeof *r);
	r->attempts_max = from->attempts_max ? from->attempts_max : 1;
	r->lost_max = from->lost_max ? from->lost_max : DTSS_LOST_MAX_DEFAULT;
	r->backoff_ms_min = from->backoff_ms_min ? from->backoff_ms_min : DTSS_BACKOFF_MS_MIN_DEFAULT;
	r->backoff_ms_max = from->backoff_ms_max ? from->backoff_ms_max : DTSS_BACKOFF_MS_MAX_DEFAULT;
	r->multiplier_milli = from->multiplier_milli ? from->multiplier_milli : DTSS_MULTIPLIER_MILLI_DEFAULT;
	r->jitter = from->jitter == DTSS_JITTER_OFF ? DTSS_JITTER_OFF : DTSS_JITTER_ON;
	r->rules = from->rules;
	r->rule_count = from->rule_count;
	DTSS_ASSERT(r->attempts_max > 0 && r->lost_max > 0);
}

static int policy_equal(const void *item, const void *key)
{
	const struct dtss_retry *a = &((const struct policy *)item)->retry, *b = key;

	return a->attempts_max == b->attempts_max && a->lost_max == b->lost_max &&
	       a->backoff_ms_min == b->backoff_ms_min && a->backoff_ms_max == b->backoff_ms_max &&
	       a->multiplier_milli == b->multiplier_milli && a->jitter == b->jitter && a->rule_count == b->rule_count &&
	       (!a->rule_count || memcmp(a->rules, b->rules, a->rule_count * sizeof *a->rules) == 0);
}

static uint64_t policy_hash(const struct dtss_sched *s, const struct dtss_retry *r)
{
	const uint64_t words[] = { r->attempts_max,     r->lost_max, r->backoff_ms_min, r->backoff_ms_max,
				   r->multiplier_milli, r->jitter,   r->rule_count };
	uint64_t hash = s->key0;
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		hash = hash_word(hash ^ words[i]);
	for (i = 0; i < r->rule_count; i++) {
		hash = hash_word(hash ^ ((uint64_t)r->rules[i].causes << 32 | r->rules[i].action));
		hash = hash_word(hash ^
				 ((uint64_t)(uint32_t)r->rules[i].exit_min << 32 | (uint32_t)r->rules[i].exit_max));
	}
	return hash;
}

struct policy *policy_get(struct dtss_sched *s, const struct dtss_retry *from)
{
	struct dtss_retry r;
	struct policy *p;
	uint64_t hash;

	DTSS_ASSERT(s->policies.count <= s->policies.cap);
	policy_defaults(&r, from);
	hash = policy_hash(s, &r);
	p = map_find(&s->policies, hash, policy_equal, &r);
	if (p) {
		p->refs++;
		return p;
	}
	if (map_reserve(&s->policies, &s->mem, 1) != 0)
		return NULL;
	p = sched_alloc(s, sizeof *p + r.rule_count * sizeof *p->rules);
	if (!p)
		return NULL;
	p->hash = hash;
	p->refs = 1;
	p->reserved = 0;
	p->retry = r;
	if (r.rule_count)
		memcpy(p->rules, r.rules, r.rule_count * sizeof *p->rules);
	p->retry.rules = p->rules;
	map_insert(&s->policies, hash, p);
	return p;
}

void policy_put(struct dtss_sched *s, struct policy *p)
{
	DTSS_ASSERT(p->refs > 0);
	if (--p->refs)
		return;
	map_remove(&s->policies, p->hash, p);
	sched_free(s, p, sizeof *p + p->retry.rule_count * sizeof *p->rules);
}
