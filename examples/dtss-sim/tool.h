/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_TOOL_H
#define DTSS_SIM_TOOL_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <dtss.h>

enum { TOOL_OK = 0, TOOL_VIOLATION = 1, TOOL_USAGE = 2, TOOL_FAILED = 3 };

#define DEPTH_MAX 64          /* 2^64 runs and more: nobody waits for that */
#define PROBES_MAX 256        /* a seed's result stays below PIPE_BUF, so that it is written at once */
#define JOBS_MAX 64           /* as many as a large machine has processors */
#define TOLD_MAX 16           /* violations that are kept to be told: one would do */
#define TOLD_FULLY_MAX 4      /* each takes SHRINK_SECONDS_MAX */
#define SEED_SECONDS_MAX 120  /* a seed takes milliseconds: this one hangs */
#define SHRINK_SECONDS_MAX 20 /* for a violation */
#define SHRINK_RUNS_MAX 20000
#define TIMELINE_TAIL 40 /* lines of it that fit a terminal */

struct violation {
	char id[16]; /* "S6"; "assert", "crash" or "hang": of the process that ran the seed */
	char text[256];
	uint64_t seed;
};

/* One seed's result, as it comes over the pipe. */
struct seed_result {
	uint64_t events, simulated_ns;
	struct violation violation; /* id "": none; seed is set in any case */
	uint64_t probes[PROBES_MAX];
};

/* What many seeds come to. */
struct sum {
	uint64_t seeds, events, simulated_ns, violations, elapsed_ms;
	uint64_t probes[PROBES_MAX];
	struct violation told[TOLD_MAX]; /* the first ones */
};

struct tool {
	struct dtss_sim_config cfg; /* but seed and choices */
	uint64_t seed, seeds, depth;
	uint32_t jobs;
	int plain, brief, until_violation, timeline;
	const char *resume; /* NULL: none */
	const char *dir;    /* where tests are written */
	struct sum sum;
};

/* --- the commands --- */
int run_main(int argc, char **argv);
int exhaust_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int run_seeds(struct tool *t); /* the exit status */

/* --- settings.c --- As options_parse(), 0 when the command may run. */
int settings_parse(struct tool *t, const char *program, const char *summary, int exhaust, int argc, char **argv);
const char *fault_name(uint32_t fault);

/* --- sum.c --- */
uint32_t probe_count(void); /* how many there are */
const char *probe_text(uint32_t index);
void sum_add(struct sum *sum, const struct seed_result *r);
void sum_merge(struct sum *sum, const struct sum *more);
uint32_t sum_probes(const struct sum *sum); /* that were hit */
void sum_print(const struct tool *t);

/* --- mem.c --- */
const struct dtss_mem *mem_kept(void);

/* --- seed.c --- */
void seed_run(const struct tool *t, uint64_t seed, struct seed_result *ret_result);

/* --- jobs.c --- Runs the seeds that sum does not have yet, in order as far as sum can see. -1: told on stderr. */
int jobs_run(struct tool *t);
/* In the process of a job: tells its parent, and does not return. */
void job_assert_failed(const char *file, int line, const char *condition);
/* --- progress.c --- */
void progress(struct tool *t, int end); /* every now and then; end: the line goes */
int interrupted(void);                  /* by Ctrl-C, SIGTERM or SIGHUP, since interruptible() */
void interruptible(void);
uint64_t now_ms(void);

/* --- resume.c --- What stands in a file between two runs: the settings, then the sum. 0, or told on stderr. */
int resume_load(struct tool *t);
int resume_save(const struct tool *t);

/* --- tell.c --- shows a violation, makes it smaller, writes a test that replays it. */
void tell(const struct tool *t, const struct violation *v);

/* --- test.c --- path receives its name. 0, or -1 and errno. */
int test_write(const struct tool *t, const struct violation *v, const struct dtss_sim_config *cfg, char *path,
	       size_t cap);

#endif
