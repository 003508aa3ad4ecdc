/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <math.h>
#include <string.h>
#include "common/rfc3339.h"

#define SPEC(member) offsetof(struct dtss_task_spec, member)
#define RETRY(member) offsetof(struct dtss_retry, member)
#define RULE(member) offsetof(struct dtss_retry_rule, member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *const json_action_names[JSON_ACTIONS] = { "", "retry", "fail", "ignore", "quarantine" };

static int read_pairs(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	static const struct json_field element = { .name = "" };
	size_t count = json_object_size(value), i = 0;
	struct dtss_pair *pairs;
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return json_expected(r, DTSS_E_INVALID, "an object of strings");
	pairs = json_reader_alloc(r, count, sizeof *pairs);
	if (!pairs)
		return DTSS_E_NOMEM;
	json_object_foreach ((json_t *)value, key, member) {
		size_t mark = json_path_push(r, key, -1);
		int rc;

		pairs[i].name = key;
		rc = json_read_string(r, member, &element, &pairs[i++].value);
		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	memcpy((char *)base + field->offset, &pairs, sizeof pairs);
	memcpy((char *)base + field->count, &count, sizeof count);
	return 0;
}

static int read_after(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	static const struct json_field element = { .name = "", .min = 1, .max = DTSS_TASK_ID_MAX };
	size_t count = json_array_size(value);
	struct dtss_after *after;

	if (!json_is_array(value))
		return json_expected(r, DTSS_E_INVALID, "an array of task ids");
	after = json_reader_alloc(r, count, sizeof *after);
	if (!after)
		return DTSS_E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_path_push(r, "", (long)i);
		int rc = json_read_u64(r, json_array_get(value, i), &element, &after[i].task.v);

		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	memcpy((char *)base + field->offset, &after, sizeof after);
	memcpy((char *)base + field->count, &count, sizeof count);
	return 0;
}

static int read_not_before(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_task_spec *spec = base;

	(void)field;
	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
	    rfc3339_parse(json_string_value(value), &spec->not_before_ns) != 0)
		return json_expected(r, DTSS_E_INVALID, "a time in RFC 3339, such as \"2026-01-31T08:00:00Z\"");
	return 0;
}

static int read_hold(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_task_spec *spec = base;

	(void)field;
	if (!json_is_boolean(value))
		return json_expected(r, DTSS_E_INVALID, "true or false");
	spec->flags |= json_is_true(value) ? DTSS_SPEC_HELD : 0;
	return 0;
}

static int read_multiplier(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_retry *retry = base;
	double times = json_number_value(value);

	(void)field;
	if (!json_is_number(value) || !(times >= 1 && times <= DTSS_MULTIPLIER_MILLI_MAX / 1000.0))
		return json_expected(r, DTSS_E_INVALID, "a number, 1..1000");
	retry->multiplier_milli = (uint32_t)lround(times * 1000);
	return 0;
}

static int read_jitter(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_retry *retry = base;

	(void)field;
	if (!json_is_boolean(value))
		return json_expected(r, DTSS_E_INVALID, "true or false");
	retry->jitter = json_is_true(value) ? DTSS_JITTER_ON : DTSS_JITTER_OFF;
	return 0;
}

static int read_causes(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_retry_rule *rule = base;
	const char *expected =
		"an array of: exit, signal, timeout, start_failed, out_of_memory, rejected, released, lost";

	(void)field;
	if (!json_is_array(value))
		return json_expected(r, DTSS_E_INVALID, expected);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *name = json_word(json_array_get(value, i));
		int cause = name ? dtss_cause_parse(name) : -1;

		if (cause < DTSS_CAUSE_EXIT || cause > DTSS_CAUSE_LOST)
			return json_expected(r, DTSS_E_INVALID, expected);
		rule->causes |= UINT32_C(1) << cause;
	}
	return 0;
}

static int read_action(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_retry_rule *rule = base;
	const char *name = json_word(value);

	(void)field;
	for (uint32_t i = 1; name && i < JSON_ACTIONS; i++) {
		if (strcmp(name, json_action_names[i]) == 0) {
			rule->action = i;
			return 0;
		}
	}
	return json_expected(r, DTSS_E_INVALID, "one of: retry, fail, ignore, quarantine");
}

static const struct json_field rule_fields[] = {
	{ .name = "on", .read = read_causes },
	{ .name = "exit_min", .read = json_read_i32, .offset = RULE(exit_min), .min = INT32_MIN, .max = INT32_MAX },
	{ .name = "exit_max", .read = json_read_i32, .offset = RULE(exit_max), .min = INT32_MIN, .max = INT32_MAX },
	{ .name = "action", .read = read_action },
};

