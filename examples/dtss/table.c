/* SPDX-License-Identifier: MIT */
#include "dtss/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/utf8.h"

/* Columns of a terminal, if each character takes one; cut: where the text ends that takes at most so many. */
static size_t text_width(const char *text, size_t most, const char **ret_cut)
{
	size_t width = 0;
	uint32_t point;

	for (*ret_cut = text; **ret_cut && width < most; width++) {
		size_t len = utf8_decode(*ret_cut, &point);

		*ret_cut += len ? len : 1;
	}
	return width;
}

void table_add(struct table *t, const char *const *texts)
{
	if (t->count + t->columns > t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64 * t->columns;
		void *more = realloc(t->cells, cap * sizeof *t->cells);

		if (!more)
			abort(); /* a list that could not be shown whole would be a wrong one */
		t->cells = more;
		t->cap = cap;
	}
	for (size_t i = 0; i < t->columns; i++)
		log_escape(t->cells[t->count++], TABLE_CELL_MAX, texts[i][0] ? texts[i] : "-");
}

/* Words whose colour says what a person looks for. */
static const char *word_colour(const char *text)
{
	static const char *const words[][2] = {
		{ "succeeded", "\033[32m" }, { "online", "\033[32m" },     { "running", "\033[36m" },
		{ "leased", "\033[36m" },    { "failed", "\033[31m" },     { "quarantined", "\033[31m" },
		{ "expired", "\033[31m" },   { "offline", "\033[31m" },    { "cancelled", "\033[33m" },
		{ "skipped", "\033[33m" },   { "suspicious", "\033[33m" }, { "delayed", "\033[33m" },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i][0], text) == 0)
			return words[i][1];
	return NULL;
}

static void print_cell(const char *text, size_t width, int last, int colour)
{
	const char *paint = colour ? word_colour(text) : NULL, *cut;
	size_t taken = text_width(text, TABLE_WIDTH_MAX, &cut);

	printf("%s%.*s%s", paint ? paint : "", (int)(cut - text), text, paint ? "\033[0m" : "");
	printf("%*s", last ? 0 : (int)(width - taken) + 2, last ? "\n" : "");
}

void table_print(struct table *t, const struct cli *cli)
{
	size_t widths[16] = { 0 }, w;
	const char *cut;

	for (size_t i = 0; i < t->columns; i++)
		widths[i] = strlen(t->heads[i]);
	for (size_t i = 0; i < t->count; i++) {
		w = text_width(t->cells[i], TABLE_WIDTH_MAX, &cut);
		widths[i % t->columns] = w > widths[i % t->columns] ? w : widths[i % t->columns];
	}
	for (size_t i = 0; i < t->columns && cli->terminal; i++)
		print_cell(t->heads[i], widths[i], i + 1 == t->columns, 0);
	for (size_t i = 0; i < t->count; i++) {
		int last = (i + 1) % t->columns == 0;

		if (cli->terminal)
			print_cell(t->cells[i], widths[i % t->columns], last, cli->colour);
		else
			printf("%s%c", t->cells[i], last ? '\n' : '\t');
	}
	free(t->cells);
	t->cells = NULL;
	t->count = t->cap = 0;
}
