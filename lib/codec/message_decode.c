/* SPDX-License-Identifier: MIT */
#include "codec/block.h"
#include "codec/parts.h"
#include <dtss/message.h>

/* How many bytes the elements of arrays take, at least. */
#define MESSAGE_HELD_BYTES 21
#define MESSAGE_REPORT_BYTES 38
#define MESSAGE_ACK_BYTES 21

static void message_get_identity(struct wire_in *in, uint8_t *identity)
{
	const uint8_t *bytes = wire_take(in, DTSS_IDENTITY_LEN);

	if (bytes != NULL)
		memcpy(identity, bytes, DTSS_IDENTITY_LEN);
}

static void message_get_held(struct wire_in *in, struct dtss_held *held)
{
	held->task.v = wire_get64(in);
	held->fence = wire_get64(in);
	held->attempt = wire_get32(in);
	held->state = wire_in_range(in, wire_get8(in), DTSS_ATTEMPT_LEASED, DTSS_ATTEMPT_ENDED);
}

static void message_get_report(struct wire_in *in, struct dtss_report *report)
{
	report->size = sizeof *report;
	report->task.v = wire_get64(in);
	report->fence = wire_get64(in);
	report->attempt = wire_get32(in);
	report->kind = wire_in_range(in, wire_get8(in), DTSS_REPORT_STARTED, DTSS_REPORT_ENDED);
	parts_get_outcome(in, &report->outcome);
}

/* What stands in front of the arrays. */
static void message_get_heartbeat(struct wire_in *in, struct dtss_message_heartbeat *message)
{
	struct dtss_heartbeat *hb = &message->heartbeat;

	message_get_identity(in, message->identity);
	hb->size = sizeof *hb;
	hb->incarnation = wire_get64(in);
	hb->number = wire_get64(in);
	hb->epoch = wire_get64(in);
	hb->fence_seen = wire_get64(in);
	hb->sent_wall_ns = (int64_t)wire_get64(in);
	hb->kind = wire_in_range(in, wire_get8(in), DTSS_WORKER_AGENT, DTSS_WORKER_PLACEMENT);
	hb->flags = wire_in_range(in, wire_get8(in), 0, DTSS_HEARTBEAT_STOPPING);
	hb->max_tasks = wire_in_range(in, wire_get32(in), 0, DTSS_WORKER_TASKS_MAX);
	hb->used = wire_get32(in);
	hb->tag_count = wire_get_count(in, DTSS_WORKER_TAGS_MAX, PARTS_STRING_MIN);
	hb->resource_count = wire_get_count(in, DTSS_RESOURCES_MAX, PARTS_RESOURCE_MIN);
	hb->held_count = wire_get_count(in, DTSS_MESSAGE_BYTES_MAX, MESSAGE_HELD_BYTES);
	message->report_count = wire_get_count(in, DTSS_HEARTBEAT_REPORTS_MAX, MESSAGE_REPORT_BYTES);
	hb->name = wire_get_string(in, DTSS_NAME_LEN_MAX);
	hb->address = wire_get_optional(in, DTSS_ADDRESS_LEN_MAX);
}

static void message_get_heartbeat_arrays(struct wire_in *in, struct block *b, struct dtss_message_heartbeat *message)
{
	struct dtss_heartbeat *hb = &message->heartbeat;
	const char **tags = block_take(b, hb->tag_count, sizeof *tags);
	struct dtss_resource *resources = block_take(b, hb->resource_count, sizeof *resources);
	struct dtss_held *held = block_take(b, hb->held_count, sizeof *held);
	struct dtss_report *reports = block_take(b, message->report_count, sizeof *reports);
	size_t i;

	parts_get_strings(in, tags, hb->tag_count, DTSS_TAG_LEN_MAX);
	parts_get_resources(in, resources, hb->resource_count);
	for (i = 0; i < hb->held_count; i++)
		message_get_held(in, &held[i]);
	for (i = 0; i < message->report_count; i++)
		message_get_report(in, &reports[i]);
	hb->tags = tags;
	hb->resources = resources;
	hb->held = held;
	message->reports = reports;
}

static void message_get_answer(struct wire_in *in, struct dtss_message_answer *answer)
{
	message_get_identity(in, answer->identity);
	answer->number = wire_get64(in);
	answer->incarnation = wire_get64(in);
	answer->epoch = wire_get64(in);
	answer->result = (int32_t)wire_get32(in);
	answer->lease_ms = wire_get64(in);
	answer->heartbeat_ms = wire_get64(in);
	answer->ack_count = wire_get_count(in, DTSS_MESSAGE_BYTES_MAX, MESSAGE_ACK_BYTES);
}

