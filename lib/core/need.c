/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * A need: the required tags and resources that many tasks share. One block:
 *
 *      [ struct need | resources | names of tags, names of resources | tag numbers ]
 */
static size_t need_size(size_t tags, size_t resources)
{
	return sizeof(struct need) + resources * sizeof(struct pool_amount) +
	       (tags + resources) * sizeof(struct intern *) + tags * sizeof(uint32_t);
}

/* Insertion sort: both lists are short (DTSS_TASK_TAGS_MAX, DTSS_RESOURCES_MAX). */
static uint16_t need_add_tag(uint32_t *tags, uint16_t count, uint32_t number)
{
	uint16_t i = count;

	while (i && tags[i - 1] > number)
		i--;
	if (i && tags[i - 1] == number)
		return count;
	memmove(tags + i + 1, tags + i, (size_t)(count - i) * sizeof *tags);
	tags[i] = number;
	return (uint16_t)(count + 1);
}

static void need_add_resource(struct pool_amount *at, uint16_t count, uint32_t number, uint64_t amount)
{
	uint16_t i = count;

	for (; i && at[i - 1].resource > number; i--)
		at[i] = at[i - 1];
	at[i].resource = number;
	at[i].reserved = 0;
	at[i].amount = amount;
}

static struct need *need_block(struct dtss_sched *s, size_t tags, size_t resources)
{
	struct need *n = sched_alloc(s, need_size(tags, resources));
	struct pool_amount *amounts;

	if (!n)
		return NULL;
	memset(n, 0, need_size(tags, resources));
	n->size = need_size(tags, resources);
	n->refs = 1;
	amounts = (struct pool_amount *)(void *)(n + 1);
	n->names = (struct intern **)(void *)(amounts + resources);
	n->pool.resources = amounts;
	n->pool.tags = (uint32_t *)(void *)(n->names + tags + resources);
	n->pool.mode = POOL_TASK;
	ready_init(&n->ready);
	return n;
}

static void need_release(struct dtss_sched *s, struct need *n)
{
	uint32_t i;

	for (i = 0; i < n->name_count; i++)
		intern_put(i < n->tag_names ? &s->tags : &s->resources, &s->mem, n->names[i]);
	sched_free(s, n, n->size);
}

static struct need *need_make(struct dtss_sched *s, const struct dtss_task_spec *spec)
{
	struct need *n = need_block(s, spec->tag_count, spec->resource_count);
	struct intern *name;
	size_t i;

	for (i = 0; n && i < spec->tag_count + spec->resource_count; i++) {
		int tag = i < spec->tag_count;

		name = tag ? intern_get(&s->tags, &s->mem, spec->tags[i]) :
			     intern_get(&s->resources, &s->mem, spec->resources[i - spec->tag_count].name);
		if (!name) {
			need_release(s, n);
			return NULL;
		}
		n->names[n->name_count++] = name;
		if (tag) {
			n->tag_names++;
			n->pool.tag_count = need_add_tag((uint32_t *)n->pool.tags, n->pool.tag_count, name->number);
			continue;
		}
		need_add_resource((struct pool_amount *)n->pool.resources, n->pool.resource_count++, name->number,
				  spec->resources[i - spec->tag_count].amount);
	}
	return n;
}

static uint64_t need_hash(const struct dtss_sched *s, const struct pool_need *pool)
{
	uint64_t hash = s->key0;
	uint32_t i;

	for (i = 0; i < pool->tag_count; i++)
		hash = hash_word(hash ^ pool->tags[i]);
	for (i = 0; i < pool->resource_count; i++)
		hash = hash_word(hash_word(~hash ^ pool->resources[i].resource) ^ pool->resources[i].amount);
	return hash;
}

static int need_equal(const void *item, const void *key)
{
	const struct pool_need *a = &((const struct need *)item)->pool, *b = key;

	return a->tag_count == b->tag_count && a->resource_count == b->resource_count &&
	       (!a->tag_count || memcmp(a->tags, b->tags, a->tag_count * sizeof *a->tags) == 0) &&
	       (!a->resource_count ||
		memcmp(a->resources, b->resources, a->resource_count * sizeof *a->resources) == 0);
}

static struct need *need_find_same(const struct dtss_sched *s, const struct pool_need *key)
{
	return map_find(&s->needs, need_hash(s, key), need_equal, key);
}

/* Nearly every task needs what others do: then nothing is made. NULL: there is none yet. */
static struct need *need_find_parts(const struct dtss_sched *s, const struct dtss_task_spec *spec)
{
	uint32_t tags[DTSS_TASK_TAGS_MAX];
	struct pool_amount amounts[DTSS_RESOURCES_MAX];
	struct pool_need key = { .tags = tags, .resources = amounts };
	const struct intern *name;
	size_t i;

	DTSS_ASSERT(spec->tag_count <= DTSS_TASK_TAGS_MAX);
	DTSS_ASSERT(spec->resource_count <= DTSS_RESOURCES_MAX);
	for (i = 0; i < spec->tag_count; i++) {
		name = intern_find(&s->tags, spec->tags[i]);
		if (!name)
			return NULL;
		key.tag_count = need_add_tag(tags, key.tag_count, name->number);
	}
	for (i = 0; i < spec->resource_count; i++) {
		name = intern_find(&s->resources, spec->resources[i].name);
		if (!name)
			return NULL;
		need_add_resource(amounts, key.resource_count++, name->number, spec->resources[i].amount);
	}
	return need_find_same(s, &key);
}

/* Most need nothing. */
static struct need *need_find(const struct dtss_sched *s, const struct dtss_task_spec *spec)
{
	static const struct pool_need nothing = { 0 };

	return spec->tag_count || spec->resource_count ? need_find_parts(s, spec) : need_find_same(s, &nothing);
}

struct need *need_get(struct dtss_sched *s, const struct dtss_task_spec *spec)
{
	struct need *n = need_find(s, spec);

	DTSS_ASSERT(s->needs.count <= s->needs.cap);
	if (n) {
		n->refs++;
		return n;
	}
	n = need_make(s, spec);
	if (!n)
		return NULL;
	/* with room in the heap, so that none of its tasks needs any to become ready */
	if (map_reserve(&s->needs, &s->mem, 1) != 0 ||
	    sched_grow(s, (void **)&s->heap, &s->heap_cap, s->needs.count + 1, sizeof *s->heap) != 0) {
		need_release(s, n);
		return NULL;
	}
	n->hash = need_hash(s, &n->pool);
	map_insert(&s->needs, n->hash, n);
	return n;
}

void need_put(struct dtss_sched *s, struct need *n)
{
	DTSS_ASSERT(n->refs > 0);
	if (--n->refs)
		return;
	DTSS_ASSERT(n->ready.count == 0);
	dispatch_remove_need(s, n);
	map_remove(&s->needs, n->hash, n);
	pool_need_fini(s->pool, &n->pool);
	need_release(s, n);
}
