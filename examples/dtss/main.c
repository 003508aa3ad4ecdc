/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dtss.h>
#include "common/log.h"
#include "common/nearest.h"

#define URL_DEFAULT "http://127.0.0.1:8080"

/* dtss --help: the commands stand where other programs have one sentence. */
static const char *overview(char *text, size_t cap)
{
	size_t len = (size_t)snprintf(text, cap, "Runs commands on the workers of a dtssd scheduler.\n\n");

	for (size_t i = 0; i < command_count && len < cap; i++)
		len += (size_t)snprintf(text + len, cap - len, "  %-9s %s\n", commands[i].name, commands[i].summary);
	if (len < cap)
		snprintf(text + len, cap - len, "\ndtss help COMMAND says more.");
	return text;
}

/* The operands are gathered in front of argv, so that options may stand behind them; but not where one is a command. */
static int parse_operands(struct cli *cli, const struct options *o, int argc, char **argv)
{
	int mixed = !strstr(cli->command->operands, "COMMAND"), at = 0, rc;

	cli->operands = argv + 1;
	for (;;) {
		rc = options_parse(o, argc - at, argv + at);
		if (rc < 0)
			return rc;
		at += rc;
		if (!mixed || strcmp(argv[at - 1], "--") == 0 || at == argc)
			break;
		cli->operands[cli->operand_count++] = argv[at];
	}
	memmove(cli->operands + cli->operand_count, argv + at, (size_t)(argc - at) * sizeof *argv);
	cli->operand_count += argc - at;
	return 0;
}

/* As options_parse(), and 0 when the command may run. */
static int parse_command(struct cli *cli, int argc, char **argv)
{
	const struct command *command = cli->command;
	struct option_def defs[COMMAND_OPTIONS_MAX];
	char program[32];
	const struct options o = {
		.program = program,
		.operands = command->operands,
		.summary = command->summary,
		.defs = defs,
		.count = command_options(command, defs),
		.set = option_set,
		.ctx = cli,
		.letters = "f",
	};
	int rc;

	snprintf(program, sizeof program, "dtss %s", command->name);
	rc = parse_operands(cli, &o, argc, argv);
	if (rc != 0)
		return rc;
	if (cli->operand_count < command->operands_min)
		return -1 - options_refuse(program, "expected %s", command->operands);
	if (cli->operand_count > command->operands_max)
		return -1 - options_refuse(program, "unexpected argument %s", cli->operands[command->operands_max]);
	return 0;
}

/* dtss [OPTION]... COMMAND: as options_parse(), the index of the command. */
static int parse_program(struct cli *cli, int argc, char **argv)
{
	struct option_def defs[COMMAND_OPTIONS_MAX];
	char text[2048];
	const struct options o = {
		.program = "dtss",
		.operands = "COMMAND",
		.summary = overview(text, sizeof text),
		.defs = defs,
		.count = command_options(NULL, defs),
		.set = option_set,
		.ctx = cli,
	};
	char *help[] = { argv[0], (char *)"--help", NULL };
	int at = options_parse(&o, argc, argv);
	struct nearest near = { NULL, NULL, 0 };

	if (at >= argc)
		return -1 - options_refuse("dtss", "expected a command");
	if (at > 0 && strcmp(argv[at], "help") == 0 && at + 1 >= argc)
		return options_parse(&o, 2, help);
	if (at > 0 && strcmp(argv[at], "help") == 0) {
		argv[at] = argv[at + 1];
		argv[at + 1] = help[1];
	}
	if (at < 0 || (cli->command = command_find(argv[at])))
		return at;
	near.word = argv[at];
	for (size_t i = 0; i < command_count; i++)
		nearest_try(&near, commands[i].name);
	return -1 - (near.best ? options_refuse("dtss", "no command %s (did you mean %s?)", argv[at], near.best) :
				 options_refuse("dtss", "no command %s", argv[at]));
}

/* Whom to ask, and what to show. 0, or told. */
static int prepare(struct cli *cli)
{
	const char *color = getenv("NO_COLOR"), *term = getenv("TERM"), *secret = getenv("DTSS_TOKEN");
	static const char *const types[] = { "Content-Type: application/json", "Content-Type: application/x-ndjson" };
	char line[TOKEN_LEN_MAX + 32];
	struct problem p = { 0 };
	int rc = 0;

	if (cli->token_file)
		rc = token_read(&cli->token, cli->token_file, &p);
	else if (secret && secret[0])
		rc = token_set(&cli->token, secret, &p);
	if (rc != 0) {
		say("%s: %s", cli->token_file ? "--token-file" : "DTSS_TOKEN", p.sentence);
		return -1;
	}
	if (strncmp(cli->url, "http://", 7) != 0 && strncmp(cli->url, "https://", 8) != 0) {
		say("%s: expected http://HOST:PORT in --url or DTSS_URL", cli->url);
		return -1;
	}
	snprintf(line, sizeof line, "Authorization: Bearer %s", cli->token.text);
	for (size_t i = 0; i < 2; i++) {
		cli->headers[i] = curl_slist_append(curl_slist_append(NULL, types[i]), "Expect:");
		if (cli->token.text[0])
			cli->headers[i] = curl_slist_append(cli->headers[i], line);
	}
	cli->terminal = isatty(STDOUT_FILENO);
	cli->colour = cli->terminal && !(color && color[0]) && !(term && strcmp(term, "dumb") == 0);
	return 0;
}

/* What was printed must have arrived. */
static int finish(struct cli *cli, int status)
{
	int lost = ferror(stdout) || fflush(stdout) != 0;

	if (lost)
		say("what should be printed could not be written");
	json_decref(cli->task);
	curl_slist_free_all(cli->headers[0]);
	curl_slist_free_all(cli->headers[1]);
	curl_global_cleanup();
	return lost && status == CLI_OK ? CLI_FAILED : status;
}

int main(int argc, char **argv)
{
	const char *url = getenv("DTSS_URL");
	struct cli cli = { .url = url && url[0] ? url : URL_DEFAULT, .task = json_object(), .limit = 100 };
	int status, at, rc;

	if (!cli.task || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		say("out of memory");
		return CLI_FAILED;
	}
	log_open("dtss", LOG_TEXT, LOG_WARNING);
	rc = at = parse_program(&cli, argc, argv);
	if (at > 0)
		rc = parse_command(&cli, argc - at, argv + at);
	if (rc < 0)
		status = options_status(rc);
	else
		status = prepare(&cli) == 0 ? cli.command->run(&cli) : CLI_USAGE;
	if (status == CLI_USAGE && cli.command && cli.command->run == command_run)
		status = CLI_NOT_RUN; /* 2 could be the command's own */
	return finish(&cli, status);
}