static void message_get_acks(struct wire_in *in, struct block *b, struct dtss_message_answer *answer)
{
	struct dtss_ack *acks = block_take(b, answer->ack_count, sizeof *acks);
	size_t i;

	for (i = 0; i < answer->ack_count; i++) {
		acks[i].task.v = wire_get64(in);
		acks[i].fence = wire_get64(in);
		acks[i].kind = wire_in_range(in, wire_get8(in), DTSS_REPORT_STARTED, DTSS_REPORT_ENDED);
		acks[i].result = (int32_t)wire_get32(in);
	}
	answer->acks = acks;
}

static void message_get_assign(struct wire_in *in, struct dtss_message_assign *assign)
{
	assign->task.v = wire_get64(in);
	assign->fence = wire_get64(in);
	assign->epoch = wire_get64(in);
	assign->incarnation = wire_get64(in);
	assign->lease_ms = wire_get64(in);
	assign->attempt = wire_get32(in);
	assign->spec_len = wire_get_count(in, DTSS_SPEC_BYTES_MAX, 1);
	assign->spec = wire_take(in, assign->spec_len);
}

static void message_get_stop(struct wire_in *in, struct dtss_message_stop *stop)
{
	stop->task.v = wire_get64(in);
	stop->fence = wire_get64(in);
	stop->epoch = wire_get64(in);
	stop->incarnation = wire_get64(in);
	stop->cause = wire_in_range(in, wire_get8(in), DTSS_CAUSE_NONE, DTSS_CAUSE_RULE);
}

static void message_get_type(struct wire_in *in, struct dtss_message *m, uint32_t kind)
{
	m->type = kind - WIRE_MESSAGE;
	if (kind != WIRE_ASSIGN)
		return;
	m->type = DTSS_MESSAGE_ASSIGN;
	m->u.assign.heartbeat = wire_get64(in);
	in->failed |= m->u.assign.heartbeat == 0;
}

static void message_get(struct wire_in *in, struct dtss_message *m)
{
	switch (m->type) {
	case DTSS_MESSAGE_HEARTBEAT:
		message_get_heartbeat(in, &m->u.heartbeat);
		break;
	case DTSS_MESSAGE_ANSWER:
		message_get_answer(in, &m->u.answer);
		break;
	case DTSS_MESSAGE_ASSIGN:
		message_get_assign(in, &m->u.assign);
		break;
	case DTSS_MESSAGE_STOP:
		message_get_stop(in, &m->u.stop);
		break;
	default:
		in->failed = 1;
	}
}

static void message_get_arrays(struct wire_in *in, struct block *b, struct dtss_message *m)
{
	if (m->type == DTSS_MESSAGE_HEARTBEAT)
		message_get_heartbeat_arrays(in, b, &m->u.heartbeat);
	else if (m->type == DTSS_MESSAGE_ANSWER)
		message_get_acks(in, b, &m->u.answer);
}

static void message_block(struct block *b, const struct dtss_message *m)
{
	block_init(b);
	block_add(b, 1, sizeof *m);
	if (m->type == DTSS_MESSAGE_HEARTBEAT) {
		block_add(b, m->u.heartbeat.heartbeat.tag_count, sizeof m->u.heartbeat.heartbeat.tags[0]);
		block_add(b, m->u.heartbeat.heartbeat.resource_count, sizeof m->u.heartbeat.heartbeat.resources[0]);
		block_add(b, m->u.heartbeat.heartbeat.held_count, sizeof m->u.heartbeat.heartbeat.held[0]);
		block_add(b, m->u.heartbeat.report_count, sizeof m->u.heartbeat.reports[0]);
	} else if (m->type == DTSS_MESSAGE_ANSWER) {
		block_add(b, m->u.answer.ack_count, sizeof m->u.answer.acks[0]);
	}
}

int dtss_message_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_message **ret_message)
{
	struct dtss_message fixed, *message;
	struct wire_in in;
	struct block b;
	uint32_t kind, flags;
	int error = len > DTSS_MESSAGE_BYTES_MAX ? DTSS_E_CORRUPT : wire_open(&in, data, len, &kind, &flags);

	if (error < 0)
		return error;
	memset(&fixed, 0, sizeof fixed);
	fixed.size = sizeof fixed;
	message_get_type(&in, &fixed, kind);
	message_get(&in, &fixed);
	if (in.failed || flags != 0)
		return DTSS_E_CORRUPT;
	message_block(&b, &fixed);
	error = block_alloc(&b, mem);
	if (error < 0)
		return error;
	message = block_take(&b, 1, sizeof *message);
	*message = fixed;
	message_get_arrays(&in, &b, message);
	if (wire_close(&in) < 0) {
		block_free(message, mem);
		return DTSS_E_CORRUPT;
	}
	*ret_message = message;
	return DTSS_OK;
}

void dtss_message_free(struct dtss_message *message, const struct dtss_mem *mem)
{
	block_free(message, mem);
}
