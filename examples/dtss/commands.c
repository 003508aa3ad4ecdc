/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <limits.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct command commands[] = {
	{ "run", "[--] COMMAND [ARGUMENT]...", "Runs a command on a worker, as if it ran here.", 1, INT_MAX,
	  command_run },
	{ "submit", "[--] COMMAND [ARGUMENT]...", "Submits a command, or tasks from a file, and prints their ids.", 0,
	  INT_MAX, command_submit },
	{ "ls", "", "Lists tasks, the newest last.", 0, 0, command_ls },
	{ "show", "ID...", "Prints all that is known of a task.", 1, INT_MAX, command_show },
	{ "logs", "ID...", "Prints what tasks wrote.", 1, INT_MAX, command_logs },
	{ "wait", "ID...", "Waits until tasks have ended; 0 if all succeeded.", 1, INT_MAX, command_wait },
	{ "why", "ID...", "Says why a task does not run, or did not after an event.", 1, INT_MAX, command_why },
	{ "cancel", "ID...", "Cancels tasks.", 1, INT_MAX, command_task_verb },
	{ "retry", "ID...", "Submits tasks that have ended again, and prints the new ids.", 1, INT_MAX,
	  command_task_verb },
	{ "hold", "ID...", "Keeps tasks from being given to a worker.", 1, INT_MAX, command_task_verb },
	{ "release", "ID...", "Ends a hold.", 1, INT_MAX, command_task_verb },
	{ "workers", "", "Lists the workers.", 0, 0, command_workers },
	{ "drain", "WORKER...", "Gives workers no new work; what runs there may finish.", 1, INT_MAX,
	  command_worker_verb },
	{ "cordon", "WORKER...", "Keeps new work away from workers.", 1, INT_MAX, command_worker_verb },
	{ "uncordon", "WORKER...", "Ends drain and cordon.", 1, INT_MAX, command_worker_verb },
	{ "stats", "", "Prints the scheduler's numbers.", 0, 0, command_stats },
	{ "states", "", "Prints the states of a task and what may follow each.", 0, 0, command_states },
};
const size_t command_count = LENGTH(commands);

/* Which commands take an option; "" is dtss itself, "*" every command and dtss. */
static const struct {
	struct option_def def;
	const char *commands;
} options[] = {
	{ { "tag", "TAG", "a worker must have it; may be repeated" }, "run submit" },
	{ { "name", "NAME", "a name to find it by" }, "run submit ls" },
	{ { "queue", "QUEUE", "the queue (default)" }, "run submit ls" },
	{ { "key", "KEY", "the same key and the same task: submitted once" }, "run submit" },
	{ { "priority", "NUMBER", "higher goes first (0)" }, "run submit" },
	{ { "retries", "NUMBER", "further attempts when one fails (0)" }, "run submit" },
	{ { "timeout", "TIME", "of each attempt, such as 90s, 500ms, 2h" }, "run submit" },
	{ { "env", "NAME=VALUE", "a variable of its environment; may be repeated" }, "run submit" },
	{ { "cwd", "DIR", "where to run, on the worker (a fresh directory)" }, "run submit" },
	{ { "after", "ID", "a task that must succeed first; may be repeated" }, "run submit" },
	{ { "resource", "NAME=AMOUNT", "what a worker must have free; may be repeated" }, "run submit" },
	{ { "label", "NAME=VALUE", "a label to find it by; may be repeated" }, "run submit" },
	{ { "label", "NAME[=VALUE]", "tasks with that label" }, "ls" },
	{ { "state", "STATE,STATE", "tasks in one of these states" }, "ls" },
	{ { "limit", "NUMBER", "at most so many, the newest (100)" }, "ls" },
	{ { "file", "FILE", "tasks in JSON: one, an array, or one a line; - is stdin (-f)" }, "submit" },
	{ { "follow", NULL, "until it ends, as it is written (-f)" }, "logs" },
	{ { "attempt", "NUMBER", "of that attempt (the last)" }, "logs" },
	{ { "stderr", NULL, "what it wrote to stderr (stdout)" }, "logs" },
	{ { "at", "EVENT", "as it was after the event of that number" }, "why" },
	{ { "dot", NULL, "as a drawing for dot(1)" }, "states" },
	{ { "json", NULL, "print what the API says" },
	  "submit ls show wait why cancel retry hold release workers drain cordon uncordon stats" },
	{ { "url", "URL", "the scheduler ($DTSS_URL, or http://127.0.0.1:8080)" }, "*" },
	{ { "token-file", "FILE", "whose first line to show it ($DTSS_TOKEN)" }, "*" },
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* 1: one of the words is the name. */
static int words_have(const char *words, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = words; (at = strstr(at, name)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return 1;
	return 0;
}

size_t command_options(const struct command *command, struct option_def defs[COMMAND_OPTIONS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < LENGTH(options); i++)
		if (options[i].commands[0] == '*' || (command && words_have(options[i].commands, command->name)))
			defs[count++] = options[i].def;
	return count;
}
