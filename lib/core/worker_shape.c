/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Tags and resources of a worker, by name and by number; all of them allocated before anything changes. */

/* Shell sort by Ciura's gaps: in place, and good enough for DTSS_WORKER_TAGS_MAX. */
static void shape_sort_tags(const char **tags, size_t count)
{
	static const size_t gaps[] = { 132, 57, 23, 10, 4, 1 };
	size_t g, i, j;

	for (g = 0; g < sizeof gaps / sizeof *gaps; g++)
		for (i = gaps[g]; i < count; i++) {
			const char *t = tags[i];

			for (j = i; j >= gaps[g] && strcmp(tags[j - gaps[g]], t) > 0; j -= gaps[g])
				tags[j] = tags[j - gaps[g]];
			tags[j] = t;
		}
}

static int shape_tags(struct dtss_sched *s, struct worker_shape *shape, const char *const *tags, size_t count)
{
	size_t i, n = 0;

	DTSS_ASSERT(shape->tags == NULL);
	DTSS_ASSERT(shape->tag_count == 0);
	if (!count)
		return 0;
	shape->tags = sched_alloc(s, count * sizeof *shape->tags);
	shape->tag_numbers = sched_alloc(s, count * sizeof *shape->tag_numbers);
	shape->tag_cap = (uint32_t)count;
	if (!shape->tags || !shape->tag_numbers)
		return DTSS_E_NOMEM;
	for (i = 0; i < count; i++)
		shape->tags[i] = tags[i];
	shape_sort_tags(shape->tags, count);
	for (i = 0; i < count; i++)
		if (!n || strcmp(shape->tags[n - 1], shape->tags[i]) != 0)
			shape->tags[n++] = shape->tags[i];
	for (i = 0; i < n; i++) {
		struct intern *name = intern_get(&s->tags, &s->mem, shape->tags[i]);
		size_t j = shape->tag_count;

		if (!name)
			return DTSS_E_NOMEM;
		shape->tags[i] = name->text;
		for (; j && shape->tag_numbers[j - 1] > name->number; j--)
			shape->tag_numbers[j] = shape->tag_numbers[j - 1];
		shape->tag_numbers[j] = name->number;
		shape->tag_count++;
	}
	DTSS_ASSERT(shape->tag_count == n && n <= count);
	return 0;
}

static int shape_resource(struct dtss_sched *s, struct worker_shape *shape, const struct dtss_resource *r)
{
	struct intern *name = intern_get(&s->resources, &s->mem, r->name);
	size_t i = shape->resource_count, j = i;

	DTSS_ASSERT(shape->resource_count < shape->resource_cap);
	DTSS_ASSERT(r->amount <= DTSS_RESOURCE_AMOUNT_MAX);
	if (!name)
		return DTSS_E_NOMEM;
	for (; i && strcmp(shape->resources[i - 1].name, name->text) > 0; i--)
		shape->resources[i] = shape->resources[i - 1];
	shape->resources[i].name = name->text;
	shape->resources[i].amount = r->amount;
	for (; j && shape->amounts[j - 1].resource > name->number; j--)
		shape->amounts[j] = shape->amounts[j - 1];
	shape->amounts[j].resource = name->number;
	shape->amounts[j].reserved = 0;
	shape->amounts[j].amount = r->amount;
	shape->resource_count++;
	return 0;
}

static int shape_resources(struct dtss_sched *s, struct worker_shape *shape, const struct dtss_resource *r,
			   size_t count)
{
	size_t i;

	DTSS_ASSERT(shape->resources == NULL);
	DTSS_ASSERT(shape->resource_count == 0);
	if (!count)
		return 0;
	shape->resources = sched_alloc(s, count * sizeof *shape->resources);
	shape->amounts = sched_alloc(s, count * sizeof *shape->amounts);
	shape->free = sched_alloc(s, count * sizeof *shape->free);
	shape->taken = sched_alloc(s, count * sizeof *shape->taken);
	shape->resource_cap = (uint32_t)count;
	if (!shape->resources || !shape->amounts || !shape->free || !shape->taken)
		return DTSS_E_NOMEM;
	for (i = 0; i < count; i++)
		if (shape_resource(s, shape, &r[i]) != 0)
			return DTSS_E_NOMEM;
	memcpy(shape->free, shape->amounts, count * sizeof *shape->free);
	memset(shape->taken, 0, count * sizeof *shape->taken);
	DTSS_ASSERT(shape->resource_count == count);
	return 0;
}

static char *shape_say(char *at, const char *text)
{
	size_t len = strlen(text);

	*at++ = (char)len;
	memcpy(at, text, len + 1);
	return at + len + 1;
}

