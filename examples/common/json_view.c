/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/rfc3339.h"
#include "common/utf8.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

void json_put(json_t **object, const char *name, json_t *value)
{
	json_t *clean = NULL;
	int rc = *object && value ? json_object_set(*object, name, value) : -1;

	if (rc != 0 && *object && value && (clean = json_text(name))) /* the name may be no UTF-8 */
		rc = json_object_set(*object, json_string_value(clean), value);
	if (rc != 0) {
		json_decref(*object);
		*object = NULL;
	}
	json_decref(clean);
	json_decref(value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char *clean;

	if (value || !text)
		return value;
	clean = malloc(strlen(text) * 3 + 1);
	if (clean) {
		utf8_repair(clean, text);
		value = json_string(clean);
	}
	free(clean);
	return value;
}

json_t *json_from_strings(const char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(strings[i]));
	return array;
}

json_t *json_from_resources(const struct dtss_resource *resources, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_put(&object, resources[i].name, number(resources[i].amount));
	return object;
}

json_t *json_from_identity(const uint8_t *identity)
{
	char text[2 * DTSS_IDENTITY_LEN + 1];

	for (size_t i = 0; i < DTSS_IDENTITY_LEN; i++)
		snprintf(text + 2 * i, 3, "%02x", identity[i]);
	return json_string(text);
}

json_t *json_from_time(int64_t wall_ns)
{
	char text[RFC3339_LEN];

	rfc3339_format(text, wall_ns, 3);
	return json_string(text);
}

static void put_time(json_t **object, const char *name, int64_t wall_ns)
{
	if (wall_ns)
		json_put(object, name, json_from_time(wall_ns));
}

static void write_time(struct text *t, const char *name, int64_t wall_ns)
{
	char text[RFC3339_LEN];

	if (!wall_ns)
		return;
	rfc3339_format(text, wall_ns, 3);
	text_put_string(t, name, text);
}

static void write_outcome(struct text *t, const struct dtss_outcome *outcome)
{
	if (outcome->cause == DTSS_CAUSE_EXIT)
		text_put_integer(t, "exit_code", outcome->exit_code);
	if (outcome->signal)
		text_put_number(t, "signal", outcome->signal);
	if (outcome->err)
		text_put_integer(t, "err", outcome->err);
	if (outcome->detail && outcome->detail[0])
		text_put_string(t, "detail", outcome->detail);
}

static void write_attempt(struct text *t, const struct dtss_attempt_view *attempt)
{
	static const char *const states[] = { "?", "leased", "running", "stopping", "ended" };

	text_open(t, '{');
	text_put_number(t, "attempt", attempt->attempt);
	text_put_string(t, "state", states[attempt->state < LENGTH(states) ? attempt->state : 0]);
	text_put_number(t, "fence", attempt->fence);
	text_put_string(t, "worker", attempt->worker);
	if (attempt->state == DTSS_ATTEMPT_ENDED) {
		text_put_string(t, "cause", dtss_cause_name(attempt->outcome.cause));
		write_outcome(t, &attempt->outcome);
	}
	write_time(t, "granted_at", attempt->granted_ns);
	write_time(t, "started_at", attempt->started_ns);
	write_time(t, "ended_at", attempt->ended_ns);
	text_close(t, '}');
}

/* What the last attempt says about the task, so that most readers need not look at attempts. */
static void write_last(struct text *t, const struct dtss_attempt_view *last)
{
	text_put_string(t, "worker", last->worker);
	if (last->state == DTSS_ATTEMPT_ENDED && last->outcome.cause == DTSS_CAUSE_EXIT)
		text_put_integer(t, "exit_code", last->outcome.exit_code);
	if (last->state == DTSS_ATTEMPT_ENDED && last->outcome.signal)
		text_put_number(t, "signal", last->outcome.signal);
}

