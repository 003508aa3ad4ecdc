/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "core/hash.h"
#include "store/memory.h"

enum memory_phase { MEMORY_PHASE_META = 0, MEMORY_PHASE_TASKS = 1, MEMORY_PHASE_NAMED = 2 };

static int memory_rows_is_task(const struct dtss_record *r)
{
	return r->kind == DTSS_RECORD_TASK || r->kind == DTSS_RECORD_SPEC || r->kind == DTSS_RECORD_ATTEMPT;
}

static uint64_t memory_rows_hash(const struct dtss_record *r)
{
	return hash_bytes(0, r->kind, r->key, r->key_len);
}

static int memory_rows_task_equal(const void *item, const void *key)
{
	return ((const struct memory_task *)item)->id == *(const uint64_t *)key;
}

static int memory_rows_named_equal(const void *item, const void *key)
{
	const struct dtss_record *a = &((const struct memory_row *)item)->record, *b = key;

	return a->kind == b->kind && a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* Four neighbours stand in one cache line: they come, change and go together. */
static uint64_t memory_rows_task_hash(uint64_t id)
{
	return (hash_word(id / 4) & ~UINT64_C(3)) | id % 4;
}

struct memory_task *memory_rows_task(const struct memory_rows *m, uint64_t id)
{
	return map_find(&m->tasks, memory_rows_task_hash(id), memory_rows_task_equal, &id);
}

static void memory_rows_fill(struct memory_row *row, const struct dtss_record *r)
{
	unsigned char *bytes = (unsigned char *)(row + 1);

	row->claimed = 0;
	row->record = *r;
	memcpy(bytes, r->data, r->len);
	row->record.data = bytes;
	if (r->key_len > 0)
		memcpy(bytes + r->len, r->key, r->key_len);
	row->record.key = r->key_len > 0 ? bytes + r->len : NULL;
}

static struct memory_row *memory_rows_new(const struct dtss_mem *mem, const struct dtss_record *r)
{
	struct memory_row *row = mem->alloc(mem->ctx, sizeof *row + r->len + r->key_len);

	if (row == NULL)
		return NULL;
	memset(row, 0, sizeof *row);
	memory_rows_fill(row, r);
	return row;
}

static void memory_rows_free(const struct dtss_mem *mem, struct memory_row *row)
{
	if (row != NULL)
		mem->release(mem->ctx, row, sizeof *row + row->record.len + row->record.key_len);
}

/* Room in the map was reserved. */
static struct memory_task *memory_rows_task_make(struct memory_rows *m, const struct dtss_mem *mem, uint64_t id)
{
	struct memory_task *t = mem->alloc(mem->ctx, sizeof *t);

	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof *t);
	t->id = id;
	map_insert(&m->tasks, memory_rows_task_hash(id), t);
	return t;
}

static void memory_rows_task_free(const struct dtss_mem *mem, struct memory_task *t)
{
	struct memory_row *row, *before;

	memory_rows_free(mem, t->task);
	memory_rows_free(mem, t->spec);
	for (row = t->attempts; row != NULL; row = before) {
		before = row->before;
		memory_rows_free(mem, row);
	}
	mem->release(mem->ctx, t, sizeof *t);
}

static void memory_rows_task_drop(struct memory_rows *m, const struct dtss_mem *mem, struct memory_task *t)
{
	DTSS_ASSERT(memory_rows_task(m, t->id) == t);
	if (t->done)
		memory_history_remove(&m->history, t);
	map_remove(&m->tasks, memory_rows_task_hash(t->id), t);
	memory_rows_task_free(mem, t);
}

static void memory_rows_task_drop_empty(struct memory_rows *m, const struct dtss_mem *mem, uint64_t id)
{
	struct memory_task *t = memory_rows_task(m, id);

	if (t != NULL && t->task == NULL && t->spec == NULL && t->attempts == NULL)
		memory_rows_task_drop(m, mem, t);
}

/*
 * What a record comes to: its task, and the row that will hold it. Records that change mostly keep their length: then the
 * row that is there is claimed, and written over when nothing can go wrong any more.
 */
struct memory_fresh {
	struct memory_task *task; /* NULL: it is of none */
	struct memory_row *row;   /* NULL: it is dropped */
};

static struct memory_row *memory_rows_claim(struct memory_rows *m, const struct memory_task *t,
					    const struct dtss_record *r)
{
	struct memory_row *row = NULL;

	if (r->kind == DTSS_RECORD_META)
		row = m->meta;
	else if (r->kind == DTSS_RECORD_TASK)
		row = t->task;
	else if (r->kind == DTSS_RECORD_ATTEMPT)
		for (row = t->attempts; row != NULL && row->record.sub != r->sub;)
			row = row->before;
	if (row == NULL || row->claimed || row->record.len != r->len || r->key_len > 0)
		return NULL;
	row->claimed = 1;
	return row;
}

