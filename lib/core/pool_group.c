/* SPDX-License-Identifier: MIT */
#include "core/check.h"
#include "core/pool_impl.h"

/*
 * A group is a tournament of its entries: entry.group names the group, entry.place the leaf. An entry that becomes
 * unusable for a while (suspicious, cordoned, full) keeps its leaf, with a rank after all others, so that coming back
 * costs no more than any other change. What moves it is another shape: other modes, or another magnitude of what is
 * free of a resource.
 *
 *   group 7: tags {2, 5}, 1 GPU, modes task                group 9: tags {2}, modes task and place
 *        tree of 300 entries                                    tree of 12 entries
 */
struct pool_group *pool_group_at(const struct pool *p, uint32_t id)
{
	DTSS_ASSERT(id > 0 && id < p->groups.end);
	return p->groups.slots[id].item;
}

int pool_grouped(const struct pool_entry *e)
{
	return e->group != POOL_APART && e->group != POOL_LOOSE;
}

/* Its best entry may be another one than before: who else knows the group? */
void pool_group_changed(struct pool *p, struct pool_group *g, struct pool_rank before)
{
	if (pool_rank_equal(&before, &g->tree.best))
		return;
	pool_view_group_changed(p, g);
	if (p->index.root != NULL)
		pool_index_move(p, g);
}

void pool_group_update(struct pool *p, struct pool_entry *e)
{
	struct pool_group *g = pool_group_at(p, e->group);
	struct pool_rank before = g->tree.best, rank = pool_rank_of(p, e);
	struct pool_traits traits = pool_traits_of_entry(e);

	DTSS_ASSERT(pool_grouped(e));
	if ((traits.modes != 0 && traits.modes != g->shape.modes) || !pool_shape_same_resources(&g->shape, &traits)) {
		pool_leave(p, e);
		pool_join(p, e);
		return;
	}
	pool_tree_set(&g->tree, e->place, &rank);
	pool_group_changed(p, g, before);
}
