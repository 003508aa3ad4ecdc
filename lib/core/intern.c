/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "core/hash.h"
#include "core/intern.h"

void interns_init(struct interns *t, uint64_t key0, uint64_t key1)
{
	memset(t, 0, sizeof *t);
	map_init(&t->map);
	t->key0 = key0;
	t->key1 = key1;
	DTSS_ASSERT(t->map.count == 0 && t->at == NULL);
	DTSS_ASSERT(t->free == 0 && t->count == 0);
}

void interns_fini(struct interns *t, const struct dtss_mem *mem)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (t->at[i])
			mem->release(mem->ctx, t->at[i], sizeof *t->at[i] + t->at[i]->len + 1);
	if (t->at)
		mem->release(mem->ctx, t->at, t->cap * sizeof *t->at);
	map_fini(&t->map, mem);
}

static int intern_equal(const void *item, const void *key)
{
	return strcmp(((const struct intern *)item)->text, key) == 0;
}

struct intern *intern_find(const struct interns *t, const char *text)
{
	return map_find(&t->map, hash_bytes(t->key0, t->key1, text, strlen(text)), intern_equal, text);
}

/* The smallest free number, so that bitmaps over numbers stay short. */
static uint32_t intern_number(struct interns *t)
{
	DTSS_ASSERT(t->free <= t->count);
	DTSS_ASSERT(t->free || t->count < t->cap);
	if (!t->free)
		return (uint32_t)t->count++;
	while (t->at[t->lowest])
		t->lowest++;
	t->free--;
	DTSS_ASSERT(t->lowest < t->count && t->at[t->lowest] == NULL);
	return t->lowest;
}

static int intern_room(struct interns *t, const struct dtss_mem *mem)
{
	size_t cap = t->cap ? t->cap * 2 : 16;
	void *at;

	DTSS_ASSERT(t->count <= t->cap);
	DTSS_ASSERT(t->map.count + t->free == t->count);
	if (map_reserve(&t->map, mem, 1) != 0)
		return DTSS_E_NOMEM;
	if (t->free || t->count < t->cap)
		return 0;
	at = t->at ? mem->realloc(mem->ctx, t->at, t->cap * sizeof *t->at, cap * sizeof *t->at) :
		     mem->alloc(mem->ctx, cap * sizeof *t->at);
	if (!at)
		return DTSS_E_NOMEM;
	t->at = at;
	t->cap = cap;
	DTSS_ASSERT(t->count < t->cap);
	return 0;
}

struct intern *intern_get(struct interns *t, const struct dtss_mem *mem, const char *text)
{
	struct intern *i = intern_find(t, text);
	size_t len = strlen(text);

	DTSS_ASSERT(i == NULL || i->refs > 0);
	DTSS_ASSERT(i == NULL || t->at[i->number] == i);
	if (i) {
		i->refs++;
		return i;
	}
	if (intern_room(t, mem) != 0)
		return NULL;
	i = mem->alloc(mem->ctx, sizeof *i + len + 1);
	if (!i)
		return NULL;
	i->hash = hash_bytes(t->key0, t->key1, text, len);
	i->refs = 1;
	i->len = len;
	memcpy(i->text, text, len + 1);
	i->number = intern_number(t);
	t->at[i->number] = i;
	map_insert(&t->map, i->hash, i);
	DTSS_ASSERT(i->number < t->count);
	return i;
}

void intern_put(struct interns *t, const struct dtss_mem *mem, struct intern *i)
{
	DTSS_ASSERT(i == NULL || t->at[i->number] == i);
	if (!i)
		return;
	DTSS_ASSERT(i->refs > 0);
	if (--i->refs)
		return;
	map_remove(&t->map, i->hash, i);
	t->at[i->number] = NULL;
	t->free++;
	if (i->number < t->lowest)
		t->lowest = i->number;
	mem->release(mem->ctx, i, sizeof *i + i->len + 1);
}
