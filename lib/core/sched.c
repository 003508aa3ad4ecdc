/* SPDX-License-Identifier: MIT */
#include "core/config.h"
#include "core/engine.h"

void *sched_alloc(struct dtss_sched *s, size_t size)
{
	DTSS_ASSERT(size > 0);
	return s->mem.alloc(s->mem.ctx, size);
}

void sched_free(struct dtss_sched *s, void *block, size_t size)
{
	if (block)
		s->mem.release(s->mem.ctx, block, size);
}

int sched_grow(struct dtss_sched *s, void **array, size_t *cap, size_t want, size_t element)
{
	size_t more = *cap ? *cap : 16;
	void *block;

	if (want <= *cap)
		return 0;
	while (more < want)
		more *= 2;
	block = *array ? s->mem.realloc(s->mem.ctx, *array, *cap * element, more * element) :
			 sched_alloc(s, more * element);
	if (!block)
		return DTSS_E_NOMEM;
	*array = block;
	*cap = more;
	return 0;
}

void *sched_view_room(struct dtss_sched *s, size_t size)
{
	if (sched_grow(s, &s->view, &s->view_cap, size ? size : 1, 1) != 0)
		return NULL;
	return s->view;
}

int sched_problem(struct dtss_sched *s, int error, const char *field, const char *expected, size_t index)
{
	DTSS_ASSERT(error < 0);
	DTSS_ASSERT(field != NULL && expected != NULL);
	s->problem.field = field;
	s->problem.expected = expected;
	s->problem.index = index;
	return error;
}

void dtss_sched_problem(const struct dtss_sched *s, struct dtss_problem *ret_problem)
{
	*ret_problem = s->problem;
}

int dtss_sched_create(struct dtss_sched **ret_sched, const struct dtss_config *cfg, const struct dtss_mem *mem)
{
	struct dtss_config c;
	struct dtss_sched *s;

	DTSS_ASSERT(ret_sched);
	DTSS_ASSERT(mem);
	memset(&c, 0, sizeof c);
	if (cfg && size_import(&c, sizeof c, cfg) != 0)
		return DTSS_E_INVALID;
	config_defaults(&c);
	if (!config_valid(&c))
		return DTSS_E_INVALID;
	s = mem->alloc(mem->ctx, sizeof *s);
	if (!s)
		return DTSS_E_NOMEM;
	memset(s, 0, sizeof *s);
	s->mem = *mem;
	s->cfg = c;
	s->key0 = hash_word(c.seed + 1);
	s->key1 = hash_word(c.seed + 2);
	s->meta.next_task = 1;
	s->meta.next_worker = 1;
	ids_init(&s->tasks);
	map_init(&s->keys);
	map_init(&s->workers);
	map_init(&s->queues);
	map_init(&s->needs);
	map_init(&s->policies);
	interns_init(&s->names, s->key0, s->key1);
	interns_init(&s->tags, s->key0, s->key1);
	interns_init(&s->resources, s->key0, s->key1);
	wheel_init(&s->wheel, 0);
	if (pool_create(&s->pool, mem, c.placement) != 0) {
		mem->release(mem->ctx, s, sizeof *s);
		return DTSS_E_NOMEM;
	}
	*ret_sched = s;
	return 0;
}

static void sched_drop_open(struct dtss_sched *s)
{
	size_t i;

	for (i = 0; i < s->open.key_count; i++)
		if (s->open.keys[i]->gone)
			key_free(s, s->open.keys[i]);
	for (i = 0; i < s->open.worker_count; i++)
		if (s->open.workers[i]->gone)
			worker_free(s, s->open.workers[i]);
	sched_free(s, s->open.tasks, s->open.task_cap * sizeof *s->open.tasks);
	sched_free(s, s->open.workers, s->open.worker_cap * sizeof *s->open.workers);
	sched_free(s, s->open.keys, s->open.key_cap * sizeof *s->open.keys);
	sched_free(s, s->open.events, s->open.event_cap * sizeof *s->open.events);
	sched_free(s, s->closed.records, s->closed.record_cap * sizeof *s->closed.records);
	sched_free(s, s->closed.events, s->closed.event_cap * sizeof *s->closed.events);
	sched_free(s, s->closed.bytes, s->closed.cap);
	for (i = 0; i < s->ring.count; i++) {
		const struct pending *p = &s->ring.at[(s->ring.head + i) & (s->ring.cap - 1)];

		if (p->type)
			intern_put(&s->names, &s->mem, p->u.message.worker);
	}
	sched_free(s, s->ring.at, s->ring.cap * sizeof *s->ring.at);
	intern_put(&s->names, &s->mem, s->action_worker);
}

static void sched_drop_tasks(struct dtss_sched *s)
{
	struct task *t;
	uint64_t at;

	/* unlink first: nothing may point to a task that is gone */
	for (at = 0; (t = ids_walk(&s->tasks, &at)) != NULL;)
		t->children = NULL;
	for (at = 0; (t = ids_walk(&s->tasks, &at)) != NULL;) {
		ids_clear(&s->tasks, &s->mem, t->ready.id);
		task_unlink_live(t);
		if (t->ready.queued)
			dispatch_unqueue(s, t);
		task_free(s, t);
	}
}

void dtss_sched_destroy(struct dtss_sched *s)
{
	struct dtss_mem mem;
	size_t cursor = 0;
	void *item;

	if (!s)
		return;
	mem = s->mem;
	sched_drop_open(s);
	sched_drop_tasks(s);
	while (map_next(&s->keys, &cursor, &item))
		key_free(s, item);
	while (s->first_worker) {
		struct worker *w = s->first_worker;

		worker_extract(s, w);
		worker_free(s, w);
	}
	sched_free(s, s->heap, s->heap_cap * sizeof *s->heap);
	dtss_spec_free(s->view_spec, &mem);
	sched_free(s, s->view, s->view_cap);
	sched_free(s, s->scratch, s->scratch_cap);
	ids_fini(&s->tasks, &mem);
	map_fini(&s->keys, &mem);
	map_fini(&s->workers, &mem);
	map_fini(&s->queues, &mem);
	map_fini(&s->needs, &mem);
	map_fini(&s->policies, &mem);
	interns_fini(&s->names, &mem);
	interns_fini(&s->tags, &mem);
	interns_fini(&s->resources, &mem);
	pool_destroy(s->pool);
	mem.release(mem.ctx, s, sizeof *s);
}
