/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/options.h"

enum { FOR_RUN = 1, FOR_EXHAUST = 2, FOR_BOTH = 3 };

static const struct {
	struct option_def def;
	int commands;
} settings[] = {
	{ { "seeds", "NUMBER", "how many seeds (1000; exhaust: 1)" }, FOR_BOTH },
	{ { "seed", "NUMBER", "the first seed (1)" }, FOR_BOTH },
	{ { "depth", "NUMBER", "how many decisions are gone through (6)" }, FOR_EXHAUST },
	{ { "jobs", "NUMBER", "how many processes share the seeds (1)" }, FOR_RUN },
	{ { "schedulers", "NUMBER", "at most so many schedulers (3; exhaust: 2)" }, FOR_BOTH },
	{ { "workers", "NUMBER", "at most so many workers (8; exhaust: 2)" }, FOR_BOTH },
	{ { "clients", "NUMBER", "at most so many clients (3; exhaust: 1)" }, FOR_BOTH },
	{ { "tasks", "NUMBER", "at most so many tasks (512; exhaust: 1)" }, FOR_BOTH },
	{ { "without", "CLASS,...", "these classes of faults never strike" }, FOR_BOTH },
	{ { "only", "CLASS,...", "no others do" }, FOR_BOTH },
	{ { "until-violation", NULL, "stop at the first violation" }, FOR_RUN },
	{ { "resume", "FILE", "go on where the run of this file stopped; made if it is not there" }, FOR_RUN },
	{ { "tests", "DIRECTORY", "where tests that replay violations are written (.)" }, FOR_BOTH },
	{ { "timeline", NULL, "show whole timelines, not their ends" }, FOR_RUN },
	{ { "brief", NULL, "a line for each violation: not shown, made smaller or written" }, FOR_RUN },
	{ { "plain", NULL, "no progress, and a last line for programs" }, FOR_RUN },
};
#define SETTINGS (sizeof settings / sizeof *settings)

static const char *const fault_names[DTSS_SIM_FAULTS] = {
#define NAME(enumerator, value, text, what) [value] = text,
	DTSS_SIM_FAULT_MAP(NAME)
#undef NAME
};

const char *fault_name(uint32_t fault)
{
	return fault_names[fault];
}

/* Every class in the list; 0: one is unknown, or there is none. */
static uint64_t read_faults(const char *list)
{
	uint64_t faults = 0;

	for (;;) {
		size_t len = strcspn(list, ",");
		uint32_t i;

		for (i = 0; i < DTSS_SIM_FAULTS; i++)
			if (strlen(fault_names[i]) == len && strncmp(list, fault_names[i], len) == 0)
				break;
		if (i == DTSS_SIM_FAULTS)
			return 0;
		faults |= UINT64_C(1) << i;
		if (!list[len])
			return faults;
		list += len + 1;
	}
}

static const char *set_faults(struct tool *t, const char *list, int only)
{
	static char refusal[1024];
	uint64_t faults = read_faults(list);
	size_t len;

	if (faults) {
		t->cfg.faults_off |= only ? ~faults & ((UINT64_C(1) << DTSS_SIM_FAULTS) - 1) : faults;
		return NULL;
	}
	len = (size_t)snprintf(refusal, sizeof refusal, "expected classes with commas between them, of");
	for (uint32_t i = 0; i < DTSS_SIM_FAULTS && len < sizeof refusal; i++)
		len += (size_t)snprintf(refusal + len, sizeof refusal - len, " %s", fault_names[i]);
	return refusal;
}

static const char *set_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret)
{
	static char refusal[80];
	char *end;

	errno = 0;
	*ret = strtoull(value, &end, 10);
	if (!errno && end != value && !*end && value[0] != '-' && *ret >= min && *ret <= max)
		return NULL;
	snprintf(refusal, sizeof refusal, "expected a number, %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	return refusal;
}

static const char *set_count(const char *value, uint64_t max, uint32_t *ret)
{
	uint64_t number;
	const char *refusal = set_number(value, 1, max, &number);

	*ret = refusal ? 0 : (uint32_t)number;
	return refusal;
}

static const char *set_flag(struct tool *t, const char *name)
{
	if (strcmp(name, "plain") == 0)
		t->plain = 1;
	else if (strcmp(name, "brief") == 0)
		t->brief = 1;
	else if (strcmp(name, "timeline") == 0)
		t->timeline = 1;
	else
		t->until_violation = 1;
	return NULL;
}

static const char *set(void *ctx, const char *name, const char *value)
{
	struct tool *t = ctx;

	if (!value)
		return set_flag(t, name);
	if (strcmp(name, "seeds") == 0)
		return set_number(value, 1, UINT64_C(1) << 62, &t->seeds);
	if (strcmp(name, "seed") == 0)
		return set_number(value, 0, UINT64_C(1) << 62, &t->seed);
	if (strcmp(name, "depth") == 0)
		return set_number(value, 1, DEPTH_MAX, &t->depth);
	if (strcmp(name, "jobs") == 0)
		return set_count(value, JOBS_MAX, &t->jobs);
	if (strcmp(name, "schedulers") == 0)
		return set_count(value, DTSS_SIM_SCHEDULERS_MAX, &t->cfg.schedulers_max);
	if (strcmp(name, "workers") == 0)
		return set_count(value, DTSS_SIM_WORKERS_MAX, &t->cfg.workers_max);
	if (strcmp(name, "clients") == 0)
		return set_count(value, DTSS_SIM_CLIENTS_MAX, &t->cfg.clients_max);
	if (strcmp(name, "tasks") == 0)
		return set_count(value, DTSS_SIM_TASKS_MAX, &t->cfg.tasks_max);
	if (strcmp(name, "resume") == 0)
		t->resume = value;
	else if (strcmp(name, "tests") == 0)
		t->dir = value;
	else
		return set_faults(t, value, strcmp(name, "only") == 0);
	return NULL;
}

int settings_parse(struct tool *t, const char *program, const char *summary, int exhaust, int argc, char **argv)
{
	struct option_def defs[SETTINGS];
	struct options o = {
		.program = program, .operands = "", .summary = summary, .defs = defs, .set = set, .ctx = t
	};
	int at;

	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].commands & (exhaust ? FOR_EXHAUST : FOR_RUN))
			defs[o.count++] = settings[i].def;
	at = options_parse(&o, argc, argv);
	if (at > 0 && at < argc)
		return -1 - options_refuse(program, "unexpected argument %s", argv[at]);
	return at < 0 ? at : 0;
}
