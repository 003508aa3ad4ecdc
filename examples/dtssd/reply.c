/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned reply_status_of(int code)
{
	switch (code) {
	case DTSS_E_INVALID:
	case DTSS_E_TOO_BIG:
	case DTSS_E_UNSUPPORTED:
		return MHD_HTTP_BAD_REQUEST;
	case DTSS_E_NOT_FOUND:
		return MHD_HTTP_NOT_FOUND;
	case DTSS_E_CONFLICT:
	case DTSS_E_FENCED:
	case DTSS_E_STATE:
	case DTSS_E_STALE:
	case DTSS_E_OFFSET:
		return MHD_HTTP_CONFLICT;
	case DTSS_E_COMPACTED:
		return MHD_HTTP_GONE;
	case DTSS_E_FULL:
		return MHD_HTTP_TOO_MANY_REQUESTS;
	case DTSS_E_BUG:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	default:
		return MHD_HTTP_SERVICE_UNAVAILABLE; /* the store, the leadership, memory: it may work later */
	}
}

void reply_response(struct exchange *x, unsigned status, struct MHD_Response *response)
{
	exchange_wait_end(x);
	x->status = status;
	x->response = response;
	if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, HTTP_RETRY_AFTER);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff"); /* a task's output is no page */
	if (x->server->stopping)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	exchange_resume(x);
}

void reply_text(struct exchange *x, unsigned status, const char *type, char *text, size_t len)
{
	static char nothing[] = "{\"error\":\"out of memory\",\"code\":\"NOMEM\"}\n";
	int lost = text == NULL;
	struct MHD_Response *response =
		lost ? MHD_create_response_from_buffer(sizeof nothing - 1, nothing, MHD_RESPMEM_PERSISTENT) :
		       MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);

	if (!response)
		abort(); /* not even a few bytes: a restart finds everything in the store */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	reply_response(x, lost ? MHD_HTTP_SERVICE_UNAVAILABLE : status, response);
}

void reply_written(struct exchange *x, unsigned status, struct text *t)
{
	text_add(t, "\n", 1);
	reply_text(x, status, "application/json", t->bytes, t->len);
	*t = (struct text){ 0 };
}

void reply_task(struct exchange *x, unsigned status, const struct dtss_task_view *view)
{
	struct text t = { 0 };

	json_write_task_view(&t, view);
	reply_written(x, status, &t);
}

void reply_json(struct exchange *x, unsigned status, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL, *line = NULL;
	size_t len = text ? strlen(text) : 0;

	json_decref(value);
	if (text && (line = realloc(text, len + 2)))
		memcpy(line + len, "\n", 2);
	else
		free(text);
	reply_text(x, status, "application/json", line, len + 1);
}

void reply_status(struct exchange *x, unsigned status, const struct problem *p)
{
	if (strncmp(x->path, "/api/v1/", strlen("/api/v1/")) == 0)
		reply_json(x, status, json_pack("{s:o}", "error", json_text(p->sentence)));
	else
		reply_json(x, status, problem_json(p));
}

void reply_problem(struct exchange *x, const struct problem *p)
{
	reply_status(x, reply_status_of(p->code), p);
}

void reply_refusal(struct exchange *x, const struct dtss_answer *answer, const char *what)
{
	struct problem p = { 0 };

	problem_of(&p, answer->result, &answer->problem, -1);
	if (answer->result == DTSS_E_NOT_FOUND && what)
		problem_set(&p, answer->result, "there is no %s", what);
	reply_problem(x, &p);
}
