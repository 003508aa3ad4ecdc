/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "node/keep.h"

/* Copies of what an engine or a decoder lends only until its next call. */

static const char *const *keep_strings(struct keep *k, const char *const *texts, size_t count)
{
	const char **copy = keep_array(k, count, sizeof *copy);
	size_t i;

	for (i = 0; copy != NULL && i < count; i++)
		copy[i] = keep_string(k, texts[i]);
	return copy;
}

static const struct dtss_pair *keep_pairs(struct keep *k, const struct dtss_pair *pairs, size_t count)
{
	struct dtss_pair *copy = keep_array(k, count, sizeof *copy);
	size_t i;

	for (i = 0; copy != NULL && i < count; i++) {
		copy[i].name = keep_string(k, pairs[i].name);
		copy[i].value = keep_string(k, pairs[i].value);
	}
	return copy;
}

static const struct dtss_resource *keep_resources(struct keep *k, const struct dtss_resource *resources, size_t count)
{
	struct dtss_resource *copy = keep_array(k, count, sizeof *copy);
	size_t i;

	for (i = 0; copy != NULL && i < count; i++) {
		copy[i].name = keep_string(k, resources[i].name);
		copy[i].amount = resources[i].amount;
	}
	return copy;
}

void keep_spec(struct keep *k, struct dtss_task_spec *ret_copy, const struct dtss_task_spec *spec)
{
	*ret_copy = *spec;
	ret_copy->name = keep_string(k, spec->name);
	ret_copy->queue = keep_string(k, spec->queue);
	ret_copy->key = keep_string(k, spec->key);
	ret_copy->payload = keep_bytes(k, spec->payload, spec->payload_len);
	ret_copy->argv = keep_strings(k, spec->argv, spec->argc);
	ret_copy->env = keep_pairs(k, spec->env, spec->env_count);
	ret_copy->cwd = keep_string(k, spec->cwd);
	ret_copy->tags = keep_strings(k, spec->tags, spec->tag_count);
	ret_copy->resources = keep_resources(k, spec->resources, spec->resource_count);
	ret_copy->after = keep_bytes(k, spec->after, spec->after_count * sizeof *spec->after);
	ret_copy->labels = keep_pairs(k, spec->labels, spec->label_count);
	ret_copy->retry.rules = keep_bytes(k, spec->retry.rules, spec->retry.rule_count * sizeof *spec->retry.rules);
}

static const struct dtss_attempt_view *keep_attempts(struct keep *k, const struct dtss_task_view *view)
{
	struct dtss_attempt_view *copy = keep_array(k, view->attempt_count, sizeof *copy);
	size_t i;

	for (i = 0; copy != NULL && i < view->attempt_count; i++) {
		copy[i] = view->attempts[i];
		copy[i].worker = keep_string(k, view->attempts[i].worker);
		copy[i].outcome.detail = keep_string(k, view->attempts[i].outcome.detail);
	}
	return copy;
}

const struct dtss_task_view *keep_task(struct keep *k, const struct dtss_task_view *view)
{
	struct dtss_task_view *copy = keep_take(k, sizeof *copy);
	struct dtss_task_spec *spec = keep_take(k, sizeof *spec);

	DTSS_ASSERT(view != NULL && view->spec != NULL);
	if (copy == NULL || spec == NULL)
		return NULL;
	*copy = *view;
	keep_spec(k, spec, view->spec);
	copy->spec = spec;
	copy->attempts = keep_attempts(k, view);
	return copy;
}

void keep_worker(struct keep *k, struct dtss_worker_view *ret_copy, const struct dtss_worker_view *view)
{
	*ret_copy = *view;
	ret_copy->name = keep_string(k, view->name);
	ret_copy->address = keep_string(k, view->address);
	ret_copy->tags = keep_strings(k, view->tags, view->tag_count);
	ret_copy->resources = keep_resources(k, view->resources, view->resource_count);
}

void keep_filter(struct keep *k, struct dtss_task_filter *ret_copy, const struct dtss_task_filter *filter)
{
	*ret_copy = *filter;
	ret_copy->queue = keep_string(k, filter->queue);
	ret_copy->name = keep_string(k, filter->name);
	ret_copy->label_name = keep_string(k, filter->label_name);
	ret_copy->label_value = keep_string(k, filter->label_value);
}

const struct dtss_explanation *keep_explanation(struct keep *k, const struct dtss_explanation *explanation)
{
	struct dtss_explanation *copy = keep_take(k, sizeof *copy);

	if (copy == NULL)
		return NULL;
	*copy = *explanation;
	copy->subject = keep_string(k, explanation->subject);
	copy->near = keep_string(k, explanation->near);
	copy->text = keep_string(k, explanation->text);
	return copy;
}
