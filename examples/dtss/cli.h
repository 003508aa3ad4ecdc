/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CLI_H
#define DTSS_CLI_H

#include <curl/curl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "common/files.h"
#include "common/options.h"
#include "dtss/bounds.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = OPTIONS_EXIT_USAGE,
	CLI_NOT_RUN = 125, /* these as env(1) and a shell have them */
	CLI_NOT_STARTED = 126,
	CLI_NOT_FOUND = 127,
	CLI_SIGNAL = 128 /* plus its number */
};

/* What one command line says. Strings are those of argv and of the environment. */
struct cli {
	const struct command *command;
	const char *url;
	const char *token_file;
	struct token token;
	struct curl_slist *headers[2]; /* for a body of JSON, for NDJSON */
	int terminal;                  /* stdout is one */
	int colour;
	/* options */
	json_t *task;              /* of run and submit: what they say of it */
	char query[CALL_PATH_MAX]; /* of ls: the filters, as "&queue=q" */
	const char *file;
	uint64_t limit;
	uint64_t attempt;
	uint64_t at; /* of why: the event; 0: now */
	int json;
	int follow;
	int from_stderr;
	int dot;
	/* operands */
	char **operands;
	int operand_count;
};

struct command {
	const char *name;
	const char *operands; /* for the help */
	const char *summary;
	int operands_min;
	int operands_max;
	int (*run)(struct cli *cli); /* the exit status */
};

extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);
/* The options of a command; NULL: of dtss itself. Gives how many. */
size_t command_options(const struct command *command, struct option_def defs[COMMAND_OPTIONS_MAX]);
/* For struct options: takes an option of any command. */
const char *option_set(void *ctx, const char *name, const char *value);

int command_run(struct cli *cli);
int command_submit(struct cli *cli);
int command_ls(struct cli *cli);
int command_show(struct cli *cli);
int command_logs(struct cli *cli);
int command_wait(struct cli *cli);
int command_why(struct cli *cli);
int command_task_verb(struct cli *cli);   /* cancel, retry, hold, release */
int command_worker_verb(struct cli *cli); /* drain, cordon, uncordon */
int command_workers(struct cli *cli);
int command_stats(struct cli *cli);
int command_states(struct cli *cli);

/* "dtss: sentence" on stderr, fit for a terminal whatever strangers have put into it. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* On a line of its own. */
void print_json(const json_t *value);
/* The number that an operand is. 0: it is no id, which was told. */
json_int_t operand_id(const char *text);

#endif
