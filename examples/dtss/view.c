/* SPDX-License-Identifier: MIT */
#include "dtss/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <dtss.h>
#include "common/rfc3339.h"

const char *task_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

json_int_t task_number(const json_t *object, const char *name)
{
	const json_t *number = json_object_get(object, name);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

int task_is_final(const json_t *task)
{
	int state = dtss_task_state_parse(task_text(task, "state"));

	return state >= 0 && dtss_task_state_terminal((uint32_t)state);
}

void task_end(const json_t *object, char *buf, size_t cap)
{
	const char *cause = task_text(object, "cause");
	json_int_t code = task_number(object, "exit_code"), signal = task_number(object, "signal");

	if (strcmp(cause, "exit") == 0 && code >= 0)
		snprintf(buf, cap, "exit %lld", (long long)code);
	else if (strcmp(cause, "signal") == 0 && signal > 0)
		snprintf(buf, cap, "signal %lld", (long long)signal);
	else
		snprintf(buf, cap, "%s", cause);
}

/* The status of a last attempt that a shell would have had a status for; else 125. */
static int attempt_status(const json_t *attempt, char *sentence, size_t cap)
{
	const char *cause = task_text(attempt, "cause"), *detail = task_text(attempt, "detail");
	json_int_t code = task_number(attempt, "exit_code"), signal = task_number(attempt, "signal");
	int started = strcmp(cause, "start_failed") != 0;

	if (strcmp(cause, "exit") == 0 && code > 0 && code < 256)
		return (int)code;
	if (strcmp(cause, "signal") == 0 && signal > 0)
		return CLI_SIGNAL + (int)signal;
	if (strcmp(cause, "timeout") == 0)
		cause = "timed out";
	snprintf(sentence, cap, "%s%s%s", started || !detail[0] ? cause : "", started && detail[0] ? ": " : "", detail);
	if (!started)
		return task_number(attempt, "err") == ENOENT ? CLI_NOT_FOUND : CLI_NOT_STARTED;
	return signal > 0 ? CLI_SIGNAL + (int)signal : CLI_NOT_RUN;
}

int task_status(const json_t *task, char *sentence, size_t cap)
{
	const json_t *attempts = json_object_get(task, "attempts");
	const json_t *last = json_array_get(attempts, json_array_size(attempts) - 1);
	const char *state = task_text(task, "state"), *cause = task_text(task, "cause");

	sentence[0] = '\0';
	if (strcmp(state, "succeeded") == 0)
		return CLI_OK;
	if (strcmp(state, "failed") == 0 && last)
		return attempt_status(last, sentence, cap);
	snprintf(sentence, cap, "%s%s%s", state, strcmp(cause, "cancel") == 0 || !cause[0] ? "" : ": ",
		 strcmp(cause, "cancel") == 0 ? "" : cause);
	return CLI_NOT_RUN;
}

/* As a shell would need it. */
static void quote(FILE *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	if (text[0] && strspn(text, plain) == strlen(text)) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++)
		fputs(*text == '\'' ? "'\\''" : (char[]){ *text, '\0' }, out);
	fputc('\'', out);
}

void task_command(const json_t *task, char *buf, size_t cap)
{
	FILE *out = fmemopen(buf, cap, "w");
	const json_t *word;
	size_t i;

	buf[0] = '\0';
	if (!out)
		return;
	json_array_foreach (json_object_get(task, "argv"), i, word) {
		fputs(i ? " " : "", out);
		quote(out, json_string_value(word) ? json_string_value(word) : "");
	}
	(void)fclose(out); /* what does not fit is cut */
	buf[cap - 1] = '\0';
}

void task_span(const json_t *object, const char *from, const char *to, char *buf, size_t cap)
{
	int64_t begin, end = dtss_now().wall_ns, s;

	buf[0] = '\0';
	if (rfc3339_parse(task_text(object, from), &begin) != 0)
		return;
	if (to && task_text(object, to)[0] && rfc3339_parse(task_text(object, to), &end) != 0)
		return;
	end = end > begin ? end - begin : 0;
	s = end / 1000000000;
	if (s < 1)
		snprintf(buf, cap, "%dms", (int)(end / 1000000));
	else if (s < 60)
		snprintf(buf, cap, "%d.%ds", (int)s, (int)(end / 100000000 % 10));
	else if (s < 3600)
		snprintf(buf, cap, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(buf, cap, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(buf, cap, "%lldd%02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
}

static int task_give_key(json_t *task)
{
	uint64_t noise[2];
	char key[48];

	if (json_object_get(task, "key"))
		return 0;
	if (getrandom(noise, sizeof noise, 0) != sizeof noise)
		return -1;
	snprintf(key, sizeof key, "dtss-%016llx%016llx", (unsigned long long)noise[0], (unsigned long long)noise[1]);
	return json_object_set_new(task, "key", json_string(key));
}

int task_complete(struct cli *cli, char **ret_body)
{
	json_t *argv = json_array();

	for (int i = 0; i < cli->operand_count; i++) {
		if (json_array_append_new(argv, json_string(cli->operands[i])) != 0) {
			say("argument %d: expected text in UTF-8, which JSON can carry", i + 1);
			json_decref(argv);
			return -1;
		}
	}
	if (json_object_set_new(cli->task, "argv", argv) == 0 && task_give_key(cli->task) == 0)
		*ret_body = json_dumps(cli->task, JSON_COMPACT);
	if (!*ret_body)
		say("out of memory");
	return *ret_body ? 0 : -1;
}
