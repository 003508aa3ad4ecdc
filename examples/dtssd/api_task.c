/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/nearest.h"
#include "dtssd/past.h"

/* ---- one task ---- */

static void refuse_task(struct exchange *x, const struct dtss_answer *answer)
{
	char what[64];

	snprintf(what, sizeof what, "task %.20s", x->segment);
	reply_refusal(x, answer, what);
}

static void get_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	(void)index;
	if (answer->result != 0)
		refuse_task(x, answer);
	else
		reply_task(x, MHD_HTTP_OK, answer->u.task);
}

/* Asks something about the task in the path. */
static void ask_task(struct exchange *x, uint32_t type,
		     void (*answered)(struct exchange *x, size_t index, const struct dtss_answer *answer))
{
	struct dtss_request request = { .type = type };

	if (exchange_task(x, &request.u.task) == 0)
		exchange_ask(x, &request, answered);
}

void api_task_get(struct exchange *x)
{
	ask_task(x, DTSS_REQUEST_GET, get_answered);
}

static void explain_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	dtss_task_id id = { 0 };

	(void)index;
	if (answer->result != 0)
		refuse_task(x, answer);
	else if (exchange_task(x, &id) == 0)
		reply_json(x, MHD_HTTP_OK, json_from_explanation(id, answer->u.explanation));
}

void api_task_explain(struct exchange *x)
{
	dtss_task_id id;
	uint64_t at;

	if (exchange_number(x, "at", 1, JSON_INTEGER_MAX, 0, &at) != 0)
		return;
	if (at == 0)
		ask_task(x, DTSS_REQUEST_EXPLAIN, explain_answered);
	else if (exchange_task(x, &id) == 0)
		past_explain(x, id.v, at);
}

/* The engine holds no task of that id: it has ended, or there never was one. */
static void ended_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct problem p;

	(void)index;
	if (answer->result != 0) {
		refuse_task(x, answer);
		return;
	}
	problem_set(&p, DTSS_E_STATE, "task %s has ended: it is %s", x->segment,
		    dtss_task_state_name(answer->u.task->state));
	reply_problem(x, &p);
}

/* After cancel, hold and release comes the task as it is now. */
static void verb_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct dtss_request request = { .type = DTSS_REQUEST_GET };

	(void)index;
	if (answer->result != 0 && answer->result != DTSS_E_NOT_FOUND)
		refuse_task(x, answer);
	else if (exchange_task(x, &request.u.task) == 0)
		exchange_ask(x, &request, answer->result == 0 ? get_answered : ended_answered);
}

void api_task_cancel(struct exchange *x)
{
	ask_task(x, DTSS_REQUEST_CANCEL, verb_answered);
}

void api_task_hold(struct exchange *x)
{
	ask_task(x, DTSS_REQUEST_HOLD, verb_answered);
}

void api_task_release(struct exchange *x)
{
	ask_task(x, DTSS_REQUEST_RELEASE, verb_answered);
}

static void retried_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	(void)index;
	if (answer->result != 0)
		refuse_task(x, answer);
	else
		reply_task(x, MHD_HTTP_CREATED, answer->u.task);
}

static void retry_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct dtss_request request = { .type = DTSS_REQUEST_GET, .u.task = answer->u.retry };

	(void)index;
	if (answer->result != 0)
		refuse_task(x, answer);
	else
		exchange_ask(x, &request, retried_answered);
}

void api_task_retry(struct exchange *x)
{
	ask_task(x, DTSS_REQUEST_RETRY, retry_answered);
}

/* ---- lists ---- */

static void list_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	struct text t = { 0 };

	(void)index;
	if (answer->result != 0) {
		reply_refusal(x, answer, NULL);
		return;
	}
	text_open(&t, '{');
	text_key(&t, "tasks");
	text_open(&t, '[');
	for (size_t i = 0; i < answer->u.list.count; i++)
		json_write_task_view(&t, answer->u.list.tasks[i]);
	text_close(&t, ']');
	text_key(&t, "next");
	if (answer->u.list.next)
		text_number(&t, answer->u.list.next);
	else
		text_json(&t, "null", 4);
	text_close(&t, '}');
	reply_written(x, MHD_HTTP_OK, &t);
}

/* "ready,running" -> a bit set. 0, or 400 has been replied. */
static int read_states(struct exchange *x, uint32_t *ret_states)
{
	const char *at = exchange_parameter(x, "state");
	struct problem p = { 0 };

	*ret_states = 0;
	while (at && *at) {
		size_t len = strcspn(at, ",");
		char name[32];
		struct nearest near = { name, NULL, 0 };
		int state;

		snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), at);
		state = dtss_task_state_parse(name);
		if (state < DTSS_TASK_BLOCKED) {
			for (uint32_t i = DTSS_TASK_BLOCKED; i < DTSS_TASK_STATES; i++)
				nearest_try(&near, dtss_task_state_name(i));
			problem_field(&p, DTSS_E_INVALID, "state",
				      near.best ? near.best : "states as in dtss_task_states(7)");
			reply_problem(x, &p);
			return DTSS_E_INVALID;
		}
		*ret_states |= UINT32_C(1) << state;
		at += len + (at[len] == ',');
	}
	return 0;
}

/* "name" or "name=value", cut in two where it stands. */
static int read_label(struct exchange *x, char *label, size_t cap, struct dtss_task_filter *filter)
{
	const char *text = exchange_parameter(x, "label");
	struct problem p = { 0 };
	char *equals;

	if (!text)
		return 0;
	if (strlen(text) >= cap || text[0] == '=') {
		problem_field(&p, DTSS_E_INVALID, "label", "NAME or NAME=VALUE");
		reply_problem(x, &p);
		return DTSS_E_INVALID;
	}
	memcpy(label, text, strlen(text) + 1);
	equals = strchr(label, '=');
	filter->label_name = label;
	if (equals) {
		*equals = '\0';
		filter->label_value = equals + 1;
	}
	return 0;
}

void api_tasks_list(struct exchange *x)
{
	struct dtss_request request = { .type = DTSS_REQUEST_LIST };
	struct dtss_task_filter *filter = &request.u.list;
	char label[DTSS_NAME_LEN_MAX + DTSS_LABEL_VALUE_LEN_MAX + 2];
	uint64_t limit;

	if (read_states(x, &filter->states) != 0 || read_label(x, label, sizeof label, filter) != 0 ||
	    exchange_number(x, "after", 0, DTSS_TASK_ID_MAX, 0, &filter->after) != 0 ||
	    exchange_number(x, "limit", 1, DTSS_LIST_MAX, LIST_LIMIT_DEFAULT, &limit) != 0)
		return;
	filter->limit = (uint32_t)limit;
	filter->queue = exchange_parameter(x, "queue");
	filter->name = exchange_parameter(x, "name");
	exchange_ask(x, &request, list_answered);
}
