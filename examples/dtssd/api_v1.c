/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdlib.h>
#include <string.h>
#include "common/rfc3339.h"

/*
 * What clients of an older Go scheduler expect, to the letter: unknown members are ignored, absent ones and null are
 * zero or empty, errors are {"error":"…"}, and the members of a worker are capitalised.
 */
#define BEAT(member) offsetof(struct beat, member)
#define PLACE(member) offsetof(struct place, member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TIMESTAMP_MAX 9000000000 /* seconds that fit in 64 bits as ns */

struct beat {
	const char *worker_id;
	const char *address;
	const char *const *tags;
	size_t tag_count;
	uint32_t max_tasks;
	uint32_t current_tasks;
	int64_t timestamp;
};

struct place {
	const char *task_id;
	const char *const *tags;
	size_t tag_count;
};

static const struct json_field beat_fields[] = {
	{ .name = "worker_id", .read = json_read_string, .offset = BEAT(worker_id) },
	{ .name = "address", .read = json_read_string, .offset = BEAT(address) },
	{ .name = "resource_tags", .read = json_read_strings, .offset = BEAT(tags), .count = BEAT(tag_count) },
	{ .name = "max_tasks",
	  .read = json_read_u32,
	  .offset = BEAT(max_tasks),
	  .min = 0,
	  .max = DTSS_WORKER_TASKS_MAX },
	{ .name = "current_tasks", .read = json_read_u32, .offset = BEAT(current_tasks), .min = 0, .max = INT32_MAX },
	{ .name = "timestamp", .read = json_read_i64, .offset = BEAT(timestamp), .min = 0, .max = INT64_MAX },
};

static const struct json_field place_fields[] = {
	{ .name = "task_id", .read = json_read_string, .offset = PLACE(task_id) },
	{ .name = "required_tags", .read = json_read_strings, .offset = PLACE(tags), .count = PLACE(tag_count) },
};

/* A null is as good as nothing. */
static void drop_nulls(json_t *object)
{
	const char *key;
	json_t *member;
	void *next;

	json_object_foreach_safe (object, next, key, member)
		if (json_is_null(member))
			json_object_del(object, key);
}

/* An empty list of tags, split at its commas, is one empty tag in the language of those clients: none is meant. */
static void drop_empty_tags(json_t *tags)
{
	for (size_t i = json_array_size(tags); i-- > 0;) {
		const char *tag = json_word(json_array_get(tags, i));

		if (tag && !tag[0])
			json_array_remove(tags, i);
	}
}

/* The body, or NULL: 400 has been replied. */
static json_t *read_body(struct exchange *x, struct json_reader *r, const struct json_field *fields, size_t count,
			 void *base)
{
	json_t *body = json_read_text(r, x->body ? x->body : "", x->body_len);
	int rc = -1;

	r->ignore_unknown = 1;
	if (body) {
		drop_nulls(body);
		drop_empty_tags(json_object_get(body, "resource_tags"));
		drop_empty_tags(json_object_get(body, "required_tags"));
		rc = json_read_object(r, body, fields, count, base);
	}
	if (rc == 0)
		return body;
	reply_problem(x, &r->problem);
	json_reader_fini(r);
	json_decref(body);
	return NULL;
}

/* The engine sorts tags; clients of the Go scheduler find them as they were told. A cache: without it they are sorted. */
static void remember_tags(struct server *s, json_t *told)
{
	if (!s->v1_tags || json_object_size(s->v1_tags) >= DTSS_WORKERS_MAX_DEFAULT) {
		json_decref(s->v1_tags);
		s->v1_tags = json_object();
	}
	json_object_update(s->v1_tags, told);
}

static void forget_told(void *told)
{
	json_decref(told);
}

static json_t *tags_of(const struct server *s, const struct dtss_worker_view *view)
{
	json_t *told = view->kind == DTSS_WORKER_PLACEMENT ? json_object_get(s->v1_tags, view->name) : NULL;

	return told ? json_incref(told) : json_from_strings(view->tags, view->tag_count);
}

static void heartbeat_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct problem p;

	(void)index;
	if (answer->result == 0) {
		remember_tags(x->server, x->state);
		reply_json(x, MHD_HTTP_OK, json_pack("{s:s}", "status", "ok"));
	} else if (answer->result == DTSS_E_STATE) {
		problem_set(&p, DTSS_E_INVALID, "worker_id: an agent is registered under this name");
		reply_problem(x, &p);
	} else {
		reply_refusal(x, answer, NULL);
	}
}

