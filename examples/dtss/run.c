/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/limits.h"
#include "dtss/call.h"
#include "dtss/view.h"
#include "dtss/watch.h"

int command_run(struct cli *cli)
{
	struct watch_plan plan = { .attempt = 1, .streams = WATCH_STDOUT | WATCH_STDERR };
	char sentence[SENTENCE_MAX], *body = NULL;
	int status = CLI_NOT_RUN;
	json_t *task = NULL;

	if (task_complete(cli, &body) == 0) {
		plan.body = body;
		task = watch_task(cli, &plan);
	}
	if (task) {
		status = task_status(task, sentence, sizeof sentence);
		if (sentence[0])
			say("task %lld: %s", (long long)task_number(task, "id"), sentence);
	}
	json_decref(task);
	free(body);
	return status;
}

/* ---- submit ---- */

/* An error, with its line if there are lines; or the id, or with --json the whole. */
static int print_submitted(const struct cli *cli, const json_t *outcome, size_t line)
{
	if (!json_is_object(outcome) || json_object_get(outcome, "error")) {
		say("line %zu: %s", line, json_is_object(outcome) ? task_text(outcome, "error") : "no answer");
		return CLI_FAILED;
	}
	if (cli->json)
		print_json(outcome);
	else
		printf("%lld\n", (long long)task_number(outcome, "id"));
	return CLI_OK;
}

static int print_lines(const struct cli *cli, char *text)
{
	int status = CLI_OK;
	size_t number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		json_t *outcome = line[0] ? json_loads(line, 0, NULL) : NULL;

		number++;
		if (line[0] && print_submitted(cli, outcome, number) != CLI_OK)
			status = CLI_FAILED;
		json_decref(outcome);
	}
	return status;
}

/* 1: more than one JSON value stands in the text. */
static int has_lines(const char *text, size_t len)
{
	json_error_t error;
	json_t *first = json_loadb(text, len, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	size_t end = first ? (size_t)error.position : len;

	json_decref(first);
	return end < len && text[end + strspn(text + end, " \t\r\n")] != '\0';
}

static int submit_file(struct cli *cli, struct call *call)
{
	const char *path = strcmp(cli->file, "-") == 0 ? "/dev/stdin" : cli->file;
	int status = CLI_FAILED, lines;
	struct problem p = { 0 };
	char *body = NULL;
	size_t len = 0, i;
	json_t *one;

	if (file_read(path, HTTP_BODY_MAX, &body, &len, &p) != 0) {
		say("--file: %s", p.sentence);
		return CLI_FAILED;
	}
	lines = has_lines(body, len);
	if (call_begin(cli, call, "POST", "/tasks", lines ? CALL_LINES : CALL_JSON, body) == 0) {
		call_end(call, curl_easy_perform(call->easy));
		status = CLI_OK;
	}
	if (status == CLI_OK && !call_succeeded(call)) {
		call_tell(cli, call);
		status = CLI_FAILED;
	} else if (status == CLI_OK && lines) {
		status = print_lines(cli, call->text);
	} else if (status == CLI_OK && json_object_get(call->json, "tasks")) {
		json_array_foreach (json_object_get(call->json, "tasks"), i, one)
			status |= print_submitted(cli, one, i + 1);
	} else if (status == CLI_OK) {
		status = print_submitted(cli, call->json, 1);
	}
	free(body);
	return status;
}

/* With its key it may be said again and again, until there is an answer. */
static int submit_command(struct cli *cli, struct call *call)
{
	char *body = NULL;
	int rc = task_complete(cli, &body);

	if (rc == 0)
		rc = call_persist(cli, call, "POST", "/tasks", body);
	if (rc == 0)
		rc = print_submitted(cli, call->json, 1);
	free(body);
	return rc == 0 ? CLI_OK : CLI_FAILED;
}

int command_submit(struct cli *cli)
{
	struct call call = { 0 };
	int status;

	if (!cli->file == (cli->operand_count == 0) || (cli->file && json_object_size(cli->task) > 0))
		return options_refuse("dtss submit", "expected a command with its options, or --file alone");
	status = cli->file ? submit_file(cli, &call) : submit_command(cli, &call);
	call_fini(&call);
	return status;
}
