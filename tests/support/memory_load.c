/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/engine.h"
#include "support/memory_case.h"

/* Create, load, lead and apply: of another engine than the one that decides. */
static struct engine *e;
static struct dtss_sched *other;
static struct fail_mem other_mem;
static struct dtss_batch batch;
static const struct dtss_record *rows[512];
static size_t row_count, row_next;

static struct fail_mem *other_open(const struct memory_case *c)
{
	size_t i;

	(void)c;
	e = memory_core_world();
	for (i = row_count = row_next = 0; i < RECORDS_BUCKETS; i++) {
		const struct records_row *row;

		for (row = e->records.bucket[i]; row; row = row->next)
			rows[row_count++] = &row->record;
	}
	fail_mem_init(&other_mem, 0);
	ck_assert_int_eq(dtss_sched_create(&other, NULL, &other_mem.mem), 0);
	return &other_mem;
}

static void other_close(void)
{
	dtss_sched_destroy(other);
	memory_core_close();
}

static uint64_t other_trace(void)
{
	return dtss_sched_digest_all(other);
}

static int verb_create(const struct memory_case *c)
{
	struct dtss_sched *s;
	int error = dtss_sched_create(&s, NULL, &other_mem.mem);

	(void)c;
	if (error == 0)
		dtss_sched_destroy(s);
	return error;
}

static int verb_load(const struct memory_case *c)
{
	(void)c;
	for (; row_next < row_count; row_next++) {
		uint64_t before = other_trace();
		int error = dtss_sched_load(other, rows[row_next]->data, rows[row_next]->len);

		if (error < 0) {
			ck_assert_uint_eq(other_trace(), before);
			return error;
		}
	}
	return 0;
}

static struct fail_mem *lead_open(const struct memory_case *c)
{
	struct fail_mem *mem = other_open(c);

	ck_assert_int_eq(verb_load(c), 0);
	return mem;
}

static int verb_lead(const struct memory_case *c)
{
	(void)c;
	return dtss_sched_lead(other, e->now, 9);
}

/* The standby of the rig; it is thrown away after an error, and made again. */
static struct fail_mem *apply_open(const struct memory_case *c)
{
	(void)c;
	e = memory_core_world();
	engine_task(e, "seven");
	ck_assert_int_eq(dtss_sched_cancel(e->s, e->now, (dtss_task_id){ 1 }, NULL), 0);
	ck_assert_int_eq(dtss_sched_drain(e->s, e->now, "b"), 0);
	ck_assert_int_eq(dtss_sched_batch(e->s, &batch), 1);
	return &e->standby_mem;
}

static int verb_apply(const struct memory_case *c)
{
	int error;

	(void)c;
	if (e->standby == NULL) {
		ck_assert_int_eq(dtss_sched_create(&e->standby, NULL, &e->standby_mem.mem), 0);
		ck_assert_int_eq(records_load(&e->records, e->standby), 0);
	}
	error = dtss_sched_apply(e->standby, &batch);
	if (error < 0) {
		dtss_sched_destroy(e->standby);
		ck_assert_uint_eq(e->standby_mem.bytes, 0);
		e->standby = NULL;
		return error;
	}
	ck_assert_uint_eq(dtss_sched_digest(e->standby), dtss_sched_digest(e->s));
	return 0;
}

static void apply_close(void)
{
	records_write(&e->records, &batch);
	e->closed = batch.last_seq;
	engine_stored(e);
	memory_core_close();
}

const struct memory_case memory_load[] = {
	{ "create", other_open, verb_create, NULL, other_close, 0, 0 },
	{ "load", other_open, verb_load, NULL, other_close, 0, 0 },
	{ "lead", lead_open, verb_lead, other_trace, other_close, 0, 0 },
	{ "apply", apply_open, verb_apply, NULL, apply_close, 0, 0 },
};
const size_t memory_load_count = sizeof memory_load / sizeof *memory_load;
