/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 512
#define FORMAT "dtss-sim 1\n"

/* What two parts of one run have in common. */
static void settings_line(const struct tool *t, char line[LINE_MAX_LEN])
{
	snprintf(line, LINE_MAX_LEN,
		 "settings %" PRIu64 " %" PRIx64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %s\n", t->seed,
		 t->cfg.faults_off, t->cfg.schedulers_max, t->cfg.workers_max, t->cfg.clients_max, t->cfg.tasks_max,
		 dtss_version());
}

static void save(const struct tool *t, FILE *file)
{
	const struct sum *sum = &t->sum;
	char line[LINE_MAX_LEN];

	settings_line(t, line);
	fprintf(file, FORMAT "%s", line);
	fprintf(file, "sum %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sum->seeds, sum->events,
		sum->simulated_ns, sum->elapsed_ms, sum->violations);
	for (uint32_t i = 0; i < probe_count(); i++)
		fprintf(file, "probe %" PRIu64 " %s\n", sum->probes[i], probe_text(i));
	for (uint64_t i = 0; i < sum->violations && i < TOLD_MAX; i++)
		fprintf(file, "violation %" PRIu64 " %s %s\n", sum->told[i].seed, sum->told[i].id, sum->told[i].text);
}

int resume_save(const struct tool *t)
{
	char fresh[4096];
	FILE *file = NULL;
	int failed = 1;

	if (snprintf(fresh, sizeof fresh, "%s.new", t->resume) < (int)sizeof fresh)
		file = fopen(fresh, "we");
	if (file) {
		save(t, file);
		failed = ferror(file);
		failed = fclose(file) != 0 || failed || rename(fresh, t->resume) != 0;
	}
	if (failed)
		fprintf(stderr, "dtss-sim run: %s: %s\n", t->resume, strerror(errno));
	return failed ? -1 : 0;
}

static int load_probe(struct tool *t, const char *line)
{
	char *text;
	uint64_t count = strtoull(line, &text, 10);

	for (uint32_t i = 0; *text == ' ' && i < probe_count(); i++)
		if (strcmp(text + 1, probe_text(i)) == 0) {
			t->sum.probes[i] = count;
			return 0;
		}
	return -1;
}

static int load_violation(struct tool *t, const char *line, uint32_t *told)
{
	struct violation *v = &t->sum.told[*told];
	int text = 0;

	if (*told >= TOLD_MAX || sscanf(line, "%" SCNu64 " %15s %n", &v->seed, v->id, &text) != 2 || !text)
		return -1;
	snprintf(v->text, sizeof v->text, "%s", line + text);
	++*told;
	return 0;
}

/* One line of the file behind the first; -1: not one of ours. */
static int load_line(struct tool *t, char *line, uint32_t *told)
{
	struct sum *sum = &t->sum;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "sum ", 4) == 0)
		return sscanf(line + 4, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &sum->seeds,
			      &sum->events, &sum->simulated_ns, &sum->elapsed_ms, &sum->violations) == 5 ?
			       0 :
			       -1;
	if (strncmp(line, "probe ", 6) == 0)
		return load_probe(t, line + 6);
	if (strncmp(line, "violation ", 10) == 0)
		return load_violation(t, line + 10, told);
	return -1;
}

static const char *load(struct tool *t, FILE *file)
{
	char line[LINE_MAX_LEN], settings[LINE_MAX_LEN];
	uint32_t told = 0;

	settings_line(t, settings);
	if (!fgets(line, sizeof line, file) || strcmp(line, FORMAT) != 0)
		return "not the state of a run";
	if (!fgets(line, sizeof line, file) || strcmp(line, settings) != 0)
		return "the run had other settings, or was of another version";
	while (fgets(line, sizeof line, file))
		if (load_line(t, line, &told) != 0)
			return "its probes are of another version, or it is damaged";
	return NULL;
}

int resume_load(struct tool *t)
{
	FILE *file = fopen(t->resume, "re");
	const char *refusal = NULL;

	if (!file && errno == ENOENT)
		return 0;
	if (file) {
		refusal = load(t, file);
		fclose(file);
	} else {
		refusal = strerror(errno);
	}
	if (refusal)
		fprintf(stderr, "dtss-sim run: --resume %s: %s\n", t->resume, refusal);
	return refusal ? -1 : 0;
}
