/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_POOL_IMPL_H
#define DTSS_CORE_POOL_IMPL_H

#include "core/map.h"
#include "core/pool.h"
#include "core/pool_tree.h"

/*
 * The parts of the pool; what stands where:
 *
 *   pool.c         entries and their slots, the verbs of pool.h
 *   pool_scan.c    the definition of the best entry, and the plain scan that finds it
 *   pool_tree.c    the tournament tree
 *   pool_table.c   objects by number
 *   pool_shape.c   what entries have and needs want, to be compared
 *   pool_group.c   groups: entries that no need can tell apart but by load
 *   pool_join.c    groups, made and left
 *   pool_posts.c   which groups have a tag
 *   pool_index.c   all groups by rank, to be walked in order
 *   pool_grow.c    the index, made in slices and dropped
 *   pool_view.c    views: what needs ask for
 *   pool_member.c  which groups a view has
 *   pool_best.c    the search
 *   pool_open.c    the search where no list and no tree is there
 *   pool_check.c   every cache against the entries
 *
 *                      need ──> view ──┬── few groups: a list ───────────┐
 *                                      ├── many: a tree of groups ───────┼──> group ──> tree of entries ──> entry
 *                                      ├── not known: the rarest tag, ───┤
 *                                      │   or the tree of all groups     │
 *                                      └── too many: the index ──────────┘
 *
 * No answer makes or drops more of this than a slice: a tree or an index of many groups is made over several answers,
 * which are found without it. A tree is given up by one change of a number, the index by freeing its pages: 2 ms, where
 * a million groups are in it. Room for leaves is one block, which grows to twice as much, as a heap's does.
 */
#ifdef DTSS_POOL_STRAINED /* fleets of a few workers use everything: for the simulator, see the Makefile */
#define POOL_OR(usual, strained) (strained)
#else
#define POOL_OR(usual, strained) (usual)
#endif

enum {
	/* With fewer entries the plain scan takes 0.2 us, and nothing is kept. */
	POOL_SCAN_ENTRIES = POOL_OR(32, 2),
	/* A view of at most so many groups is a list, which costs nothing to keep. */
	POOL_LIST_GROUPS = POOL_OR(32, 1),
	/* Trees of views that a group is in without a block of its own for that. */
	POOL_GROUP_FEW = POOL_OR(3, 1),
	/* Trees of views that a group may be in: what one gift may have to change. */
	POOL_GROUP_VIEWS = POOL_OR(32, 4),
	/* Changes, for each group, that a tree may have saved up for times in which it is not asked. */
	POOL_VIEW_CREDIT = POOL_OR(16, 1),
	/* Leaves of all trees of views together, for each group. */
	POOL_VIEW_SHARE = POOL_OR(8, 1),
	/* Views that no need refers to, kept for the next who asks the same: half a MB at most. */
	POOL_VIEWS_IDLE = POOL_OR(1024, 8),
	/* A page of the index: 1 KB. */
	POOL_PAGE_ITEMS = POOL_OR(32, 4),
	POOL_INDEX_HEIGHT = 12,
	POOL_MODES = 2,
	/* Groups that an answer adds on the way to a tree: 1 ms where none of them is in a processor's cache; ... */
	POOL_SLICE = POOL_OR(1024, 1),
	/* ... and numbers of groups that it looks at, for each of these: 0.1 ms. */
	POOL_SLICE_LOOKS = POOL_OR(64, 2)
};

/* Values of pool_entry.group that are no group */
#define POOL_APART 0          /* not usable, and so nowhere */
#define POOL_LOOSE UINT32_MAX /* should be in a group, but there are few entries, or there was no memory */

/* Objects by number, from 1, with 64 bits each that say at a glance which cannot match (a Bloom filter of one hash). */
struct pool_slot {
	uint64_t signature; /* where item is NULL: the next free number */
	void *item;
};

struct pool_table {
	struct pool_slot *slots;
	uint32_t cap;
	uint32_t end;  /* all numbers are below */
	uint32_t free; /* 0: none */
	uint32_t count;
};

