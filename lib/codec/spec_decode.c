/* SPDX-License-Identifier: MIT */
#include "codec/block.h"
#include "codec/order.h"
#include "codec/parts.h"
#include "codec/spec.h"
#include "codec/wire.h"
#include "core/check.h"

#define SPEC_NUMBERS_BYTES 61
#define SPEC_PAYLOAD_AT (WIRE_HEADER + SPEC_NUMBERS_BYTES + 7 * 4) /* the last count: its length */
#define SPEC_STRINGS_AT (SPEC_PAYLOAD_AT + 4)
#define SPEC_RULE_BYTES 13

static void spec_get_numbers(struct wire_in *in, struct dtss_task_spec *spec)
{
	const uint8_t *p = wire_take(in, SPEC_NUMBERS_BYTES);

	if (p == NULL)
		return;
	spec->size = sizeof *spec;
	spec->flags = wire_next32(&p);
	spec->priority = (int32_t)wire_next32(&p);
	spec->not_before_ns = (int64_t)wire_next64(&p);
	spec->start_deadline_ms = wire_next64(&p);
	spec->timeout_ms = wire_next64(&p);
	spec->retry.attempts_max = wire_next32(&p);
	spec->retry.lost_max = wire_next32(&p);
	spec->retry.backoff_ms_min = wire_next64(&p);
	spec->retry.backoff_ms_max = wire_next64(&p);
	spec->retry.multiplier_milli = wire_next32(&p);
	spec->retry.jitter = wire_next8(&p);
}

static void spec_get_counts(struct wire_in *in, struct dtss_task_spec *spec)
{
	spec->tag_count = wire_get_count(in, DTSS_TASK_TAGS_MAX, PARTS_STRING_MIN);
	spec->resource_count = wire_get_count(in, DTSS_RESOURCES_MAX, PARTS_RESOURCE_MIN);
	spec->label_count = wire_get_count(in, DTSS_LABELS_MAX, 2 * PARTS_STRING_MIN);
	spec->env_count = wire_get_count(in, DTSS_ENV_MAX, 2 * PARTS_STRING_MIN);
	spec->argc = wire_get_count(in, DTSS_ARGC_MAX, PARTS_STRING_MIN);
	spec->after_count = wire_get_count(in, DTSS_AFTER_MAX, sizeof(uint64_t));
	spec->retry.rule_count = wire_get_count(in, DTSS_RULES_MAX, SPEC_RULE_BYTES);
	spec->payload_len = wire_get_count(in, DTSS_SPEC_BYTES_MAX, 1);
}

static void spec_get_pairs(struct wire_in *in, struct dtss_pair *pairs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		pairs[i].name = wire_get_string(in, DTSS_SPEC_BYTES_MAX);
		pairs[i].value = wire_get_string(in, DTSS_SPEC_BYTES_MAX);
	}
}

static void spec_get_after(struct wire_in *in, struct dtss_after *after, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		after[i].task.v = wire_get64(in);
}

static void spec_get_rules(struct wire_in *in, struct dtss_retry_rule *rules, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		rules[i].causes = wire_get32(in);
		rules[i].action = wire_get8(in);
		rules[i].exit_min = (int32_t)wire_get32(in);
		rules[i].exit_max = (int32_t)wire_get32(in);
	}
}

/* Gives the arrays their memory, in the order of the encoding, and fills them. */
static void spec_get_arrays(struct wire_in *in, struct block *b, struct dtss_task_spec *spec)
{
	const char **tags = block_take(b, spec->tag_count, sizeof *tags);
	struct dtss_resource *resources = block_take(b, spec->resource_count, sizeof *resources);
	struct dtss_pair *labels = block_take(b, spec->label_count, sizeof *labels);
	struct dtss_pair *env = block_take(b, spec->env_count, sizeof *env);
	const char **argv = block_take(b, spec->argc, sizeof *argv);
	struct dtss_after *after = block_take(b, spec->after_count, sizeof *after);
	struct dtss_retry_rule *rules = block_take(b, spec->retry.rule_count, sizeof *rules);

	parts_get_strings(in, tags, spec->tag_count, DTSS_TAG_LEN_MAX);
	parts_get_resources(in, resources, spec->resource_count);
	spec_get_pairs(in, labels, spec->label_count);
	spec_get_pairs(in, env, spec->env_count);
	parts_get_strings(in, argv, spec->argc, DTSS_SPEC_BYTES_MAX);
	spec_get_after(in, after, spec->after_count);
	spec_get_rules(in, rules, spec->retry.rule_count);
	spec->tags = tags;
	spec->resources = resources;
	spec->labels = labels;
	spec->env = env;
	spec->argv = argv;
	spec->after = after;
	spec->retry.rules = rules;
	spec->payload = spec->payload_len > 0 ? wire_get_bytes(in, spec->payload_len) : NULL;
}

