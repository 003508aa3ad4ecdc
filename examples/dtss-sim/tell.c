/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_setup(const struct dtss_sim_config *cfg, const struct dtss_sim_result *result)
{
	const char *before = ", without";

	printf("%" PRIu32 " schedulers, %" PRIu32 " workers, %" PRIu32 " clients, %" PRIu64 " tasks",
	       result->schedulers, result->workers, result->clients, result->tasks);
	for (uint32_t i = 0; i < DTSS_SIM_FAULTS; i++)
		if (cfg->faults_off & UINT64_C(1) << i) {
			printf("%s %s", before, fault_name(i));
			before = ",";
		}
	printf("\n");
}

/* The end of it, unless the whole is wanted: there it went wrong. */
static void print_timeline(const struct tool *t, const struct dtss_sim *sim)
{
	size_t len = dtss_sim_timeline(sim, NULL, 0), lines = 0;
	char *text = malloc(len + 1), *at;

	if (!text)
		return;
	dtss_sim_timeline(sim, text, len + 1);
	at = text + len;
	while (!t->timeline && at > text && lines <= TIMELINE_TAIL)
		lines += *--at == '\n';
	if (t->timeline || at == text) {
		printf("%s", text);
	} else {
		printf("%.*s\n", (int)strcspn(text, "\n"), text); /* the names of the columns */
		printf("%s", at + 1);
	}
	free(text);
}

static void print_written(const struct tool *t, const struct violation *v, const struct dtss_sim_config *cfg)
{
	char path[4096];

	if (test_write(t, v, cfg, path, sizeof path) == 0)
		printf("%s replays it\n", path);
	else
		printf("%s: %s\n", path, strerror(errno));
}

/* How many choices a run needs to be told. */
static size_t list_length(const struct dtss_sim *sim)
{
	const struct dtss_sim_choice *choices;
	size_t count = dtss_sim_choices(sim, &choices);

	while (count && !choices[count - 1].value)
		count--;
	return count;
}

/* In a process of its own, since a smaller run may die where the first one did not. */
static int tell_smaller(const struct tool *t, const struct violation *v, const struct dtss_sim_config *cfg)
{
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim_config smaller = { .size = sizeof smaller };
	uint64_t until = now_ms() + SHRINK_SECONDS_MAX * 1000;
	uint32_t runs = 0;
	struct dtss_sim *sim;
	size_t before;
	int rc = dtss_sim_create(&sim, cfg, NULL);

	if (rc == 0)
		rc = dtss_sim_run(sim);
	if (rc != 1)
		return -1;
	before = list_length(sim);
	do {
		rc = dtss_sim_shrink(sim, 20);
		runs += 20;
	} while (rc == 1 && now_ms() < until && runs < SHRINK_RUNS_MAX && !interrupted());
	if (rc < 0)
		return -1;
	dtss_sim_result(sim, &result);
	dtss_sim_setup(sim, &smaller);
	printf("shrunk from %zu choices to %zu: %s\n", before, list_length(sim), result.text);
	print_setup(&smaller, &result);
	print_timeline(t, sim);
	print_written(t, v, &smaller);
	dtss_sim_destroy(sim);
	return 0;
}

void tell(const struct tool *t, const struct violation *v)
{
	struct dtss_sim_config cfg = t->cfg;
	int status = 0;
	pid_t pid;

	cfg.seed = v->seed;
	cfg.flags |= DTSS_SIM_RECORD | DTSS_SIM_TIMELINE;
	printf("violation %s seed %" PRIu64 ": %s\n", v->id, v->seed, v->text);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		status = tell_smaller(t, v, &cfg);
		fflush(stdout);
		_exit(status == 0 ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		print_written(t, v, &cfg);
}
