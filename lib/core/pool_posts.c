/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * Which groups have a tag: an inverted list for each (Knuth, The Art of Computer Programming 3, 6.5). Who looks for the
 * groups with several tags goes through the shortest of their lists, and who names none, through all groups. So what a
 * need costs that was never asked before depends on how rare its rarest tag is, not on the size of the fleet.
 *
 *   tag 2   [ (group 7, signature)  (group 9, signature) ]        group 7   names    | 2 | 5 |
 *   tag 5   [ (group 7, signature) ]                                        posted   | 0 | 0 |   where in their lists
 *
 * The signature has two bits for each tag of the group (Bloom 1970), others than the group's own, and tells nearly all
 * groups that lack another tag without a look at them.
 */
enum { POOL_POSTS_MIN = 4 };

static uint32_t pool_post_signature(const struct pool_shape *s)
{
	uint32_t i, signature = 0;

	for (i = 0; i < s->tag_count; i++) {
		uint32_t hash = s->names[i] * UINT32_C(0x9e3779b1); /* Knuth 3, 6.4: multiplicative hashing */

		signature |= UINT32_C(1) << (hash >> 27) | UINT32_C(1) << (hash >> 22 & 31);
	}
	return signature;
}

/* Room for lists of the tags below that number. */
static int pool_posts_tags(struct pool *p, uint32_t tags)
{
	uint32_t cap = tags < 2 * p->posts_cap ? 2 * p->posts_cap : tags;
	struct pool_posts *posts;

	DTSS_ASSERT((p->posts == NULL) == (p->posts_cap == 0));
	if (tags <= p->posts_cap)
		return 0;
	posts = pool_resize(&p->mem, p->posts, p->posts_cap * sizeof(*posts), cap * sizeof(*posts));
	if (posts == NULL)
		return DTSS_E_NOMEM;
	memset(posts + p->posts_cap, 0, (cap - p->posts_cap) * sizeof(*posts));
	p->posts = posts;
	p->posts_cap = cap;
	DTSS_ASSERT(p->posts_cap >= tags);
	return 0;
}

int pool_posts_reserve(struct pool *p, const uint32_t *tags, uint32_t tag_count)
{
	uint32_t i;

	DTSS_ASSERT(tag_count == 0 || tags != NULL);
	if (tag_count > 0 && pool_posts_tags(p, tags[tag_count - 1] + 1) != 0) /* sorted: the last is the greatest */
		return DTSS_E_NOMEM;
	for (i = 0; i < tag_count; i++) {
		struct pool_posts *l = &p->posts[tags[i]];
		uint32_t cap = l->cap == 0 ? POOL_POSTS_MIN : 2 * l->cap;
		struct pool_post *at;

		if (l->count < l->cap)
			continue;
		at = pool_resize(&p->mem, l->at, l->cap * sizeof(*at), cap * sizeof(*at));
		if (at == NULL)
			return DTSS_E_NOMEM;
		l->at = at;
		l->cap = cap;
		DTSS_ASSERT(l->count < l->cap);
	}
	return 0;
}

void pool_posts_add(struct pool *p, struct pool_group *g)
{
	uint32_t i, signature = pool_post_signature(&g->shape);

	for (i = 0; i < g->shape.tag_count; i++) {
		struct pool_posts *l = &p->posts[g->shape.names[i]];

		DTSS_ASSERT(g->shape.names[i] < p->posts_cap);
		DTSS_ASSERT(l->count < l->cap);
		g->posted[i] = l->count;
		l->at[l->count].group = g->id;
		l->at[l->count].signature = signature;
		l->count++;
	}
}

/* The last one of a list takes the place of the one that is removed. */
void pool_posts_remove(struct pool *p, struct pool_group *g)
{
	uint32_t i, k;

	for (i = 0; i < g->shape.tag_count; i++) {
		struct pool_posts *l = &p->posts[g->shape.names[i]];
		struct pool_group *last = pool_group_at(p, l->at[l->count - 1].group);

		DTSS_ASSERT(l->count > 0);
		DTSS_ASSERT(l->at[g->posted[i]].group == g->id);
		for (k = 0; last->shape.names[k] != g->shape.names[i];)
			k++;
		last->posted[k] = g->posted[i];
		l->at[g->posted[i]] = l->at[--l->count];
	}
}

/* A list keeps the room that it once needed: tags come back. */
void pool_posts_fini(struct pool *p)
{
	uint32_t tag;

	DTSS_ASSERT(p->groups.count == 0);
	DTSS_ASSERT((p->posts == NULL) == (p->posts_cap == 0));
	for (tag = 0; tag < p->posts_cap; tag++)
		if (p->posts[tag].at != NULL)
			p->mem.release(p->mem.ctx, p->posts[tag].at, p->posts[tag].cap * sizeof(struct pool_post));
	if (p->posts != NULL)
		p->mem.release(p->mem.ctx, p->posts, p->posts_cap * sizeof(*p->posts));
	p->posts = NULL;
	p->posts_cap = 0;
}

int pool_posts_check(const struct pool *p, const struct pool_group *g)
{
	uint32_t i;

	for (i = 0; i < g->shape.tag_count; i++) {
		const struct pool_posts *l;

		if (g->shape.names[i] >= p->posts_cap)
			return 0;
		l = &p->posts[g->shape.names[i]];
		if (g->posted[i] >= l->count || l->at[g->posted[i]].group != g->id ||
		    l->at[g->posted[i]].signature != pool_post_signature(&g->shape))
			return 0;
	}
	return 1;
}

uint32_t pool_walk_begin(const struct pool *p, const struct pool_view *v, struct pool_walk *w)
{
	static const struct pool_posts nobody = { NULL, 0, 0 };
	uint32_t i;

	w->posts = NULL;
	w->signature = pool_post_signature(&v->shape);
	for (i = 0; i < v->shape.tag_count; i++) {
		uint32_t tag = v->shape.names[i];
		const struct pool_posts *l = tag < p->posts_cap ? &p->posts[tag] : &nobody;

		if (w->posts == NULL || l->count < w->posts->count)
			w->posts = l;
	}
	w->at = w->posts == NULL && p->groups.end > 0;
	w->end = w->posts == NULL ? p->groups.end : w->posts->count;
	DTSS_ASSERT(w->at <= w->end);
	DTSS_ASSERT(v->shape.tag_count == 0 || w->posts != NULL);
	return w->end - w->at;
}

struct pool_group *pool_walk_next(const struct pool *p, const struct pool_view *v, struct pool_walk *w)
{
	DTSS_ASSERT(w->at <= w->end);
	DTSS_ASSERT(w->end <= (w->posts == NULL ? p->groups.end : w->posts->count));
	while (w->at < w->end) {
		struct pool_group *g = NULL;
		uint32_t at = w->at++;

		if (w->posts == NULL)
			g = pool_view_candidate(p, v, at);
		else if ((w->signature & ~w->posts->at[at].signature) == 0)
			g = pool_view_candidate(p, v, w->posts->at[at].group);
		if (g != NULL)
			return g;
	}
	return NULL;
}
