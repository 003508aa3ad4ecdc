/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/support/run.h"

/*
 * Rows are kept until the bench has ended; then those that follow each other with the same keys become one table:
 *
 *      place: which worker should run this?
 *        case    workers    ns  ratio_naive
 *        random    1,000  63.1          310
 *
 * With --plain a row is written as soon as the next one begins.
 */
#define TABLE_LINES_FIRST 64
#define TABLE_CELL_SHOWN (BENCH_CELL_MAX + BENCH_CELL_MAX / 3)

static void table_plain(const struct bench_run *run, const struct bench_line *line)
{
	printf("bench %s", run->bench->name);
	for (size_t i = 0; i < line->count; i++)
		printf(" %s=%s", line->cells[i].key, line->cells[i].value);
	putchar('\n');
	fflush(stdout);
}

/* With a comma after every three digits of a whole number; returns its length. */
static int table_show(const struct bench_cell *cell, char *shown)
{
	size_t digits = strspn(cell->value, "0123456789"), len = 0;

	for (size_t i = 0; cell->value[i]; i++) {
		if (cell->number && i > 0 && i < digits && (digits - i) % 3 == 0)
			shown[len++] = ',';
		shown[len++] = cell->value[i];
	}
	shown[len] = '\0';
	return (int)len;
}

static int table_same(const struct bench_line *a, const struct bench_line *b)
{
	if (a->count != b->count)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->cells[i].key, b->cells[i].key) != 0)
			return 0;
	return 1;
}

static void table_part(const struct bench_line *lines, size_t count)
{
	char shown[TABLE_CELL_SHOWN];
	int widths[BENCH_COLUMNS_MAX];

	for (size_t c = 0; c < lines[0].count; c++) {
		widths[c] = (int)strlen(lines[0].cells[c].key);
		for (size_t l = 0; l < count; l++) {
			int width = table_show(&lines[l].cells[c], shown);

			if (width > widths[c])
				widths[c] = width;
		}
	}
	for (size_t c = 0; c < lines[0].count; c++)
		printf("  %*s", lines[0].cells[c].number ? widths[c] : -widths[c], lines[0].cells[c].key);
	putchar('\n');
	for (size_t l = 0; l < count; l++) {
		for (size_t c = 0; c < lines[l].count; c++) {
			table_show(&lines[l].cells[c], shown);
			printf("  %*s", lines[l].cells[c].number ? widths[c] : -widths[c], shown);
		}
		putchar('\n');
	}
}

void bench_table_end(struct bench_run *run)
{
	size_t from = 0;

	if (run->plain && run->line_count > 0)
		table_plain(run, &run->lines[run->line_count - 1]);
	if (!run->plain)
		printf("%s: %s\n", run->bench->name, run->bench->summary);
	for (size_t to = 1; !run->plain && to <= run->line_count; to++) {
		if (to < run->line_count && table_same(&run->lines[from], &run->lines[to]))
			continue;
		table_part(run->lines + from, to - from);
		from = to;
	}
	if (!run->plain)
		putchar('\n');
	fflush(stdout);
	free(run->lines);
	run->lines = NULL;
	run->line_count = run->line_cap = 0;
}

void bench_row(struct bench_run *run)
{
	if (run->plain && run->line_count > 0)
		table_plain(run, &run->lines[--run->line_count]);
	if (run->line_count == run->line_cap) {
		run->line_cap = run->line_cap ? 2 * run->line_cap : TABLE_LINES_FIRST;
		run->lines = realloc(run->lines, run->line_cap * sizeof *run->lines);
		bench_must(run->lines ? 0 : DTSS_E_NOMEM, "rows");
	}
	run->lines[run->line_count++].count = 0;
}

static struct bench_cell *table_cell(struct bench_run *run, const char *key, int number)
{
	struct bench_line *line;
	struct bench_cell *cell;

	bench_must(run->line_count > 0 ? 0 : DTSS_E_INVALID, "a figure before bench_row()");
	line = &run->lines[run->line_count - 1];
	bench_must(line->count < BENCH_COLUMNS_MAX ? 0 : DTSS_E_TOO_BIG, "columns of a row");
	cell = &line->cells[line->count++];
	cell->key = key;
	cell->number = number;
	return cell;
}

void bench_text(struct bench_run *run, const char *key, const char *value)
{
	snprintf(table_cell(run, key, 0)->value, BENCH_CELL_MAX, "%s", value);
}

void bench_count(struct bench_run *run, const char *key, uint64_t value)
{
	snprintf(table_cell(run, key, 1)->value, BENCH_CELL_MAX, "%llu", (unsigned long long)value);
}

void bench_figure(struct bench_run *run, const char *key, double value)
{
	int digits = value >= 100 || value == 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : value >= 0.1 ? 3 : 5;

	snprintf(table_cell(run, key, 1)->value, BENCH_CELL_MAX, "%.*f", digits, value);
}
