/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "core/hash.h"
#include "core/pool_impl.h"

/*
 * A shape is what groups and views are told apart by: modes, tags, and resources by class, which is the magnitude of
 * what is free or wanted (its number of binary digits). A group with a higher class has enough, with a lower one too
 * little; with the same one its entries are looked at. So idle workers without a GPU, or with too few left, are not in
 * the way of those who want some, and amounts do not make a shape each.
 *
 *   names:   | tag 2 | tag 5 | resource 0 | class 36 | resource 3 | class 2 |
 */
enum {
	POOL_SIGNATURE_TAGS = 48,     /* bits for tags, by number, ... */
	POOL_SIGNATURE_RESOURCES = 14 /* ... then for resources, then one for each mode */
};

struct pool_traits pool_traits_of_entry(const struct pool_entry *e)
{
	struct pool_traits t;

	t.tags = e->tags;
	t.tag_count = e->tag_count;
	t.amounts = e->free_resources;
	t.amount_count = e->resource_count;
	t.modes = pool_modes(e);
	return t;
}

struct pool_traits pool_traits_of_need(const struct pool_need *need)
{
	struct pool_traits t;

	t.tags = need->tags;
	t.tag_count = need->tag_count;
	t.amounts = need->resources;
	t.amount_count = need->resource_count;
	t.modes = UINT32_C(1) << need->mode;
	return t;
}

uint32_t pool_shape_names(uint32_t tags, uint32_t resources)
{
	return tags + 2 * resources;
}

/* The number of binary digits; 0 has none, and is left out of shapes. */
static uint32_t pool_class(uint64_t amount)
{
	uint32_t step, digits = amount > 0;

	for (step = 32; step > 0; step /= 2) {
		if (amount >> step == 0)
			continue;
		amount >>= step;
		digits += step;
	}
	return digits;
}

uint64_t pool_shape_hash(const struct pool_traits *t)
{
	uint64_t hash = hash_word((uint64_t)t->modes << 32 | t->tag_count);
	uint32_t i;

	for (i = 0; i < t->tag_count; i++)
		hash = hash_word(hash ^ t->tags[i]);
	for (i = 0; i < t->amount_count; i++)
		if (t->amounts[i].amount > 0)
			hash = hash_word(hash ^ t->amounts[i].resource ^
					 (uint64_t)pool_class(t->amounts[i].amount) << 32);
	return hash;
}

void pool_shape_make(struct pool_shape *s, const struct pool_traits *t)
{
	uint32_t i, *name = s->names;

	DTSS_ASSERT(pool_shape_names(t->tag_count, t->amount_count) <= s->name_cap);
	s->hash = pool_shape_hash(t);
	s->modes = t->modes;
	s->signature = (uint64_t)t->modes << (POOL_SIGNATURE_TAGS + POOL_SIGNATURE_RESOURCES);
	s->tag_count = t->tag_count;
	s->resource_count = 0;
	for (i = 0; i < t->tag_count; i++) {
		*name++ = t->tags[i];
		s->signature |= UINT64_C(1) << t->tags[i] % POOL_SIGNATURE_TAGS;
	}
	for (i = 0; i < t->amount_count; i++) {
		uint32_t resource = t->amounts[i].resource;

		if (t->amounts[i].amount == 0)
			continue;
		*name++ = resource;
		*name++ = pool_class(t->amounts[i].amount);
		s->resource_count++;
		s->signature |= UINT64_C(1) << (POOL_SIGNATURE_TAGS + resource % POOL_SIGNATURE_RESOURCES);
	}
	DTSS_ASSERT(s->resource_count <= t->amount_count);
}

int pool_shape_same_resources(const struct pool_shape *s, const struct pool_traits *t)
{
	const uint32_t *name = s->names + s->tag_count, *end = name + 2 * s->resource_count;
	uint32_t i;

	for (i = 0; i < t->amount_count; i++) {
		const struct pool_amount *a = &t->amounts[i];

		if (a->amount == 0)
			continue;
		if (name == end || name[0] != a->resource || name[1] != pool_class(a->amount))
			return 0;
		name += 2;
	}
	return name == end;
}

int pool_shape_same(const struct pool_shape *s, const struct pool_traits *t)
{
	uint32_t i;

	DTSS_ASSERT(s->tag_count <= s->name_cap);
	if (s->tag_count != t->tag_count)
		return 0;
	for (i = 0; i < s->tag_count; i++)
		if (s->names[i] != t->tags[i])
			return 0;
	return pool_shape_same_resources(s, t);
}

/* Both sorted, unique. */
int pool_subset(const uint32_t *some, uint32_t some_count, const uint32_t *all, uint32_t all_count)
{
	uint32_t i, at = 0;

	for (i = 0; i < some_count; i++) {
		while (at < all_count && all[at] < some[i])
			at++;
		if (at == all_count || all[at] != some[i])
			return 0;
		at++;
	}
	return 1;
}

int pool_shape_satisfies(const struct pool_shape *s, const struct pool_shape *wanted)
{
	const uint32_t *want = wanted->names + wanted->tag_count, *name = s->names + s->tag_count;
	uint32_t i, at = 0;

	if ((wanted->signature & ~s->signature) != 0) /* nearly all that do not end here */
		return 0;
	if (!pool_subset(wanted->names, wanted->tag_count, s->names, s->tag_count))
		return 0;
	for (i = 0; i < wanted->resource_count; i++, want += 2) {
		while (at < s->resource_count && name[2 * at] < want[0])
			at++;
		if (at == s->resource_count || name[2 * at] != want[0] || name[2 * at + 1] < want[1])
			return 0;
	}
	return 1;
}
