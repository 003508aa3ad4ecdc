/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/order.h"
#include "codec/spec.h"
#include "core/check.h"

#define SPEC_TEXT_OF(x) #x
#define SPEC_TEXT(x) SPEC_TEXT_OF(x)
#define SPEC_AT_MOST(max) "at most " SPEC_TEXT(max)
#define SPEC_AT_MOST_BYTES(max) SPEC_AT_MOST(max) " bytes"
#define SPEC_CAUSES (((UINT32_C(1) << (DTSS_CAUSE_LOST + 1)) - 1) & ~UINT32_C(1)) /* EXIT to LOST */

static int spec_problem(struct dtss_problem *ret, int error, const char *field, const char *expected, size_t index)
{
	if (ret != NULL) {
		ret->field = field;
		ret->expected = expected;
		ret->index = index;
	}
	return error;
}

/* One string. at_most says max in words. */
static int spec_check_text(struct dtss_problem *ret, const char *field, size_t index, const char *s, size_t max,
			   const char *at_most)
{
	if (s == NULL)
		return spec_problem(ret, DTSS_E_INVALID, field, "a string", index);
	if (strlen(s) > max)
		return spec_problem(ret, DTSS_E_TOO_BIG, field, at_most, index);
	return DTSS_OK;
}

static int spec_check_nonempty(struct dtss_problem *ret, const char *field, size_t index, const char *s, size_t max,
			       const char *at_most)
{
	if (s == NULL || s[0] == '\0')
		return spec_problem(ret, DTSS_E_INVALID, field, "not empty", index);
	return spec_check_text(ret, field, index, s, max, at_most);
}

static int spec_check_name(struct dtss_problem *ret, const char *field, size_t index, const char *s)
{
	return spec_check_nonempty(ret, field, index, s, DTSS_NAME_LEN_MAX, SPEC_AT_MOST_BYTES(DTSS_NAME_LEN_MAX));
}

/* Strings without a limit of their own: no longer than the whole. */
static int spec_check_long(struct dtss_problem *ret, const char *field, size_t index, const char *s)
{
	return spec_check_text(ret, field, index, s, DTSS_SPEC_BYTES_MAX, SPEC_AT_MOST_BYTES(DTSS_SPEC_BYTES_MAX));
}

static int spec_check_array(struct dtss_problem *ret, const char *field, const void *array, size_t count, size_t max,
			    const char *at_most)
{
	if (count > max)
		return spec_problem(ret, DTSS_E_TOO_BIG, field, at_most, max);
	if (count > 0 && array == NULL)
		return spec_problem(ret, DTSS_E_INVALID, field, "not NULL", 0);
	return DTSS_OK;
}

static int spec_check_unique_many(struct dtss_problem *ret, const char *field, const void *array, size_t count,
				  size_t stride)
{
	uint16_t order[ORDER_MAX];
	size_t i;

	order_by_name(order, array, count, stride);
	for (i = 1; i < count; i++) {
		const char *before = order_name(array, stride, order[i - 1]);

		if (strcmp(before, order_name(array, stride, order[i])) == 0)
			return spec_problem(ret, DTSS_E_INVALID, field, "unique names", order[i]);
	}
	return DTSS_OK;
}

static int spec_check_unique(struct dtss_problem *ret, const char *field, const void *array, size_t count,
			     size_t stride)
{
	return count < 2 ? DTSS_OK : spec_check_unique_many(ret, field, array, count, stride);
}

static int spec_check_range(struct dtss_problem *ret, const char *field, uint64_t value, uint64_t max,
			    const char *expected)
{
	return value > max ? spec_problem(ret, DTSS_E_TOO_BIG, field, expected, 0) : DTSS_OK;
}

static int spec_check_strings(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error =
		spec_check_text(ret, "name", 0, spec->name, DTSS_NAME_LEN_MAX, SPEC_AT_MOST_BYTES(DTSS_NAME_LEN_MAX));

	if (error == DTSS_OK)
		error = spec_check_name(ret, "queue", 0, spec->queue);
	if (error == DTSS_OK && spec->key != NULL)
		error = spec_check_name(ret, "key", 0, spec->key);
	if (error == DTSS_OK && spec->cwd != NULL)
		error = spec_check_nonempty(ret, "cwd", 0, spec->cwd, DTSS_SPEC_BYTES_MAX,
					    SPEC_AT_MOST_BYTES(DTSS_SPEC_BYTES_MAX));
	return error;
}

static int spec_check_argv(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error = spec_check_array(ret, "argv", spec->argv, spec->argc, DTSS_ARGC_MAX, SPEC_AT_MOST(DTSS_ARGC_MAX));
	size_t i;

	for (i = 0; i < spec->argc && error == DTSS_OK; i++)
		error = spec_check_long(ret, "argv", i, spec->argv[i]);
	if (error == DTSS_OK && spec->argc > 0 && spec->argv[0][0] == '\0')
		error = spec_problem(ret, DTSS_E_INVALID, "argv", "a program name first, not empty", 0);
	return error;
}

