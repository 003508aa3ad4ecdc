/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "dtss/call.h"
#include "dtss/view.h"
#include "dtss/watch.h"

/* Every operand is tried; the status is the worst. */
static int each_task(struct cli *cli, const char *method, const char *verb,
		     int (*answered)(struct cli *cli, const json_t *answer))
{
	struct call call = { 0 };
	int status = CLI_OK;
	char path[96];

	for (int i = 0; i < cli->operand_count; i++) {
		json_int_t id = operand_id(cli->operands[i]);

		snprintf(path, sizeof path, "/tasks/%lld%s", (long long)id, verb);
		if (id == 0 || call_ask(cli, &call, method, path, NULL) != 0)
			status = CLI_FAILED;
		else if (cli->json)
			print_json(call.json);
		else if (answered(cli, call.json) != CLI_OK)
			status = CLI_FAILED;
	}
	call_fini(&call);
	return status;
}

static int why_answered(struct cli *cli, const json_t *answer)
{
	char clean[LOG_LINE_MAX];

	log_escape(clean, sizeof clean, task_text(answer, "text"));
	if (cli->operand_count > 1)
		printf("%lld: ", (long long)task_number(answer, "id"));
	if (cli->at)
		printf("%s: ", task_text(answer, "time"));
	printf("%s\n", clean);
	return CLI_OK;
}

int command_why(struct cli *cli)
{
	char verb[48] = "/explain";

	if (cli->at)
		snprintf(verb, sizeof verb, "/explain?at=%" PRIu64, cli->at);
	return each_task(cli, "GET", verb, why_answered);
}

static int verb_answered(struct cli *cli, const json_t *answer)
{
	if (strcmp(cli->command->name, "retry") == 0)
		printf("%lld\n", (long long)task_number(answer, "id"));
	return CLI_OK;
}

int command_task_verb(struct cli *cli)
{
	char verb[32];

	snprintf(verb, sizeof verb, "/%s", cli->command->name);
	return each_task(cli, "POST", verb, verb_answered);
}

int command_worker_verb(struct cli *cli)
{
	struct call call = { 0 };
	int status = CLI_OK;
	char path[1024];

	for (int i = 0; i < cli->operand_count; i++) {
		char *name = curl_easy_escape(NULL, cli->operands[i], 0);
		int len = snprintf(path, sizeof path, "/workers/%s/%s", name ? name : "", cli->command->name);

		curl_free(name);
		if (len >= (int)sizeof path) {
			say("%.64s...: no worker has so long a name", cli->operands[i]);
			status = CLI_FAILED;
		} else if (call_ask(cli, &call, "POST", path, NULL) != 0) {
			status = CLI_FAILED;
		} else if (cli->json) {
			print_json(call.json);
		}
	}
	call_fini(&call);
	return status;
}

/* ---- wait ---- */

/* 1: it succeeded. Looks less often the longer it takes. */
static int wait_for(struct cli *cli, struct call *call, json_int_t id)
{
	char path[64], sentence[SENTENCE_MAX], end[64];
	unsigned pause_ms = WAIT_MS_MIN;

	snprintf(path, sizeof path, "/tasks/%lld", (long long)id);
	for (;;) {
		if (call_persist(cli, call, "GET", path, NULL) != 0)
			return 0;
		if (task_is_final(call->json))
			break;
		usleep(pause_ms * 1000);
		pause_ms = pause_ms * 2 < WAIT_MS_MAX ? pause_ms * 2 : WAIT_MS_MAX;
	}
	if (cli->json)
		print_json(call->json);
	if (strcmp(task_text(call->json, "state"), "succeeded") == 0)
		return 1;
	task_end(call->json, end, sizeof end);
	(void)task_status(call->json, sentence, sizeof sentence);
	say("task %lld: %s", (long long)id, sentence[0] ? sentence : end);
	return 0;
}

int command_wait(struct cli *cli)
{
	struct call call = { 0 };
	int failed = 0;

	for (int i = 0; i < cli->operand_count; i++)
		if (operand_id(cli->operands[i]) == 0)
			return CLI_USAGE;
	for (int i = 0; i < cli->operand_count; i++)
		failed |= !wait_for(cli, &call, operand_id(cli->operands[i]));
	call_fini(&call);
	return failed ? CLI_FAILED : CLI_OK;
}

/* ---- logs ---- */

static int logs_follow(struct cli *cli, json_int_t id, const json_t *task)
{
	size_t attempts = json_array_size(json_object_get(task, "attempts"));
	const struct watch_plan plan = {
		.id = id,
		.attempt = (unsigned)(cli->attempt ? cli->attempt :
				      attempts     ? attempts :
						     1),
		.one_attempt = cli->attempt != 0,
		.streams = cli->from_stderr ? WATCH_STDERR : WATCH_STDOUT,
		.to_stdout = 1,
	};
	json_t *end = watch_task(cli, &plan);

	json_decref(end);
	return end ? CLI_OK : CLI_FAILED;
}

static int logs_of(struct cli *cli, struct call *call, json_int_t id)
{
	char path[128], attempt[32] = "";

	if (cli->attempt)
		snprintf(attempt, sizeof attempt, "&attempt=%d", (int)cli->attempt);
	if (cli->follow)
		snprintf(path, sizeof path, "/tasks/%lld", (long long)id);
	else
		snprintf(path, sizeof path, "/tasks/%lld/log?stream=%s%s", (long long)id,
			 cli->from_stderr ? "stderr" : "stdout", attempt);
	if (call_begin(cli, call, "GET", path, CALL_JSON, NULL) != 0)
		return CLI_FAILED;
	call_end(call, curl_easy_perform(call->easy));
	if (!call_succeeded(call)) {
		call_tell(cli, call);
		return CLI_FAILED;
	}
	if (cli->follow)
		return logs_follow(cli, id, call->json);
	fwrite(call->text, 1, call->len, stdout); /* what stdout does not take is noticed at the end */
	return CLI_OK;
}

int command_logs(struct cli *cli)
{
	struct call call = { 0 };
	int status = CLI_OK;

	for (int i = 0; i < cli->operand_count; i++) {
		json_int_t id = operand_id(cli->operands[i]);

		if (id == 0 || logs_of(cli, &call, id) != CLI_OK)
			status = CLI_FAILED;
	}
	call_fini(&call);
	return status;
}
