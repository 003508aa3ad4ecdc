/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dtss-sim/tool.h"
#include "support/forgetful_store.h"

Suite *suite_story_dtss_sim(void);

/* The program as a user has it, and what it does about a violation, which a store that forgets provides. */

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/dtss-sim-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* The exit code of a shell command with the program as $S, and in output what it said on both streams. */
static int run(char output[65536], const char *format, ...)
{
	char command[2048] = "{ S=$DTSS_BUILD/dtss-sim; ";
	size_t len = strlen(command);
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	len += (size_t)vsnprintf(command + len, sizeof command - len, format, args);
	va_end(args);
	ck_assert_uint_lt(len + 16, sizeof command);
	strcat(command, "; } 2>&1");
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	len = fread(output, 1, 65535, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char output[65536];

/* Fleets of up to eight workers: the pool that takes them for many asserts that it chooses as a plain scan does. */
START_TEST(the_pool_of_many_workers_among_a_few)
{
	ck_assert_msg(run(output, "$S-strained run --seeds 150 --plain") == 0, "%s", output);
	ck_assert_ptr_nonnull(strstr(output, "seeds=150"));
	ck_assert_ptr_nonnull(strstr(output, "violations=0"));
}
END_TEST

static const char *last_line(void)
{
	size_t len = strlen(output);

	ck_assert_uint_gt(len, 0);
	if (output[len - 1] == '\n')
		output[len - 1] = '\0';
	return strrchr(output, '\n') ? strrchr(output, '\n') + 1 : output;
}

START_TEST(plain_ends_with_one_line_for_programs)
{
	unsigned long long seeds, events, simulated, probes, violations;
	int end = 0;

	ck_assert_int_eq(run(output, "$S run --seeds 20 --brief --plain"), 0);
	ck_assert_int_eq(sscanf(last_line(),
				"sim seeds=%llu events=%llu simulated_s=%llu probes=%llu violations=%llu%n", &seeds,
				&events, &simulated, &probes, &violations, &end),
			 5);
	ck_assert_int_eq(last_line()[end], '\0');
	ck_assert_uint_eq(seeds, 20);
	ck_assert_uint_gt(events, 20 * 1000);
	ck_assert_uint_gt(simulated, 0);
	ck_assert_uint_eq(violations, 0);
}
END_TEST

START_TEST(there_is_room_for_every_probe)
{
	ck_assert_uint_gt(probe_count(), 0);
	ck_assert_uint_lt(probe_count(), PROBES_MAX);
}
END_TEST

START_TEST(any_number_of_jobs_comes_to_the_same)
{
	char alone[65536];

	ck_assert_int_eq(run(alone, "$S run --brief --seeds 40 --seed 7 --plain | tail -1"), 0);
	ck_assert_int_eq(run(output, "$S run --brief --seeds 40 --seed 7 --jobs 3 --plain | tail -1"), 0);
	ck_assert_str_eq(output, alone);
}
END_TEST

static void refuses(const char *args, const char *said)
{
	ck_assert_int_eq(run(output, "$S %s", args), 2);
	ck_assert_msg(strstr(output, said) != NULL, "%s: %s", args, output);
}

START_TEST(a_bad_option_names_itself)
{
	refuses("", "expected a command");
	refuses("runn", "no command runn (did you mean run?)");
	refuses("run --sede 4", "unknown option --sede (did you mean --seed?)");
	refuses("run --seeds many", "--seeds: expected a number");
	refuses("run --seeds 0", "--seeds: expected a number, 1 to");
	refuses("run --seeds -1", "--seeds: expected a number, 1 to");
	refuses("run --jobs 1000", "--jobs: expected a number, 1 to 64");
	refuses("run --schedulers 4", "--schedulers: expected a number, 1 to 3");
	refuses("run --without drop,rain", "--without: expected classes with commas between them, of drop ");
	refuses("run --only ''", "--only: expected classes");
	refuses("run 7", "unexpected argument 7");
	refuses("run --resume", "--resume needs a value: FILE");
	refuses("exhaust --depth 65", "--depth: expected a number, 1 to 64");
	refuses("exhaust --jobs 2", "unknown option --jobs");
}
END_TEST

START_TEST(help_and_version_are_there)
{
	ck_assert_int_eq(run(output, "$S --help"), 0);
	ck_assert_ptr_nonnull(strstr(output, "exhaust"));
	ck_assert_int_eq(run(output, "$S run --help"), 0);
	ck_assert_ptr_nonnull(strstr(output, "--until-violation"));
	ck_assert_int_eq(run(output, "$S --version"), 0);
	ck_assert_ptr_nonnull(strstr(output, dtss_version()));
}
END_TEST

START_TEST(an_interrupted_run_goes_on_and_adds_up)
{
	char whole[65536];

	ck_assert_int_eq(run(whole, "$S run --seeds 60 --brief --plain | tail -1"), 0);
	ck_assert_int_eq(
		run(output,
		    "$S run --seeds 20 --brief --plain --resume state >first; $S run --seeds 60 --brief --plain --resume state "
		    "| tail -1"),
		0);
	ck_assert_str_eq(output, whole);
	ck_assert_int_eq(run(output, "$S run --seeds 60 --brief --plain --resume state | tail -1"), 0);
	ck_assert_str_eq(output, whole); /* there is nothing left to do */
	ck_assert_int_eq(run(output, "$S run --seeds 100000 --brief --resume long >said & "
				     "pid=$!; sleep 1; kill -INT $pid; wait $pid; echo $?; grep -c '^sum ' long"),
			 0);
	ck_assert_str_eq(output, "0\n1\n");
}
END_TEST

START_TEST(a_state_of_other_settings_is_refused)
{
	ck_assert_int_eq(run(output, "$S run --seeds 5 --resume state"), 0);
	ck_assert_int_eq(run(output, "$S run --seeds 5 --workers 2 --resume state"), 2);
	ck_assert_ptr_nonnull(strstr(output, "state: the run had other settings"));
	ck_assert_int_eq(run(output, "echo something >other; $S run --resume other"), 2);
	ck_assert_ptr_nonnull(strstr(output, "other: not the state of a run"));
	ck_assert_int_eq(run(output, "$S run --resume /nowhere/state --seeds 1"), 3);
	ck_assert_ptr_nonnull(strstr(output, "/nowhere/state: No such file"));
}
END_TEST

START_TEST(the_first_decisions_are_gone_through)
{
	unsigned long long seeds, depth, runs, events, violations;

	ck_assert_int_eq(run(output, "$S exhaust --seeds 4 --depth 6"), 0);
	ck_assert_int_eq(sscanf(last_line(), "exhaust seeds=%llu depth=%llu runs=%llu events=%llu violations=%llu",
				&seeds, &depth, &runs, &events, &violations),
			 5);
	ck_assert_uint_eq(seeds, 4);
	ck_assert_uint_ge(runs, 4 * 7); /* each of six can be raised at least */
	ck_assert_uint_eq(violations, 0);
}
END_TEST

/* In this process, with a store that forgets: what run does when it finds something. Its exit status; output: what it said. */
static int run_forgetful(struct tool *t, int kills)
{
	static struct forgetful forgetful = { .every = 20 };
	int status;
	FILE *file;
	size_t len;

	forgetful.kills = kills;
	t->cfg.size = sizeof t->cfg;
	t->cfg.store_open = forgetful_open;
	t->cfg.store_ctx = &forgetful;
	t->seed = 1;
	t->seeds = 50;
	t->jobs = 2;
	t->plain = 1;
	t->dir = dir;
	ck_assert_ptr_nonnull(freopen("said", "w", stdout));
	status = run_seeds(t);
	ck_assert_int_eq(fflush(stdout), 0);
	file = fopen("said", "r");
	ck_assert_ptr_nonnull(file);
	len = fread(output, 1, sizeof output - 1, file);
	output[len] = '\0';
	fclose(file);
	return status;
}

START_TEST(a_violation_is_told_made_smaller_and_written_as_a_test)
{
	struct tool t = { .until_violation = 1 };
	unsigned long long seed, before, after;
	char id[16], *at;

	ck_assert_int_eq(run_forgetful(&t, 0), TOOL_VIOLATION);
	ck_assert_int_eq(sscanf(output, "violation %15s seed %llu:", id, &seed), 2);
	at = strstr(output, "\nshrunk from ");
	ck_assert_msg(at != NULL, "%s", output);
	ck_assert_int_eq(sscanf(at, "\nshrunk from %llu choices to %llu:", &before, &after), 2);
	ck_assert_uint_lt(after, before);
	ck_assert_ptr_nonnull(strstr(output, "    time s "));
	ck_assert_ptr_nonnull(strstr(output, "disk"));
	ck_assert_ptr_nonnull(strstr(last_line(), " violations="));
	ck_assert_int_eq(run(output,
			     "cc -std=c11 -Wall -Wextra -Werror -c sim_%s_%llu.c -o test.o -I$DTSS_STAGE/include "
			     "$(pkg-config --cflags check) && nm test.o | grep -c ' T suite_sim_%s_%llu$'",
			     id, seed, id, seed),
			 0);
	ck_assert_str_eq(output, "1\n");
}
END_TEST

START_TEST(a_test_with_large_values_has_no_long_lines)
{
	struct dtss_sim_choice choices[200];
	struct dtss_sim_config cfg = { .size = sizeof cfg, .choices = choices, .choice_count = 200 };
	struct tool t = { .dir = "." };
	struct violation v = { .id = "S1", .seed = 7 };
	char path[64];
	size_t i;

	for (i = 0; i < cfg.choice_count; i++)
		choices[i] = (struct dtss_sim_choice){ UINT64_MAX >> i % 64, UINT64_MAX };
	ck_assert_int_eq(test_write(&t, &v, &cfg, path, sizeof path), 0);
	ck_assert_int_eq(run(output, "expand %s | awk 'length > n { n = length } END { print (n > 110 && n <= 120) }'",
			     path),
			 0);
	ck_assert_str_eq(output, "1\n");
	ck_assert_int_eq(run(output, "grep -o '\\[[0-9]\\+\\] = {' %s | wc -l", path), 0);
	ck_assert_int_eq(atoi(output), 200);
}
END_TEST

START_TEST(brief_is_a_line_for_each)
{
	struct tool t = { .brief = 1 };
	unsigned long long said = 0;
	const char *at = output;

	ck_assert_int_eq(run_forgetful(&t, 0), TOOL_VIOLATION);
	ck_assert_uint_gt(t.sum.violations, 1);
	for (; (at = strstr(at, "violation ")) != NULL; at++)
		said += at == output || at[-1] == '\n';
	ck_assert_uint_eq(said, t.sum.violations < TOLD_MAX ? t.sum.violations : TOLD_MAX);
	ck_assert_ptr_null(strstr(output, "time s"));
	ck_assert_int_eq(run(output, "ls *.c"), 2);
}
END_TEST

START_TEST(a_process_that_dies_is_a_violation_of_its_seed)
{
	struct tool t = { .brief = 1 };

	ck_assert_int_eq(run_forgetful(&t, 1), TOOL_VIOLATION);
	ck_assert_uint_eq(t.sum.seeds, 50); /* the others ran all the same */
	ck_assert_uint_gt(t.sum.violations, 1);
	ck_assert_str_eq(t.sum.told[0].id, "crash");
	ck_assert_ptr_nonnull(strstr(t.sum.told[0].text, "signal 9"));
}
END_TEST

START_TEST(the_example_finds_its_bug_and_none_without_it)
{
	ck_assert_int_eq(run(output, "cp $DTSS_SOURCE/examples/embed/sim.c . && cc -Wall -Wextra -Werror sim.c -o sim "
				     "-I$DTSS_STAGE/include $DTSS_STAGE/lib/libdtss-sim.a $DTSS_STAGE/lib/libdtss.a"),
			 0);
	ck_assert_str_eq(output, "");
	ck_assert_int_eq(run(output, "./sim"), 1);
	ck_assert_msg(output[0] == 'S' && strstr(output, " seed "), "%s", output);
	ck_assert_int_eq(run(output, "./sim good"), 0);
	ck_assert_str_eq(output, "");
}
END_TEST

Suite *suite_story_dtss_sim(void)
{
	Suite *s = suite_create("story_dtss_sim");
	TCase *t = tcase_create("program");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, the_pool_of_many_workers_among_a_few);
	tcase_add_test(t, plain_ends_with_one_line_for_programs);
	tcase_add_test(t, there_is_room_for_every_probe);
	tcase_add_test(t, any_number_of_jobs_comes_to_the_same);
	tcase_add_test(t, a_bad_option_names_itself);
	tcase_add_test(t, help_and_version_are_there);
	tcase_add_test(t, an_interrupted_run_goes_on_and_adds_up);
	tcase_add_test(t, a_state_of_other_settings_is_refused);
	tcase_add_test(t, the_first_decisions_are_gone_through);
	tcase_add_test(t, a_violation_is_told_made_smaller_and_written_as_a_test);
	tcase_add_test(t, a_test_with_large_values_has_no_long_lines);
	tcase_add_test(t, brief_is_a_line_for_each);
	tcase_add_test(t, a_process_that_dies_is_a_violation_of_its_seed);
	tcase_add_test(t, the_example_finds_its_bug_and_none_without_it);
	suite_add_tcase(s, t);
	return s;
}
