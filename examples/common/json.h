/* SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <dtss.h>
#include "common/problem.h"
#include "common/text.h"

/*
 * JSON <-> the library's structures. Functions named json_read_* check strictly and say in r->problem what is wrong and
 * where. What they give points into the JSON value (strings) and into the reader (arrays): both must outlive its use.
 * Functions named json_from_* return a new value, NULL when there is no memory; json_write_* write what is sent often
 * straight into a text.
 *
 *	struct json_reader r = {0};
 *	json_t *body = json_read_text(&r, text, len);
 *	if (!body || json_read_task(&r, body, 0, &spec) != 0)
 *		... r.problem.sentence ...
 *	json_reader_fini(&r);
 *	json_decref(body);
 */
struct json_reader {
	struct problem problem;
	char path[PROBLEM_FIELD_MAX]; /* where we are: retry.rules[2].action */
	size_t path_len;
	struct json_block *blocks; /* what the arrays were made from */
	int ignore_unknown;        /* members that nobody knows are fine: old clients, newer schedulers */
};

/* One member that an object may have, and where its value goes. */
struct json_field {
	const char *name;
	int (*read)(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
	size_t offset; /* in base: the value, or the array */
	size_t count;  /* in base: the array's length, a size_t */
	int64_t min;   /* of a number; of an array's length */
	int64_t max;
};

enum json_task_flag {
	JSON_TASK_ANY = 1 /* a program that embeds the library may have submitted it: no argv is fine here */
};

void json_reader_fini(struct json_reader *r);
/* Zeroed memory that lives as long as the reader; NULL: out of memory, in the problem. */
void *json_reader_alloc(struct json_reader *r, size_t count, size_t size);
/* Any JSON text of ours: no duplicate keys, no NUL in keys. NULL: r->problem. */
json_t *json_read_text(struct json_reader *r, const char *text, size_t len);

/* The building blocks. All return 0, DTSS_E_INVALID, DTSS_E_TOO_BIG or DTSS_E_NOMEM. */
int json_expected(struct json_reader *r, int code, const char *expected); /* refuses the value at r->path */
int json_read_object(struct json_reader *r, const json_t *value, const struct json_field *fields, size_t count,
		     void *base);
size_t json_path_push(struct json_reader *r, const char *name, long index); /* index -1: a member called name */
void json_path_pop(struct json_reader *r, size_t mark);
/* The text of a string that is to be one of several words; NULL: it is no string, or has a NUL within. */
const char *json_word(const json_t *value);
int json_read_string(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_strings(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_u64(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_u32(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_i32(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_i64(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
int json_read_identity(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);
/* An array of objects of one kind; each element takes size bytes. */
int json_read_objects(struct json_reader *r, const json_t *value, const struct json_field *fields, size_t field_count,
		      size_t size, void **ret_elements, size_t *ret_count);
int json_read_resources(struct json_reader *r, const json_t *value, const struct json_field *field, void *base);

#define JSON_ACTIONS 5
extern const char *const json_action_names[JSON_ACTIONS]; /* by enum dtss_retry_action */

/* Tasks. flags: enum json_task_flag. An opaque payload has no place in JSON: it is for programs in C. */
int json_read_task(struct json_reader *r, const json_t *value, unsigned flags, struct dtss_task_spec *ret_spec);
void json_write_task(struct text *t, const struct dtss_task_spec *spec); /* only what is set */
void json_write_task_members(struct text *t, const struct dtss_task_spec *spec);

/* Views: what the API shows. */
void json_write_task_view(struct text *t, const struct dtss_task_view *view);
json_t *json_from_worker_view(const struct dtss_worker_view *view);
json_t *json_from_stats(const struct dtss_stats *stats);
json_t *json_from_explanation(dtss_task_id task, const struct dtss_explanation *why);

/*
 * Messages. A poll's request body is a HEARTBEAT; its answer is {"answer":{…},"assign":[…],"stop":[…]}, in which each may
 * be missing.
 */
json_t *json_from_heartbeat(const struct dtss_message_heartbeat *message);
void json_write_answer(struct text *t, const struct dtss_message_answer *answer);
/* What is left of its lease may be less by now. A specification that is none spoils the text. */
void json_write_assign(struct text *t, const struct dtss_message_assign *assign, uint64_t lease_ms);
void json_write_stop(struct text *t, const struct dtss_message_stop *stop);
int json_read_heartbeat(struct json_reader *r, const json_t *value, struct dtss_message *ret_message);
/* In an agent: the messages in the order in which the engine must see them: answer, stops, assignments. */
int json_read_poll(struct json_reader *r, const json_t *value, struct dtss_message **ret_messages, size_t *ret_count);

/* Adds a member, whose name is treated as a text is. A value that could not be made spoils the object (NULL), so that no
 * half of it ever leaves. */
void json_put(json_t **object, const char *name, json_t *value);
/* A string; bytes that are no UTF-8 become U+FFFD, because JSON cannot hold them. */
json_t *json_text(const char *text);
json_t *json_from_strings(const char *const *strings, size_t count);
json_t *json_from_resources(const struct dtss_resource *resources, size_t count);
json_t *json_from_identity(const uint8_t *identity);
json_t *json_from_time(int64_t wall_ns);

#endif
