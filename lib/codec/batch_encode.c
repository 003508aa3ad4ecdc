/* SPDX-License-Identifier: MIT */
#include <dtss/store.h>
#include "codec/wire.h"
#include "core/check.h"
#include "core/size.h"

static void batch_put_event(struct wire_out *out, const struct dtss_event *event)
{
	wire_put64(out, event->seq);
	wire_put64(out, event->task);
	wire_put64(out, event->fence);
	wire_put64(out, event->worker);
	wire_put64(out, event->incarnation);
	wire_put64(out, (uint64_t)event->wall_ns);
	wire_put32(out, event->attempt);
	wire_put8(out, event->type);
	wire_put8(out, event->from);
	wire_put8(out, event->to);
	wire_put8(out, event->cause);
}

size_t dtss_batch_encode(const struct dtss_batch *batch, void *buf, size_t cap)
{
	struct dtss_batch b;
	struct wire_out out;
	size_t i;
	int error = size_import(&b, sizeof b, batch);

	DTSS_ASSERT(error == DTSS_OK);
	DTSS_ASSERT(b.first_seq <= b.last_seq);
	wire_begin(&out, buf, cap, WIRE_BATCH, 0);
	wire_put64(&out, b.epoch);
	wire_put64(&out, b.first_seq);
	wire_put64(&out, b.last_seq);
	wire_put64(&out, b.prev_hash);
	wire_put64(&out, b.hash);
	wire_put32(&out, (uint32_t)b.record_count);
	wire_put32(&out, (uint32_t)b.event_count);
	for (i = 0; i < b.event_count; i++)
		batch_put_event(&out, &b.events[i]);
	/* all but the flags is in the record itself */
	for (i = 0; i < b.record_count; i++) {
		DTSS_ASSERT(b.records[i].len < UINT32_MAX);
		wire_put32(&out, b.records[i].flags);
		wire_put32(&out, (uint32_t)b.records[i].len);
		wire_put_bytes(&out, b.records[i].data, b.records[i].len);
	}
	return wire_end(&out);
}
