/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <string.h>

#define ANSWER(member) offsetof(struct dtss_message_answer, member)
#define ASSIGN(member) offsetof(struct dtss_message_assign, member)
#define STOP(member) offsetof(struct dtss_message_stop, member)
#define ACK(member) offsetof(struct dtss_ack, member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const report_kinds[] = { "", "started", "ended" };

/* What a poll brought, as it is read. */
struct poll {
	struct dtss_message_answer answer;
	int answered;
	struct dtss_message_assign *assigns;
	size_t assign_count;
	struct dtss_message_stop *stops;
	size_t stop_count;
};

/* ---- scheduler to JSON ---- */

static void write_identity(struct text *t, const uint8_t *identity)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * DTSS_IDENTITY_LEN + 1];

	for (size_t i = 0; i < DTSS_IDENTITY_LEN; i++) {
		text[2 * i] = digits[identity[i] >> 4];
		text[2 * i + 1] = digits[identity[i] & 15];
	}
	text[2 * DTSS_IDENTITY_LEN] = '\0';
	text_put_string(t, "identity", text);
}

void json_write_answer(struct text *t, const struct dtss_message_answer *answer)
{
	text_open(t, '{');
	text_put_number(t, "number", answer->number);
	text_put_number(t, "incarnation", answer->incarnation);
	text_put_number(t, "epoch", answer->epoch);
	write_identity(t, answer->identity);
	text_put_string(t, "result", problem_code_name(answer->result));
	text_put_number(t, "lease_ms", answer->lease_ms);
	text_put_number(t, "heartbeat_ms", answer->heartbeat_ms);
	text_key(t, "acks");
	text_open(t, '[');
	for (size_t i = 0; i < answer->ack_count; i++) {
		const struct dtss_ack *ack = &answer->acks[i];

		text_open(t, '{');
		text_put_number(t, "task", ack->task.v);
		text_put_number(t, "fence", ack->fence);
		text_put_string(t, "kind", report_kinds[ack->kind]);
		text_put_string(t, "result", problem_code_name(ack->result));
		text_close(t, '}');
	}
	text_close(t, ']');
	text_close(t, '}');
}

void json_write_assign(struct text *t, const struct dtss_message_assign *assign, uint64_t lease_ms)
{
	const struct dtss_mem *mem = dtss_mem_libc();
	struct dtss_task_spec *spec = NULL;

	text_open(t, '{');
	text_put_number(t, "task", assign->task.v);
	text_put_number(t, "fence", assign->fence);
	text_put_number(t, "attempt", assign->attempt);
	text_put_number(t, "epoch", assign->epoch);
	text_put_number(t, "incarnation", assign->incarnation);
	text_put_number(t, "lease_ms", lease_ms);
	text_key(t, "spec");
	if (dtss_spec_decode(assign->spec, assign->spec_len, mem, &spec) == 0)
		json_write_task(t, spec);
	else
		text_string(t, NULL);
	dtss_spec_free(spec, mem);
	text_close(t, '}');
}

void json_write_stop(struct text *t, const struct dtss_message_stop *stop)
{
	text_open(t, '{');
	text_put_number(t, "task", stop->task.v);
	text_put_number(t, "fence", stop->fence);
	text_put_number(t, "epoch", stop->epoch);
	text_put_number(t, "incarnation", stop->incarnation);
	text_put_string(t, "cause", dtss_cause_name(stop->cause));
	text_close(t, '}');
}

/* ---- JSON to agent ---- */

static int read_result(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
#define READ_RESULT(name, number, text) { #name, number },
	static const struct {
		const char *name;
		int32_t number;
	} results[] = { DTSS_ERROR_MAP(READ_RESULT) };
#undef READ_RESULT
	const char *text = json_word(value);

	for (size_t i = 0; text && i < LENGTH(results); i++) {
		if (strcmp(problem_code_name(results[i].number), text) == 0) {
			memcpy((char *)base + field->offset, &results[i].number, sizeof results[i].number);
			return 0;
		}
	}
	return json_expected(r, DTSS_E_INVALID, "a result, such as \"OK\"");
}

static int read_kind(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	const char *text = json_word(value);
	struct dtss_ack *ack = base;

	(void)field;
	if (!text || (strcmp(text, "started") != 0 && strcmp(text, "ended") != 0))
		return json_expected(r, DTSS_E_INVALID, "started or ended");
	ack->kind = text[0] == 's' ? DTSS_REPORT_STARTED : DTSS_REPORT_ENDED;
	return 0;
}

static int read_stop_cause(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	const char *text = json_word(value);
	int cause = text ? dtss_cause_parse(text) : -1;

	(void)field;
	if (cause < 0)
		return json_expected(r, DTSS_E_INVALID, "a cause, such as \"cancel\"");
	((struct dtss_message_stop *)base)->cause = (uint32_t)cause;
	return 0;
}

/* The agent's engine takes the bytes of a specification, so that its journal and a C program's look the same. */
static int read_spec(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_message_assign *assign = base;
	struct dtss_problem found = { 0 };
	struct dtss_task_spec spec;
	int rc = json_read_task(r, value, JSON_TASK_ANY, &spec);
	void *bytes;

	(void)field;
	if (rc == 0 && (rc = dtss_spec_check(&spec, &found)) != 0)
		problem_of(&r->problem, rc, &found, -1);
	if (rc != 0)
		return rc;
	assign->spec_len = dtss_spec_encode(&spec, NULL, 0);
	bytes = json_reader_alloc(r, assign->spec_len, 1);
	if (!bytes)
		return DTSS_E_NOMEM;
	dtss_spec_encode(&spec, bytes, assign->spec_len);
	assign->spec = bytes;
	return 0;
}

