/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "core/ids.h"

void ids_init(struct ids *t)
{
	memset(t, 0, sizeof *t);
}

void ids_fini(struct ids *t, const struct dtss_mem *mem)
{
	size_t i;

	for (i = 0; i < t->page_count; i++)
		if (t->pages[i])
			mem->release(mem->ctx, t->pages[i], sizeof *t->pages[i]);
	if (t->pages)
		mem->release(mem->ctx, t->pages, t->page_cap * sizeof *t->pages);
	ids_init(t);
}

static int ids_grow(struct ids *t, const struct dtss_mem *mem, size_t want)
{
	size_t cap = t->page_cap ? t->page_cap : 16;
	struct ids_page **pages;

	DTSS_ASSERT(t->page_count <= t->page_cap);
	DTSS_ASSERT((t->pages == NULL) == (t->page_cap == 0));
	while (cap < want)
		cap *= 2;
	if (cap == t->page_cap)
		return 0;
	pages = t->pages ? mem->realloc(mem->ctx, t->pages, t->page_cap * sizeof *pages, cap * sizeof *pages) :
			   mem->alloc(mem->ctx, cap * sizeof *pages);
	if (!pages)
		return DTSS_E_NOMEM;
	t->pages = pages;
	t->page_cap = cap;
	DTSS_ASSERT(t->page_cap >= want);
	return 0;
}

/* Makes the window reach from page first to page last; load may bring ids below the window. */
static int ids_window(struct ids *t, const struct dtss_mem *mem, uint64_t first, uint64_t last)
{
	uint64_t begin = t->page_count && t->first_page < first ? t->first_page : first;
	uint64_t end = t->page_count && t->first_page + t->page_count > last + 1 ? t->first_page + t->page_count :
										   last + 1;
	size_t shift;

	DTSS_ASSERT(first <= last);
	DTSS_ASSERT(t->page_count <= t->page_cap);
	if (ids_grow(t, mem, (size_t)(end - begin)) != 0)
		return DTSS_E_NOMEM;
	shift = t->page_count ? (size_t)(t->first_page - begin) : 0;
	if (shift)
		memmove(t->pages + shift, t->pages, t->page_count * sizeof *t->pages);
	memset(t->pages, 0, shift * sizeof *t->pages);
	memset(t->pages + shift + t->page_count, 0, ((size_t)(end - begin) - shift - t->page_count) * sizeof *t->pages);
	t->first_page = begin;
	t->page_count = (size_t)(end - begin);
	DTSS_ASSERT(t->page_count <= t->page_cap && t->first_page <= first);
	return 0;
}

int ids_reserve(struct ids *t, const struct dtss_mem *mem, uint64_t first, uint64_t last)
{
	uint64_t page;

	DTSS_ASSERT(first <= last);
	if (ids_window(t, mem, first / IDS_PAGE, last / IDS_PAGE) != 0)
		return DTSS_E_NOMEM;
	for (page = first / IDS_PAGE; page <= last / IDS_PAGE; page++) {
		struct ids_page **p = &t->pages[page - t->first_page];

		if (*p)
			continue;
		*p = mem->alloc(mem->ctx, sizeof **p);
		if (!*p) {
			ids_trim(t, mem);
			return DTSS_E_NOMEM;
		}
		memset(*p, 0, sizeof **p);
	}
	return 0;
}

void ids_set(struct ids *t, uint64_t id, void *item)
{
	struct ids_page *p = t->pages[id / IDS_PAGE - t->first_page];

	DTSS_ASSERT(item);
	DTSS_ASSERT(p->used <= IDS_PAGE);
	p->used += !p->at[id % IDS_PAGE];
	p->at[id % IDS_PAGE] = item;
}

void *ids_get(const struct ids *t, uint64_t id)
{
	uint64_t page = id / IDS_PAGE;

	if (page < t->first_page || page - t->first_page >= t->page_count || !t->pages[page - t->first_page])
		return NULL;
	return t->pages[page - t->first_page]->at[id % IDS_PAGE];
}

void ids_trim(struct ids *t, const struct dtss_mem *mem)
{
	size_t i, skip;

	DTSS_ASSERT(t->page_count <= t->page_cap);
	DTSS_ASSERT(t->page_count == 0 || t->pages != NULL);
	for (i = 0; i < t->page_count; i++)
		if (t->pages[i] && !t->pages[i]->used) {
			mem->release(mem->ctx, t->pages[i], sizeof *t->pages[i]);
			t->pages[i] = NULL;
		}
	while (t->page_count && !t->pages[t->page_count - 1])
		t->page_count--;
	for (skip = 0; skip < t->page_count && !t->pages[skip];)
		skip++;
	if (skip)
		memmove(t->pages, t->pages + skip, (t->page_count - skip) * sizeof *t->pages);
	t->first_page += skip;
	t->page_count -= skip;
	DTSS_ASSERT(t->page_count == 0 || t->pages[0] != NULL);
}

void ids_clear(struct ids *t, const struct dtss_mem *mem, uint64_t id)
{
	size_t at = (size_t)(id / IDS_PAGE - t->first_page);
	struct ids_page *p = t->pages[at];
	int emptied = at && t->pages[at - 1] && !t->pages[at - 1]->used;

	DTSS_ASSERT(at < t->page_count && p->used > 0);
	DTSS_ASSERT(p->at[id % IDS_PAGE]);
	p->at[id % IDS_PAGE] = NULL;
	p->used--;
	if (emptied) { /* the page before was the newest when its last id went */
		ids_trim(t, mem);
		return;
	}
	/* the newest page stays: the next ids go there */
	if (p->used || at + 1 == t->page_count)
		return;
	mem->release(mem->ctx, p, sizeof *p);
	t->pages[at] = NULL;
	if (at == 0)
		ids_trim(t, mem);
}

void *ids_walk(const struct ids *t, uint64_t *at)
{
	uint64_t id = *at < t->first_page * IDS_PAGE ? t->first_page * IDS_PAGE : *at;

	while (id / IDS_PAGE - t->first_page < t->page_count) {
		const struct ids_page *p = t->pages[id / IDS_PAGE - t->first_page];

		if (!p) {
			id = (id / IDS_PAGE + 1) * IDS_PAGE;
			continue;
		}
		*at = id + 1;
		if (p->at[id % IDS_PAGE])
			return p->at[id % IDS_PAGE];
		id++;
	}
	return NULL;
}

void *ids_next(const struct ids *t, uint64_t after)
{
	uint64_t at = after + 1;

	return after == UINT64_MAX ? NULL : ids_walk(t, &at);
}
