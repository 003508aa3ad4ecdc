/* SPDX-License-Identifier: MIT */
/* dtss-bench [OPTION|NAME[:CASE,…]]…: runs the benches of these names, or all. See bench.h. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/support/run.h"
#include "common/nearest.h"
#include "common/options.h"

#define PROGRAM "dtss-bench"
#define MAIN_NAMES_MAX 64

struct main_ctx {
	int plain, quick, list;
	char *names[MAIN_NAMES_MAX];
	size_t count;
};

static const struct option_def main_options[] = {
	{ "plain", NULL, "a line for each row: bench NAME key=value key=value" },
	{ "quick", NULL, "only shows that each bench works; its figures mean nothing" },
	{ "list", NULL, "what there is" },
};

static const char *main_set(void *opaque, const char *name, const char *value)
{
	struct main_ctx *ctx = opaque;

	(void)value;
	*(name[0] == 'p' ? &ctx->plain : name[0] == 'q' ? &ctx->quick : &ctx->list) = 1;
	return NULL;
}

static const struct options options = {
	.program = PROGRAM,
	.operands = "[NAME[:CASE[,CASE]...]]...",
	.summary = "Measures the library, beside what one would pick instead. Without a name: everything.",
	.defs = main_options,
	.count = sizeof main_options / sizeof *main_options,
	.set = main_set,
};

/* --- what benches call --- */

int bench_quick(const struct bench_run *run)
{
	return run->quick;
}

int bench_case(struct bench_run *run, const char *name)
{
	int found = run->case_count == 0;

	for (size_t i = 0; i < run->case_count; i++)
		if (strcmp(run->cases[i], name) == 0)
			found = run->asked[i] = 1;
	return found;
}

int bench_asked(struct bench_run *run, uint64_t number)
{
	return run->case_count > 0 && bench_case_count(run, number);
}

int bench_case_count(struct bench_run *run, uint64_t number)
{
	char name[32];

	snprintf(name, sizeof name, "%llu", (unsigned long long)number);
	return bench_case(run, name);
}

const char *bench_build(void)
{
	static char path[PATH_MAX];
	const char *dir = getenv("DTSS_BUILD");
	char *slash;

	if (*path)
		return path;
	if (!realpath(dir && *dir ? dir : "/proc/self/exe", path))
		bench_must(DTSS_E_NOT_FOUND, dir);
	slash = strrchr(path, '/');
	if ((!dir || !*dir) && slash)
		*slash = '\0';
	return path;
}

int bench_fail(struct bench_run *run, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, PROGRAM ": %s: ", run->bench->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

int bench_built(struct bench_run *run, const char *program)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof path, "%s/%s", bench_build(), program);
	return access(path, X_OK) == 0 ? 0 : bench_fail(run, "there is no %s; make bench builds it", path);
}

int bench_must(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, PROGRAM ": %s: %s\n", what, dtss_strerror(result));
	exit(1);
}

/* --- the runner --- */

static void list(FILE *to)
{
	for (const struct bench *const *b = bench_list; *b; b++)
		fprintf(to, "%-10s %s%s%s%s\n", (*b)->name, (*b)->summary, (*b)->cases ? " [:" : "",
			(*b)->cases ? (*b)->cases : "", (*b)->cases ? "]" : "");
}

static const struct bench *find(const char *word)
{
	size_t len = strcspn(word, ":");

	for (const struct bench *const *b = bench_list; *b; b++)
		if (strlen((*b)->name) == len && memcmp((*b)->name, word, len) == 0)
			return *b;
	return NULL;
}

/* Is it a word of the bench's list? */
static int has_case(const struct bench *bench, const char *name, size_t len)
{
	const char *word = bench->cases + strspn(bench->cases, ", "), *end;

	for (; *word; word = end + strspn(end, ", ")) {
		end = word + strcspn(word, ", ");
		if ((size_t)(end - word) == len && memcmp(word, name, len) == 0)
			return 1;
	}
	return 0;
}

