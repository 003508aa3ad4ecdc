/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LINES_MAX 300 /* a test is a source file like all others */
#define COLUMNS_MAX 120
#define TAB 8

/* Only what is not 0 stands there: the rest of an array is. Its lines; file: NULL, they are only counted. */
static size_t put_choices(FILE *file, const struct dtss_sim_config *cfg)
{
	size_t lines = 0, column = COLUMNS_MAX;
	char text[80];

	for (size_t i = 0; i < cfg->choice_count; i++) {
		size_t len;
		int wraps;

		if (!cfg->choices[i].value && i + 1 < cfg->choice_count)
			continue;
		len = (size_t)snprintf(text, sizeof text, "[%zu] = { %" PRIu64 ", %" PRIu64 " },", i,
				       cfg->choices[i].value, cfg->choices[i].n);
		wraps = column + 1 + len > COLUMNS_MAX;
		lines += wraps != 0;
		column = wraps ? TAB + len : column + 1 + len;
		if (file)
			fprintf(file, "%s%s", wraps ? "\n\t" : " ", text);
	}
	return lines;
}

static void write_choices(FILE *file, const struct dtss_sim_config *cfg)
{
	fprintf(file, "/* clang-format off */\nstatic const struct dtss_sim_choice choices[] = {");
	put_choices(file, cfg);
	fprintf(file, "\n};\n/* clang-format on */\n\n");
}

static void write_config(FILE *file, const struct dtss_sim_config *cfg, int list)
{
	fprintf(file, "\tstruct dtss_sim_config cfg = { .size = sizeof cfg };\n"
		      "\tstruct dtss_sim_result result = { .size = sizeof result };\n"
		      "\tstruct dtss_sim *sim;\n\n");
	if (list)
		fprintf(file, "\tcfg.choices = choices;\n\tcfg.choice_count = sizeof choices / sizeof *choices;\n");
	else
		fprintf(file, "\tcfg.seed = %" PRIu64 ";\n", cfg->seed);
	if (cfg->faults_off)
		fprintf(file, "\tcfg.faults_off = UINT64_C(0x%" PRIx64 ");\n", cfg->faults_off);
	if (cfg->schedulers_max)
		fprintf(file, "\tcfg.schedulers_max = %" PRIu32 ";\n", cfg->schedulers_max);
	if (cfg->workers_max)
		fprintf(file, "\tcfg.workers_max = %" PRIu32 ";\n", cfg->workers_max);
	if (cfg->clients_max)
		fprintf(file, "\tcfg.clients_max = %" PRIu32 ";\n", cfg->clients_max);
	if (cfg->tasks_max)
		fprintf(file, "\tcfg.tasks_max = %" PRIu32 ";\n", cfg->tasks_max);
}

static void write_test(FILE *file, const struct violation *v, const struct dtss_sim_config *cfg, const char *name)
{
	int list = cfg->choice_count > 0 && put_choices(NULL, cfg) <= LINES_MAX;

	fprintf(file,
		"/* SPDX-License-Identifier: MIT */\n#include <check.h>\n#include <dtss.h>\n\n"
		"Suite *suite_%s(void);\n\n",
		name);
	if (list)
		write_choices(file, cfg);
	fprintf(file, "START_TEST(%s_is_kept)\n{\n", v->id);
	write_config(file, cfg, list);
	fprintf(file,
		"\tck_assert_int_eq(dtss_sim_create(&sim, &cfg, NULL), 0);\n"
		"\tck_assert_int_ge(dtss_sim_run(sim), 0);\n"
		"\tdtss_sim_result(sim, &result);\n"
		"\tck_assert_msg(!result.violation, \"%%s: %%s\", result.violation, result.text);\n"
		"\tdtss_sim_destroy(sim);\n}\nEND_TEST\n\n"
		"Suite *suite_%s(void)\n{\n"
		"\tSuite *suite = suite_create(\"%s\");\n"
		"\tTCase *replay = tcase_create(\"replay\");\n\n"
		"\ttcase_add_test(replay, %s_is_kept);\n"
		"\tsuite_add_tcase(suite, replay);\n"
		"\treturn suite;\n}\n",
		name, name, v->id);
}

int test_write(const struct tool *t, const struct violation *v, const struct dtss_sim_config *cfg, char *path,
	       size_t cap)
{
	char name[64];
	FILE *file;
	int failed;

	snprintf(name, sizeof name, "sim_%s_%" PRIu64, v->id, v->seed);
	for (char *at = name; *at; at++)
		*at = isalnum((unsigned char)*at) ? *at : '_';
	if (snprintf(path, cap, "%s/%s.c", t->dir, name) >= (int)cap) {
		errno = ENAMETOOLONG;
		return -1;
	}
	file = fopen(path, "we");
	if (!file)
		return -1;
	write_test(file, v, cfg, name);
	failed = ferror(file);
	return fclose(file) != 0 || failed ? -1 : 0;
}