struct pool_post { /* a group that has the tag */
	uint32_t group;
	uint32_t signature;
};

struct pool_posts {
	struct pool_post *at;
	uint32_t count;
	uint32_t cap;
};

/* On the way through the groups that may satisfy a view. */
struct pool_walk {
	const struct pool_posts *posts; /* of its rarest tag; NULL: it has none, and these are all groups */
	uint32_t signature;
	uint32_t at;
	uint32_t end;
};

struct pool_in { /* a group's leaf in a view's tree */
	uint32_t view;
	uint32_t made; /* the view's, or the tree is gone */
	uint32_t at;
};

/* What an entry has or a need wants, as the engine keeps it. */
struct pool_traits {
	const uint32_t *tags;
	const struct pool_amount *amounts;
	uint32_t tag_count;
	uint32_t amount_count;
	uint32_t modes; /* bit set of 1 << enum pool_mode */
};

/* The same, as a group or a view keeps it: see pool_shape.c. */
struct pool_shape {
	uint32_t *names; /* behind the object, in its block */
	uint64_t hash;
	uint64_t signature;
	uint32_t modes;
	uint32_t tag_count;
	uint32_t resource_count;
	uint32_t name_cap;
};

/* Entries of one shape. */
struct pool_group {
	struct pool_tree tree; /* an entry a leaf */
	struct pool_shape shape;
	struct pool_rank indexed; /* as which it stands in the index; pool_rank_none(): it does not */
	struct pool_in *in;       /* in_few, as long as that is enough */
	uint32_t in_count;
	uint32_t in_cap;
	struct pool_in in_few[POOL_GROUP_FEW];
	uint32_t *posted; /* by tag; behind the names */
	uint32_t id;
};

enum pool_view_state {
	POOL_VIEW_OPEN = 0, /* its groups are not known */
	POOL_VIEW_LIST = 1, /* groups[] */
	POOL_VIEW_TREE = 2, /* groups[], and the best of them in the tree: leaf i is groups[i] */
	POOL_VIEW_FILL = 3  /* as TREE, of the groups below the cursor, and some more */
};

/* What needs of one shape share: they differ in amounts of the same magnitude only. */
struct pool_view {
	struct pool_tree tree;
	struct pool_shape shape;
	uint32_t *groups;
	uint32_t group_count;
	uint32_t group_cap;
	uint64_t walk;     /* steps from the top of all groups that an answer takes, on average */
	uint32_t steps;    /* that it takes through the groups of its rarest tag */
	uint32_t cursor;   /* FILL: all groups of lower numbers were looked at */
	uint64_t debt;     /* OPEN: steps that were too many; TREE: changes, less what its answers saved */
	uint32_t wanted;   /* OPEN: leaves that a tree would have, as far as that is known */
	uint32_t made;     /* of its tree: a number of its own; 0: it has none */
	uint32_t refusals; /* how often it was refused a tree */
	uint32_t id;
	uint32_t refs;
	uint32_t state;              /* enum pool_view_state */
	uint32_t whole;              /* 1: of all groups of a mode: no list, and never without its tree for long */
	struct pool_view *idle_next; /* while refs is 0, the oldest first */
	struct pool_view *idle_prev;
};

struct pool_page;

struct pool_item {
	struct pool_rank rank;
	uint64_t signature;
	union {
		struct pool_group *group; /* in a leaf */
		struct pool_page *page;
	} below;
};

struct pool_page {
	uint32_t count;
	uint32_t leaf;
	struct pool_page *next; /* among the spare ones */
	struct pool_item items[POOL_PAGE_ITEMS];
};

struct pool_index {
	struct pool_page *root; /* NULL: there is no index now */
	struct pool_page *spare;
	uint32_t spare_count;
	uint32_t height;
	uint32_t cursor;  /* groups of lower numbers are in it; UINT32_MAX: all, and it can be asked */
	uint64_t scanned; /* steps taken for lack of it and of a tree */
	uint64_t debt;    /* moves since it was last asked */
};