static int spec_check_env(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error = spec_check_array(ret, "env", spec->env, spec->env_count, DTSS_ENV_MAX, SPEC_AT_MOST(DTSS_ENV_MAX));
	size_t i;

	for (i = 0; i < spec->env_count && error == DTSS_OK; i++) {
		error = spec_check_long(ret, "env", i, spec->env[i].name);
		if (error == DTSS_OK && (spec->env[i].name[0] == '\0' || strchr(spec->env[i].name, '=') != NULL))
			error = spec_problem(ret, DTSS_E_INVALID, "env", "names that are not empty and have no '='", i);
		if (error == DTSS_OK)
			error = spec_check_long(ret, "env", i, spec->env[i].value);
	}
	return error < 0 ? error : spec_check_unique(ret, "env", spec->env, spec->env_count, sizeof spec->env[0]);
}

static int spec_check_tags(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error = spec_check_array(ret, "tags", spec->tags, spec->tag_count, DTSS_TASK_TAGS_MAX,
				     SPEC_AT_MOST(DTSS_TASK_TAGS_MAX));
	size_t i;

	for (i = 0; i < spec->tag_count && error == DTSS_OK; i++)
		error = spec_check_nonempty(ret, "tags", i, spec->tags[i], DTSS_TAG_LEN_MAX,
					    SPEC_AT_MOST_BYTES(DTSS_TAG_LEN_MAX));
	return error;
}

static int spec_check_resources(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	const struct dtss_resource *r = spec->resources;
	int error = spec_check_array(ret, "resources", r, spec->resource_count, DTSS_RESOURCES_MAX,
				     SPEC_AT_MOST(DTSS_RESOURCES_MAX));
	size_t i;

	for (i = 0; i < spec->resource_count && error == DTSS_OK; i++) {
		error = spec_check_name(ret, "resources", i, r[i].name);
		if (error == DTSS_OK && r[i].amount == 0)
			error = spec_problem(ret, DTSS_E_INVALID, "resources",
					     "1.." SPEC_TEXT(DTSS_RESOURCE_AMOUNT_MAX), i);
		if (error == DTSS_OK && r[i].amount > DTSS_RESOURCE_AMOUNT_MAX)
			error = spec_problem(ret, DTSS_E_TOO_BIG, "resources",
					     "1.." SPEC_TEXT(DTSS_RESOURCE_AMOUNT_MAX), i);
	}
	return error < 0 ? error : spec_check_unique(ret, "resources", r, spec->resource_count, sizeof r[0]);
}

static int spec_check_labels(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error = spec_check_array(ret, "labels", spec->labels, spec->label_count, DTSS_LABELS_MAX,
				     SPEC_AT_MOST(DTSS_LABELS_MAX));
	size_t i;

	for (i = 0; i < spec->label_count && error == DTSS_OK; i++) {
		error = spec_check_name(ret, "labels", i, spec->labels[i].name);
		if (error == DTSS_OK)
			error = spec_check_text(ret, "labels", i, spec->labels[i].value, DTSS_LABEL_VALUE_LEN_MAX,
						SPEC_AT_MOST_BYTES(DTSS_LABEL_VALUE_LEN_MAX));
	}
	return error < 0 ? error :
			   spec_check_unique(ret, "labels", spec->labels, spec->label_count, sizeof spec->labels[0]);
}

static int spec_check_after(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	const struct dtss_after *after = spec->after;
	int error =
		spec_check_array(ret, "after", after, spec->after_count, DTSS_AFTER_MAX, SPEC_AT_MOST(DTSS_AFTER_MAX));
	size_t i;

	for (i = 0; i < spec->after_count && error == DTSS_OK; i++) {
		if (after[i].task.v == 0 || after[i].task.v > DTSS_TASK_ID_MAX)
			error = spec_problem(ret, DTSS_E_INVALID, "after", "the id of a task", i);
		else if (after[i].reserved != 0 ||
			 (after[i].outcome != 0 && !dtss_task_state_terminal(after[i].outcome)))
			error = spec_problem(ret, DTSS_E_INVALID, "after", "an outcome that is a final state, or 0", i);
	}
	return error;
}

static int spec_check_times(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	int error = spec_check_range(ret, "timeout_ms", spec->timeout_ms, DTSS_DURATION_MS_MAX,
				     "0.." SPEC_TEXT(DTSS_DURATION_MS_MAX));

	if (error == DTSS_OK)
		error = spec_check_range(ret, "start_deadline_ms", spec->start_deadline_ms, DTSS_DURATION_MS_MAX,
					 "0.." SPEC_TEXT(DTSS_DURATION_MS_MAX));
	if (error == DTSS_OK && spec->not_before_ns < 0)
		error = spec_problem(ret, DTSS_E_INVALID, "not_before", "a time after 1970", 0);
	if (error == DTSS_OK && (spec->flags & ~(uint32_t)DTSS_SPEC_HELD) != 0)
		error = spec_problem(ret, DTSS_E_INVALID, "flags", "only known flags", 0);
	return error;
}

