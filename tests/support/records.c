/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "records.h"

void records_init(struct records *r)
{
	memset(r, 0, sizeof *r);
}

static void row_free(struct records_row *row)
{
	free((void *)row->record.key);
	free((void *)row->record.data);
	free(row);
}

void records_fini(struct records *r)
{
	size_t i;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		while (r->bucket[i]) {
			struct records_row *row = r->bucket[i];

			r->bucket[i] = row->next;
			row_free(row);
		}
	records_init(r);
}

/* All records of one task stand in one bucket. */
static size_t records_at(const struct dtss_record *record)
{
	const unsigned char *p = record->key;
	size_t at = (size_t)record->id, i;

	for (i = 0; i < record->key_len; i++)
		at = at * 31 + p[i];
	return at % RECORDS_BUCKETS;
}

static int row_is(const struct records_row *row, const struct dtss_record *record)
{
	const struct dtss_record *have = &row->record;

	return have->kind == record->kind && have->id == record->id && have->sub == record->sub &&
	       have->key_len == record->key_len &&
	       (!have->key_len || memcmp(have->key, record->key, have->key_len) == 0);
}

static int row_of_task(const struct records_row *row, uint64_t id)
{
	return row->record.id == id && row->record.kind >= DTSS_RECORD_TASK && row->record.kind <= DTSS_RECORD_ATTEMPT;
}

static void *copy_of(const void *data, size_t len)
{
	void *copy = malloc(len + 1);

	ck_assert_ptr_nonnull(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static void records_drop(struct records *r, const struct dtss_record *record)
{
	struct records_row **p = &r->bucket[records_at(record)];
	int task = record->kind == DTSS_RECORD_TASK && (record->flags & DTSS_RECORD_DONE);

	while (*p) {
		struct records_row *row = *p;

		if (!row_is(row, record) && !(task && row_of_task(row, record->id))) {
			p = &row->next;
			continue;
		}
		*p = row->next;
		row_free(row);
		r->count--;
	}
}

static void records_put(struct records *r, const struct dtss_record *record)
{
	struct records_row *row = malloc(sizeof *row);
	size_t at = records_at(record);

	ck_assert_ptr_nonnull(row);
	row->record = *record;
	row->record.key = copy_of(record->key, record->key_len);
	row->record.data = copy_of(record->data, record->len);
	row->next = r->bucket[at];
	r->bucket[at] = row;
	r->count++;
}

void records_write(struct records *r, const struct dtss_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->record_count; i++) {
		records_drop(r, &batch->records[i]);
		if (!(batch->records[i].flags & (DTSS_RECORD_DONE | DTSS_RECORD_DELETE)))
			records_put(r, &batch->records[i]);
	}
}

int records_load(const struct records *r, struct dtss_sched *s)
{
	const struct records_row *row;
	int error = 0;
	size_t i;

	for (i = 0; i < RECORDS_BUCKETS; i++)
		for (row = r->bucket[i]; row && !error; row = row->next)
			error = dtss_sched_load(s, row->record.data, row->record.len);
	return error;
}