#define NUMBER_FIELD(key, reader, at, most)                                                                            \
	{                                                                                                              \
		.name = key, .read = reader, .offset = at, .min = 0, .max = most                                       \
	}

static const struct json_field ack_fields[] = {
	NUMBER_FIELD("task", json_read_u64, ACK(task), DTSS_TASK_ID_MAX),
	NUMBER_FIELD("fence", json_read_u64, ACK(fence), INT64_MAX),
	{ .name = "kind", .read = read_kind },
	{ .name = "result", .read = read_result, .offset = ACK(result) },
};

static int read_acks(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_message_answer *answer = base;
	void *acks = NULL;
	int rc = json_read_objects(r, value, ack_fields, LENGTH(ack_fields), sizeof(struct dtss_ack), &acks,
				   &answer->ack_count);

	(void)field;
	answer->acks = acks;
	return rc;
}

static const struct json_field answer_fields[] = {
	NUMBER_FIELD("number", json_read_u64, ANSWER(number), INT64_MAX),
	NUMBER_FIELD("incarnation", json_read_u64, ANSWER(incarnation), INT64_MAX),
	NUMBER_FIELD("epoch", json_read_u64, ANSWER(epoch), INT64_MAX),
	{ .name = "identity", .read = json_read_identity, .offset = ANSWER(identity) },
	{ .name = "result", .read = read_result, .offset = ANSWER(result) },
	NUMBER_FIELD("lease_ms", json_read_u64, ANSWER(lease_ms), INT64_MAX),
	NUMBER_FIELD("heartbeat_ms", json_read_u64, ANSWER(heartbeat_ms), INT64_MAX),
	{ .name = "acks", .read = read_acks },
};

static const struct json_field assign_fields[] = {
	NUMBER_FIELD("task", json_read_u64, ASSIGN(task), DTSS_TASK_ID_MAX),
	NUMBER_FIELD("fence", json_read_u64, ASSIGN(fence), INT64_MAX),
	NUMBER_FIELD("attempt", json_read_u32, ASSIGN(attempt), UINT32_MAX),
	NUMBER_FIELD("epoch", json_read_u64, ASSIGN(epoch), INT64_MAX),
	NUMBER_FIELD("incarnation", json_read_u64, ASSIGN(incarnation), INT64_MAX),
	NUMBER_FIELD("lease_ms", json_read_u64, ASSIGN(lease_ms), INT64_MAX),
	{ .name = "spec", .read = read_spec },
};

static const struct json_field stop_fields[] = {
	NUMBER_FIELD("task", json_read_u64, STOP(task), DTSS_TASK_ID_MAX),
	NUMBER_FIELD("fence", json_read_u64, STOP(fence), INT64_MAX),
	NUMBER_FIELD("epoch", json_read_u64, STOP(epoch), INT64_MAX),
	NUMBER_FIELD("incarnation", json_read_u64, STOP(incarnation), INT64_MAX),
	{ .name = "cause", .read = read_stop_cause },
};

static int read_answer(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct poll *poll = base;

	(void)field;
	poll->answered = 1;
	return json_read_object(r, value, answer_fields, LENGTH(answer_fields), &poll->answer);
}

static int read_assigns(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct poll *poll = base;

	(void)field;
	return json_read_objects(r, value, assign_fields, LENGTH(assign_fields), sizeof *poll->assigns,
				 (void **)&poll->assigns, &poll->assign_count);
}

static int read_stops(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct poll *poll = base;

	(void)field;
	return json_read_objects(r, value, stop_fields, LENGTH(stop_fields), sizeof *poll->stops, (void **)&poll->stops,
				 &poll->stop_count);
}

int json_read_poll(struct json_reader *r, const json_t *value, struct dtss_message **ret_messages, size_t *ret_count)
{
	static const struct json_field fields[] = {
		{ .name = "answer", .read = read_answer },
		{ .name = "assign", .read = read_assigns },
		{ .name = "stop", .read = read_stops },
	};
	struct poll poll = { 0 };
	struct dtss_message *messages;
	size_t n = 0;
	int rc;

	r->ignore_unknown = 1; /* schedulers are upgraded before their agents */
	rc = json_read_object(r, value, fields, LENGTH(fields), &poll);
	if (rc != 0)
		return rc;
	messages = json_reader_alloc(r, 1 + poll.assign_count + poll.stop_count, sizeof *messages);
	if (!messages)
		return DTSS_E_NOMEM;
	if (poll.answered)
		messages[n++] = (struct dtss_message){ .size = sizeof *messages,
						       .type = DTSS_MESSAGE_ANSWER,
						       .u.answer = poll.answer };
	for (size_t i = 0; i < poll.stop_count; i++)
		messages[n++] = (struct dtss_message){ .size = sizeof *messages,
						       .type = DTSS_MESSAGE_STOP,
						       .u.stop = poll.stops[i] };
	for (size_t i = 0; i < poll.assign_count; i++)
		messages[n++] = (struct dtss_message){ .size = sizeof *messages,
						       .type = DTSS_MESSAGE_ASSIGN,
						       .u.assign = poll.assigns[i] };
	*ret_messages = messages;
	*ret_count = n;
	return 0;
}
