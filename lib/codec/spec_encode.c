/* SPDX-License-Identifier: MIT */
#include "codec/order.h"
#include "codec/parts.h"
#include "codec/spec.h"
#include "codec/wire.h"
#include "core/check.h"
#include "core/size.h"

static void spec_resolve_retry(struct dtss_retry *retry)
{
	if (retry->attempts_max == 0)
		retry->attempts_max = 1;
	if (retry->lost_max == 0)
		retry->lost_max = DTSS_LOST_MAX_DEFAULT;
	if (retry->backoff_ms_min == 0)
		retry->backoff_ms_min = DTSS_BACKOFF_MS_MIN_DEFAULT;
	if (retry->backoff_ms_max == 0)
		retry->backoff_ms_max = DTSS_BACKOFF_MS_MAX_DEFAULT;
	if (retry->multiplier_milli == 0)
		retry->multiplier_milli = DTSS_MULTIPLIER_MILLI_DEFAULT;
	if (retry->jitter == DTSS_JITTER_DEFAULT)
		retry->jitter = DTSS_JITTER_ON;
}

int spec_resolve(struct dtss_task_spec *dst, const struct dtss_task_spec *src)
{
	int error = size_import(dst, sizeof *dst, src);

	if (error < 0)
		return error;
	if (dst->name == NULL)
		dst->name = "";
	if (dst->queue == NULL)
		dst->queue = "default";
	spec_resolve_retry(&dst->retry);
	return DTSS_OK;
}

static void spec_put_numbers(struct wire_out *out, const struct dtss_task_spec *spec)
{
	wire_put32(out, spec->flags);
	wire_put32(out, (uint32_t)spec->priority);
	wire_put64(out, (uint64_t)spec->not_before_ns);
	wire_put64(out, spec->start_deadline_ms);
	wire_put64(out, spec->timeout_ms);
	wire_put32(out, spec->retry.attempts_max);
	wire_put32(out, spec->retry.lost_max);
	wire_put64(out, spec->retry.backoff_ms_min);
	wire_put64(out, spec->retry.backoff_ms_max);
	wire_put32(out, spec->retry.multiplier_milli);
	wire_put8(out, spec->retry.jitter);
}

/* How many different tags there are; they are the first so many of order. */
static size_t spec_order_tags(uint16_t *order, const struct dtss_task_spec *spec)
{
	size_t i, unique = 0;

	order_by_name(order, spec->tags, spec->tag_count, sizeof spec->tags[0]);
	for (i = 0; i < spec->tag_count; i++) {
		if (i == 0 || strcmp(spec->tags[order[i]], spec->tags[order[unique - 1]]) != 0)
			order[unique++] = order[i];
	}
	return unique;
}

/* All of them in front of the first array, so that a reader knows at once how much memory it needs. */
static void spec_put_counts(struct wire_out *out, const struct dtss_task_spec *spec, size_t tag_count)
{
	wire_put32(out, (uint32_t)tag_count);
	wire_put32(out, (uint32_t)spec->resource_count);
	wire_put32(out, (uint32_t)spec->label_count);
	wire_put32(out, (uint32_t)spec->env_count);
	wire_put32(out, (uint32_t)spec->argc);
	wire_put32(out, (uint32_t)spec->after_count);
	wire_put32(out, (uint32_t)spec->retry.rule_count);
	wire_put32(out, (uint32_t)spec->payload_len);
}

static void spec_put_resources(struct wire_out *out, const struct dtss_task_spec *spec)
{
	uint16_t order[DTSS_RESOURCES_MAX];
	size_t i;

	order_by_name(order, spec->resources, spec->resource_count, sizeof spec->resources[0]);
	for (i = 0; i < spec->resource_count; i++) {
		wire_put64(out, spec->resources[order[i]].amount);
		wire_put_string(out, spec->resources[order[i]].name);
	}
}

static void spec_put_pairs(struct wire_out *out, const struct dtss_pair *pairs, size_t count)
{
	uint16_t order[ORDER_MAX];
	size_t i;

	order_by_name(order, pairs, count, sizeof pairs[0]);
	for (i = 0; i < count; i++) {
		wire_put_string(out, pairs[order[i]].name);
		wire_put_string(out, pairs[order[i]].value);
	}
}

static void spec_put_rules(struct wire_out *out, const struct dtss_retry *retry)
{
	size_t i;

	for (i = 0; i < retry->rule_count; i++) {
		wire_put32(out, retry->rules[i].causes);
		wire_put8(out, retry->rules[i].action);
		wire_put32(out, (uint32_t)retry->rules[i].exit_min);
		wire_put32(out, (uint32_t)retry->rules[i].exit_max);
	}
}

static void spec_put_arrays(struct wire_out *out, const struct dtss_task_spec *spec, const uint16_t *tags,
			    size_t tag_count)
{
	size_t i;

	for (i = 0; i < tag_count; i++)
		wire_put_string(out, spec->tags[tags[i]]);
	/* not called for nothing: their lists of indexes are long */
	if (spec->resource_count > 0)
		spec_put_resources(out, spec);
	if (spec->label_count > 0)
		spec_put_pairs(out, spec->labels, spec->label_count);
	if (spec->env_count > 0)
		spec_put_pairs(out, spec->env, spec->env_count);
	parts_put_strings(out, spec->argv, spec->argc);
	for (i = 0; i < spec->after_count; i++)
		wire_put64(out, spec->after[i].task.v);
	spec_put_rules(out, &spec->retry);
	wire_put_bytes(out, spec->payload, spec->payload_len);
}

size_t spec_encode(const struct dtss_task_spec *s, void *buf, size_t cap)
{
	struct wire_out out;
	uint16_t tags[DTSS_TASK_TAGS_MAX];
	size_t tag_count;

	DTSS_ASSERT(s->tag_count <= DTSS_TASK_TAGS_MAX);
	DTSS_ASSERT(s->resource_count <= DTSS_RESOURCES_MAX);
	DTSS_ASSERT(s->payload_len <= DTSS_SPEC_BYTES_MAX);
	tag_count = spec_order_tags(tags, s);
	wire_begin(&out, buf, cap, WIRE_SPEC, 0);
	spec_put_numbers(&out, s);
	spec_put_counts(&out, s, tag_count);
	wire_put_string(&out, s->name);
	wire_put_string(&out, s->queue);
	wire_put_string(&out, s->key);
	wire_put_string(&out, s->cwd);
	spec_put_arrays(&out, s, tags, tag_count);
	return wire_end(&out);
}

size_t dtss_spec_encode(const struct dtss_task_spec *spec, void *buf, size_t cap)
{
	struct dtss_task_spec s;
	int error = spec_resolve(&s, spec);

	DTSS_ASSERT(error == DTSS_OK);
	return spec_encode(&s, buf, cap);
}
