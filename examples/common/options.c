/* SPDX-License-Identifier: MIT */
#include "common/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dtss.h>
#include "common/nearest.h"

#define OPTIONS_MAX 32

enum { OPTION_HELP = 'h', OPTION_VERSION = 'V', OPTION_FIRST = 256 };

int options_status(int result)
{
	return -result - 1;
}

int options_refuse(const char *program, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; try %s --help\n", program);
	return OPTIONS_EXIT_USAGE;
}

static void help(const struct options *o)
{
	printf("usage: %s [OPTION]...%s%s\n%s\n\n", o->program, o->operands[0] ? " " : "", o->operands, o->summary);
	for (size_t i = 0; i < o->count; i++) {
		const struct option_def *def = &o->defs[i];
		int width = 24 - (int)strlen(def->name);

		printf("  --%s%s%-*s %s\n", def->name, def->value ? " " : "", def->value ? width - 1 : width,
		       def->value ? def->value : "", def->help);
	}
	printf("  --%-24s %s\n  --%-24s %s\n", "version", "print the version", "help", "print this");
}

static int unknown(const struct options *o, const char *word)
{
	const char *name = word + strspn(word, "-");
	char bare[64];
	struct nearest near = { bare, NULL, 0 };

	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "="), name);
	for (size_t i = 0; i < o->count; i++)
		nearest_try(&near, o->defs[i].name);
	if (near.best)
		return options_refuse(o->program, "unknown option %s (did you mean --%s?)", word, near.best);
	return options_refuse(o->program, "unknown option %s", word);
}

/* The number of the option that a letter stands for, or the letter itself: nobody's. */
static int option_of(const struct options *o, int letter)
{
	if (letter == 0 || !o->letters || !strchr(o->letters, letter))
		return letter;
	for (size_t i = 0; i < o->count; i++)
		if (o->defs[i].name[0] == letter)
			return OPTION_FIRST + (int)i;
	return letter;
}

/* What getopt_long takes as letters: ours, with a colon behind those that need a value. */
static void short_options(const struct options *o, char *text)
{
	text += sprintf(text, "+:hV");
	for (const char *at = o->letters ? o->letters : ""; *at; at++) {
		int i = option_of(o, *at) - OPTION_FIRST;

		if (i >= 0)
			text += sprintf(text, "%c%s", *at, o->defs[i].value ? ":" : "");
	}
}

/* One option that getopt_long found: 0 to go on, or options_parse()'s result. */
static int apply(const struct options *o, int found, const char *word)
{
	const struct option_def *def;
	const char *refusal;
	int missing = found == ':' ? option_of(o, optopt) : 0;

	found = option_of(o, found);
	if (found == OPTION_HELP) {
		help(o);
		return -1;
	}
	if (found == OPTION_VERSION) {
		printf("%s (libdtss) %s\n", o->program, dtss_version());
		return -1;
	}
	if (missing >= OPTION_FIRST)
		return -1 - options_refuse(o->program, "--%s needs a value: %s", o->defs[missing - OPTION_FIRST].name,
					   o->defs[missing - OPTION_FIRST].value);
	if (found < OPTION_FIRST)
		return -1 - unknown(o, word);
	def = &o->defs[found - OPTION_FIRST];
	refusal = o->set(o->ctx, def->name, optarg);
	return refusal ? -1 - options_refuse(o->program, "--%s: %s", def->name, refusal) : 0;
}

int options_parse(const struct options *o, int argc, char **argv)
{
	struct option table[OPTIONS_MAX + 3] = { { 0 } };
	char letters[2 * OPTIONS_MAX + 8];
	int found, rc;

	if (o->count > OPTIONS_MAX || (o->letters && strlen(o->letters) > OPTIONS_MAX))
		abort();
	short_options(o, letters);
	for (size_t i = 0; i < o->count; i++)
		table[i] = (struct option){ o->defs[i].name, o->defs[i].value ? required_argument : no_argument, NULL,
					    OPTION_FIRST + (int)i };
	table[o->count] = (struct option){ "help", no_argument, NULL, OPTION_HELP };
	table[o->count + 1] = (struct option){ "version", no_argument, NULL, OPTION_VERSION };
	optind = 0; /* begins anew: sub-commands parse what is left */
	do {
		int at = optind > 0 ? optind : 1;

		found = getopt_long(argc, argv, letters, table, NULL);
		if (found == -1)
			return optind;
		rc = apply(o, found, at < argc ? argv[at] : "");
	} while (rc == 0);
	return rc;
}
