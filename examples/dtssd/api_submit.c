/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One task, an array (all or nothing), or NDJSON (each line for itself). Every task that was taken is asked for again,
 * so that the reply shows it as it is stored.
 *
 *	one, array:  SUBMIT (all) ──► GET, GET, … ──► reply
 *	NDJSON:      a window of lines, each: SUBMIT ──► GET ──► its line of the reply
 */
enum submit_form { SUBMIT_ONE, SUBMIT_ARRAY, SUBMIT_LINES };

struct item {
	struct ask ask;
	dtss_task_id id;
	uint8_t known; /* 1: the key was known */
	size_t at;     /* its outcome, the task or the error, in the submit's texts */
	size_t len;
};

struct submit {
	enum submit_form form;
	size_t count;
	size_t asked; /* items whose first question was put */
	size_t done;  /* items with an outcome */
	struct text outcomes;
	const char *line; /* NDJSON: the next one, in the body */
	const char *end;
	int pumping;
	struct item items[];
};

static void submit_free(void *state)
{
	struct submit *s = state;

	text_fini(&s->outcomes);
	free(s);
}

static struct submit *submit_create(struct exchange *x, enum submit_form form, size_t count)
{
	struct submit *s = malloc(sizeof *s + count * sizeof s->items[0]);

	if (!s)
		return NULL;
	*s = (struct submit){ .form = form, .count = count };
	for (size_t i = 0; i < count; i++)
		s->items[i] = (struct item){ .ask = { x, i } };
	x->state = s;
	x->release = submit_free;
	return s;
}

static void submit_nomem(struct exchange *x)
{
	struct problem p;

	problem_set(&p, DTSS_E_NOMEM, "%s", dtss_strerror(DTSS_E_NOMEM));
	reply_problem(x, &p);
}

/* ---- the reply ---- */

/* The outcomes in the order of the tasks, which need not be that in which they came. */
static void write_outcomes(struct text *t, const struct submit *s, const char *between)
{
	for (size_t i = 0; i < s->count; i++) {
		if (i > 0)
			text_add(t, between, 1);
		text_add(t, s->outcomes.bytes + s->items[i].at, s->items[i].len);
	}
}

static void reply_lines(struct exchange *x, struct submit *s)
{
	struct text t = { 0 };

	write_outcomes(&t, s, "\n");
	if (s->count > 0)
		text_add(&t, "\n", 1);
	else
		t.bytes = calloc(1, 1);
	reply_text(x, MHD_HTTP_OK, "application/x-ndjson", t.bytes, t.len);
}

static void submit_reply(struct exchange *x, struct submit *s)
{
	struct text t = { 0 };

	if (s->outcomes.failed) {
		submit_nomem(x);
	} else if (s->form == SUBMIT_LINES) {
		reply_lines(x, s);
	} else if (s->form == SUBMIT_ONE) {
		reply_written(x, s->items[0].known ? MHD_HTTP_OK : MHD_HTTP_CREATED, &s->outcomes);
	} else {
		text_open(&t, '{');
		text_key(&t, "tasks");
		text_open(&t, '[');
		write_outcomes(&t, s, ",");
		text_close(&t, ']');
		text_close(&t, '}');
		reply_written(x, MHD_HTTP_CREATED, &t);
	}
}

/* ---- after the submit: what became of it ---- */

static void lines_pump(struct exchange *x, struct submit *s);

/* Its outcome is what has been written since. */
static void item_done(struct exchange *x, struct submit *s, size_t index, size_t at)
{
	s->items[index].at = at;
	s->items[index].len = s->outcomes.len - at;
	s->done++;
	if (s->form == SUBMIT_LINES)
		lines_pump(x, s);
	else if (s->done == s->count)
		submit_reply(x, s);
}

static void item_refused(struct exchange *x, struct submit *s, size_t index, const struct problem *p)
{
	size_t at = text_begin(&s->outcomes);
	char *text = NULL;
	json_t *value = problem_json(p);

	if (value)
		text = json_dumps(value, JSON_COMPACT);
	text_add(&s->outcomes, text ? text : "{}", text ? strlen(text) : 2);
	free(text);
	json_decref(value);
	item_done(x, s, index, at);
}

