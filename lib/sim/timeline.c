/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

#define TIMELINE_TIME 16 /* up to a year in seconds, and microseconds */
#define TIMELINE_COLUMN 12
#define TIMELINE_ROW (TIMELINE_TIME + SIM_PLACES * TIMELINE_COLUMN + SIM_LINE_TEXT_MAX)

/* Text that goes into a buffer as far as there is room, and is counted in any case. */
struct timeline_out {
	char *buf;
	size_t cap;
	size_t len;
};

int timeline_init(struct sim_timeline *t, const struct dtss_mem *mem)
{
	t->said = 0;
	t->lines = mem->alloc(mem->ctx, SIM_LINES_MAX * sizeof *t->lines);
	t->mem = t->lines ? mem : NULL;
	return t->lines ? DTSS_OK : DTSS_E_NOMEM;
}

void timeline_fini(struct sim_timeline *t)
{
	if (t->mem)
		t->mem->release(t->mem->ctx, t->lines, SIM_LINES_MAX * sizeof *t->lines);
	memset(t, 0, sizeof *t);
}

void timeline_say(struct sim_timeline *t, uint64_t ns, uint32_t place, const char *text)
{
	struct sim_line *line;

	DTSS_ASSERT(place < SIM_PLACES);
	if (!t->mem)
		return;
	line = &t->lines[t->said++ % SIM_LINES_MAX];
	line->ns = ns;
	line->place = place;
	strncpy(line->text, text, sizeof line->text - 1);
	line->text[sizeof line->text - 1] = '\0';
}

static void timeline_put(struct timeline_out *out, const char *text, size_t len)
{
	if (out->len < out->cap)
		memcpy(out->buf + out->len, text, len < out->cap - out->len ? len : out->cap - out->len);
	out->len += len;
}

/* Which columns there are: clients, schedulers, disk, workers, as far as they said something. */
static uint32_t timeline_columns(const struct sim_timeline *t, uint32_t columns[SIM_PLACES])
{
	static const uint32_t order[][2] = { { SIM_PLACE_CLIENTS, DTSS_SIM_CLIENTS_MAX },
					     { SIM_PLACE_SCHEDULERS, DTSS_SIM_SCHEDULERS_MAX },
					     { SIM_PLACE_STORE, 1 },
					     { SIM_PLACE_WORKERS, DTSS_SIM_WORKERS_MAX } };
	uint64_t kept = t->said < SIM_LINES_MAX ? t->said : SIM_LINES_MAX, i;
	int spoke[SIM_PLACES] = { 0 };
	uint32_t count = 0, o, p;

	for (i = 0; i < kept; i++)
		spoke[t->lines[i].place] = 1;
	for (o = 0; o < sizeof order / sizeof *order; o++)
		for (p = order[o][0]; p < order[o][0] + order[o][1]; p++)
			if (spoke[p])
				columns[count++] = p;
	return count;
}

static void timeline_name(char *cell, size_t cap, uint32_t place)
{
	if (place == SIM_PLACE_STORE)
		strncpy(cell, "disk", cap);
	else if (place >= SIM_PLACE_CLIENTS)
		snprintf(cell, cap, "c%u", (unsigned)(place - SIM_PLACE_CLIENTS));
	else if (place >= SIM_PLACE_WORKERS)
		snprintf(cell, cap, "w%u", (unsigned)(place - SIM_PLACE_WORKERS));
	else
		snprintf(cell, cap, "s%u", (unsigned)place);
}

static void timeline_row(struct timeline_out *out, char row[TIMELINE_ROW])
{
	size_t len = TIMELINE_ROW - 1;

	while (len && row[len - 1] == ' ')
		len--;
	row[len] = '\n';
	timeline_put(out, row, len + 1);
}

static void timeline_head(struct timeline_out *out, const uint32_t *columns, uint32_t count)
{
	char row[TIMELINE_ROW], cell[TIMELINE_COLUMN];
	uint32_t i;

	memset(row, ' ', sizeof row);
	memcpy(row + 4, "time s", 6);
	for (i = 0; i < count; i++) {
		timeline_name(cell, sizeof cell, columns[i]);
		memcpy(row + TIMELINE_TIME + i * TIMELINE_COLUMN, cell, strlen(cell));
	}
	timeline_row(out, row);
}

/* The text begins in its column and may run over those to the right: nobody else has this line. */
static void timeline_line(struct timeline_out *out, const struct sim_line *line, const uint32_t *columns,
			  uint32_t count)
{
	char row[TIMELINE_ROW], time[32];
	size_t len = strlen(line->text);
	uint32_t i, own = 0;

	memset(row, ' ', sizeof row);
	for (i = 0; i < count; i++) {
		row[TIMELINE_TIME + i * TIMELINE_COLUMN] = '|';
		own = columns[i] == line->place ? i : own;
	}
	snprintf(time, sizeof time, "%3u.%06u", (unsigned)(line->ns / 1000000000),
		 (unsigned)(line->ns / 1000 % 1000000));
	memcpy(row, time, strlen(time));
	memcpy(row + TIMELINE_TIME + own * TIMELINE_COLUMN, line->text, len);
	row[TIMELINE_TIME + own * TIMELINE_COLUMN + len] = ' ';
	timeline_row(out, row);
}

size_t timeline_text(const struct sim_timeline *t, char *buf, size_t cap)
{
	struct timeline_out out = { NULL, 0, 0 };
	uint64_t first = t->said < SIM_LINES_MAX ? 0 : t->said - SIM_LINES_MAX, i;
	uint32_t columns[SIM_PLACES], count = timeline_columns(t, columns);

	out.buf = buf;
	out.cap = cap ? cap - 1 : 0;
	if (t->said)
		timeline_head(&out, columns, count);
	for (i = first; i < t->said; i++)
		timeline_line(&out, &t->lines[i % SIM_LINES_MAX], columns, count);
	if (cap)
		buf[out.len < cap - 1 ? out.len : cap - 1] = '\0';
	return out.len;
}

void sim_say(struct sim *s, uint32_t place, const char *format, ...)
{
	char text[SIM_LINE_TEXT_MAX];
	va_list args;

	if (!s->timeline.mem)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args); /* cut where it is too long */
	va_end(args);
	timeline_say(&s->timeline, s->true_ns, place, text);
}