void json_write_task_view(struct text *t, const struct dtss_task_view *view)
{
	text_open(t, '{');
	text_put_number(t, "id", view->id.v);
	text_put_string(t, "state", dtss_task_state_name(view->state));
	if (view->spec)
		json_write_task_members(t, view->spec);
	if (view->attempt_count)
		write_last(t, &view->attempts[view->attempt_count - 1]);
	if (view->cause)
		text_put_string(t, "cause", dtss_cause_name(view->cause));
	write_time(t, "created_at", view->created_ns);
	write_time(t, "started_at", view->started_ns);
	write_time(t, "finished_at", view->finished_ns);
	if (view->state == DTSS_TASK_DELAYED)
		write_time(t, "due_at", view->due_ns);
	text_put_number(t, "failed_count", view->failed_count);
	text_put_number(t, "lost_count", view->lost_count);
	if (view->retry_of.v)
		text_put_number(t, "retry_of", view->retry_of.v);
	if (view->stopping) {
		text_key(t, "stopping");
		text_truth(t, 1);
	}
	text_key(t, "attempts");
	text_open(t, '[');
	for (size_t i = 0; i < view->attempt_count; i++)
		write_attempt(t, &view->attempts[i]);
	text_close(t, ']');
	text_close(t, '}');
}

json_t *json_from_worker_view(const struct dtss_worker_view *view)
{
	json_t *object = json_object();

	json_put(&object, "name", json_text(view->name));
	json_put(&object, "kind", json_string(view->kind == DTSS_WORKER_AGENT ? "agent" : "placement"));
	json_put(&object, "status", json_string(dtss_worker_status_name(view->status)));
	json_put(&object, "incarnation", number(view->incarnation));
	json_put(&object, "draining", json_boolean(view->draining));
	json_put(&object, "cordoned", json_boolean(view->cordoned));
	json_put(&object, "stopping", json_boolean(view->stopping));
	json_put(&object, "max_tasks", number(view->max_tasks));
	json_put(&object, "used", number(view->used));
	json_put(&object, "leased", number(view->leased));
	if (view->address)
		json_put(&object, "address", json_text(view->address));
	json_put(&object, "tags", json_from_strings(view->tags, view->tag_count));
	json_put(&object, "resources", json_from_resources(view->resources, view->resource_count));
	put_time(&object, "last_seen_at", view->last_seen_ns);
	json_put(&object, "skew_ms", json_integer(view->skew_ns / 1000000));
	return object;
}

json_t *json_from_stats(const struct dtss_stats *stats)
{
	json_t *object = json_object(), *live = json_object(), *totals = json_object(), *workers = json_object();

	json_put(&totals, "submitted", number(stats->totals[0]));
	for (uint32_t state = DTSS_TASK_BLOCKED; state < DTSS_TASK_STATES; state++) {
		json_t **which = dtss_task_state_terminal(state) ? &totals : &live;
		uint64_t count = dtss_task_state_terminal(state) ? stats->totals[state] : stats->live[state];

		json_put(which, dtss_task_state_name(state), number(count));
	}
	for (uint32_t status = DTSS_WORKER_ONLINE; status < DTSS_WORKER_STATUSES; status++)
		json_put(&workers, dtss_worker_status_name(status), number(stats->workers[status]));
	json_put(&object, "live", live);
	json_put(&object, "totals", totals);
	json_put(&object, "workers", workers);
	json_put(&object, "grants", number(stats->grants));
	json_put(&object, "retries", number(stats->retries));
	json_put(&object, "losses", number(stats->losses));
	json_put(&object, "fenced", number(stats->fenced));
	json_put(&object, "placements", number(stats->placements));
	json_put(&object, "slots", number(stats->slots));
	json_put(&object, "used", number(stats->used));
	json_put(&object, "seq", number(stats->seq));
	json_put(&object, "epoch", number(stats->epoch));
	return object;
}

json_t *json_from_explanation(dtss_task_id task, const struct dtss_explanation *why)
{
	static const char *const names[] = { "?",          "finished", "running",    "leased",     "held",
					     "dependency", "delayed",  "no_workers", "no_tag",     "no_tag_set",
					     "not_online", "resource", "busy",       "dispatching" };
	json_t *object = json_object();

	json_put(&object, "id", number(task.v));
	json_put(&object, "why", json_string(names[why->why < LENGTH(names) ? why->why : 0]));
	json_put(&object, "text", json_text(why->text));
	json_put(&object, "candidates", number(why->candidates));
	if (why->subject)
		json_put(&object, "subject", json_text(why->subject));
	if (why->near)
		json_put(&object, "near", json_text(why->near));
	if (why->task.v)
		json_put(&object, "waits_for", number(why->task.v));
	if (why->count)
		json_put(&object, "count", number(why->count));
	return object;
}
