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

int worker_shape_make(struct dtss_sched *s, struct worker_shape *ret, const char *address, const char *const *tags,
		      size_t tag_count, const struct dtss_resource *resources, size_t resource_count)
{
	struct worker_shape shape;

	memset(&shape, 0, sizeof shape);
	shape.made = 1;
	if (address && *address) {
		shape.address = sched_alloc(s, strlen(address) + 1);
		if (!shape.address)
			return DTSS_E_NOMEM;
		memcpy(shape.address, address, strlen(address) + 1);
	}
	if (shape_tags(s, &shape, tags, tag_count) != 0 || shape_resources(s, &shape, resources, resource_count) != 0) {
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
	if (shape->address)
		sched_free(s, shape->address, strlen(shape->address) + 1);
	sched_free(s, shape->tags, shape->tag_cap * sizeof *shape->tags);
	sched_free(s, shape->tag_numbers, shape->tag_cap * sizeof *shape->tag_numbers);
	sched_free(s, shape->resources, shape->resource_cap * sizeof *shape->resources);
	sched_free(s, shape->amounts, shape->resource_cap * sizeof *shape->amounts);
	sched_free(s, shape->free, shape->resource_cap * sizeof *shape->free);
	sched_free(s, shape->taken, shape->resource_cap * sizeof *shape->taken);
	memset(shape, 0, sizeof *shape);
}

static int shape_equal_tags(const struct worker_shape *a, const char *const *tags, size_t count)
{
	size_t i;

	if (count != a->tag_count)
		return 0;
	for (i = 0; i < count; i++)
		if (strcmp(a->tags[i], tags[i]) != 0)
			return 0;
	return 1;
}

static int shape_equal_resources(const struct worker_shape *a, const struct dtss_resource *r, size_t count)
{
	size_t i;

	if (count != a->resource_count)
		return 0;
	for (i = 0; i < count; i++)
		if (a->resources[i].amount != r[i].amount || strcmp(a->resources[i].name, r[i].name) != 0)
			return 0;
	return 1;
}

int worker_shape_equal(const struct worker_shape *a, const struct worker_shape *b)
{
	if (!a->address != !b->address || (a->address && strcmp(a->address, b->address) != 0))
		return 0;
	return shape_equal_tags(a, b->tags, b->tag_count) && shape_equal_resources(a, b->resources, b->resource_count);
}

/* The quick look: the heartbeat lists just what is known, in just that order. */
int worker_shape_same(const struct worker_shape *a, const struct dtss_heartbeat *hb)
{
	const char *address = hb->address ? hb->address : "";

	return strcmp(a->address ? a->address : "", address) == 0 && shape_equal_tags(a, hb->tags, hb->tag_count) &&
	       shape_equal_resources(a, hb->resources, hb->resource_count);
}
