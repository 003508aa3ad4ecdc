/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>

/* The first line of this kind; NULL: there is none. */
static const struct run *run_find(const struct chaos *c, uint64_t task, uint64_t fence, char what)
{
	size_t low = 0, high = c->run_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct run *run = &c->runs[middle];

		if (run->task < task ||
		    (run->task == task && (run->fence < fence || (run->fence == fence && run->what > what))))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < c->run_count && c->runs[low].task == task && c->runs[low].fence == fence && c->runs[low].what == what)
		return &c->runs[low];
	return NULL;
}

static void blame(struct chaos *c, const json_t *task, const char *what, uint64_t fence)
{
	uint64_t id = (uint64_t)number_of(task, "id");

	violation(c, "task %llu, fence %llu: %s", (unsigned long long)id, (unsigned long long)fence, what);
	judge_print(c, id);
}

static int is(const json_t *object, const char *member, const char *text)
{
	return strcmp(text_of(object, member), text) == 0;
}

/* What a task is told to do: its third argument and those behind it. */
static long argument(const json_t *task, size_t n)
{
	const char *text = json_string_value(json_array_get(json_object_get(task, "argv"), n));

	return text ? atol(text) : -1;
}

/* An end that the store has is one that the job told, and with this code. */
static void judge_attempt(struct chaos *c, const json_t *task, const json_t *attempt)
{
	uint64_t id = (uint64_t)number_of(task, "id"), fence = (uint64_t)number_of(attempt, "fence");
	const struct run *start = run_find(c, id, fence, 'S'), *end = run_find(c, id, fence, 'E');

	if (start && start->attempt != (unsigned)number_of(attempt, "attempt"))
		blame(c, task, "S6: its job was told another attempt", fence);
	if (!is(attempt, "state", "ended"))
		blame(c, task, "L1: an attempt has not ended", fence);
	if (!is(attempt, "cause", "exit"))
		return;
	if (!start || !end)
		blame(c, task, "S4: it is said to have ended, and never did", fence);
	else if (end->code != number_of(attempt, "exit_code") ||
		 end->code != (end->attempt <= argument(task, 3) ? 3 : 0))
		blame(c, task, "X3: its exit code is another one", fence);
}

/* Everything but an exit with 0 that is the task's own doing. */
static int counts_as_failed(const json_t *attempt)
{
	if (is(attempt, "cause", "exit"))
		return number_of(attempt, "exit_code") != 0;
	return is(attempt, "cause", "signal") || is(attempt, "cause", "timeout") ||
	       is(attempt, "cause", "start_failed") || is(attempt, "cause", "out_of_memory");
}

/* Its last attempt was lost, before it was heard that it had succeeded. */
static int is_late(const json_t *task)
{
	json_t *attempt;
	int lost = 0;
	size_t i;

	json_array_foreach (json_object_get(task, "attempts"), i, attempt)
		lost += is(attempt, "cause", "lost");
	return is(task, "state", "succeeded") && number_of(task, "lost_count") == lost + 1;
}

static void judge_counters(struct chaos *c, const json_t *task, int good, int failed, int lost)
{
	if (good > 1)
		blame(c, task, "S4: more than one completion was accepted", 0);
	if (is(task, "state", "succeeded") != (good == 1) && !is(task, "state", "cancelled"))
		blame(c, task, "S4: its state is not what its attempts say", 0);
	if (is(task, "state", "cancelled"))
		return; /* what ends after a cancel is not counted */
	/* a late report of success makes a lost attempt a good one: it stays counted as lost */
	c->figures.late += is_late(task) != 0;
	lost += is_late(task);
	if (number_of(task, "failed_count") != failed || number_of(task, "lost_count") != lost)
		blame(c, task, "S11: the counts are not those of its attempts", 0);
	if (is(task, "state", "failed") && failed < number_of(json_object_get(task, "retry"), "attempts_max"))
		blame(c, task, "S11: it was given up too early", 0);
}

static void judge_task(struct chaos *c, const json_t *task, json_t *fences)
{
	int64_t last_fence = 0, last = 0;
	int good = 0, failed = 0, lost = 0;
	char text[32];
	json_t *attempt;
	size_t i;

	json_array_foreach (json_object_get(task, "attempts"), i, attempt) {
		int64_t fence = number_of(attempt, "fence");

		snprintf(text, sizeof text, "%lld", (long long)fence);
		if (fence <= last_fence || number_of(attempt, "attempt") != last + 1 || json_object_get(fences, text))
			blame(c, task, "S6: fences or attempts do not grow", (uint64_t)fence);
		json_object_set_new(fences, text, json_true());
		last_fence = fence;
		last++;
		good += is(attempt, "cause", "exit") && number_of(attempt, "exit_code") == 0;
		failed += counts_as_failed(attempt);
		lost += is(attempt, "cause", "lost");
		judge_attempt(c, task, attempt);
		c->figures.attempts++;
		c->figures.lost += is(attempt, "cause", "lost");
	}
	judge_counters(c, task, good, failed, lost);
	if (!state_final(text_of(task, "state")))
		blame(c, task, "L1: it has not ended", 0);
}

