/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/support/tape.h"
#include "core/check.h"

static struct tape *tape_of(struct dtss_store *store)
{
	return (struct tape *)(void *)store;
}

static void *tape_grow(void *array, size_t *cap, size_t want, size_t size)
{
	void *grown;

	if (want <= *cap)
		return array;
	*cap = want + *cap;
	grown = realloc(array, *cap * size);
	bench_must(grown != NULL ? 0 : DTSS_E_NOMEM, "tape");
	return grown;
}

/* Gives an offset, in the shape of a pointer, until nothing moves any more. */
static const void *tape_bytes(struct tape *t, const void *data, size_t len)
{
	size_t at = t->len;

	t->bytes = tape_grow(t->bytes, &t->cap, t->len + len, 1);
	memcpy(t->bytes + t->len, data, len);
	t->len += len;
	return (const void *)(uintptr_t)at;
}

static void tape_batch_add(struct tape *t, const struct dtss_batch *batch)
{
	uint64_t ns = bench_ns(), cpu_ns = bench_cpu_ns();
	struct tape_batch *b;
	size_t i;

	t->batches = tape_grow(t->batches, &t->batch_cap, t->batch_count + 1, sizeof *t->batches);
	t->records = tape_grow(t->records, &t->record_cap, t->record_count + batch->record_count, sizeof *t->records);
	b = &t->batches[t->batch_count++];
	b->from = t->record_count;
	b->to = t->record_count + batch->record_count;
	b->epoch = batch->epoch;
	b->seq = batch->last_seq;
	for (i = 0; i < batch->record_count; i++) {
		struct dtss_record *r = &t->records[t->record_count++];

		*r = batch->records[i];
		r->data = tape_bytes(t, r->data, r->len);
		if (r->key != NULL)
			r->key = tape_bytes(t, r->key, r->key_len);
	}
	t->ns += bench_ns() - ns;
	t->cpu_ns += bench_cpu_ns() - cpu_ns;
}

void tape_play(struct tape *t)
{
	size_t i;

	for (i = 0; i < t->record_count; i++) {
		t->records[i].data = t->bytes + (uintptr_t)t->records[i].data;
		if (t->records[i].key_len > 0)
			t->records[i].key = t->bytes + (uintptr_t)t->records[i].key;
	}
}

void tape_forget(struct tape *t)
{
	t->record_count = t->batch_count = t->len = 0;
	t->ns = t->cpu_ns = 0;
}

void tape_fini(struct tape *t)
{
	free(t->records);
	free(t->batches);
	free(t->bytes);
	memset(t, 0, sizeof *t);
}

/* ---- the vtable ---- */

static int tape_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	struct dtss_store *inner = tape_of(store)->inner;

	return inner->ops->info(inner, ret_info);
}

static int tape_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct dtss_store *inner = tape_of(store)->inner;

	return inner->ops->load(inner, ret_data, ret_len);
}

static int tape_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct tape *t = tape_of(store);

	if (op->type == DTSS_STORE_COMMIT)
		tape_batch_add(t, op->u.commit);
	return t->inner->ops->submit(t->inner, op, token);
}

static int tape_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct dtss_store *inner = tape_of(store)->inner;

	return inner->ops->poll(inner, ret_done);
}

static int tape_fd(struct dtss_store *store)
{
	struct dtss_store *inner = tape_of(store)->inner;

	return inner->ops->fd(inner);
}

static void tape_close(struct dtss_store *store)
{
	struct dtss_store *inner = tape_of(store)->inner;

	inner->ops->close(inner);
}

static const struct dtss_store_ops tape_ops = {
	sizeof(struct dtss_store_ops), "tape", tape_info, tape_load, tape_submit, tape_poll, tape_fd, tape_close
};

struct dtss_store *tape_open(struct tape *t, struct dtss_store *inner)
{
	DTSS_ASSERT(inner != NULL);
	memset(t, 0, sizeof *t);
	t->base.ops = &tape_ops;
	t->inner = inner;
	return &t->base;
}