void api_v1_heartbeat(struct exchange *x)
{
	struct json_reader r = { 0 };
	struct beat beat = { 0 };
	struct dtss_heartbeat hb = { .size = sizeof hb, .kind = DTSS_WORKER_PLACEMENT };
	struct dtss_request request = { .type = DTSS_REQUEST_HEARTBEAT, .u.heartbeat = &hb };
	json_t *body = read_body(x, &r, beat_fields, LENGTH(beat_fields), &beat);

	if (!body)
		return;
	if (!beat.worker_id || !beat.worker_id[0]) {
		problem_field(&r.problem, DTSS_E_INVALID, "worker_id", "a string that is not empty");
		reply_problem(x, &r.problem);
	} else {
		hb.name = beat.worker_id;
		hb.address = beat.address && beat.address[0] ? beat.address : NULL;
		hb.tags = beat.tags;
		hb.tag_count = beat.tag_count;
		hb.max_tasks = beat.max_tasks;
		hb.used = beat.current_tasks;
		hb.sent_wall_ns = beat.timestamp <= TIMESTAMP_MAX ? beat.timestamp * 1000000000 : 0;
		x->state = json_pack("{s:o}", hb.name, json_from_strings(hb.tags, hb.tag_count));
		x->release = forget_told;
		exchange_ask(x, &request, heartbeat_answered);
	}
	json_reader_fini(&r);
	json_decref(body);
}

static void schedule_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	const struct dtss_placement *placement = &answer->u.placement;
	struct text t = { 0 };

	(void)index;
	if (answer->result != 0) {
		reply_refusal(x, answer, NULL);
		return;
	}
	text_open(&t, '{');
	text_put_string(&t, "worker_id", placement->worker);
	text_put_string(&t, "address", placement->address ? placement->address : "");
	text_close(&t, '}');
	reply_written(x, MHD_HTTP_OK, &t);
}

void api_v1_schedule(struct exchange *x)
{
	struct json_reader r = { 0 };
	struct place place = { 0 };
	struct dtss_request request = { .type = DTSS_REQUEST_PLACE };
	json_t *body = read_body(x, &r, place_fields, LENGTH(place_fields), &place);

	if (!body)
		return;
	if (!place.task_id || !place.task_id[0]) {
		/* its clients expect 503 here */
		problem_set(&r.problem, DTSS_E_INVALID, "task_id is required");
		reply_status(x, MHD_HTTP_SERVICE_UNAVAILABLE, &r.problem);
	} else {
		request.u.place.tags = place.tags;
		request.u.place.tag_count = place.tag_count;
		exchange_ask(x, &request, schedule_answered);
	}
	json_reader_fini(&r);
	json_decref(body);
}

static json_t *from_worker(const struct server *s, const struct dtss_worker_view *view)
{
	char seen[RFC3339_LEN] = "0001-01-01T00:00:00Z"; /* the zero time of its language: not seen since the start */
	uint32_t available = view->used < view->max_tasks ? view->max_tasks - view->used : 0;

	if (view->last_seen_ns)
		rfc3339_format(seen, view->last_seen_ns, 0);
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:s}", "WorkerID", json_text(view->name), "Address",
			 json_text(view->address ? view->address : ""), "ResourceTags", tags_of(s, view), "MaxTasks",
			 (json_int_t)view->max_tasks, "CurrentTasks", (json_int_t)view->used, "Available",
			 (json_int_t)available, "LastHeartbeat", seen, "Status", dtss_worker_status_name(view->status));
}

/* Agents that v1 cannot choose, for want of an address, are none of its business. */
static void workers_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	json_t *array = json_array();

	(void)index;
	if (answer->result != 0) {
		json_decref(array);
		reply_refusal(x, answer, NULL);
		return;
	}
	for (size_t i = 0; i < answer->u.workers.count; i++) {
		const struct dtss_worker_view *view = &answer->u.workers.workers[i];

		if (view->kind == DTSS_WORKER_PLACEMENT || view->address)
			json_array_append_new(array, from_worker(x->server, view));
	}
	reply_json(x, MHD_HTTP_OK, array);
}

void api_v1_workers(struct exchange *x)
{
	struct dtss_request request = { .type = DTSS_REQUEST_WORKERS };

	exchange_ask(x, &request, workers_answered);
}