/* On the way through the index. */
struct pool_cursor {
	struct pool_page *page[POOL_INDEX_HEIGHT];
	uint32_t at[POOL_INDEX_HEIGHT];
	uint32_t depth;
	uint64_t steps;
	uint64_t most; /* of these */
};

struct pool {
	struct dtss_mem mem;
	struct pool_entry **entries; /* by slot; behind them, in the same block, a bit for each that is taken */
	uint64_t *taken;
	uint32_t cap;   /* a multiple of 64 */
	uint32_t slots; /* all that are taken are below */
	uint32_t hint;  /* all words of taken below are full */
	uint32_t count;
	uint32_t loose;
	uint32_t policy;
	uint32_t slice; /* POOL_SLICE; tests take less */
	struct pool_table groups;
	struct map group_map;
	struct pool_group *spare; /* for the next group that is made */
	struct pool_posts *posts; /* by tag */
	uint32_t posts_cap;
	struct pool_table views;
	struct map view_map;
	struct pool_view *idle_first;
	struct pool_view *idle_last;
	uint32_t idle_count;
	struct pool_view *whole[POOL_MODES];
	uint64_t leaves; /* of all trees of views, those of whole[] aside */
	uint64_t wanted; /* by views that have none, those that rest too: the ones of /api/v1 do between questions */
	uint32_t made;   /* trees, so far */
	struct pool_index index;
};

/* On the way to the best entry. */
struct pool_search {
	struct pool *pool;
	const struct pool_need *need;
	const struct pool_view *of; /* groups on the way need not satisfy this; NULL: they do */
	uint64_t left;              /* steps down trees that it may still take */
	struct pool_rank best;
};

/* It will be wanted soon. Where the compiler has no way to say so, nothing but time is lost. */
#ifdef __GNUC__
#define POOL_SOON(address) __builtin_prefetch(address)
#else
#define POOL_SOON(address) ((void)(address))
#endif

/* --- pool_scan.c --- */
struct pool_rank pool_rank_of(const struct pool *p,
			      const struct pool_entry *e); /* its tags aside, its modes considered */
uint32_t pool_modes(const struct pool_entry *e);
int pool_has_resources(const struct pool_entry *e, const struct pool_need *need);

/* --- pool_table.c --- */
void *pool_resize(const struct dtss_mem *mem, void *block, size_t from, size_t to); /* block may be NULL */
void pool_table_fini(struct pool_table *t, const struct dtss_mem *mem);
int pool_table_reserve(struct pool_table *t, const struct dtss_mem *mem);      /* for one more */
uint32_t pool_table_add(struct pool_table *t, uint64_t signature, void *item); /* room reserved before */
void pool_table_remove(struct pool_table *t, uint32_t id);

/* --- pool_shape.c --- */
struct pool_traits pool_traits_of_entry(const struct pool_entry *e);
struct pool_traits pool_traits_of_need(const struct pool_need *need);
uint32_t pool_shape_names(uint32_t tags, uint32_t resources); /* how many names there may be */
uint64_t pool_shape_hash(const struct pool_traits *t);
void pool_shape_make(struct pool_shape *s, const struct pool_traits *t);      /* names and name_cap are there */
int pool_shape_same(const struct pool_shape *s, const struct pool_traits *t); /* modes aside */
int pool_shape_same_resources(const struct pool_shape *s, const struct pool_traits *t);
int pool_shape_satisfies(const struct pool_shape *s, const struct pool_shape *wanted);
int pool_subset(const uint32_t *some, uint32_t some_count, const uint32_t *all, uint32_t all_count);

/* --- pool_group.c --- */
struct pool_group *pool_group_at(const struct pool *p, uint32_t id);
int pool_grouped(const struct pool_entry *e);
void pool_group_changed(struct pool *p, struct pool_group *g, struct pool_rank before); /* as which it ranked */
void pool_group_update(struct pool *p, struct pool_entry *e);