static void memory_rows_abort(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *records,
			      size_t count, struct memory_fresh *fresh)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (fresh[i].row != NULL && fresh[i].row->claimed)
			fresh[i].row->claimed = 0;
		else
			memory_rows_free(mem, fresh[i].row);
		if (memory_rows_is_task(&records[i]))
			memory_rows_task_drop_empty(m, mem, records[i].id);
	}
}

/* before: what the record in front of it came to, which is mostly of the same task. */
static int memory_rows_prepare_one(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *r,
				   struct memory_task *before, struct memory_fresh *f)
{
	int dropped = (r->flags & DTSS_RECORD_DELETE) != 0;

	if (memory_rows_is_task(r)) {
		f->task = before != NULL && before->id == r->id ? before : memory_rows_task(m, r->id);
		if (f->task == NULL && !dropped)
			f->task = memory_rows_task_make(m, mem, r->id);
		if (f->task == NULL)
			return dropped ? DTSS_OK : DTSS_E_NOMEM;
	}
	if (dropped)
		return DTSS_OK;
	f->row = memory_rows_claim(m, f->task, r);
	if (f->row == NULL)
		f->row = memory_rows_new(mem, r);
	return f->row != NULL ? DTSS_OK : DTSS_E_NOMEM;
}

/* Copies the records, and gets all the room that installing them takes. */
static int memory_rows_prepare(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *records,
			       size_t count, struct memory_fresh *fresh)
{
	size_t i, done = 0;
	int error;

	memset(fresh, 0, count * sizeof fresh[0]);
	for (i = 0; i < count; i++)
		done += (records[i].flags & DTSS_RECORD_DONE) != 0;
	error = map_reserve(&m->tasks, mem, count);
	if (error == DTSS_OK)
		error = map_reserve(&m->named, mem, count);
	if (error == DTSS_OK)
		error = memory_history_reserve(&m->history, mem, done);
	for (i = 0; i < count && error == DTSS_OK; i++)
		error = memory_rows_prepare_one(m, mem, &records[i], i > 0 ? fresh[i - 1].task : NULL, &fresh[i]);
	if (error < 0)
		memory_rows_abort(m, mem, records, count, fresh);
	return error;
}

/* row takes the place of *at; NULL: the place becomes empty. One that is claimed still has its own record to come. */
static void memory_rows_put(const struct dtss_mem *mem, struct memory_row **at, struct memory_row *row)
{
	struct memory_row *old = *at;

	*at = row;
	if (old != NULL && old != row && !old->claimed)
		memory_rows_free(mem, old);
}

static void memory_rows_put_attempt(const struct dtss_mem *mem, struct memory_task *t, uint32_t sub,
				    struct memory_row *row)
{
	struct memory_row **at = &t->attempts, *before;

	while (*at != NULL && (*at)->record.sub > sub)
		at = &(*at)->before;
	before = *at;
	if (before != NULL && before->record.sub == sub) {
		before = before->before;
		memory_rows_put(mem, at, row != NULL ? row : before);
	} else if (row != NULL) {
		*at = row;
	}
	if (row != NULL)
		row->before = before;
}

static void memory_rows_put_task(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *r,
				 const struct memory_fresh *f)
{
	struct memory_task *t = f->task;

	DTSS_ASSERT(t != NULL || f->row == NULL);
	if (t == NULL)
		return;
	if (r->kind == DTSS_RECORD_ATTEMPT)
		memory_rows_put_attempt(mem, t, r->sub, f->row);
	else
		memory_rows_put(mem, r->kind == DTSS_RECORD_TASK ? &t->task : &t->spec, f->row);
	if (f->row != NULL && r->kind == DTSS_RECORD_TASK && (r->flags & DTSS_RECORD_DONE) && !t->done)
		memory_history_add(&m->history, t);
}

static void memory_rows_put_named(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *r,
				  struct memory_row *row)
{
	uint64_t hash = memory_rows_hash(r);
	struct memory_row *old = map_find(&m->named, hash, memory_rows_named_equal, r);

	if (old != NULL) {
		map_remove(&m->named, hash, old);
		memory_rows_free(mem, old);
	}
	if (row != NULL)
		map_insert(&m->named, hash, row);
}

