/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "dtss/call.h"
#include "dtss/table.h"
#include "dtss/view.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *number_text(char *buf, size_t cap, json_int_t number)
{
	snprintf(buf, cap, "%lld", (long long)number);
	return buf;
}

/* ---- ls ---- */

/* Keeps the last of all tasks that come after one. 0, or told. */
static int list_from(struct cli *cli, struct call *call, json_int_t after, json_t *last)
{
	char path[CALL_PATH_MAX + 128];
	const json_t *next;

	do {
		snprintf(path, sizeof path, "/tasks?limit=%d&after=%lld%s", LIST_PAGE, (long long)after, cli->query);
		if (call_ask(cli, call, "GET", path, NULL) != 0 ||
		    json_array_extend(last, json_object_get(call->json, "tasks")) != 0)
			return -1;
		while (json_array_size(last) > cli->limit)
			json_array_remove(last, 0);
		next = json_object_get(call->json, "next");
		after = json_integer_value(next);
	} while (json_is_integer(next));
	return 0;
}

static void list_add(struct table *t, const json_t *task)
{
	char id[24], tries[24], age[32], span[32], command[COMMAND_TEXT_MAX];
	const char *name = task_text(task, "name");

	number_text(id, sizeof id, task_number(task, "id"));
	number_text(tries, sizeof tries, (json_int_t)json_array_size(json_object_get(task, "attempts")));
	task_span(task, "created_at", NULL, age, sizeof age);
	task_span(task, "started_at", "finished_at", span, sizeof span);
	if (!name[0])
		task_command(task, command, sizeof command);
	table_add(t, (const char *[]){ id, task_text(task, "state"), name[0] ? name : command, task_text(task, "queue"),
				       task_text(task, "worker"), tries, age, span });
}

/* The API lists from the oldest on. Ids are given in turn, so the newest are found from the number of the last. */
int command_ls(struct cli *cli)
{
	static const char *const heads[] = { "ID", "STATE", "NAME", "QUEUE", "WORKER", "TRIES", "AGE", "RUNTIME" };
	struct table t = { .heads = heads, .columns = LENGTH(heads) };
	json_int_t window = cli->query[0] && cli->limit < LIST_PAGE ? LIST_PAGE : (json_int_t)cli->limit, newest, after;
	struct call call = { 0 };
	json_t *last = json_array(), *task;
	int rc = call_ask(cli, &call, "GET", "/stats", NULL);
	size_t i;

	newest = task_number(json_object_get(call.json, "totals"), "submitted");
	for (after = newest; rc == 0 && after > 0 && json_array_size(last) < cli->limit; window *= LIST_GROWTH) {
		after = newest > window ? newest - window : 0;
		json_array_clear(last);
		rc = list_from(cli, &call, after, last);
	}
	if (rc == 0 && cli->json) {
		json_t *page = json_pack("{s:O, s:n}", "tasks", last, "next");

		print_json(page);
		json_decref(page);
	} else if (rc == 0) {
		json_array_foreach (last, i, task)
			list_add(&t, task);
		table_print(&t, cli);
	}
	json_decref(last);
	call_fini(&call);
	return rc == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- workers ---- */

static const char *join(char *buf, size_t cap, const json_t *array)
{
	size_t len = 0, i;
	const json_t *one;

	buf[0] = '\0';
	json_array_foreach (array, i, one) {
		const char *text = json_string_value(one);

		if (len < cap)
			len += (size_t)snprintf(buf + len, cap - len, "%s%s", i ? "," : "", text ? text : "");
	}
	return buf;
}

int command_workers(struct cli *cli)
{
	static const char *const heads[] = { "NAME", "STATUS", "TASKS", "SLOTS", "TAGS", "ADDRESS", "SEEN" };
	struct table t = { .heads = heads, .columns = LENGTH(heads) };
	char status[64], used[24], slots[24], tags[TABLE_CELL_MAX], seen[32];
	struct call call = { 0 };
	const json_t *worker;
	size_t i;

	if (call_ask(cli, &call, "GET", "/workers", NULL) != 0) {
		call_fini(&call);
		return CLI_FAILED;
	}
	json_array_foreach (json_object_get(call.json, "workers"), i, worker) {
		snprintf(status, sizeof status, "%s%s%s%s", task_text(worker, "status"),
			 json_is_true(json_object_get(worker, "draining")) ? ",draining" : "",
			 json_is_true(json_object_get(worker, "cordoned")) ? ",cordoned" : "",
			 json_is_true(json_object_get(worker, "stopping")) ? ",stopping" : "");
		number_text(used, sizeof used, task_number(worker, "used"));
		number_text(slots, sizeof slots, task_number(worker, "max_tasks"));
		task_span(worker, "last_seen_at", NULL, seen, sizeof seen);
		table_add(&t, (const char *[]){ task_text(worker, "name"), status, used, slots,
						join(tags, sizeof tags, json_object_get(worker, "tags")),
						task_text(worker, "address"), seen });
	}
	if (cli->json)
		print_json(call.json);
	else
		table_print(&t, cli);
	free(t.cells);
	call_fini(&call);
	return CLI_OK;
}

/* ---- show, stats: whatever members there are ---- */

static void print_text(const char *text)
{
	char clean[LOG_LINE_MAX];

	log_escape(clean, sizeof clean, text);
	fputs(clean, stdout);
}

static void print_value(const json_t *value)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_is_string(value)) {
		print_text(json_string_value(value));
	} else if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, name, one) {
			print_text(name);
			putchar('=');
			print_value(one);
			putchar(' ');
		}
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, one) {
			fputs(i ? " " : "", stdout);
			print_value(one);
		}
	} else {
		json_dumpf(value, stdout, JSON_ENCODE_ANY);
	}
}

