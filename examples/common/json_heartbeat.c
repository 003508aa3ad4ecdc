/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <string.h>

#define BEAT(member) offsetof(struct dtss_message_heartbeat, heartbeat.member)
#define REPORT(member) offsetof(struct dtss_report, member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define JSON_INT_MAX INT64_MAX

static const char *const held_states[] = { "", "leased", "running", "stopping", "ended" };
static const char *const report_kinds[] = { "", "started", "ended" };

static int read_name(struct json_reader *r, const json_t *value, const char *const *names, size_t count, uint32_t *ret)
{
	const char *text = json_word(value);

	for (uint32_t i = 1; text && i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return json_expected(r, DTSS_E_INVALID, "one of the names in dtss_http(7)");
}

static int read_held_state(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	(void)field;
	return read_name(r, value, held_states, LENGTH(held_states), &((struct dtss_held *)base)->state);
}

static int read_report_kind(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	return read_name(r, value, report_kinds, LENGTH(report_kinds),
			 (uint32_t *)(void *)((char *)base + field->offset));
}

static int read_cause(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	const char *text = json_word(value);
	int cause = text ? dtss_cause_parse(text) : -1;
	uint32_t narrow = (uint32_t)cause;

	if (cause < 0)
		return json_expected(r, DTSS_E_INVALID, "a cause, such as \"exit\"");
	memcpy((char *)base + field->offset, &narrow, sizeof narrow);
	return 0;
}

static int read_stopping(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_message_heartbeat *beat = base;

	(void)field;
	if (!json_is_boolean(value))
		return json_expected(r, DTSS_E_INVALID, "true or false");
	beat->heartbeat.flags |= json_is_true(value) ? DTSS_HEARTBEAT_STOPPING : 0;
	return 0;
}

static const struct json_field held_fields[] = {
	{ .name = "task",
	  .read = json_read_u64,
	  .offset = offsetof(struct dtss_held, task),
	  .min = 1,
	  .max = DTSS_TASK_ID_MAX },
	{ .name = "fence",
	  .read = json_read_u64,
	  .offset = offsetof(struct dtss_held, fence),
	  .min = 1,
	  .max = JSON_INT_MAX },
	{ .name = "attempt",
	  .read = json_read_u32,
	  .offset = offsetof(struct dtss_held, attempt),
	  .min = 1,
	  .max = DTSS_ATTEMPTS_MAX },
	{ .name = "state", .read = read_held_state },
};

static const struct json_field report_fields[] = {
	{ .name = "task", .read = json_read_u64, .offset = REPORT(task), .min = 1, .max = DTSS_TASK_ID_MAX },
	{ .name = "fence", .read = json_read_u64, .offset = REPORT(fence), .min = 1, .max = JSON_INT_MAX },
	{ .name = "attempt", .read = json_read_u32, .offset = REPORT(attempt), .min = 1, .max = DTSS_ATTEMPTS_MAX },
	{ .name = "kind", .read = read_report_kind, .offset = REPORT(kind) },
	{ .name = "cause", .read = read_cause, .offset = REPORT(outcome.cause) },
	{ .name = "exit_code",
	  .read = json_read_i32,
	  .offset = REPORT(outcome.exit_code),
	  .min = INT32_MIN,
	  .max = INT32_MAX },
	{ .name = "signal", .read = json_read_u32, .offset = REPORT(outcome.signal), .min = 0, .max = 128 },
	{ .name = "err", .read = json_read_i32, .offset = REPORT(outcome.err), .min = 0, .max = INT32_MAX },
	{ .name = "detail", .read = json_read_string, .offset = REPORT(outcome.detail) },
};

static int read_held(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_message_heartbeat *beat = base;
	void *held = NULL;
	int rc = json_read_objects(r, value, held_fields, LENGTH(held_fields), sizeof(struct dtss_held), &held,
				   &beat->heartbeat.held_count);

	(void)field;
	beat->heartbeat.held = held;
	return rc;
}

static int read_reports(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_message_heartbeat *beat = base;
	void *found = NULL;
	int rc = json_read_objects(r, value, report_fields, LENGTH(report_fields), sizeof(struct dtss_report), &found,
				   &beat->report_count);
	struct dtss_report *reports = found;

	(void)field;
	for (size_t i = 0; rc == 0 && i < beat->report_count; i++)
		reports[i].size = sizeof reports[i];
	beat->reports = reports;
	return rc;
}

static const struct json_field heartbeat_fields[] = {
	{ .name = "name", .read = json_read_string, .offset = BEAT(name) },
	{ .name = "incarnation", .read = json_read_u64, .offset = BEAT(incarnation), .min = 1, .max = JSON_INT_MAX },
	{ .name = "number", .read = json_read_u64, .offset = BEAT(number), .min = 0, .max = JSON_INT_MAX },
	{ .name = "epoch", .read = json_read_u64, .offset = BEAT(epoch), .min = 0, .max = JSON_INT_MAX },
	{ .name = "fence_seen", .read = json_read_u64, .offset = BEAT(fence_seen), .min = 0, .max = JSON_INT_MAX },
	{ .name = "identity", .read = json_read_identity, .offset = offsetof(struct dtss_message_heartbeat, identity) },
	{ .name = "stopping", .read = read_stopping },
	{ .name = "max_tasks",
	  .read = json_read_u32,
	  .offset = BEAT(max_tasks),
	  .min = 0,
	  .max = DTSS_WORKER_TASKS_MAX },
	{ .name = "used", .read = json_read_u32, .offset = BEAT(used), .min = 0, .max = UINT32_MAX },
	{ .name = "address", .read = json_read_string, .offset = BEAT(address) },
	{ .name = "tags", .read = json_read_strings, .offset = BEAT(tags), .count = BEAT(tag_count) },
	{ .name = "resources", .read = json_read_resources, .offset = BEAT(resources), .count = BEAT(resource_count) },
	{ .name = "held", .read = read_held },
	{ .name = "sent_wall_ns", .read = json_read_i64, .offset = BEAT(sent_wall_ns), .min = 0, .max = JSON_INT_MAX },
	{ .name = "reports", .read = read_reports },
};

int json_read_heartbeat(struct json_reader *r, const json_t *value, struct dtss_message *ret_message)
{
	struct dtss_message message = { .size = sizeof message, .type = DTSS_MESSAGE_HEARTBEAT };
	struct dtss_heartbeat *beat = &message.u.heartbeat.heartbeat;
	int rc;

	beat->size = sizeof *beat;
	beat->kind = DTSS_WORKER_AGENT;
	rc = json_read_object(r, value, heartbeat_fields, LENGTH(heartbeat_fields), &message.u.heartbeat);
	if (rc != 0)
		return rc;
	if (!beat->name || !beat->name[0])
		return problem_field(&r->problem, DTSS_E_INVALID, "name", "a string that is not empty");
	if (beat->incarnation == 0)
		return problem_field(&r->problem, DTSS_E_INVALID, "incarnation", "an integer above 0");
	*ret_message = message;
	return 0;
}

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *from_held(const struct dtss_held *held)
{
	return json_pack("{s:o, s:o, s:o, s:s}", "task", integer(held->task.v), "fence", integer(held->fence),
			 "attempt", integer(held->attempt), "state", held_states[held->state]);
}

static json_t *from_report(const struct dtss_report *report)
{
	json_t *object = json_pack("{s:o, s:o, s:o, s:s}", "task", integer(report->task.v), "fence",
				   integer(report->fence), "attempt", integer(report->attempt), "kind",
				   report_kinds[report->kind]);

	if (report->kind != DTSS_REPORT_ENDED)
		return object;
	json_put(&object, "cause", json_string(dtss_cause_name(report->outcome.cause)));
	if (report->outcome.exit_code)
		json_put(&object, "exit_code", json_integer(report->outcome.exit_code));
	if (report->outcome.signal)
		json_put(&object, "signal", integer(report->outcome.signal));
	if (report->outcome.err)
		json_put(&object, "err", json_integer(report->outcome.err));
	if (report->outcome.detail)
		json_put(&object, "detail", json_text(report->outcome.detail));
	return object;
}

json_t *json_from_heartbeat(const struct dtss_message_heartbeat *message)
{
	const struct dtss_heartbeat *beat = &message->heartbeat;
	json_t *object = json_object(), *held = json_array(), *reports = json_array();

	json_put(&object, "name", json_text(beat->name));
	json_put(&object, "incarnation", integer(beat->incarnation));
	json_put(&object, "number", integer(beat->number));
	json_put(&object, "epoch", integer(beat->epoch));
	json_put(&object, "fence_seen", integer(beat->fence_seen));
	json_put(&object, "identity", json_from_identity(message->identity));
	json_put(&object, "stopping", json_boolean(beat->flags & DTSS_HEARTBEAT_STOPPING));
	json_put(&object, "max_tasks", integer(beat->max_tasks));
	json_put(&object, "used", integer(beat->used));
	if (beat->address)
		json_put(&object, "address", json_text(beat->address));
	json_put(&object, "tags", json_from_strings(beat->tags, beat->tag_count));
	json_put(&object, "resources", json_from_resources(beat->resources, beat->resource_count));
	for (size_t i = 0; i < beat->held_count; i++)
		json_array_append_new(held, from_held(&beat->held[i]));
	json_put(&object, "held", held);
	json_put(&object, "sent_wall_ns", json_integer(beat->sent_wall_ns));
	for (size_t i = 0; i < message->report_count; i++)
		json_array_append_new(reports, from_report(&message->reports[i]));
	json_put(&object, "reports", reports);
	return object;
}