static int check_cases(const struct bench *bench, const char *cases)
{
	size_t len;

	if (!cases)
		return 0;
	if (!bench->cases)
		return options_refuse(PROGRAM, "%s has no cases", bench->name);
	for (; *cases; cases += len + (cases[len] == ',')) {
		len = strcspn(cases, ",");
		if (!has_case(bench, cases, len))
			return options_refuse(PROGRAM, "%s: no case %.*s; there are: %s", bench->name, (int)len, cases,
					      bench->cases);
	}
	return 0;
}

/* Every name is looked at before anything runs. 0, or the exit status. */
static int check_names(const struct main_ctx *ctx)
{
	for (size_t i = 0; i < ctx->count; i++) {
		const struct bench *bench = find(ctx->names[i]);
		const char *colon = strchr(ctx->names[i], ':');
		char bare[64];
		struct nearest near = { bare, NULL, 0 };
		int status = bench ? check_cases(bench, colon ? colon + 1 : NULL) : 0;

		if (status != 0)
			return status;
		if (bench)
			continue;
		snprintf(bare, sizeof bare, "%.*s", (int)strcspn(ctx->names[i], ":"), ctx->names[i]);
		for (const struct bench *const *b = bench_list; *b; b++)
			nearest_try(&near, (*b)->name);
		if (near.best)
			return options_refuse(PROGRAM, "no bench %s (did you mean %s?)", bare, near.best);
		fprintf(stderr, PROGRAM ": no bench %s; there are:\n", bare);
		list(stderr);
		return OPTIONS_EXIT_USAGE;
	}
	return 0;
}

/* 0, or 1 when it failed or did not know a case. */
static int run_one(const struct main_ctx *ctx, const struct bench *bench, char *cases)
{
	struct bench_run run = { .bench = bench, .quick = ctx->quick, .plain = ctx->plain };
	int failed;

	for (char *word = cases ? strtok(cases, ",") : NULL; word; word = strtok(NULL, ",")) {
		bench_must(run.case_count < BENCH_CASES_MAX ? 0 : DTSS_E_TOO_BIG, "cases");
		run.cases[run.case_count++] = word;
	}
	failed = bench->run(&run) != 0;
	bench_table_end(&run);
	for (size_t i = 0; !failed && i < run.case_count; i++)
		if (!run.asked[i])
			failed = bench_fail(&run, "no case %s; there are: %s", run.cases[i], bench->cases);
	return failed != 0;
}

static int run_all(void *opaque)
{
	struct main_ctx *ctx = opaque;
	int failed = 0;

	for (size_t i = 0; i < ctx->count; i++) {
		char *colon = strchr(ctx->names[i], ':');

		failed |= run_one(ctx, find(ctx->names[i]), colon ? colon + 1 : NULL);
	}
	for (const struct bench *const *b = bench_list; ctx->count == 0 && *b; b++)
		failed |= run_one(ctx, *b, NULL);
	return failed;
}

/* Options and names in any order, each name as the program's own for what follows; 0, or what options_parse() gives. */
static int parse(struct main_ctx *ctx, int argc, char **argv)
{
	struct options mine = options;
	int at = 0, result;

	mine.ctx = ctx;
	while ((result = options_parse(&mine, argc - at, argv + at)) >= 0 && at + result < argc) {
		at += result;
		bench_must(ctx->count < MAIN_NAMES_MAX ? 0 : DTSS_E_TOO_BIG, "names");
		ctx->names[ctx->count++] = argv[at];
	}
	return result < 0 ? result : 0;
}

int main(int argc, char **argv)
{
	struct main_ctx ctx = { 0 };
	int result = parse(&ctx, argc, argv);

	if (result < 0)
		return options_status(result);
	if (ctx.list) {
		list(stdout);
		return 0;
	}
	result = check_names(&ctx);
	if (result != 0)
		return result;
	return bench_guard(run_all, &ctx);
}
