/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fault_store.h"

/* An operation that was submitted. Those that were lost are answered here, in their turn. */
struct fault_op {
	struct fault_op *next;
	uint64_t token;
	uint32_t type;
	int32_t result; /* 0: as the inner store says */
	int inner;      /* 1: the inner store has it */
	int late;       /* polls that still come back empty */
};

struct fault_store {
	struct dtss_store base;
	struct dtss_store *inner;
	struct fault_plan plan;
	uint64_t count;
	int32_t failed;
	struct fault_op *first;
	struct fault_op **last;
};

static struct fault_store *fault_of(struct dtss_store *store)
{
	return (struct fault_store *)store;
}

static int fault_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	struct dtss_store *inner = fault_of(store)->inner;

	return inner->ops->info(inner, ret_info);
}

static int fault_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct fault_store *f = fault_of(store);

	return f->failed ? f->failed : f->inner->ops->load(f->inner, ret_data, ret_len);
}

static enum fault_mode fault_next(struct fault_store *f, uint32_t type)
{
	if (f->plan.type != 0 && f->plan.type != type)
		return FAULT_NONE;
	f->count++;
	return f->count == f->plan.at || (f->plan.on && f->count > f->plan.at) ? f->plan.mode : FAULT_NONE;
}

static void fault_decide(struct fault_store *f, enum fault_mode mode, struct fault_op *o)
{
	o->inner = f->failed == 0 && mode != FAULT_NOSPC && mode != FAULT_UNKNOWN_LOST && mode != FAULT_IO;
	o->result = f->failed;
	if (mode == FAULT_NOSPC)
		o->result = DTSS_E_NOSPC;
	else if (mode == FAULT_UNKNOWN_LOST || mode == FAULT_UNKNOWN_APPLIED)
		o->result = DTSS_E_UNKNOWN;
	else if (mode == FAULT_IO || mode == FAULT_IO_APPLIED)
		o->result = f->failed = DTSS_E_IO;
	else if (mode == FAULT_LATE)
		o->late = FAULT_LATE_POLLS;
}

static int fault_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct fault_store *f = fault_of(store);
	enum fault_mode mode = fault_next(f, op->type);
	struct fault_op *o;
	int error = DTSS_OK;

	if (mode == FAULT_FULL || mode == FAULT_NOMEM)
		return mode == FAULT_FULL ? DTSS_E_FULL : DTSS_E_NOMEM;
	o = calloc(1, sizeof *o);
	ck_assert_ptr_nonnull(o);
	o->token = token;
	o->type = op->type;
	fault_decide(f, mode, o);
	if (o->inner)
		error = f->inner->ops->submit(f->inner, op, token);
	if (error < 0) {
		free(o);
		return error;
	}
	*f->last = o;
	f->last = &o->next;
	return DTSS_OK;
}

/* The answer of the inner store, or one of ours. */
static int fault_answer(struct fault_store *f, const struct fault_op *o, struct dtss_store_done *ret_done)
{
	if (o->inner && f->inner->ops->poll(f->inner, ret_done) != 1)
		return 0;
	if (!o->inner || o->result < 0) {
		memset(ret_done, 0, sizeof *ret_done);
		ret_done->size = sizeof *ret_done;
		ret_done->token = o->token;
		ret_done->type = o->type;
		ret_done->result = o->result;
	}
	ck_assert_uint_eq(ret_done->token, o->token);
	return 1;
}

static int fault_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct fault_store *f = fault_of(store);
	struct fault_op *o = f->first;

	if (o == NULL || (o->late > 0 && o->late--) || !fault_answer(f, o, ret_done))
		return 0;
	f->first = o->next;
	if (f->first == NULL)
		f->last = &f->first;
	free(o);
	return 1;
}

static int fault_fd(struct dtss_store *store)
{
	struct dtss_store *inner = fault_of(store)->inner;

	return inner->ops->fd(inner);
}

static void fault_close(struct dtss_store *store)
{
	struct fault_store *f = fault_of(store);
	struct fault_op *o;

	while ((o = f->first) != NULL) {
		f->first = o->next;
		free(o);
	}
	f->inner->ops->close(f->inner);
	free(f);
}

static const struct dtss_store_ops fault_ops = {
	sizeof(struct dtss_store_ops), "fault", fault_info, fault_load, fault_submit, fault_poll, fault_fd, fault_close
};

struct dtss_store *fault_store_wrap(struct dtss_store *inner)
{
	struct fault_store *f = calloc(1, sizeof *f);

	ck_assert_ptr_nonnull(f);
	f->base.ops = &fault_ops;
	f->inner = inner;
	f->last = &f->first;
	return &f->base;
}

void fault_store_plan(struct dtss_store *store, const struct fault_plan *plan)
{
	struct fault_store *f = fault_of(store);

	ck_assert_ptr_eq(store->ops, &fault_ops);
	f->plan = *plan;
	f->count = 0;
}

uint64_t fault_store_count(const struct dtss_store *store)
{
	return ((const struct fault_store *)store)->count;
}