static void print_attempts(const struct cli *cli, const json_t *attempts)
{
	static const char *const heads[] = { "ATTEMPT", "STATE", "WORKER", "END", "WAITED", "RUNTIME", "DETAIL" };
	struct table t = { .heads = heads, .columns = LENGTH(heads) };
	char number[24], end[64], waited[32], span[32];
	const json_t *a;
	size_t i;

	json_array_foreach (attempts, i, a) {
		number_text(number, sizeof number, task_number(a, "attempt"));
		task_end(a, end, sizeof end);
		task_span(a, "granted_at", task_text(a, "started_at")[0] ? "started_at" : "ended_at", waited,
			  sizeof waited);
		task_span(a, "started_at", "ended_at", span, sizeof span);
		table_add(&t, (const char *[]){ number, task_text(a, "state"), task_text(a, "worker"), end, waited,
						span, task_text(a, "detail") });
	}
	table_print(&t, cli);
}

static void print_members(const json_t *object)
{
	char command[COMMAND_TEXT_MAX];
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		if (strcmp(name, "attempts") == 0)
			continue;
		printf("%-18s", name);
		task_command(object, command, sizeof command);
		if (strcmp(name, "argv") == 0)
			print_text(command);
		else
			print_value(value);
		putchar('\n');
	}
}

int command_show(struct cli *cli)
{
	struct call call = { 0 };
	int status = CLI_OK;
	char path[64];

	for (int i = 0; i < cli->operand_count; i++) {
		json_int_t id = operand_id(cli->operands[i]);

		snprintf(path, sizeof path, "/tasks/%lld", (long long)id);
		if (id == 0 || call_ask(cli, &call, "GET", path, NULL) != 0) {
			status = CLI_FAILED;
		} else if (cli->json) {
			print_json(call.json);
		} else {
			fputs(i ? "\n" : "", stdout);
			print_members(call.json);
			print_attempts(cli, json_object_get(call.json, "attempts"));
		}
	}
	call_fini(&call);
	return status;
}

int command_stats(struct cli *cli)
{
	struct call call = { 0 };
	int rc = call_ask(cli, &call, "GET", "/stats", NULL);

	if (rc == 0 && cli->json)
		print_json(call.json);
	else if (rc == 0)
		print_members(call.json);
	call_fini(&call);
	return rc == 0 ? CLI_OK : CLI_FAILED;
}