static void memory_rows_install(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *r,
				const struct memory_fresh *f)
{
	DTSS_ASSERT(r->kind >= DTSS_RECORD_META && r->kind <= DTSS_RECORD_WORKER);
	DTSS_ASSERT((f->row == NULL) == ((r->flags & DTSS_RECORD_DELETE) != 0));
	if (f->row != NULL && f->row->claimed)
		memory_rows_fill(f->row, r);
	if (r->kind == DTSS_RECORD_META)
		memory_rows_put(mem, &m->meta, f->row);
	else if (memory_rows_is_task(r))
		memory_rows_put_task(m, mem, r, f);
	else
		memory_rows_put_named(m, mem, r, f->row);
}

/* Tasks go last: until then the records of the batch point to them. */
static void memory_rows_drop(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *records,
			     size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memory_rows_is_task(&records[i]) && (records[i].flags & DTSS_RECORD_DELETE))
			memory_rows_task_drop_empty(m, mem, records[i].id);
	while (m->history.count > DTSS_MEMORY_HISTORY_MAX)
		memory_rows_task_drop(m, mem, m->history.oldest);
}

int memory_rows_commit(struct memory_rows *m, const struct dtss_mem *mem, const struct dtss_record *records,
		       size_t count)
{
	struct memory_fresh *fresh;
	size_t i;
	int error;

	if (count == 0)
		return DTSS_OK;
	fresh = count > SIZE_MAX / sizeof fresh[0] ? NULL : mem->alloc(mem->ctx, count * sizeof fresh[0]);
	if (fresh == NULL)
		return DTSS_E_NOMEM;
	error = memory_rows_prepare(m, mem, records, count, fresh);
	for (i = 0; i < count && error == DTSS_OK; i++)
		memory_rows_install(m, mem, &records[i], &fresh[i]);
	mem->release(mem->ctx, fresh, count * sizeof fresh[0]);
	if (error == DTSS_OK)
		memory_rows_drop(m, mem, records, count);
	return error;
}

size_t memory_rows_of(const struct memory_task *t, struct dtss_record *records, size_t cap)
{
	const struct memory_row *row;
	size_t count = 0, at;

	if (t->task != NULL && count++ < cap)
		records[0] = t->task->record;
	if (t->spec != NULL && count++ < cap)
		records[count - 1] = t->spec->record;
	for (row = t->attempts; row != NULL; row = row->before)
		count++;
	for (row = t->attempts, at = count; row != NULL; row = row->before) {
		if (--at < cap)
			records[at] = row->record;
	}
	return count;
}

/* After row, NULL for the first: TASK, SPEC, then the attempts. NULL at the end. */
static struct memory_row *memory_rows_step(const struct memory_task *t, const struct memory_row *row)
{
	if (row == NULL && t->task != NULL)
		return t->task;
	if ((row == NULL || row == t->task) && t->spec != NULL)
		return t->spec;
	return row == NULL || row == t->task || row == t->spec ? t->attempts : row->before;
}

static const struct memory_row *memory_rows_next_live(const struct memory_rows *m, struct memory_cursor *cursor)
{
	void *item;

	for (;;) {
		if (cursor->task != NULL) {
			cursor->row = memory_rows_step(cursor->task, cursor->row);
			if (cursor->row != NULL)
				return cursor->row;
		}
		do {
			if (!map_next(&m->tasks, &cursor->slot, &item))
				return NULL;
			cursor->task = item;
		} while (cursor->task->done);
	}
}

const struct memory_row *memory_rows_next(const struct memory_rows *m, struct memory_cursor *cursor)
{
	const struct memory_row *row;
	void *item;

	if (cursor->phase == MEMORY_PHASE_META) {
		cursor->phase = MEMORY_PHASE_TASKS;
		if (m->meta != NULL)
			return m->meta;
	}
	if (cursor->phase == MEMORY_PHASE_TASKS) {
		row = memory_rows_next_live(m, cursor);
		if (row != NULL)
			return row;
		cursor->phase = MEMORY_PHASE_NAMED;
		cursor->slot = 0;
	}
	return map_next(&m->named, &cursor->slot, &item) ? item : NULL;
}

void memory_rows_init(struct memory_rows *m)
{
	memset(m, 0, sizeof *m);
	map_init(&m->tasks);
	map_init(&m->named);
}

void memory_rows_fini(struct memory_rows *m, const struct dtss_mem *mem)
{
	size_t cursor = 0;
	void *item;

	while (map_next(&m->tasks, &cursor, &item))
		memory_rows_task_free(mem, item);
	for (cursor = 0; map_next(&m->named, &cursor, &item);)
		memory_rows_free(mem, item);
	memory_rows_free(mem, m->meta);
	map_fini(&m->tasks, mem);
	map_fini(&m->named, mem);
	memory_history_fini(&m->history, mem);
}