static int read_rules(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	struct dtss_retry *retry = base;
	struct dtss_retry_rule *rules;
	size_t count = json_array_size(value);

	(void)field;
	if (!json_is_array(value))
		return json_expected(r, DTSS_E_INVALID, "an array of rules");
	rules = json_reader_alloc(r, count, sizeof *rules);
	if (!rules)
		return DTSS_E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_path_push(r, "", (long)i);
		int rc = json_read_object(r, json_array_get(value, i), rule_fields, LENGTH(rule_fields), &rules[i]);

		if (rc != 0)
			return rc;
		json_path_push(r, "action", -1);
		if (rules[i].action == 0)
			return json_expected(r, DTSS_E_INVALID, "one of: retry, fail, ignore, quarantine");
		json_path_pop(r, mark);
	}
	retry->rules = rules;
	retry->rule_count = count;
	return 0;
}

/* A zero that somebody wrote down is no default: it is out of range. */
static const struct json_field retry_fields[] = {
	{ .name = "attempts_max",
	  .read = json_read_u32,
	  .offset = RETRY(attempts_max),
	  .min = 1,
	  .max = DTSS_ATTEMPTS_MAX },
	{ .name = "lost_max", .read = json_read_u32, .offset = RETRY(lost_max), .min = 1, .max = DTSS_ATTEMPTS_MAX },
	{ .name = "backoff_ms_min",
	  .read = json_read_u64,
	  .offset = RETRY(backoff_ms_min),
	  .min = 1,
	  .max = DTSS_DURATION_MS_MAX },
	{ .name = "backoff_ms_max",
	  .read = json_read_u64,
	  .offset = RETRY(backoff_ms_max),
	  .min = 1,
	  .max = DTSS_DURATION_MS_MAX },
	{ .name = "multiplier", .read = read_multiplier },
	{ .name = "jitter", .read = read_jitter },
	{ .name = "rules", .read = read_rules },
};

static int read_retry(struct json_reader *r, const json_t *value, const struct json_field *field, void *base)
{
	return json_read_object(r, value, retry_fields, LENGTH(retry_fields), (char *)base + field->offset);
}

static const struct json_field task_fields[] = {
	{ .name = "name", .read = json_read_string, .offset = SPEC(name) },
	{ .name = "key", .read = json_read_string, .offset = SPEC(key) },
	{ .name = "queue", .read = json_read_string, .offset = SPEC(queue) },
	{ .name = "argv", .read = json_read_strings, .offset = SPEC(argv), .count = SPEC(argc) },
	{ .name = "env", .read = read_pairs, .offset = SPEC(env), .count = SPEC(env_count) },
	{ .name = "cwd", .read = json_read_string, .offset = SPEC(cwd) },
	{ .name = "tags", .read = json_read_strings, .offset = SPEC(tags), .count = SPEC(tag_count) },
	{ .name = "resources", .read = json_read_resources, .offset = SPEC(resources), .count = SPEC(resource_count) },
	{ .name = "priority", .read = json_read_i32, .offset = SPEC(priority), .min = INT32_MIN, .max = INT32_MAX },
	{ .name = "not_before", .read = read_not_before },
	{ .name = "timeout_ms",
	  .read = json_read_u64,
	  .offset = SPEC(timeout_ms),
	  .min = 0,
	  .max = DTSS_DURATION_MS_MAX },
	{ .name = "start_deadline_ms",
	  .read = json_read_u64,
	  .offset = SPEC(start_deadline_ms),
	  .min = 0,
	  .max = DTSS_DURATION_MS_MAX },
	{ .name = "after", .read = read_after, .offset = SPEC(after), .count = SPEC(after_count) },
	{ .name = "retry", .read = read_retry, .offset = SPEC(retry) },
	{ .name = "labels", .read = read_pairs, .offset = SPEC(labels), .count = SPEC(label_count) },
	{ .name = "hold", .read = read_hold },
};

int json_read_task(struct json_reader *r, const json_t *value, unsigned flags, struct dtss_task_spec *ret_spec)
{
	struct dtss_task_spec spec = { .size = sizeof spec };
	int rc = json_read_object(r, value, task_fields, LENGTH(task_fields), &spec);

	if (rc != 0)
		return rc;
	if (!(flags & JSON_TASK_ANY) && spec.argc == 0) {
		json_path_push(r, "argv", -1);
		return json_expected(r, DTSS_E_INVALID, "an array of at least one string");
	}
	*ret_spec = spec;
	return 0;
}