static int shape_said(struct dtss_sched *s, struct worker_shape *shape, const char *name, const char *address,
		      const char *const *tags, size_t tag_count, const struct dtss_resource *r, size_t resource_count)
{
	size_t len = 4 + strlen(name) + strlen(address), i;
	char *at;

	DTSS_ASSERT(shape->said == NULL);
	DTSS_ASSERT(tag_count <= DTSS_WORKER_TAGS_MAX && resource_count <= DTSS_RESOURCES_MAX);
	for (i = 0; i < tag_count; i++)
		len += 2 + strlen(tags[i]);
	for (i = 0; i < resource_count; i++)
		len += 2 + strlen(r[i].name) + sizeof r[i].amount;
	shape->said = sched_alloc(s, len);
	if (!shape->said)
		return DTSS_E_NOMEM;
	shape->said_len = (uint32_t)len;
	at = shape_say(shape->said, name);
	shape->address = *address ? at + 1 : NULL;
	at = shape_say(at, address);
	for (i = 0; i < tag_count; i++)
		at = shape_say(at, tags[i]);
	for (i = 0; i < resource_count; i++) {
		at = shape_say(at, r[i].name);
		memcpy(at, &r[i].amount, sizeof r[i].amount);
		at += sizeof r[i].amount;
	}
	shape->said_tags = (uint16_t)tag_count;
	shape->said_resources = (uint8_t)resource_count;
	return 0;
}

int worker_shape_make(struct dtss_sched *s, struct worker_shape *ret, const char *name, const char *address,
		      const char *const *tags, size_t tag_count, const struct dtss_resource *resources,
		      size_t resource_count)
{
	struct worker_shape shape;

	memset(&shape, 0, sizeof shape);
	shape.made = 1;
	if (shape_said(s, &shape, name, address ? address : "", tags, tag_count, resources, resource_count) != 0 ||
	    shape_tags(s, &shape, tags, tag_count) != 0 || shape_resources(s, &shape, resources, resource_count) != 0) {
		worker_shape_free(s, &shape);
		return DTSS_E_NOMEM;
	}
	*ret = shape;
	return 0;
}

void worker_shape_free(struct dtss_sched *s, struct worker_shape *shape)
{
	uint32_t i;

	for (i = 0; i < shape->tag_count; i++)
		intern_put(&s->tags, &s->mem, s->tags.at[shape->tag_numbers[i]]);
	for (i = 0; i < shape->resource_count; i++)
		intern_put(&s->resources, &s->mem, s->resources.at[shape->amounts[i].resource]);
	sched_free(s, shape->said, shape->said_len);
	sched_free(s, shape->tags, shape->tag_cap * sizeof *shape->tags);
	sched_free(s, shape->tag_numbers, shape->tag_cap * sizeof *shape->tag_numbers);
	sched_free(s, shape->resources, shape->resource_cap * sizeof *shape->resources);
	sched_free(s, shape->amounts, shape->resource_cap * sizeof *shape->amounts);
	sched_free(s, shape->free, shape->resource_cap * sizeof *shape->free);
	sched_free(s, shape->taken, shape->resource_cap * sizeof *shape->taken);
	memset(shape, 0, sizeof *shape);
}

int worker_shape_equal(const struct worker_shape *a, const struct worker_shape *b)
{
	uint32_t i;

	if (!a->address != !b->address || (a->address && strcmp(a->address, b->address) != 0) ||
	    a->tag_count != b->tag_count || a->resource_count != b->resource_count)
		return 0;
	for (i = 0; i < a->tag_count; i++)
		if (a->tags[i] != b->tags[i]) /* interned */
			return 0;
	for (i = 0; i < a->resource_count; i++)
		if (a->resources[i].name != b->resources[i].name || a->resources[i].amount != b->resources[i].amount)
			return 0;
	return 1;
}

void worker_shape_resay(struct worker_shape *shape, struct worker_shape *equal)
{
	struct worker_shape old = *shape;

	DTSS_ASSERT(equal->made && equal->tag_count == shape->tag_count);
	DTSS_ASSERT(!equal->address == !shape->address);
	shape->said = equal->said;
	shape->said_len = equal->said_len;
	shape->said_tags = equal->said_tags;
	shape->said_resources = equal->said_resources;
	shape->address = equal->address;
	equal->said = old.said;
	equal->said_len = old.said_len;
}

void worker_say(struct worker *w)
{
	const struct worker_shape *shape = &w->shape;

	DTSS_ASSERT(shape->made && *shape->said);
	DTSS_ASSERT(shape->said_len > shape->said_tags);
	w->said_tags = shape->said_tags;
	w->said_resources = shape->said_resources;
	w->reachable = shape->address != NULL;
	if (shape->said_len <= sizeof w->said)
		memcpy(w->said, shape->said, shape->said_len);
	else
		w->said[0] = 0;
}
