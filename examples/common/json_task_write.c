/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include "common/rfc3339.h"
#include "common/utf8.h"

/* To the nanosecond where it is that exact: what is shown must be the specification that was sent. */
static void write_not_before(struct text *t, int64_t wall_ns)
{
	char text[RFC3339_LEN];

	rfc3339_format(text, wall_ns, wall_ns % 1000000 ? 9 : 3);
	text_put_string(t, "not_before", text);
}

/* The next character of a name as it is sent; 0 at its end. */
static uint32_t name_next(const char **at)
{
	uint32_t point = 0xFFFD;
	size_t len = **at ? utf8_decode(*at, &point) : 0;

	if (!**at)
		return 0;
	*at += len ? len : 1;
	return len ? point : 0xFFFD;
}

/* Names differ, but bytes that are no UTF-8 all look alike when they are sent, and nobody takes a name twice. */
static int name_told(const void *array, size_t stride, size_t index)
{
	const char *name = *(const char *const *)((const char *)array + index * stride), *odd = name;
	uint32_t point;

	while ((point = name_next(&odd)) != 0 && point != 0xFFFD)
		continue;
	for (size_t i = 0; point && i < index; i++) {
		const char *a = name, *b = *(const char *const *)((const char *)array + i * stride);

		while ((point = name_next(&a)) != 0 && point == name_next(&b))
			continue;
		if (point == 0 && *b == '\0')
			return 1;
		point = 0xFFFD;
	}
	return 0;
}

static void write_pairs(struct text *t, const char *key, const struct dtss_pair *pairs, size_t count)
{
	text_key(t, key);
	text_open(t, '{');
	for (size_t i = 0; i < count; i++) {
		if (name_told(pairs, sizeof pairs[0], i))
			continue;
		text_string(t, pairs[i].name);
		text_add(t, ":", 1);
		text_string(t, pairs[i].value);
	}
	text_close(t, '}');
}

static void write_strings(struct text *t, const char *key, const char *const *strings, size_t count)
{
	text_key(t, key);
	text_open(t, '[');
	for (size_t i = 0; i < count; i++)
		text_string(t, strings[i]);
	text_close(t, ']');
}

static void write_resources(struct text *t, const struct dtss_resource *resources, size_t count)
{
	text_key(t, "resources");
	text_open(t, '{');
	for (size_t i = 0; i < count; i++) {
		if (name_told(resources, sizeof resources[0], i))
			continue;
		text_string(t, resources[i].name);
		text_add(t, ":", 1);
		text_number(t, resources[i].amount);
	}
	text_close(t, '}');
}

static void write_after(struct text *t, const struct dtss_after *after, size_t count)
{
	text_key(t, "after");
	text_open(t, '[');
	for (size_t i = 0; i < count; i++)
		text_number(t, after[i].task.v);
	text_close(t, ']');
}

static void write_rule(struct text *t, const struct dtss_retry_rule *rule)
{
	text_open(t, '{');
	text_key(t, "on");
	text_open(t, '[');
	for (uint32_t cause = DTSS_CAUSE_EXIT; cause <= DTSS_CAUSE_LOST; cause++)
		if (rule->causes & UINT32_C(1) << cause)
			text_string(t, dtss_cause_name(cause));
	text_close(t, ']');
	if (rule->exit_min || rule->exit_max) {
		text_put_integer(t, "exit_min", rule->exit_min);
		text_put_integer(t, "exit_max", rule->exit_max);
	}
	text_put_string(t, "action", rule->action < JSON_ACTIONS ? json_action_names[rule->action] : "");
	text_close(t, '}');
}

/* 2125 thousandths: 2.125, without zeros at its end. */
static void write_multiplier(struct text *t, uint32_t milli)
{
	const char rest[] = { '.', (char)('0' + milli / 100 % 10), (char)('0' + milli / 10 % 10),
			      (char)('0' + milli % 10) };
	size_t len = sizeof rest;

	while (rest[len - 1] == '0')
		len--;
	text_put_number(t, "multiplier", milli / 1000);
	text_add(t, rest, len > 1 ? len : 0);
}

static void write_retry(struct text *t, const struct dtss_retry *retry)
{
	text_key(t, "retry");
	text_open(t, '{');
	if (retry->attempts_max)
		text_put_number(t, "attempts_max", retry->attempts_max);
	if (retry->lost_max)
		text_put_number(t, "lost_max", retry->lost_max);
	if (retry->backoff_ms_min)
		text_put_number(t, "backoff_ms_min", retry->backoff_ms_min);
	if (retry->backoff_ms_max)
		text_put_number(t, "backoff_ms_max", retry->backoff_ms_max);
	if (retry->multiplier_milli)
		write_multiplier(t, retry->multiplier_milli);
	if (retry->jitter != DTSS_JITTER_DEFAULT) {
		text_key(t, "jitter");
		text_truth(t, retry->jitter == DTSS_JITTER_ON);
	}
	if (retry->rule_count) {
		text_key(t, "rules");
		text_open(t, '[');
		for (size_t i = 0; i < retry->rule_count; i++)
			write_rule(t, &retry->rules[i]);
		text_close(t, ']');
	}
	text_close(t, '}');
}

static int retry_is_set(const struct dtss_retry *retry)
{
	return retry->attempts_max || retry->lost_max || retry->backoff_ms_min || retry->backoff_ms_max ||
	       retry->multiplier_milli || retry->jitter != DTSS_JITTER_DEFAULT || retry->rule_count;
}

/* What says when and where. */
static void write_conditions(struct text *t, const struct dtss_task_spec *spec)
{
	if (spec->tag_count)
		write_strings(t, "tags", spec->tags, spec->tag_count);
	if (spec->resource_count)
		write_resources(t, spec->resources, spec->resource_count);
	if (spec->priority)
		text_put_integer(t, "priority", spec->priority);
	if (spec->not_before_ns)
		write_not_before(t, spec->not_before_ns);
	if (spec->timeout_ms)
		text_put_number(t, "timeout_ms", spec->timeout_ms);
	if (spec->start_deadline_ms)
		text_put_number(t, "start_deadline_ms", spec->start_deadline_ms);
	if (spec->after_count)
		write_after(t, spec->after, spec->after_count);
}

void json_write_task_members(struct text *t, const struct dtss_task_spec *spec)
{
	if (spec->name && spec->name[0])
		text_put_string(t, "name", spec->name);
	if (spec->key)
		text_put_string(t, "key", spec->key);
	if (spec->queue)
		text_put_string(t, "queue", spec->queue);
	if (spec->argc)
		write_strings(t, "argv", spec->argv, spec->argc);
	if (spec->env_count)
		write_pairs(t, "env", spec->env, spec->env_count);
	if (spec->cwd)
		text_put_string(t, "cwd", spec->cwd);
	write_conditions(t, spec);
	if (retry_is_set(&spec->retry))
		write_retry(t, &spec->retry);
	if (spec->label_count)
		write_pairs(t, "labels", spec->labels, spec->label_count);
	if (spec->flags & DTSS_SPEC_HELD) {
		text_key(t, "hold");
		text_truth(t, 1);
	}
}

void json_write_task(struct text *t, const struct dtss_task_spec *spec)
{
	text_open(t, '{');
	json_write_task_members(t, spec);
	text_close(t, '}');
}
