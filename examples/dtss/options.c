/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>

static const char no_memory[] = "out of memory";

static int read_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno || end == text || *end || *ret < min || *ret > max ? -1 : 0;
}

/* "30s" in ms; a bare number is seconds, as for timeout(1) and sleep(1). */
static int read_duration(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	char *unit;

	errno = 0;
	*ret_ms = strtoll(text, &unit, 10);
	for (size_t i = 0; !errno && unit != text && i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(unit, units[i].name) == 0) {
			int fits = *ret_ms > 0 && *ret_ms <= DTSS_DURATION_MS_MAX / units[i].ms;

			*ret_ms = fits ? *ret_ms * units[i].ms : 0;
			return fits ? 0 : -1;
		}
	}
	return -1;
}

/* The member of the task that is an object or an array; it is made when it is not there. */
static json_t *task_part(struct cli *cli, const char *name, json_t *fresh)
{
	json_t *part = json_object_get(cli->task, name);

	if (!part && json_object_set(cli->task, name, fresh) == 0)
		part = fresh;
	json_decref(fresh);
	return part;
}

static const char *put_text(json_t *object, const char *name, const char *text)
{
	return json_object_set_new(object, name, json_string(text)) == 0 ? NULL : "expected text in UTF-8";
}

/* "NAME=VALUE" into an object; number: its value is one. */
static const char *put_pair(json_t *object, const char *text, int number)
{
	const char *equals = strchr(text, '=');
	char *name = equals && equals > text ? strndup(text, (size_t)(equals - text)) : NULL;
	const char *refusal = NULL;
	int64_t amount;

	if (!name)
		return number ? "expected NAME=AMOUNT" : "expected NAME=VALUE";
	if (!number)
		refusal = put_text(object, name, equals + 1);
	else if (read_number(equals + 1, 1, DTSS_RESOURCE_AMOUNT_MAX, &amount) != 0)
		refusal = "expected NAME=AMOUNT, the amount from 1";
	else if (json_object_set_new(object, name, json_integer(amount)) != 0)
		refusal = "expected a name in UTF-8";
	free(name);
	return refusal;
}

/* What becomes a number of the task. */
static const char *set_number(struct cli *cli, const char *name, const char *value)
{
	int64_t number;

	if (strcmp(name, "timeout") == 0) {
		if (read_duration(value, &number) != 0)
			return "expected a time such as 90s, 500ms or 2h, up to a year";
		name = "timeout_ms";
	} else if (strcmp(name, "priority") == 0) {
		if (read_number(value, INT32_MIN, INT32_MAX, &number) != 0)
			return "expected a number, -2147483648 to 2147483647";
	} else if (read_number(value, 0, DTSS_ATTEMPTS_MAX - 1, &number) != 0) {
		return "expected a number, 0 to 999";
	} else {
		json_t *retry = task_part(cli, "retry", json_object());

		return json_object_set_new(retry, "attempts_max", json_integer(number + 1)) == 0 ? NULL : no_memory;
	}
	return json_object_set_new(cli->task, name, json_integer(number)) == 0 ? NULL : no_memory;
}

static const char *set_task(struct cli *cli, const char *name, const char *value)
{
	int64_t id;

	if (strcmp(name, "tag") == 0)
		return json_array_append_new(task_part(cli, "tags", json_array()), json_string(value)) == 0 ?
			       NULL :
			       "expected text in UTF-8";
	if (strcmp(name, "env") == 0)
		return put_pair(task_part(cli, "env", json_object()), value, 0);
	if (strcmp(name, "label") == 0)
		return put_pair(task_part(cli, "labels", json_object()), value, 0);
	if (strcmp(name, "resource") == 0)
		return put_pair(task_part(cli, "resources", json_object()), value, 1);
	if (strcmp(name, "after") == 0) {
		if (read_number(value, 1, DTSS_TASK_ID_MAX, &id) != 0)
			return "expected the id of a task";
		return json_array_append_new(task_part(cli, "after", json_array()), json_integer(id)) == 0 ? NULL :
													     no_memory;
	}
	if (strcmp(name, "timeout") == 0 || strcmp(name, "priority") == 0 || strcmp(name, "retries") == 0)
		return set_number(cli, name, value);
	return put_text(cli->task, name, value);
}

static const char *set_filter(struct cli *cli, const char *name, const char *value)
{
	size_t len = strlen(cli->query);
	char *escaped = curl_easy_escape(NULL, value, 0);
	int n = escaped ? snprintf(cli->query + len, sizeof cli->query - len, "&%s=%s", name, escaped) : -1;

	curl_free(escaped);
	return n >= 0 && (size_t)n < sizeof cli->query - len ? NULL : "the filters are too long";
}

static const char *set_flag(struct cli *cli, const char *name)
{
	if (strcmp(name, "json") == 0)
		cli->json = 1;
	else if (strcmp(name, "follow") == 0)
		cli->follow = 1;
	else if (strcmp(name, "stderr") == 0)
		cli->from_stderr = 1;
	else
		cli->dot = 1;
	return NULL;
}

const char *option_set(void *ctx, const char *name, const char *value)
{
	struct cli *cli = ctx;
	int64_t number;

	if (!value)
		return set_flag(cli, name);
	if (strcmp(name, "url") == 0) {
		cli->url = value;
		return NULL;
	}
	if (strcmp(name, "token-file") == 0) {
		cli->token_file = value;
		return NULL;
	}
	if (strcmp(name, "file") == 0) {
		cli->file = value;
		return NULL;
	}
	if (strcmp(name, "at") == 0) {
		if (read_number(value, 1, INT64_C(1) << 53, &number) != 0)
			return "expected the number of an event, from 1";
		cli->at = (uint64_t)number;
		return NULL;
	}
	if (strcmp(name, "limit") == 0 || strcmp(name, "attempt") == 0) {
		if (read_number(value, 1, DTSS_TASKS_MAX_DEFAULT, &number) != 0)
			return "expected a number from 1";
		*(name[0] == 'l' ? &cli->limit : &cli->attempt) = (uint64_t)number;
		return NULL;
	}
	return strcmp(cli->command->name, "ls") == 0 ? set_filter(cli, name, value) : set_task(cli, name, value);
}