/* ---- what the jobs say ---- */

static const json_t *find_attempt(const json_t *task, uint64_t fence)
{
	json_t *attempt;
	size_t i;

	json_array_foreach (json_object_get(task, "attempts"), i, attempt)
		if ((uint64_t)number_of(attempt, "fence") == fence)
			return attempt;
	return NULL;
}

/*
 * X6: an attempt is dead before the next one of its task starts, wherever that is; but for an agent that was stopped, or a
 * machine that stood still, when it had to end its attempt: it does so when it goes on. A cut is no excuse: an agent that
 * hears nothing ends its attempts before their lease does.
 */
static int excused(const struct chaos *c, const json_t *attempt, int64_t start_ms)
{
	for (size_t i = 0; i < c->window_count; i++) {
		const struct window *w = &c->windows[i];

		if (w->begin_ms > start_ms || w->end_ms < start_ms - CHAOS_EXCUSE_MS)
			continue;
		if (w->kind == WINDOW_STALL || (unsigned)atoi(text_of(attempt, "worker") + 1) == w->agent)
			return 1;
	}
	return 0;
}

static void judge_overlap(struct chaos *c, const json_t *task, const struct run *run)
{
	const json_t *attempt = find_attempt(task, run->other);

	if (attempt && excused(c, attempt, run->mono_ms)) {
		c->figures.excused++;
		return;
	}
	blame(c, task, "X6: another attempt was alive when it started", run->fence);
	printf("  stopped or still:");
	for (size_t i = 0; i < c->window_count; i++)
		if (c->windows[i].end_ms > run->mono_ms - 2 * CHAOS_LEASE_MS && c->windows[i].begin_ms <= run->mono_ms)
			printf(" a%u %lld-%lld", c->windows[i].agent, (long long)c->windows[i].begin_ms,
			       (long long)c->windows[i].end_ms);
	putchar('\n');
}

static void judge_run(struct chaos *c, const json_t *task, const struct run *run, const struct run *before)
{
	if (!find_attempt(task, run->fence))
		blame(c, task, "S3: a job ran that was never granted", run->fence);
	if (before && before->task == run->task && before->fence == run->fence && before->what == run->what &&
	    run->what != 'O')
		blame(c, task, "X1: an attempt was started twice", run->fence);
	if (run->what == 'O')
		judge_overlap(c, task, run);
}

void judge_runs(struct chaos *c)
{
	json_t *fences = json_object(), *task;
	size_t i, r = 0;

	json_array_foreach (c->tasks, i, task) {
		uint64_t id = (uint64_t)number_of(task, "id");

		if (!is(task, "name", "load"))
			judge_task(c, task, fences);
		while (r < c->run_count && c->runs[r].task < id) {
			violation(c, "S3: a job ran for task %llu, which is not there",
				  (unsigned long long)c->runs[r].task);
			r++;
		}
		for (; r < c->run_count && c->runs[r].task == id; r++)
			judge_run(c, task, &c->runs[r], r > 0 ? &c->runs[r - 1] : NULL);
	}
	for (; r < c->run_count; r++)
		violation(c, "S3: a job ran for task %llu, which is not there", (unsigned long long)c->runs[r].task);
	c->figures.tasks += (unsigned)json_array_size(c->tasks);
	json_decref(fences);
}

/* ---- output ---- */

static char *expected_output(const json_t *task, const json_t *attempt)
{
	long bytes = argument(task, 4);
	char *text = calloc(1, (size_t)bytes + 128), *at = text;

	if (!text)
		fatal("no memory");
	while (bytes > 0) {
		int len = sprintf(at, "task %lld fence %lld left %ld\n", (long long)number_of(task, "id"),
				  (long long)number_of(attempt, "fence"), bytes);

		at += len;
		bytes -= len;
	}
	return text;
}

/* An end is reported after the output was taken; but what a lost attempt wrote is not taken any more. */
static void judge_log(struct chaos *c, struct call *call, const json_t *task, const json_t *attempt)
{
	int late = is_late(task) && number_of(attempt, "exit_code") == 0;
	char path[128], *wanted;

	snprintf(path, sizeof path, "/api/v2/tasks/%lld/log?attempt=%lld", (long long)number_of(task, "id"),
		 (long long)number_of(attempt, "attempt"));
	call_make(c, call, "GET", path, NULL);
	wanted = expected_output(task, attempt);
	if (call->outcome != OK || call->len > strlen(wanted) || (call->len < strlen(wanted) && !late) ||
	    memcmp(call->text ? call->text : "", wanted, call->len) != 0)
		blame(c, task, "its output is not what it wrote", (uint64_t)number_of(attempt, "fence"));
	free(wanted);
}

void judge_logs(struct chaos *c, struct call *call)
{
	json_t *task, *attempt;
	size_t i, j;

	json_array_foreach (c->tasks, i, task)
		if (!is(task, "name", "load"))
			json_array_foreach (json_object_get(task, "attempts"), j, attempt)
				if (is(attempt, "cause", "exit"))
					judge_log(c, call, task, attempt);
}