/* --- pool_join.c --- */
void pool_join(struct pool *p, struct pool_entry *e);  /* it becomes loose when there is no memory */
void pool_leave(struct pool *p, struct pool_entry *e); /* its tags may be new ones already; it is apart afterwards */
int pool_group_spare(struct pool *p, uint32_t names);  /* DTSS_E_NOMEM */
void pool_group_destroy_all(struct pool *p);

/* --- pool_posts.c --- */
int pool_posts_reserve(struct pool *p, const uint32_t *tags, uint32_t tag_count); /* for a group; DTSS_E_NOMEM */
void pool_posts_add(struct pool *p, struct pool_group *g);                        /* room reserved before */
void pool_posts_remove(struct pool *p, struct pool_group *g);
void pool_posts_fini(struct pool *p);
int pool_posts_check(const struct pool *p, const struct pool_group *g); /* 1: it stands where it should */
/* How many steps there will be. */
uint32_t pool_walk_begin(const struct pool *p, const struct pool_view *v, struct pool_walk *w);
/* The next group that satisfies the view, or NULL. */
struct pool_group *pool_walk_next(const struct pool *p, const struct pool_view *v, struct pool_walk *w);

/* --- pool_index.c --- */
int pool_index_reserve(struct pool *p); /* for an insertion; DTSS_E_NOMEM */
struct pool_page *pool_page_new(struct pool_index *x, uint32_t leaf);
int pool_index_insert(struct pool *p, struct pool_group *g); /* DTSS_E_NOMEM */
void pool_index_move(struct pool *p, struct pool_group *g);  /* to where its best entry ranks now, or out */
void pool_index_first(const struct pool_index *x, struct pool_cursor *c, uint64_t most);
/* The next group that satisfies the view; NULL: there is none, or it took that many steps. */
struct pool_group *pool_index_next(struct pool_cursor *c, const struct pool_view *v);

/* --- pool_grow.c --- */
void pool_index_grow(struct pool *p); /* a slice on the way to all groups; without memory there is none */
void pool_index_drop(struct pool *p);

/* --- pool_view.c --- */
struct pool_view *pool_view_get(struct pool *p, struct pool_need *need); /* NULL: no memory */
void pool_view_put(struct pool *p, struct pool_view *v);
void pool_view_make_whole(struct pool *p, uint32_t mode); /* a slice; without memory, some other time */
void pool_view_destroy_all(struct pool *p);

/* --- pool_member.c --- */
struct pool_group *pool_view_candidate(const struct pool *p, const struct pool_view *v,
				       uint32_t id);                                  /* or NULL: not for it */
struct pool_in *pool_group_in(const struct pool_group *g, const struct pool_view *v); /* NULL: not in its tree */
void pool_view_open(struct pool *p, struct pool_view *v);                             /* forgets its groups */
/* These are its groups, at most POOL_LIST_GROUPS. */
void pool_view_list(struct pool *p, struct pool_view *v, const uint32_t *groups, uint32_t count);
uint64_t pool_view_room(const struct pool *p); /* how many leaves more the trees may have */
void pool_view_want(struct pool *p, struct pool_view *v, uint32_t count);
void pool_view_grow(struct pool *p, struct pool_view *v); /* a slice on the way to a tree, if that is allowed */
void pool_view_group_added(struct pool *p, struct pool_group *g);
void pool_view_group_removed(struct pool *p, struct pool_group *g);
void pool_view_group_changed(struct pool *p, struct pool_group *g);

/* --- pool_open.c --- */
void pool_search_open(struct pool_search *s, struct pool_view *v);

/* --- pool_best.c --- */
void pool_search_group(struct pool_search *s, const struct pool_group *g);
void pool_search_tree(struct pool_search *s, const struct pool_tree *t, const struct pool_view *v);
struct pool_entry *pool_view_best(struct pool *p, struct pool_view *v, const struct pool_need *need);

#endif