static int spec_check_retry(const struct dtss_retry *retry, struct dtss_problem *ret)
{
	int error = spec_check_range(ret, "retry.attempts_max", retry->attempts_max, DTSS_ATTEMPTS_MAX,
				     "1.." SPEC_TEXT(DTSS_ATTEMPTS_MAX));

	if (error == DTSS_OK)
		error = spec_check_range(ret, "retry.lost_max", retry->lost_max, DTSS_ATTEMPTS_MAX,
					 "1.." SPEC_TEXT(DTSS_ATTEMPTS_MAX));
	if (error == DTSS_OK)
		error = spec_check_range(ret, "retry.backoff_ms_min", retry->backoff_ms_min, DTSS_DURATION_MS_MAX,
					 "1.." SPEC_TEXT(DTSS_DURATION_MS_MAX));
	if (error == DTSS_OK)
		error = spec_check_range(ret, "retry.backoff_ms_max", retry->backoff_ms_max, DTSS_DURATION_MS_MAX,
					 "1.." SPEC_TEXT(DTSS_DURATION_MS_MAX));
	if (error == DTSS_OK && retry->backoff_ms_max < retry->backoff_ms_min)
		error = spec_problem(ret, DTSS_E_INVALID, "retry.backoff_ms_max", "at least retry.backoff_ms_min", 0);
	if (error == DTSS_OK)
		error = spec_check_range(ret, "retry.multiplier", retry->multiplier_milli, DTSS_MULTIPLIER_MILLI_MAX,
					 "1..1000 times");
	if (error == DTSS_OK && retry->multiplier_milli < 1000)
		error = spec_problem(ret, DTSS_E_INVALID, "retry.multiplier", "1..1000 times", 0);
	if (error == DTSS_OK && retry->jitter > DTSS_JITTER_OFF)
		error = spec_problem(ret, DTSS_E_INVALID, "retry.jitter", "on or off", 0);
	return error;
}

static int spec_check_rules(const struct dtss_retry *retry, struct dtss_problem *ret)
{
	int error = spec_check_array(ret, "retry.rules", retry->rules, retry->rule_count, DTSS_RULES_MAX,
				     SPEC_AT_MOST(DTSS_RULES_MAX));
	size_t i;

	for (i = 0; i < retry->rule_count && error == DTSS_OK; i++) {
		const struct dtss_retry_rule *rule = &retry->rules[i];

		if ((rule->causes & ~SPEC_CAUSES) != 0)
			error = spec_problem(ret, DTSS_E_INVALID, "retry.rules", "causes that end an attempt", i);
		else if (rule->action < DTSS_RETRY_RETRY || rule->action > DTSS_RETRY_QUARANTINE)
			error = spec_problem(ret, DTSS_E_INVALID, "retry.rules",
					     "an action: retry, fail, ignore or quarantine", i);
		else if (rule->exit_min > rule->exit_max)
			error = spec_problem(ret, DTSS_E_INVALID, "retry.rules", "exit_min at most exit_max", i);
	}
	return error;
}

static int spec_check_payload(const struct dtss_task_spec *spec, struct dtss_problem *ret)
{
	return spec_check_array(ret, "payload", spec->payload, spec->payload_len, DTSS_SPEC_BYTES_MAX,
				SPEC_AT_MOST_BYTES(DTSS_SPEC_BYTES_MAX));
}

int spec_check_fields(const struct dtss_task_spec *spec, struct dtss_problem *ret_problem)
{
	static int (*const checks[])(const struct dtss_task_spec *, struct dtss_problem *) = {
		spec_check_strings, spec_check_argv,  spec_check_env,   spec_check_tags,   spec_check_resources,
		spec_check_labels,  spec_check_after, spec_check_times, spec_check_payload
	};
	size_t i;
	int error = DTSS_OK;

	for (i = 0; i < sizeof checks / sizeof checks[0] && error == DTSS_OK; i++)
		error = checks[i](spec, ret_problem);
	if (error == DTSS_OK)
		error = spec_check_retry(&spec->retry, ret_problem);
	if (error == DTSS_OK)
		error = spec_check_rules(&spec->retry, ret_problem);
	return error;
}

int dtss_spec_check(const struct dtss_task_spec *spec, struct dtss_problem *ret_problem)
{
	struct dtss_task_spec resolved;
	int error;

	DTSS_ASSERT(spec != NULL);
	if (spec_resolve(&resolved, spec) < 0)
		return spec_problem(ret_problem, DTSS_E_INVALID, "size", "sizeof(struct dtss_task_spec)", 0);
	error = spec_check_fields(&resolved, ret_problem);
	if (error < 0)
		return error;
	if (spec_encode(&resolved, NULL, 0) > DTSS_SPEC_BYTES_MAX)
		return spec_problem(ret_problem, DTSS_E_TOO_BIG, "", SPEC_AT_MOST_BYTES(DTSS_SPEC_BYTES_MAX) " in all",
				    0);
	return DTSS_OK;
}
