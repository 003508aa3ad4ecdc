/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/fuzz.h"

/*
 * The rows of a task, as a store gives them: the input is a row of records, each behind its length (two bytes). A byte in
 * front makes the first of them tell another kind than it has, as a store that confuses its columns would.
 */
#define ROWS_MAX 40

struct rows {
	struct dtss_record records[ROWS_MAX];
	uint8_t *bytes[ROWS_MAX];
	size_t count;
};

static void read_rows(struct rows *rows, struct fuzz_in *in)
{
	uint8_t kind = fuzz_byte(in);

	for (rows->count = 0; in->left > 0 && rows->count < ROWS_MAX; rows->count++) {
		struct dtss_record *record = &rows->records[rows->count];
		size_t want = fuzz_u16(in), len;
		const uint8_t *p = fuzz_take(in, want, &len);
		uint8_t *copy = fuzz_copy(p, len);

		fuzz_seal_record(copy, len);
		memset(record, 0, sizeof *record);
		if (dtss_record_peek(copy, len, record) != DTSS_OK) {
			record->kind = len > 5 ? copy[5] : 0;
			record->data = copy;
			record->len = len;
		}
		rows->bytes[rows->count] = copy;
	}
	if (rows->count > 0 && kind)
		rows->records[0].kind = kind;
}

static int matches(const struct dtss_task_filter *filter, const struct dtss_task_view *view)
{
	const struct dtss_task_spec *spec = view->spec;
	size_t i;

	if (filter->states && !(filter->states & (uint32_t)1 << view->state))
		return 0;
	if ((filter->queue && strcmp(filter->queue, spec->queue) != 0) ||
	    (filter->name && strcmp(filter->name, spec->name) != 0))
		return 0;
	for (i = 0; filter->label_name && i < spec->label_count; i++)
		if (strcmp(spec->labels[i].name, filter->label_name) == 0)
			return !filter->label_value || strcmp(spec->labels[i].value, filter->label_value) == 0;
	return !filter->label_name;
}

static void look(const struct dtss_task_view *view, const struct rows *rows, size_t used)
{
	struct dtss_task_filter filter = { .states = (uint32_t)1 << view->state };
	size_t i;

	ck_assert_uint_eq(used, 2 + view->attempt_count);
	ck_assert_uint_le(used, rows->count);
	ck_assert_uint_eq(view->id.v, rows->records[1].id);
	ck_assert(view->state >= DTSS_TASK_BLOCKED && view->state < DTSS_TASK_STATES);
	ck_assert_int_eq(dtss_spec_check(view->spec, NULL), DTSS_OK);
	for (i = 0; i < view->attempt_count; i++) {
		ck_assert_uint_eq(view->attempts[i].attempt, rows->records[2 + i].sub);
		ck_assert_ptr_nonnull(view->attempts[i].worker);
	}
	ck_assert_int_eq(dtss_task_filter_match(&filter, view), 1);
	filter.queue = view->spec->name;
	filter.name = view->spec->queue;
	ck_assert_int_eq(dtss_task_filter_match(&filter, view), matches(&filter, view));
	filter = (struct dtss_task_filter){ .label_name = "l", .label_value = "v" };
	ck_assert_int_eq(dtss_task_filter_match(&filter, view), matches(&filter, view));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct dtss_task_view *view = NULL;
	struct fail_mem memory;
	struct rows rows;
	size_t used = 0, at;
	int error;

	read_rows(&rows, &in);
	for (at = 0; at <= 2; at++) { /* also without the first or second block of memory */
		fail_mem_init(&memory, at);
		view = NULL;
		error = dtss_task_view_decode(rows.records, rows.count, &memory.mem, &view, &used);
		ck_assert(error == DTSS_OK || error == DTSS_E_CORRUPT || error == DTSS_E_VERSION ||
			  error == DTSS_E_NOMEM);
		ck_assert_int_eq(error == DTSS_E_NOMEM, at > 0 && memory.count >= at);
		if (error == DTSS_OK) {
			look(view, &rows, used);
			dtss_task_view_free(view, &memory.mem);
		} else {
			ck_assert_ptr_null(view);
		}
		ck_assert_uint_eq(memory.blocks, 0);
	}
	while (rows.count > 0)
		free(rows.bytes[--rows.count]);
	return 0;
}