/* Gone from the engine and not to be had from the store at this moment: the id is what was promised. */
static void item_bare(struct exchange *x, struct submit *s, size_t index)
{
	size_t at = text_begin(&s->outcomes);

	text_open(&s->outcomes, '{');
	text_put_number(&s->outcomes, "id", s->items[index].id.v);
	text_close(&s->outcomes, '}');
	item_done(x, s, index, at);
}

static void item_get_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct submit *s = x->state;
	size_t at = text_begin(&s->outcomes);

	if (answer->result != 0) {
		item_bare(x, s, index);
		return;
	}
	json_write_task_view(&s->outcomes, answer->u.task);
	item_done(x, s, index, at);
}

/* Most are in the engine as they are in the store, and need not be asked for. 1: that was so. */
static int item_told(struct exchange *x, struct submit *s, size_t index)
{
	struct dtss_node *node = x->server->node;
	struct dtss_sched *sched = dtss_node_sched(node);
	struct dtss_task_view view;
	size_t at;

	if (!sched || dtss_sched_task_get(sched, s->items[index].id, &view) != 0 ||
	    dtss_sched_seq(sched) > dtss_node_stored(node))
		return 0;
	at = text_begin(&s->outcomes);
	json_write_task_view(&s->outcomes, &view);
	item_done(x, s, index, at);
	return 1;
}

static void items_get(struct exchange *x, struct submit *s, size_t first, size_t count)
{
	x->answered = item_get_answered;
	for (size_t i = first; i < first + count; i++) {
		struct dtss_request request = { .type = DTSS_REQUEST_GET, .u.task = s->items[i].id };

		if (!item_told(x, s, i) && exchange_put(x, &s->items[i].ask, &request) != 0)
			item_bare(x, s, i);
	}
}

/* Why the node refused: element is the task's place in an array, or -1. */
static void explain_refusal(struct problem *p, const struct dtss_answer *answer, long element)
{
	char field[PROBLEM_FIELD_MAX] = "key";

	problem_of(p, answer->result, &answer->problem, element);
	if (answer->result != DTSS_E_CONFLICT)
		return;
	if (element >= 0)
		snprintf(field, sizeof field, "[%ld].key", element);
	if (answer->u.submit.conflict.v == 0) {
		problem_field(p, DTSS_E_CONFLICT, field, "a key that no other task of this request has");
		return;
	}
	problem_set(p, DTSS_E_CONFLICT, "%s: already used for task %llu, which has another specification", field,
		    (unsigned long long)answer->u.submit.conflict.v);
	snprintf(p->field, sizeof p->field, "%s", field);
	snprintf(p->expected, sizeof p->expected, "a key that is new, or the specification of task %llu",
		 (unsigned long long)answer->u.submit.conflict.v);
}

/* ---- one task, or an array ---- */

static void all_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct submit *s = x->state;
	struct problem p = { 0 };

	(void)index;
	if (answer->result != 0) {
		explain_refusal(&p, answer, s->form == SUBMIT_ARRAY ? (long)answer->problem.index : -1);
		reply_problem(x, &p);
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		s->items[i].id = answer->u.submit.ids[i];
		s->items[i].known = answer->u.submit.known[i];
	}
	items_get(x, s, 0, s->count);
}

static int read_specs(struct json_reader *r, const json_t *body, struct dtss_task_spec *specs, size_t count)
{
	if (!json_is_array(body))
		return json_read_task(r, body, 0, specs);
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_path_push(r, "", (long)i);
		int rc = json_read_task(r, json_array_get(body, i), 0, &specs[i]);

		if (rc != 0)
			return rc;
		json_path_pop(r, mark);
	}
	return 0;
}

