/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <math.h>
#include <string.h>
#include "common/rfc3339.h"

#define SPEC(member) offsetof(struct dtss_task_spec, member)
#define RETRY(member) offsetof(struct dtss_retry, member)
#define RULE(member) offsetof(struct dtss_retry_rule, member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const action_names[] = { "", "retry", "fail", "ignore", "quarantine" };

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
	for (uint32_t i = 1; name && i < LENGTH(action_names); i++) {
		if (strcmp(name, action_names[i]) == 0) {
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

/* To the nanosecond where it is that exact: what is shown must be the specification that was sent. */
static json_t *from_not_before(int64_t wall_ns)
{
	char text[RFC3339_LEN];

	rfc3339_format(text, wall_ns, wall_ns % 1000000 ? 9 : 3);
	return json_string(text);
}

static json_t *from_pairs(const struct dtss_pair *pairs, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_put(&object, pairs[i].name, json_text(pairs[i].value));
	return object;
}

static json_t *from_after(const struct dtss_after *after, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_integer((json_int_t)after[i].task.v));
	return array;
}

static json_t *from_rule(const struct dtss_retry_rule *rule)
{
	json_t *object = json_object(), *on = json_array();

	for (uint32_t cause = DTSS_CAUSE_EXIT; cause <= DTSS_CAUSE_LOST; cause++)
		if (rule->causes & UINT32_C(1) << cause)
			json_array_append_new(on, json_string(dtss_cause_name(cause)));
	json_put(&object, "on", on);
	if (rule->exit_min || rule->exit_max) {
		json_put(&object, "exit_min", json_integer(rule->exit_min));
		json_put(&object, "exit_max", json_integer(rule->exit_max));
	}
	json_put(&object, "action", json_string(rule->action < LENGTH(action_names) ? action_names[rule->action] : ""));
	return object;
}

static json_t *from_rules(const struct dtss_retry *retry)
{
	json_t *array = json_array();

	for (size_t i = 0; i < retry->rule_count; i++)
		json_array_append_new(array, from_rule(&retry->rules[i]));
	return array;
}

static json_t *from_retry(const struct dtss_retry *retry)
{
	json_t *object = json_object();

	if (retry->attempts_max)
		json_put(&object, "attempts_max", json_integer(retry->attempts_max));
	if (retry->lost_max)
		json_put(&object, "lost_max", json_integer(retry->lost_max));
	if (retry->backoff_ms_min)
		json_put(&object, "backoff_ms_min", json_integer((json_int_t)retry->backoff_ms_min));
	if (retry->backoff_ms_max)
		json_put(&object, "backoff_ms_max", json_integer((json_int_t)retry->backoff_ms_max));
	if (retry->multiplier_milli % 1000)
		json_put(&object, "multiplier", json_real(retry->multiplier_milli / 1000.0));
	else if (retry->multiplier_milli)
		json_put(&object, "multiplier", json_integer(retry->multiplier_milli / 1000));
	if (retry->jitter != DTSS_JITTER_DEFAULT)
		json_put(&object, "jitter", json_boolean(retry->jitter == DTSS_JITTER_ON));
	if (retry->rule_count)
		json_put(&object, "rules", from_rules(retry));
	return object;
}

json_t *json_from_task(const struct dtss_task_spec *spec)
{
	json_t *task = json_object(), *retry = from_retry(&spec->retry);

	if (spec->name && spec->name[0])
		json_put(&task, "name", json_text(spec->name));
	if (spec->key)
		json_put(&task, "key", json_text(spec->key));
	if (spec->queue)
		json_put(&task, "queue", json_text(spec->queue));
	if (spec->argc)
		json_put(&task, "argv", json_from_strings(spec->argv, spec->argc));
	if (spec->env_count)
		json_put(&task, "env", from_pairs(spec->env, spec->env_count));
	if (spec->cwd)
		json_put(&task, "cwd", json_text(spec->cwd));
	if (spec->tag_count)
		json_put(&task, "tags", json_from_strings(spec->tags, spec->tag_count));
	if (spec->resource_count)
		json_put(&task, "resources", json_from_resources(spec->resources, spec->resource_count));
	if (spec->priority)
		json_put(&task, "priority", json_integer(spec->priority));
	if (spec->not_before_ns)
		json_put(&task, "not_before", from_not_before(spec->not_before_ns));
	if (spec->timeout_ms)
		json_put(&task, "timeout_ms", json_integer((json_int_t)spec->timeout_ms));
	if (spec->start_deadline_ms)
		json_put(&task, "start_deadline_ms", json_integer((json_int_t)spec->start_deadline_ms));
	if (spec->after_count)
		json_put(&task, "after", from_after(spec->after, spec->after_count));
	if (json_object_size(retry) > 0)
		json_put(&task, "retry", json_incref(retry));
	json_decref(retry);
	if (spec->label_count)
		json_put(&task, "labels", from_pairs(spec->labels, spec->label_count));
	if (spec->flags & DTSS_SPEC_HELD)
		json_put(&task, "hold", json_true());
	return task;
}
