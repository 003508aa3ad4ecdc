/* SPDX-License-Identifier: MIT */
#include "codec/parts.h"
#include "core/check.h"
#include "core/size.h"
#include <dtss/message.h>

static void message_put_held(struct wire_out *out, const struct dtss_held *held)
{
	wire_put64(out, held->task.v);
	wire_put64(out, held->fence);
	wire_put32(out, held->attempt);
	wire_put8(out, held->state);
}

static void message_put_report(struct wire_out *out, const struct dtss_report *report)
{
	wire_put64(out, report->task.v);
	wire_put64(out, report->fence);
	wire_put32(out, report->attempt);
	wire_put8(out, report->kind);
	parts_put_outcome(out, &report->outcome);
}

static void message_put_heartbeat(struct wire_out *out, const struct dtss_message_heartbeat *message)
{
	const struct dtss_heartbeat *hb = &message->heartbeat;
	size_t i;

	DTSS_ASSERT(message->report_count <= DTSS_HEARTBEAT_REPORTS_MAX);
	wire_put_bytes(out, message->identity, sizeof message->identity);
	wire_put64(out, hb->incarnation);
	wire_put64(out, hb->number);
	wire_put64(out, hb->epoch);
	wire_put64(out, hb->fence_seen);
	wire_put64(out, (uint64_t)hb->sent_wall_ns);
	wire_put8(out, hb->kind);
	wire_put8(out, hb->flags);
	wire_put32(out, hb->max_tasks);
	wire_put32(out, hb->used);
	wire_put32(out, (uint32_t)hb->tag_count);
	wire_put32(out, (uint32_t)hb->resource_count);
	wire_put32(out, (uint32_t)hb->held_count);
	wire_put32(out, (uint32_t)message->report_count);
	wire_put_string(out, hb->name);
	wire_put_string(out, hb->address);
	parts_put_strings(out, hb->tags, hb->tag_count);
	parts_put_resources(out, hb->resources, hb->resource_count);
	for (i = 0; i < hb->held_count; i++)
		message_put_held(out, &hb->held[i]);
	for (i = 0; i < message->report_count; i++)
		message_put_report(out, &message->reports[i]);
}

static void message_put_answer(struct wire_out *out, const struct dtss_message_answer *answer)
{
	size_t i;

	wire_put_bytes(out, answer->identity, sizeof answer->identity);
	wire_put64(out, answer->number);
	wire_put64(out, answer->incarnation);
	wire_put64(out, answer->epoch);
	wire_put32(out, (uint32_t)answer->result);
	wire_put64(out, answer->lease_ms);
	wire_put64(out, answer->heartbeat_ms);
	wire_put32(out, (uint32_t)answer->ack_count);
	for (i = 0; i < answer->ack_count; i++) {
		wire_put64(out, answer->acks[i].task.v);
		wire_put64(out, answer->acks[i].fence);
		wire_put8(out, answer->acks[i].kind);
		wire_put32(out, (uint32_t)answer->acks[i].result);
	}
}

static void message_put_assign(struct wire_out *out, const struct dtss_message_assign *assign)
{
	DTSS_ASSERT(assign->spec_len <= DTSS_SPEC_BYTES_MAX);
	if (assign->heartbeat > 0)
		wire_put64(out, assign->heartbeat);
	wire_put64(out, assign->task.v);
	wire_put64(out, assign->fence);
	wire_put64(out, assign->epoch);
	wire_put64(out, assign->incarnation);
	wire_put64(out, assign->lease_ms);
	wire_put32(out, assign->attempt);
	wire_put32(out, (uint32_t)assign->spec_len);
	wire_put_bytes(out, assign->spec, assign->spec_len);
}

static void message_put_stop(struct wire_out *out, const struct dtss_message_stop *stop)
{
	wire_put64(out, stop->task.v);
	wire_put64(out, stop->fence);
	wire_put64(out, stop->epoch);
	wire_put64(out, stop->incarnation);
	wire_put8(out, stop->cause);
}

static uint32_t message_kind(const struct dtss_message *m)
{
	return m->type == DTSS_MESSAGE_ASSIGN && m->u.assign.heartbeat > 0 ? WIRE_ASSIGN : WIRE_MESSAGE + m->type;
}

size_t dtss_message_encode(const struct dtss_message *message, void *buf, size_t cap)
{
	struct dtss_message m;
	struct wire_out out;
	size_t len;
	int error = size_import(&m, sizeof m, message);

	DTSS_ASSERT(error == DTSS_OK);
	DTSS_ASSERT(m.type >= DTSS_MESSAGE_HEARTBEAT && m.type <= DTSS_MESSAGE_STOP);
	wire_begin(&out, buf, cap, message_kind(&m), 0);
	switch (m.type) {
	case DTSS_MESSAGE_HEARTBEAT:
		message_put_heartbeat(&out, &m.u.heartbeat);
		break;
	case DTSS_MESSAGE_ANSWER:
		message_put_answer(&out, &m.u.answer);
		break;
	case DTSS_MESSAGE_ASSIGN:
		message_put_assign(&out, &m.u.assign);
		break;
	case DTSS_MESSAGE_STOP:
		message_put_stop(&out, &m.u.stop);
		break;
	}
	len = wire_end(&out);
	DTSS_ASSERT(len <= DTSS_MESSAGE_BYTES_MAX);
	return len;
}