static void submit_all(struct exchange *x, struct json_reader *r, const json_t *body)
{
	size_t count = json_is_array(body) ? json_array_size(body) : 1;
	struct dtss_request request = { .type = DTSS_REQUEST_SUBMIT };
	struct dtss_task_spec *specs;

	if (count == 0 || count > DTSS_SUBMIT_MANY_MAX) {
		problem_set(&r->problem, count ? DTSS_E_TOO_BIG : DTSS_E_INVALID,
			    "expected an array of 1..%d tasks, not %zu", DTSS_SUBMIT_MANY_MAX, count);
		reply_problem(x, &r->problem);
		return;
	}
	specs = json_reader_alloc(r, count, sizeof *specs);
	if (!specs || read_specs(r, body, specs, count) != 0) {
		reply_problem(x, &r->problem);
		return;
	}
	if (!submit_create(x, json_is_array(body) ? SUBMIT_ARRAY : SUBMIT_ONE, count)) {
		submit_nomem(x);
		return;
	}
	request.u.submit.specs = specs;
	request.u.submit.count = count;
	exchange_ask(x, &request, all_answered);
}

/* ---- NDJSON ---- */

/* Every answer of a line comes here: first that of its SUBMIT, then that of its GET. */
static void line_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct submit *s = x->state;
	struct dtss_request request = { .type = DTSS_REQUEST_GET };
	struct problem p = { 0 };

	if (answer->type == DTSS_REQUEST_GET) {
		item_get_answered(x, index, answer);
		return;
	}
	if (answer->result != 0) {
		explain_refusal(&p, answer, -1);
		item_refused(x, s, index, &p);
		return;
	}
	s->items[index].id = answer->u.submit.ids[0];
	request.u.task = s->items[index].id;
	if (exchange_put(x, &s->items[index].ask, &request) != 0)
		item_bare(x, s, index);
}

/* Puts one line to the node. An error is its outcome at once. */
static void line_begin(struct exchange *x, struct submit *s, size_t index, const char *line, size_t len)
{
	struct dtss_request request = { .type = DTSS_REQUEST_SUBMIT };
	struct json_reader r = { 0 };
	struct dtss_task_spec spec;
	json_t *value = json_read_text(&r, line, len);
	int rc = value ? json_read_task(&r, value, 0, &spec) : r.problem.code;

	if (rc == 0) {
		request.u.submit.specs = &spec;
		request.u.submit.count = 1;
		rc = exchange_put(x, &s->items[index].ask, &request);
		if (rc != 0)
			problem_set(&r.problem, rc, "%s", dtss_strerror(rc));
	}
	if (rc != 0)
		item_refused(x, s, index, &r.problem);
	json_reader_fini(&r);
	json_decref(value);
}

/* Keeps the window full; replies when the last line is done. item_done() calls back into it: hence pumping. */
static void lines_pump(struct exchange *x, struct submit *s)
{
	if (s->pumping)
		return;
	s->pumping = 1;
	while (s->asked < s->count && s->asked - s->done < SUBMIT_WINDOW) {
		const char *newline = memchr(s->line, '\n', (size_t)(s->end - s->line));
		const char *line = s->line, *end = newline ? newline : s->end;

		s->line = newline ? newline + 1 : s->end;
		line_begin(x, s, s->asked++, line, (size_t)(end - line));
	}
	s->pumping = 0;
	if (s->done == s->count)
		submit_reply(x, s);
}

static void submit_lines(struct exchange *x)
{
	const char *body = x->body ? x->body : "", *end = body + x->body_len;
	struct problem p = { 0 };
	struct submit *s;
	size_t count = 0;

	while (end > body && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	for (const char *at = body; at && at < end; count++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (count > SUBMIT_LINES_MAX) {
		problem_set(&p, DTSS_E_TOO_BIG, "expected at most %d lines, not %zu", SUBMIT_LINES_MAX, count);
		reply_problem(x, &p);
		return;
	}
	s = submit_create(x, SUBMIT_LINES, count);
	if (!s) {
		submit_nomem(x);
		return;
	}
	s->line = body;
	s->end = end;
	x->answered = line_answered;
	lines_pump(x, s);
}

void api_tasks_submit(struct exchange *x)
{
	const char *type = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	struct json_reader r = { 0 };
	json_t *body;

	if (type && strncasecmp(type, "application/x-ndjson", strlen("application/x-ndjson")) == 0 && x->body_len > 0) {
		submit_lines(x);
		return;
	}
	body = json_read_text(&r, x->body ? x->body : "", x->body_len);
	if (body)
		submit_all(x, &r, body);
	else
		reply_problem(x, &r.problem);
	json_reader_fini(&r);
	json_decref(body);
	exchange_drop_body(x);
}