static void spec_block(struct block *b, const struct dtss_task_spec *spec)
{
	block_init(b);
	block_add(b, 1, sizeof *spec);
	block_add(b, spec->tag_count, sizeof spec->tags[0]);
	block_add(b, spec->resource_count, sizeof spec->resources[0]);
	block_add(b, spec->label_count, sizeof spec->labels[0]);
	block_add(b, spec->env_count, sizeof spec->env[0]);
	block_add(b, spec->argc, sizeof spec->argv[0]);
	block_add(b, spec->after_count, sizeof spec->after[0]);
	block_add(b, spec->retry.rule_count, sizeof spec->retry.rules[0]);
}

static int spec_sorted(const void *array, size_t count, size_t stride)
{
	size_t i;

	for (i = 1; i < count; i++) {
		if (strcmp(order_name(array, stride, i - 1), order_name(array, stride, i)) >= 0)
			return 0;
	}
	return 1;
}

/* Is it what dtss_spec_encode() makes? Bytes are compared in place of specifications, so nothing else may pass. */
static int spec_canonical(const struct dtss_task_spec *spec)
{
	const struct dtss_retry *retry = &spec->retry;

	return spec_check_fields(spec, NULL) == DTSS_OK && retry->attempts_max > 0 && retry->lost_max > 0 &&
	       retry->backoff_ms_min > 0 && retry->jitter != DTSS_JITTER_DEFAULT &&
	       spec_sorted(spec->tags, spec->tag_count, sizeof spec->tags[0]) &&
	       spec_sorted(spec->resources, spec->resource_count, sizeof spec->resources[0]) &&
	       spec_sorted(spec->labels, spec->label_count, sizeof spec->labels[0]) &&
	       spec_sorted(spec->env, spec->env_count, sizeof spec->env[0]);
}

int spec_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_task_spec **ret_spec)
{
	struct dtss_task_spec fixed, *spec;
	struct wire_in in;
	struct block b;
	uint32_t kind, flags;
	int error = wire_enter(&in, data, len, &kind, &flags);

	if (error < 0)
		return error;
	memset(&fixed, 0, sizeof fixed);
	spec_get_numbers(&in, &fixed);
	spec_get_counts(&in, &fixed);
	if (in.failed || kind != WIRE_SPEC || flags != 0 || len > DTSS_SPEC_BYTES_MAX)
		return DTSS_E_CORRUPT;
	spec_block(&b, &fixed);
	error = block_alloc(&b, mem);
	if (error < 0)
		return error;
	spec = block_take(&b, 1, sizeof *spec);
	*spec = fixed;
	spec->name = wire_get_string(&in, DTSS_NAME_LEN_MAX);
	spec->queue = wire_get_string(&in, DTSS_NAME_LEN_MAX);
	spec->key = wire_get_optional(&in, DTSS_NAME_LEN_MAX);
	spec->cwd = wire_get_optional(&in, DTSS_SPEC_BYTES_MAX);
	spec_get_arrays(&in, &b, spec);
	if (wire_close(&in) < 0 || !spec_canonical(spec)) {
		block_free(spec, mem);
		return DTSS_E_CORRUPT;
	}
	*ret_spec = spec;
	return DTSS_OK;
}

int dtss_spec_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_task_spec **ret_spec)
{
	return wire_whole(data, len) ? spec_decode(data, len, mem, ret_spec) : DTSS_E_CORRUPT;
}

const char *spec_queue(const uint8_t *spec, size_t len)
{
	struct wire_in in = { spec, len, 0 };

	(void)wire_take(&in, SPEC_STRINGS_AT);
	(void)wire_get_string(&in, DTSS_NAME_LEN_MAX); /* its name */
	return wire_get_string(&in, DTSS_NAME_LEN_MAX);
}

int spec_alike(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t head = a_len - wire_load32(a + SPEC_PAYLOAD_AT); /* the payload is the end */

	DTSS_ASSERT(head >= SPEC_STRINGS_AT && head <= a_len);
	return b_len >= head && wire_load32(b + SPEC_PAYLOAD_AT) == b_len - head && memcmp(a + 4, b + 4, 4) == 0 &&
	       memcmp(a + WIRE_HEADER, b + WIRE_HEADER, SPEC_PAYLOAD_AT - WIRE_HEADER) == 0 &&
	       memcmp(a + SPEC_STRINGS_AT, b + SPEC_STRINGS_AT, head - SPEC_STRINGS_AT) == 0;
}

void dtss_spec_free(struct dtss_task_spec *spec, const struct dtss_mem *mem)
{
	block_free(spec, mem);
}
