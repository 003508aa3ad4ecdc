/* SPDX-License-Identifier: MIT */
#include "codec/block.h"
#include "codec/record.h"

#define BATCH_EVENT_BYTES 56
#define BATCH_RECORD_BYTES (8 + WIRE_HEADER)

static void batch_get_fixed(struct wire_in *in, struct dtss_batch *batch)
{
	memset(batch, 0, sizeof *batch);
	batch->size = sizeof *batch;
	batch->epoch = wire_get64(in);
	batch->first_seq = wire_get64(in);
	batch->last_seq = wire_get64(in);
	batch->prev_hash = wire_get64(in);
	batch->hash = wire_get64(in);
	batch->record_count = wire_get_count(in, SIZE_MAX, BATCH_RECORD_BYTES);
	batch->event_count = wire_get_count(in, SIZE_MAX, BATCH_EVENT_BYTES);
	if (batch->first_seq > batch->last_seq)
		in->failed = 1;
}

static void batch_get_event(struct wire_in *in, struct dtss_event *event)
{
	event->seq = wire_get64(in);
	event->task = wire_get64(in);
	event->fence = wire_get64(in);
	event->worker = wire_get64(in);
	event->incarnation = wire_get64(in);
	event->wall_ns = (int64_t)wire_get64(in);
	event->attempt = wire_get32(in);
	event->type = wire_in_range(in, wire_get8(in), DTSS_EVENT_TASK, DTSS_EVENT_LEAD);
	event->from = wire_in_range(in, wire_get8(in), 0, DTSS_TASK_STATES - 1);
	event->to = wire_in_range(in, wire_get8(in), 0, DTSS_TASK_STATES - 1);
	event->cause = wire_in_range(in, wire_get8(in), DTSS_CAUSE_NONE, DTSS_CAUSE_RULE);
}

/* Each with its own sum and format: DTSS_E_CORRUPT, DTSS_E_VERSION. */
static int batch_get_record(struct wire_in *in, struct dtss_record *record)
{
	uint32_t flags = wire_get32(in);
	uint32_t len = wire_get32(in);
	const void *data = wire_take(in, len);
	int error = in->failed ? DTSS_E_CORRUPT : dtss_record_peek(data, len, record);

	if (error < 0)
		return error;
	record->flags = wire_in_range(in, flags, 0, DTSS_RECORD_DELETE | DTSS_RECORD_DONE);
	return DTSS_OK;
}

static int batch_get_arrays(struct wire_in *in, struct block *b, struct dtss_batch *batch)
{
	struct dtss_event *events = block_take(b, batch->event_count, sizeof *events);
	struct dtss_record *records = block_take(b, batch->record_count, sizeof *records);
	size_t i;
	int error = DTSS_OK;

	for (i = 0; i < batch->event_count; i++)
		batch_get_event(in, &events[i]);
	for (i = 0; i < batch->record_count && error == DTSS_OK; i++)
		error = batch_get_record(in, &records[i]);
	batch->events = events;
	batch->records = records;
	return error < 0 ? error : wire_close(in);
}

int dtss_batch_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_batch **ret_batch)
{
	struct dtss_batch fixed, *batch;
	struct wire_in in;
	struct block b;
	uint32_t kind, flags;
	int error = wire_open(&in, data, len, &kind, &flags);

	if (error < 0)
		return error;
	batch_get_fixed(&in, &fixed);
	if (in.failed || kind != WIRE_BATCH || flags != 0)
		return DTSS_E_CORRUPT;
	block_init(&b);
	block_add(&b, 1, sizeof *batch);
	block_add(&b, fixed.event_count, sizeof fixed.events[0]);
	block_add(&b, fixed.record_count, sizeof fixed.records[0]);
	error = block_alloc(&b, mem);
	if (error < 0)
		return error;
	batch = block_take(&b, 1, sizeof *batch);
	*batch = fixed;
	error = batch_get_arrays(&in, &b, batch);
	if (error < 0) {
		block_free(batch, mem);
		return error;
	}
	*ret_batch = batch;
	return DTSS_OK;
}

void dtss_batch_free(struct dtss_batch *batch, const struct dtss_mem *mem)
{
	block_free(batch, mem);
}
