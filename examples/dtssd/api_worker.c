/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdlib.h>
#include <string.h>
#include "dtssd/mail.h"

static void list_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	json_t *array;

	(void)index;
	if (answer->result != 0) {
		reply_refusal(x, answer, NULL);
		return;
	}
	array = json_array();
	for (size_t i = 0; i < answer->u.workers.count; i++)
		json_array_append_new(array, json_from_worker_view(&answer->u.workers.workers[i]));
	reply_json(x, MHD_HTTP_OK, json_pack("{s:o}", "workers", array));
}

void api_workers_list(struct exchange *x)
{
	struct dtss_request request = { .type = DTSS_REQUEST_WORKERS };

	exchange_ask(x, &request, list_answered);
}

static void verb_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	char what[DTSS_NAME_LEN_MAX + 16];

	(void)index;
	if (answer->result == 0) {
		reply_json(x, MHD_HTTP_OK, json_pack("{s:o}", "name", json_text(x->segment)));
		return;
	}
	snprintf(what, sizeof what, "worker %s", x->segment);
	reply_refusal(x, answer, what);
}

static void worker_verb(struct exchange *x, uint32_t type)
{
	struct dtss_request request = { .type = type, .u.worker = x->segment };

	exchange_ask(x, &request, verb_answered);
}

void api_worker_drain(struct exchange *x)
{
	worker_verb(x, DTSS_REQUEST_DRAIN);
}

void api_worker_cordon(struct exchange *x)
{
	worker_verb(x, DTSS_REQUEST_CORDON);
}

void api_worker_uncordon(struct exchange *x)
{
	worker_verb(x, DTSS_REQUEST_UNCORDON);
}

/* ---- for agents ---- */

void api_worker_poll(struct exchange *x)
{
	struct mail *mail = calloc(1, sizeof *mail);
	struct problem p = { 0 };
	uint64_t wait_ms;
	int rc = 0;

	if (!mail) {
		problem_set(&p, DTSS_E_NOMEM, "%s", dtss_strerror(DTSS_E_NOMEM));
		reply_problem(x, &p);
		return;
	}
	if (exchange_number(x, "wait_ms", 0, DTSS_DURATION_MS_MAX, 0, &wait_ms) != 0) {
		mail_free(mail);
		return;
	}
	mail->body = json_read_text(&mail->reader, x->body ? x->body : "", x->body_len);
	exchange_drop_body(x);
	rc = mail->body ? json_read_heartbeat(&mail->reader, mail->body, &mail->message) : -1;
	if (rc == 0 && strcmp(mail->message.u.heartbeat.heartbeat.name, x->segment) != 0)
		rc = problem_field(&mail->reader.problem, DTSS_E_INVALID, "name", "the name in the path");
	if (rc == 0 && x->server->stopping)
		rc = problem_set(&mail->reader.problem, DTSS_E_CLOSED, "the scheduler is stopping");
	if (rc == 0)
		rc = mail_deliver(x->server->mail, mail, x, wait_ms < POLL_WAIT_MS_MAX ? wait_ms : POLL_WAIT_MS_MAX,
				  &mail->reader.problem);
	if (rc == 0)
		return;
	reply_problem(x, &mail->reader.problem);
	mail_free(mail);
}

static void log_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	json_int_t offset = (json_int_t)answer->u.log.offset;
	struct problem p = { 0 };
	json_t *body;

	(void)index;
	if (answer->result == 0) {
		server_touch(x->server, x->task);
		reply_json(x, MHD_HTTP_OK, json_pack("{s:I}", "offset", offset));
		return;
	}
	problem_of(&p, answer->result, &answer->problem, -1);
	if (answer->result == DTSS_E_OFFSET) {
		body = problem_json(&p);
		json_put(&body, "offset", json_integer(offset));
		reply_json(x, MHD_HTTP_CONFLICT, body);
	} else if (answer->result == DTSS_E_TOO_BIG) {
		reply_status(x, MHD_HTTP_CONTENT_TOO_LARGE, &p);
	} else {
		reply_refusal(x, answer, NULL);
	}
}

static uint32_t stream_of(struct exchange *x)
{
	const char *name = exchange_parameter(x, "stream");
	struct problem p = { 0 };

	if (!name || strcmp(name, "stdout") == 0)
		return 1;
	if (strcmp(name, "stderr") == 0)
		return 2;
	problem_field(&p, DTSS_E_INVALID, "stream", "stdout or stderr");
	reply_problem(x, &p);
	return 0;
}

/* A worker writes for itself alone. Of what the engine does not hold the node says that it is over. */
static int is_of_another(const struct exchange *x, dtss_task_id task, uint64_t fence)
{
	struct dtss_sched *sched = dtss_node_sched(x->server->node);
	struct dtss_task_view view;

	if (!sched || dtss_sched_task_get(sched, task, &view) != 0)
		return 0;
	for (size_t i = 0; i < view.attempt_count; i++)
		if (view.attempts[i].fence == fence)
			return strcmp(view.attempts[i].worker, x->segment) != 0;
	return 0;
}

void api_worker_log(struct exchange *x)
{
	struct dtss_request request = { .type = DTSS_REQUEST_LOG_APPEND };
	struct dtss_log_chunk *chunk = &request.u.log_append.chunk;
	struct problem p = { 0 };

	if (exchange_number(x, "task", 1, DTSS_TASK_ID_MAX, 0, &request.u.log_append.task.v) != 0 ||
	    exchange_number(x, "fence", 1, INT64_MAX, 0, &chunk->fence) != 0 ||
	    exchange_number(x, "offset", 0, INT64_MAX, 0, &chunk->offset) != 0 || (chunk->stream = stream_of(x)) == 0)
		return;
	if (request.u.log_append.task.v == 0 || chunk->fence == 0) {
		problem_field(&p, DTSS_E_INVALID, chunk->fence ? "task" : "fence", "an integer above 0");
		reply_problem(x, &p);
		return;
	}
	if (x->body_len > DTSS_LOG_CHUNK_MAX) {
		problem_set(&p, DTSS_E_TOO_BIG, "the body is too long: expected at most %d bytes", DTSS_LOG_CHUNK_MAX);
		reply_status(x, MHD_HTTP_CONTENT_TOO_LARGE, &p);
		return;
	}
	if (is_of_another(x, request.u.log_append.task, chunk->fence)) {
		problem_set(&p, DTSS_E_FENCED, "fence: this attempt is not of worker %s", x->segment);
		reply_problem(x, &p);
		return;
	}
	chunk->data = x->body_len ? x->body : "";
	chunk->len = x->body_len;
	x->task = request.u.log_append.task.v;
	exchange_ask(x, &request, log_answered);
}
