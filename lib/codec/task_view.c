/* SPDX-License-Identifier: MIT */
#include "codec/block.h"
#include "codec/record.h"
#include "core/check.h"

/* How many ATTEMPT records of the task follow. */
static size_t view_attempts(const struct dtss_record *records, size_t count, uint64_t id)
{
	size_t n = 0;

	while (n < count && records[n].kind == DTSS_RECORD_ATTEMPT && records[n].id == id)
		n++;
	return n;
}

static int view_get_task(const struct dtss_record *record, struct dtss_task_record *ret)
{
	struct dtss_record key;
	struct wire_in in;
	int error = record_open(&in, record->data, record->len, &key);

	if (error < 0)
		return error;
	return key.kind == DTSS_RECORD_TASK ? record_get_task(&in, &key, ret) : DTSS_E_CORRUPT;
}

static int view_get_spec(const struct dtss_record *record, uint64_t id, const struct dtss_mem *mem,
			 struct dtss_task_spec **ret_spec)
{
	struct dtss_record key;
	struct wire_in in;
	const void *data;
	size_t len;
	int error = record_open(&in, record->data, record->len, &key);

	if (error == DTSS_OK && (key.kind != DTSS_RECORD_SPEC || key.id != id))
		error = DTSS_E_CORRUPT;
	if (error == DTSS_OK)
		error = record_get_spec(&in, &data, &len);
	return error < 0 ? error : dtss_spec_decode(data, len, mem, ret_spec);
}

static int view_get_attempts(const struct dtss_record *records, size_t count, uint64_t id,
			     struct dtss_attempt_view *attempts)
{
	struct dtss_attempt_record attempt;
	size_t i;

	for (i = 0; i < count; i++) {
		struct dtss_record key;
		struct wire_in in;
		int error = record_open(&in, records[i].data, records[i].len, &key);

		if (error == DTSS_OK && (key.kind != DTSS_RECORD_ATTEMPT || key.id != id))
			error = DTSS_E_CORRUPT;
		if (error == DTSS_OK)
			error = record_get_attempt(&in, &key, &attempt);
		if (error < 0)
			return error;
		attempts[i] = attempt.view;
	}
	return DTSS_OK;
}

/* Both a backoff and not_before must have passed. */
static int64_t view_due(const struct dtss_task_record *task, const struct dtss_task_spec *spec)
{
	int64_t backoff = task->due_wait_ns ? (int64_t)((uint64_t)task->due_since_ns + task->due_wait_ns) : 0;

	if (task->state != DTSS_TASK_DELAYED)
		return 0;
	return backoff > spec->not_before_ns ? backoff : spec->not_before_ns;
}

static void view_fill(struct dtss_task_view *view, const struct dtss_task_record *task,
		      const struct dtss_task_spec *spec)
{
	size_t i;

	view->id.v = task->id;
	view->retry_of.v = task->retry_of;
	view->state = task->state;
	view->cause = task->cause;
	view->failed_count = task->failed_count;
	view->lost_count = task->lost_count;
	for (i = 0; i < view->attempt_count; i++) {
		if (view->attempts[i].state == DTSS_ATTEMPT_STOPPING)
			view->stopping = 1;
	}
	view->created_ns = task->created_ns;
	view->started_ns = task->started_ns;
	view->finished_ns = task->finished_ns;
	view->due_ns = view_due(task, spec);
	view->spec = spec;
}

static int view_build(const struct dtss_record *records, size_t attempts, const struct dtss_task_record *task,
		      const struct dtss_mem *mem, struct dtss_task_view **ret_view)
{
	struct dtss_attempt_view *array;
	struct dtss_task_view *view;
	struct dtss_task_spec *spec;
	struct block b;
	int error = view_get_spec(&records[1], task->id, mem, &spec);

	if (error < 0)
		return error;
	block_init(&b);
	block_add(&b, 1, sizeof *view);
	block_add(&b, attempts, sizeof *array);
	error = block_alloc(&b, mem);
	if (error < 0) {
		dtss_spec_free(spec, mem);
		return error;
	}
	view = block_take(&b, 1, sizeof *view);
	array = block_take(&b, attempts, sizeof *array);
	view->attempts = array;
	view->attempt_count = attempts;
	error = view_get_attempts(records + 2, attempts, task->id, array);
	view_fill(view, task, spec);
	if (error < 0) {
		dtss_task_view_free(view, mem);
		return error;
	}
	*ret_view = view;
	return DTSS_OK;
}

int dtss_task_view_decode(const struct dtss_record *records, size_t count, const struct dtss_mem *mem,
			  struct dtss_task_view **ret_view, size_t *ret_used)
{
	struct dtss_task_record task;
	size_t attempts;
	int error;

	if (count < 2 || records[0].kind != DTSS_RECORD_TASK || records[1].kind != DTSS_RECORD_SPEC)
		return DTSS_E_CORRUPT;
	memset(&task, 0, sizeof task);
	error = view_get_task(&records[0], &task);
	if (error < 0)
		return error;
	attempts = view_attempts(records + 2, count - 2, task.id);
	error = view_build(records, attempts, &task, mem, ret_view);
	if (error < 0)
		return error;
	*ret_used = 2 + attempts;
	return DTSS_OK;
}

void dtss_task_view_free(struct dtss_task_view *view, const struct dtss_mem *mem)
{
	if (view == NULL)
		return;
	/* the view was made here, so its specification is ours to free */
	dtss_spec_free((struct dtss_task_spec *)(uintptr_t)view->spec, mem);
	block_free(view, mem);
}
